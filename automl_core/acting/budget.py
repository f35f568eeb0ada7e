"""Which rows to act on for a budget and a capacity, by expected value and not by probability.

With one cost for all rows the best ones are the best set (exact). With different costs it is a knapsack: exact by dynamic
programming when the table of amounts is small (Kellerer, Pferschy and Pisinger 2004, chapter 2), else by worth per money with the
bound of the relaxed problem beside it (Dantzig 1957), so that what is lost at most is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import BadInput

Floats = NDArray[np.float64]
MOST_CELLS = 30_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Chosen:
    """The rows to act on, best first: positions (m,), their net worth and cost together, the most that any choice could bring,
    and whether this choice is proven to be the best one."""

    rows: NDArray[np.int64]
    value: float
    cost: float
    bound: float
    exact: bool


def expected_values(risk: Floats, values: Floats | float, save_rate: float, costs: Floats | float) -> Floats:
    """(n,) expected money of acting on each row: risk x value x save rate less cost. `values` and `costs` may differ by row."""
    made: Floats = np.asarray(risk, dtype=np.float64) * np.asarray(values) * save_rate - np.asarray(costs)
    return made


def rows_paid_for(budget: float, cost: float) -> int:
    """How many rows a budget pays for at one cost above zero: 110 at 1.1 each are 100, though 110 // 1.1 is 99."""
    return int(budget / cost + 1e-9)


def choose(net: Floats, costs: Floats, budget: float = 0.0, capacity: int = 0) -> Chosen:
    """The rows with the highest net worth (n,) together whose costs (n,) fit the budget and number the capacity (0: no limit).

    Rows that are not worth their cost are never chosen. BadInput when a cost is negative.
    """
    net, costs = np.nan_to_num(np.asarray(net, dtype=np.float64)), np.asarray(costs, dtype=np.float64)
    if len(net) != len(costs):
        raise BadInput("Worth and cost do not belong together.", "Give one of each a row.")
    if len(costs) and (not np.isfinite(costs).all() or costs.min() < 0):
        raise BadInput("A cost is below zero or unknown.", "Give each row a cost of zero or more.")
    useful = np.flatnonzero(net > 0)
    useful = useful[np.argsort(-net[useful], kind="stable")]
    limit = min(capacity or len(useful), len(useful))
    fits = useful[costs[useful] <= budget] if budget > 0 else useful
    if budget <= 0 or costs[useful[:limit]].sum() <= budget:
        return _made(net, costs, useful[:limit], exact=True)
    if np.ptp(costs[fits]) == 0 if len(fits) else True:
        affordable = rows_paid_for(budget, float(costs[fits[0]])) if len(fits) and costs[fits[0]] > 0 else len(fits)
        return _made(net, costs, fits[: min(limit, affordable)], exact=True)
    exact = _by_amounts(net, costs, fits, budget, limit)
    if exact is not None:
        return _made(net, costs, exact, exact=True)
    return _greedy(net, costs, fits, budget, limit)


def _made(net: Floats, costs: Floats, rows: NDArray[np.int64], exact: bool, bound: float = math.nan) -> Chosen:
    rows = rows[np.argsort(-net[rows], kind="stable")]
    value = float(net[rows].sum())
    return Chosen(rows, value, float(costs[rows].sum()), value if exact else max(value, bound), exact)


def _by_amounts(net: Floats, costs: Floats, fits: NDArray[np.int64], budget: float, limit: int) -> NDArray[np.int64] | None:
    """The best set by dynamic programming over whole amounts of money; None when the table would be too large, or a capacity
    binds besides the budget."""
    unit = _unit(costs[fits])
    if unit is None:
        return None
    amounts = np.round(costs[fits] / unit).astype(np.int64)
    room = min(math.floor(budget / unit + 1e-9), int(amounts.sum()))
    if len(fits) * (room + 1) > MOST_CELLS:
        return None
    best = np.zeros(room + 1)
    taken = np.zeros((len(fits), room + 1), dtype=bool)
    for item, row in enumerate(fits):
        amount = int(amounts[item])
        if amount > room:
            continue
        with_it = best[: room + 1 - amount] + net[row]
        better = with_it > best[amount:]
        taken[item, amount:] = better
        best[amount:] = np.where(better, with_it, best[amount:])
    left, chosen = room, []
    for item in range(len(fits) - 1, -1, -1):
        if taken[item, left]:
            chosen.append(fits[item])
            left -= int(amounts[item])
    return np.array(chosen, dtype=np.int64) if len(chosen) <= limit else None


def _unit(costs: Floats) -> float | None:
    """The coarsest of 100, 10, 1, 0.1 and 0.01 that all costs are multiples of; None when none is."""
    for unit in (100.0, 10.0, 1.0, 0.1, 0.01):
        if np.allclose(costs / unit, np.round(costs / unit), atol=1e-6):
            return unit
    return None


def _greedy(net: Floats, costs: Floats, fits: NDArray[np.int64], budget: float, limit: int) -> Chosen:
    """By worth per money; and the best few by worth alone when that brings more, so that half of the bound is always reached."""
    ratio = net[fits] / np.maximum(costs[fits], 1e-12)
    candidates = [_filled(costs, fits[np.argsort(-ratio, kind="stable")], budget, limit), _filled(costs, fits, budget, limit)]
    best = max(candidates, key=lambda rows: float(net[rows].sum()))
    order = fits[np.argsort(-ratio, kind="stable")]
    spent = np.cumsum(costs[order])
    whole = int(np.searchsorted(spent, budget, side="right"))
    bound = float(net[order[:whole]].sum())
    if whole < len(order):
        before = float(spent[whole - 1]) if whole else 0.0
        bound += float(net[order[whole]]) * (budget - before) / float(costs[order[whole]])
    bound = min(bound, float(np.sort(net[fits])[::-1][:limit].sum()))
    return _made(net, costs, best, exact=False, bound=bound)


def _filled(costs: Floats, order: NDArray[np.int64], budget: float, limit: int) -> NDArray[np.int64]:
    left, chosen = budget, []
    for row in order.tolist():
        if costs[row] <= left + 1e-9:
            chosen.append(row)
            left -= float(costs[row])
            if len(chosen) == limit:
                break
    return np.array(chosen, dtype=np.int64)
