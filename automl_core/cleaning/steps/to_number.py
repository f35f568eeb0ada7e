"""Text that spells numbers becomes numbers; what spells none becomes missing and is counted."""
from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, distinct_texts, is_text, need_column, replace_column
from automl_core.data.numbers import find_number_style
from automl_core.data.table import Reading, Row
from automl_core.data.values import is_null_token, parse_number
from automl_core.errors import BadInput
from automl_core.registry import Field


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """How the numbers are written (`decimal`, `thousands`, `unit`), unless the options say it."""
    series = need_column(frame, column)
    if any(options.get(name) for name in ("decimal", "thousands", "unit")):
        given = {name: str(options.get(name) or "") for name in ("decimal", "thousands", "unit")}
        return {**given, "decimal": given["decimal"] or "."}
    if not is_text(series):
        return {"decimal": ".", "thousands": "", "unit": ""}
    counts = Counter({str(text): int(count) for text, count in series.value_counts().items() if not is_null_token(str(text))})
    shape = find_number_style(list(counts), list(counts.values())) if counts else None
    if shape is None:
        raise BadInput(f"Fewer than half of the values of “{column[:80]}” are numbers.", "Keep it as text.")
    return {"decimal": shape.reading.decimal, "thousands": shape.reading.thousands, "unit": shape.reading.unit}


def _read(text: str, reading: Reading) -> float:
    value = parse_number(text, reading)
    return value if value is not None and math.isfinite(value) else math.nan


def _reading(options: Options) -> Reading:
    return Reading(decimal=options["decimal"], thousands=options["thousands"], unit=options["unit"])


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    if series.dtype.kind in "iuf":
        return frame, 0
    if series.dtype.kind == "M":
        raise BadInput(f"“{column[:80]}” holds dates, which are no numbers.", "Keep it as a date.")
    codes, texts = distinct_texts(series)
    reading = _reading(options)
    numbers = np.array([*(_read(text, reading) for text in texts), math.nan])[codes]
    return replace_column(frame, column, numbers), int((codes >= 0).sum())


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, str):
        row[column] = _read(value, _reading(options))
    elif value is None and column in row:
        row[column] = math.nan


STEP = CleaningStep(
    "to_number", "Turn into a number", learn, apply, apply_row,
    fields=(
        Field("decimal", "Decimal mark", "choice", "", ("", ".", ",")),
        Field("thousands", "Group mark", "choice", "", ("", ",", ".", " ", "'")),
        Field("unit", "Unit to strip", "text", ""),
    ),
    for_kinds=("bool", "text"),
)
