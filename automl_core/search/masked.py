"""Boosters of trees with up to 64 leaves as masks: a batch of rows is predicted without walking a tree.

Each yes to a question rules out the leaves to its left; of those left over the first is where the row ends (QuickScorer: Lucchese
et al. 2015). A bit is a leaf. What all answers about some features leave over is looked up at once, by the cell of their grid
that a row falls in. It pays from some ten thousand rows on; sums are the library's, tree by tree.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.answers import Asked, in_blocks, library_ns, questions_of
from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.cells import Asks, Cells, cells_of
from automl_core.search.family import Array
from automl_core.search.packed import Places

Masks = NDArray[Any]  # of 32 or 64 bits
CELLS_AT_ONCE, FEWEST_ROWS, MOST_ROWS = 1 << 22, 1 << 12, 1 << 16  # of a block: few long calls, which two threads can share
MOST_BYTES = 1 << 26  # of all masks
LOOK_NS, LEAF_NS = 1.2, 4.0  # what a row costs in a tree: a look into a grid, and finding the leaf


@dataclass(frozen=True, slots=True)
class Width:
    """Masks of `bits` and floats of the same size: two to the power of n has n + `bias` in its bits from `exponent` on."""

    mask: Any
    number: Any
    exponent: int
    bias: int


WIDTHS = {32: Width(np.uint32, np.float32, 23, 127), 64: Width(np.uint64, np.float64, 52, 1023)}


@dataclass(frozen=True, slots=True, eq=False)
class MaskedTree:
    """`grids` are the numbers of those a tree asks about, each with the leaves that every cell leaves over, as bits; `says` what
    each leaf says, from left to right, after as many others as the width's bias."""

    grids: tuple[tuple[int, Masks], ...]
    says: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class MaskedBoosters:
    """Boosters whose raw scores are averaged, as masks; `rounds` of each, with `classes` trees a round."""

    trees: tuple[MaskedTree, ...]
    cells: Cells
    rounds: tuple[int, ...]
    classes: int
    bits: int

    def raw(self, matrix: Array) -> Array:
        """(n, classes) raw scores of a matrix (n, features)."""
        rows = max(FEWEST_ROWS, min(MOST_ROWS, CELLS_AT_ONCE // max(len(self.cells.grids), 1)))
        return in_blocks(matrix, rows, self.classes, self._sums) / len(self.rounds)

    def _sums(self, block: Array) -> Array:
        """(classes, n) what the boosters add up to."""
        cells, kind = self.cells.of(block), self.trees[0].says.dtype
        desk = _Desk(WIDTHS[self.bits], kind, len(block))
        total, start = np.zeros((self.classes, len(block))), 0
        for rounds in self.rounds:
            own = np.zeros(total.shape, dtype=kind)
            for place, tree in enumerate(self.trees[start:start + rounds * self.classes]):
                desk.add(tree, cells, own[place % self.classes])
            total += own
            start += rounds * self.classes
        return total


class _Desk:
    """Where the trees of a block of rows are worked out, one after the other."""

    def __init__(self, width: Width, kind: Any, rows: int) -> None:
        self.width = width
        self.found = np.empty(rows, dtype=kind)
        self.left, self.rest = np.empty(rows, dtype=width.mask), np.empty(rows, dtype=width.mask)
        self.power, self.place = np.empty(rows, dtype=width.number), np.empty(rows, dtype=np.intp)

    def add(self, tree: MaskedTree, cells: list[Places], to: NDArray[Any]) -> None:
        """Add what a tree says of each row."""
        if not tree.grids:
            to += tree.says[-1]
            return
        (grid, masks), *others = tree.grids
        np.take(masks, cells[grid], out=self.left, mode="clip")
        for grid, masks in others:
            np.take(masks, cells[grid], out=self.rest, mode="clip")
            np.bitwise_and(self.left, self.rest, out=self.left)
        np.negative(self.left, out=self.rest)
        np.bitwise_and(self.left, self.rest, out=self.left)  # the first alone
        self.power[:] = self.left
        self.place[:] = self.power.view(self.width.mask) >> self.width.mask(self.width.exponent)
        np.take(tree.says, self.place, out=self.found, mode="clip")
        to += self.found


def mask(boosters: PackedBoosters) -> MaskedBoosters | None:
    """The boosters as masks, or None where a tree has more leaves than a mask has bits, or their library is as fast."""
    questions, asked = questions_of(boosters)
    cells, asks = cells_of(questions, boosters.features)
    nodes = _Nodes(boosters, asked)
    try:
        walked = [nodes.walked(root) for root in range(boosters.trees.roots)]
    except ValueError:
        return None
    leaves = [len(says) for _, says in walked]
    bits = min(bits for bits in WIDTHS if bits >= max(leaves))
    grid_of = {number: place for place, grid in enumerate(cells.grids) for number in grid}
    looks = [{grid_of[asks[question].bins] for question in ruled_out} for ruled_out, _ in walked]
    cost = sum(LOOK_NS * len(grids) + LEAF_NS for grids in looks)
    sizes = [math.prod(cells.bins[number].many for number in grid) for grid in cells.grids]
    if sum(sizes[grid] for grids in looks for grid in grids) * bits / 8 > MOST_BYTES:
        return None
    if cost > sum(map(library_ns, leaves)):
        return None
    bias = np.zeros(WIDTHS[bits].bias, dtype=boosters.values.dtype)
    trees = tuple(MaskedTree(_grids(ruled_out, cells, asks, bits), np.concatenate([bias, np.array(says, dtype=bias.dtype)]))
                  for ruled_out, says in walked)
    return MaskedBoosters(trees, cells, boosters.rounds, boosters.classes, bits)


def _grids(ruled_out: dict[int, int], cells: Cells, asks: tuple[Asks, ...], bits: int) -> tuple[tuple[int, Masks], ...]:
    """The grids that a tree asks about, with what each cell leaves over: of each question the leaves that a yes rules out."""
    width = WIDTHS[bits].mask
    full = width(2**bits - 1)
    left: dict[int, Masks] = {}
    for question, leaves in ruled_out.items():
        asked = asks[question]
        one = left.setdefault(asked.bins, np.full(len(asked.yes), full, dtype=width))
        one[asked.yes] &= ~width(leaves)
    found = []
    for place, grid in enumerate(cells.grids):
        if left.keys() & set(grid):
            masks = np.full(1, full, dtype=width)
            for number in grid:
                own = left.get(number, np.full(cells.bins[number].many, full, dtype=width))
                masks = (masks[:, None] & own).reshape(-1)
            found.append((place, masks))
    return tuple(found)


class _Nodes:
    """Packed trees as lists, which are walked faster than arrays."""

    def __init__(self, boosters: PackedBoosters, asked: Asked) -> None:
        leaf = np.where(asked < 0, boosters.trees.nodes["slot"], 0)
        self.question: list[int] = asked.tolist()
        self.left: list[int] = boosters.trees.nodes["left"].tolist()
        self.value: list[float] = boosters.values[leaf].tolist()

    def walked(self, root: int) -> tuple[dict[int, int], list[float]]:
        """The leaves that a yes to each question of a tree rules out, as bits, and what the leaves say, from left to right.

        ValueError when it has too many leaves.
        """
        ruled_out: dict[int, int] = {}
        says: list[float] = []
        self._walk(root, ruled_out, says)
        if len(says) > max(WIDTHS):
            raise ValueError("a tree of too many leaves")
        return ruled_out, says

    def _walk(self, node: int, ruled_out: dict[int, int], says: list[float]) -> None:
        question, left = self.question[node], self.left[node]
        if question < 0:
            says.append(self.value[node])
            return
        first = len(says)
        self._walk(left, ruled_out, says)
        ruled_out[question] = ruled_out.get(question, 0) | (1 << len(says)) - (1 << first)
        self._walk(left + 1, ruled_out, says)
