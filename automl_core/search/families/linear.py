"""Linear models: logistic, softmax, ridge or quantile regression over one-hot levels and standardised, softly clipped numbers."""
from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from automl_core.codec import from_json, to_json
from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.design import Scale, design_of, learn_scale
from automl_core.search.design_row import RowDesign
from automl_core.search.family import Array, Family, FitRequest, Fitted, Stages, link
from automl_core.search.few_columns import COUNTS, FEW, over_few, strongest_first
from automl_core.search.quantile_lines import quantile_solver
from automl_core.search.ridge_lines import WIDEST, ridge_solver
from automl_core.search.unit import staged

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)  # inverse penalties, as C of the usual logistic regression
MAX_CELLS = 8_000_000  # of the dense design; above it a random part of the rows is enough for so few coefficients
MOST_CELLS = 40_000_000  # of a design that is made at once to predict
NEWTON_WIDTH = 400


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Linear:
    """`weights` (d, k) for the columns of all scales in order and `intercept` (k,); k is 1 unless there are several classes.

    Numbers are kept between `low` and `high`, a tenth beyond what training had: a line has no end, outcomes do.
    """

    task: Task
    scales: tuple[Scale, ...]
    weights: Array
    intercept: Array
    low: float = -math.inf
    high: float = math.inf
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = np.cumsum([0, *(scale.columns for scale in self.scales)])[:-1]
        object.__setattr__(self, "starts", tuple(int(start) for start in starts))

    @cached_property
    def row_design(self) -> RowDesign:
        """The design of rows to score."""
        return RowDesign(self.scales)


@dataclass(eq=False)
class Ending:
    """Asked before each step whether the time is over; notes whether it was, with a step still to do. The first step is always
    done: without one a line says the same for every row, and was compared and handed over all the same."""

    request: FitRequest
    cut: bool = False
    begun: bool = False

    def __call__(self) -> bool:
        if self.begun:
            self.cut = self.cut or self.request.over()
        self.begun = True
        return self.cut


