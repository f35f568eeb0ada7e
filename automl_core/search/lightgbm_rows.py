"""LightGBM's trees from its own text format, packed to score one row at a time with the very sums the library gives."""
from __future__ import annotations

import numpy as np

from automl_core.search.boosted_rows import HIGH, LOW, ZERO, Marks, PackedBoosters
from automl_core.search.family import Array
from automl_core.search.packed import Places, Trees, pack

CATEGORY, DEFAULT_LEFT, MISSING_NAN = 1, 2, 2  # of the format's decision_type; how missing values are met is in bits 2 and 3
MOST = np.finfo(np.float64).max


def pack_boosters(texts: tuple[str, ...]) -> PackedBoosters:
    """The boosters stored in LightGBM's text format. ValueError when they hold what no fit of this project makes."""
    stored = _Stored("".join(text.partition("\nend of trees")[0] for text in texts))
    head = stored.head
    features, classes = int(head["max_feature_idx"]) + 1, int(head["num_tree_per_iteration"])
    rounds = tuple(text.count("\nTree=") // classes for text in texts)
    leaves = stored.integers("num_leaves")
    inner = leaves - 1
    sizes = leaves + inner
    roots = np.cumsum(sizes) - sizes
    start, nodes = np.repeat(roots, inner), np.repeat(inner, inner)
    own = np.arange(sizes.sum())
    asks = own - np.repeat(roots, sizes) < np.repeat(inner, sizes)  # in each tree the questions are first, then come the leaves
    kind = stored.integers("decision_type")
    if (kind >> 2 & 3 == 1).any() or stored.integers("is_linear").any():
        raise ValueError("trees that take nought for missing, or with lines in their leaves")
    slot, cut = np.zeros(len(own), dtype=np.int64), np.zeros(len(own))
    nan = kind >> 2 & 3 == MISSING_NAN
    slot[asks] = features * np.where(nan, np.where(kind & DEFAULT_LEFT, LOW, HIGH), ZERO) + stored.integers("split_feature")
    cut[asks] = np.minimum(stored.numbers("threshold"), MOST)  # infinite where only missing values are told apart
    children = []
    for side in ("left_child", "right_child"):
        child = stored.integers(side)  # below nought it is a leaf: -1 is the first
        place = own.copy()
        place[asks] = start + np.where(child < 0, nodes - 1 - child, child)
        children.append(place)
    value = np.zeros(len(own))
    value[~asks] = stored.numbers("leaf_value")
    chosen = np.flatnonzero(kind & CATEGORY)
    tree = np.repeat(np.arange(len(inner)), inner)[chosen]
    places = np.flatnonzero(asks)[chosen]
    sets = stored.sets(tree, cut[places].astype(np.int64))
    questions, slot[places] = _ask(stored.integers("split_feature")[chosen], sets, 3 * features)
    cut[places] = 0.5
    return PackedBoosters(pack(Trees(roots, slot, cut, *children)), value, rounds, classes, features, questions)


class _Stored:
    """The lines of all trees, those of one name one after another: read at once, a thousand trees take a few milliseconds."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, _, value = line.partition("=")
            known = self._lines.get(name)
            if known is None:
                self._lines[name] = [value]
            else:
                known.append(value)
        self.head = {name: values[0] for name, values in self._lines.items()}

    def numbers(self, name: str) -> Array:
        return np.fromstring(" ".join(self._lines.get(name, ())), dtype=np.float64, sep=" ")

    def integers(self, name: str) -> Places:
        return np.fromstring(" ".join(self._lines.get(name, ())), dtype=np.int64, sep=" ")

    def sets(self, tree: Places, number: Places) -> Marks:
        """(questions, codes) 1 for each code that goes left, of the sets of these numbers in these trees."""
        if not len(tree):
            return np.zeros((0, 0), dtype=np.uint8)
        many = self.integers("num_cat")
        borders, words = self.integers("cat_boundaries"), self.integers("cat_threshold").astype(np.uint32)
        first = np.cumsum(many + (many > 0)) - many - (many > 0)  # trees without sets have no borders
        ends = np.where(many > 0, borders[np.minimum(first + many, len(borders) - 1)], 0)
        place = first[tree] + number
        start, length = (np.cumsum(ends) - ends)[tree] + borders[place], borders[place + 1] - borders[place]
        step = np.arange(length.max())
        found = np.where(step < length[:, None], words[np.minimum(start[:, None] + step, len(words) - 1)], 0).astype("<u4")
        return np.unpackbits(found.view(np.uint8), axis=1, bitorder="little")


def _ask(feature: Places, sets: Marks, start: int) -> tuple[tuple[tuple[int, Marks], ...], Places]:
    """The questions about categories by feature, and the slot of each of them, from `start` on."""
    slots = np.zeros(len(feature), dtype=np.int64)
    questions = []
    for one in np.unique(feature).tolist():
        mine = feature == one
        marks = 1 - sets[mine].T
        slots[mine] = start + np.arange(marks.shape[1])
        start += marks.shape[1]
        questions.append((one, np.vstack([marks, np.ones((1, marks.shape[1]), dtype=np.uint8)])))
    return tuple(questions), slots
