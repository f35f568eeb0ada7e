"""One row of a file as a bundle's model sees it, and the outcomes of all (`search.model.cleaned_rows` makes the rows)."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core import framing
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.production import Bundle
from automl_core.search.model import cleaned_row


def row_at(bundle: Bundle, raw: pd.DataFrame, position: int) -> Row:
    """One row of a file as the bundle's model sees it; BadInput when there is no such row."""
    if not 0 <= position < len(raw):
        raise BadInput(f"There is no row {position} in this file.", f"Choose one from 0 to {len(raw) - 1}.")
    return cleaned_row(bundle.model, dict(raw.iloc[position]))


def outcomes_of(bundle: Bundle, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The outcomes of the rows that have one, and a mask (n,) of those rows."""
    problem = bundle.model.problem
    if problem.target not in frame.columns:
        return np.empty(0), np.zeros(len(frame), dtype=bool)
    y, known = framing.encode_target(frame[problem.target], problem)
    return np.asarray(y), np.asarray(known)
