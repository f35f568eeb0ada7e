"""Lists in words, for the sentences of every step."""

from __future__ import annotations

from collections.abc import Sequence


def join_words(items: Sequence[str], last: str = "and") -> str:
    """“a”, “a and b”, “a, b and c”; `last` is the word before the last one."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def few_of(items: Sequence[str], most: int, last: str = "and") -> str:
    """The first of some, and how many more there are: “a, b and 1,204 more”. One alone takes no more room than “1 more”."""
    more = len(items) - most
    return join_words(items if more <= 1 else [*items[:most], f"{more:,} more"], last)
