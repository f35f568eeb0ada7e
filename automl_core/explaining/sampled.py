"""What members that tell nothing of themselves say of mixtures of rows: the part of Shapley values that must be sampled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds
from automl_core.explaining.orders import Orders, mixtures, plan
from automl_core.explaining.paths import along
from automl_core.explaining.terms import calibrated
from automl_core.explaining.threads import shared
from automl_core.search.model import Member

if TYPE_CHECKING:
    from automl_core.explaining.reference import Reference

Floats = NDArray[np.float64]
STATE_CELLS = 1_000_000  # of a table of mixtures predicted at once


def sampled(reference: Reference, matrix: Floats, rounds: int, seeds: Seeds) -> tuple[Floats, Floats]:
    """`(phi, error)` (n, d, k) of what must be asked of the model beyond what is known, a block of rows in each thread."""
    d = len(reference.model.sources)
    outputs = reference.prediction.shape[1]
    most = max(1, STATE_CELLS // (2 * rounds * d * max(matrix.shape[1], 4 * outputs)))
    starts = range(0, len(matrix), most)
    inner = max(1, (os.cpu_count() or 1) // max(len(starts), 1))
    found = shared(lambda start: in_orders(
        reference, matrix[start : start + most], rounds, seeds[start : start + most], inner), starts)
    return np.concatenate([part for part, _ in found]), np.concatenate([error for _, error in found])


def in_orders(reference: Reference, rows: Floats, rounds: int, seeds: Seeds, threads: int) -> tuple[Floats, Floats]:
    """`sampled`, of not too many rows at once."""
    orders = plan(rows, reference.matrix, reference.source, rounds, seeds)
    walks = np.array_split(np.arange(2 * orders.pairs), min(threads, 2 * orders.pairs))
    values = np.concatenate(shared(lambda part: _unknown(reference, rows, orders.some(part)), walks))
    parts = orders.parts(values).reshape(len(rows), rounds, len(reference.model.sources), -1)
    error = parts.std(axis=1, ddof=1) / np.sqrt(rounds) if rounds > 1 else np.full(parts[:, 0].shape, np.nan)
    return parts.mean(axis=1), error


def _unknown(reference: Reference, rows: Floats, orders: Orders) -> Floats:
    """(walks, d + 1, k) what is said on the way beyond what is known, ends included."""
    model = reference.model
    values = _met(reference, rows, orders) + _asked(reference, rows, orders)
    if model.calibration is not None:
        whole = model.extended(rows)
        added = sum((part.along(part.of(whole), orders) for part in reference.terms), np.zeros(1))
        values = calibrated(model.calibration, values + added)
    return values if reference.copy is None else values - reference.copy.along(rows, orders)


def _met(reference: Reference, rows: Floats, orders: Orders) -> Floats:
    """(walks, d + 1, k) what members whose trees are met say together, each weighed; 0 where there are none."""
    total = np.zeros((1, 1, 1))
    for met, values in zip(reference.met, along(reference.met, rows, orders), strict=True):
        total = total + met.member.weight * values
    return total


def _asked(reference: Reference, rows: Floats, orders: Orders) -> Floats:
    """The same of members that must be asked for each mixture. From where nothing changes any more they say what they say of the
    row."""
    if not reference.asked:
        return np.zeros((1, 1, 1))

    def said(encoded: Floats) -> Floats:
        return members_said(reference, reference.asked, reference.model.extended(encoded))

    walk, step = orders.states()
    out = np.repeat(said(rows)[orders.row][:, None], len(reference.model.sources) + 1, axis=1)
    out[:, 0] = reference.ends[orders.other]
    most = max(1, STATE_CELLS // max(rows.shape[1], 1))
    for start in range(0, len(walk), most):
        some = walk[start : start + most], step[start : start + most]
        out[some] = said(mixtures(rows, reference.matrix, orders, reference.source, some))
    return out


def members_said(reference: Reference, members: tuple[Member, ...], whole: Floats) -> Floats:
    """(m, k) what members say together of rows with all features (m, q), each weighed."""
    nothing = np.zeros((len(whole), reference.prediction.shape[1]))
    return sum((member.weight * in_columns(member.predict(whole)) for member in members), nothing)


def in_columns(prediction: Floats) -> Floats:
    """(n, k) of predictions (n,) or (n, k)."""
    return prediction[:, None] if prediction.ndim == 1 else prediction
