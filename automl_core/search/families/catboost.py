"""Gradient-boosted trees of CatBoost with its ordered category statistics, stored in its own cbm format."""
from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.framing.problem import Task
from automl_core.registry import Field
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
from automl_core.search.unit import USUAL, Unit, in_unit, unit_stored

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 2_000  # of a category, the commonest: the library keeps what it counted of each, and of pairs of them
USUAL_DEPTH, USUAL_RATE = 4, 0.08
LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Trees:
    """A CatBoost model, its task and which features are categories. Numbers were learned in `unit`."""

    task: Task
    booster: Any
    categories: tuple[int, ...]
    unit: Unit = USUAL

    @cached_property
    def known(self) -> list[int]:
        """The categories as the library names them: it reads them from the model anew for each table it is not told of."""
        found: list[int] = self.booster.get_cat_feature_indices()
        return found


@dataclass(slots=True, eq=False)
class Stopper:
    """CatBoost's per-round callback: ends the fit when time runs out, and notes when each round ended."""

    request: FitRequest
    truncated: bool = False
    moments: list[float] = field(default_factory=list)

    def after_iteration(self, info: Any) -> bool:
        self.moments.append(time.monotonic())
        self.truncated = self.truncated or self.request.over()
        return not self.truncated


def _parameters(request: FitRequest, rounds: int) -> dict[str, Any]:
    options = {name: value for name, value in request.options.items() if name not in ("rounds", "patience", "loss", "alpha")}
    options |= {
        "loss_function": _loss_function(request), "iterations": rounds,
        "thread_count": request.threads, "random_seed": request.seed, "logging_level": "Silent", "allow_writing_files": False,
        "allow_const_label": True,  # the oldest block of time may be nothing else, and learns it, as other families do
    }
    if request.task == "multiclass":
        options["classes_count"] = request.classes
    return options


def _loss_function(request: FitRequest) -> str:
    alpha = float(request.options.get("alpha", 0.5))
    named = {"absolute": "MAE", "quantile": f"Quantile:alpha={alpha}"}
    return named.get(str(request.options.get("loss")), LOSSES[request.task])


def _table(matrix: Array, categories: tuple[int, ...]) -> pd.DataFrame:
    """The matrix as CatBoost takes it: category codes as integers (missing or too rare -1), numbers in 32 bits."""
    import pandas as pd

    chosen = set(categories)
    return pd.DataFrame({number: np.where(column < MOST_LEVELS, column, -1).astype(np.int32) if number in chosen
                         else column.astype(np.float32) for number, column in enumerate(matrix.T)}, copy=False)


def _fit(request: FitRequest) -> Fitted:
    from catboost import CatBoost, CatBoostError, Pool, sum_models

    categories = tuple(number for number, feature in enumerate(request.features) if feature.kind == "category")
    early = request.valid_matrix is not None
    rounds = int(request.options.get("rounds", 1000)) if early or not request.rounds else request.rounds
    staged = early and request.stages
    request, unit = in_unit(request)
    stopper, began = Stopper(request), time.monotonic()
    try:
        table = _table(request.matrix, categories)
        request.let_go()
        train = Pool(table, request.y, cat_features=list(categories), weight=request.weights)
        del table  # the library has its own
        model = CatBoost(_parameters(request, rounds))
        settings: dict[str, Any] = {"callbacks": [stopper]}
        if early:
            assert request.valid_matrix is not None
            valid = Pool(_table(request.valid_matrix, categories), request.valid_y, cat_features=list(categories),
                         weight=request.valid_weights)
            patience = int(request.options.get("patience", 50))
            settings |= {"eval_set": valid, "use_best_model": not staged, "early_stopping_rounds": patience}
        model.fit(train, **settings)
        stages = unit.stages(_stages(request, model, valid)) if staged else None
        if staged and model.best_iteration_ is not None and model.best_iteration_ + 1 < model.tree_count_:
            model.shrink(ntree_end=int(model.best_iteration_) + 1)
        bags = [model]
        while not early and request.another(began, len(bags)):
            watch = Stopper(request)
            again = CatBoost(_parameters(request, rounds) | {"random_seed": request.seed + len(bags)})
            again.fit(train, callbacks=[watch])
            if watch.truncated:
                break  # a part of a fit would spoil the mean
            bags.append(again)
        trees = int(model.tree_count_)
        if len(bags) > 1:
            model = sum_models(bags, weights=[1.0 / len(bags)] * len(bags))
    except CatBoostError as error:
        raise FitFailed(f"CatBoost could not learn from this table ({str(error).splitlines()[0][-120:]}).") from error
    to_best = share_until(began, stopper.moments[min(trees, len(stopper.moments)) - 1]) if early and stopper.moments else 1.0
    return Fitted(Trees(request.task, model, categories, unit), trees, stopper.truncated, stages, to_best, bags=len(bags))


