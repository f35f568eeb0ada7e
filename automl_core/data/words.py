"""Lists, shares and ranges in words, for the sentences of every step."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = 1e-7  # per cent or points: what arithmetic leaves of nothing
LEAST_SHOWN = 0.001


def join_words(items: Sequence[str], last: str = "and") -> str:
    """“a”, “a and b”, “a, b and c”; `last` is the word before the last one."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def few_of(items: Sequence[str], most: int, last: str = "and") -> str:
    """The first of some, and how many more there are: “a, b and 1,204 more”."""
    return join_words(first_few(items, most), last)


def first_few(items: Sequence[str], most: int, said: str = "") -> list[str]:
    """The first of some and, after what is `said` before it, “1,204 more”: all where that would hide one alone, which takes no
    more room."""
    more = len(items) - most
    return list(items) if more <= 1 else [*items[:most], f"{said}{more:,} more"]


def percent(share: float, more: int = 0) -> str:
    """A share between 0 and 1 as a percentage: 27 % from 10 to 99.5, 0.4 % for little, 100 % only for all and 0 % only for none.

    `more` decimals than these where values must be told apart.
    """
    if not math.isfinite(share):
        return "unknown"
    value = 100 * share
    if abs(value) < NOTHING:
        return "0 %"
    text = "100" if abs(value) == 100 else little(abs(value), more + (0 if 10 <= abs(value) < 99.5 else 1))
    if abs(value) < 100 and float(text.removeprefix("under ")) == 100:
        text = "over 99.9"
    return f"{'−' if value < 0 and not is_nothing(text) else ''}{text} %"


def little(size: float, places: int) -> str:
    """A size with so many decimals, or with as many as it takes to show that it is not nothing."""
    text = f"{size:.{places}f}"
    if size < NOTHING or float(text):
        return text
    return f"{size:.{-math.floor(math.log10(size))}f}" if size >= LEAST_SHOWN else f"under {LEAST_SHOWN}"


def is_nothing(text: str) -> bool:
    """Whether an amount was written as nothing, or as less than is shown."""
    return text.startswith("under ") or not any(digit in text for digit in "123456789")


def interval(low: str, high: str) -> str:
    """Two written bounds as one range: “12 to 18 %” with the unit once when both carry it; two that read alike are one."""
    if low == high:
        return low if low == "unknown" else f"{low} at both ends"
    for unit in (" %", " points"):
        if low.endswith(unit) and high.endswith(unit):
            return f"{low.removesuffix(unit)} to {high}"
    return f"{low} to {high}"
