"""The noise floor: how much a model uses columns that are known to say nothing."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.refits import STAND_IN, MemberSpec, Past, early_or_given, spec_of
from automl_core.explaining.routes import ADDITIVE
from automl_core.search.families import families
from automl_core.search.family import Family, FitRequest
from automl_core.search.log_target import to_log
from automl_core.search.model import Model
from automl_core.search.worker import FAILURES

Floats = NDArray[np.float64]
SHADOWS = 3
MOST_ROWS = 4_000
LEAST_ROWS = 80
FITS = 2
EXPLAINED, FIRST = 500, 50
FIT_SHARE = 0.7  # of the time; what the fit leaves is for its parts


Unit = tuple[str, ...]  # a source column, or several that are counted as one


@dataclass(frozen=True, slots=True)
class Noise:
    """The largest share of all |SHAP| that a shuffled column got, and the columns and groups of columns that got more than every
    shuffled one of their width in every fit. `known` False: there were too few rows or too little time to tell, or the fits
    failed."""

    floor: float = 0.0
    beyond: frozenset[Unit] = frozenset()
    known: bool = False


def noise_floor(model: Model, past: Past, groups: tuple[Unit, ...] = (), seconds: float = math.inf) -> Noise:
    """How much shuffled columns are used in two models fitted with three of them for each width (Kursa and Rudnicki 2010).

    They are of the kind and the settings of the model's heaviest member, where those are known; at most 4,000 rows are used. A
    column is compared with the shuffled ones of the same fit: in another one, noise would be shared among fewer columns. And it
    is compared with those of as many features, shuffled together: a text or date has many chances to seem of use. Fewer than 500
    rows are explained where all would not be in time.
    """
    until = time.monotonic() + seconds
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
    units = _places(model, groups)
    beyond = set(units)
    floors = [0.0]
    for turn in range(FITS):
        left = (until - time.monotonic()) / (FITS - turn)
        found = _shares(model, (matrix, y, weights), spec, units, past.seed + turn, left)
        if found is None:
            return Noise()
        shares, floor = found
        beyond = {unit for unit in beyond if len(units[unit]) in floor and shares[unit] > floor[len(units[unit])]}
        floors += floor.values()
    return Noise(max(floors), frozenset(beyond), True)


def _places(model: Model, groups: tuple[Unit, ...]) -> dict[Unit, list[int]]:
    """Where the features of each source column and each group lie in the encoder's plain matrix."""
    alone: dict[str, list[int]] = {name: [] for name in model.sources}
    for place, feature in enumerate(model.encoder.features[: model.encoder.plain]):
        if len(feature.sources) == 1:
            alone[feature.sources[0]].append(place)
    return {(name,): places for name, places in alone.items()} | {
        group: [place for name in group for place in alone[name]] for group in groups}


def _shares(
    model: Model, rows: tuple[Floats, Floats, Floats | None], spec: MemberSpec, units: dict[Unit, list[int]], seed: int,
    seconds: float
) -> tuple[dict[Unit, float], dict[int, float]] | None:
    """The share of each unit in one fit, and the largest of a shadow by how many features it has; None when a library cannot
    learn from this, or not in time."""
    began = time.monotonic()
    matrix, y, weights = rows
    generator = np.random.default_rng(seed)
    shadows = _shadows(units, generator)
    plain = model.encoder.features[: model.encoder.plain]
    features, parts, own = list(plain), [matrix], []
    for number, places in enumerate(shadows):
        own.append(range(len(features), len(features) + len(places)))
        features += [replace(plain[place], name=f"shadow {number} {place}", sources=(f"shadow {number}",)) for place in places]
        parts.append(matrix[generator.permutation(len(matrix))][:, places])
    whole = np.column_stack(parts)
    problem, family = model.problem, families().get(spec.family)
    request = FitRequest(whole, y, tuple(features), problem.task, max(2, len(problem.classes)), spec.options, weights=weights,
                         seed=seed, deadline=began + FIT_SHARE * seconds)
    try:
        fitted = family.fit(early_or_given(request, spec))
    except FAILURES:
        return None
    if fitted.truncated:
        return None
    phi = _explained(family, fitted.native, whole, began + seconds)
    phi = phi - phi.mean(axis=0) if spec.family in ADDITIVE else phi
    sizes = {unit: float(np.abs(phi[:, places].sum(axis=1)).mean()) if places else 0.0 for unit, places in units.items()}
    noise = [float(np.abs(phi[:, list(places)].sum(axis=1)).mean()) for places in own]
    total = (sum(size for unit, size in sizes.items() if len(unit) == 1) + sum(noise)) or 1.0
    floor: dict[int, float] = {}
    for width, size in zip(map(len, own), noise, strict=True):
        floor[width] = max(floor.get(width, 0.0), size / total)
    return {unit: size / total for unit, size in sizes.items()}, floor


def _explained(family: Family, native: Any, matrix: Floats, until: float) -> Floats:
    """The parts of the first 500 rows, or of as many as can be by then: 50 at least."""
    assert family.contributions is not None
    began = time.monotonic()
    first, _ = family.contributions(native, matrix[:FIRST])
    now = time.monotonic()
    more = FIRST * max(0.0, until - now) / max(now - began, 1e-9)
    last = int(min(EXPLAINED, FIRST + more))
    return first if last <= FIRST else np.concatenate([first, family.contributions(native, matrix[FIRST:last])[0]])


def _shadows(units: dict[Unit, list[int]], generator: np.random.Generator) -> list[list[int]]:
    """The features that are shuffled together: three draws among the units of each width."""
    widths: dict[int, list[list[int]]] = {}
    for places in units.values():
        if places:
            widths.setdefault(len(places), []).append(places)
    return [same[int(draw)] for _, same in sorted(widths.items()) for draw in generator.integers(0, len(same), SHADOWS)]
