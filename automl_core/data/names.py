"""Column names: unique, stable, never blank; what the file said is kept beside them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

CLOSE = 3  # names at most that a refusal offers for one that there is not


def clean_names(labels: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Unique names, the labels as they were where they changed (else ""), and sentences about what was changed.

    Spaces around a label and control characters go; a blank label becomes “column_3”; a repeated one gets “_2”, “_3”.
    """
    stripped = [printable(label) for label in labels]
    taken = {label for label in stripped if label}
    names: list[str] = []
    used: set[str] = set()
    blank = repeated = 0
    for place, label in enumerate(stripped, start=1):
        name = label
        if not name:
            blank += 1
            name = _free(f"column_{place}", taken | used)
        elif name in used:
            repeated += 1
            name = _free(name, taken | used)
        used.add(name)
        names.append(name)
    originals = [label if label != name else "" for label, name in zip(labels, names, strict=True)]
    warnings = []
    if blank:
        warnings.append(f"{blank} column{'s' if blank > 1 else ''} without a name got one, such as “column_2”.")
    if repeated:
        warnings.append(f"{repeated} column name{'s' if repeated > 1 else ''} occurred twice and got a number added.")
    return names, originals, warnings


def printable(label: str) -> str:
    """A label without control characters and spaces around it."""
    kept = "".join(" " if sign in "\r\n\t" else sign for sign in label if sign in "\r\n\t" or unicodedata.category(sign) != "Cc")
    return kept.strip(" \u00a0\ufeff\u200b")


def names_like(name: str, names: Sequence[str], most: int = CLOSE) -> tuple[str, ...]:
    """Those of `names` that are spelled most like a name, other letters and spaces aside, the likest first; () for none."""
    plain = {_plain(one): one for one in reversed(names)}
    return tuple(plain[one] for one in difflib.get_close_matches(_plain(name), list(plain), most))


def column_instead(name: str, names: Sequence[str]) -> str:
    """What to do about a name that no column has: the names most like it, if there are any."""
    near = " or ".join(f"“{one[:80]}”" for one in names_like(name, names))
    return f"Perhaps {near} is meant." if near else "Choose one of its columns."


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
