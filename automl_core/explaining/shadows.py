"""The noise floor: how much a model uses columns that are known to say nothing."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.copies import among, together_of
from automl_core.explaining.refits import STAND_IN, MemberSpec, Past, early_or_given, spec_of
from automl_core.framing.dependent import Codes
from automl_core.search.families import families
from automl_core.search.family import Family, FitRequest
from automl_core.search.log_target import to_log
from automl_core.search.model import Model
from automl_core.search.portfolio import loss_options
from automl_core.search.worker import FAILURES

Floats = NDArray[np.float64]
SHADOWS = 3
MOST_ROWS = 4_000
LEAST_ROWS = 80
FITS = 2
EXPLAINED, FIRST = 500, 50
FIT_SHARE = 0.7  # of the time; what the fit leaves is for its parts
HELD = 0.5  # of a feature's variance lies within groups
ALIKE = 10  # groups that change places


Unit = tuple[str, ...]  # a source column, or several that are counted as one
Kind = tuple[int, int]  # how many features, and how many of them are much alike in rows that go together


@dataclass(frozen=True, slots=True)
class Noise:
    """The largest share of all |SHAP| that a shuffled column got, and the columns and groups of columns that got more than every
    shuffled one of their width in every fit. `known` False: there were too few rows or too little time to tell, or the fits
    failed."""

    floor: float = 0.0
    beyond: frozenset[Unit] = frozenset()
    known: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """What is learned from: the encoder's plain matrix (n, p), outcomes, weights, which rows go together, and which features are
    `held` (p,), much alike in rows that do."""

    matrix: Floats
    y: Floats
    weights: Floats | None
    together: Codes | None
    held: NDArray[np.bool_]

    def kind(self, places: list[int]) -> Kind:
        return len(places), int(self.held[places].sum())


def noise_floor(model: Model, past: Past, groups: tuple[Unit, ...] = (), seconds: float = math.inf) -> Noise:
    """How much shuffled columns are used in two models fitted with three of them for each width (Kursa and Rudnicki 2010).

    They are of the kind and the settings of the model's heaviest member, where those are known; at most 4,000 rows are used. A
    column is compared with the shuffled ones of the same fit: in another one, noise would be shared among fewer columns. And it
    is compared with those of as many features, shuffled together: a text or date has many chances to seem of use. Where rows go
    together whole groups change places, and a column that hardly varies within them is compared with such ones: it tells groups
    apart, whose outcomes are alike. Fewer than 500 rows are explained where all would not be in time.
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
        spec = MemberSpec(STAND_IN, loss_options(model.problem, STAND_IN))
    y = to_log(past.y[picked]) if heaviest.logs else past.y[picked]
    given = past.learning_weights(model.problem)
    units, together = _places(model, groups), among(together_of(past.frame, past.columns, model.problem), picked)
    table = _Table(matrix, y, None if given is None else given[picked], together, _held(matrix, together))
    beyond = set(units)
    floors = [0.0]
    for turn in range(FITS):
        left = (until - time.monotonic()) / (FITS - turn)
        found = _shares(model, table, spec, units, past.seed + turn, left)
        if found is None:
            return Noise()
        shares, floor = found
        beyond = {unit for unit in beyond if shares[unit] > floor.get(table.kind(units[unit]), math.inf)}
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
    model: Model, table: _Table, spec: MemberSpec, units: dict[Unit, list[int]], seed: int, seconds: float
) -> tuple[dict[Unit, float], dict[Kind, float]] | None:
    """The share of each unit in one fit, and the largest of a shadow by its kind; None when a library cannot learn from this, or
    not in time."""
    began, matrix = time.monotonic(), table.matrix
    generator = np.random.default_rng(seed)
    shadows = _shadows(table, units, generator)
    plain = model.encoder.features[: model.encoder.plain]
    features, parts, own = list(plain), [matrix], []
    for number, places in enumerate(shadows):
        own.append(range(len(features), len(features) + len(places)))
        features += [replace(plain[place], name=f"shadow {number} {place}", sources=(f"shadow {number}",)) for place in places]
        parts.append(matrix[_dealt(len(matrix), table.together, generator)][:, places])
    whole = np.column_stack(parts)
    problem, family = model.problem, families().get(spec.family)
    request = FitRequest(whole, table.y, tuple(features), problem.task, max(2, len(problem.classes)), spec.options,
                         weights=table.weights, seed=seed, deadline=began + FIT_SHARE * seconds)
    try:
        fitted = family.fit(early_or_given(request, spec))
    except FAILURES:
        return None
    if fitted.truncated:
        return None
    phi = _explained(family, fitted.native, whole, began + seconds)
    phi = phi - phi.mean(axis=0) if family.additive else phi
    sizes = {unit: float(np.abs(phi[:, places].sum(axis=1)).mean()) if places else 0.0 for unit, places in units.items()}
    noise = [float(np.abs(phi[:, list(places)].sum(axis=1)).mean()) for places in own]
    total = (sum(size for unit, size in sizes.items() if len(unit) == 1) + sum(noise)) or 1.0
    floor: dict[Kind, float] = {}
    for kind, size in zip(map(table.kind, shadows), noise, strict=True):
        floor[kind] = max(floor.get(kind, 0.0), size / total)
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


def _shadows(table: _Table, units: dict[Unit, list[int]], generator: np.random.Generator) -> list[list[int]]:
    """The features that are shuffled together: three draws among the units of each kind."""
    kinds: dict[Kind, list[list[int]]] = {}
    for places in units.values():
        if places:
            kinds.setdefault(table.kind(places), []).append(places)
    return [same[int(draw)] for _, same in sorted(kinds.items()) for draw in generator.integers(0, len(same), SHADOWS)]


def _held(matrix: Floats, together: Codes | None) -> NDArray[np.bool_]:
    """(p,) which features are much alike within groups: more than half of how their ranks vary lies between them."""
    if together is None:
        return np.zeros(matrix.shape[1], dtype=bool)
    ranks = pd.DataFrame(matrix).rank(na_option="top")
    within = ((ranks - ranks.groupby(together).transform("mean")) ** 2).sum() / (len(ranks) - together.max() - 1)
    return np.asarray(within < HELD * ranks.var(), dtype=bool)


def _dealt(rows: int, together: Codes | None, generator: np.random.Generator) -> NDArray[np.int64]:
    """(n,) the row that each row takes its values from: any, or one of another group of about the same size, the same for the
    whole group."""
    if together is None:
        return generator.permutation(rows)
    order = generator.permutation(rows)
    order = order[np.argsort(together[order], kind="stable")]  # group by group, in each at random
    sizes = np.bincount(together)
    starts = np.cumsum(sizes) - sizes
    mixed = generator.permutation(len(sizes))
    other = np.empty_like(sizes)
    for alike in np.array_split(mixed[np.argsort(sizes[mixed], kind="stable")], max(1, len(sizes) // ALIKE)):
        other[alike] = np.roll(alike, 1)
    codes = together[order]
    found = np.empty(rows, dtype=np.int64)
    found[order] = order[starts[other[codes]] + (np.arange(rows) - starts[codes]) % sizes[other[codes]]]
    return found
