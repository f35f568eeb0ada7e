"""Raw contributions of a model's features, by the exact route its members allow.

One tree or linear member, or several whose predictions add up in one space: the families' own exact Shapley values.
Everything else (blends of probabilities, families without contributions): permutation Shapley values on the user's columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.search.family import link
from automl_core.search.model import Model

Floats = NDArray[np.float64]
STEP_CELLS = 2_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Raw:
    """Shapley values by source column: `phi` (n, columns) or (n, columns, k), `base` a float or (k,). `linked` says that they
    live in the model's raw space (log-odds, class scores) and not in predictions."""

    phi: Floats
    base: Floats
    linked: bool


def exact(model: Model, matrix: Floats) -> Raw | None:
    """Exact contributions summed over the features of each source column, or None when no exact route exists.

    Numbers of a regression add up over members, so a weighted blend is exact; probabilities of several members do not.
    """
    task = model.problem.task
    if len(model.members) > 1 and task != "regression":
        return None
    phi: Floats | None = None
    base = np.zeros(())
    whole = model.extended(matrix)
    for member in model.members:
        explained = member.contributions(whole)
        if explained is None:
            return None
        part, start = explained
        if not np.allclose(link(task, start + part.sum(axis=1)), member.predict(whole), atol=1e-6, rtol=1e-6):
            return None  # a family that calibrates or clips its output has no exact route in its raw space
        weighted = member.weight * np.asarray(part, dtype=np.float64)
        phi = weighted if phi is None else phi + weighted
        base = base + member.weight * np.asarray(start, dtype=np.float64)
    assert phi is not None
    if model.calibration is not None:  # one member: its raw scores are stretched and shifted, and their parts with them
        phi, base = model.calibration.slope * phi, model.calibration.slope * base + model.calibration.shift
    return Raw(by_source(model, phi), base, linked=task != "regression")


def by_source(model: Model, phi: Floats) -> Floats:
    """Sums over the features made from one column (exact: Shapley values add up); a formula's share goes to its columns alike."""
    names = {name: place for place, name in enumerate(model.sources)}
    out = np.zeros((phi.shape[0], len(names), *phi.shape[2:]))
    for place, feature in enumerate(model.features):
        for source in feature.sources:
            out[:, names[source]] += phi[:, place] / len(feature.sources)
    return out


def permuted(model: Model, matrix: Floats, background: Floats, rounds: int, seed: int) -> Raw:
    """Interventional Shapley values of the predictions by antithetic permutation sampling (Strumbelj and Kononenko 2014; Mitchell
    et al. 2022), exactly additive: `base + phi.sum(axis=1)` is the prediction.

    Each round walks one order of the columns from background rows to the rows explained, and its reverse. Every row meets
    `2 * rounds` background rows; what their mean prediction differs from the base is spread in proportion to |phi|.
    """
    generator = np.random.default_rng(seed)
    base = np.asarray(model.predict_matrix(background).mean(axis=0), dtype=np.float64)
    groups = [np.flatnonzero([feature.sources == (name,) for feature in model.encoder.features]) for name in model.sources]
    prediction = model.predict_matrix(matrix)
    phi = np.zeros((len(matrix), len(groups), *prediction.shape[1:]))
    met = np.zeros_like(prediction)
    deck = generator.permuted(np.tile(np.arange(len(background)), (len(matrix), 1)), axis=1)
    for turn in range(rounds):
        order = generator.permutation(len(groups))
        for half, way in enumerate((order, order[::-1])):
            others = deck[:, (2 * turn + half) % len(background)]
            walked = _walk(model, (matrix, background[others]), [groups[group] for group in way])
            met += walked[0]
            for step, group in enumerate(way):
                phi[:, group] += walked[step + 1] - walked[step]
    phi /= 2 * rounds
    return Raw(spread_remainder(phi, prediction - base), base, linked=False)


def _walk(model: Model, ends: tuple[Floats, Floats], way: list[NDArray[np.intp]]) -> Floats:
    """(groups + 1, n) or (groups + 1, n, k) predictions on the way from the background to the rows, one group of columns a step.

    Many steps are predicted at once: a call of a forest costs more than its rows.
    """
    matrix, blend = ends[0], ends[1].copy()
    stops = [blend.copy()]
    found = []
    most = max(1, STEP_CELLS // max(blend.size, 1))
    for group in way:
        if len(stops) == most:
            found.append(model.predict_matrix(np.vstack(stops)))
            stops = []
        blend[:, group] = matrix[:, group]
        stops.append(blend.copy())
    found.append(model.predict_matrix(np.vstack(stops)))
    whole = np.concatenate(found)
    return whole.reshape(len(way) + 1, len(matrix), *whole.shape[1:])


def spread_remainder(phi: Floats, total: Floats) -> Floats:
    """Contributions whose sum is exactly `total`: the sampling remainder goes to columns by their size."""
    size = np.abs(phi)
    whole = size.sum(axis=1, keepdims=True)
    share = np.where(whole > 1e-12, size / np.maximum(whole, 1e-12), 1.0 / phi.shape[1])
    out: Floats = phi + share * (total - phi.sum(axis=1))[:, None]
    return out
