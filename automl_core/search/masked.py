"""Boosters of trees with up to 32 leaves as masks: a batch of rows is predicted without walking a tree.

Each yes to a question rules out the leaves to its left; of those left over the first is where the row ends (QuickScorer: Lucchese
et al. 2015). A bit is a leaf, and all rows of a block are answered at once. It pays from some ten thousand rows on; sums are the
library's but for the order they are added in.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automl_core.search.answers import FEWEST_ROWS, Asked, Questions, in_blocks, questions_of
from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.family import Array

MOST_LEAVES = 32
FULL = 2**32 - 1
EXPONENT, BIAS = 23, 127  # of a 32-bit float: two to the power of n has n + 127 in its bits from the 24th on
MOST_NUMBERS = 1 << 25


@dataclass(frozen=True, slots=True, eq=False)
class MaskedTree:
    """What a yes to each question leaves over, as bits, and what each leaf says, from left to right, after `BIAS` others."""

    questions: tuple[tuple[int, np.uint32], ...]
    says: Array
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class MaskedBoosters:
    """Boosters whose raw scores are averaged, as masks."""

    trees: tuple[MaskedTree, ...]
    questions: Questions
    classes: int
    boosters: int

    def raw(self, matrix: Array) -> Array:
        """(n, classes) raw scores of a matrix (n, features)."""
        return in_blocks(matrix, self.questions, self.classes, self._sums) / self.boosters

    def _sums(self, block: Array) -> Array:
        """(classes, n) what the trees add up to."""
        no = self.questions.answers(block, np.uint32)
        np.subtract(no, 1, out=no)  # all bits where the answer is no
        rows = len(block)
        total = np.zeros((self.classes, rows))
        left, rest, place = np.empty(rows, dtype=np.uint32), np.empty(rows, dtype=np.uint32), np.empty(rows, dtype=np.intp)
        power, found = np.empty(rows, dtype=np.float32), np.empty(rows)
        for tree in self.trees:
            left[:] = FULL
            for question, mask in tree.questions:
                np.bitwise_or(no[question], mask, out=rest)
                np.bitwise_and(left, rest, out=left)
            np.negative(left, out=rest)
            np.bitwise_and(left, rest, out=left)  # the first alone
            power[:] = left
            place[:] = power.view(np.uint32) >> EXPONENT
            np.take(tree.says, place, out=found, mode="clip")
            total[tree.label] += found
        return total


def mask(boosters: PackedBoosters) -> MaskedBoosters | None:
    """The boosters as masks, or None where a tree has more leaves than a mask has bits, or trees ask too much."""
    questions, asked = questions_of(boosters)
    if len(questions.cuts) * FEWEST_ROWS > MOST_NUMBERS:
        return None  # answers that fit in no cache are no faster than trees
    nodes = _Nodes(boosters, asked)
    try:
        trees = tuple(nodes.tree(root, root % boosters.classes) for root in range(boosters.trees.roots))
    except ValueError:
        return None
    return MaskedBoosters(trees, questions, boosters.classes, len(boosters.rounds))


class _Nodes:
    """Packed trees as lists, which are walked faster than arrays."""

    def __init__(self, boosters: PackedBoosters, asked: Asked) -> None:
        leaf = np.where(asked < 0, boosters.trees.nodes["slot"], 0)
        self.question: list[int] = asked.tolist()
        self.left: list[int] = boosters.trees.nodes["left"].tolist()
        self.value: list[float] = boosters.values[leaf].astype(np.float64).tolist()

    def tree(self, root: int, label: int) -> MaskedTree:
        """ValueError when it has too many leaves."""
        says: list[float] = []
        masks: dict[int, int] = {}
        self._walk(root, says, masks)
        if len(says) > MOST_LEAVES:
            raise ValueError("a tree of too many leaves")
        known = tuple((question, np.uint32(mask)) for question, mask in masks.items())
        return MaskedTree(known, np.concatenate([np.zeros(BIAS), says]), label)

    def _walk(self, node: int, says: list[float], masks: dict[int, int]) -> None:
        question, left = self.question[node], self.left[node]
        if question < 0:
            says.append(self.value[node])
            return
        first = len(says)
        self._walk(left, says, masks)
        ruled_out = (1 << len(says)) - (1 << first)
        masks[question] = masks.get(question, FULL) & ~ruled_out & FULL
        self._walk(left + 1, says, masks)
