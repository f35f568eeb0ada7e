"""A table made ready for the search: encoded once, split once, named by a fingerprint so that finished work is found again."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.cleaning.recipe import Recipe
from automl_core.codec import to_json
from automl_core.data.table import Column
from automl_core.framing.class_factors import TUNED, labelled_by_others
from automl_core.framing.columns import usable_columns
from automl_core.framing.counted import counted_rows
from automl_core.framing.metrics import METRICS, Decision, Metric, decision_of, judging_threshold, metric_of
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import Counting
from automl_core.framing.validation import default_folds, encode_target, make_folds, row_groups, row_weights
from automl_core.search.calibration import parts_of
from automl_core.search.codes import has_codes
from automl_core.search.family import Array
from automl_core.search.feature import is_days
from automl_core.search.features import Encoder, fit_encoder, letter_columns
from automl_core.search.letters import Levels
from automl_core.search.log_target import pays
from automl_core.search.memory import rows_that_fit
from automl_core.search.plan import LEAST_OF_CLASS, MANY_CLASSES, Plan
from automl_core.search.portfolio import Views
from automl_core.search.text import MAX_CHARS, Terms

Positions = NDArray[np.int64]
CHARS_A_SECOND = 250_000  # of free text a search learns from: counting and coding them takes a third of the time then
MANY_TERMS = 20_000_000  # of texts, times the classes they are coded for: from there on that takes longer than to wait for
ROWS_TO_TUNE = 3_000  # of factors of classes, which are tuned for every fold of every candidate
WIDE, FEW_ROWS = 250, 4  # features from which they are very many, where there are not as many times more rows
LEAST_ROWS = 200  # however long their texts are
FEWEST = 2  # rows of a class, where rows are drawn: more would make rare classes look less rare


@dataclass(frozen=True, slots=True, eq=False)
class SearchData:
    """What to search on: the typed and cleaned frame with its columns, and the raw schema they came from by the recipe."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    problem: Problem
    recipe: Recipe = field(default_factory=Recipe)
    schema: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The matrix (n, p) and target (n,) of the rows with a target and a weight other than 0; `positions` (n,) are their places in
    the frame. While a search goes on its workers alone have the matrix, and here it is empty (see `without_matrix`).

    `left_out` more rows have one, but were not drawn: more than the search has time for, and `unheld` of them more than there is
    memory for.
    `hurried` says that even these are many for the time.

    `terms` are those of the text columns, `levels` those of the categories whose letters are looked at.
    `weights` (n,) are how much each row counts while learning (None: all the same),
    `groups` (n,) which rows belong together (None: each row stands alone).
    `folds` are (train, valid) positions in the matrix, the one to try first at the front: the newest when time orders the rows.
    `alone` says that some fold learns from one group only, where no rows could speak for others.
    """

    data: SearchData
    encoder: Encoder
    matrix: Array
    y: Array
    positions: Positions
    folds: tuple[tuple[Positions, Positions], ...]
    metric: Metric
    fingerprint: str
    terms: dict[str, Terms] = field(default_factory=dict)
    weights: Array | None = None
    groups: Positions | None = None
    left_out: int = 0
    hurried: bool = False
    unheld: int = 0
    levels: dict[str, Levels] = field(default_factory=dict)
    alone: bool = False

    @property
    def classes(self) -> int:
        return max(2, len(self.data.problem.classes))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features, of the matrix too."""
        return len(self.y), len(self.encoder.features)

    def without_matrix(self) -> Prepared:
        """The same without the matrix: the workers have it, and a search asks for it no more."""
        return replace(self, matrix=self.matrix[:0].copy())

    @property
    def coded(self) -> bool:
        """Whether there are levels or texts to be coded by the target, in every fold: a model is judged with what it has."""
        return not self.alone and has_codes(self.encoder.features, self.terms)

    @property
    def views(self) -> Views:
        """What there is to look at besides the plain columns."""
        pairable = sum(feature.kind in ("number", "category") or is_days(feature) for feature in self.encoder.features) > 1
        # a metric of logarithms asks for them whatever the tail: how far small numbers are off by their share counts there
        asked = self.metric.name == "rmsle" and float(self.y.min()) >= 0
        logs = self.data.problem.task == "regression" and (asked or pays(self.y))
        terms = sum(len(found.values) for found in self.terms.values())
        slow = self.classes > MANY_CLASSES and terms * self.classes > MANY_TERMS
        rows, features = self.shape
        wide = features > WIDE and FEW_ROWS * features > rows
        dates = sum(map(is_days, self.encoder.features)) > 1
        return Views(self.coded, bool(self.terms), pairable, logs, slow, bool(self.levels) and not self.alone, wide, dates,
                     features)

    @property
    def judge(self) -> Metric:
        """What compares models: the problem's metric, or log loss where that one only looks at labels and sees too little."""
        labels = self.metric.labels and self.data.problem.task != "regression"
        return METRICS["log_loss"] if labels else self.metric

    def loss(self, y: Array, prediction: Array) -> Array:
        """(n,) loss of each row that grows as predictions get worse: the judge's own, else log loss."""
        rows = self.judge.loss_rows or METRICS["log_loss"].loss_rows
        assert rows is not None
        return rows(y, prediction, decision_of(self.data.problem))

    def weights_of(self, rows: Positions) -> Array | None:
        """(m,) how much these rows count; None when all count the same."""
        return None if self.weights is None else self.weights[rows]

    def counting(self, rows: Positions) -> Counting:
        """How these rows count, and which of them belong together."""
        return Counting(self.weights_of(rows), None if self.groups is None else self.groups[rows])

    def judged(self, y: Array, prediction: Array, counting: Counting, fold_of: Positions) -> tuple[Array, Decision]:
        """What the metric is read on, and at which decision.

        For labels of two classes the predictions (n,) become 1 where they reach the threshold that is best on the other folds
        (with one fold: on the other half of the rows): its own rows would flatter a threshold. `fold_of` (n,) is each row's fold.
        So are labels of several classes by their factors. Amounts of money set it where money is the metric alone.
        """
        problem = self.data.problem
        if problem.task == "multiclass" and self.metric.name in TUNED:
            said = labelled_by_others(self.metric, y, prediction, parts_of(fold_of, counting.groups), counting, ROWS_TO_TUNE)
            return said, decision_of(problem)
        if not self.metric.labels or problem.task != "binary":
            return prediction, decision_of(problem)
        parts = parts_of(fold_of, counting.groups)
        labels = np.empty(len(y))
        for part in np.unique(parts):
            mine = parts == part
            others = None if counting.weights is None else counting.weights[~mine]
            labels[mine] = prediction[mine] >= judging_threshold(y[~mine], prediction[~mine], problem, others)
        return labels, Decision(0.5, problem.money)


