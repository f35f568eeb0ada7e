"""Paired orders of the columns: from a row to compare with to the row, one column after the other, and back in reverse.

The change that a column makes, averaged over orders and rows to compare with, is its interventional Shapley value; an order and
its reverse together leave no chance in effects of single columns and of pairs (Mitchell et al. 2022). All walks of many rows are
planned at once, so that what must be asked of a model is one table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds, draws

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Orders:
    """`2 m` walks (first all orders, then their reverses): walk w goes from `other[w]` to `row[w]` by `order[w]` (d,).

    Columns that are the same in both stand last and are not asked about: `steps[w]` change something.
    """

    row: Places
    other: Places
    order: Places
    steps: Places
    rank: Places

    @property
    def pairs(self) -> int:
        """How many orders there are, each with its reverse."""
        return len(self.row) // 2

    def states(self) -> tuple[Places, Places]:
        """`(walk, step)` of every mixture on the way, ends left out."""
        between = np.maximum(self.steps - 1, 0)
        walk = np.repeat(np.arange(len(between)), between)
        step = np.arange(len(walk)) - np.repeat(np.cumsum(between) - between, between) + 1
        return walk, step

    def some(self, walks: Places) -> Orders:
        """Some of the walks, as those of no order with its reverse."""
        return Orders(self.row[walks], self.other[walks], self.order[walks], self.steps[walks], self.rank[walks])

    def parts(self, values: Floats) -> Floats:
        """(m, d, k) what each column changed, both ways averaged; `values` (2 m, d + 1, k) are those on the way, with ends."""
        changes = np.take_along_axis(np.diff(values, axis=1), self.rank[:, :, None], axis=1)
        return np.asarray((changes[: self.pairs] + changes[self.pairs :]) / 2)


def plan(rows: Floats, others: Floats, source: Places, rounds: int, seeds: Seeds) -> Orders:
    """`rounds` orders of the d columns of `source` for each row (n, p); others (b, p) are met evenly over their order.

    The orders are drawn anew each time: turned by one place, so that each column stands at each place as often, the same columns
    follow each other again and again, and parts were off by twice as much. `seeds` (n,) are the rows' own.
    """
    n, b, d = len(rows), len(others), int(source.max()) + 1
    drawn = draws(seeds, 1 + rounds * d)
    row = np.repeat(np.arange(n), rounds)
    turn = np.tile(np.arange(rounds), n)
    other = np.minimum(((turn + np.repeat(drawn[:, 0], rounds)) * b / rounds).astype(np.int64), b - 1)
    order = drawn[:, 1:].reshape(n * rounds, d).argsort(axis=1)
    differ = _differing(rows, others, row, other, source, d)
    both = np.concatenate([order, order[:, ::-1]])
    twice = np.concatenate([differ, differ])
    last = ~np.take_along_axis(twice, both, axis=1)
    both = np.take_along_axis(both, last.argsort(axis=1, kind="stable"), axis=1)
    return Orders(np.tile(row, 2), np.tile(other, 2), both, twice.sum(axis=1), both.argsort(axis=1))


def _differing(rows: Floats, others: Floats, row: Places, other: Places, source: Places, d: int) -> NDArray[np.bool_]:
    """(m, d) which columns are not the same in a row and the other it is compared with; two missing values are the same."""
    out = np.zeros((len(row), d), dtype=bool)
    for place, column in enumerate(source):
        mine, theirs = rows[row, place], others[other, place]
        out[:, column] |= (mine != theirs) & ~(np.isnan(mine) & np.isnan(theirs))
    return out


def mixtures(rows: Floats, others: Floats, orders: Orders, source: Places, places: tuple[Places, Places]) -> Floats:
    """(s, p) the mixtures of a row and another at `places` of the walks, as `Orders.states` has them."""
    walk, step = places
    taken = (orders.rank[walk] < step[:, None])[:, source]
    return np.where(taken, rows[orders.row[walk]], others[orders.other[walk]])
