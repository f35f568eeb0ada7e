"""Nearest neighbours: the outcomes of the most similar rows, nearer ones counting more."""
from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.codec import from_json, to_json
from automl_core.framing.problem import Task
from automl_core.search.design import Scale, learn_scale
from automl_core.search.design_row import RowDesign
from automl_core.search.family import Array, Family, FitRequest, Fitted, Stages
from automl_core.search.unit import staged

COUNTS = (5, 10, 20, 40, 80)  # neighbours tried; their places are the rounds
MAX_ROWS, MAX_CELLS = 20_000, 1_000_000  # kept to compare with: a row must be answered in a few milliseconds
CHUNK = 256
BLOCK = 16  # points compared at once
PRODUCTS = 200_000  # multiplied in one call: libraries start threads for more
DOUBT = 1.0  # neighbours' worth of the overall mean mixed in: five agreeing neighbours are no certainty


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Neighbours:
    """`reference` (m, d) 32-bit points with their outcomes `targets` (m, k): class marks or numbers. `mean` (k,) is overall.

    `weights` (m,) with mean 1 or so are how much each point counts; None: all the same.
    """

    task: Task
    scales: tuple[Scale, ...]
    reference: NDArray[np.float32]
    targets: Array
    mean: Array
    count: int
    weights: Array | None = None

    @cached_property
    def row_design(self) -> RowDesign:
        """The design of rows to score."""
        return RowDesign(self.scales)

    @cached_property
    def screen(self) -> Array:
        """(g, d + 1, c) what a point with a 1 at its end is multiplied by: its squared distances from so many points at a time,
        less its own square. There are so few at a time that the library starts no threads, which would fight with those that
        share out the rows; the last ones are filled up with points infinitely far away."""
        points = self.reference.T.astype(np.float64)
        together = max(1, PRODUCTS // (BLOCK * (len(points) + 1)))
        table = np.vstack([-2.0 * points, np.square(points).sum(axis=0)])
        more = np.zeros((len(table), -table.shape[1] % together))
        more[-1] = np.inf
        return np.ascontiguousarray(np.hstack([table, more]).reshape(len(table), -1, together).swapaxes(0, 1))


def _points(design: RowDesign, matrix: Array) -> NDArray[np.float32]:
    points: NDArray[np.float32] = design.table(matrix).astype(np.float32)
    return points


def _answers(model: Neighbours, points: NDArray[np.float32], counts: tuple[int, ...]) -> Array:
    """(len(counts), n, k) weighted means of outcomes.

    Weights fall to nothing at the nearest neighbour that is left out (Epanechnikov's kernel), so that which of several equally
    far ones is left out does not matter.
    """
    out = np.empty((len(counts), len(points), model.targets.shape[1]))
    for start in range(0, len(points), BLOCK):
        block = points[start : start + BLOCK]
        near, squared = _nearest(model, block, min(max(counts), len(model.reference) - 1))
        for place, count in enumerate(counts):
            out[place, start : start + BLOCK] = _mean(model, near[:, :count], squared, count)
            edge = squared[:, min(count, squared.shape[1] - 1)]
            for number in np.flatnonzero(edge <= squared[:, 0]):  # all are as near: so are others, perhaps, and all of them count
                alike = np.flatnonzero(_squared(model.reference - block[number]) <= edge[number])
                out[place, start + number] = _weighed(model, alike[None, :], np.ones((1, len(alike))))[0]
    return out


def _nearest(model: Neighbours, points: NDArray[np.float32], most: int) -> tuple[NDArray[np.int64], Array]:
    """(n, most + 1) places of the nearest reference points and their squared distances, the nearest first.

    A product of matrices says which they are, up to what is lost in rounding; their distances are then worked out one by one.
    """
    parts = np.hstack([points, np.ones((len(points), 1))]) @ model.screen
    roughly = parts.swapaxes(0, 1).reshape(len(points), -1)
    near = np.argpartition(roughly, most, axis=1)[:, : most + 1]
    squared = _squared(model.reference[near] - points[:, None])
    order = squared.argsort(axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(squared, order, axis=1)


def _squared(apart: NDArray[np.float32]) -> Array:
    found: Array = np.square(apart).sum(axis=-1, dtype=np.float64)
    return found


def _mean(model: Neighbours, near: NDArray[np.int64], squared: Array, count: int) -> Array:
    """(n, k) means of the outcomes of the `count` nearest; rows whose neighbours are all as near are left to the caller."""
    edge = squared[:, min(count, squared.shape[1] - 1), None]
    weights = 1.0 - squared[:, :count] / np.where(edge > squared[:, :1], edge, np.inf)
    return _weighed(model, near, weights)


def _weighed(model: Neighbours, chosen: NDArray[np.int64], weights: Array) -> Array:
    """(n, k) means of the outcomes of chosen points (n, c), mixed with the overall mean."""
    count = chosen.shape[1]
    weights = weights * (count / weights.sum(axis=1, keepdims=True))  # as if so many equal neighbours, whatever their scale
    total = np.full((len(chosen), 1), float(count))
    if model.weights is not None:  # a row that counts twice is two rows
        weights = weights * model.weights[chosen]
        total = weights.sum(axis=1, keepdims=True)
    found: Array = (np.einsum("ij,ijk->ik", weights, model.targets[chosen]) + DOUBT * model.mean) / (total + DOUBT)
    return found


def _fit(request: FitRequest) -> Fitted:
    scales = tuple(learn_scale(request.matrix[:, number], feature) for number, feature in enumerate(request.features))
    width = max(1, sum(scale.columns for scale in scales))
    rows = np.random.default_rng(request.seed).permutation(len(request.y))[: min(MAX_ROWS, max(MAX_CELLS // width, 200))]
    rows = np.sort(rows)
    y = request.y[rows]
    targets = np.eye(request.classes)[y.astype(np.int64)] if request.task != "regression" else y[:, None]
    targets = targets[:, 1:] if request.task == "binary" else targets
    place = min(max(request.rounds, 1), len(COUNTS)) - 1 if request.rounds else 2
    weights = None if request.weights is None else request.weights[rows]
    model = Neighbours(request.task, scales, _points(RowDesign(scales), request.matrix[rows]), targets,
                       np.average(targets, axis=0, weights=weights), COUNTS[place], weights)
    if request.valid_matrix is None or request.valid_y is None:
        return Fitted(model, place + 1)
    answers, truncated = _in_time(request, model, request.valid_matrix)
    losses = [_loss(request, answer) for answer in answers]
    best = int(np.argmin(losses))
    chosen = replace(model, count=COUNTS[best])
    found = [answer if request.task == "multiclass" else answer[:, 0] for answer in answers]
    stages = Stages(tuple(range(1, len(COUNTS) + 1)), staged(found, request.task, request.y))
    # predicted again they would take as long again, and without an end where time has cut them off
    return Fitted(chosen, best + 1, truncated, stages if request.stages and not truncated else None, said=found[best])


def _in_time(request: FitRequest, model: Neighbours, matrix: Array) -> tuple[Array, bool]:
    """Answers for the validation rows, for as many as time allows; the others get the mean."""
    out = np.tile(model.mean, (len(COUNTS), len(matrix), 1))
    for start in range(0, len(matrix), CHUNK):
        if start and request.over():
            return out, True
        out[:, start:start + CHUNK] = _answers(model, _points(model.row_design, matrix[start:start + CHUNK]), COUNTS)
    return out, False


def _loss(request: FitRequest, answer: Array) -> float:
    assert request.valid_y is not None
    y = request.valid_y
    if request.task == "regression":
        return float(np.average(np.square(answer[:, 0] - y), weights=request.valid_weights))
    several = request.task == "multiclass"
    given = answer[np.arange(len(y)), y.astype(np.int64)] if several else np.where(y == 1, answer[:, 0], 1 - answer[:, 0])
    return float(np.average(-np.log(np.clip(given, 1e-9, 1)), weights=request.valid_weights))


def _predict(model: Neighbours, matrix: Array) -> Array:
    found = np.empty((len(matrix), model.targets.shape[1]))
    for start in range(0, len(matrix), CHUNK):  # of many rows and columns the points are never all in memory
        found[start:start + CHUNK] = _answers(model, _points(model.row_design, matrix[start:start + CHUNK]), (model.count,))[0]
    return found if model.task == "multiclass" else found[:, 0]


def _predict_row(model: Neighbours, row: Array) -> Any:
    found = _answers(model, model.row_design.of(row).astype(np.float32)[None, :], (model.count,))[0, 0]
    return found if model.task == "multiclass" else float(found[0])


def _save(model: Neighbours) -> dict[str, bytes]:
    buffer = io.BytesIO()
    weighed = {} if model.weights is None else {"weights": model.weights}
    np.savez_compressed(buffer, allow_pickle=False, reference=model.reference, targets=model.targets, mean=model.mean, **weighed)
    about = {"task": model.task, "scales": model.scales, "count": model.count}
    return {"neighbours.json": json.dumps(to_json(about)).encode(), "neighbours.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Neighbours:
    about = json.loads(files["neighbours.json"])
    with np.load(io.BytesIO(files["neighbours.npz"]), allow_pickle=False) as stored:
        return Neighbours(about["task"], tuple(from_json(Scale, scale) for scale in about["scales"]), stored["reference"],
                          stored["targets"], stored["mean"], about["count"], stored.get("weights"))


FAMILY = Family(
    name="neighbours", title="Nearest neighbours", package="", requires=(), fields=(),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    cost=12.0,
)
