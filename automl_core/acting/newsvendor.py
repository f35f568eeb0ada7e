"""How much to provide when too much and too little cost differently: a quantile of what may come, not its mean.

The newsvendor's quantity (Arrow, Harris and Marschak 1951): the quantile under/(under + over) of the outcome. What lies around a
prediction is taken from out-of-fold errors of predictions of about the same size, and the saving is measured on rows that did not
set the quantile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.decisions import counted_by
from automl_core.acting.mappings import money_of
from automl_core.errors import BadInput
from automl_core.explaining.words import count, edge, interval, money, number, percent, rounded
from automl_core.framing.dependent import codes_of, sum_reach
from automl_core.framing.problem import Money

Floats = NDArray[np.float64]
ROWS_A_BIN = 100
MOST_BINS = 10
FOLDS = 5
FEWEST_ROWS = 40


@dataclass(frozen=True, slots=True)
class OrderRule:
    """For each bin of the prediction, what is added to it. `edges` (b - 1,) are the bins' inner limits, rising; `add` is (b,).
    Never less than `least` is provided: 0 where no outcome was negative."""

    edges: tuple[float, ...]
    add: tuple[float, ...]
    least: float = -math.inf

    def quantity(self, prediction: Floats) -> Floats:
        """(n,) quantities to provide for predictions (n,)."""
        bins = np.searchsorted(np.array(self.edges), prediction, side="right")
        quantity: Floats = np.maximum(np.asarray(prediction, dtype=np.float64) + np.array(self.add)[bins], self.least)
        return quantity

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The rule to be read off: which predictions, and what to provide for them."""
        ends = [edge(rounded(limit, 6)) for limit in self.edges]
        inner = [f"{low} to below {high}" for low, high in pairwise(ends)]
        names = [f"below {ends[0]}", *inner, f"{ends[-1]} or more"] if ends else ["any"]
        floor = f", at least {number(self.least)}" if math.isfinite(self.least) else ""
        return tuple((name, _beside(add) + (floor if add < 0 else "")) for name, add in zip(names, self.add, strict=True))


@dataclass(frozen=True, slots=True)
class Newsvendor:
    """The level (0 to 1) that costs ask for, the rule that reaches it, and the mean cost a row of providing the prediction itself
    and by the rule, with the 95 % range of the saving. `short_now` and `short_then` are the shares of rows that run short."""

    level: float
    rule: OrderRule
    cost_now: float
    cost_then: float
    saved: float
    saved_low: float
    saved_high: float
    short_now: float
    short_then: float
    rows: int
    sentence: str


