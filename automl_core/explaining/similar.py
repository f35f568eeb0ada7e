"""Past rows like one row, and whether they show a value: a change to what no such row has is a guess of the model."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from automl_core.data.table import Row
from automl_core.explaining.single import is_missing
from automl_core.explaining.swap import as_numbers, is_date, is_number
from automl_core.search.model import Model

SIMILAR = 300
SEEN_SHARE = 0.01
SEEN_ROWS = 3


def nearest_rows(model: Model, row: Row, moving: Collection[str], background: pd.DataFrame) -> pd.DataFrame:
    """The 300 past rows most like this one in all but the columns that are `moving` (Gower's distance); all of them when there
    are fewer."""
    if len(background) <= SIMILAR:
        return background
    distance = np.zeros(len(background))
    for name in model.sources:
        if name in moving:
            continue
        series, value = background[name], row.get(name)
        if is_missing(value):
            distance += np.asarray(series.notna(), dtype=np.float64)
        elif is_date(series):
            distance += _apart(as_numbers(series), float(as_numbers(pd.Series([value], dtype=series.dtype))[0]))
        elif is_number(series) and isinstance(value, (int, float)):
            distance += _apart(as_numbers(series), value)
        else:
            distance += np.asarray(series.astype("str") != str(value), dtype=np.float64)
    return background.iloc[np.argsort(distance, kind="stable")[:SIMILAR]]


def _apart(values: np.ndarray, here: float) -> np.ndarray:
    """(n,) how far numbers lie from one, 1 at most: by the span of nine in ten of them."""
    spread = float(np.nanquantile(values, 0.95) - np.nanquantile(values, 0.05)) if np.isfinite(values).any() else 0.0
    return np.nan_to_num(np.minimum(np.abs(values - here) / (spread or 1.0), 1.0), nan=1.0)


def number_seen(values: np.ndarray, value: float) -> bool:
    """Whether the numbers of similar rows (n, NaN: none) have the value inside their middle 98 %."""
    known = values[np.isfinite(values)]
    return len(known) >= SEEN_ROWS and bool(np.quantile(known, 0.01) <= value <= np.quantile(known, 0.99))


def level_seen(seen: int, rows: int) -> bool:
    """Whether a level that `seen` of so many similar rows have is one they show: 1 % of them and three at least."""
    return seen >= max(SEEN_ROWS, SEEN_SHARE * rows)
