"""How much each column matters, how sure its rank is, and how its part goes with its value."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.contributions import Contributions
from automl_core.explaining.explanation import Importance, Shape, ShapePoint
from automl_core.explaining.words import axis_value
from automl_core.framing.dependent import Codes, resampled

Floats = NDArray[np.float64]
DRAWS = 200
STABLE_RANGE = 3
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


def shape(name: str, series: pd.Series, phi: Floats, observed: Floats) -> Shape:
    """The column's mean part and the mean outcome by bin (numbers, dates) or level (12 most common); groups below 5 rows are
    left out."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        days = series.astype("datetime64[us]").astype("int64").to_numpy() / 86_400_000_000
        values = np.where(series.isna(), math.nan, days)
        return Shape(name, "number", _bins(values, phi, observed, date=True))
    if pd.api.types.is_numeric_dtype(series.dtype):
        return Shape(name, "number", _bins(series.to_numpy(dtype=np.float64), phi, observed))
    texts = series.astype("str")
    common = [str(level) for level in texts[series.notna()].value_counts().index[:LEVELS]]
    groups = [(level, np.asarray(texts == level, dtype=bool)) for level in common]
    rest = ~np.any([mask for _, mask in groups], axis=0) & np.asarray(series.notna()) if groups else np.zeros(len(series), bool)
    groups += [("others", rest), ("missing", np.asarray(series.isna(), dtype=bool))]
    return Shape(
        name, "category", tuple(_point(label, mask, phi, observed) for label, mask in groups if mask.sum() >= LEAST_ROWS)
    )


def _bins(values: Floats, phi: Floats, observed: Floats, date: bool = False) -> tuple[ShapePoint, ...]:
    known = np.isfinite(values)
    points = []
    if known.any():
        found = np.unique(values[known])
        edges = found if len(found) <= BINS else np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[:-1]))
        place = np.where(known, np.searchsorted(edges, np.where(known, values, 0.0), side="right") - 1, -1)
        for bin_number in range(len(edges)):
            mask = place == bin_number
            if mask.sum() >= LEAST_ROWS:
                points.append(
                    _point(
                        _range(float(values[mask].min()), float(values[mask].max()), date),
                        mask,
                        phi,
                        observed,
                        float(np.median(values[mask])),
                    )
                )
    if (~known).sum() >= LEAST_ROWS:
        points.append(_point("missing", ~known, phi, observed))
    return tuple(points)


def _range(low: float, high: float, date: bool) -> str:
    first, last = (_day(low), _day(high)) if date else (axis_value(low), axis_value(high))
    return first if first == last else f"{first} to {last}"


def _day(days: float) -> str:
    return str(np.datetime64(int(days), "D"))


def _point(label: str, mask: NDArray[np.bool_], phi: Floats, observed: Floats, value: float = math.nan) -> ShapePoint:
    seen = observed[mask]
    known = seen[np.isfinite(seen)]
    return ShapePoint(label, int(mask.sum()), float(phi[mask].mean()), float(known.mean()) if len(known) else math.nan, value)
