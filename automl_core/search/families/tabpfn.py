"""TabPFN, a network trained on synthetic tables that reads the training rows as context. Optional: it brings PyTorch and weights.

Its licence and weights are the user's own matter: nothing is fetched and nothing is sent. Without a file of weights on this
machine it is left out, as it is without the package.
"""
from __future__ import annotations

import inspect
import io
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import MissingDependency
from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted

MAX_ROWS, MAX_FEATURES, MAX_CLASSES = 10_000, 500, 10
MEMBERS = 4
FEW_ROWS = 1_000  # read once, they answer in seconds, however short the time is


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The rows it reads, which are what is stored, and the library's estimator over them; `weights` is the name of their file."""

    task: Task
    matrix: Array
    y: Array
    categories: tuple[int, ...]
    classes: int
    members: int
    weights: str = ""
    estimator: Any = None


def _folder() -> Path:
    """Where the library keeps weights."""
    chosen = os.environ.get("TABPFN_MODEL_CACHE_DIR", "").strip()
    if chosen:
        return Path(chosen)
    home = Path.home()
    known = {"win32": os.environ.get("APPDATA", ""), "darwin": str(home / "Library" / "Caches")}
    place = known.get(sys.platform, os.environ.get("XDG_CACHE_HOME", "")).strip()
    return (Path(place) if place else home / ".cache") / "tabpfn"


def _weights(task: Task, name: str = "") -> Path | None:
    """The file of weights for the task: the one of this name, else the one that came last; None where there is none."""
    kind = "regressor" if task == "regression" else "classifier"
    found = [path for path in _folder().glob(f"*{kind}*.ckpt") if name in ("", path.name)]
    return max(found, key=lambda path: (path.stat().st_mtime, path.name), default=None)


def _lacks(task: Task) -> str:
    return "" if _weights(task) else "has no file of weights on this machine"


def _opened(context: Context, threads: int = 0) -> Context:
    """The context with an estimator that has read it, by so many threads (0: as many as there are). It is given the file of
    weights, so that it looks for none. MissingDependency where that is not there."""
    weights = _weights(context.task, context.weights)
    if weights is None:
        raise MissingDependency("TabPFN's file of weights is not on this machine.",
                                f"Put {context.weights or 'it'} where TABPFN_MODEL_CACHE_DIR says, else in ~/.cache/tabpfn.")
    from automl_core.search.tabpfn_library import tabpfn, torch

    kind = tabpfn.TabPFNRegressor if context.task == "regression" else tabpfn.TabPFNClassifier
    named = inspect.signature(kind).parameters
    jobs = next((name for name in ("n_preprocessing_jobs", "n_jobs") if name in named), "")  # called so by version
    more = {jobs: threads} if threads and jobs else {}
    if threads:
        torch.set_num_threads(threads)
    estimator = kind(device="cpu", n_estimators=context.members, random_state=0, model_path=str(weights),
                     categorical_features_indices=list(context.categories), **more)
    estimator.fit(context.matrix, context.y if context.task == "regression" else context.y.astype(np.int64))
    return replace(context, weights=weights.name, estimator=estimator)


def _fit(request: FitRequest) -> Fitted:
    """Reading takes no time, answering does, and nothing can be seen of it before it ends: where rows are to be answered, some of
    the context is read first, then all of it, then as often as asked for, as far as there should be time. Rounds are readings."""
    if len(request.y) > MAX_ROWS or request.matrix.shape[1] > MAX_FEATURES:
        raise FitFailed(f"TabPFN takes at most {MAX_ROWS:,} rows and {MAX_FEATURES} columns.")
    if request.task == "multiclass" and request.classes > MAX_CLASSES:
        raise FitFailed(f"TabPFN takes at most {MAX_CLASSES} classes.")
    if _lacks(request.task):
        raise FitFailed("TabPFN's file of weights is not on this machine.")
    categories = tuple(number for number, feature in enumerate(request.features) if feature.kind == "category")
    members = request.rounds or int(request.options.get("members", MEMBERS))
    whole = Context(request.task, request.matrix, request.y, categories, request.classes, members)
    if request.valid_matrix is None:
        return Fitted(_opened(whole, request.threads), members)
    found, seconds, work = None, 0.0, 1
    for rows, readings in sorted({(min(FEW_ROWS, len(request.y)), 1), (len(request.y), 1), (len(request.y), members)}):
        began = time.monotonic()
        if found is not None and (request.over() or began + seconds * rows * readings / work > request.deadline):
            return replace(found, truncated=True)
        some = _some(request, rows)
        model = _opened(replace(whole, matrix=request.matrix[some], y=request.y[some], members=readings), request.threads)
        found = Fitted(model, readings, said=_predict(model, request.valid_matrix))
        seconds, work = time.monotonic() - began, rows * readings
    assert found is not None
    return found


def _some(request: FitRequest, rows: int) -> NDArray[np.int64]:
    """(rows,) places of rows to read, drawn by the seed; one of each class is among them."""
    order = np.random.default_rng(request.seed).permutation(len(request.y))
    if request.task != "regression":
        first = np.unique(request.y[order], return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    return np.sort(order[:rows])


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
    about = {"task": model.task, "categories": model.categories, "classes": model.classes, "members": model.members,
             "weights": model.weights}
    return {"tabpfn.json": json.dumps(about).encode(), "tabpfn.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Context:
    about = json.loads(files["tabpfn.json"])
    with np.load(io.BytesIO(files["tabpfn.npz"]), allow_pickle=False) as stored:
        matrix, y = stored["matrix"], stored["y"]
    return _opened(Context(about["task"], matrix, y, tuple(about["categories"]), about["classes"], about["members"],
                           about.get("weights", "")))


FAMILY = Family(
    name="tabpfn", title="TabPFN", package="tabpfn", requires=("tabpfn",),
    fields=(Field("members", "Readings averaged", "integer", MEMBERS, minimum=1, maximum=32),),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    fit_modules=("automl_core.search.tabpfn_library",), cost=60.0, weighs=False,
    most_rows=MAX_ROWS, most_features=MAX_FEATURES, most_classes=MAX_CLASSES, lacks=_lacks,
)
