"""What a yes/no decision is worth at every threshold, with a band, and how a ranking concentrates what is looked for.

Thresholds are chosen on out-of-fold probabilities. The band is a bootstrap of rows: profit depends on a row only through its
place among the thresholds and its outcome, so drawing cell counts is drawing rows. Rows that go together, such as those of one
customer, are drawn together. Because the best threshold is picked on the rows that measure it, its worth is measured again on
rows that did not pick it (cross-selection). Where rows have weights, a row stands for as many as its weight says, and all figures
are those of the rows that they stand for. Where rows differ in what a good outcome is worth, they are ranked by the money at
stake, which is probability times worth, and thresholds are amounts of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.acting.mappings import money_of
from automl_core.acting.profit_draws import Ranked, drawn_profits
from automl_core.acting.spelling import respelled
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.dependent import codes_of, rows_worth, sum_reach
from automl_core.framing.problem import Money
from automl_core.framing.shares import wilson
from automl_core.framing.suggestion import is_yes

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
GRID = 200
ROUNDED = 1e-6  # sums of probabilities may miss 0 and 1 by as little
FOLDS = 10


@dataclass(frozen=True, slots=True)
class ProfitPoint:
    """Acting on all rows with a probability of `threshold` or more: how many (or how many these stand for), and their money with
    its 95 % band."""

    threshold: float
    rows: int
    profit: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ProfitCurve:
    """Money by threshold, over all rows at hand, or over those that they stand for.

    `best` has the highest profit of all thresholds there are; `robust` the highest lower band. `analytic` is the threshold that
    the matrix gives for probabilities that hold (NaN when acting never or always pays); `at_analytic` its profit here.
    `honest` is the profit of the best threshold when other rows pick it, with its range. `nobody` and `everyone` are the profits
    of acting on none and on all. `in_money` says that thresholds are amounts at stake (probability times the row's own worth) and
    no probabilities.
    """

    points: tuple[ProfitPoint, ...]
    best: ProfitPoint
    robust: ProfitPoint
    analytic: float
    at_analytic: float
    honest: float
    honest_low: float
    honest_high: float
    nobody: float
    everyone: float
    rows: int
    in_money: bool = False


@dataclass(frozen=True, slots=True)
class LiftPart:
    """The rows from the top of the ranking to `share` of all: rate of positives with its 95 % interval, how many times the mean
    rate (lift), and the share of all positives among them (gain). All but `rows`, which are those at hand, go by weights."""

    share: float
    rows: int
    rate: float
    low: float
    high: float
    lift: float
    gain: float


class Cuts(NamedTuple):
    """Every threshold that makes a difference, from none acted on to all, with the rows acted on and their profit."""

    thresholds: Floats
    rows: NDArray[np.int64]
    profits: Floats


def matrix_of(goal: Goal) -> Money:
    """The cost-benefit matrix that a goal implies: acting on a row that would end badly turns it good with `save_rate`."""
    saved = goal.save_rate * goal.value - goal.row_cost
    return Money(true_positive=saved, false_positive=-goal.row_cost, currency=goal.currency)


def analytic_threshold(money: Money) -> float:
    """The probability from which acting pays (Elkan 2001); NaN when it never or always does."""
    wrong = money.true_negative - money.false_positive
    right = money.true_positive - money.false_negative
    return wrong / (wrong + right) if wrong > 0 and right > 0 else math.nan


def profit_curve(
    probability: Floats, positive: NDArray[np.generic], money: Money | Mapping[str, Any], seed: int = 0,
    together: Codes | None = None, weights: Floats | None = None,
) -> ProfitCurve:
    """The curve for out-of-fold `probability` (n,) of the positive class and outcomes `positive` (n,) of 0 and 1, or of words for
    no and yes; `together` (n,) are codes of rows that go together (None: each stands alone), `weights` (n,) say how many rows
    each stands for. `money` may be a dictionary of its fields.

    BadInput when there are no rows, lengths differ, a probability is not from 0 to 1, an outcome is neither yes nor no, or no
    amount of yes/no decisions is given.
    """
    ranked, money = _checked(probability, _yes_or_no(positive), together, weights), money_of(money)
    if not money.of_decisions:
        raise BadInput("The money says nothing of yes/no decisions.", "Give an amount, such as Money(true_positive=80.0).")
    if ranked.probability.min() < -ROUNDED or ranked.probability.max() > 1 + ROUNDED:
        raise BadInput("A probability is below 0 or above 1.", "Give those that a model predicts for the positive class.")
    return curve_of(ranked, money, seed)


def _yes_or_no(positive: NDArray[np.generic]) -> Floats:
    """Outcomes as 0 and 1, NaN where there is none; BadInput naming one that is neither yes nor no."""
    import pandas as pd

    given = np.asarray(positive)
    codes, levels = pd.factorize(given.ravel())
    meant = [is_yes(respelled(to_text(level) or "")) for level in levels]
    if None in meant:
        raise BadInput(f"The outcome {quote(levels[meant.index(None)])} is neither yes nor no.",
                       "Give 1 for the outcome that the probabilities are of, and 0 for the other.")
    found: Floats = np.array([*meant, math.nan], dtype=np.float64)[codes]
    return found.reshape(given.shape)


def curve_by_worth(
    probability: Floats, positive: NDArray[np.generic], values: Floats, goal: Goal, seed: int = 0,
    where: tuple[Codes | None, Floats | None] = (None, None),
) -> ProfitCurve:
    """The curve where a good outcome of each row has a worth of its own, `values` (n,), in order of probability times worth;
    `where` are `together` and `weights` (see `profit_curve`)."""
    ranked = _checked(probability, positive, *where)
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(probability) & np.isfinite(np.asarray(positive, dtype=np.float64))
    known &= True if where[1] is None else np.asarray(where[1]) > 0
    ranked = replace(ranked, probability=ranked.probability * values[known], worth=goal.save_rate * values[known])
    pays = goal.row_cost / goal.save_rate if goal.save_rate > 0 and goal.row_cost > 0 else math.nan
    made = curve_of(ranked, matrix_of(goal), seed)
    at_pays = _profit_at(ranked, matrix_of(goal), pays) if math.isfinite(pays) else math.nan
    return replace(made, in_money=True, analytic=pays, at_analytic=at_pays)


def curve_of(ranked: Ranked, money: Money, seed: int) -> ProfitCurve:
    """The curve of checked rows."""
    cuts = _all_cuts(ranked, money)
    place, several = int(np.argmax(cuts.profits)), len(cuts.thresholds)
    picked = np.unique(np.append(np.linspace(0, several - 1, min(GRID, several)).round().astype(int), place))
    draws = drawn_profits(ranked, cuts.thresholds[picked], money, np.random.default_rng(seed))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    points = tuple(
        ProfitPoint(float(cuts.thresholds[at]), int(cuts.rows[at]), float(cuts.profits[at]), float(low[k]), float(high[k]))
        for k, at in enumerate(picked)
    )
    best = points[int(np.flatnonzero(picked == place)[0])]
    robust = max(points, key=lambda point: (point.low, point.profit))
    analytic = analytic_threshold(money)
    at_analytic = _profit_at(ranked, money, analytic) if math.isfinite(analytic) else math.nan
    honest, reach = _cross_selected(ranked, money, seed)
    everyone, nobody = (_profit_at(ranked, money, threshold) for threshold in (-math.inf, math.inf))
    return ProfitCurve(
        points, best, robust, analytic, at_analytic, honest, honest - reach, honest + reach, nobody, everyone, int(cuts.rows[-1])
    )


def gains(
    probability: Floats, positive: NDArray[np.generic], parts: int = 10, together: Codes | None = None,
    weights: Floats | None = None,
) -> tuple[LiftPart, ...]:
    """Lift and gains from the top of the ranking, in tenths of the rows, or of their weight (fewer when there are fewer rows).
    Arguments as those of `profit_curve`, but that any score will do. BadInput when there are no rows, lengths differ or an
    outcome is neither yes nor no."""
    ranked = _checked(probability, _yes_or_no(positive), together, weights)
    rows = len(ranked.y)
    parts = max(1, min(parts, rows))
    if weights is None:
        sizes = [max(1, round(rows * k / parts)) for k in range(1, parts + 1)]
    else:
        reached = np.cumsum(ranked.mass[ranked.order])
        tenths = reached[-1] * np.arange(1, parts + 1) / parts * (1 - 1e-12)
        sizes = list(dict.fromkeys(int(place) + 1 for place in np.searchsorted(reached, tenths)))
    return _parts(ranked, sizes)


def _parts(ranked: Ranked, sizes: list[int]) -> tuple[LiftPart, ...]:
    """What the first rows of the ranking hold, for each of these numbers of rows."""
    ranked = ranked.only(ranked.order)
    found, reached = np.cumsum(ranked.mass * ranked.y), np.cumsum(ranked.mass)
    total, everyone = float(found[-1]), float(reached[-1])
    made = []
    for size in sizes:
        first, hits, rows = ranked.only(np.arange(size)), float(found[size - 1]), float(reached[size - 1])
        rate, alone = hits / rows, rows_worth(first.y, first.together, first.mass)
        low, high = wilson(rate, alone)
        lift, gain = (rate / (total / everyone), hits / total) if total else (math.nan, math.nan)
        made.append(LiftPart(rows / everyone, size, rate, low, high, lift, gain))
    return tuple(made)


def _checked(
    probability: Floats, positive: NDArray[np.generic], together: Codes | None, weights: Floats | None
) -> Ranked:
    """The rows that have an answer and count, each for one where there are no weights."""
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(positive, dtype=np.float64)
    mass = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    if p.ndim != 1 or not p.shape == y.shape == mass.shape:
        raise BadInput("Probabilities and outcomes do not belong together.", "Give one of each a row.")
    known = np.isfinite(p) & np.isfinite(y) & (mass > 0)
    if not known.any():
        raise BadInput("No row has both a probability and an outcome.", "Search for a model first.")
    codes = None if together is None else np.unique(_codes(together, known), return_inverse=True)[1]
    return Ranked(p[known], y[known], mass[known], codes)


def _codes(together: Codes, known: NDArray[np.bool_]) -> Codes:
    """Who goes together among the `known` rows (n,), however that is written; a row without it stands alone."""
    given = np.asarray(together)
    if given.shape != known.shape:
        raise BadInput("Outcomes and the groups of their rows do not belong together.", "Give one of each a row.")
    return given[known] if given.dtype.kind in "iu" else codes_of(given[known])


def _all_cuts(ranked: Ranked, money: Money) -> Cuts:
    ranked = ranked.only(ranked.order)
    acted, left = ranked.money(money)
    profit = left.sum() + np.concatenate([[0.0], np.cumsum(acted - left)])
    p = ranked.probability
    ends = np.append(np.flatnonzero(p[1:] < p[:-1]), len(p) - 1) + 1
    places = np.concatenate([[0], ends]).astype(np.int64)
    rows = np.concatenate([[0.0], np.cumsum(ranked.mass)])[places].round().astype(np.int64)
    above = float(np.nextafter(p[0], math.inf))
    return Cuts(np.concatenate([[above], p[ends - 1]]), rows, profit[places])


def _profit_at(ranked: Ranked, money: Money, threshold: float) -> float:
    acted, left = ranked.money(money)
    return float(np.where(ranked.probability >= threshold, acted, left).sum())


def _cross_selected(ranked: Ranked, money: Money, seed: int) -> tuple[float, float]:
    """Money of all rows when each tenth acts by the threshold that is best on the others, and the reach of its 95 % range."""
    groups = np.arange(len(ranked.y)) if ranked.together is None else ranked.together
    count = int(groups.max()) + 1
    folds = (np.random.default_rng(seed).permutation(count) % min(FOLDS, count))[groups]
    kept = np.zeros(len(ranked.y))
    acted, left = ranked.money(money)
    for fold in np.unique(folds):
        inside = folds == fold
        threshold = math.inf
        if not inside.all():
            cuts = _all_cuts(ranked.only(~inside), money)
            threshold = float(cuts.thresholds[int(np.argmax(cuts.profits))])
        kept[inside] = np.where(ranked.probability[inside] >= threshold, acted[inside], left[inside])
    value = float(kept.sum())  # of as many as there are, which is known: only what each brings varies
    return value, sum_reach(kept - ranked.mass * (value / ranked.mass.sum()), ranked.together, ranked.mass)
