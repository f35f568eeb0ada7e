"""Forests as plain arrays: grown by scikit-learn, kept, stored and scored without it."""
from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.family import Array, FitRequest, Fitted
from automl_core.search.packed import Packed, Trees, pack
from automl_core.search.unit import Unit, in_unit

CHUNK = 10  # trees grown between two looks at the clock
SEEDS = 100_000  # apart, so that forests of neighbouring seeds share no tree
MIN_TREES, TREE_ROWS = 100, 2_000_000  # more trees help where rows are few; where they are many they cost more than they bring
FEW_ROWS = 8
MAX_NODES = 3_000_000  # of the whole forest: about 25 MB when stored
MUCH_CLASSES = 8  # from there on each leaf holds so many numbers that there may be fewer of them
BELOW = 0.1  # of a number's range: how far below it missing values lie, for random cuts to fall on either side
LEAST_RANGE = 1e-6  # that scikit-learn's trees still find cuts in


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Forest:
    """All trees' nodes one after another.

    A row goes left when its 32-bit value is at or below `threshold`; leaves point to themselves. `value` is (nodes, k):
    class probabilities as 16-bit floats, or (nodes, 1): the probability of class 1, or the number as a 32-bit float, or one of 64
    where those keep too few digits. `fill` (p,) replaces missing values by something below all others, `lowest` (p,) the numbers
    below all that were learned from, which are not missing; forests of before know none. `stored` is the file it came from:
    pressing millions of nodes anew each time a model is measured or written takes seconds.
    """

    task: Task
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[Any]
    fill: NDArray[np.float32]
    depth: int
    stored: bytes = field(default=b"", repr=False)
    lowest: NDArray[np.float32] | None = None

    def sees(self, matrix: Array) -> NDArray[np.float32]:
        """A matrix (n, p) as the trees compare it with their cuts."""
        return filled(matrix, self.fill, self.lowest)

    @cached_property
    def packed(self) -> Packed:
        """The trees, for one row at a time."""
        return pack(Trees(self.roots, self.feature, self.threshold, self.left, self.right))


def grow(request: FitRequest, make: Callable[[dict[str, Any]], Any]) -> Fitted:
    """Grow as many trees as asked for, or as time allows. `make` gives the estimator of these settings.

    `smooth` rows' worth of the overall shares are mixed into every leaf of a classifier: a pure leaf of one row is no certainty.
    """
    rows = len(request.y)
    trees = tree_count(request.options, rows)
    nodes = max(64, int(MAX_NODES / (2 * trees * max(1.0, request.classes / MUCH_CLASSES))))
    settings = {
        "n_jobs": request.threads, "max_features": float(request.options.get("max_features", 0.75)),
        "max_leaf_nodes": nodes if rows > nodes else None, "min_samples_leaf": int(request.options.get("min_samples_leaf", 1)),
    }
    request, unit = in_unit(request)
    fill, lowest = _below(request.matrix)
    known = filled(request.matrix, fill, lowest)
    request.let_go()
    target = request.y if request.task == "regression" else request.y.astype(np.int64)
    parts: list[_Part] = []
    grown = 0
    truncated = False
    began = time.monotonic()
    while grown < trees and not truncated:
        now = time.monotonic()
        in_time = (request.deadline - now) / max((now - began) / max(grown, 1), 1e-9)  # by the trees so far
        more = max(1, int(min(CHUNK, trees - grown, in_time))) if grown else 1
        some = make(settings | {"n_estimators": more, "random_state": (SEEDS * request.seed + grown) % 2**32})
        some.fit(known, target, sample_weight=request.weights)
        parts += [_part(request, unit, some, estimator.tree_) for estimator in some.estimators_]  # a tenth of what the trees take
        grown += more
        truncated = request.over() and grown < trees
    return Fitted(_joined(request, parts, (fill, lowest)), grown, truncated)


