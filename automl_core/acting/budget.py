"""Which rows to act on for a budget and a capacity, by expected value and not by probability; where a row has several options, of
different cost, which of them.

With one cost for all the best ones are the best set (exact). Else it is a multiple-choice knapsack (Kellerer, Pferschy and
Pisinger 2004, chapter 11). Money and rows are given prices (Everett 1963): at the right ones what pays is nearly the best plan.
It loses at most the worth of one row, and the prices themselves say what no plan can exceed. What is not proven best by them is
solved by dynamic programming over amounts when the table of those is small (chapter 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import BadInput

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
MOST_CELLS = 30_000_000
NARROW = 1e-9  # how far apart the two prices of money may be in the end, as a share of them
MOST_SWAPS = 50
SAME = 1e-9  # sums of money that differ by this share are the same


@dataclass(frozen=True, eq=False, slots=True)
class Chosen:
    """The rows to act on, best first: positions (m,), their net worth and cost together, the most that any choice could bring,
    and whether this choice is proven to be the best one. `options` (m,) say which option each row takes (0: the only one)."""

    rows: Places
    value: float
    cost: float
    bound: float
    exact: bool
    options: Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """Worth and cost (n, k) of each row's options; worth is minus infinity where there is none that pays and can be afforded.
    `limit` is the most rows."""

    net: Floats
    costs: Floats
    budget: float
    limit: int

    def worth(self, pick: Places) -> float:
        """The worth of a choice (n,): each row's option, -1 for none."""
        rows = np.flatnonzero(pick >= 0)
        return float(self.net[rows, pick[rows]].sum())

    def spent(self, pick: Places) -> float:
        """What it costs."""
        rows = np.flatnonzero(pick >= 0)
        return float(self.costs[rows, pick[rows]].sum())

    @property
    def pays_for(self) -> float:
        """The budget, and what sums of money may be off by."""
        return self.budget * (1 + SAME) if self.budget > 0 else math.inf


def expected_values(risk: Floats, values: Floats | float, save_rate: float, costs: Floats | float) -> Floats:
    """(n,) expected money of acting on each row: risk x value x save rate less cost. `values` and `costs` may differ by row.
    BadInput when they are of other rows."""
    rows = np.shape(risk)
    if any(np.shape(one) not in ((), rows) for one in (values, costs)):
        raise BadInput("Risks, values and costs do not belong together.", "Give one for all rows, or one of each a row.")
    made: Floats = np.asarray(risk, dtype=np.float64) * np.asarray(values) * save_rate - np.asarray(costs)
    return made


def rows_paid_for(budget: float, cost: float) -> int:
    """How many rows a budget pays for at one cost above zero: 110 at 1.1 each are 100, though 110 // 1.1 is 99."""
    return int(budget / cost + 1e-9)


def choose(net: Floats, costs: Floats, budget: float = 0.0, capacity: int = 0) -> Chosen:
    """The rows with the highest net worth together whose costs fit the budget and number the capacity (0: no limit).

    `net` and `costs` are (n,), or (n, k) for k options a row, of which it gets one at most; a worth of NaN is no option. What is
    not worth its cost is never chosen. BadInput when a cost is negative.
    """
    net, costs = np.nan_to_num(np.asarray(net, dtype=np.float64)), np.asarray(costs, dtype=np.float64)
    if net.shape != costs.shape:
        raise BadInput("Worth and cost do not belong together.", "Give one of each a row.")
    if costs.size and (not np.isfinite(costs).all() or costs.min() < 0):
        raise BadInput("A cost is below zero or unknown.", "Give each row a cost of zero or more.")
    if not costs.size:
        return Chosen(np.empty(0, dtype=np.int64), 0.0, 0.0, 0.0, True)
    net, costs = (one[:, None] if one.ndim == 1 else one for one in (net, costs))
    useful = (net > 0) & (costs <= budget if budget > 0 else True)
    limit = min(capacity or len(net), int(useful.any(axis=1).sum()))
    task = _Task(np.where(useful, net, -math.inf), costs, max(budget, 0.0), limit)
    free = _priced(task, 0.0)
    if task.spent(free) <= task.pays_for:
        return _made(task, free, task.worth(free))
    paid = costs[useful]
    if np.ptp(paid) == 0:
        few = _priced(_Task(task.net, costs, budget, min(limit, rows_paid_for(budget, float(paid[0])))), 0.0)
        return _made(task, few, task.worth(few))
    pick, bound = _by_prices(task)
    if task.worth(pick) < bound * (1 - SAME):
        best = _by_amounts(task)
        if best is not None:
            return _made(task, best, task.worth(best))
    return _made(task, pick, bound)


