"""Named values are replaced by others; an empty replacement means missing."""
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, map_texts, need_column, replace_column
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.registry import Field


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`values`: text -> text, or number -> number written as text; given as a mapping or as lines “old = new”."""
    series = need_column(frame, column)
    given = options.get("values", {})
    pairs = _lines(given) if isinstance(given, str) else {str(old): "" if new is None else str(new) for old, new in given.items()}
    if not pairs:
        raise BadInput(f"Nothing was named to replace in “{column[:80]}”.", "Write “old = new”, one a line.")
    if series.dtype.kind == "M":
        raise BadInput(f"“{column[:80]}” holds dates, whose values cannot be replaced one by one.", "Turn it into text first.")
    if not is_text(series):
        for text in [*pairs, *(new for new in pairs.values() if new)]:
            try:
                float(text)
            except ValueError:
                raise BadInput(f"“{text[:80]}” is not a number, but “{column[:80]}” holds numbers.", "Name numbers.") from None
    return {"values": pairs}


def _lines(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        old, mark, new = line.partition("=")
        if mark:
            found[old.strip()] = new.strip()
    return found


def _numbers(values: dict[str, str]) -> dict[float, float]:
    return {float(old): float(new) if new else math.nan for old, new in values.items()}


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series, values = frame[column], options["values"]
    if is_text(series):
        new, changed = map_texts(series, lambda text: (values[text] or None) if text in values else text)
        return (replace_column(frame, column, new) if changed else frame), changed
    if series.dtype.kind == "M":
        return frame, 0
    before: Any = series.to_numpy(dtype=float)
    after = before.copy()
    for old, new_value in _numbers(values).items():
        after[before == old] = new_value
    different = int(((before != after) & ~np.isnan(before)).sum())
    return (replace_column(frame, column, after) if different else frame), different


def apply_row(row: Row, column: str, options: Options) -> None:
    value, values = row.get(column), options["values"]
    if isinstance(value, str):
        if value in values:
            row[column] = values[value] or None
    elif isinstance(value, (int, float)):
        row[column] = _numbers(values).get(float(value), float(value))


STEP = CleaningStep(
    "replace_values", "Replace values", learn, apply, apply_row,
    fields=(Field("values", "Replacements", "text", "", help="old = new, one a line; nothing after = means missing"),),
    idempotent=False,
    for_kinds=("int", "float", "bool", "text"),
)
