"""By how much probabilities are off in a group, with an interval that is honest where hardly any outcome came true.

Of 100 rows that are told 1 %, none comes true in 37 of 100 tables. What was observed then varies no more than what was told,
which is hardly at all: the rows alone would make “1 point too high” sure. So each group's error is no smaller than that of
outcomes drawn from the probabilities themselves, with half a row of each kind added, for these may be too sure as well.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.fairness_counts import DRAWS, UNKNOWN, Rate, Spread, mean_rate, resampled_means, widest
from automl_core.framing.dependent import LEAST_WORTH, Codes, codes_of, design, effective, likeness, rows_of_group
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
MOST_APART = 2.0  # all of one group told and none came true, and the other way round


def off_rate(told: Floats, y: Floats, together: Codes | None) -> Rate:
    """How much more often a class came true, `y` (n,) 1 or 0, than was `told` (n,), with its 95 % interval; `together` (n,) are
    the rows that stand for each other. It ends where the share that came true would be none, or all."""
    codes = None if together is None else codes_of(together)
    rate = mean_rate(y - told, codes)
    if rate.rows < 2 or not math.isfinite(rate.low):
        return rate
    worth = _worth(told, y, codes)
    reach = Z * math.sqrt(_variance(_moved(told, worth)) / (rate.rows * worth))
    reach = max(reach, rate.high - rate.value)
    least, most = -float(told.mean()), 1 - float(told.mean())
    return Rate(rate.value, max(least, rate.value - reach), min(most, rate.value + reach), rate.rows)


def off_spread(groups: list[tuple[Floats, Floats, Codes | None]], generator: np.random.Generator) -> Spread:
    """The widest gap between groups, of which each is what was told (n,), what came true (n,) and the rows that go together."""
    if len(groups) < 2 or min(len(told) for told, _, _ in groups) < 2:
        return UNKNOWN
    means = np.array([float((y - told).mean()) for told, y, _ in groups])
    found = widest(means, np.column_stack([_errors(*group, generator) for group in groups]), None)
    return replace(found, high=min(MOST_APART, found.high))


def _errors(told: Floats, y: Floats, together: Codes | None, generator: np.random.Generator) -> Floats:
    """(draws,) errors of a group's mean: of its rows drawn again, or of outcomes drawn by chance, whichever spread more."""
    seen = resampled_means(y - told, generator) - float((y - told).mean())
    worth = _worth(told, y, None if together is None else codes_of(together))
    chances = _moved(told, worth)
    drawn = sum((_hits(part, generator) for part in (chances[chances <= 0.5], chances[chances > 0.5])), np.zeros(DRAWS))
    drawn = (drawn - float(chances.sum())) / len(told) * math.sqrt(len(told) / worth)
    return seen if seen.std() > drawn.std() else drawn


def _moved(told: Floats, worth: float) -> Floats:
    """The probabilities with half a row of each kind added to so many as these are worth."""
    return (worth * np.clip(told, 0, 1) + 0.5) / (worth + 1)


def _variance(chances: Floats) -> float:
    """The variance of how many of these come true."""
    return float((chances * (1 - chances)).sum())


def _hits(chances: Floats, generator: np.random.Generator) -> Floats:
    """(draws,) how many of these come true, by the binomial with their mean and variance (Ehm 1991)."""
    if not len(chances):
        return np.zeros(DRAWS)
    mean = float(chances.sum())
    rows = max(1, round(mean**2 / float((chances**2).sum())))
    return generator.binomial(rows, min(1.0, mean / rows), DRAWS).astype(np.float64)


def _worth(told: Floats, y: Floats, codes: Codes | None) -> float:
    """How many rows by themselves tell as much as these, of which some go together: by how alike their errors are, or as many as
    there are groups where too few of them hold the rarer outcome to tell."""
    if codes is None:
        return float(len(y))
    rare = y if float(y.mean()) <= 0.5 else 1 - y
    if not rare.any() or effective(rare, codes) < LEAST_WORTH:
        return effective(np.ones(len(y)), codes)
    return len(y) / design(likeness(y - told, codes), rows_of_group(codes))
