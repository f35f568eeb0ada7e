"""How much each column matters, how sure its rank is, and how outcomes go with its value."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import days_of
from automl_core.explaining.contributions import Contributions
from automl_core.explaining.explanation import Importance, Shape, ShapePoint
from automl_core.explaining.swap import MOMENTS, as_dates
from automl_core.explaining.words import ranges_apart, span, told_by
from automl_core.framing.dependent import Codes, resampled

Floats = NDArray[np.float64]
DRAWS = 200
STABLE_RANGE = 3  # ranks: a column whose rank is as sure as that is called stable, however it was measured
MOST_DIRECTIONS = 300  # of the columns used most: of thousands all would take seconds
BINS = 12
LEVELS = 12
LEAST_ROWS = 5  # fewer rows are not shown one group at a time


def importances(made: Contributions, frame: pd.DataFrame, seed: int, together: Codes | None = None) -> tuple[Importance, ...]:
    """Mean |SHAP| of each column, the widest first; ranks from 200 bootstrap samples of the rows, or of those that go `together`
    (n,) (5-95 % range). The first 300 have a direction."""
    size = np.abs(made.phi)
    mean = size.mean(axis=0)
    total = float(mean.sum())
    drawn = resampled(len(size), together, DRAWS, np.random.default_rng(seed))
    ranks = np.asarray((-(drawn @ size)).argsort(axis=1).argsort(axis=1) + 1, dtype=np.float64)
    low, high = np.quantile(ranks, [0.05, 0.95], axis=0)
    out = []
    for number, place in enumerate(np.argsort(-mean, kind="stable")):
        first, last = math.floor(low[place]), math.ceil(high[place])
        out.append(
            Importance(
                made.names[place],
                float(mean[place]) / total if total > 0 else 0.0,
                float(mean[place]),
                first,
                last,
                last - first <= STABLE_RANGE,
                direction(frame[made.names[place]], made.phi[:, place]) if number < MOST_DIRECTIONS else "",
            )
        )
    return tuple(out)


def direction(series: pd.Series, phi: Floats) -> str:
    """“higher raises”, “higher lowers” or “mixed” for numbers that vary (Spearman, 0.5); empty for other columns."""
    if not pd.api.types.is_numeric_dtype(series.dtype):
        return ""
    values = series.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    if known.sum() < 10 or np.ptp(values[known]) == 0 or np.ptp(phi[known]) == 0:
        return ""
    related = float(pd.Series(values[known]).rank().corr(pd.Series(phi[known]).rank()))
    if abs(related) < 0.5:
        return "mixed"
    return "higher raises" if related > 0 else "higher lowers"


def shape(name: str, explained: pd.Series, table: pd.Series, observed: Floats) -> Shape:
    """How many of the rows that were `explained` are in each bin (numbers, dates) or level (12 most common) of the column, and
    the mean outcome there in the whole `table`, for what is said of a group can be counted. Groups of below 5 explained rows are
    left out. `observed` (n,), NaN when unknown, is aligned with `table`.
    """
    date = pd.api.types.is_datetime64_any_dtype(table.dtype)
    if date or pd.api.types.is_numeric_dtype(table.dtype):
        return Shape(name, "number", _bins(_amounts(explained), _amounts(table), observed, date))
    levels = [str(level) for level in table.astype("str")[table.notna()].value_counts().index[:LEVELS]]
    groups = [*levels, "others", "missing"]
    mine, all_rows = _level_places(explained, levels), _level_places(table, levels)
    return Shape(name, "category", tuple(
        replace(_point(label, int((mine == place).sum()), observed[all_rows == place]), level=place < len(levels))
        for place, label in enumerate(groups) if (mine == place).sum() >= LEAST_ROWS))


def _amounts(series: pd.Series) -> Floats:
    """Numbers as they are, dates as days."""
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64)
    return days_of(series)


def _level_places(series: pd.Series, levels: list[str]) -> NDArray[np.int64]:
    """Which of the levels each row has; one more for any other, two more for none."""
    found = series.astype("str").map({level: place for place, level in enumerate(levels)})
    places = found.fillna(len(levels)).to_numpy(dtype=np.int64)
    return np.where(series.isna(), len(levels) + 1, places)


def _bins(values: Floats, table: Floats, observed: Floats, date: bool) -> tuple[ShapePoint, ...]:
    known, points = np.isfinite(table), []
    if known.any():
        found = np.unique(table[known])
        edges = found if len(found) <= BINS else np.unique(np.quantile(table[known], np.linspace(0, 1, BINS + 1)[:-1]))
        mine, all_rows = _bin_places(values, edges), _bin_places(table, edges)
        shown = [place for place in range(len(edges)) if (mine == place).sum() >= LEAST_ROWS]
        parts = [table[all_rows == place] for place in shown]
        for place, label in zip(shown, _ranges([(float(part.min()), float(part.max())) for part in parts], date), strict=True):
            middle = float(np.median(values[mine == place]))
            points.append(replace(_point(label, int((mine == place).sum()), observed[all_rows == place], middle), level=True))
    if (~np.isfinite(values)).sum() >= LEAST_ROWS:
        points.append(replace(_point("missing", int((~np.isfinite(values)).sum()), observed[~known]), level=False))
    return tuple(points)


def _bin_places(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """The bin of each value; −1 where it is missing."""
    known = np.isfinite(values)
    return np.where(known, np.searchsorted(edges, np.where(known, values, edges[0]), side="right") - 1, -1)


def _ranges(ends: list[tuple[float, float]], date: bool) -> tuple[str, ...]:
    """What bins are called, so that no two are called alike; dates have minutes and seconds where days do not tell."""
    if not date or not ends:
        return ranges_apart(ends)
    first, last = (as_dates(np.array(side)) for side in zip(*ends, strict=True))
    return told_by(MOMENTS, lambda form: map(span, first.dt.strftime(form), last.dt.strftime(form)), len(set(ends)))


def _point(label: str, rows: int, seen: Floats, value: float = math.nan) -> ShapePoint:
    known = seen[np.isfinite(seen)]
    mean, spread = (float(known.mean()), float(known.std())) if len(known) else (math.nan, math.nan)
    return ShapePoint(label, rows, mean, value, spread)
