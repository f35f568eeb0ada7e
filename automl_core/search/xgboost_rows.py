"""XGBoost's trees from its own binary JSON, packed to score one row at a time with the very sums the library gives."""
from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.boosted_rows import HIGH, LOW, Marks, PackedBoosters
from automl_core.search.packed import Places, Trees, pack

Margins = NDArray[np.float32]
NUMBERS = {ord(mark): np.dtype(kind) for mark, kind in
           {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}.items()}
ARRAY, OF_ONE_KIND, OBJECT, END, TEXT = b"[${}S"
LENGTH = 9  # bytes of a length: a mark and eight of the number
whole = struct.Struct(">q").unpack_from


def pack_boosters(files: tuple[bytes, ...], bases: tuple[Margins, ...], levels: tuple[int, ...]) -> PackedBoosters:
    """The boosters stored in XGBoost's binary JSON; rows are 32-bit floats. ValueError for what no fit of this project makes.

    `bases` (classes,) are what each booster starts its sums with; `levels` has how many levels each column has: 0 for a number.
    """
    trees: list[dict[str, Any]] = []
    rounds = []
    classes = len(bases[0])
    for content, base in zip(files, bases, strict=True):
        stored, _ = _read(content, 0)
        model = stored["learner"]["gradient_booster"]["model"]
        if (model["tree_info"] != np.arange(len(model["trees"])) % classes).any():
            raise ValueError("trees that do not take turns among the classes")
        trees += [_leaf(value) for value in base]  # a sum starts with its base: a round of trees without questions
        trees += model["trees"]
        rounds.append(1 + len(model["trees"]) // classes)
    return _packed(trees, tuple(rounds), classes, levels)


def _leaf(value: Any) -> dict[str, Any]:
    """A tree that says the same of every row."""
    none, nought = np.array([-1]), np.array([0])
    empty = np.zeros(0, dtype=np.int64)
    return {"left_children": none, "right_children": none, "split_indices": nought, "default_left": nought,
            "split_conditions": np.array([value]), "categories": empty, "categories_nodes": empty, "categories_sizes": empty}


def _packed(trees: list[dict[str, Any]], rounds: tuple[int, ...], classes: int, levels: tuple[int, ...]) -> PackedBoosters:
    def joined(name: str, kind: Any) -> NDArray[Any]:
        return np.concatenate([tree[name] for tree in trees]).astype(kind)

    sizes = np.array([len(tree["left_children"]) for tree in trees])
    roots = np.cumsum(sizes) - sizes
    own, start = np.arange(sizes.sum()), np.repeat(roots, sizes)
    left, right = joined("left_children", np.int64), joined("right_children", np.int64)
    leaf = left < 0
    feature, default_left = joined("split_indices", np.int64), joined("default_left", bool)
    number = joined("split_conditions", np.float32)  # where to cut, or what a leaf says
    slot = feature + len(levels) * np.where(default_left, LOW, HIGH)
    cut = np.nextafter(number, np.float32(-np.inf)).astype(np.float64)  # left is what is below the cut
    asks = np.repeat(roots, [len(tree["categories_nodes"]) for tree in trees]) + joined("categories_nodes", np.int64)
    codes = joined("categories", np.int64), np.repeat(np.arange(len(asks)), joined("categories_sizes", np.int64))
    questions, slot[asks] = _ask(feature[asks], default_left[asks], codes, levels)
    cut[asks] = 0.5
    packed = pack(Trees(roots, slot, cut, np.where(leaf, own, start + left), np.where(leaf, own, start + right)))
    return PackedBoosters(packed, np.where(leaf, number, np.float32(0)), rounds, classes, len(levels), questions)


def _ask(
    feature: Places, default_left: NDArray[Any], codes: tuple[Places, Places], levels: tuple[int, ...]
) -> tuple[tuple[tuple[int, Marks], ...], Places]:
    """The questions about categories by feature, and the slot of each. `codes` go right: each code with its question's number."""
    slots = np.zeros(len(feature), dtype=np.int64)
    code, question = codes
    start = 3 * len(levels)
    found = []
    for one in np.unique(feature).tolist():
        mine = np.flatnonzero(feature == one)
        place = np.zeros(len(feature), dtype=np.int64)
        place[mine] = np.arange(len(mine))
        marks = np.zeros((levels[one] + 1, len(mine)), dtype=np.uint8)
        chosen = feature[question] == one
        marks[code[chosen], place[question[chosen]]] = 1
        marks[-1] = ~default_left[mine]
        slots[mine] = start + np.arange(len(mine))
        start += len(mine)
        found.append((one, marks))
    return tuple(found), slots


def _read(content: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at this byte, and where it ends. Arrays of numbers are views of the bytes."""
    mark = content[at]
    if mark == ARRAY:
        return _array(content, at + 1)
    if mark == OBJECT:
        return _object(content, at + 1)
    if mark == TEXT:
        return _text(content, at + 1)
    kind = NUMBERS[mark]
    return np.frombuffer(content, kind, 1, at + 1)[0], at + 1 + kind.itemsize


def _text(content: bytes, at: int) -> tuple[str, int]:
    start = at + LENGTH
    end: int = start + whole(content, at + 1)[0]
    return content[start:end].decode(), end


def _array(content: bytes, at: int) -> tuple[Any, int]:
    if content[at] == OF_ONE_KIND:
        kind, size, start = NUMBERS[content[at + 1]], whole(content, at + 4)[0], at + 3 + LENGTH
        return np.frombuffer(content, kind, size, start), start + size * kind.itemsize
    found = []
    size, at = whole(content, at + 2)[0], at + 1 + LENGTH
    for _ in range(size):
        value, at = _read(content, at)
        found.append(value)
    return found, at


def _object(content: bytes, at: int) -> tuple[dict[str, Any], int]:
    found = {}
    while content[at] != END:
        name, at = _text(content, at)
        found[name], at = _read(content, at)
    return found, at + 1
