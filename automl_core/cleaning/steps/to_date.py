"""Text that spells dates becomes dates; what spells none becomes missing and is counted."""
from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, distinct_texts, is_text, need_column, replace_column
from automl_core.data.table import Row
from automl_core.data.values import is_null_token, parse_date
from automl_core.errors import BadInput
from automl_core.registry import Field

# what both datetime64[us] and a model can count in; a year 0001 is a typing slip
EARLIEST, LATEST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`format`: a strptime pattern (several separated by |, empty for ISO 8601), found in the data unless given."""
    series = need_column(frame, column)
    if options.get("format"):
        return {"format": str(options["format"])}
    if not is_text(series):
        return {"format": ""}
    from automl_core.data.dates import find_date_format

    counts = {str(text): int(count) for text, count in series.value_counts().items() if not is_null_token(str(text))}
    shape = find_date_format(list(counts), list(counts.values())) if counts else None
    if shape is None:
        raise BadInput(f"The values of “{column[:80]}” are not written like dates.", "Name their format or keep it as text.")
    return {"format": shape.formats}


def _read(text: str, formats: tuple[str, ...]) -> datetime | None:
    moment = parse_date(text, formats)
    return moment if moment is not None and EARLIEST <= moment <= LATEST else None


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    if series.dtype.kind == "M":
        return frame, 0
    if not is_text(series):
        raise BadInput(f"“{column[:80]}” holds numbers, which are no dates.", "Change its type on the data page.")
    codes, texts = distinct_texts(series)
    formats = tuple(options["format"].split("|"))
    moments = np.array([*(_read(text, formats) for text in texts), None], dtype="datetime64[us]")[codes]
    return replace_column(frame, column, moments), int((codes >= 0).sum())


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, str):
        row[column] = _read(value, tuple(options["format"].split("|")))


STEP = CleaningStep(
    "to_date", "Turn into a date", learn, apply, apply_row,
    fields=(Field("format", "Format", "text", "", help="Such as %d.%m.%Y; empty lets the data decide"),),
    for_kinds=("bool", "text"),
)
