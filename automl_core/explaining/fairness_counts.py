"""Intervals of group figures: Wilson for shares, and a bootstrap for the widest gap between groups.

Rows that go together, such as those of one customer, say less than as many that stand alone: a share is given the rows that
they are worth by the spread of the groups' sums (Korn and Graubard 1998), a mean the error of those sums.

The widest gap is never below zero, so the usual bootstrap would call equal groups unequal. Here the interval is the widest gap
plus or minus the 95 % quantile of the largest error of any pair, which covers the true widest gap with 95 % or more (a
simultaneous band, Hall 1992), and holds 0 when the groups are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.dependent import Codes, codes_of, rows_worth, sum_reach
from automl_core.framing.shares import wilson

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
DRAWS = 2000
SMALL_ROWS = 100
LEAST_EACH = 20  # rows of a class that an error rate needs before it is compared with another group's
NORMAL_ROWS = 300
STILL = 0.9  # of a group's outcomes


@dataclass(frozen=True, slots=True)
class Rate:
    """A share (or a mean) with its 95 % interval and the rows it rests on; NaN without rows."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The widest gap between groups: largest minus smallest, and smallest over largest, each with a 95 % interval."""

    difference: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float

    @property
    def clear(self) -> bool:
        """Whether the gap is more than chance can make."""
        return self.low > 0


UNKNOWN = Spread(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)


def rate_of(hits: int, rows: int, worth: float = 0.0) -> Rate:
    """A share with its Wilson score interval (Wilson 1927); `worth` says how many rows it is worth where they go together."""
    if not rows:
        return Rate(math.nan, math.nan, math.nan, 0)
    low, high = wilson(hits / rows, worth or rows)
    return Rate(hits / rows, low, high, rows)


def share_rate(hits: Mask, together: Codes | None) -> Rate:
    """The share of rows (n,) that are hits, with an interval for whole groups of rows where some go together (n,)."""
    count, rows = int(hits.sum()), len(hits)
    if together is None or rows < 2:
        return rate_of(count, rows)
    return rate_of(count, rows, rows_worth(hits.astype(np.float64), codes_of(together)))


def mean_rate(values: Floats, together: Codes | None = None) -> Rate:
    """A mean with its t interval, no narrower than that of whole groups of rows where some go together (n,); an unbounded one
    from fewer than two values or groups."""
    rows = len(values)
    if not rows:
        return Rate(math.nan, math.nan, math.nan, rows)
    mean, reach = float(values.mean()), sum_reach(values, None if together is None else codes_of(together)) / rows
    return Rate(mean, mean - reach, mean + reach, rows) if math.isfinite(reach) else Rate(mean, math.nan, math.nan, rows)


def share_spread(hits: NDArray[np.int64], rows: NDArray[np.int64], generator: np.random.Generator) -> Spread:
    """The widest gap of shares (groups,): binomial draws are the bootstrap of 0/1 rows. Fewer than two groups: all NaN."""
    if len(rows) < 2 or (rows == 0).any():
        return UNKNOWN
    smooth = (hits + 0.5) / (rows + 1)  # a share of exactly 0 or 1 would never vary
    drawn = generator.binomial(rows, smooth, size=(DRAWS, len(rows)))
    found = widest(hits / rows, drawn / rows - smooth, np.log((drawn + 0.5) / (rows + 1)) - np.log(smooth))
    return replace(found, high=min(1.0, found.high))


def is_still(outcomes: Floats) -> bool:
    """Whether a group's outcomes are nearly all the same, so that they do not tell how much they vary."""
    return int(np.unique(outcomes, return_counts=True)[1].max(initial=0)) >= STILL * len(outcomes)


