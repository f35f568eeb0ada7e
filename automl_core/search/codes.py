"""Codes learned with the target: what the target was on average for each level, and what a text speaks for.

Rows that a code was learned from get cross-fitted codes (Micci-Barreca 2001; Pargent et al. 2022): what the other parts of the
rows say, so that no row sees its own target. A number with a long tail is coded by its logarithm.
"""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.feature import Array, Feature
from automl_core.search.letters import Letters, Levels
from automl_core.search.log_target import to_code
from automl_core.search.text import Terms
from automl_core.search.text_scores import THIRDS, TextScores, TextTarget, fit_text_scores

PARTS = 5
PRIOR_ROWS = 10.0  # rows' worth of the overall mean that every level starts with
MOST_MEANS = 300  # columns of level means: where many classes would make more, only the most frequent ones have theirs
LEAST_LEVELS = 12  # below, a model splits the levels by itself as well
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelMeans:
    """The smoothed mean of the target for each level of the category at `place` of the matrix.

    `values` is (levels + 1, k): class shares (k 1 for the positive class alone; of very many only the most frequent) or the
    number's mean; the last row is for missing and unknown levels.
    """

    source: str
    place: int
    values: Array

    def columns(self, matrix: Array) -> Array:
        """(n, k) codes of the rows of a matrix."""
        codes = matrix[:, self.place]
        places = np.where(np.isnan(codes), len(self.values) - 1, codes).astype(np.int64)
        out: Array = self.values[places]
        return out

    def cell(self, code: float) -> list[float]:
        """The code of one row whose level is `code` (NaN: missing)."""
        found: list[float] = self.values[int(code) if code == code else -1].tolist()
        return found


Code = LevelMeans | TextScores | Letters


