"""Steps of a scale: for each step one boosting says whether the truth lies above it (Frank and Hall 2001).

Each step learns from all rows, so that a rare class borrows from its neighbours, and a miss tends to be by one step.
"""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import DEFAULT_DECISION, log_rows
from automl_core.search.families import lightgbm
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted, Stages, reached, share_until, sigmoid
from automl_core.search.lightgbm_text import slim

MOST_STEPS = 15
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """For each step but the last, LightGBM's trees of the log-odds that the truth lies above it."""

    above: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class _Growing:
    """One step while it learns: its booster, and the log-odds of the validation rows (n,) after its first `read` trees."""

    booster: Any
    raw: Array
    read: int = 0
    ended: bool = False

    def grow(self, rounds: int, over: Callable[[], bool]) -> bool:
        """Whether it has so many trees, or as many as it can have, before it is `over`."""
        while not self.ended and self.booster.current_iteration() < rounds:
            if over():
                return False
            self.ended = self.booster.update()
        return True

    def above(self, matrix: Array) -> Array:
        """(n,) probability of the validation rows to lie above the step after the trees there are."""
        more = self.booster.current_iteration() - self.read
        if more > 0:
            self.raw = self.raw + self.booster.predict(
                matrix, start_iteration=self.read, num_iteration=more, raw_score=True, num_threads=1)
            self.read += more
        return sigmoid(self.raw)


def _fit(request: FitRequest) -> Fitted:
    """All steps grow side by side, so that one number of trees is what is judged and what is fitted again."""
    from lightgbm.basic import LightGBMError

    if request.classes - 1 > MOST_STEPS:
        raise FitFailed(f"A scale of more than {MOST_STEPS + 1} steps would take too long to learn step by step.")
    began = time.monotonic()
    try:
        grown = _grown(request, _planted(request), began)
        while request.valid_matrix is None and request.another(began, grown.bags):
            again = _grown(request, _planted(request, grown.bags), began)
            if again.truncated:
                break  # a part of a fit would spoil the mean
            grown = replace(grown, native=_joined(grown.native, again.native), bags=grown.bags + 1)
    except LightGBMError as error:
        raise FitFailed(f"LightGBM could not learn from this table ({str(error)[:120]}).") from error
    return grown


def _joined(one: Steps, two: Steps) -> Steps:
    """Both in one: the log-odds of a step are their mean."""
    return Steps(tuple(lightgbm.trees_of("binary", (*first.texts, *second.texts))
                       for first, second in zip(one.above, two.above, strict=True)))


def _planted(request: FitRequest, bag: int = 0) -> list[_Growing]:
    """A booster for each step but the last, before its first tree; another `bag` has another seed."""
    import lightgbm as library

    parameters = lightgbm.parameters_of(replace(request, task="binary", classes=2, seed=request.seed + bag))
    categories = [number for number, feature in enumerate(request.features) if feature.kind == "category"]
    first = None
    found = []
    for step in range(request.classes - 1):
        rows = library.Dataset(request.matrix, (request.y > step).astype(np.float64), weight=request.weights, reference=first,
                               categorical_feature=categories, params=parameters, free_raw_data=True)
        first = first or rows
        start = np.zeros(0 if request.valid_matrix is None else len(request.valid_matrix))
        found.append(_Growing(library.Booster(params=parameters, train_set=rows), start))
    return found


def _grown(request: FitRequest, steps: list[_Growing], began: float) -> Fitted:
    """With a validation part as many trees as are best there, and the shares along the way; else as many as asked for."""
    valid, patience = request.valid_matrix, int(request.options.get("patience", 100))
    patience = lightgbm.patience_of(len(request.y), patience)
    most = int(request.options.get("rounds", 1000)) if valid is not None or not request.rounds else request.rounds
    best, best_loss, best_at, truncated = 1, math.inf, began, False
    kept: list[NDArray[np.float32]] = []
    stages = (*reached(most - 1), most) if valid is None else reached(most)
    for rounds in stages:
        over = (lambda: False) if rounds == 1 else request.over  # one tree each there must be
        if not all(step.grow(rounds, over) for step in steps):
            truncated = True
            break
        if valid is None:
            best = rounds
            continue
        shares = _shares(np.column_stack([step.above(valid) for step in steps]))
        kept.append(shares.astype(np.float32))
        assert request.valid_y is not None
        loss = float(np.average(log_rows(request.valid_y, shares, DEFAULT_DECISION), weights=request.valid_weights))
        if loss < best_loss:
            best, best_loss, best_at = rounds, loss, time.monotonic()
        if rounds - best >= max(patience, int(0.3 * best) + 20):
            break
    texts = [slim(step.booster.model_to_string(num_iteration=best)) for step in steps]
    along = Stages(stages[: len(kept)], np.array(kept)) if request.stages and kept else None
    return Fitted(Steps(tuple(lightgbm.trees_of("binary", (text,)) for text in texts)), best, truncated, along,
                  1.0 if valid is None else share_until(began, best_at))


def _shares(above: Array) -> Array:
    """(n, k) shares of the steps, of the probabilities (n, k - 1) to lie above each but the last."""
    falling = np.minimum.accumulate(above, axis=1)  # what lies above a step lies above those below it
    whole = np.hstack([np.ones((len(above), 1)), falling, np.zeros((len(above), 1))])
    shares = np.clip(-np.diff(whole, axis=1), LEAST_SHARE, None)
    out: Array = shares / shares.sum(axis=1, keepdims=True)
    return out


def _predict(model: Steps, matrix: Array) -> Array:
    return _shares(np.column_stack([lightgbm.FAMILY.predict(trees, matrix) for trees in model.above]))


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
    fit_modules=("lightgbm",), grows=True, cost=1.2, effort=lightgbm.FAMILY.effort, bagged=True, in_turn=True, ordered=True,
    most_classes=MOST_STEPS + 1,
    hastens=True, space=lightgbm.FAMILY.space, letters=True, refits=True,
)
