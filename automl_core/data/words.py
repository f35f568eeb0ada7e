"""Lists in words, for the sentences of every step."""

from __future__ import annotations

from collections.abc import Sequence


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