@dataclass(frozen=True, slots=True, eq=False)
class CodeSource:
    """What codes are learned from: the plain matrix (n, p) with its features, the texts' terms by column and the target (n,).

    `groups` (n,) are rows that belong together and never speak for each other; None when all stand alone. `weights` (n,) with
    mean 1 are how much each row counts; None: all the same. `levels` are those of the columns whose letters are looked at.
    """

    matrix: Array
    features: tuple[Feature, ...]
    terms: Mapping[str, Terms]
    y: Array
    task: Task
    classes: int = 2
    class_names: tuple[str, ...] = ()
    groups: Places | None = None
    weights: Array | None = None
    levels: Mapping[str, Levels] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Codes learned on some rows, with their features, and `values` (n, q): cross-fitted for those rows, plain for all others.
    `whole` is False where time left out a part."""

    codes: tuple[Code, ...]
    features: tuple[Feature, ...]
    values: Array
    whole: bool = True


def has_codes(features: tuple[Feature, ...], terms: Mapping[str, Terms]) -> bool:
    """Whether there is anything to code."""
    return bool(terms) or any(_wants_means(feature) for feature in features)


def fit_codes(source: CodeSource, train: Places, seed: int = 0, until: float = float("inf")) -> Coded:
    """Learn all codes on the rows `train` (positions). `until` is a moment of `time.monotonic` after which texts are left out;
    each has its part of the time until then."""
    if source.task == "regression":
        source = replace(source, y=to_code(source.y, train))
    width = source.classes if source.task == "multiclass" else 1
    told = told_classes(source, train, MOST_MEANS // max(1, sum(_wants_means(feature) for feature in source.features)))
    target = TextTarget(source.y, source.task, source.classes, source.weights)
    parts = parts_of_rows(source, train, seed)
    codes: list[Code] = []
    features: list[Feature] = []
    blocks: list[Array] = []
    whole = True
    for place, feature in enumerate(source.features):
        if _wants_means(feature):
            code, values = _fit_means(source, (place, told), train, parts)
            codes.append(code)
            blocks.append(values)
            named = code_features(code, width, source.class_names)
            features += named if width == 1 else [named[number] for number in told]
    alone = len(np.unique(parts % THIRDS)) < 2  # of one group, perhaps: there are no others that could speak for these rows
    texts = {} if alone else source.terms
    for number, (name, terms) in enumerate(texts.items()):
        now = time.monotonic()
        if now < until:
            mine = now + (until - now) / (len(texts) - number)
            scores, values, through = fit_text_scores(name, terms, target, train, parts, mine)
            whole = whole and through
            codes.append(scores)
            blocks.append(values)
            features += code_features(scores, width, source.class_names)
        else:
            whole = False
    values = np.hstack(blocks) if blocks else np.zeros((len(source.y), 0))
    return Coded(tuple(codes), tuple(features), values, whole)


def code_features(code: LevelMeans | TextScores, width: int, class_names: tuple[str, ...]) -> list[Feature]:
    """The features that a code makes: one, or one a class."""
    what = "usual outcome" if isinstance(code, LevelMeans) else "text speaks for"
    if width == 1:
        return [Feature(f"{code.source} ({what})", (code.source,), "number")]
    names = class_names if len(class_names) == width else tuple(str(number + 1) for number in range(width))
    return [Feature(f"{code.source} ({what} {name})", (code.source,), "number") for name in names]


def _wants_means(feature: Feature) -> bool:
    return feature.kind == "category" and len(feature.levels) >= LEAST_LEVELS


def parts_of_rows(source: CodeSource, train: Places, seed: int) -> Places:
    """(len(train),) the part 0..4 of each row: every class spread over all parts, or a group in one of them."""
    random = np.random.default_rng(seed)
    if source.groups is not None:
        _, mine = np.unique(source.groups[train], return_inverse=True)
        return (random.permutation(int(mine.max()) + 1) % PARTS)[mine].astype(np.int64)
    order = random.permutation(len(train))
    if source.task != "regression":
        order = order[np.argsort(source.y[train][order], kind="stable")]
    parts = np.empty(len(train), dtype=np.int64)
    parts[order] = np.arange(len(train)) % PARTS
    return parts


def told_classes(source: CodeSource, train: Places, most: int) -> Places:
    """The classes that a column's codes tell of: all, or the `most` frequent ones (one at least).

    A hundred classes of thirty columns were 3,000 more for every candidate, most of them about classes of a few rows.
    """
    most = max(1, most)
    if source.task != "multiclass" or source.classes <= most:
        return np.arange(source.classes)
    counts = np.bincount(source.y[train].astype(np.int64), minlength=source.classes)
    return np.sort(np.argsort(-counts, kind="stable")[:most])


def _fit_means(source: CodeSource, what: tuple[int, Places], train: Places, parts: Places) -> tuple[LevelMeans, Array]:
    """The means of one column for some classes; `what` is its place and those classes."""
    place, told = what
    feature = source.features[place]
    levels = len(feature.levels)
    codes = source.matrix[:, place]
    places = np.where(np.isnan(codes), levels, codes).astype(np.int64)
    truth = _truth(source, told)
    mine = places[train]
    sums = np.zeros((PARTS, levels + 1, truth.shape[1]))
    counts = np.zeros((PARTS, levels + 1))
    counted = np.ones(len(train)) if source.weights is None else source.weights[train]
    np.add.at(sums, (parts, mine), truth[train] * counted[:, None])
    np.add.at(counts, (parts, mine), counted)
    whole = _smoothed(sums.sum(axis=0), counts.sum(axis=0))
    values = whole[places]
    for part in range(PARTS):
        others = _smoothed(sums.sum(axis=0) - sums[part], counts.sum(axis=0) - counts[part])
        chosen = parts == part
        values[train[chosen]] = others[mine[chosen]]
    return LevelMeans(feature.sources[0], place, whole), values


def _truth(source: CodeSource, told: Places) -> Array:
    if source.task == "multiclass":
        of_class: Array = (source.y[:, None] == told).astype(np.float64)
        return of_class
    return source.y[:, None]


def _smoothed(sums: Array, counts: Array) -> Array:
    prior = sums.sum(axis=0) / max(float(counts.sum()), 1e-12)
    out: Array = (sums + PRIOR_ROWS * prior) / (counts + PRIOR_ROWS)[:, None]
    return out
