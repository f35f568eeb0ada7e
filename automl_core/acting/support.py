"""Whether a changed row would still look like a row of this table: an isolation forest (Liu, Ting and Zhou 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
FIT_ROWS = 4_000
TREES = 60
STRANGEST = 0.05
LEAST_REAL = 100  # rows that have a value: the strangest twentieth of fewer is two or three, and these may be anything


@dataclass(frozen=True, eq=False, slots=True)
class Plausibility:
    """A forest over the covariates and the lever, and the score below which a row is strange (its 5th percentile)."""

    forest: Any
    matrix: Floats
    floor: float

    def holds(self, lever: Floats, rows: Mask, real: Mask | None = None) -> Mask:
        """(n,) whether a row with the `lever` values (n,) looks like one of the table; rows outside `rows` are not asked.

        The `real` ones among them have those values: what looks like 95 % of these is not strange, however rare they are, if they
        are enough to say so.
        """
        out = np.zeros(len(lever), dtype=bool)
        places = np.flatnonzero(rows)
        if len(places):
            changed = np.column_stack([self.matrix[places], lever[places]])
            told, floor = self.forest.score_samples(changed), self.floor
            if real is not None and np.count_nonzero(real[places]) >= LEAST_REAL:
                floor = min(floor, float(np.quantile(told[real[places]], STRANGEST)))
            out[places] = told >= floor
        return out


def plausibility(covariates: Covariates, lever: Floats, seed: int = 0) -> Plausibility:
    """Fits the forest on 4,000 rows at most; missing values count as the middle, categories by how common their level is."""
    from sklearn.ensemble import IsolationForest

    matrix = covariates.matrix.copy()
    middle = np.array([np.nanmedian(column) if np.isfinite(column).any() else 0.0 for column in matrix.T])
    matrix = np.where(np.isnan(matrix), middle, matrix) if matrix.size else matrix
    known = np.flatnonzero(np.isfinite(lever))
    generator = np.random.default_rng(seed)
    picked = known if len(known) <= FIT_ROWS else generator.choice(known, FIT_ROWS, replace=False)
    rows = np.column_stack([matrix[picked], lever[picked]])
    forest = IsolationForest(n_estimators=TREES, random_state=seed % 2**32, n_jobs=1).fit(rows)
    return Plausibility(forest, matrix, float(np.quantile(forest.score_samples(rows), STRANGEST)))
