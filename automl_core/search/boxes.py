"""What trees say of every combination of other values in one row, box by box and not combination by combination.

All else in the row is settled, so that a tree parts the combinations into a few boxes with one leaf each. Sums are of whole
numbers: nothing is lost on the way, and combinations that end in the same leaves get the very same sum.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.family import Array
from automl_core.search.packed import Packed, Places

BITS = 61  # of the largest sum


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """The slots that move with one thing that is changed, and their `values` (k, slots)."""

    slots: Places
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """Packed trees with what their leaves say: `values` (nodes, c). Trees take turns in saying it of `classes` classes."""

    trees: Packed
    values: NDArray[Any]
    classes: int = 1


def moving_in(row: Array, changed: list[Array]) -> tuple[Moving, ...] | None:
    """What moves in a row (slots,) with each thing that is changed: (k, slots) the row with its values. None where a slot moves
    with two of them: such combinations are no grid."""
    found = []
    taken = np.zeros(len(row), dtype=bool)
    for rows in changed:
        moves = (rows != row).any(axis=0)
        if (moves & taken).any():
            return None
        taken |= moves
        slots = np.flatnonzero(moves)
        found.append(Moving(slots, rows[:, slots]))
    return tuple(found)


def sums_over(valued: Valued, row: Array, moving: tuple[Moving, ...]) -> Array:
    """(k1, k2, ..., outputs) what all trees add up to for each combination of the values that move; none of them is missing."""
    for place, one in enumerate(moving):
        if _order(one) is None:  # codes of a category: one at a time
            rest = moving[:place] + moving[place + 1:]
            parts = []
            for values in one.values:
                fixed = row.copy()
                fixed[one.slots] = values
                parts.append(sums_over(valued, fixed, rest))
            return np.stack(parts, axis=place)
    return _grid(valued, row, moving)


def _order(one: Moving) -> Places | None:
    """The order in which all slots of a thing rise, or fall; None where there is none."""
    if not len(one.slots):
        return np.arange(len(one.values))
    order = np.lexsort(one.values.T[::-1])
    steps = np.diff(one.values[order], axis=0)
    return order if bool(((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)).all()) else None


def _grid(valued: Valued, row: Array, moving: tuple[Moving, ...]) -> Array:
    sizes = [len(one.values) for one in moving]
    orders = [_order(one) for one in moving]
    outputs = valued.classes * valued.values.shape[1]
    most = float(np.abs(valued.values).max(initial=0.0)) * max(valued.trees.roots, 1)
    scale = 2.0 ** (BITS - (np.frexp(most)[1] if most > 0 else 0))
    edges = np.zeros((*(size + 1 for size in sizes), outputs), dtype=np.int64)
    for root, leaf, low, high in _boxes(valued.trees, row, _Slots(len(row), moving, orders)):
        said = np.round(valued.values[leaf].astype(np.float64) * scale).astype(np.int64)
        label = (root % valued.classes) * valued.values.shape[1]
        for corner in product((False, True), repeat=len(sizes)):
            where = tuple((high if end else low)[:, axis] for axis, end in enumerate(corner))
            for output in range(valued.values.shape[1]):
                np.add.at(edges, (*where, label + output), -said[:, output] if sum(corner) % 2 else said[:, output])
    for axis, size in enumerate(sizes):
        edges = np.cumsum(edges, axis=axis).take(np.arange(size), axis=axis)
    found = edges / scale
    for axis, order in enumerate(orders):
        if order is not None:
            found = found.take(np.argsort(order), axis=axis)
    return found


class _Slots:
    """Which axis each slot moves along (-1: none), and where a cut parts the values there."""

    def __init__(self, slots: int, moving: tuple[Moving, ...], orders: list[Places | None]) -> None:
        self.sizes = np.array([len(one.values) for one in moving], dtype=np.int64)
        self.axis = np.full(slots, -1, dtype=np.int64)
        self.values: dict[int, Array] = {}
        self.rises = np.ones(slots, dtype=bool)
        for axis, (one, order) in enumerate(zip(moving, orders, strict=True)):
            self.axis[one.slots] = axis
            for place, slot in enumerate(one.slots.tolist()):
                values = one.values[order, place]
                self.rises[slot] = values[-1] >= values[0]
                self.values[slot] = np.sort(values)

    def parted(self, slot: Places, cut: Array) -> Places:
        """(n,) how many of the values of each slot come first, of those on both sides of its cut."""
        found = np.zeros(len(slot), dtype=np.int64)
        for one in np.unique(slot).tolist():
            mine, values = slot == one, self.values[one]
            below = np.searchsorted(values, cut[mine], side="right")
            found[mine] = below if self.rises[one] else len(values) - below
        return found


def _boxes(trees: Packed, row: Array, slots: _Slots) -> Iterator[tuple[Places, Places, Places, Places]]:
    """The trees, leaves and corners (n, axes) of all boxes: from `low` on, below `high`."""
    root = node = np.arange(trees.roots)
    low = np.zeros((trees.roots, len(slots.sizes)), dtype=np.int64)
    high = np.tile(slots.sizes, (trees.roots, 1))
    while len(node):
        at = trees.nodes[node]
        ends = at["cut"] == np.inf
        if ends.any():
            yield root[ends], at["slot"][ends], low[ends], high[ends]
        at, root, low, high = at[~ends], root[~ends], low[~ends], high[~ends]
        axis = slots.axis[at["slot"]]
        still, moved = np.flatnonzero(axis < 0), np.flatnonzero(axis >= 0)
        parts = [(at["left"][still] + (row[at["slot"][still]] > at["cut"][still]), still, low[still], high[still])]
        here, left = axis[moved], at["left"][moved].astype(np.int64)
        place = slots.parted(at["slot"][moved], at["cut"][moved])
        rises, each = slots.rises[at["slot"][moved]], np.arange(len(moved))
        first, last = high[moved], low[moved]
        first[each, here] = np.minimum(first[each, here], place)
        last[each, here] = np.maximum(last[each, here], place)
        parts += [(left + ~rises, moved, low[moved], first), (left + rises, moved, last, high[moved])]
        node, own, low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
        alive = (low < high).all(axis=1)
        node, root, low, high = node[alive], root[own[alive]], low[alive], high[alive]