def prepare(data: SearchData, plan: Plan) -> Prepared:
    """Encode and split. BadInput when nothing can be learned from."""
    y, keep = encode_target(data.frame[data.problem.target], data.problem)
    places = np.flatnonzero(keep)
    counted = counted_rows(data.frame, data.problem, places)
    y, places = y[counted], places[counted]
    chosen = drawn(y, data.problem, min(plan.rows_of(len(data.problem.classes)), _most_by_text(data, places, plan)), plan.seed)
    y, positions = y[chosen], places[chosen]
    kept = data.frame.iloc[positions].reset_index(drop=True)
    encoder = fit_encoder(kept, data.columns, data.problem, plan.seed)
    most = rows_that_fit(len(y), len(encoder.features), data.frame, plan)
    unheld = len(y) - most
    if unheld:
        chosen = drawn(y, data.problem, most, plan.seed)
        y, positions, kept = y[chosen], positions[chosen], kept.iloc[chosen].reset_index(drop=True)
        encoder = fit_encoder(kept, data.columns, data.problem, plan.seed)
    terms = encoder.terms(kept)
    matrix = encoder.matrix(kept, terms)
    trees = len(data.problem.classes) if data.problem.task == "multiclass" else 1  # a boosting grows them for each class
    hurried = plan.hurried(len(y) * trees)
    wanted = plan.folds or default_folds(len(y), plan.first_seconds or plan.budget_seconds, hurried)
    folds = make_folds(y, data.problem, kept, data.columns, wanted, plan.seed)
    if data.problem.time:
        folds = folds[::-1]
    groups = row_groups(kept, data.columns, data.problem)
    folds, alone = _of_several_groups(folds, groups)
    target = y.astype(np.float64)
    weights = row_weights(kept, data.problem)
    levels = letter_columns(kept, encoder)
    named = [array for one in levels.values() for array in one.arrays().values()]  # the matrix does not tell rare levels apart
    return Prepared(data, encoder, matrix, target, positions, folds, metric_of(data.problem),
                    _fingerprint((matrix, target, weights, *named), folds, data.problem, plan.seed), terms, weights,
                    groups, len(places) - len(positions), hurried, unheld, levels, alone)


def _of_several_groups(
    folds: tuple[tuple[Positions, Positions], ...], groups: Positions | None
) -> tuple[tuple[tuple[Positions, Positions], ...], bool]:
    """The folds that learn from more than one group, and whether there is none: then all of them. The oldest of groups that
    follow each other in time has one only, in which nothing can be coded by others."""
    several = tuple(fold for fold in folds if groups is None or np.ptp(groups[fold[0]]) > 0)
    return several or folds, not several


def _most_by_text(data: SearchData, places: Positions, plan: Plan) -> int:
    """How many rows the time allows by the length of their texts, which many classes are learned from one by one."""
    names = [column.name for column in usable_columns(data.columns, data.problem)
             if column.role == "text" and column.kind not in ("int", "float", "date")]
    if not plan.timed or not names or not len(places):
        return plan.most_rows
    each = sum(float(data.frame[name].astype("string").str.len().clip(upper=MAX_CHARS).fillna(0).mean()) for name in names)
    most = int(CHARS_A_SECOND * (plan.first_seconds or plan.budget_seconds) / max(each, 1.0))
    classes = len(data.problem.classes)
    return max(LEAST_ROWS, min(most, max(most * MANY_CLASSES // max(classes, MANY_CLASSES), LEAST_OF_CLASS * classes)))


def drawn(y: NDArray[np.generic], problem: Problem, most: int, seed: int) -> Positions:
    """Places (m,) of the rows to learn from, in their order: all n of them, or about `most` drawn at random.

    Each class keeps its share, so that probabilities are those of the whole table; `FEWEST` rows stay of each that has as many.
    """
    if len(y) <= most:
        return np.arange(len(y))
    random = np.random.default_rng(seed)
    if problem.task == "regression":
        return np.sort(random.choice(len(y), most, replace=False))
    parts = [np.flatnonzero(y == label) for label in np.unique(y)]
    wanted = [min(len(part), max(FEWEST, round(most * len(part) / len(y)))) for part in parts]
    return np.sort(np.concatenate([random.choice(part, many, replace=False) for part, many in zip(parts, wanted, strict=True)]))


def _fingerprint(
    rows: tuple[NDArray[Any] | None, ...], folds: tuple[tuple[Positions, Positions], ...], problem: Problem, seed: int
) -> str:
    digest = hashlib.sha256(json.dumps([to_json(problem), seed], sort_keys=True).encode())
    for array in (*(part for part in rows if part is not None), *(valid for _, valid in folds)):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()[:32]
