"""Spellings that differ only in case, spaces or punctuation become the most common of them."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, map_texts, need_text, replace_column
from automl_core.data.spellings import find_spellings, spelling_key
from automl_core.data.table import Row

_DROPPED = re.compile(r"[\s_\-./]+")  # of recipes of older versions: a grade A- became A, 2.5 mg became 25 mg
_KEPT = {"marks": "between letters"}  # what a step learned now says, so that older ones replay as they learned


def _older_key(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    key = _DROPPED.sub("", folded)
    return folded.strip() if not key or key.isdigit() else key


def _key(options: Options) -> Callable[[str], str]:
    return spelling_key if "marks" in options else _older_key


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`spellings`: key -> the most common spelling, for the keys with several; or the mapping given."""
    series = need_text(frame, column)
    if options.get("spellings"):
        return {"spellings": {str(key): str(value) for key, value in options["spellings"].items()}, **_KEPT}
    return {"spellings": find_spellings({str(text): int(count) for text, count in series.value_counts().items()}), **_KEPT}


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    if not is_text(frame[column]):
        return frame, 0
    known, key = options["spellings"], _key(options)
    new, changed = map_texts(frame[column], lambda text: str(known.get(key(text), text)))
    return (replace_column(frame, column, new) if changed else frame), changed


def apply_row(row: Row, column: str, options: Options) -> None:
    value = row.get(column)
    if isinstance(value, str):
        row[column] = options["spellings"].get(_key(options)(value), value)


STEP = CleaningStep("merge_spellings", "Merge spellings", learn, apply, apply_row, for_kinds=("bool", "text"))
