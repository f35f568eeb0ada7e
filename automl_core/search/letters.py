"""Letters of a category of many levels: what misspelt or seldom levels share with others, and how common each is.

A name that comes once says nothing ("Bengaluru", "bengaluru city"); the pieces it is made of do (Cerda and Varoquaux 2022).
"""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.feature import Array
from automl_core.search.text import Cells, Terms, TextCoder, pieces, split_words
from automl_core.search.text_scores import TextScores

if TYPE_CHECKING:
    import pandas as pd

LEAST_LEVELS = 60
RARE, LEAST_RARE = 10, 0.3  # a level of fewer rows is rare; the share of levels that are
LEAST_LETTERS = 4.0  # of a level, on average
ALIKE, LEAST_ALIKE = 0.4, 0.4  # cosine of the pieces of two levels that are alike; the share of levels that have such a one
SAMPLE, AMONG = 500, 5_000
KNOWN = 20_000  # levels whose number of rows is kept
MOST_COLUMNS, MOST_LOOKED = 20, 40  # that have letters; whose levels are compared with each other, half a second each
TWICE = 2  # a level that came once is like one that never came: so a row to learn from looks like one to score


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The level of each row of a column by its place (n,) in `names`; -1 where it is missing."""

    places: NDArray[np.int32]
    names: tuple[str, ...]

    def arrays(self) -> dict[str, Any]:
        """What workers are given: see `restored`."""
        return {"places": self.places, "names": np.frombuffer(json.dumps(self.names).encode(), dtype=np.uint8)}

    @staticmethod
    def restored(arrays: Mapping[str, Any]) -> Levels:
        """The levels whose `arrays` were given."""
        return Levels(np.asarray(arrays["places"]), tuple(json.loads(np.asarray(arrays["names"]).tobytes())))


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """Columns of one category: dimensions of its levels' pieces, what the pieces speak for, and how common the level is.

    `often` has the rows of levels that came twice at least.
    """

    source: str
    coder: TextCoder
    scores: TextScores
    often: dict[str, int]

    @property
    def dimensions(self) -> int:
        """How many columns the pieces alone make."""
        return int(self.coder.components.shape[1])

    def columns(self, series: pd.Series[Any]) -> Array:
        """(n, q) of a column of levels; NaN where it is missing."""
        levels = levels_of(series)
        told = self.of(levels.names)
        out: Array = np.vstack([told, np.full((1, told.shape[1]), math.nan)])[levels.places]  # a missing level has place -1
        return out

    def of(self, names: Sequence[str]) -> Array:
        """(levels, q) of each level."""
        return self.told(names, self.coder.table(names))

    def told(self, names: Sequence[str], terms: Terms) -> Array:
        """The same of levels whose terms are known."""
        return np.column_stack([self.coder.topics(terms), self.scores.columns(terms), [self._common(name) for name in names]])

    def cell(self, value: Any) -> list[float]:
        """The same of one row."""
        if value is None or value != value:
            return [math.nan] * (self.dimensions + len(self.scores.intercept) + 1)
        cells: Cells = self.coder.cells(value)
        return [*self.coder.cell(value, cells)[:self.dimensions], *self.scores.cell(cells), self._common(value)]

    def document(self) -> dict[str, Any]:
        """What is stored as text: see `restored`."""
        return {"source": self.source, "coder": self.coder.document(), "often": self.often}

    def arrays(self) -> dict[str, Any]:
        """What is stored as arrays: see `restored`."""
        return self.coder.arrays() | self.scores.arrays()

    @staticmethod
    def restored(document: Mapping[str, Any], arrays: Mapping[str, Any]) -> Letters:
        """The letters whose `document` and `arrays` were stored."""
        source = document["source"]
        coder, scores = TextCoder.restored(document["coder"], arrays), TextScores.restored(source, arrays)
        return Letters(source, coder, scores, document["often"])

    def _common(self, name: str) -> float:
        return math.log1p(self.often.get(name, 0))


def common_levels(counts: NDArray[np.int64], names: Sequence[str]) -> dict[str, int]:
    """The rows of the levels that came twice at least, of the most common ones."""
    order = np.argsort(-counts, kind="stable")[:KNOWN]
    return {names[place]: int(counts[place]) for place in order.tolist() if counts[place] >= TWICE}


def find_lettered(columns: Mapping[str, pd.Series[Any]]) -> dict[str, Levels]:
    """The levels of columns of short texts whose letters may say more than their names, by column and in their order.

    They are many, many of them rare, with several letters, and two in five are much like another: codes are not. Of very many
    columns those that promise most: many rows have a rare level, and many levels are much like another. The target has no say:
    columns chosen by the rows that judge them would flatter.
    """
    worded = {name: _worded(series) for name, series in columns.items()}
    dirty = {name: levels for name, levels in worded.items() if levels is not None}
    rare = {name: _rare_rows(levels) for name, levels in dirty.items()}
    looked = sorted(dirty, key=lambda name: -rare[name])[:MOST_LOOKED]
    alike = {name: share for name in looked if (share := _alike(dirty[name].names[:AMONG])) >= LEAST_ALIKE}
    kept = set(sorted(alike, key=lambda name: -rare[name] * alike[name])[:MOST_COLUMNS])
    return {name: levels for name, levels in dirty.items() if name in kept}


def _worded(series: pd.Series[Any]) -> Levels | None:
    """The levels of a column where they are many, many of them rare, with several letters; else None."""
    levels = levels_of(series)
    if len(levels.names) < LEAST_LEVELS:
        return None
    letters = float(np.mean([sum(letter.isalpha() for letter in name) for name in levels.names[:AMONG]]))
    return levels if np.mean(_counts(levels) < RARE) >= LEAST_RARE and letters >= LEAST_LETTERS else None


def _counts(levels: Levels) -> NDArray[np.int64]:
    return np.bincount(levels.places[levels.places >= 0], minlength=len(levels.names))


def _rare_rows(levels: Levels) -> float:
    """The share of the rows that have a rare level."""
    counts = _counts(levels)
    return float(counts[counts < RARE].sum()) / len(levels.places)


def levels_of(series: pd.Series[Any]) -> Levels:
    """The levels of a column, in the order in which they come."""
    import pandas as pd  # here: workers do without

    places, found = pd.factorize(series)
    return Levels(places.astype(np.int32), tuple(str(name) for name in found.tolist()))


def _alike(names: Sequence[str]) -> float:
    """The share of some of the levels that another one is much like by its pieces."""
    from scipy.sparse import csr_matrix

    numbers: dict[str, int] = {}
    known = [sorted({numbers.setdefault(piece, len(numbers)) for word in split_words(name) if not word.isdigit()
                     for piece in pieces(word)}) for name in names]
    spread = np.bincount(np.concatenate(known).astype(np.int64), minlength=len(numbers))
    telling = [[piece for piece in own if spread[piece] <= len(names) / 2] for own in known]  # “town 17” is not like “town 18”
    starts = np.cumsum([0, *map(len, telling)])
    values = np.concatenate([np.full(len(own), 1.0 / math.sqrt(max(len(own), 1))) for own in telling])
    matrix: Any = csr_matrix((values, np.concatenate(telling).astype(np.int64), starts), shape=(len(names), max(len(numbers), 1)))
    some = np.random.default_rng(0).choice(len(names), min(SAMPLE, len(names)), replace=False)
    near = (matrix[some] @ matrix.T).toarray()
    near[np.arange(len(some)), some] = 0.0
    return float(np.mean(near.max(axis=1) >= ALIKE))
