"""Past rows like one row, and whether they show a value: a change to what no such row has is a guess of the model."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import day_of
from automl_core.data.table import Row
from automl_core.explaining.single import is_missing
from automl_core.explaining.swap import as_numbers, is_date, is_number
from automl_core.search.model import Model

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
SIMILAR = 300
SEEN_SHARE = 0.01
SEEN_ROWS = 3
MOST_APART = 0.05, 0.95  # numbers farther apart than these quantiles are as different as can be


@dataclass(frozen=True, eq=False)  # without slots: what not every column needs is made when it is needed
class _Column:
    """What tells how far the rows of a column are from one."""

    series: pd.Series

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """(n,) whether a row has a value."""
        return np.asarray(self.series.notna(), dtype=bool)

    @cached_property
    def numbers(self) -> Floats:
        """(n,) numbers, or days of dates."""
        return as_numbers(self.series)

    @cached_property
    def ordered(self) -> Floats:
        """The numbers that are known, in their order."""
        return np.sort(self.numbers[~np.isnan(self.numbers)])

    @cached_property
    def levels(self) -> tuple[Places, dict[str, int]]:
        """(n,) the place of each row's text among the texts, and these."""
        places, texts = pd.factorize(self.series.astype("str"))
        return np.asarray(places, dtype=np.int64), {str(text): place for place, text in enumerate(texts)}

    def apart(self, value: object, without: int) -> Floats:
        """(n,) how far rows are from a value: 0 for the same, 1 at most. One row does not count."""
        if is_missing(value):
            return self.known.astype(np.float64)
        if is_date(self.series) and isinstance(value, datetime):
            return self._apart(day_of(value), without)
        if is_number(self.series) and isinstance(value, (int, float)):
            return self._apart(float(value), without)
        places, levels = self.levels
        return np.asarray(places != levels.get(str(value), len(levels)), dtype=np.float64)

    def _apart(self, here: float, without: int) -> Floats:
        spread = self._spread(self.numbers[without] if without >= 0 else math.nan)
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(np.minimum(np.abs(self.numbers - here) / (spread or 1.0), 1.0), nan=1.0)

    def _spread(self, gone: float) -> float:
        """How far nine in ten of the numbers lie apart, with one of them left out (NaN: none)."""
        ordered = self.ordered if math.isnan(gone) else np.delete(self.ordered, np.searchsorted(self.ordered, gone))
        if not np.isfinite(ordered).any():
            return 0.0
        low, high = _quantiles(ordered)
        return high - low


def _quantiles(ordered: Floats) -> tuple[float, float]:
    """The quantiles `MOST_APART` of numbers in their order, as numpy has them, without sorting them again."""
    found = []
    for share in MOST_APART:
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        one, other = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
        part = place - below  # from the nearer end, so that no digit differs
        found.append(one + (other - one) * part if part < 0.5 else other - (other - one) * (1 - part))
    return found[0], found[1]


@dataclass(frozen=True, eq=False, slots=True)
class PastRows:
    """Typed, cleaned past rows that many rows are compared with: what their columns tell is worked out once."""

    frame: pd.DataFrame
    columns: dict[str, _Column] = field(default_factory=dict)

    def nearest(self, model: Model, row: Row, moving: Collection[str], without: int = -1) -> Places:
        """The places of the 300 rows most like one in all that the model uses but the columns that are `moving` (Gower's
        distance), nearest first; all of them, in their order, when there are fewer. The row `without` is left out."""
        if len(self.frame) - (without >= 0) <= SIMILAR:
            return np.asarray([place for place in range(len(self.frame)) if place != without], dtype=np.int64)
        distance = np.zeros(len(self.frame))
        for name in model.sources:
            if name not in moving:
                distance += self._column(name).apart(row.get(name), without)
        if without >= 0:
            distance[without] = math.inf
        return np.asarray(np.argsort(distance, kind="stable")[:SIMILAR], dtype=np.int64)

    def _column(self, name: str) -> _Column:
        if name not in self.columns:
            self.columns[name] = _Column(self.frame[name])
        return self.columns[name]


def nearest_rows(model: Model, row: Row, moving: Collection[str], background: pd.DataFrame) -> pd.DataFrame:
    """The 300 past rows most like this one in all but the columns that are `moving`; all of them when there are fewer."""
    return background.iloc[PastRows(background).nearest(model, row, moving)]


def number_seen(values: np.ndarray, value: float) -> bool:
    """Whether the numbers of similar rows (n, NaN: none) have the value inside their middle 98 %."""
    known = values[np.isfinite(values)]
    return len(known) >= SEEN_ROWS and bool(np.quantile(known, 0.01) <= value <= np.quantile(known, 0.99))


def level_seen(seen: int, rows: int) -> bool:
    """Whether a level that `seen` of so many similar rows have is one they show: 1 % of them and three at least."""
    return seen >= max(SEEN_ROWS, SEEN_SHARE * rows)
