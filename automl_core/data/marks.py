"""What a column's texts say of their marks: 1.5 can only be a decimal, 1,250 may be a thousand or one and a quarter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from automl_core.data.kinds import Guess
from automl_core.data.schema import is_text

_MARKED: Final = re.compile(r"[.,]\d")
_OPEN: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}([.,])\d{3}(?![\d.,eE])")
_LOOK: Final = 64  # cells that settle it in most columns


def open_mark(series: pd.Series[Any], guess: Guess) -> str | None:
    """The mark that every marked cell of a column of numbers has before exactly three digits, so that it may be either; "" when
    a cell settles it; None for a column without marks."""
    plain = not guess.reading.thousands and not guess.reading.unit
    if guess.kind not in ("int", "float") or not is_text(series) or (guess.kind == "int" and plain):
        return None
    few = series.array[:_LOOK].tolist()
    found = _mark_of(few)
    return found if found == "" or len(few) == len(series) else _mark_of(pd.unique(series).tolist())


def _mark_of(cells: list[Any]) -> str | None:
    found = None
    for text in cells:
        if isinstance(text, str) and _MARKED.search(text):
            mark = _OPEN.search(text)
            if mark is None or found not in (None, mark[1]):
                return ""
            found = mark[1]
    return found


def decimal_told(marks: Mapping[int, str | None], guesses: Mapping[int, Guess]) -> str:
    """The decimal mark of the columns that settle theirs; "" when none does, or they differ."""
    told = {guesses[place].reading.decimal for place, mark in marks.items() if mark == ""}
    return told.pop() if len(told) == 1 else ""


def is_as_told(mark: str, guess: Guess, decimal: str) -> bool:
    """Whether a column's open mark was read as the other columns have it."""
    return bool(decimal) and (mark == decimal) == (mark == guess.reading.decimal)


def open_words(name: str, mark: str, guess: Guess, decimal: str) -> str:
    """What is said of a column whose marks are open."""
    how = "decimal mark" if mark == guess.reading.decimal else "mark between thousands"
    why = "like the other numbers in this table" if decimal else "nothing in the column says which"
    return f"The “{mark}” in “{name[:80]}” was read as the {how} ({why})."
