"""One value spelled in several ways: spaces, case and marks that make no difference, and words for yes and for no.

This module travels with every exported model.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from automl_core.data.values import FALSE_WORDS, TRUE_WORDS

_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[\s_\-./]+(?=[^\W\d_])")
# not taken for white space by Python, but invisible all the same
_INVISIBLE = {0x200B: None, 0xFEFF: None, 0x2060: None}


def trimmed(text: str) -> str | None:
    """The text without outer and repeated inner white space (non-breaking and zero-width too); None when nothing is left."""
    return " ".join(text.translate(_INVISIBLE).split()) or None


def spelling_key(text: str) -> str:
    """What all spellings of one value share: Unicode compatibility form, no case, no spaces, dashes, dots or underscores between
    letters.

    Beside a digit or at an end such a mark may be the value: 2.5 is not 25, a grade A- not A, “-” not nothing.
    """
    return _BETWEEN_LETTERS.sub("", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


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
