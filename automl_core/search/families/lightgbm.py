"""Gradient-boosted trees of LightGBM, stored in its own text format."""
from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.batches import Batched, batched, raw_of_many
from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.family import (
    RATE,
    Array,
    Family,
    FitFailed,
    FitRequest,
    Fitted,
    Range,
    Stages,
    link,
    reached,
    share_until,
)
from automl_core.search.lightgbm_rows import pack_boosters
from automl_core.search.lightgbm_text import slim, turned_back
from automl_core.search.unit import in_unit

USUAL_RATE, USUAL_LEAVES = 0.04, 20
OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
LOSSES = {"absolute": "regression_l1", "quantile": "quantile"}
METRICS = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "l2", "regression_l1": "l1",
           "quantile": "quantile"}


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Trees:
    """LightGBM boosters whose raw scores are averaged, as their texts, and the task they were fitted for."""

    task: Task
    boosters: tuple[Any, ...]
    texts: tuple[str, ...] = field(repr=False)

    @cached_property
    def packed(self) -> PackedBoosters:
        """The boosters, for one row at a time."""
        return pack_boosters(self.texts)

    @cached_property
    def batched(self) -> Batched | None:
        """The boosters, for batches of many rows."""
        return batched(self.packed)


@dataclass(eq=False)  # without slots: LightGBM sets an attribute of its own on callbacks
class Stopper:
    """LightGBM's per-round callback: keeps the best round and ends the fit when patience or time runs out."""

    request: FitRequest
    patience: int
    best_loss: float = math.inf
    best_round: int = 0
    best_at: float = field(default_factory=time.monotonic)
    truncated: bool = False

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        if env.evaluation_result_list:
            loss = float(env.evaluation_result_list[0][2])
            if loss < self.best_loss:
                self.best_loss, self.best_round, self.best_at = loss, env.iteration, time.monotonic()
        else:
            self.best_round = env.iteration
        patience = max(self.patience, int(0.3 * self.best_round) + 20)
        self.truncated = self.request.over()
        if self.truncated or env.iteration - self.best_round >= patience:
            raise EarlyStopException(self.best_round, env.evaluation_result_list or [])


def parameters_of(request: FitRequest) -> dict[str, Any]:
    """LightGBM's own parameters of a fit."""
    options = {name: value for name, value in request.options.items() if name not in ("rounds", "patience", "loss")}
    objective = LOSSES.get(str(request.options.get("loss")), OBJECTIVES[request.task])
    options |= {
        "objective": objective, "metric": METRICS[objective], "num_threads": request.threads, "seed": request.seed,
        "verbosity": -1, "deterministic": True, "force_col_wise": True, "feature_pre_filter": False,
    }
    if request.task == "multiclass":
        options["num_class"] = request.classes
    return options


def patience_of(rows: int, wanted: int) -> int:
    """Rounds without a better one after which a fit ends: fewer on many rows, where they take longer."""
    return min(wanted, max(20, round(wanted * 10_000 / max(rows, 10_000))))


def _fit(request: FitRequest) -> Fitted:
    import lightgbm
    from lightgbm.basic import LightGBMError

    began = time.monotonic()
    request, unit = in_unit(request)
    parameters = parameters_of(request)
    categories = [number for number, feature in enumerate(request.features) if feature.kind == "category"]
    train = lightgbm.Dataset(request.matrix, request.y, weight=request.weights, categorical_feature=categories, params=parameters,
                             free_raw_data=True)
    request.let_go()  # the library frees what it was given once that is binned
    valid = []
    if request.valid_matrix is not None:
        valid = [lightgbm.Dataset(request.valid_matrix, request.valid_y, weight=request.valid_weights, reference=train,
                                  params=parameters)]
    rounds = int(request.options.get("rounds", 1000)) if valid or not request.rounds else request.rounds
    stopper = Stopper(request, patience_of(len(request.y), int(request.options.get("patience", 100))))
    try:
        # kept as it is: otherwise the trees after the best round are cut off, and the stages with them
        booster = lightgbm.train(parameters, train, rounds, valid_sets=valid, callbacks=[stopper], keep_training_booster=True)
    except LightGBMError as error:
        raise FitFailed(f"LightGBM could not learn from this table ({str(error)[:120]}).") from error
    texts = [slim(booster.model_to_string(num_iteration=stopper.best_round + 1))]
    while not valid and request.another(began, len(texts)):
        watch = Stopper(request, rounds)
        again = lightgbm.train(parameters | {"seed": request.seed + len(texts)}, train, rounds, callbacks=[watch])
        if watch.truncated:
            break  # a part of a fit would spoil the mean
        texts.append(slim(again.model_to_string()))
    stages = unit.stages(_stages(request, booster))
    texts = [turned_back(text, unit) for text in texts]
    return Fitted(trees_of(request.task, tuple(texts)), stopper.best_round + 1, stopper.truncated, stages,
                  share_until(began, stopper.best_at) if valid else 1.0, bags=len(texts))


