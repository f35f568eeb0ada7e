"""What members that tell nothing of themselves say of mixtures of rows: the part of Shapley values that must be sampled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds
from automl_core.explaining.orders import mixtures, plan
from automl_core.explaining.terms import calibrated
from automl_core.explaining.threads import shared

if TYPE_CHECKING:
    from automl_core.explaining.reference import Reference

Floats = NDArray[np.float64]
STATE_CELLS = 1_000_000  # of a table of mixtures predicted at once


def sampled(reference: Reference, matrix: Floats, rounds: int, seeds: Seeds) -> tuple[Floats, Floats]:
    """`(phi, error)` (n, d, k) of what must be asked of the model beyond what is known, a block of rows in each thread."""
    d = len(reference.model.sources)
    most = max(1, STATE_CELLS // (2 * rounds * d * max(matrix.shape[1], 1)))
    starts = range(0, len(matrix), most)
    inner = max(1, (os.cpu_count() or 1) // max(len(starts), 1))
    found = shared(lambda start: _block(
        reference, matrix[start : start + most], rounds, seeds[start : start + most], inner), starts)
    return np.concatenate([part for part, _ in found]), np.concatenate([error for _, error in found])


def _block(reference: Reference, rows: Floats, rounds: int, seeds: Seeds, threads: int) -> tuple[Floats, Floats]:
    model, others = reference.model, reference.matrix
    orders = plan(rows, others, reference.source, rounds, seeds)
    walk, step = orders.states()
    mixed = mixtures(rows, others, orders, reference.source, (walk, step))
    dark, wood = _asked(reference, np.concatenate([rows, mixed]), threads)
    n = len(rows)

    def along(values: Floats, ends: Floats) -> Floats:
        """(walks, d + 1, k): starts, mixtures in between, and the row from where nothing changes any more."""
        out = np.repeat(values[orders.row][:, None], len(model.sources) + 1, axis=1)
        out[:, 0] = ends[orders.other]
        out[walk, step] = values[n:]
        return out

    whole = model.extended(rows)
    likely: Floats | float = 0.0 if reference.copy is None else reference.copy.along(reference.copy.of(rows), orders)
    values = along(dark, reference.ends[0])
    if model.calibration is not None:
        added = sum((part.along(part.of(whole), orders) for part in reference.terms), np.zeros(1))
        forests = along(wood, reference.ends[1])
        values = calibrated(model.calibration, values + forests + added) - reference.slope * (forests + added + likely)
    else:
        values = values - likely
    parts = orders.parts(values).reshape(n, rounds, len(model.sources), -1)
    error = parts.std(axis=1, ddof=1) / np.sqrt(rounds) if rounds > 1 else np.full(parts[:, 0].shape, np.nan)
    return parts.mean(axis=1), error


def _asked(reference: Reference, matrix: Floats, threads: int) -> tuple[Floats, Floats]:
    """(m, k) what the dark members and the forests say together of a table, each weighed; forests only where it is needed."""

    def one(part: Floats) -> tuple[Floats, Floats]:
        return said(reference, reference.model.extended(part))

    found = shared(one, np.array_split(matrix, threads))
    return np.concatenate([dark for dark, _ in found]), np.concatenate([wood for _, wood in found])


def said(reference: Reference, whole: Floats) -> tuple[Floats, Floats]:
    """(m, k) what the dark members and the forests say of rows with all features (m, q)."""
    known = reference.model.calibration is None  # then forests are walked, and need not be asked
    return dark_said(reference, whole), np.zeros((len(whole), 1)) if known else wooden_said(reference, whole)


def dark_said(reference: Reference, whole: Floats) -> Floats:
    """(m, k) what the dark members say of them, each weighed."""
    nothing = np.zeros((len(whole), reference.prediction.shape[1]))
    return sum((member.weight * in_columns(member.predict(whole)) for member in reference.dark), nothing)


def wooden_said(reference: Reference, whole: Floats) -> Floats:
    """(m, k) what the forests say of them, each weighed."""
    nothing = np.zeros((len(whole), reference.prediction.shape[1]))
    return sum((woods.member.weight * in_columns(woods.member.predict(whole)) for woods in reference.woods), nothing)


def in_columns(prediction: Floats) -> Floats:
    """(n, k) of predictions (n,) or (n, k)."""
    return prediction[:, None] if prediction.ndim == 1 else prediction
