"""The noise floor: how much a model uses columns that are known to say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.refits import STAND_IN, MemberSpec, Past, early_or_given, spec_of
from automl_core.explaining.routes import ADDITIVE
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.log_target import to_log
from automl_core.search.model import Model
from automl_core.search.worker import FAILURES

Floats = NDArray[np.float64]
SHADOWS = 3
MOST_ROWS = 4_000
LEAST_ROWS = 80
FITS = 2
EXPLAINED = 500


def noise_floor(model: Model, past: Past) -> float:
    """The largest share of all |SHAP| that one of six shuffled columns gets in models fitted with three of them each (Kursa and
    Rudnicki 2010). They are of the kind and the settings of the model's heaviest member, where those are known. 0 when there are
    too few rows to tell; at most 4,000 are used."""
    known = np.flatnonzero(np.isfinite(past.y))
    if len(known) < LEAST_ROWS:
        return 0.0
    generator = np.random.default_rng(past.seed)
    picked = generator.permutation(known)[:MOST_ROWS]
    matrix = model.encoder.matrix(past.frame.iloc[picked])[:, : model.encoder.plain]
    heaviest = max(model.members, key=lambda member: member.weight)
    spec = spec_of(model, heaviest, past.trials)
    if families().get(spec.family).contributions is None:
        spec = MemberSpec(STAND_IN)
    y = to_log(past.y[picked]) if heaviest.logs else past.y[picked]
    return max(_largest(model, (matrix, y), spec, past.seed + turn) for turn in range(FITS))


def _largest(model: Model, rows: tuple[Floats, Floats], spec: MemberSpec, seed: int) -> float:
    """The largest share of a shadow in one fit."""
    matrix, y = rows
    generator = np.random.default_rng(seed)
    places = generator.integers(0, matrix.shape[1], SHADOWS)
    shadows = [matrix[generator.permutation(len(matrix)), place] for place in places]
    plain = model.encoder.features[: model.encoder.plain]
    features = (*plain, *(replace(plain[place], name=f"shadow {n}", sources=(f"shadow {n}",)) for n, place in enumerate(places)))
    whole = np.column_stack([matrix, *shadows])
    problem, family = model.problem, families().get(spec.family)
    request = FitRequest(whole, y, features, problem.task, max(2, len(problem.classes)), spec.options, seed=seed)
    try:
        fitted = family.fit(early_or_given(request, spec))
    except FAILURES:
        return 0.0
    assert family.contributions is not None
    phi, _ = family.contributions(fitted.native, whole[:EXPLAINED])
    phi = phi - phi.mean(axis=0) if spec.family in ADDITIVE else phi
    size = np.abs(phi).mean(axis=0)
    size = size.sum(axis=1) if size.ndim == 2 else size
    total = float(size.sum())
    return float(size[-SHADOWS:].max()) / total if total > 0 else 0.0
