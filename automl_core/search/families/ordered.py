"""Steps of a scale: for each step one boosting says whether the truth lies above it (Frank and Hall 2001).

Each step learns from all rows, so that a rare class borrows from its neighbours, and a miss tends to be by one step.
"""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from automl_core.search.families import lightgbm
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted

MOST_STEPS = 15
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """For each step but the last, LightGBM's trees of the log-odds that the truth lies above it."""

    above: tuple[Any, ...]


def _fit(request: FitRequest) -> Fitted:
    if request.classes - 1 > MOST_STEPS:
        raise FitFailed(f"A scale of more than {MOST_STEPS + 1} steps would take too long to learn step by step.")
    found = []
    for step in range(request.classes - 1):
        known = request.valid_y
        now = time.monotonic()
        found.append(lightgbm.FAMILY.fit(replace(
            request, deadline=now + (request.deadline - now) / (request.classes - 1 - step), task="binary", classes=2,
            y=(request.y > step).astype(np.float64), stages=False,
            valid_y=None if known is None else (known > step).astype(np.float64))))
    rounds = round(float(np.mean([fitted.rounds for fitted in found])))
    return Fitted(Steps(tuple(fitted.native for fitted in found)), rounds, any(fitted.truncated for fitted in found))


def _predict(model: Steps, matrix: Array) -> Array:
    above = np.column_stack([lightgbm.FAMILY.predict(trees, matrix) for trees in model.above])
    falling = np.minimum.accumulate(above, axis=1)  # what lies above a step lies above those below it
    whole = np.hstack([np.ones((len(matrix), 1)), falling, np.zeros((len(matrix), 1))])
    shares = np.clip(-np.diff(whole, axis=1), LEAST_SHARE, None)
    out: Array = shares / shares.sum(axis=1, keepdims=True)
    return out


def _predict_row(model: Steps, row: Array) -> Any:
    return _predict(model, row[None, :])[0]


def _save(model: Steps) -> dict[str, bytes]:
    return {f"{step}/{name}": content for step, trees in enumerate(model.above)
            for name, content in lightgbm.FAMILY.save(trees).items()}


def _load(files: Mapping[str, bytes]) -> Steps:
    steps = sorted({int(name.split("/", 1)[0]) for name in files})
    return Steps(tuple(lightgbm.FAMILY.load({
        name.removeprefix(f"{step}/"): content for name, content in files.items() if name.startswith(f"{step}/")})
        for step in steps))


FAMILY = Family(
    name="ordered", title="Ordered steps", package="lightgbm", requires=("lightgbm",), fields=lightgbm.FAMILY.fields,
    tasks=("multiclass",), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    fit_modules=("lightgbm",), grows=True, cost=1.2, ordered=True,
)