def _fit(request: FitRequest) -> Fitted:
    bends, straight = int(request.options.get("bends", 0)), bool(request.options.get("straight", 0))
    rows = np.arange(len(request.matrix))
    if request.task == "regression":
        numbers = sum(feature.kind != "category" for feature in request.features)
        bends = min(bends, max(0, WIDEST // max(numbers, 1) - 2))
    scales = tuple(learn_scale(request.matrix[:, number], feature, bends, straight)
                   for number, feature in enumerate(request.features))
    width = max(1, sum(scale.columns for scale in scales))
    if len(rows) * width > MAX_CELLS:
        rows = np.sort(np.random.default_rng(request.seed).permutation(len(rows))[: max(MAX_CELLS // width, 1000)])
    x, y = design_of(scales, request.matrix[rows]), request.y[rows]
    weights = np.ones(len(y)) if request.weights is None else request.weights[rows]
    over = Ending(request)
    at, grid = _solutions(over, scales, x, (y, weights))
    bounds = _bounds(request)
    if request.valid_matrix is None or request.valid_y is None:
        usual = STRENGTHS.index(1.0) if grid is STRENGTHS else len(grid) // 2
        place = min(max(request.rounds, 1), len(grid)) - 1 if request.rounds else usual
        coefficients, intercept = at(place)
        return Fitted(Linear(request.task, scales, coefficients, intercept, *bounds), place + 1, over.cut)
    # of very many columns and rows it is made again for each strength, a part of the rows at a time
    valid_design = design_of(scales, request.valid_matrix) if len(request.valid_matrix) * width <= MOST_CELLS else None
    best: tuple[float, int, Linear] | None = None
    truncated = False
    stages = []
    for place in range(len(grid)):
        coefficients, intercept = at(place)
        found = Linear(request.task, scales, coefficients, intercept, *bounds)
        raw = np.clip(valid_design @ coefficients + intercept, *bounds) if valid_design is not None else _raw(
            found, request.valid_matrix)
        stages.append(link(request.task, raw if request.task == "multiclass" else raw[:, 0]))
        loss = _loss(request.task, request.valid_y, raw, request.valid_weights, _alpha(request))
        if best is None or loss < best[0]:
            best = (loss, place, found)
        truncated = request.over() and place < len(grid) - 1
        if truncated or place > best[1] + 1:
            break
    assert best is not None
    # the grid of rounds begins with 1, 2, 3 and so on: a strength's number is its rounds
    along = Stages(tuple(range(1, len(stages) + 1)), staged(stages, request.task, request.y)) if request.stages else None
    return Fitted(best[2], best[1] + 1, truncated, along)


def _solutions(
    over: Ending, scales: tuple[Scale, ...], x: Array, known: tuple[Array, Array]
) -> tuple[Callable[[int], tuple[Array, Array]], tuple[float, ...]]:
    """Coefficients and intercept by place in a grid, and the grid: strengths, or how many features may tell."""
    (y, weights), alpha, task = known, _alpha(over.request), over.request.task

    def begin(design: Array) -> Solve:
        if alpha is not None:
            return quantile_solver(design, y, weights, alpha, over)
        return ridge_solver(design, y, weights, over) if task == "regression" else _logistic(over, design, y, weights)

    if over.request.options.get(FEW):
        columns = tuple(scale.columns for scale in scales)
        return over_few(x, strongest_first(x, y, weights, columns, task), columns, begin), COUNTS
    solve = begin(x)
    return lambda place: solve(STRENGTHS[place]), STRENGTHS


def _bounds(request: FitRequest) -> tuple[float, float]:
    if request.task != "regression":
        return -math.inf, math.inf
    low, high = float(request.y.min()), float(request.y.max())
    return low - 0.1 * (high - low), high + 0.1 * (high - low)


def _alpha(request: FitRequest) -> float | None:
    """The quantile that is asked for; None for a mean or classes."""
    loss = request.options.get("loss")
    return None if loss is None else 0.5 if loss == "absolute" else float(request.options["alpha"])


def _loss(task: Task, y: Array, raw: Array, weights: Array | None, alpha: float | None = None) -> float:
    if alpha is not None:
        left = y - raw[:, 0]
        return float(np.average(np.maximum(alpha * left, (alpha - 1.0) * left), weights=weights))
    if task == "regression":
        return float(np.average(np.square(y - raw[:, 0]), weights=weights))
    if task == "binary":
        return float(np.average(np.logaddexp(0.0, raw[:, 0]) - y * raw[:, 0], weights=weights))
    highest = raw.max(axis=1)
    total = highest + np.log(np.exp(raw - highest[:, None]).sum(axis=1))
    return float(np.average(total - raw[np.arange(len(y)), y.astype(np.int64)], weights=weights))


Solve = Callable[[float], tuple[Array, Array]]


def _logistic(over: Ending, x: Array, y: Array, weights: Array) -> Solve:
    """Penalised logistic or softmax regression; each strength starts from the last, a step past the deadline ends it."""
    request = over.request
    width, classes = x.shape[1], request.classes if request.task == "multiclass" else 1
    truth = y[:, None] if classes == 1 else np.eye(classes)[y.astype(np.int64)]
    state = np.zeros((width + 1) * classes)
    share = np.clip(weights @ truth / weights.sum(), 1e-6, 1 - 1e-6)
    state[width * classes:] = np.log(share / (1 - share)) if classes == 1 else np.log(share)

    def loss(flat: Array, strength: float) -> tuple[float, Array]:
        coefficients, intercept = flat[: width * classes].reshape(width, classes), flat[width * classes:]
        raw = x @ coefficients + intercept
        if classes == 1:
            value = weights @ (np.logaddexp(0.0, raw) - truth * raw)[:, 0]
        else:
            highest = raw.max(axis=1, keepdims=True)
            value = weights @ (highest[:, 0] + np.log(np.exp(raw - highest).sum(axis=1)) - (raw * truth).sum(axis=1))
        gap = (link(request.task, raw) - truth) * weights[:, None]
        gradient = np.concatenate([(x.T @ gap + coefficients / strength).ravel(), gap.sum(axis=0)])
        return float(value + 0.5 * np.square(coefficients).sum() / strength) / len(y), gradient / len(y)

    def solve(strength: float) -> tuple[Array, Array]:
        nonlocal state
        newton = classes == 1 and width <= NEWTON_WIDTH
        state = _newton(over, x, weights, (loss, state, strength)) if newton else _quasi_newton(over, loss, state, strength)
        return state[: width * classes].reshape(width, classes).copy(), state[width * classes:].copy()

    return solve


Loss = Callable[[Array, float], tuple[float, Array]]


def _newton(over: Ending, x: Array, weights: Array, start: tuple[Loss, Array, float]) -> Array:
    """Newton steps with halving: five or six of them where a gradient method takes hundreds on bent, correlated columns."""
    loss, state, strength = start
    penalty = np.append(np.full(x.shape[1], 1.0 / strength), 1e-9) / len(x)
    value, gradient = loss(state, strength)
    for _ in range(30):
        if over():
            break
        p = link("binary", x @ state[:-1] + state[-1])
        spread = weights * p * (1 - p) / len(x)
        curvature = np.empty((len(state), len(state)))
        curvature[:-1, :-1] = x.T @ (x * spread[:, None])
        curvature[-1, :-1] = curvature[:-1, -1] = spread @ x
        curvature[-1, -1] = spread.sum() + 1e-12
        step = np.linalg.solve(curvature + np.diag(penalty), gradient)
        size = 1.0
        found, new_gradient = loss(state - step, strength)
        while not found <= value and size > 1e-4:
            size /= 2
            found, new_gradient = loss(state - size * step, strength)
        if not found <= value:
            break
        state, gained, value, gradient = state - size * step, value - found, found, new_gradient
        if gained < 1e-9:
            break
    return state


def _quasi_newton(over: Ending, loss: Loss, state: Array, strength: float) -> Array:
    """L-BFGS, for many classes or very wide designs."""
    from scipy.optimize import minimize

    def check(_: Any) -> None:
        if over():
            raise StopIteration

    over.begun = True  # it is asked after each step here
    settings: dict[str, Any] = {"method": "L-BFGS-B", "jac": True, "options": {"maxiter": 100, "ftol": 1e-7}, "callback": check}
    solve: Callable[..., Any] = minimize
    found: Array = solve(lambda flat: loss(flat, strength), state, **settings).x
    return found


def _raw(model: Linear, matrix: Array) -> Array:
    size = max(1, MOST_CELLS // max(1, len(model.weights)))
    parts = [model.row_design.table(matrix[start:start + size]) @ model.weights for start in range(0, max(len(matrix), 1), size)]
    raw: Array = np.clip(np.concatenate(parts) + model.intercept, model.low, model.high)
    return raw


def _predict(model: Linear, matrix: Array) -> Array:
    raw = _raw(model, matrix)
    return link(model.task, raw if model.task == "multiclass" else raw[:, 0])


def _predict_row(model: Linear, row: Array) -> Any:
    total = np.clip(model.row_design.of(row) @ model.weights + model.intercept, model.low, model.high)
    return link(model.task, total) if model.task == "multiclass" else float(link(model.task, total)[0])


def _contributions(model: Linear, matrix: Array) -> tuple[Array, Any]:
    """Closed form: each feature's part of the sum, against its mean over `matrix`' own zero: base is the intercept."""
    design = model.row_design.table(matrix)
    phi = np.empty((len(matrix), len(model.scales), model.weights.shape[1]))
    for number, (scale, start) in enumerate(zip(model.scales, model.starts, strict=True)):
        part = slice(start, start + scale.columns)
        phi[:, number] = design[:, part] @ model.weights[part]
    if model.task == "multiclass":
        return phi, model.intercept
    return phi[:, :, 0], float(model.intercept[0])


def _save(model: Linear) -> dict[str, bytes]:
    return {"linear.json": json.dumps(to_json(
        {"task": model.task, "scales": model.scales, "weights": model.weights, "intercept": model.intercept,
         "bounds": [model.low, model.high] if math.isfinite(model.low) else []})).encode()}


def _load(files: Mapping[str, bytes]) -> Linear:
    stored = json.loads(files["linear.json"])
    intercept = np.array(stored["intercept"], dtype=np.float64)
    weights = np.array(stored["weights"], dtype=np.float64).reshape(-1, len(intercept))
    return Linear(stored["task"], tuple(from_json(Scale, scale) for scale in stored["scales"]), weights, intercept,
                  *stored["bounds"])


FAMILY = Family(
    name="linear", title="Linear model", package="", requires=(),
    fields=(Field("bends", "Bends in each number's line", "integer", 0, minimum=0, maximum=20,
                  help="0 draws a straight line for each number; more lets it bend at quantiles."),
            Field(FEW, "Few columns only", "integer", 0, minimum=0, maximum=1,
                  help="1 draws it over the columns that tell most; how many, the validation rows choose."),
            Field("straight", "Nothing clipped", "integer", 0, minimum=0, maximum=1,
                  help="1 leaves numbers far from the middle as they are; else they are softly clipped.")),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, legible=True, fit_package="scipy", fit_modules=("scipy.optimize",), cost=0.4,
    quantiles=True, letters=True, refits=True, additive=True, bounds=lambda model: (model.low, model.high),
)
