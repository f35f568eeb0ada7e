"""Extremely randomised trees (Geurts et al. 2006): grown by scikit-learn, kept and scored as plain arrays."""
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.family import Array, Family, FitRequest, Fitted

CHUNK = 10  # trees grown between two looks at the clock
MAX_NODES = 4_000_000  # of the whole forest: about 100 MB


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All trees' nodes one after another.

    A row goes left when its 32-bit value is at or below `threshold`; leaves point to themselves. `value` is (nodes, k) float32
    class probabilities, or (nodes, 1): the probability of class 1 or the number. `fill` replaces missing values by something
    below all others.
    """

    task: Task
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Array
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    fill: NDArray[np.float32]
    depth: int


def _fit(request: FitRequest) -> Fitted:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    trees = int(request.options.get("trees", 100))
    rows = len(request.y)
    nodes = max(64, MAX_NODES // (2 * trees))
    settings: dict[str, Any] = {
        "n_estimators": 1, "warm_start": True, "bootstrap": False, "n_jobs": request.threads, "random_state": request.seed,
        "max_features": float(request.options.get("max_features", 0.75)), "max_leaf_nodes": nodes if rows > nodes else None,
        "min_samples_leaf": int(request.options.get("min_samples_leaf", 1)),
    }
    regression = request.task == "regression"
    forest = ExtraTreesRegressor(**settings) if regression else ExtraTreesClassifier(
        criterion=str(request.options.get("criterion", "gini")), **settings)
    lowest = np.array([np.min(column[~np.isnan(column)], initial=0.0) for column in request.matrix.T])
    fill = np.nextafter((lowest - 1.0 - np.abs(lowest) * 0.01).astype(np.float32), np.float32(-np.inf))
    filled = _filled(request.matrix, fill)
    grown = 0
    truncated = False
    target = request.y if regression else request.y.astype(np.int64)
    while grown < trees and not truncated:
        grown = min(trees, grown + (1 if grown == 0 else CHUNK))
        forest.set_params(n_estimators=grown)
        forest.fit(filled, target, sample_weight=request.weights)
        truncated = request.over() and grown < trees
    return Fitted(_arrays(request, forest, fill), grown, truncated)


def _filled(matrix: Array, fill: NDArray[np.float32]) -> NDArray[np.float32]:
    values = matrix.astype(np.float32)
    out: NDArray[np.float32] = np.where(np.isnan(values), fill, values)
    return out


def _arrays(request: FitRequest, forest: Any, fill: NDArray[np.float32]) -> Forest:
    parts: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}
    roots, start, depth = [], 0, 0
    for estimator in forest.estimators_:
        tree = estimator.tree_
        own = np.arange(tree.node_count, dtype=np.int32)
        leaf = tree.children_left < 0
        parts["feature"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
        parts["left"].append(np.where(leaf, own, tree.children_left) + start)
        parts["right"].append(np.where(leaf, own, tree.children_right) + start)
        parts["value"].append(_values(request, forest, tree))
        roots.append(start)
        start += tree.node_count
        depth = max(depth, int(tree.max_depth))
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    places = {name: joined[name].astype(np.int32) for name in ("feature", "left", "right")}
    return Forest(request.task, np.array(roots, dtype=np.int32), threshold=joined["threshold"],
                  value=joined["value"].astype(np.float32), fill=fill, depth=depth, **places)


def _values(request: FitRequest, forest: Any, tree: Any) -> NDArray[Any]:
    if request.task == "regression":
        numbers: NDArray[Any] = tree.value[:, 0, :]
        return numbers
    shares = tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True)
    seen = np.zeros((len(shares), request.classes))
    seen[:, forest.classes_.astype(np.int64)] = shares  # a class may be absent from this part of the rows
    return seen[:, 1:2] if request.task == "binary" else seen


def _predict(model: Forest, matrix: Array) -> Array:
    filled = _filled(matrix, model.fill)
    rows = np.arange(len(matrix))
    total = np.zeros((len(matrix), model.value.shape[1]))
    for root in model.roots:
        node = np.full(len(matrix), root, dtype=np.int32)
        active = rows
        while len(active):
            here = node[active]
            goes_left = filled[active, model.feature[here]] <= model.threshold[here]
            there = np.where(goes_left, model.left[here], model.right[here])
            node[active] = there
            active = active[there != here]
        total += model.value[node]
    total /= len(model.roots)
    return total if model.task == "multiclass" else total[:, 0]


def _predict_row(model: Forest, row: Array) -> Any:
    """All trees at once, one level at a time."""
    filled = _filled(row, model.fill)
    node = model.roots
    for _ in range(model.depth):
        node = np.where(filled[model.feature[node]] <= model.threshold[node], model.left[node], model.right[node])
    mean = model.value[node].astype(np.float64).sum(axis=0) / len(model.roots)
    return mean if model.task == "multiclass" else float(mean[0])


def _save(model: Forest) -> dict[str, bytes]:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, task=np.array(model.task), roots=model.roots, feature=model.feature,
        threshold=model.threshold, left=model.left,
        right=model.right, value=model.value, fill=model.fill, depth=np.array(model.depth))
    return {"forest.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Forest:
    with np.load(io.BytesIO(files["forest.npz"]), allow_pickle=False) as stored:
        task: Any = str(stored["task"])
        return Forest(task, stored["roots"], stored["feature"], stored["threshold"], stored["left"], stored["right"],
                      stored["value"], stored["fill"], int(stored["depth"]))


FAMILY = Family(
    name="extra_trees", title="Extra trees", package="", requires=(),
    fields=(
        Field("trees", "Trees", "integer", 100, minimum=1, maximum=2000),
        Field("max_features", "Share of columns tried at a cut", "number", 0.75, minimum=0.01, maximum=1.0),
        Field("min_samples_leaf", "Rows a leaf at least", "integer", 1, minimum=1, maximum=1000),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    fit_package="sklearn", fit_modules=("sklearn.ensemble",), cost=2.0,
)
