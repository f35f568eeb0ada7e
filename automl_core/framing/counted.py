"""Which rows count, in the check as in the search: those of weight 0 neither teach nor test."""
from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.errors import BadInput
from automl_core.framing.problem import Problem


def counted_rows(frame: pd.DataFrame, problem: Problem, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m,) which of the rows at `places` count: all but those of weight 0, of which folds could hold nothing else.

    BadInput when those that do have one outcome only. All rows where none counts: `row_weights` refuses them.
    """
    counted = np.ones(len(places), dtype=np.bool_)
    if problem.weights and problem.weights in frame.columns:
        counted = pd.to_numeric(frame[problem.weights].iloc[places], errors="coerce").to_numpy(dtype=np.float64) != 0
    if not counted.any() or counted.all():
        return np.ones(len(places), dtype=np.bool_)
    if frame[problem.target].iloc[places[counted]].nunique() < 2:
        raise BadInput(f"All rows whose weight in “{problem.weights[:80]}” is above 0 have the same outcome.",
                       "Mend the weights, or choose another column for them.")
    return counted
