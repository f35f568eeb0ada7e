"""Parts of a prediction that are a known function of a sum of one term a column: mixtures of rows are added up, not predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds
from automl_core.explaining.orders import Orders, plan
from automl_core.explaining.threads import shared
from automl_core.framing.problem import Task
from automl_core.search.calibration import Calibration
from automl_core.search.family import Family, link, sigmoid
from automl_core.search.feature import Feature
from automl_core.search.log_target import from_log
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
CELLS = 100_000  # of the walks of a row alone: its parts are usually known to 0.7 % then
SAMPLED_CELLS = 50_000  # 1.1 %: where other parts are sampled, their chance is several times that
BLOCK = 400_000  # of the walks worked through at once


@dataclass(frozen=True, eq=False, slots=True)
class Finish:
    """What becomes of the sum: kept between bounds, log-odds to probabilities, an exponential."""

    task: Task
    low: float = -math.inf
    high: float = math.inf
    logs: bool = False
    scale: float = 1.0

    def apply(self, raw: Floats) -> Floats:
        """(..., k) of sums (..., k)."""
        if self.task == "regression":
            kept = np.clip(raw, self.low, self.high)
            return np.asarray(self.scale * from_log(kept)) if self.logs else kept
        return sigmoid(raw) if self.task == "binary" else link(self.task, raw)


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """One such part, times `weight`: a fit of a family of `kind` over the model's features (n, p).

    `source` (p,) tells the column of each feature, `others` (b, d, k) are the terms of the rows to compare with.
    """

    weight: float
    kind: Family
    native: Any
    inputs: tuple[int, ...]
    source: Places
    columns: int
    finish: Finish
    others: Floats

    def of(self, whole: Floats) -> Floats:
        """(n, d, k) terms of rows (n, p); what is the same for all rows counts as the first column's."""
        contribute = self.kind.contributions
        assert contribute is not None
        matrix = whole[:, self.inputs] if self.inputs else whole
        made, start = contribute(self.native, matrix)
        phi = made.reshape(*made.shape[:2], -1)
        out = np.zeros((len(whole), self.columns, phi.shape[2]))
        for place, column in enumerate(self.source):
            out[:, column] += phi[:, place]
        out[:, 0] += start
        return out

    def along(self, mine: Floats, orders: Orders) -> Floats:
        """(walks, d + 1, k) the part's values on the way, ends included; `mine` are the terms of the rows."""
        apart = mine[orders.row] - self.others[orders.other]
        steps = np.take_along_axis(apart, orders.order[:, :, None], axis=1)
        raw = np.empty((len(steps), self.columns + 1, steps.shape[2]))
        raw[:, 0] = self.others[orders.other].sum(axis=1)
        np.cumsum(steps, axis=1, out=raw[:, 1:])
        raw[:, 1:] += raw[:, :1]
        return self.weight * self.finish.apply(raw)


def member_terms(model: Model, member: Member, reference: Floats) -> Terms | None:
    """A member whose family tells the `bounds` of its terms as such; None for others, and where a formula joins columns.
    `reference` (b, p) has all features."""
    seen = model.seen_by(member)
    bounds = member.kind.bounds
    if bounds is None or any(len(feature.sources) > 1 for feature in seen):
        return None
    finish = Finish(model.problem.task, *bounds(member.native), member.logs, member.scale)
    made = Terms(member.weight, member.kind, member.native, member.inputs, _sources(model, seen), len(model.sources), finish,
                 np.zeros(0))
    return replace(made, others=made.of(reference))


def cells(alone: bool, sampled: bool) -> int:
    """How much is added up for each row: less where there are many, and where what else there is must be sampled."""
    return (SAMPLED_CELLS if sampled else CELLS) if alone else CELLS // 30


def dense(
    terms: tuple[Terms, ...], mine: tuple[Floats, ...], ends: tuple[Floats, Floats], source: Places, chance: tuple[Seeds, int],
    calibration: Calibration | None = None,
) -> tuple[Floats, Floats]:
    """`(phi, error)` (n, d, k): Shapley values of the parts' sum, calibrated or not, by many orders, and their standard errors.

    All others are met as often, so that only the orders are chance: it is told by those that meet the same one. `ends` are rows
    and others encoded, `mine` the terms of the rows, `chance` their seeds, and how much is added up for each.
    """
    seeds, size = chance
    rows, others = ends
    n, b, d = len(rows), len(others), terms[0].columns
    outputs = sum(part.others.shape[2] for part in terms)
    each = max(2, size // (2 * b * (d + 1) * outputs))
    rounds = b * each
    most = max(1, BLOCK // (2 * rounds * (d + 1) * outputs))

    def block(start: int) -> tuple[Floats, Floats]:
        part = slice(start, start + most)
        orders = plan(rows[part], others, source, rounds, seeds[part])
        values = sum((one.along(own[part], orders) for one, own in zip(terms, mine, strict=True)), np.zeros(1))
        changed = orders.parts(values if calibration is None else calibrated(calibration, values))
        parts = changed.reshape(-1, b, each, d, changed.shape[2])
        return parts.mean(axis=(1, 2)), np.sqrt(parts.var(axis=2, ddof=1).mean(axis=1) / rounds)

    found = shared(block, range(0, n, most))
    return np.concatenate([phi for phi, _ in found]), np.concatenate([error for _, error in found])


def calibrated(calibration: Calibration, values: Floats) -> Floats:
    """Blends (..., k) as probabilities that hold; k is 1 for two classes."""
    flat = values.reshape(-1) if values.shape[-1] == 1 else values.reshape(-1, values.shape[-1])
    return calibration.apply(flat).reshape(values.shape)


def _sources(model: Model, seen: tuple[Feature, ...]) -> Places:
    names = {name: place for place, name in enumerate(model.sources)}
    return np.array([names[feature.sources[0]] for feature in seen], dtype=np.int64)