def choose_in_turn(
    net: Floats, costs: Floats, first: NDArray[np.bool_], budget: float = 0.0, capacity: int = 0
) -> Chosen:
    """What `choose` takes of the rows that come `first` (n,), as if there were no others, and then of the others, with the money
    and the number of rows that are left. `exact` says that both are proven the best; else `bound` is what no choice in any order
    could exceed."""
    net, costs = np.asarray(net, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    if not first.any() or first.all():
        return choose(net, costs, budget, capacity)
    mask = first.reshape(-1, *[1] * (net.ndim - 1))
    ahead = choose(np.where(mask, net, math.nan), costs, budget, capacity)
    if capacity and len(ahead.rows) == capacity:
        after = Chosen(np.empty(0, dtype=np.int64), 0.0, 0.0, 0.0, True)
    else:
        left = max(budget * (1 + SAME) - ahead.cost, budget * SAME)  # never 0, which would be no limit
        after = choose(np.where(mask, math.nan, net), costs, left, capacity and capacity - len(ahead.rows))
    value, exact = ahead.value + after.value, ahead.exact and after.exact
    bound = value if exact else max(value, choose(net, costs, budget, capacity).bound)
    rows, options = (np.concatenate(both) for both in ((ahead.rows, after.rows), (ahead.options, after.options)))
    return Chosen(rows, value, ahead.cost + after.cost, bound, exact, options)


def _made(task: _Task, pick: Places, bound: float) -> Chosen:
    rows = np.flatnonzero(pick >= 0)
    rows = rows[np.argsort(-task.net[rows, pick[rows]], kind="stable")]
    value = task.worth(pick)
    exact = value >= bound * (1 - SAME)
    return Chosen(rows, value, task.spent(pick), value if exact else bound, exact, pick[rows])


def _priced(task: _Task, price: float) -> Places:
    """(n,) what pays when each unit of money costs `price` of worth, of at most `limit` rows the best; -1 for none."""
    left = task.net - price * task.costs
    pick = np.asarray(left.argmax(axis=1), dtype=np.int64)
    best = left[np.arange(len(left)), pick]
    chosen = np.flatnonzero(best > 0)
    if len(chosen) > task.limit:
        chosen = chosen[np.argsort(-best[chosen], kind="stable")[: task.limit]]
    out = np.full(len(left), -1, dtype=np.int64)
    out[chosen] = pick[chosen]
    return out


def _by_prices(task: _Task) -> tuple[Places, float]:
    """A choice within the limits, and what no choice can exceed (of one unit of price: all that pays at it, and the budget).

    At the right price there are two choices of equal merit, one within the budget and one beyond it. The first is changed into
    the second row by row; the change that no longer fits is all that is lost, and it is worth no more than one row.
    """
    paid = np.isfinite(task.net) & (task.costs > 0)
    low, high = 0.0, 1.001 * float((task.net[paid] / task.costs[paid]).max())
    beyond, within = _priced(task, low), _priced(task, high)
    bound = min(_most(task, beyond, low), _most(task, within, high))
    while high - low > NARROW * high:
        price = (low + high) / 2
        if not low < price < high:
            break
        pick = _priced(task, price)
        bound = min(bound, _most(task, pick, price))
        if task.spent(pick) <= task.pays_for:
            high, within = price, pick
        else:
            low, beyond = price, pick
    pick = _filled(task, _swapped(task, _towards(task, within, beyond)), high)
    row, option = np.unravel_index(int(task.net.argmax()), task.net.shape)
    if task.net[row, option] > task.worth(pick):
        pick = np.full(len(pick), -1, dtype=np.int64)
        pick[row] = option
    return pick, bound


def _most(task: _Task, pick: Places, price: float) -> float:
    return task.worth(pick) + price * (task.budget - task.spent(pick))


def _towards(task: _Task, within: Places, beyond: Places) -> Places:
    """The choice `within` the budget, changed towards the one `beyond` it as far as the budget lasts."""
    rows = np.arange(len(within))
    before = np.where(within >= 0, task.costs[rows, within], 0.0)
    after = np.where(beyond >= 0, task.costs[rows, beyond], 0.0)
    both = np.flatnonzero((within >= 0) & (beyond >= 0) & (within != beyond))
    leaving = np.flatnonzero((within >= 0) & (beyond < 0))
    entering = np.flatnonzero((within < 0) & (beyond >= 0))
    leaving = leaving[np.argsort(before[leaving], kind="stable")]  # the cheapest makes room for the dearest
    entering = entering[np.argsort(-after[entering], kind="stable")]
    steps = [(after[row] - before[row], row, row) for row in both.tolist()]
    for place, row in enumerate(entering.tolist()):
        gone = int(leaving[place]) if place < len(leaving) else row
        steps.append((after[row] - before[gone], gone, row))
    pick, left = within.copy(), task.pays_for - task.spent(within)
    for cost, gone, row in sorted(steps, key=lambda step: -step[0]):
        if 0 <= cost <= left:
            pick[gone], pick[row] = -1, beyond[row]
            left -= cost
    return pick


def _swapped(task: _Task, pick: Places) -> Places:
    """The choice with its least row given up for a better one, while there is one that the money left pays for."""
    pick = pick.copy()
    for _ in range(MOST_SWAPS):
        rows = np.flatnonzero(pick >= 0)
        if len(rows) < task.limit or not len(rows):
            break
        worth, left = task.net[rows, pick[rows]], task.pays_for - task.spent(pick)
        least = rows[int(worth.argmin())]
        fits = task.costs <= left + task.costs[least, pick[least]]
        fits[rows] = False
        found = np.where(fits, task.net, -math.inf)
        row, option = np.unravel_index(int(found.argmax()), found.shape)
        if found[row, option] <= worth.min():
            break
        pick[least], pick[row] = -1, option
    return pick


def _filled(task: _Task, pick: Places, price: float) -> Places:
    """The choice with what else the money left pays for: further rows up to the limit, and better options of chosen ones."""
    pick, left, count = pick.copy(), task.pays_for - task.spent(pick), int((pick >= 0).sum())
    rows = np.arange(len(pick))
    worth = np.where(pick >= 0, task.net[rows, pick], 0.0)
    cost = np.where(pick >= 0, task.costs[rows, pick], 0.0)
    better = np.argwhere((task.net > worth[:, None]) & (task.costs - cost[:, None] <= left))
    order = np.argsort(-(task.net - price * task.costs)[better[:, 0], better[:, 1]], kind="stable")
    for row, option in better[order].tolist():
        more = float(task.costs[row, option] - cost[row])
        if task.net[row, option] <= worth[row] or more > left or (pick[row] < 0 and count == task.limit):
            continue
        count += int(pick[row] < 0)
        left -= more
        pick[row], worth[row], cost[row] = option, task.net[row, option], task.costs[row, option]
    return pick


def _by_amounts(task: _Task) -> Places | None:
    """The best choice by dynamic programming over whole amounts of money, and over rows too where their limit binds; None when
    the table would be too large."""
    open_rows = np.flatnonzero(np.isfinite(task.net).any(axis=1))
    net, costs = task.net[open_rows], task.costs[open_rows]
    unit = _unit(costs[np.isfinite(net)])
    if unit is None:
        return None
    amounts = np.round(costs / unit).astype(np.int64)
    room = min(math.floor(task.budget / unit + 1e-9), int(np.where(np.isfinite(net), amounts, 0).max(axis=1).sum()))
    for limit in (0, task.limit):  # 0: as if there were none
        if len(net) * (room + 1) * (limit + 1) > MOST_CELLS:
            return None
        found = _table(net, amounts, room, limit)
        if (found >= 0).sum() <= task.limit:
            pick = np.full(len(task.net), -1, dtype=np.int64)
            pick[open_rows] = found
            return pick
    return None


def _table(net: Floats, amounts: Places, room: int, limit: int) -> Places:
    """(n,) the best options for `room` amounts and `limit` rows (0: any number), -1 for none."""
    deep = 1 if limit else 0  # a row taken is one step along the first axis, where rows count
    best = np.zeros((limit + 1, room + 1))
    taken = np.full((len(net), limit + 1, room + 1), -1, dtype=np.int8)
    for item in range(len(net)):
        before = best.copy()
        for option in np.flatnonzero(np.isfinite(net[item]) & (amounts[item] <= room)).tolist():
            amount = int(amounts[item, option])
            made = before[: limit + 1 - deep, : room + 1 - amount] + net[item, option]
            here = best[deep:, amount:]
            better = made > here
            taken[item, deep:, amount:][better] = option
            here[better] = made[better]
    count, left = limit, room
    pick = np.full(len(net), -1, dtype=np.int64)
    for item in range(len(net) - 1, -1, -1):
        option = int(taken[item, count, left])
        if option >= 0:
            pick[item] = option
            count, left = count - deep, left - int(amounts[item, option])
    return pick


def _unit(costs: Floats) -> float | None:
    """The coarsest of 100, 10, 1, 0.1 and 0.01 that all costs are multiples of; None when none is."""
    for unit in (100.0, 10.0, 1.0, 0.1, 0.01):
        if np.allclose(costs / unit, np.round(costs / unit), rtol=0, atol=1e-6):
            return unit
    return None
