"""TabPFN, a network trained on synthetic tables that reads the training rows as context. Optional: it brings PyTorch and weights.

Its licence and weights are the user's own matter: this file never downloads anything itself, and is silent unless the package
is installed.
"""
from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted

MAX_ROWS, MAX_FEATURES, MAX_CLASSES = 10_000, 500, 10


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The rows it reads, which are what is stored, and the library's estimator over them."""

    task: Task
    matrix: Array
    y: Array
    categories: tuple[int, ...]
    classes: int
    members: int
    estimator: Any


def _estimator(task: Task, matrix: Array, y: Array, categories: tuple[int, ...], members: int) -> Any:
    import tabpfn

    kind = tabpfn.TabPFNRegressor if task == "regression" else tabpfn.TabPFNClassifier
    estimator = kind(device="cpu", n_estimators=members, random_state=0, categorical_features_indices=list(categories))
    estimator.fit(matrix, y if task == "regression" else y.astype(np.int64))
    return estimator


def _fit(request: FitRequest) -> Fitted:
    if len(request.y) > MAX_ROWS or request.matrix.shape[1] > MAX_FEATURES:
        raise FitFailed(f"TabPFN takes at most {MAX_ROWS:,} rows and {MAX_FEATURES} columns.")
    if request.task == "multiclass" and request.classes > MAX_CLASSES:
        raise FitFailed(f"TabPFN takes at most {MAX_CLASSES} classes.")
    categories = tuple(number for number, feature in enumerate(request.features) if feature.kind == "category")
    members = int(request.options.get("members", 4))
    try:
        estimator = _estimator(request.task, request.matrix, request.y, categories, members)
    except OSError as error:
        raise FitFailed("TabPFN's weights are not on this machine.") from error
    return Fitted(Context(request.task, request.matrix, request.y, categories, request.classes, members, estimator), 1)


def _predict(model: Context, matrix: Array) -> Array:
    if model.task == "regression":
        return np.asarray(model.estimator.predict(matrix), dtype=np.float64)
    seen = np.asarray(model.estimator.predict_proba(matrix), dtype=np.float64)
    out = np.zeros((len(matrix), model.classes))
    out[:, np.asarray(model.estimator.classes_, dtype=np.int64)] = seen
    return out[:, 1] if model.task == "binary" else out


def _predict_row(model: Context, row: Array) -> Any:
    prediction = _predict(model, row[None, :])[0]
    return prediction if model.task == "multiclass" else float(prediction)


def _save(model: Context) -> dict[str, bytes]:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, matrix=model.matrix, y=model.y)
    about = {"task": model.task, "categories": model.categories, "classes": model.classes, "members": model.members}
    return {"tabpfn.json": json.dumps(about).encode(), "tabpfn.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Context:
    about = json.loads(files["tabpfn.json"])
    with np.load(io.BytesIO(files["tabpfn.npz"]), allow_pickle=False) as stored:
        matrix, y = stored["matrix"], stored["y"]
    categories = tuple(about["categories"])
    estimator = _estimator(about["task"], matrix, y, categories, about["members"])
    return Context(about["task"], matrix, y, categories, about["classes"], about["members"], estimator)


FAMILY = Family(
    name="tabpfn", title="TabPFN", package="tabpfn", requires=("tabpfn",),
    fields=(Field("members", "Readings averaged", "integer", 4, minimum=1, maximum=32),),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    fit_modules=("tabpfn",), cost=60.0, weighs=False,
)
