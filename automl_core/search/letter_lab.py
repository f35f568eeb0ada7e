"""Letters of levels, learned on some rows: dimensions without the target, what pieces speak for with it, cross-fitted."""
from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.search.codes import Code, Coded, CodeSource, parts_of_rows, told_classes
from automl_core.search.feature import Array, Feature
from automl_core.search.letters import TWICE, Letters, Levels, common_levels
from automl_core.search.log_target import to_code
from automl_core.search.text import Terms, fit_pieces
from automl_core.search.text_scores import THIRDS, TextTarget, fit_text_scores

DIMENSIONS = 8
MOST_LEVELS = 20_000  # from which pieces are learned, a step that looks at no clock
MOST_SPOKEN = 100  # columns of what letters speak for: where many classes would make more, only the most frequent have theirs
Places = NDArray[np.int64]
_Made = tuple[tuple[Letters, Array] | None, bool]


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Rows to learn from that share a third, a level and a class (of a number: the first two) as one: sums of losses stay.

    `of_row` is the place among these of each row of a column that has a level.
    """

    levels: Places
    thirds: Places
    y: Array
    weights: Array
    of_row: Places


def fit_letters(source: CodeSource, train: Places, seed: int = 0, until: float = math.inf) -> Coded:
    """Learn the letters of all such columns on the rows `train`. `until` is a moment of `time.monotonic` after which columns
    are left out; each has its part of the time until then."""
    if source.task == "regression":
        source = replace(source, y=to_code(source.y, train))
    parts = parts_of_rows(source, train, seed) % THIRDS
    told = told_classes(source, train, MOST_SPOKEN // max(1, len(source.levels)))
    codes: list[Code] = []
    features: list[Feature] = []
    blocks: list[Array] = []
    whole = True
    for number, (name, levels) in enumerate(source.levels.items()):
        now = time.monotonic()
        share = now + (until - now) / (len(source.levels) - number)
        made, through = _fit(source, (name, told), (train, parts), share) if now < until else (None, False)
        whole = whole and through
        if made is None:
            continue
        letters, values = made
        codes.append(letters)
        blocks.append(values)
        features += letter_features(letters, source, told)
        assert values.shape[0] == len(levels.places)
    return Coded(tuple(codes), tuple(features), np.hstack(blocks) if blocks else np.zeros((len(source.y), 0)), whole)


def letter_features(letters: Letters, source: CodeSource, told: Places) -> list[Feature]:
    """The features of a column's letters, which tell of some of several classes."""
    named = len(source.class_names) == source.classes
    names = [source.class_names[place] if named else str(place + 1) for place in told.tolist()]
    several = source.task == "multiclass"
    speak = [f"letters speak for {name}" for name in names] if several else ["letters speak for"]
    called = [*(f"letters {number + 1}" for number in range(letters.dimensions)), *speak, "how common"]
    return [Feature(f"{letters.source} ({what})", (letters.source,), "number") for what in called]


def _fit(source: CodeSource, what: tuple[str, Places], rows: tuple[Places, Places], until: float) -> _Made:
    """The letters of one column, and its values (n, q); None when its levels share too few pieces, or one third has all its rows.
    With it, whether time left out nothing.

    `what` is its name and the classes to tell of, `rows` are those to learn from, and the part of each.
    """
    (name, told), (train, parts) = what, rows
    levels = source.levels[name]
    places = levels.places.astype(np.int64)
    known = places[train] >= 0
    mine, thirds = train[known], parts[known]
    if len(np.unique(thirds)) < 2:  # of one group, perhaps: there are no others that could speak for these rows
        return None, True
    counts = np.bincount(places[mine], minlength=len(levels.names))
    there = np.flatnonzero(counts)
    looked_at = there[np.unique(np.linspace(0, len(there) - 1, min(len(there), MOST_LEVELS)).astype(np.int64))]
    coder = fit_pieces([levels.names[place] for place in looked_at.tolist()], DIMENSIONS)
    if coder is None:
        return None, True
    terms = coder.table(_in_time(levels.names, until))
    if len(terms.starts) <= len(levels.names) or time.monotonic() > until:
        return None, False
    sums = _summed(source, levels, mine, thirds)
    target = TextTarget(sums.y, source.task, source.classes, sums.weights, told)
    scores, cross_fitted, through = fit_text_scores(
        name, _taken(terms, sums.levels), target, np.arange(len(sums.y)), sums.thirds, until)
    letters = Letters(name, coder, scores, common_levels(counts, levels.names))
    plain = letters.told(levels.names, terms)
    values = np.vstack([plain, np.full((1, plain.shape[1]), math.nan)])[places]
    first = letters.dimensions
    values[mine, first:-1] = cross_fitted[sums.of_row]
    others = counts[places[mine]] - _together(source, places, mine)  # a row to score does not count itself, either
    kept = np.array([name in letters.often for name in levels.names])  # of the others it is not known, either
    values[mine, -1] = np.log1p(np.where(kept[places[mine]] & (others >= TWICE), others, 0))
    return (letters, values), through


def _in_time(names: Sequence[str], until: float) -> Iterator[str]:
    """The names until time is up: of a million of them the terms take longer than many a search."""
    for number, name in enumerate(names):
        if number % 1_000 == 0 and time.monotonic() > until:
            return
        yield name


def _together(source: CodeSource, places: Places, mine: Places) -> Places | int:
    """How many of the rows `mine` have the level of each and belong together with it, itself among them."""
    if source.groups is None:
        return 1
    _, groups = np.unique(source.groups[mine], return_inverse=True)
    _, pair, many = np.unique(groups * (int(places.max()) + 1) + places[mine], return_inverse=True, return_counts=True)
    together: Places = many[pair].astype(np.int64)
    return together


def _summed(source: CodeSource, levels: Levels, mine: Places, thirds: Places) -> _Sums:
    """The rows `mine` with a level, of these thirds, put together."""
    marks = source.y[mine].astype(np.int64) if source.task != "regression" else np.zeros(len(mine), dtype=np.int64)
    many = int(marks.max(initial=0)) + 1
    keys = (thirds * len(levels.names) + levels.places[mine]) * many + marks
    different, of_row = np.unique(keys, return_inverse=True)
    counted = np.ones(len(mine)) if source.weights is None else source.weights[mine]
    weights = np.bincount(of_row, counted).astype(np.float64)
    pairs = different // many
    if source.task == "regression":
        y = np.bincount(of_row, counted * source.y[mine]) / np.maximum(weights, 1e-300)
    else:  # not a mean: 0.1 * 3 / 0.1 is no class
        y = (different % many).astype(np.float64)
    return _Sums(pairs % len(levels.names), pairs // len(levels.names), y, weights, of_row.astype(np.int64))


def _taken(terms: Terms, rows: Places) -> Terms:
    """The terms of some texts, each as often as it is asked for."""
    lengths = np.diff(terms.starts)[rows]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    of_term = np.repeat(terms.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
    return Terms(starts, terms.places[of_term], terms.values[of_term], terms.width)
