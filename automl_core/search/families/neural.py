"""A small neural network: trained by scikit-learn epoch by epoch, kept, stored and scored as plain arrays."""
from __future__ import annotations

import io
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from automl_core.codec import from_json, to_json
from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.design import Scale, design_of, learn_scale
from automl_core.search.design_row import RowDesign
from automl_core.search.family import GRID, Array, Family, FitRequest, Fitted, Range, Stages, link
from automl_core.search.unit import staged

PATIENCE = 8
MAX_CELLS = 10_000_000
BLOCK = 16  # rows multiplied at once

Layers = tuple[tuple[Array, Array], ...]


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Net:
    """Several networks whose raw scores are averaged, each as (weights (i, o), biases (o,)) by layer; ReLU in between.

    Raw scores of numbers are in standard deviations `spread` around `middle`, and kept between `low` and `high`.
    """

    task: Task
    scales: tuple[Scale, ...]
    nets: tuple[Layers, ...]
    middle: float
    spread: float
    low: float = -math.inf
    high: float = math.inf

    @cached_property
    def row_design(self) -> RowDesign:
        """The design of rows to score."""
        return RowDesign(self.scales)


def _estimator(request: FitRequest, bag: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if request.task == "regression" else MLPClassifier
    width = int(request.options.get("width", 64))
    return kind(hidden_layer_sizes=(width,) * int(request.options.get("layers", 2)),
                alpha=float(request.options.get("alpha", 1e-3)),
                learning_rate_init=float(request.options.get("learning_rate", 2e-3)),
                random_state=request.seed + bag, batch_size=min(256, max(16, len(request.y) // 20)))


def _layers(estimator: Any) -> Layers:
    """Copies of the estimator's arrays: it goes on learning in them."""
    return tuple((weights.copy(), biases.copy()) for weights, biases in zip(estimator.coefs_, estimator.intercepts_, strict=True))


def _forward(layers: Layers, x: Array) -> Array:
    """(n, k) outputs before the last link.

    Rows go through in small blocks, which stay in the cache and for which the library starts no threads of its own: they would
    fight with those that share out the rows.
    """
    whole = len(x) // BLOCK * BLOCK
    if 0 < whole < len(x):
        return np.concatenate([_forward(layers, x[:whole]), _forward(layers, x[whole:])])
    out = x.reshape(-1, BLOCK, x.shape[1]) if whole else x
    for number, (weights, biases) in enumerate(layers):
        out = out @ weights
        out += biases
        if number < len(layers) - 1:
            np.maximum(out, 0.0, out=out)
    return out.reshape(len(x), out.shape[-1])


def _raw(model: Net, x: Array) -> Array:
    total: Array = sum((_forward(layers, x) for layers in model.nets), np.zeros(1)) / len(model.nets)
    return np.clip(model.middle + model.spread * total, model.low, model.high)


def _fit(request: FitRequest) -> Fitted:
    scales = tuple(learn_scale(request.matrix[:, number], feature) for number, feature in enumerate(request.features))
    width = max(1, sum(scale.columns for scale in scales))
    rows = np.arange(len(request.y))
    if len(rows) * width > MAX_CELLS:
        rows = np.sort(np.random.default_rng(request.seed).permutation(len(rows))[: max(MAX_CELLS // width, 1000)])
    x, y = design_of(scales, request.matrix[rows]), request.y[rows]
    weights = None if request.weights is None else request.weights[rows]
    middle, spread, low, high = _target_scale(request, y)
    train = _Training(request, x, (y - middle) / spread if request.task == "regression" else y.astype(np.int64), weights)
    shell = Net(request.task, scales, (), middle, spread, low, high)
    if request.valid_matrix is None or request.valid_y is None:
        return _all_epochs(request, shell, train)
    return _stopped_early(request, shell, train)


@dataclass(frozen=True, slots=True, eq=False)
class _Training:
    """The rows to learn from, an epoch at a time. All classes are shown to the estimator, those without a row too."""

    request: FitRequest
    x: Array
    y: Array
    weights: Array | None

    def epoch(self, estimator: Any) -> None:
        more = {} if self.request.task == "regression" else {"classes": np.arange(self.request.classes)}
        estimator.partial_fit(self.x, self.y, **more, **({} if self.weights is None else {"sample_weight": self.weights}))


def _target_scale(request: FitRequest, y: Array) -> tuple[float, float, float, float]:
    if request.task != "regression":
        return 0.0, 1.0, -math.inf, math.inf
    low, high = float(y.min()), float(y.max())
    return float(y.mean()), float(y.std()) or 1.0, low - 0.1 * (high - low), high + 0.1 * (high - low)


def _with(model: Net, nets: tuple[Layers, ...]) -> Net:
    return Net(model.task, model.scales, nets, model.middle, model.spread, model.low, model.high)


def _all_epochs(request: FitRequest, shell: Net, train: _Training) -> Fitted:
    """As many networks as wanted, each for the given number of epochs."""
    epochs = request.rounds or int(request.options.get("epochs", 30))
    nets: list[Layers] = []
    began = time.monotonic()
    while not nets or request.another(began, len(nets)):
        estimator = _estimator(request, len(nets))
        for epoch in range(1, epochs + 1):
            train.epoch(estimator)
            if request.over() and epoch < epochs:
                # a part of a fit would spoil the mean of whole ones
                return Fitted(_with(shell, tuple(nets) or (_layers(estimator),)), epochs, not nets, bags=max(1, len(nets)))
        nets.append(_layers(estimator))
    return Fitted(_with(shell, tuple(nets)), epochs, bags=len(nets))


def _stopped_early(request: FitRequest, shell: Net, train: _Training) -> Fitted:
    """One network, at the epoch that is best on the validation rows."""
    assert request.valid_matrix is not None
    assert request.valid_y is not None
    said = _scorer(shell, request.valid_matrix)
    estimator = _estimator(request, 0)
    best, best_epoch, kept, truncated = math.inf, 0, shell, False
    stages: list[Array] = []
    epochs = int(request.options.get("epochs", 100))
    for epoch in range(1, epochs + 1):
        train.epoch(estimator)
        model = _with(shell, (_layers(estimator),))
        prediction = _finished(request.task, said(model))
        if epoch in GRID:
            stages.append(prediction)
        loss = _loss(request.task, request.valid_y, prediction, request.valid_weights)
        if loss < best:
            best, best_epoch, kept = loss, epoch, model
        truncated = request.over() and epoch < epochs
        if truncated or epoch - best_epoch >= PATIENCE:
            break
    if not kept.nets:
        kept = _with(shell, (_layers(estimator),))
    rounds = GRID[: len(stages)]
    found = Stages(rounds, staged(stages, request.task, request.y)) if request.stages else None
    return Fitted(kept, max(best_epoch, 1), truncated, found)


def _scorer(shell: Net, matrix: Array) -> Callable[[Net], Array]:
    """What gives the raw scores (n, k) of a matrix by networks of these scales: from its design where that is small, else from a
    part of it at a time."""
    if len(matrix) <= _rows_at_once(shell):
        design = design_of(shell.scales, matrix)
        return lambda model: _raw(model, design)
    return lambda model: _by_parts(model, matrix)


def _by_parts(model: Net, matrix: Array) -> Array:
    """(n, k) raw scores: of many rows and columns the design is never whole in memory."""
    size = _rows_at_once(model)
    starts = range(0, max(len(matrix), 1), size)
    return np.concatenate([_raw(model, model.row_design.table(matrix[start:start + size])) for start in starts])


def _rows_at_once(model: Net) -> int:
    return max(1, MAX_CELLS // max(1, sum(scale.columns for scale in model.scales)) // BLOCK) * BLOCK


def _loss(task: Task, y: Array, prediction: Array, weights: Array | None) -> float:
    if task == "regression":
        return float(np.average(np.square(y - prediction), weights=weights))
    several = task == "multiclass"
    chosen = prediction[np.arange(len(y)), y.astype(np.int64)] if several else np.where(y == 1, prediction, 1 - prediction)
    return float(np.average(-np.log(np.clip(chosen, 1e-12, 1)), weights=weights))


def _finished(task: Task, raw: Array) -> Array:
    if task == "multiclass":
        return link(task, raw if raw.shape[1] > 1 else raw * np.array([-0.5, 0.5]))  # of two classes there is one output
    return link(task, raw[:, 0])


def _predict(model: Net, matrix: Array) -> Array:
    return _finished(model.task, _by_parts(model, matrix))


def _predict_row(model: Net, row: Array) -> Any:
    prediction = _finished(model.task, _raw(model, model.row_design.of(row)[None, :]))[0]
    return prediction if model.task == "multiclass" else float(prediction)


def _save(model: Net) -> dict[str, bytes]:
    arrays = {f"{kind}{net}_{layer}": array for net, layers in enumerate(model.nets)
              for layer, pair in enumerate(layers) for kind, array in zip(("w", "b"), pair, strict=True)}
    buffer = io.BytesIO()
    target = np.array([model.middle, model.spread, model.low, model.high])
    np.savez_compressed(buffer, allow_pickle=False, target=target, **arrays)
    about = {"task": model.task, "scales": model.scales, "nets": [len(layers) for layers in model.nets]}
    return {"neural.json": json.dumps(to_json(about)).encode(), "neural.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Net:
    about = json.loads(files["neural.json"])
    with np.load(io.BytesIO(files["neural.npz"]), allow_pickle=False) as stored:
        nets = tuple(tuple((stored[f"w{net}_{layer}"], stored[f"b{net}_{layer}"]) for layer in range(layers))
                     for net, layers in enumerate(about["nets"]))
        scales = tuple(from_json(Scale, scale) for scale in about["scales"])
        return Net(about["task"], scales, nets, *(float(value) for value in stored["target"]))


FAMILY = Family(
    name="neural", title="Neural network", package="", requires=(),
    fields=(
        Field("width", "Neurons a layer", "integer", 64, minimum=2, maximum=512),
        Field("layers", "Layers", "integer", 2, minimum=1, maximum=4),
        Field("alpha", "Penalty of large weights", "number", 1e-3, minimum=0.0, maximum=10.0),
        Field("learning_rate", "Learning rate", "number", 2e-3, minimum=1e-5, maximum=0.1),
        Field("epochs", "Passes over the rows at most", "integer", 100, minimum=1, maximum=1000),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    fit_package="sklearn", fit_modules=("sklearn.neural_network",), cost=8.0, bagged=True, in_turn=True,
    space={"alpha": Range(1e-5, 1.0, True)},
)