def _stages(request: FitRequest, booster: Any) -> Stages | None:
    """Predictions along the way, each from the one before and the trees in between."""
    if not request.stages or request.valid_matrix is None:
        return None
    rounds = reached(booster.current_iteration())
    found, done = [], 0
    raw: Any = 0.0
    for stage in rounds:
        raw = raw + booster.predict(
            request.valid_matrix, start_iteration=done, num_iteration=stage - done, raw_score=True, num_threads=1)
        found.append(link(request.task, raw).astype(np.float32))
        done = stage
    return Stages(rounds, np.array(found))


def trees_of(task: Task, texts: tuple[str, ...]) -> Trees:
    """The model of these boosters' texts."""
    import lightgbm

    return Trees(task, tuple(lightgbm.Booster(model_str=text) for text in texts), texts)


def _predict(model: Trees, matrix: Array) -> Array:
    many = raw_of_many(matrix, lambda: model.batched)
    if many is not None:
        return link(model.task, many if model.task == "multiclass" else many[:, 0])
    raw = sum(booster.predict(matrix, raw_score=True, num_threads=1) for booster in model.boosters)
    return link(model.task, np.asarray(raw, dtype=np.float64) / len(model.boosters))


def _predict_row(model: Trees, row: Array) -> Any:
    found = link(model.task, model.packed.raw(row))
    return found if model.task == "multiclass" else float(found[0])


def _contributions(model: Trees, matrix: Array) -> tuple[Array, Any]:
    """TreeSHAP as LightGBM computes it (Lundberg et al. 2020): path-dependent, exactly additive in raw space."""
    parts = sum(booster.predict(matrix, pred_contrib=True, num_threads=1) for booster in model.boosters)
    phi = np.asarray(parts, dtype=np.float64) / len(model.boosters)
    features = matrix.shape[1]
    if model.task != "multiclass":
        return phi[:, :features], float(phi[0, features]) if len(phi) else 0.0
    blocks = phi.reshape(len(matrix), -1, features + 1)
    base = blocks[0, :, features] if len(blocks) else np.zeros(blocks.shape[1])
    return np.ascontiguousarray(blocks[:, :, :features].transpose(0, 2, 1)), base


def _save(model: Trees) -> dict[str, bytes]:
    texts = {f"lightgbm{number}.txt": text.encode() for number, text in enumerate(model.texts)}
    return texts | {"task.json": json.dumps(model.task).encode()}


def _load(files: Mapping[str, bytes]) -> Trees:
    texts = (files[f"lightgbm{number}.txt"].decode() for number in range(len(files) - 1))
    return trees_of(json.loads(files["task.json"]), tuple(texts))


def _effort(options: Mapping[str, Any], task: Task) -> float:
    """Against the careful trees of the portfolio, as measured on ten tables: of large trees fewer are needed to tell classes
    apart, but not to tell numbers, and small ones are quick."""
    leaves = int(options.get("num_leaves", 31)) / USUAL_LEAVES
    size = leaves ** 0.3 if leaves <= 1 else 1.0 if task == "regression" else leaves ** -0.3
    return float(USUAL_RATE / options.get("learning_rate", USUAL_RATE) * size)


FAMILY = Family(
    name="lightgbm", title="LightGBM", package="lightgbm", requires=("lightgbm",),
    fields=(
        Field("learning_rate", "Learning rate", "number", 0.04, minimum=0.001, maximum=1.0),
        Field("num_leaves", "Leaves a tree", "integer", 31, minimum=2, maximum=1000),
        Field("min_data_in_leaf", "Rows a leaf at least", "integer", 20, minimum=1, maximum=10_000),
        Field("extra_trees", "Random cuts", "switch", False),
        Field("rounds", "Trees at most", "integer", 1000, minimum=1, maximum=20_000),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, fit_modules=("lightgbm",), grows=True, effort=_effort, bagged=True, in_turn=True,
    quantiles=True, hastens=True, letters=True, refits=True,
    space=RATE | {
        "num_leaves": Range(4, 256, True, True), "min_data_in_leaf": Range(1, 120, True, True),
        "feature_fraction": Range(0.3, 1.0), "bagging_fraction": Range(0.5, 1.0), "lambda_l2": Range(0.01, 20.0, True)},
    taught=("binary", "multiclass", "regression"), leaf_rows="min_data_in_leaf",
)