def mean_spread(
    groups: list[Floats], generator: np.random.Generator, ratio: bool = False, still: tuple[bool, ...] = ()
) -> Spread:
    """The widest gap of means, by resampling each group's rows. Where the outcomes of some groups stand `still` (see `is_still`),
    the interval is no narrower than if these varied as all rows do: what they did not happen to see is no certainty."""
    if len(groups) < 2 or min(len(values) for values in groups) < 2:
        return UNKNOWN
    means = np.array([float(values.mean()) for values in groups])
    drawn = np.column_stack([resampled_means(values, generator) for values in groups])
    logs = np.log(np.maximum(drawn, 1e-12)) - np.log(np.maximum(means, 1e-12)) if ratio else None
    if not any(still):
        return widest(means, drawn - means, logs)
    spread = float(np.concatenate(groups).std())
    spreads = [spread if quiet else float(values.std()) for values, quiet in zip(groups, still, strict=True)]
    alike = generator.standard_normal((DRAWS, len(groups))) * (np.array(spreads) / np.sqrt([len(values) for values in groups]))
    logs_alike = np.ptp(alike / np.maximum(np.abs(means), 1e-12), axis=1) if ratio else None
    return widened(widest(means, drawn - means, logs), np.ptp(alike, axis=1), logs_alike)


def resampled_means(values: Floats, generator: np.random.Generator) -> Floats:
    """Means of resampled rows; above 300 rows their normal limit, which a mean has reached by then."""
    rows = len(values)
    if rows > NORMAL_ROWS:
        return generator.normal(float(values.mean()), float(values.std()) / math.sqrt(rows), DRAWS)
    return np.asarray(values[generator.integers(0, rows, size=(DRAWS, rows))].mean(axis=1), dtype=np.float64)


def widest(estimates: Floats, errors: Floats, log_errors: Floats | None) -> Spread:
    """The widest gap of estimates (g,) given bootstrap errors (draws, g) of theirs and of their logarithms."""
    difference = float(np.ptp(estimates))
    reach = float(np.quantile(np.ptp(errors, axis=1), 0.95))
    low, high = max(0.0, difference - reach), difference + reach
    if log_errors is None:
        return Spread(difference, low, high, math.nan, math.nan, math.nan)
    largest = float(estimates.max())
    ratio = float(estimates.min()) / largest if largest > 0 else math.nan
    factor = math.exp(float(np.quantile(np.ptp(log_errors, axis=1), 0.95)))
    return Spread(difference, low, high, ratio, ratio / factor, min(1.0, ratio * factor))


def widened(spread: Spread, gaps: Floats, logs: Floats | None, most: float = math.inf) -> Spread:
    """The spread with an interval no narrower than that of these widest errors (draws,), and of those of logarithms; a gap is
    `most` at most."""
    reach = float(np.quantile(gaps, 0.95))
    low, high = max(0.0, spread.difference - reach), min(most, spread.difference + reach)
    spread = replace(spread, low=min(spread.low, low), high=max(spread.high, high))
    if logs is None or not math.isfinite(spread.ratio):
        return spread
    factor = math.exp(min(50.0, float(np.quantile(logs, 0.95))))
    return replace(spread, ratio_low=min(spread.ratio_low, spread.ratio / factor),
                   ratio_high=max(spread.ratio_high, min(1.0, spread.ratio * factor)))


Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


def odds_spread(found: Counts, alarms: Counts, generator: np.random.Generator) -> Spread:
    """The wider of two gaps (hits and rows by group: those of the class, those not) with an interval that covers both at once."""
    errors, logs, gaps, ratios = [], [], [], []
    for hits, rows in (found, alarms):
        smooth = (hits + 0.5) / (rows + 1)
        drawn = generator.binomial(rows, smooth, size=(DRAWS, len(rows)))
        errors.append(np.ptp(drawn / rows - smooth, axis=1))
        logs.append(np.ptp(np.log((drawn + 0.5) / (rows + 1)) - np.log(smooth), axis=1))
        shares = hits / rows
        gaps.append(float(np.ptp(shares)))
        ratios.append(float(shares.min() / shares.max()) if shares.max() > 0 else math.nan)
    reach = float(np.quantile(np.max(errors, axis=0), 0.95))
    factor = math.exp(float(np.quantile(np.max(logs, axis=0), 0.95)))
    known = [ratio for ratio in ratios if math.isfinite(ratio)]
    ratio = min(known) if known else math.nan
    high = min(1.0, max(gaps) + reach)
    return Spread(max(gaps), max(0.0, max(gaps) - reach), high, ratio, ratio / factor, min(1.0, ratio * factor))
