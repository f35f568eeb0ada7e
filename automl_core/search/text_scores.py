"""What a text speaks for: a sparse linear model over its terms, cross-fitted, as features for every other model."""
from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.feature import Array
from automl_core.search.text import Cells, Terms

Places = NDArray[np.int64]
THIRDS = 3
ABSENT = -10.0  # log-odds of a class that these rows lack


@dataclass(frozen=True, slots=True, eq=False)
class TextScores:
    """Raw scores of a text: `intercept` (k,) plus the sum of its terms' `weights` (terms, k)."""

    source: str
    weights: NDArray[np.float32]
    intercept: Array

    def columns(self, terms: Terms) -> Array:
        """(n, k) scores of many texts."""
        out = np.repeat(self.intercept[None, :], len(terms.starts) - 1, axis=0)
        rows = np.repeat(np.arange(len(out)), np.diff(terms.starts))
        for column in range(out.shape[1]):
            parts = terms.values * self.weights[terms.places, column]
            out[:, column] += np.bincount(rows, parts, minlength=len(out))
        return out

    def cell(self, cells: Cells) -> list[float]:
        """The scores of one text."""
        places, values = cells
        parts = values.astype(np.float32)[:, None] * self.weights[places]
        found: list[float] = (self.intercept + parts.sum(axis=0, dtype=np.float64)).tolist()
        return found

    def arrays(self) -> dict[str, Any]:
        """What is stored: see `restored`."""
        return {"weights": self.weights, "intercept": self.intercept}

    @staticmethod
    def restored(source: str, arrays: Mapping[str, Any]) -> TextScores:
        """The scores whose `arrays` were stored."""
        return TextScores(source, arrays["weights"], arrays["intercept"])


@dataclass(frozen=True, slots=True, eq=False)
class TextTarget:
    """The target `y` (n,) with its task and number of classes, and how much each row counts (n,) (None: all the same). `told` are
    those of several classes that have a score (None: all)."""

    y: Array
    task: Task
    classes: int
    weights: Array | None = None
    told: Places | None = None


def fit_text_scores(
    name: str, terms: Terms, target: TextTarget, train: Places, parts: Places, until: float = math.inf
) -> tuple[TextScores, Array, bool]:
    """The scores learned on the rows `train`, the scores (n, k) of all rows (for a row of `train`, what the other parts say), and
    whether all classes were learned.

    `parts` (len(train),) is the part of each row of `train`. Of several classes the most frequent ones come first; those not
    learned by `until`, a moment of `time.monotonic`, have their share for a score, whatever the text.
    """
    from scipy.sparse import csr_matrix

    matrix: Any = csr_matrix((terms.values, terms.places, terms.starts), shape=(len(terms.starts) - 1, terms.width))
    thirds = [parts % THIRDS == part for part in range(THIRDS)]
    rows, through = [train, *(train[~mine] for mine in thirds)], True
    if target.task == "regression":
        whole, *others = [_line(name, matrix[some], target, some) for some in rows]
    else:
        (whole, *others), through = _by_class(name, matrix, target, rows, until)
    values = whole.columns(terms)
    for mine, scores in zip(thirds, others, strict=True):
        chosen = train[mine]
        values[chosen] = matrix[chosen] @ scores.weights + scores.intercept
    return whole, values, through


def _line(name: str, matrix: Any, target: TextTarget, rows: Places) -> TextScores:
    from sklearn.linear_model import Ridge

    counted = None if target.weights is None else target.weights[rows]
    ridge = Ridge(alpha=1.0, solver="lsqr").fit(matrix, target.y[rows], sample_weight=counted)
    return TextScores(name, ridge.coef_.reshape(-1, 1).astype(np.float32), np.array([float(ridge.intercept_)]))


def _by_class(name: str, matrix: Any, target: TextTarget, rows: list[Places], until: float) -> tuple[list[TextScores], bool]:
    """The scores learned on each of these sets of rows, the first of them all: one class after the other, as time allows. And
    whether it lasted."""
    told = np.arange(target.classes) if target.told is None else target.told
    marks = told if target.task == "multiclass" else np.ones(1)
    counted = np.ones(len(rows[0])) if target.weights is None else target.weights[rows[0]]  # one may stand for many
    counts = np.array([counted[target.y[rows[0]] == mark].sum() for mark in marks])
    shares = np.clip(counts / max(float(counted.sum()), 1e-300), math.exp(ABSENT), 1 - math.exp(ABSENT))
    found = [TextScores(name, np.zeros((matrix.shape[1], len(marks)), dtype=np.float32), np.log(shares / (1 - shares)))
             for _ in rows]
    for number, column in enumerate(np.argsort(-counts, kind="stable")):
        learned = []
        for some in rows:
            if number and time.monotonic() > until:  # a class that only some rows speak for says nothing
                return found, False
            learned.append(_class_line(matrix, target, some, float(marks[column])))
        for scores, (weights, start) in zip(found, learned, strict=True):
            if not math.isnan(start):  # else the share among all rows: an odd score would be a name for the rows left out
                scores.weights[:, column], scores.intercept[column] = weights, start
    return found, True


def _class_line(matrix: Any, target: TextTarget, rows: Places, mark: float) -> tuple[Any, float]:
    """What each term says for one class against all others (a number a term, or one for all), and where that starts: NaN where
    rows are of one side only, and say nothing."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    truth = target.y[rows] == mark
    if not 0 < truth.sum() < len(truth):
        return 0.0, math.nan
    model = LogisticRegression(C=4.0, solver="liblinear", dual=True, tol=0.01, max_iter=100, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what is reached after these rounds is good enough for a feature
        model.fit(matrix[rows], truth, sample_weight=None if target.weights is None else target.weights[rows])
    return model.coef_[0], float(model.intercept_[0])
