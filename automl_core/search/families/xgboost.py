"""Gradient-boosted trees of XGBoost, stored in its own binary JSON."""
from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.batches import raw_of_many
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
from automl_core.search.feature import Feature
from automl_core.search.masked import MaskedBoosters, mask
from automl_core.search.unit import USUAL, Unit, in_unit, unit_stored
from automl_core.search.xgboost_rows import pack_boosters

OBJECTIVES = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}
MOST_LEVELS = 2_000  # of a category, the commonest: the library keeps long lists of them for every cut
METRICS = {"binary:logistic": "logloss", "multi:softprob": "mlogloss", "reg:squarederror": "rmse", "reg:absoluteerror": "mae",
           "reg:quantileerror": "quantile"}


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Trees:
    """XGBoost boosters whose margins are averaged, as bytes too, and how many levels of each column they tell apart: 0 for a
    number. Numbers were learned in `unit`."""

    task: Task
    boosters: tuple[Any, ...]
    levels: tuple[int, ...]
    files: tuple[bytes, ...] = field(repr=False)
    unit: Unit = USUAL

    @cached_property
    def packed(self) -> PackedBoosters:
        """The boosters, for one row at a time."""
        nothing = _table(np.full((1, len(self.levels)), np.nan), self.levels)
        bases = tuple(_margins(booster, nothing, booster.num_boosted_rounds()).reshape(-1) for booster in self.boosters)
        return pack_boosters(self.files, bases, self.levels)

    @cached_property
    def batched(self) -> MaskedBoosters | None:
        """The boosters, for batches of many rows: only as masks, whose sums are the library's to its 32 bits."""
        return mask(self.packed)


def _margins(booster: Any, table: Any, start: int = 0) -> NDArray[np.float32]:
    """(n,) or (n, k) what a booster's trees from `start` on add to its base."""
    out: NDArray[np.float32] = booster.predict(table, output_margin=True, iteration_range=(start, booster.num_boosted_rounds()))
    return out


def _table(matrix: Array, levels: tuple[int, ...], **more: Any) -> Any:
    """The library's table; codes that training had no name for are missing, which it would refuse otherwise."""
    import xgboost

    values = matrix.astype(np.float32)
    for number, many in enumerate(levels):
        if many:
            values[(values[:, number] < 0) | (values[:, number] >= many), number] = np.nan
    values[np.isinf(values)] = np.nan
    kinds = ["c" if many else "q" for many in levels]
    return xgboost.DMatrix(values, feature_types=kinds, enable_categorical=True, nthread=1, **more)


def _levels(features: tuple[Feature, ...]) -> tuple[int, ...]:
    return tuple(min(len(feature.levels), MOST_LEVELS) if feature.kind == "category" else 0 for feature in features)


def _parameters(request: FitRequest) -> dict[str, Any]:
    loss = request.options.get("loss")
    objective = {"absolute": "reg:absoluteerror", "quantile": "reg:quantileerror"}.get(str(loss), OBJECTIVES[request.task])
    options = {name: value for name, value in request.options.items() if name not in ("rounds", "patience", "loss", "alpha")}
    options |= {"objective": objective, "eval_metric": METRICS[objective], "nthread": request.threads, "seed": request.seed,
                "tree_method": "hist", "verbosity": 0}
    if loss == "quantile":
        options["quantile_alpha"] = float(request.options.get("alpha", 0.5))
    if request.task == "multiclass":
        options["num_class"] = request.classes
    return options


def _stopper(request: FitRequest, patience: int) -> Any:
    """XGBoost's per-round callback: keeps the best round and ends the fit when patience or time runs out."""
    from xgboost.callback import TrainingCallback

    class Stopper(TrainingCallback):
        best_loss = math.inf
        best_round = 0
        best_at = 0.0
        truncated = False

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if evals_log:
                loss = float(next(iter(evals_log["valid"].values()))[-1])
                if loss < self.best_loss:
                    self.best_loss, self.best_round, self.best_at = loss, epoch, time.monotonic()
            else:
                self.best_round = epoch
            self.truncated = request.over()
            return self.truncated or epoch - self.best_round >= max(patience, int(0.3 * self.best_round) + 20)

    return Stopper()


def _fit(request: FitRequest) -> Fitted:
    import xgboost

    began = time.monotonic()
    request, unit = in_unit(request)
    parameters, levels = _parameters(request), _levels(request.features)
    train = _table(request.matrix, levels, label=request.y, weight=request.weights)
    request.let_go()
    valid = None
    if request.valid_matrix is not None:
        valid = _table(request.valid_matrix, levels, label=request.valid_y, weight=request.valid_weights)
    wanted = int(request.options.get("rounds", 1000))
    rounds = request.rounds if valid is None and request.rounds else wanted
    patience = min(int(request.options.get("patience", 100)), max(20, round(1_000_000 / max(len(request.y), 10_000))))
    found: list[Any] = []
    first: Any = None
    while not found or (valid is None and request.another(began, len(found))):
        watch = _stopper(request, patience if valid is not None else rounds)
        try:
            booster = xgboost.train(parameters | {"seed": request.seed + len(found)}, train, rounds, callbacks=[watch],
                                    evals=[] if valid is None else [(valid, "valid")], verbose_eval=False)
        except xgboost.core.XGBoostError as error:
            raise FitFailed(f"XGBoost could not learn from this table ({str(error).splitlines()[0][:120]}).") from error
        if watch.truncated and found:
            break  # a part of a fit would spoil the mean
        first = first or watch
        found.append(booster)
    stages = unit.stages(_stages(request, found[0], valid))
    if valid is not None:
        found = [found[0][: first.best_round + 1]]
    files = tuple(bytes(booster.save_raw("ubj")) for booster in found)
    return Fitted(_trees(request.task, levels, files, unit), first.best_round + 1, first.truncated, stages,
                  1.0 if valid is None else share_until(began, first.best_at), bags=len(found))


