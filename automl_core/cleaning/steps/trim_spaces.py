"""Spaces around a text go, and runs of spaces inside become one; a blank text becomes missing."""
from __future__ import annotations

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, map_texts, need_text, replace_column
from automl_core.data.spellings import trimmed
from automl_core.data.table import Row


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    need_text(frame, column)
    return {}


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    if not is_text(frame[column]):
        return frame, 0
    new, changed = map_texts(frame[column], trimmed)
    return (replace_column(frame, column, new) if changed else frame), changed


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, str):
        row[column] = trimmed(value)


STEP = CleaningStep("trim_spaces", "Trim spaces", learn, apply, apply_row, for_kinds=("bool", "text"))
