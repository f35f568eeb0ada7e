"""Lists in words, for the sentences of every step."""

from __future__ import annotations

from collections.abc import Sequence


def join_words(items: Sequence[str], last: str = "and") -> str:
    """“a”, “a and b”, “a, b and c”; `last` is the word before the last one."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
