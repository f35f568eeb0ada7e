"""Drift of numbers and dates against the 101 quantiles of training.

p: Kolmogorov-Smirnov at the quantiles, in the two-sample form. Values that repeat pin the training distribution down to one
percent only; the distance counts from the nearer end of that range, so whole numbers raise no false alarm.
Effect: Wasserstein distance over the robust standard deviation (IQR / 1.349), less its mean when nothing changed at this size.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import days_of
from automl_core.production.contract import ColumnContract
from automl_core.production.drift._test import Comparison, DriftTest, short

Floats = NDArray[np.float64]
GRID = 101
NULL_ROWS = 400


def compare(column: ColumnContract, values: pd.Series[Any], design: float = 1.0) -> Comparison:
    """`values` are numbers, or dates (compared in days since 1970)."""
    dates = column.kind == "date"
    now = np.sort(as_numbers(values))
    then = np.asarray(column.quantiles, dtype=np.float64)
    reference_rows = max(1, round(column.rows * (1 - column.missing_share)))
    scale = robust_scale(then)
    quantiles = np.quantile(now, np.linspace(0, 1, GRID))
    distance = float(np.mean(np.abs(quantiles[1:-1] - then[1:-1]))) / scale
    noise = _null_distance(tuple(np.round((then - then[50]) / scale, 6))) * np.sqrt(
        NULL_ROWS * (design / len(now) + 1 / reference_rows)
    )
    return Comparison(
        max(0.0, distance - float(noise)),
        _p(now, then, (len(now) / design, reference_rows), column.kind == "int"),
        _words(then, dates),
        _words(quantiles, dates),
    )


def as_numbers(values: pd.Series[Any]) -> Floats:
    """Finite numbers; dates as days since 1970."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return days_of(values.dropna())
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(numbers[np.isfinite(numbers)], dtype=np.float64)


def robust_scale(quantiles: Floats) -> float:
    """IQR / 1.349, or the width of the middle 98 %, or of all, or one: the first that is not zero."""
    for low, high, width in ((25, 75, 1.349), (1, 99, 4.653), (0, 100, 6.0)):
        spread = float(quantiles[high] - quantiles[low])
        if spread > 0:
            return spread / width
    return 1.0


def narrowness(quantiles: tuple[float, ...]) -> float:
    """The robust standard deviation of quantiles over the ordinary one where it is less than half of that, else 1: of answers of
    which most are nearly the same, the others say what is much."""
    if len(quantiles) != GRID:
        return 1.0
    then = np.asarray(quantiles, dtype=np.float64)
    scale, usual = robust_scale(then), float(np.std(then))
    return scale / usual if scale < usual / 2 else 1.0


@cache
def _null_distance(standard: tuple[float, ...]) -> float:
    """Mean distance of 400 rows drawn from the training quantiles themselves."""
    generator = np.random.default_rng(0)
    then, grid = np.asarray(standard), np.linspace(0, 1, GRID)
    drawn = np.interp(generator.random((40, NULL_ROWS)), grid, then)
    found = np.quantile(drawn, grid, axis=1)
    return float(np.mean(np.abs(found[1:-1] - then[1:-1, None])))


def _p(now: Floats, then: Floats, counts: tuple[float, float], whole: bool) -> float:
    """`counts` are how many rows of the batch and of training stand alone, or are worth as much."""
    from scipy import stats

    knots = np.unique(then)
    low = np.searchsorted(then, knots, side="right") - 1
    first = np.searchsorted(then, knots, side="left")
    slack = 1 if whole else (low > first).astype(int)  # a repeated value hides up to one percent of its mass
    at = np.searchsorted(now, knots, side="right") / len(now)
    below = np.searchsorted(now, knots, side="left") / len(now)
    over = np.maximum(at - (low + slack) / (GRID - 1), 0).max(initial=0.0)
    under = np.maximum(low / (GRID - 1) - at, 0).max(initial=0.0)
    before = np.maximum((first - slack) / (GRID - 1) - below, 0).max(initial=0.0)
    outside = max(float(np.mean(now < then[0])), float(np.mean(now > then[-1])))
    largest = max(float(over), float(under), float(before), outside)
    rows = max(1, round(counts[0] * counts[1] / (counts[0] + counts[1])))
    return float(stats.kstwo.sf(largest, rows)) if largest > 0 else 1.0


def _words(quantiles: Floats, dates: bool) -> str:
    middle, low, high = (float(quantiles[k]) for k in (50, 25, 75))
    if dates:
        return f"median {np.datetime64(int(middle), 'D')}"
    return f"median {short(middle)}, half between {short(low)} and {short(high)}"


TEST = DriftTest(
    "quantiles", "Numbers and dates: Kolmogorov-Smirnov and Wasserstein", ("int", "float", "date"), compare, package="scipy"
)
