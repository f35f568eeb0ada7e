"""A table made ready for the search: encoded once, split once, named by a fingerprint so that finished work is found again."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.cleaning.recipe import Recipe
from automl_core.codec import to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.metrics import METRICS, Decision, Metric, decision_of, metric_of, tune_threshold
from automl_core.framing.problem import Problem
from automl_core.framing.validation import default_folds, encode_target, make_folds
from automl_core.search.codes import has_codes
from automl_core.search.family import Array
from automl_core.search.features import Encoder, fit_encoder
from automl_core.search.log_target import pays
from automl_core.search.plan import Plan
from automl_core.search.portfolio import Views
from automl_core.search.text import Terms

Positions = NDArray[np.int64]


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
    """The matrix (n, p) and target (n,) of the rows with a target; `positions` (n,) are their places in the frame.

    `terms` are those of the text columns, `weights` (n,) how much each row counts while learning (None: all the same).
    `folds` are (train, valid) positions in the matrix, the one to try first at the front: the newest when time orders the rows.
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

    @property
    def classes(self) -> int:
        return max(2, len(self.data.problem.classes))

    @property
    def coded(self) -> bool:
        """Whether there are levels or texts to be coded by the target."""
        return has_codes(self.encoder.features, self.terms)

    @property
    def views(self) -> Views:
        """What there is to look at besides the plain columns."""
        pairable = sum(feature.kind in ("number", "category") for feature in self.encoder.features) > 1
        logs = self.data.problem.task == "regression" and pays(self.y)
        return Views(self.coded, bool(self.terms), pairable, logs)

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

    def decision(self, y: Array, prediction: Array, weights: Array | None = None) -> Decision:
        """The decision the metric is read at: for metrics of labels, at these predictions' own best threshold."""
        problem = self.data.problem
        labels = self.metric.labels and problem.task == "binary"
        return decision_of(problem, tune_threshold(y, prediction, problem, weights)) if labels else decision_of(problem)


def prepare(data: SearchData, plan: Plan) -> Prepared:
    """Encode and split. BadInput when nothing can be learned from."""
    y, keep = encode_target(data.frame[data.problem.target], data.problem)
    positions = np.flatnonzero(keep)
    kept = data.frame.iloc[positions].reset_index(drop=True)
    encoder = fit_encoder(kept, data.columns, data.problem, plan.seed)
    matrix = encoder.matrix(kept)
    wanted = plan.folds or default_folds(len(y), plan.first_seconds or plan.budget_seconds)
    folds = make_folds(y, data.problem, kept, data.columns, wanted, plan.seed)
    if data.problem.time:
        folds = folds[::-1]
    target = y.astype(np.float64)
    weights = _weights(kept, data.problem)
    return Prepared(data, encoder, matrix, target, positions, folds, metric_of(data.problem),
                    _fingerprint(matrix, target, folds, data.problem), encoder.terms(kept), weights)


def _weights(frame: pd.DataFrame, problem: Problem) -> Array | None:
    """(n,) weights with mean 1; BadInput when the column does not hold numbers of which none is below 0."""
    if not problem.weights:
        return None
    if problem.weights not in frame.columns:
        raise BadInput(f"There is no column “{problem.weights[:80]}” to weigh rows by.", "Choose another column for the weights.")
    values = pd.to_numeric(frame[problem.weights], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.sum() <= 0:
        raise BadInput(f"“{problem.weights[:80]}” cannot weigh rows: a weight is missing, below 0 or no number, or all are 0.",
                       "Mend those rows, or choose another column for the weights.")
    weights: Array = values / values.mean()
    return weights


def _fingerprint(matrix: Array, y: Array, folds: tuple[tuple[Positions, Positions], ...], problem: Problem) -> str:
    digest = hashlib.sha256(json.dumps(to_json(problem), sort_keys=True).encode())
    for array in (np.ascontiguousarray(matrix), y, *(np.ascontiguousarray(valid) for _, valid in folds)):
        digest.update(array.tobytes())
    return digest.hexdigest()[:32]
