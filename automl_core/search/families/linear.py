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
from automl_core.search.quantile_lines import quantile_solver

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)  # inverse penalties, as C of the usual logistic regression
MAX_CELLS = 8_000_000  # of the dense design; above it a random part of the rows is enough for so few coefficients
NEWTON_WIDTH = 400
WIDEST = 1_500  # columns of a design that numbers may bend in, and that a decomposition is made of: it cannot be cut off
RIDGE_STEPS = 100


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
    """Asked before each step whether the time is over; notes whether it was, with a step still to do."""

    request: FitRequest
    cut: bool = False

    def __call__(self) -> bool:
        self.cut = self.cut or self.request.over()
        return self.cut


def _fit(request: FitRequest) -> Fitted:
    bends = int(request.options.get("bends", 0))
    rows = np.arange(len(request.matrix))
    if request.task == "regression":
        numbers = sum(feature.kind != "category" for feature in request.features)
        bends = min(bends, max(0, WIDEST // max(numbers, 1) - 2))
    scales = tuple(learn_scale(request.matrix[:, number], feature, bends) for number, feature in enumerate(request.features))
    width = max(1, sum(scale.columns for scale in scales))
    if len(rows) * width > MAX_CELLS:
        rows = np.sort(np.random.default_rng(request.seed).permutation(len(rows))[: max(MAX_CELLS // width, 1000)])
    x, y = design_of(scales, request.matrix[rows]), request.y[rows]
    weights = np.ones(len(y)) if request.weights is None else request.weights[rows]
    alpha, over = _alpha(request), Ending(request)
    if alpha is not None:
        solve = quantile_solver(x, y, weights, alpha, over)
    else:
        solve = _ridge(over, x, y, weights) if request.task == "regression" else _logistic(over, x, y, weights)
    bounds = _bounds(request)
    if request.valid_matrix is None or request.valid_y is None:
        place = min(max(request.rounds, 1), len(STRENGTHS)) - 1 if request.rounds else STRENGTHS.index(1.0)
        coefficients, intercept = solve(STRENGTHS[place])
        return Fitted(Linear(request.task, scales, coefficients, intercept, *bounds), place + 1, over.cut)
    valid_design = design_of(scales, request.valid_matrix)
    best: tuple[float, int, Linear] | None = None
    truncated = False
    stages = []
    for place, strength in enumerate(STRENGTHS):
        coefficients, intercept = solve(strength)
        raw = valid_design @ coefficients + intercept
        raw = np.clip(raw, *bounds)
        stages.append(link(request.task, raw if request.task == "multiclass" else raw[:, 0]).astype(np.float32))
        loss = _loss(request.task, request.valid_y, raw, request.valid_weights, alpha)
        if best is None or loss < best[0]:
            best = (loss, place, Linear(request.task, scales, coefficients, intercept, *bounds))
        truncated = request.over() and place < len(STRENGTHS) - 1
        if truncated or place > best[1] + 1:
            break
    assert best is not None
    # the grid begins with 1, 2, 3 and so on: a strength's number is its rounds
    found = Stages(tuple(range(1, len(stages) + 1)), np.array(stages)) if request.stages else None
    return Fitted(best[2], best[1] + 1, truncated, found)


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


def _ridge(over: Ending, x: Array, y: Array, weights: Array) -> Solve:
    """Ridge regression for any penalty from one eigenvalue decomposition, of the smaller of both products of a matrix with
    itself; by steps that a deadline can end where both are large. The target is standardised first."""
    total = weights.sum()
    means, middle = weights @ x / total, float(weights @ y / total)
    spread = math.sqrt(float(weights @ np.square(y - middle)) / total) or 1.0
    centred, goal = (x - means) * np.sqrt(weights)[:, None], (y - middle) / spread * np.sqrt(weights)
    found = _conjugate_gradients(over, centred, goal) if min(centred.shape) > WIDEST else _decomposed(centred, goal)

    def solve(strength: float) -> tuple[Array, Array]:
        coefficients = found(strength) * spread
        return coefficients[:, None], np.array([middle - float(means @ coefficients)])

    return solve


def _decomposed(x: Array, y: Array) -> Callable[[float], Array]:
    """(d,) ridge coefficients of y (n,) on x (n, d) by strength."""
    dual = len(x) < x.shape[1]
    values, vectors = np.linalg.eigh(x @ x.T if dual else x.T @ x)
    target = vectors.T @ (y if dual else x.T @ y)

    def solve(strength: float) -> Array:
        found = vectors @ (target / (np.maximum(values, 0.0) + 1.0 / strength))
        return np.asarray(x.T @ found if dual else found)

    return solve


def _conjugate_gradients(over: Ending, x: Array, y: Array) -> Callable[[float], Array]:
    """The same by conjugate gradients (Hestenes and Stiefel 1952), each strength from where the last one ended."""
    state, goal = np.zeros(x.shape[1]), x.T @ y

    def solve(strength: float) -> Array:
        nonlocal state
        left = goal - x.T @ (x @ state) - state / strength
        way, size = left.copy(), float(left @ left)
        for _ in range(RIDGE_STEPS):
            if size <= 1e-12 * float(goal @ goal) or over():
                break
            turned = x.T @ (x @ way) + way / strength
            step = size / float(way @ turned)
            state = state + step * way
            left = left - step * turned
            size, before = float(left @ left), size
            way = left + size / before * way
        return state

    return solve


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

    settings: dict[str, Any] = {"method": "L-BFGS-B", "jac": True, "options": {"maxiter": 100, "ftol": 1e-7}, "callback": check}
    solve: Callable[..., Any] = minimize
    found: Array = solve(lambda flat: loss(flat, strength), state, **settings).x
    return found


def _raw(model: Linear, matrix: Array) -> Array:
    raw: Array = np.clip(model.row_design.table(matrix) @ model.weights + model.intercept, model.low, model.high)
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
                  help="0 draws a straight line for each number; more lets it bend at quantiles."),),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, legible=True, fit_package="scipy", fit_modules=("scipy.optimize",), cost=0.4,
)
