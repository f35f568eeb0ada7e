"""Rows that repeat an earlier row in every column are removed from the training data."""
from __future__ import annotations

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, nothing
from automl_core.data.repeats import repeats


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    return {}


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    """Keeps the first of equal rows; the index still tells the rows kept."""
    repeated = repeats(frame)
    return (frame[~repeated] if repeated.any() else frame), int(repeated.sum())


STEP = CleaningStep(
    "drop_duplicates", "Drop duplicate rows", learn, apply, nothing, drops_rows=True, scoring=False, whole_table=True,
)
