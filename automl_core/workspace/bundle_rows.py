"""Rows of a file as a bundle's model sees them, and their outcomes."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core import cleaning, framing
from automl_core import data as data_step
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.production import Bundle


def cleaned_rows(bundle: Bundle, raw: pd.DataFrame) -> pd.DataFrame:
    """Rows as the bundle's model sees them: typed by its schema, cleaned by its recipe, none dropped."""
    typed = data_step.type_frame(raw, bundle.model.columns)
    return cleaning.apply_recipe(bundle.model.recipe, typed.frame, scoring=True).frame


def cleaned_row(bundle: Bundle, raw: pd.DataFrame, position: int) -> Row:
    """One of these rows, typed and cleaned likewise; BadInput when there is no such row."""
    if not 0 <= position < len(raw):
        raise BadInput(f"There is no row {position} in this file.", f"Choose one from 0 to {len(raw) - 1}.")
    return cleaning.apply_recipe_row(bundle.model.recipe, data_step.type_row(dict(raw.iloc[position]), bundle.model.columns))


def outcomes_of(bundle: Bundle, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The outcomes of the rows that have one, and a mask (n,) of those rows."""
    problem = bundle.model.problem
    if problem.target not in frame.columns:
        return np.empty(0), np.zeros(len(frame), dtype=bool)
    y, known = framing.encode_target(frame[problem.target], problem)
    return np.asarray(y), np.asarray(known)