def tree_count(options: Mapping[str, Any], rows: int) -> int:
    """How many trees are grown on so many rows, if there is time."""
    return max(1, min(int(options.get("trees", 100)), max(MIN_TREES, TREE_ROWS // max(rows, 1))))


def growing_seconds(options: Mapping[str, Any], rows: int, columns: int, pace: tuple[float, float]) -> float:
    """What growing the forest should take on one core: each row goes down about log2(rows) levels of each tree.

    `pace` are the nanoseconds for a row at a level, and for each column that is tried there.
    """
    tried = float(options.get("max_features", 0.75)) * columns
    return 1e-9 * (pace[0] + pace[1] * tried) * tree_count(options, rows) * rows * math.log2(max(rows, 2))


def grow_one(request: FitRequest, tree: Any) -> Fitted:
    """A forest of the one given tree estimator. Where a quantile is asked for, a leaf answers with its rows' quantile."""
    request, unit = in_unit(request)
    fill, lowest = _below(request.matrix)
    target = request.y if request.task == "regression" else request.y.astype(np.int64)
    known = filled(request.matrix, fill, lowest)
    tree.fit(known, target, sample_weight=request.weights)
    if "loss" in request.options:
        level = float(request.options.get("alpha", 0.5))
        leaves = tree.apply(known)
        for leaf in np.unique(leaves):
            inside = leaves == leaf
            counted = None if request.weights is None or not request.weights[inside].any() else request.weights[inside]
            how: Any = "linear" if counted is None else "inverted_cdf"
            tree.tree_.value[leaf, 0, 0] = np.quantile(target[inside], level, method=how, weights=counted)
    return Fitted(_joined(request, [_part(request, unit, tree, tree.tree_)], (fill, lowest)), 1)


def _below(matrix: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A value below all others for each column, and the least one that is there: both (p,).

    They lie apart by the column's own range, for extra trees draw their cuts between the two ends of what a node holds: beside
    missing values at -1 hardly any cut would part years.
    """
    ends = np.zeros((2, matrix.shape[1]))
    for place, column in enumerate(matrix.T):
        present = column[~np.isnan(column)]
        if len(present):
            ends[:, place] = present.min(), present.max()
    apart = ends[1] - ends[0]
    fill = ends[0] - np.where(apart > LEAST_RANGE, BELOW * apart, 1.0)
    last = np.finfo(np.float32).min
    below: NDArray[np.float32] = np.nextafter(np.maximum(fill, last).astype(np.float32), last)
    return below, ends[0].astype(np.float32)


def filled(matrix: Array, fill: NDArray[np.float32], lowest: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """A matrix (n, p) in 32 bits, its missing values below all others: what trees compare with their cuts. Numbers below the
    `lowest` that trees have learned from count as that one: every cut but those beside missing values sends both the same way."""
    values = matrix.astype(np.float32)
    if lowest is not None:
        np.maximum(values, lowest, out=values)  # what is missing stays so
    np.copyto(values, fill, where=np.isnan(values))
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One tree's nodes, children as places in this tree."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[Any]
    depth: int


def _part(request: FitRequest, unit: Unit, whole: Any, tree: Any) -> _Part:
    own = np.arange(tree.node_count, dtype=np.int32)
    leaf = tree.children_left < 0
    kept = np.float16 if request.task != "regression" else np.float32 if unit.usual else np.float64
    left, right, feature = (np.where(leaf, other, places).astype(np.int32) for other, places in (
        (own, tree.children_left), (own, tree.children_right), (0, tree.feature)))
    threshold = _at_or_below(np.where(leaf, 0.0, tree.threshold))
    said = unit.back(_values(request, whole, tree))
    value = np.where(leaf[:, None], said, 0.0).astype(kept)  # nobody asks what is said above the leaves
    return _Part(feature, threshold, left, right, value, int(tree.max_depth))


def _joined(request: FitRequest, parts: list[_Part], below: tuple[NDArray[np.float32], NDArray[np.float32]]) -> Forest:
    sizes = [len(part.left) for part in parts]
    roots = np.concatenate([[0], np.cumsum(sizes[:-1])]).astype(np.int32)
    moved = np.repeat(roots, sizes)
    return Forest(request.task, roots, np.concatenate([part.feature for part in parts]),
                  np.concatenate([part.threshold for part in parts]), np.concatenate([part.left for part in parts]) + moved,
                  np.concatenate([part.right for part in parts]) + moved, np.concatenate([part.value for part in parts]),
                  below[0], max(part.depth for part in parts), lowest=below[1])


def _at_or_below(threshold: Array) -> NDArray[np.float32]:
    """The largest 32-bit float not above each threshold: the same cut for 32-bit values, in half the room."""
    rounded = threshold.astype(np.float32)
    out: NDArray[np.float32] = np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    return out


def _values(request: FitRequest, whole: Any, tree: Any) -> NDArray[Any]:
    if request.task == "regression":
        numbers: NDArray[Any] = tree.value[:, 0, :]
        return numbers
    shares = tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True)
    smooth = float(request.options.get("smooth", 0.0))
    rows = tree.weighted_n_node_samples[:, None]
    shares = (rows * shares + smooth * shares[0]) / (rows + smooth)
    seen = np.zeros((len(shares), request.classes))
    seen[:, whole.classes_.astype(np.int64)] = shares  # a class may be absent from this part of the rows
    return seen[:, 1:2] if request.task == "binary" else seen


def predict(model: Forest, matrix: Array) -> Array:
    """Predictions of a matrix: see `Family.predict`."""
    known = model.sees(matrix)
    if len(matrix) <= FEW_ROWS:
        return _predict_few(model, known)
    rows = np.arange(len(matrix))
    total = np.zeros((len(matrix), model.value.shape[1]))
    for root in model.roots:
        node = np.full(len(matrix), root, dtype=np.int32)
        active = rows
        while len(active):
            here = node[active]
            goes_left = known[active, model.feature[here]] <= model.threshold[here]
            there = np.where(goes_left, model.left[here], model.right[here])
            node[active] = there
            active = active[there != here]
        total += model.value[node]
    return finished(model, total / len(model.roots))


def _predict_few(model: Forest, known: NDArray[np.float32]) -> Array:
    """All trees at once, one level at a time: going through hundreds of trees one by one costs more than a few rows do."""
    rows = np.arange(len(known))[:, None]
    node = np.tile(model.roots, (len(known), 1))
    for _ in range(model.depth):
        node = np.where(known[rows, model.feature[node]] <= model.threshold[node], model.left[node], model.right[node])
    return finished(model, model.value[node].astype(np.float64).sum(axis=1) / len(model.roots))


def predict_row(model: Forest, row: Array) -> Any:
    """All trees at once, one level at a time."""
    node = model.packed.leaves(model.sees(row).astype(np.float64))
    mean = finished(model, model.value[node].astype(np.float64).sum(axis=0)[None] / len(model.roots))
    return mean[0] if model.task == "multiclass" else float(mean[0])


def finished(model: Forest, mean: Array) -> Array:
    """Shares of classes kept in 16 bits sum to 1 only nearly."""
    if model.task != "multiclass":
        return mean[:, 0]
    out: Array = mean / mean.sum(axis=1, keepdims=True)
    return out


def save(model: Forest) -> dict[str, bytes]:
    """The arrays; places of children as steps from their parent, which pack tightly."""
    if model.stored:
        return {"forest.npz": model.stored}
    own = np.arange(len(model.left), dtype=np.int32)
    wide = model.fill.shape[0] > np.iinfo(np.uint8).max
    lowest = {} if model.lowest is None else {"lowest": model.lowest}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, task=np.array(model.task), roots=model.roots,
        feature=model.feature.astype(np.int32 if wide else np.uint8), threshold=model.threshold,
        left=model.left - own, right=model.right - own, value=model.value, fill=model.fill, depth=np.array(model.depth), **lowest)
    return {"forest.npz": buffer.getvalue()}


def load(files: Mapping[str, bytes]) -> Forest:
    """The forest that `save` stored."""
    content = files["forest.npz"]
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        task: Any = str(stored["task"])
        own = np.arange(len(stored["left"]), dtype=np.int32)
        return Forest(task, stored["roots"], stored["feature"].astype(np.int32), stored["threshold"],
                      stored["left"] + own, stored["right"] + own, stored["value"], stored["fill"], int(stored["depth"]),
                      content, stored.get("lowest"))