def _stages(request: FitRequest, model: Any, valid: Any) -> Stages:
    """Predictions along the way."""
    rounds = reached(int(model.tree_count_))
    raws = (model.predict(valid, prediction_type="RawFormulaVal", ntree_end=stage, thread_count=1) for stage in rounds)
    return Stages(rounds, np.array([link(request.task, np.asarray(raw, dtype=np.float64)).astype(np.float32) for raw in raws]))


def _predict(model: Trees, matrix: Array) -> Array:
    asked = _pool_of_row(model, matrix[0]) if len(matrix) == 1 else _table(matrix, model.categories)  # seven times as quick
    raw = model.booster.predict(asked, prediction_type="RawFormulaVal", thread_count=1)
    shaped = np.asarray(raw, dtype=np.float64).reshape((len(matrix), -1) if model.task == "multiclass" else -1)
    return model.unit.back(link(model.task, shaped))


def _pool_of_row(model: Trees, row: Array) -> Any:
    """One row as CatBoost takes it."""
    from catboost import Pool

    values: list[Any] = row.tolist()
    for number in model.categories:
        value = values[number]
        values[number] = int(value) if value < MOST_LEVELS else -1
    return Pool([values], cat_features=model.known, thread_count=1)


def _predict_row(model: Trees, row: Array) -> Any:
    pool = _pool_of_row(model, row)
    raw = np.asarray(model.booster.predict(pool, prediction_type="RawFormulaVal", thread_count=1), dtype=np.float64)
    return link(model.task, raw[0]) if model.task == "multiclass" else float(model.unit.back(link(model.task, raw))[0])


def _contributions(model: Trees, matrix: Array) -> tuple[Array, Any]:
    """TreeSHAP as CatBoost computes it, in raw space."""
    from catboost import Pool

    pool = Pool(_table(matrix, model.categories), cat_features=list(model.categories))
    phi = np.asarray(model.booster.get_feature_importance(pool, type="ShapValues", thread_count=1), dtype=np.float64)
    if model.task == "multiclass":
        base = phi[0, :, -1] if len(phi) else np.zeros(phi.shape[1])
        return np.ascontiguousarray(phi[:, :, :-1].transpose(0, 2, 1)), base
    return model.unit.contributions(phi[:, :-1], float(phi[0, -1]) if len(phi) else 0.0)


def _save(model: Trees) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model.booster.save_model(str(path), format="cbm")
        unit = model.unit.stored
        document = {"task": model.task, "categories": list(model.categories)} | ({"unit": unit} if unit else {})
        return {"catboost.cbm": path.read_bytes(), "catboost.json": json.dumps(document).encode()}


def _load(files: Mapping[str, bytes]) -> Trees:
    from catboost import CatBoost

    booster = CatBoost()
    booster.load_model(blob=files["catboost.cbm"])
    stored = json.loads(files["catboost.json"])
    return Trees(stored["task"], booster, tuple(stored["categories"]), unit_stored(stored.get("unit", ())))


def _effort(options: Mapping[str, Any], task: Task) -> float:
    """Against the shallow trees: measured on ten tables, two more levels took half as long again, and smaller steps longer."""
    deeper = 1.5 ** (0.5 * (int(options.get("depth", 6)) - USUAL_DEPTH))
    return float(USUAL_RATE / options.get("learning_rate", USUAL_RATE) * deeper)


FAMILY = Family(
    name="catboost", title="CatBoost", package="catboost", requires=("catboost",),
    fields=(
        Field("learning_rate", "Learning rate", "number", 0.06, minimum=0.001, maximum=1.0),
        Field("depth", "Depth", "integer", 6, minimum=1, maximum=12),
        Field("l2_leaf_reg", "Penalty", "number", 3.0, minimum=0.0, maximum=100.0),
        Field("rounds", "Trees at most", "integer", 1000, minimum=1, maximum=20_000),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, fit_modules=("catboost",), grows=True, cost=2.0, effort=_effort, bagged=True, in_turn=True,
    quantiles=True, hastens=True, letters=True, refits=True,
    space=RATE | {"depth": Range(3, 9, False, True), "l2_leaf_reg": Range(0.5, 20.0, True), "subsample": Range(0.5, 1.0)},
    taught=("regression",),  # its codes of levels would read a row's answer off the copies that come before
)
