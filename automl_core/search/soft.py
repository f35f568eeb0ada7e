"""Learning from soft targets: shares of classes, where a family knows only classes."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automl_core.search.feature import Array


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a fit learns from: `matrix` (n, p), outcomes `y` (n,) and how much each row counts (n,) (None: the same)."""

    matrix: Array
    y: Array
    weights: Array | None = None


def softened(rows: Rows, taught: Array) -> Rows:
    """The rows with numbers (n,) in place of their outcomes, or shares (n, k) of their classes.

    Of classes each row is there k times, once a class, and counts by that class's share: what a boosting then makes small is the
    cross entropy with the shares. Copies that would not count are left out.
    """
    if taught.ndim == 1:
        return Rows(rows.matrix, taught, rows.weights)
    count, classes = taught.shape
    counted = (taught if rows.weights is None else taught * rows.weights[:, None]).ravel()
    kept = np.flatnonzero(counted > 0)
    labels = np.tile(np.arange(classes, dtype=np.float64), count)
    return Rows(rows.matrix[kept // classes], labels[kept], counted[kept])
