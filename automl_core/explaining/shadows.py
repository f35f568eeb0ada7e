"""The noise floor: how much a model uses columns that are known to say nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Noise:
    """The largest share of all |SHAP| that a shuffled column got, and the columns that got more than every shuffled one in every
    fit. `known` False: there were too few rows to tell, or the fits failed."""

    floor: float = 0.0
    beyond: frozenset[str] = frozenset()
    known: bool = False


def noise_floor(model: Model, past: Past) -> Noise:
    """How much shuffled columns are used in two models fitted with three of them each (Kursa and Rudnicki 2010).

    They are of the kind and the settings of the model's heaviest member, where those are known; at most 4,000 rows are used. A
    column is compared with the shuffled ones of the same fit: in another one, noise would be shared among fewer columns.
    """
    rows = np.flatnonzero(np.isfinite(past.y))
    if len(rows) < LEAST_ROWS:
        return Noise()
    generator = np.random.default_rng(past.seed)
    picked = generator.permutation(rows)[:MOST_ROWS]
    matrix = model.encoder.matrix(past.frame.iloc[picked])[:, : model.encoder.plain]
    heaviest = max(model.members, key=lambda member: member.weight)
    spec = spec_of(model, heaviest, past.trials)
    if families().get(spec.family).contributions is None:
        spec = MemberSpec(STAND_IN)
    y = to_log(past.y[picked]) if heaviest.logs else past.y[picked]
    given = past.weights(model.problem)
    weights = None if given is None else given[picked]
    found = [_shares(model, (matrix, y, weights), spec, past.seed + turn) for turn in range(FITS)]
    if any(shares is None for shares in found):
        return Noise()
    floors = [max(shares[f"shadow {n}"] for n in range(SHADOWS)) for shares in found if shares is not None]
    beyond = frozenset(name for name in model.sources
                       if all(shares is not None and shares[name] > floor for shares, floor in zip(found, floors, strict=True)))
    return Noise(max(floors), beyond, True)


def _shares(model: Model, rows: tuple[Floats, Floats, Floats | None], spec: MemberSpec, seed: int) -> dict[str, float] | None:
    """The share of each source column and each shadow in one fit; None when a library cannot learn from this."""
    matrix, y, weights = rows
    generator = np.random.default_rng(seed)
    places = generator.integers(0, matrix.shape[1], SHADOWS)
    shadows = [matrix[generator.permutation(len(matrix)), place] for place in places]
    plain = model.encoder.features[: model.encoder.plain]
    features = (*plain, *(replace(plain[place], name=f"shadow {n}", sources=(f"shadow {n}",)) for n, place in enumerate(places)))
    whole = np.column_stack([matrix, *shadows])
    problem, family = model.problem, families().get(spec.family)
    request = FitRequest(whole, y, features, problem.task, max(2, len(problem.classes)), spec.options, weights=weights,
                         seed=seed)
    try:
        fitted = family.fit(early_or_given(request, spec))
    except FAILURES:
        return None
    assert family.contributions is not None
    phi, _ = family.contributions(fitted.native, whole[:EXPLAINED])
    phi = phi - phi.mean(axis=0) if spec.family in ADDITIVE else phi
    sizes = {}
    for name in (*model.sources, *(f"shadow {n}" for n in range(SHADOWS))):
        mine = [place for place, feature in enumerate(features) if feature.sources == (name,)]
        sizes[name] = float(np.abs(phi[:, mine].sum(axis=1)).mean()) if mine else 0.0
    total = sum(sizes.values())
    return {name: size / total if total > 0 else 0.0 for name, size in sizes.items()}
