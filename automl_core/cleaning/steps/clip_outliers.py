"""Numbers far outside the rest are moved to the nearest bound."""
from __future__ import annotations

import math

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, need_numbers, replace_column
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.registry import Field

FENCE = 3.0


def fences(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float] | None:
    """Tukey's outer fences, three quartile ranges beyond the quartiles; None when the middle half is one value."""
    present = values[np.isfinite(values)]
    if len(present) < 20:
        return None
    low, high = np.quantile(present, [0.25, 0.75])
    if high <= low:
        return None
    return float(low - FENCE * (high - low)), float(high + FENCE * (high - low))


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`low` and `high`: given, or Tukey's outer fences kept within the data."""
    values = need_numbers(frame, column).to_numpy(dtype=float)
    found = fences(values)
    low, high = options.get("low"), options.get("high")
    if found is None and (low in (None, "") or high in (None, "")):
        raise BadInput(f"No bounds for “{column[:80]}” can be learned, because most of its values are the same.", "Name bounds.")
    bounds = found or (-math.inf, math.inf)
    chosen = [float(bounds[i] if given in (None, "") else str(given)) for i, given in enumerate((low, high))]
    if chosen[0] >= chosen[1]:
        raise BadInput(f"The lower bound for “{column[:80]}” is not below the upper one.", "Change the bounds.")
    return {"low": chosen[0], "high": chosen[1]}


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    if series.dtype.kind not in "iuf":
        return frame, 0
    values = series.to_numpy(dtype=float)
    outside = (values < options["low"]) | (values > options["high"])
    if not outside.any():
        return frame, 0
    return replace_column(frame, column, np.clip(values, options["low"], options["high"])), int(outside.sum())


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, (int, float)) and not math.isnan(value):
        row[column] = min(max(float(value), options["low"]), options["high"])


STEP = CleaningStep(
    "clip_outliers", "Clip outliers", learn, apply, apply_row,
    fields=(
        Field("low", "Lower bound", "number", None, help="Empty lets the data decide"),
        Field("high", "Upper bound", "number", None, help="Empty lets the data decide"),
    ),
    for_kinds=("int", "float"),
)
