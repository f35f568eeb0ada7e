"""One cell of a column: a raw cell to the value its kind and reading make of it. Frames and single rows share these readers.

Only the standard library and numpy are used here: this module travels with every exported model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import numpy as np

from automl_core.data.table import Column, Reading
from automl_core.data.values import (
    EPOCH_MILLIS,
    EPOCH_SECONDS,
    EXCEL_SERIAL,
    FALSE_WORDS,
    TRUE_WORDS,
    date_of_number,
    is_missing,
    is_null_token,
    naive_datetime,
    parse_date,
    parse_number,
    to_text,
)


class Unreadable:
    """The only instance, `UNREADABLE`, stands for a cell that is not of its column's kind."""


UNREADABLE: Final = Unreadable()
CellReader = Callable[[Any], Any]


def cell_reader(column: Column) -> CellReader:
    """A function from a raw cell to this column's value: float, datetime, str, None (missing) or UNREADABLE."""
    labels = column.examples if column.kind == "bool" else ()
    return _reader(column.kind, column.reading, labels)


@lru_cache(maxsize=4096)
def _reader(kind: str, reading: Reading, labels: tuple[str, ...]) -> CellReader:
    if kind in ("int", "float"):
        return _number_reader(reading)
    if kind == "date":
        return _date_reader(reading)
    return _text_reader(reading, labels)


def _number_reader(reading: Reading) -> CellReader:
    tokens = frozenset(reading.null_tokens)

    def read(value: Any) -> Any:
        if type(value) is float and math.isfinite(value):  # what most cells are, told from the others at once
            return value + 0.0
        if isinstance(value, str):
            if value == "" or value in tokens:
                return None
            number = parse_number(value, reading)
            if number is None:
                return None if is_null_token(value) else UNREADABLE
        elif is_missing(value):
            return None
        elif isinstance(value, (bool, int, float, np.number, np.bool_, Decimal)):  # databases give decimals
            try:
                number = float(value)
            except (OverflowError, ValueError):
                return UNREADABLE
        else:
            return UNREADABLE
        if math.isfinite(number):
            return number + 0.0  # no negative zero: int64 has none, and a row must equal its table
        return None if math.isnan(number) else UNREADABLE

    return read


def _date_reader(reading: Reading) -> CellReader:
    tokens = frozenset(reading.null_tokens)
    formats = tuple(reading.date_format.split("|"))
    counted = next((name for name in formats if name in (EXCEL_SERIAL, EPOCH_SECONDS, EPOCH_MILLIS)), "")

    def read(value: Any) -> Any:
        if isinstance(value, str):
            if value == "" or value in tokens:
                return None
            moment = parse_date(value, formats)
            if moment is None:
                return None if is_null_token(value) else UNREADABLE
            return moment
        if is_missing(value):
            return None
        if isinstance(value, (int, float, np.number, Decimal)) and not isinstance(value, bool):
            # A compact date (20230131) may arrive as a number from a spreadsheet or from JSON.
            number = float(value)
            if counted:
                found = date_of_number(number, counted)
            else:
                found = parse_date(str(int(number)), formats) if number.is_integer() else None
        else:
            found = naive_datetime(value)
        return UNREADABLE if found is None else found

    return read


def _text_reader(reading: Reading, labels: tuple[str, ...]) -> CellReader:
    tokens = frozenset(reading.null_tokens)
    of_bool = {
        wanted: next((label for label in labels if label.strip().lower() in words), str(wanted))
        for wanted, words in ((True, TRUE_WORDS), (False, FALSE_WORDS))
    }

    def read(value: Any) -> Any:
        if type(value) is str:  # what most cells are, told from the others at once
            return None if value == "" or value in tokens else value
        if isinstance(value, (bool, np.bool_)):
            return of_bool[bool(value)]
        text = to_text(value)
        return None if text is None or text in tokens else text

    return read
