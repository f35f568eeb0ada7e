"""Boosters of small trees as tables: a batch of rows is predicted without walking a tree.

Each question of the trees is one bit of a row. Trees that ask twelve questions together are one table of what they add up to for
each of the 4,096 answers, as trees of one question a level are scored (Prokhorenkova et al. 2018, CatBoost). Trees that ask more
are taken apart first. It pays from some ten thousand rows on; sums are the library's but for the order they are added in.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.answers import Questions, in_blocks, library_ns, questions_of
from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.family import Array
from automl_core.search.packed import Packed, Places

MOST_QUESTIONS = 12  # of a table: 32 KB, which stay in the processor's first cache
ANSWERS_AT_ONCE, FEWEST_ROWS, MOST_ROWS = 1 << 23, 1 << 12, 1 << 14  # answers and rows of a block: they stay near the processor
MOST_BYTES = 1 << 26  # of all that the trees are taken apart into
MOST_LEAVES = 14  # of a tree in the mean: beyond, masks are as quick, and made sooner
TABLE_NS = 6.0  # what a row costs in a table


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`sums` (2 ** questions,) of some trees of a class for each of the answers; the first question is the lowest bit."""

    questions: tuple[int, ...]
    sums: Array
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class TabledBoosters:
    """Boosters whose raw scores are averaged, as tables."""

    tables: tuple[Table, ...]
    questions: Questions
    classes: int
    boosters: int

    def raw(self, matrix: Array) -> Array:
        """(n, classes) raw scores of a matrix (n, features)."""
        rows = max(FEWEST_ROWS, min(MOST_ROWS, ANSWERS_AT_ONCE // max(len(self.questions.cuts), 1)))
        return in_blocks(matrix, rows, self.classes, self._sums) / self.boosters

    def _sums(self, block: Array) -> Array:
        """(classes, n) what the tables add up to."""
        bits, rows = self.questions.answers(block, np.uint16), len(block)
        total = np.zeros((self.classes, rows))
        answer, place, found = np.empty(rows, dtype=np.uint16), np.empty(rows, dtype=np.intp), np.empty(rows)
        for table in self.tables:
            answer[:] = 0
            for question in reversed(table.questions):
                np.add(answer, answer, out=answer)
                np.add(answer, bits[question], out=answer)
            place[:] = answer
            np.take(table.sums, place, out=found, mode="clip")
            total[table.label] += found
        return total


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A tree, or the part of it below a path of answers: nought where a row does not take the path."""

    questions: tuple[int, ...]
    sums: Array
    label: int


class _Nodes:
    """Packed trees as lists, which are walked faster than arrays: of each node the question (-1: a leaf), its left child, the
    questions of all below as the bits of one number, and what a leaf says."""

    def __init__(self, packed: Packed, question: Places, values: NDArray[Any]) -> None:
        self.question: list[int] = question.tolist()
        self.left: list[int] = packed.nodes["left"].tolist()
        says = np.where(question < 0, values[np.where(question < 0, packed.nodes["slot"], 0)], 0.0)
        self.value: list[float] = says.tolist()
        self.below = [0] * len(self.question)
        for root in range(packed.roots):
            self._gather(root)

    def _gather(self, node: int) -> int:
        if self.question[node] >= 0:
            left = self.left[node]
            self.below[node] = 1 << self.question[node] | self._gather(left) | self._gather(left + 1)
        return self.below[node]

    def pieces(self, node: int, path: dict[int, bool], label: int) -> Iterator[_Piece]:
        """A tree in pieces of few questions. ValueError when a path asks too many."""
        asked = self.below[node]
        for question in path:
            asked |= 1 << question
        if asked.bit_count() <= MOST_QUESTIONS:
            yield self._piece(node, path, label, asked)
        elif self.question[node] < 0:
            raise ValueError("a path of too many questions")
        else:
            left = self.left[node]
            for side in (False, True):
                yield from self.pieces(left + side, path | {self.question[node]: side}, label)

    def _piece(self, node: int, path: dict[int, bool], label: int, asked: int) -> _Piece:
        questions = tuple(number for number in range(asked.bit_length()) if asked >> number & 1)
        answers = np.arange(1 << len(questions))
        yes = {question: (answers >> place & 1).astype(bool) for place, question in enumerate(questions)}
        sums = np.where(np.ones(len(answers), dtype=bool), self._says(node, yes), 0.0)
        for question, side in path.items():
            sums[yes[question] != side] = 0.0
        return _Piece(questions, sums, label)

    def _says(self, node: int, yes: dict[int, NDArray[np.bool_]]) -> Any:
        question, left = self.question[node], self.left[node]
        return self.value[node] if question < 0 else np.where(yes[question], self._says(left + 1, yes), self._says(left, yes))


def tabulate(boosters: PackedBoosters) -> TabledBoosters | None:
    """The boosters as tables, or None where their library is as fast: trees of many leaves."""
    trees = boosters.trees
    inner = np.isfinite(trees.nodes["cut"])
    leaves = 1 + inner.sum() / max(trees.roots, 1)
    if not trees.roots or leaves > MOST_LEAVES:
        return None
    questions, question = questions_of(boosters)
    nodes = _Nodes(trees, question, boosters.values)
    most = trees.roots * library_ns(leaves) / TABLE_NS
    try:
        pieces = _within(piece for root in range(trees.roots) for piece in nodes.pieces(root, {}, root % boosters.classes))
    except ValueError:
        return None
    tables = [table for label in range(boosters.classes)
              for table in _joined([piece for piece in pieces if piece.label == label], len(questions.cuts))]
    if len(tables) > most:
        return None
    return TabledBoosters(tuple(tables), questions, boosters.classes, len(boosters.rounds))


def _within(pieces: Iterator[_Piece]) -> list[_Piece]:
    """All of them; ValueError when they would take more memory than tables are worth."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += piece.sums.nbytes
        if size > MOST_BYTES:
            raise ValueError("trees that make large tables")
    return found


def _joined(pieces: list[_Piece], questions: int) -> Iterator[Table]:
    """Pieces of a class in as few tables as a greedy choice finds: each joins the table that asks most of what it asks."""
    asks = np.zeros((len(pieces), questions), dtype=bool)
    many = np.zeros(len(pieces), dtype=np.int64)
    members: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -len(piece.questions)):
        own = list(piece.questions)
        shared = asks[:len(members), own].sum(axis=1)
        fits = many[:len(members)] + len(own) - shared <= MOST_QUESTIONS
        if fits.any():
            table = int(np.argmax(np.where(fits, shared * MOST_QUESTIONS + many[:len(members)], -1)))
        else:
            table = len(members)
            members.append([])
        asks[table, own] = True
        many[table] = asks[table].sum()
        members[table].append(piece)
    return (_table(group) for group in members)


def _table(pieces: list[_Piece]) -> Table:
    questions = tuple(sorted({question for piece in pieces for question in piece.questions}))
    answers = np.arange(1 << len(questions))
    bit = {question: answers >> place & 1 for place, question in enumerate(questions)}
    sums = np.zeros(len(answers))
    for piece in pieces:
        own = np.zeros(len(answers), dtype=np.int64)
        for place, question in enumerate(piece.questions):
            own |= bit[question] << place
        sums += piece.sums[own]
    return Table(questions, sums, pieces[0].label)
