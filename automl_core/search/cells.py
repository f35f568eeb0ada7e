"""Where a row falls among all the cuts of a booster: one number for a few features together, from which all its trees are told.

A feature's bin is the number of cuts that its value is above; a missing value has a bin of its own. Features of few bins share a
grid, whose cells are numbered.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.answers import Questions
from automl_core.search.boosted_rows import Marks
from automl_core.search.family import Array
from automl_core.search.packed import Places

MOST_CELLS = 2048  # of a grid of several features: what trees say of so many stays in the processor's first cache

Answers = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """The bins of one feature: `cuts` of a number in order, or None for a category of `many` - 1 codes and all others."""

    feature: int
    cuts: Array | None
    many: int

    def of(self, column: Array) -> Places:
        """(n,) the bin of each value of the feature's column."""
        if self.cuts is None:
            known = (column >= 0) & (column < self.many - 1)  # never for a missing one
            return np.where(known, column, self.many - 1).astype(np.intp)
        found = np.searchsorted(self.cuts, column)
        found[np.isnan(column)] = self.many - 1
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """What a question is about, by bin: the number of its feature's `Bins`, and (many,) who answers yes."""

    bins: int
    yes: Answers


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`bins` of the features, and `grids` of them, each by their numbers; the last one's bins are next to each other."""

    bins: tuple[Bins, ...]
    grids: tuple[tuple[int, ...], ...]

    def of(self, block: Array) -> list[Places]:
        """(n,) the cells of a block of rows (n, features) in each grid."""
        found = []
        for grid in self.grids:
            cell: Any = 0
            for number in grid:
                one = self.bins[number]
                cell = cell * one.many + one.of(block[:, one.feature])
            found.append(cell)
        return found


def cells_of(questions: Questions, features: int) -> tuple[Cells, tuple[Asks, ...]]:
    """The cells of all questions of some trees, and what each question asks of them."""
    bins: list[Bins] = []
    asks: dict[int, Asks] = {}
    for one, answers in (*_numbers(questions, features), *_categories(questions, features)):
        asks |= {question: Asks(len(bins), yes) for question, yes in answers.items()}
        bins.append(one)
    grids: list[list[int]] = []
    size = 0
    for number in sorted(range(len(bins)), key=lambda number: bins[number].many):
        size *= bins[number].many
        if not grids or size > MOST_CELLS:
            grids.append([])
            size = bins[number].many
        grids[-1].append(number)
    return Cells(tuple(bins), tuple(map(tuple, grids))), tuple(asks[question] for question in range(len(asks)))


def _numbers(questions: Questions, features: int) -> Iterator[tuple[Bins, dict[int, Answers]]]:
    """The bins of numbers, and by question who answers yes."""
    asked: dict[int, list[int]] = {}
    for question, slot in enumerate(questions.slots):
        if slot < 3 * features:
            asked.setdefault(slot % features, []).append(question)
    for feature, own in asked.items():
        cuts = np.unique([questions.cuts[question] for question in own])
        answers = {}
        for question in own:
            cut, instead = questions.cuts[question], (-np.inf, np.inf, 0.0)[questions.slots[question] // features]
            answers[question] = np.append(np.arange(len(cuts) + 1) > np.searchsorted(cuts, cut), instead > cut)
        yield Bins(feature, cuts, len(cuts) + 2), answers


def _categories(questions: Questions, features: int) -> Iterator[tuple[Bins, dict[int, Answers]]]:
    """The bins of categories, and by question who answers yes."""
    asked = {slot: question for question, slot in enumerate(questions.slots) if slot >= 3 * features}
    start = 3 * features
    marks: Marks
    for feature, marks in questions.categories:
        answers = {asked[start + place]: marks[:, place] > 0 for place in range(marks.shape[1]) if start + place in asked}
        start += marks.shape[1]
        yield Bins(feature, None, len(marks)), answers