def newsvendor(
    prediction: Floats, outcome: Floats, costs: Money | Mapping[str, Any], seed: int = 0,
    groups: NDArray[np.generic] | None = None, weights: Floats | None = None,
) -> Newsvendor:
    """The quantity to provide by out-of-fold `prediction` (n,) and `outcome` (n,); `costs.over` and `costs.under` are per unit (a
    dictionary of the two will do). Rows of one of `groups` (n,) count as dependent; `weights` (n,) say how many rows each stands
    for (None: one), and all figures are those of the rows that they stand for.

    BadInput with fewer than 40 rows, when lengths differ, or when one of the costs is not above zero.
    """
    costs = money_of(costs)
    if costs.over <= 0 or costs.under <= 0:
        raise BadInput("The cost of a unit too many or too few is not above zero.", "Give both costs.")
    p, y = np.asarray(prediction, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    mass = None if weights is None else np.asarray(weights, dtype=np.float64)
    if p.ndim != 1 or any(np.shape(each) != p.shape for each in (y, mass, groups) if each is not None):
        raise BadInput("Predictions and outcomes, or their weights or groups, do not belong together.", "Give one of each a row.")
    known = np.isfinite(p) & np.isfinite(y) & (True if mass is None else mass > 0)
    p, y, mass = p[known], y[known], None if mass is None else mass[known]
    if len(y) < FEWEST_ROWS:
        raise BadInput(f"Only {count(len(y), 'row has', 'rows have')} an outcome and a prediction.", f"{FEWEST_ROWS} are needed.")
    level = costs.under / (costs.under + costs.over)
    together = np.arange(len(y)) if groups is None else codes_of(np.asarray(groups)[known])
    folds = (np.random.default_rng(seed).permutation(int(together.max()) + 1) % FOLDS)[together]
    then = np.empty(len(y))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.all():
            raise BadInput("All rows are of one group.", "Group by another column, or by none.")
        others = None if mass is None else mass[~inside]
        then[inside] = _rule(p[~inside], y[~inside], level, others).quantity(p[inside])
    now_cost, then_cost = _cost(p, y, costs), _cost(then, y, costs)
    saved, counts = now_cost - then_cost, counted_by(np.ones(len(y)), mass)
    now, then_mean, mean, short_now, short_then = (
        float((counts * each).mean()) for each in (now_cost, then_cost, saved, y > p, y > then))
    reach = sum_reach(counts * (saved - mean), None if groups is None else together, counts) / len(y)
    made = Newsvendor(level, _rule(p, y, level, mass), now, then_mean, mean, mean - reach, mean + reach, short_now, short_then,
                      len(y), "")
    return replace(made, sentence=_sentence(made, costs))


def _rule(p: Floats, y: Floats, level: float, mass: Floats | None) -> OrderRule:
    alone = len(y) if mass is None else float(mass.sum() ** 2 / np.square(mass).sum())  # rows of one weight that tell as much
    bins = int(np.clip(alone // ROWS_A_BIN, 1, MOST_BINS))
    edges = np.unique(_quantiles(p, np.arange(1, bins) / bins, mass)) if bins > 1 else np.zeros(0)
    place = np.searchsorted(edges, p, side="right")
    errors, add = y - p, []
    for k in range(len(edges) + 1):
        inside = place == k if (place == k).any() else np.ones(len(p), dtype=np.bool_)
        add.append(float(_quantiles(errors[inside], level, None if mass is None else mass[inside])))
    return OrderRule(tuple(float(edge) for edge in edges), tuple(add), 0.0 if y.min() >= 0 else -math.inf)


def _quantiles(values: Floats, levels: Floats | float, mass: Floats | None) -> Floats:
    if mass is None:
        return np.asarray(np.quantile(values, levels))
    return np.asarray(np.quantile(values, levels, weights=mass, method="inverted_cdf"))


def _cost(quantity: Floats, y: Floats, costs: Money) -> Floats:
    gap = quantity - y
    made: Floats = np.where(gap > 0, costs.over * gap, -costs.under * gap)
    return made


def _sentence(made: Newsvendor, costs: Money) -> str:
    unit = costs.currency
    least, most = min(made.rule.add), max(made.rule.add)
    added = _beside(least) if least == most else f"from {_beside(least)} to {_beside(most)}, depending on the prediction"
    words = (
        f"One too few costs {money(costs.under, unit)} and one too many {money(costs.over, unit)}: provide what is enough in "
        f"{percent(made.level)} of cases, which is {added}. That costs {money(made.cost_then, unit)} a row "
        f"against {money(made.cost_now, unit)} for the prediction itself"
    )
    span = interval(money(made.saved_low, unit), money(made.saved_high, unit))
    if made.saved_low <= 0 <= made.saved_high:
        return f"{words}, no clear difference (95 % range of the saving {span})."
    if made.saved < 0:
        return f"{words}: it does not pay here (95 % range of the saving {span})."
    return f"{words}, saving {money(made.saved, unit)} (95 % range {span})."


def _beside(add: float) -> str:
    """“8,940 more than predicted”, “270 less than predicted”."""
    if add == 0:
        return "what is predicted"
    return f"{number(abs(rounded(add, 3)))} {'more' if add > 0 else 'less'} than predicted"
