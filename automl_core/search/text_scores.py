"""What a text speaks for: a sparse linear model over its terms, cross-fitted, as features for every other model."""
from __future__ import annotations

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
    """The target `y` (n,) with its task and number of classes, and how much each row counts (n,) (None: all the same)."""

    y: Array
    task: Task
    classes: int
    weights: Array | None = None


def fit_text_scores(
    name: str, terms: Terms, target: TextTarget, train: Places, parts: Places
) -> tuple[TextScores, Array]:
    """The scores learned on the rows `train`, and the scores (n, k) of all rows: for a row of `train`, what the other parts say.

    `parts` (len(train),) is the part of each row of `train`.
    """
    from scipy.sparse import csr_matrix

    matrix: Any = csr_matrix((terms.values, terms.places, terms.starts), shape=(len(terms.starts) - 1, terms.width))
    whole = _fit(name, matrix[train], target, train)
    values = whole.columns(terms)
    for part in range(THIRDS):
        mine = parts % THIRDS == part
        chosen = train[mine]
        others = _fit(name, matrix[train[~mine]], target, train[~mine])
        values[chosen] = matrix[chosen] @ others.weights + others.intercept
    return whole, values


def _fit(name: str, matrix: Any, target: TextTarget, rows: Places) -> TextScores:
    from sklearn.linear_model import LogisticRegression, Ridge

    y, task, classes = target.y, target.task, target.classes
    counted = None if target.weights is None else target.weights[rows]
    if task == "regression":
        ridge = Ridge(alpha=1.0, solver="lsqr").fit(matrix, y[rows], sample_weight=counted)
        return TextScores(name, ridge.coef_.reshape(-1, 1).astype(np.float32), np.array([float(ridge.intercept_)]))
    weights = np.zeros((matrix.shape[1], classes if task == "multiclass" else 1), dtype=np.float32)
    intercept = np.full(weights.shape[1], ABSENT)
    for column in range(weights.shape[1]):
        truth = y[rows] == (column if task == "multiclass" else 1)
        if 0 < truth.sum() < len(truth):
            model = LogisticRegression(C=4.0, solver="liblinear", dual=True, tol=0.01, max_iter=100, random_state=0)
            model.fit(matrix, truth, sample_weight=counted)
            weights[:, column] = model.coef_[0]
            intercept[column] = float(model.intercept_[0])
    return TextScores(name, weights, intercept)
