"""Spellings and numbers that only mean “no value” become missing."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, map_texts, need_column, replace_column
from automl_core.data.table import Row
from automl_core.data.values import is_missing
from automl_core.errors import BadInput
from automl_core.registry import Field


def _key(text: str) -> str:
    return text.strip().casefold()


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """Tokens as a list of texts; for a number or date column those that are numbers are compared as numbers."""
    need_column(frame, column)
    tokens = options.get("tokens", [])
    listed = [part.strip() for part in tokens.split(",")] if isinstance(tokens, str) else [str(token) for token in tokens]
    if not listed:
        raise BadInput(f"No value was named that means “missing” in “{column[:80]}”.", "Name at least one, such as “?”.")
    return {"tokens": listed}


def _numbers(options: Options) -> list[float]:
    found = []
    for token in options["tokens"]:
        try:
            found.append(float(token))
        except ValueError:
            continue
    return found


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    if is_text(series):
        keys = {_key(token) for token in options["tokens"]}
        new, changed = map_texts(series, lambda text: None if _key(text) in keys else text)
        return (replace_column(frame, column, new) if changed else frame), changed
    if series.dtype.kind == "M":
        return frame, 0
    values = series.to_numpy(dtype=float)
    hit = np.isin(values, _numbers(options))
    if not hit.any():
        return frame, 0
    return replace_column(frame, column, np.where(hit, np.nan, values)), int(hit.sum())


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, str):
        if _key(value) in {_key(token) for token in options["tokens"]}:
            row[column] = None
    elif isinstance(value, (int, float)) and not is_missing(value) and float(value) in _numbers(options):
        row[column] = float("nan")


STEP = CleaningStep(
    "mark_missing", "Mark as missing", learn, apply, apply_row,
    fields=(Field("tokens", "Values that mean missing", "text", "?", help="Separated by commas"),),
)
