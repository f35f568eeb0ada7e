"""How a text is written: its length, digits, capitals and signs, which its terms leave out ("2/45 High St" is a flat)."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COUNTED = ("characters", "digits", "capitals", "signs")
MOST_SIGNS = 5
RARE = 0.01  # of the texts: a sign in fewer, or missing in fewer, says nothing that would be found again
MAX_CHARS = 5000  # of a text are looked at for its kinds of characters, however long it is


@dataclass(frozen=True, slots=True)
class Way:
    """What is counted in a text: its words, and if `lengths` also the kinds of characters and each of the `signs`."""

    lengths: bool = False
    signs: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What each count is called."""
        return ("words", *(COUNTED if self.lengths else ()), *(f"“{sign}”" for sign in self.signs))

    def cell(self, text: str) -> list[float]:
        """The counts of one text, in the order of `names`."""
        words = float(len(text.split()))
        if not self.lengths:
            return [words]
        seen = Counter(text[:MAX_CHARS])
        digits = sum(count for letter, count in seen.items() if letter.isdigit())
        capitals = sum(count for letter, count in seen.items() if letter.isupper())
        signs = sum(seen[sign] for sign in _signs(seen))
        return [words, float(len(text)), float(digits), float(capitals), float(signs),
                *(float(seen[sign]) for sign in self.signs)]

    def document(self) -> dict[str, Any]:
        """What is stored: see `restored`."""
        return {"lengths": self.lengths, "signs": self.signs}

    @staticmethod
    def restored(document: Mapping[str, Any] | None) -> Way:
        """The way whose `document` was stored; models of before it was noted count words only."""
        return WORDS_ONLY if document is None else Way(bool(document["lengths"]), str(document["signs"]))


WORDS_ONLY = Way()


def fit_way(texts: Sequence[str]) -> Way:
    """What to count in texts like these: the signs that come in some of them and not in all, the most common first."""
    seen = Counter(sign for text in texts for sign in _signs(set(text[:MAX_CHARS])))
    least = max(2.0, RARE * len(texts))
    telling = [sign for sign, count in seen.items() if least <= count <= len(texts) - least]
    return Way(True, "".join(sorted(telling, key=lambda sign: (-seen[sign], sign))[:MOST_SIGNS]))


def _signs(characters: Iterable[str]) -> list[str]:
    """Those of the characters that are neither letters, digits nor space."""
    return [sign for sign in characters if not (sign.isalnum() or sign.isspace())]
