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


def fit_text_scores(
    name: str, terms: Terms, target: tuple[Array, Task, int], train: Places, parts: Places
) -> tuple[TextScores, Array]:
    """The scores learned on the rows `train`, and the scores (n, k) of all rows: for a row of `train`, what the other parts say.

    `target` is the target (n,) with its task and number of classes; `parts` (len(train),) is the part of each row of `train`.
    """
    from scipy.sparse import csr_matrix

    matrix: Any = csr_matrix((terms.values, terms.places, terms.starts), shape=(len(terms.starts) - 1, terms.width))
    whole = _fit(name, matrix[train], target, train)
    values = whole.columns(terms)
    for part in np.unique(parts):
        chosen = train[parts == part]
        others = _fit(name, matrix[train[parts != part]], target, train[parts != part])
        values[chosen] = matrix[chosen] @ others.weights + others.intercept
    return whole, values


def _fit(name: str, matrix: Any, target: tuple[Array, Task, int], rows: Places) -> TextScores:
    from sklearn.linear_model import LogisticRegression, Ridge

    y, task, classes = target
    if task == "regression":
        ridge = Ridge(alpha=1.0, solver="lsqr").fit(matrix, y[rows])
        return TextScores(name, ridge.coef_.reshape(-1, 1).astype(np.float32), np.array([float(ridge.intercept_)]))
    model = LogisticRegression(C=4.0, max_iter=200).fit(matrix, y[rows].astype(np.int64))
    width = classes if task == "multiclass" else 1
    weights = np.zeros((matrix.shape[1], width), dtype=np.float32)
    intercept = np.full(width, -20.0 if width > 1 else 0.0)
    if width == 1:
        return TextScores(name, model.coef_.T.astype(np.float32), np.asarray(model.intercept_, dtype=np.float64))
    weights[:, model.classes_] = model.coef_.T
    intercept[model.classes_] = model.intercept_
    return TextScores(name, weights, intercept)
