"""Numbers and dates become text: for codes that only look like numbers."""
from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, keep_options, replace_column
from automl_core.data.table import Row
from automl_core.data.values import to_text


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    if is_text(series):
        return frame, 0
    codes, values = pd.factorize(series)
    cells = np.array([*(_text(value) for value in values), None], dtype=object)[codes]
    return replace_column(frame, column, pd.Series(cells, index=series.index).astype("str")), int((codes >= 0).sum())


def _text(value: object) -> str | None:
    """Numbers through float, as a single row holds them, so that both spell alike."""
    if isinstance(value, (int, float, np.number)):
        return None if math.isnan(float(value)) else to_text(float(value))
    return to_text(value)


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, (int, float, datetime)):
        row[column] = _text(value)


STEP = CleaningStep("to_text", "Turn into text", keep_options, apply, apply_row, for_kinds=("int", "float", "date"))
