"""LightGBM's text format without what neither predictions nor contributions read, which is half of the bytes; its leaves in
another unit."""
from __future__ import annotations

from collections.abc import Callable

from automl_core.search.unit import Unit

UNREAD = ("split_gain=", "internal_value=", "internal_weight=", "leaf_weight=")
FIRST, END, SIZES, LEAVES = "Tree=", "end of trees", "tree_sizes=", "leaf_value="


def slim(text: str) -> str:
    """The text of a booster, its trees without gains and weights; its head lists the sizes of the shorter ones."""
    return _changed(text, lambda number, tree: _kept(tree))


def turned_back(text: str, unit: Unit) -> str:
    """The text of a booster that learned a number in a unit, its leaves as what they are: the first tree has the middle."""
    if unit.usual:
        return text

    def back(number: int, tree: str) -> str:
        first = unit.middle if number == 0 else 0.0
        return "\n".join(_numbers(line, first, unit.spread) if line.startswith(LEAVES) else line for line in tree.split("\n"))

    return _changed(text, back)


def _numbers(line: str, first: float, spread: float) -> str:
    return LEAVES + " ".join(repr(first + spread * float(value)) for value in line.removeprefix(LEAVES).split())


def _changed(text: str, change: Callable[[int, str], str]) -> str:
    """The text with each tree, by its number, changed, and their sizes in the head."""
    head, mark, rest = text.partition(f"\n{FIRST}")
    body, end, tail = rest.partition(f"\n{END}")
    if not mark or not end:
        return text
    trees = [FIRST + change(number, part) for number, part in enumerate(body.split(f"\n{FIRST}"))]
    sizes = " ".join(str(len(f"{tree}\n".encode())) for tree in trees)
    lines = [f"{SIZES}{sizes}" if line.startswith(SIZES) else line for line in head.split("\n")]
    return "\n".join([*lines, *trees]) + end + tail


def _kept(tree: str) -> str:
    return "\n".join(line for line in tree.split("\n") if not line.startswith(UNREAD))
