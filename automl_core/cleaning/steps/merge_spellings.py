"""Spellings that differ only in case, spaces or punctuation become the most common of them."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, map_texts, need_text, replace_column
from automl_core.cleaning.steps.trim_spaces import trimmed
from automl_core.data.table import Row
from automl_core.data.values import FALSE_WORDS, TRUE_WORDS

_DROPPED = re.compile(r"[\s_\-./]+")  # of recipes of older versions: a grade A- became A, 2.5 mg became 25 mg
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[\s_\-./]+(?=[^\W\d_])")
_KEPT = {"marks": "between letters"}  # what a step learned now says, so that older ones replay as they learned


def spelling_key(text: str) -> str:
    """What all spellings of one value share: Unicode compatibility form, no case, no spaces, dashes, dots or underscores between
    letters.

    Beside a digit or at an end such a mark may be the value: 2.5 is not 25, a grade A- not A, “-” not nothing.
    """
    return _BETWEEN_LETTERS.sub("", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


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


def find_spellings(counts: dict[str, int]) -> dict[str, str]:
    """Key -> most common spelling (ties: the first by letter) of values that the texts, with their counts, spell in more ways."""
    groups: dict[str, list[str]] = {}
    for text in counts:
        groups.setdefault(spelling_key(text), []).append(text)
    return {key: _commonest(spellings, counts) for key, spellings in sorted(groups.items()) if len(spellings) > 1}


def _commonest(spellings: list[str], counts: dict[str, int]) -> str:
    """The most common of these texts (ties: the first by letter) without spaces too many: it must not bring back what is trimmed
    beside it."""
    told: dict[str, int] = {}
    for text in spellings:
        label = trimmed(text) or text
        told[label] = told.get(label, 0) + counts[text]
    return min(told, key=lambda label: (-told[label], label))


def find_yes_and_no(counts: dict[str, int]) -> dict[str, str]:
    """Key -> the most common text that says the same (ties: the first by letter), where the texts, with their counts, are words
    for yes and for no, and more than two; else empty."""
    keys = {text: spelling_key(text) for text in counts}
    sides = [[text for text in counts if keys[text] in words] for words in (TRUE_WORDS, FALSE_WORDS)]
    if not all(sides) or sum(map(len, sides)) < len(counts) or len({text.strip() for text in counts}) == 2:
        return {}
    labels = [_commonest(side, counts) for side in sides]
    return {key: labels[0] if key in TRUE_WORDS else labels[1] for key in sorted(set(keys.values()))}


def only_shortened(keys: Iterable[str]) -> bool:
    """Whether these words for yes and no are one word for each and at most its first letter, as yes, y and no."""
    told = set(keys)
    sides = [told & words for words in (TRUE_WORDS, FALSE_WORDS)]
    return all(side <= {max(side, key=len), max(side, key=len)[0]} for side in sides)


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