def _stages(request: FitRequest, booster: Any, valid: Any) -> Stages | None:
    if not request.stages or valid is None:
        return None
    rounds = reached(booster.num_boosted_rounds())
    margins = [booster.predict(valid, output_margin=True, iteration_range=(0, stage)) for stage in rounds]
    return Stages(rounds, link(request.task, np.array(margins, dtype=np.float64)).astype(np.float32))


def _trees(task: Task, levels: tuple[int, ...], files: tuple[bytes, ...], unit: Unit = USUAL) -> Trees:
    import xgboost

    boosters = []
    for content in files:
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(content))
        boosters.append(booster)
    return Trees(task, tuple(boosters), levels, files, unit)


def _predict(model: Trees, matrix: Array) -> Array:
    if not len(matrix):
        return link(model.task, np.zeros((0, 2)) if model.task == "multiclass" else np.zeros(0))
    many = raw_of_many(numbers(matrix), lambda: model.batched)
    if many is not None:
        return model.unit.back(link(model.task, many if model.task == "multiclass" else many[:, 0]))
    table = _table(matrix, model.levels)
    raw = sum(booster.predict(table, output_margin=True).astype(np.float64) for booster in model.boosters)
    return model.unit.back(link(model.task, np.asarray(raw) / len(model.boosters)))


def numbers(values: Array) -> Array:
    """Values as the library takes them: of 32 bits, and none beyond all numbers."""
    found = values.astype(np.float32).astype(np.float64)
    found[np.isinf(found)] = np.nan
    return found


def _predict_row(model: Trees, row: Array) -> Any:
    found = link(model.task, model.packed.raw(numbers(row)))
    return found if model.task == "multiclass" else float(model.unit.back(found)[0])


def _contributions(model: Trees, matrix: Array) -> tuple[Array, Any]:
    """TreeSHAP as XGBoost computes it (Lundberg et al. 2020): path-dependent, in raw space."""
    table = _table(matrix, model.levels)
    phi = sum(booster.predict(table, pred_contribs=True).astype(np.float64) for booster in model.boosters)
    phi = np.asarray(phi) / len(model.boosters)
    margins = sum(booster.predict(table, output_margin=True).astype(np.float64) for booster in model.boosters)
    # the library adds in 32 bits: what is lost goes to the largest part, so that parts add up
    lost = np.asarray(margins) / len(model.boosters) - phi.sum(axis=-1)
    largest = np.abs(phi[..., :-1]).argmax(axis=-1)
    np.put_along_axis(phi, largest[..., None], np.take_along_axis(phi, largest[..., None], -1) + lost[..., None], -1)
    if model.task != "multiclass":
        return model.unit.contributions(phi[:, :-1], float(phi[0, -1]) if len(phi) else 0.0)
    base = phi[0, :, -1] if len(phi) else np.zeros(phi.shape[1])
    return np.ascontiguousarray(phi[:, :, :-1].transpose(0, 2, 1)), base


def _save(model: Trees) -> dict[str, bytes]:
    files = {f"xgboost{number}.ubj": content for number, content in enumerate(model.files)}
    return files | {"task.json": json.dumps([model.task, model.levels, *model.unit.stored]).encode()}


def _load(files: Mapping[str, bytes]) -> Trees:
    task, levels, *unit = json.loads(files["task.json"])
    contents = tuple(files[f"xgboost{number}.ubj"] for number in range(len(files) - 1))
    return _trees(task, tuple(levels), contents, unit_stored(unit))


FAMILY = Family(
    name="xgboost", title="XGBoost", package="xgboost", requires=("xgboost",),
    fields=(
        Field("learning_rate", "Learning rate", "number", 0.05, minimum=0.001, maximum=1.0),
        Field("max_depth", "Questions from root to leaf", "integer", 6, minimum=1, maximum=16),
        Field("min_child_weight", "Weight of a leaf at least", "number", 1.0, minimum=0.0, maximum=1000.0),
        Field("subsample", "Share of rows for a tree", "number", 1.0, minimum=0.1, maximum=1.0),
        Field("colsample_bynode", "Share of columns tried at a cut", "number", 1.0, minimum=0.1, maximum=1.0),
        Field("rounds", "Trees at most", "integer", 1000, minimum=1, maximum=20_000),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, fit_modules=("xgboost",), grows=True, cost=0.8, bagged=True, in_turn=True,
    quantiles=True, hastens=True, refits=True,
    space=RATE | {
        "max_depth": Range(3, 10, False, True), "min_child_weight": Range(0.5, 50.0, True), "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.3, 1.0), "reg_lambda": Range(0.01, 20.0, True)},
    taught=("binary", "multiclass", "regression"),
)
