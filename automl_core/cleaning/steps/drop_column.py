"""A column is removed, from training and from every new row."""
from __future__ import annotations

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, keep_options
from automl_core.data.table import Row


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    return frame.drop(columns=column), len(frame)


def apply_row(row: Row, column: str, options: Options) -> None:
    row.pop(column, None)


STEP = CleaningStep("drop_column", "Drop the column", keep_options, apply, apply_row)
