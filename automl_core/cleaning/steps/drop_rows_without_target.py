"""Rows without an outcome cannot teach anything and are removed from the training data."""
from __future__ import annotations

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, keep_options, nothing


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    """The rows in which `column`, the target, has a value."""
    empty = frame[column].isna().to_numpy()
    return (frame[~empty] if empty.any() else frame), int(empty.sum())


STEP = CleaningStep(
    "drop_rows_without_target", "Drop rows without an outcome", keep_options, apply, nothing, drops_rows=True, scoring=False,
)
