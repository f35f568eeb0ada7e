"""The feature lab: tries formulas over the columns that matter, and keeps the few that say more than chance would.

After the feature generation of Tschalzev et al. 2026 (arXiv 2606.02384), with shuffled copies as a floor (Kursa and Rudnicki
2010).
"""
from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.feature import Array, Feature, is_days
from automl_core.search.formulas import Formula, FormulaKind, Formulas, arithmetic, places
from automl_core.search.unit import unit_of

MOST = 30
ROWS = 15_000
LEAST_ROWS = 100
NUMBERS, CATEGORIES, MAX_LEVELS = 12, 6, 300
DATES = 10
MOST_CROSSES = 45  # columns: one a class for all pairs of categories, so that of six categories three classes are told of
SHADOWS = 100
TAIL = 20  # of the shadows, the largest: how their gains thin out tells what the best of more would have
LUCKY = 0.5  # formulas that chance may bring through, however many are tried
PRIOR_ROWS = 10.0
PARTS = 5
SIGNS: dict[FormulaKind, str] = {"ratio": "/", "product": "×", "difference": "−", "sum": "+"}
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FormulaSource:
    """What formulas are chosen from: the matrix (n, p) with its features and the target (n,).

    `groups` (n,) are rows that belong together and never speak for each other; None when all stand alone. `weights` (n,) with
    mean 1 are how much each row counts; None: all the same.
    """

    matrix: Array
    features: tuple[Feature, ...]
    y: Array
    task: Task
    classes: int = 2
    groups: Places | None = None
    weights: Array | None = None
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Formed:
    """Formulas chosen on some rows, and their `values` (n, r): what uses the target is cross-fitted for those rows. `whole` is
    False where there was no time to choose any."""

    formulas: Formulas
    values: NDArray[np.floating[Any]]
    whole: bool = True


def fit_formulas(
    source: FormulaSource, train: Places, seed: int = 0, until: float = float("inf"), kept: type[np.floating[Any]] = np.float64
) -> Formed:
    """Choose at most 30 formulas on the rows `train` alone. `until` is a moment of `time.monotonic`: without time, none. Values
    are `kept` in so many bits."""
    if source.task == "regression":
        source = replace(source, y=unit_of(source.y[train]).into(source.y))
    nothing = Formed(Formulas(), np.zeros((len(source.y), 0), dtype=kept))
    late = replace(nothing, whole=False)
    if len(train) < LEAST_ROWS:
        return nothing
    if time.monotonic() > until:
        return late
    random = np.random.default_rng(seed)
    rows = train if len(train) <= ROWS else np.sort(random.choice(train, ROWS, replace=False))
    matrix = np.asarray(source.matrix)[rows]
    gains = _gains(source, matrix, rows, (seed, 80, until))
    tried = list(_formulas(source, matrix, gains, source.y[rows]))
    if not tried or time.monotonic() > until:
        return late if tried else nothing
    parts = _parts(source, rows, random)
    made = np.column_stack([_learned(source, formula, rows, parts)[1] for formula in tried])
    if time.monotonic() > until:
        return late
    usable = _usable(made)
    tried, made = [formula for formula, good in zip(tried, usable, strict=True) if good], made[:, usable]
    if not tried:
        return nothing
    shadows = random.permuted(made[:, random.integers(0, len(tried), SHADOWS)], axis=0)
    # without feature kinds: what is computed is a number, whatever it was computed from
    gains = _gains(source, np.hstack([matrix, made, shadows]), rows, (seed, 120, until))[len(source.features):]
    chosen = _chosen(gains, len(tried), len(source.features))
    return _formed(source, [tried[place] for place in chosen], train, seed, kept)


def _parts(source: FormulaSource, rows: Places, random: np.random.Generator) -> Places:
    """(len(rows),) the part 0..4 of each row; rows of one group are in one part."""
    if source.groups is None:
        return random.integers(0, PARTS, len(rows))
    _, mine = np.unique(source.groups[rows], return_inverse=True)
    parts: Places = (random.permutation(int(mine.max()) + 1) % PARTS)[mine].astype(np.int64)  # two groups are never in one
    return parts


def _chosen(gains: Array, tried: int, plain: int) -> list[int]:
    """The formulas with more gain than as many shuffled copies would have, best first, until 99 % of what they gain together."""
    floor = _floor(gains[tried:], tried)
    order = [int(place) for place in np.argsort(-gains[:tried]) if gains[place] > floor]
    most = min(MOST, max(5, plain))
    share = np.cumsum(gains[order]) / max(float(gains[order].sum()), 1e-12) if order else np.zeros(0)
    return order[: min(most, int(np.searchsorted(share, 0.99)) + 1)]


def _floor(shadows: Array, tried: int) -> float:
    """The gain that chance gives `LUCKY` of the formulas tried, from the gains (s,) of shuffled copies. The best copy alone would
    be passed by about one formula of noise in s; beyond the `TAIL` largest, gains are taken to thin out exponentially."""
    ordered = np.sort(shadows)
    least = float(ordered[-TAIL - 1])
    step = float(np.mean(ordered[-TAIL:])) - least
    return least + step * math.log(max(1.0, tried * TAIL / len(shadows) / LUCKY))


def _formed(source: FormulaSource, chosen: list[Formula], train: Places, seed: int, kept: type[np.floating[Any]]) -> Formed:
    parts = _parts(source, train, np.random.default_rng(seed))
    items = []
    values = np.empty((len(source.y), len(chosen)), dtype=kept)  # each put where it belongs: at no moment twice in memory
    for place, formula in enumerate(chosen):
        learned, mine = _learned(source, formula, train, parts)
        values[:, place] = learned.column(np.asarray(source.matrix))
        values[train, place] = mine
        items.append(learned)
    return Formed(Formulas(tuple(items)), values)


def _gains(source: FormulaSource, matrix: Array, rows: Places, effort: tuple[int, int, float]) -> Array:
    """(columns,) total gain of each column of a matrix (len(rows), columns) in a small boosted model."""
    import lightgbm

    seed, rounds, until = effort
    wide = matrix.shape[1] > len(source.features)
    settings: dict[str, Any] = {
        "objective": source.task, "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "num_threads": 1, "seed": seed,
        "feature_fraction": 0.3 if wide else 0.8, "bagging_fraction": 0.7, "bagging_freq": 1, "verbosity": -1,
        "deterministic": True, "force_col_wise": True, "max_bin": 127,
    }
    if source.task == "multiclass":
        settings |= {"num_class": source.classes}
        rounds = max(20, rounds // 2)
    categories = [number for number, feature in enumerate(source.features) if feature.kind == "category"]

    def stop(env: Any) -> None:
        if time.monotonic() > until:
            raise lightgbm.callback.EarlyStopException(env.iteration, [])

    weights = None if source.weights is None else source.weights[rows]
    data = lightgbm.Dataset(matrix, source.y[rows], weight=weights, categorical_feature=categories, params=settings)
    booster = lightgbm.train(settings, data, rounds, callbacks=[stop])
    gains: Array = np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    return gains


def _formulas(source: FormulaSource, matrix: Array, gains: Array, y: Array) -> Iterator[Formula]:
    """All formulas over the columns with the most gain, of some rows (m, p) with their targets (m,)."""
    order = [int(place) for place in np.argsort(-gains, kind="stable") if gains[place] > 0]
    numbers = [place for place in order if source.features[place].kind in ("number", "date") and _varies(matrix[:, place])]
    groups = [place for place in order if source.features[place].kind == "category"
              and 2 <= len(source.features[place].levels) <= MAX_LEVELS][:CATEGORIES]
    yield from _days_between(source, matrix, gains)
    for one, two in combinations(numbers[:NUMBERS], 2):
        if source.features[one].kind == source.features[two].kind == "date":
            continue  # a month times a year is nothing that anybody could read
        yield _arithmetic(source, "ratio", one, two)
        yield _arithmetic(source, "ratio", two, one)
        for kind in ("product", "difference", "sum"):
            yield _arithmetic(source, kind, one, two)
    for number in numbers[:NUMBERS]:
        for group in groups:
            names = source.features[number], source.features[group]
            for kind, sign in (("group_ratio", "/"), ("group_difference", "−")):
                name = f"{names[0].name} {sign} usual {names[0].name} in {names[1].name}"
                yield Formula(kind, (number, group), Feature(name, _sources(*names), "number"))  # type: ignore[arg-type]
    pairs = list(combinations(groups, 2))
    for label, told in _told(source, y, len(pairs)):
        for one, two in pairs:
            names = source.features[one], source.features[two]
            feature = Feature(f"{names[0].name} with {names[1].name} (usual outcome{told})", _sources(*names), "number")
            yield Formula("cross_mean", (one, two), feature, label=label)


def _days_between(source: FormulaSource, matrix: Array, gains: Array) -> Iterator[Formula]:
    """The days from each date to each later column's, of the dates that say most. Two dates may say nothing but together, so a
    date needs no gain by itself."""
    dates = [place for place, feature in enumerate(source.features) if is_days(feature) and _varies(matrix[:, place])]
    told = {place: sum(gain for gain, feature in zip(gains, source.features, strict=False)
                       if feature.sources == source.features[place].sources) for place in dates}
    most = sorted(sorted(dates, key=lambda place: -told[place])[:DATES])
    for one, two in combinations(most, 2):
        first, second = source.features[one], source.features[two]
        sources = _sources(first, second)
        yield Formula("difference", (two, one), Feature(f"days from {sources[0]} to {sources[1]}", sources, "number"))


def _told(source: FormulaSource, y: Array, pairs: int) -> list[tuple[int, str]]:
    """What each cross of two categories tells of, with its words: the target itself, or each of the classes that are most
    frequent among the rows `y`: as many as there is room for."""
    if source.task != "multiclass":
        return [(-1, "")]
    counts = np.bincount(y.astype(np.int64), minlength=source.classes)
    frequent = np.argsort(-counts, kind="stable")[:MOST_CROSSES // max(pairs, 1)]
    names = source.class_names if len(source.class_names) == source.classes else tuple(map(str, range(1, source.classes + 1)))
    return [(label, f" {names[label]}") for label in sorted(frequent.tolist())]


def _arithmetic(source: FormulaSource, kind: FormulaKind, one: int, two: int) -> Formula:
    first, second = source.features[one], source.features[two]
    return Formula(kind, (one, two), Feature(f"{first.name} {SIGNS[kind]} {second.name}", _sources(first, second), "number"))


def _sources(*features: Feature) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for feature in features for source in feature.sources))


def _varies(values: Array) -> bool:
    """At least three values, not almost all missing or the same (the filter of TabPrep)."""
    present = values[~np.isnan(values)]
    if len(present) < 0.05 * len(values) or len(present) < 20:
        return False
    _, counts = np.unique(present, return_counts=True)
    return len(counts) >= 3 and counts.max() < 0.9 * len(values)


def _usable(made: Array) -> NDArray[np.bool_]:
    """Columns that vary and are computed for at least a twentieth of the rows."""
    present = (~np.isnan(made)).mean(axis=0) >= 0.05
    spread = np.nanmax(np.where(present, made, 0.0), axis=0) > np.nanmin(np.where(present, made, 0.0), axis=0)
    out: NDArray[np.bool_] = present & spread
    return out


def _learned(source: FormulaSource, formula: Formula, rows: Places, parts: Places) -> tuple[Formula, Array]:
    """The formula with its table learned from `rows`, and its values (len(rows),) there: cross-fitted when it uses the target."""
    first, second = (np.asarray(source.matrix[rows, place]) for place in formula.inputs)
    counted = np.ones(len(rows)) if source.weights is None else source.weights[rows]
    if formula.kind in SIGNS:
        return formula, arithmetic(formula.kind, first, second)
    if formula.kind != "cross_mean":
        table = _group_means(first, second, len(source.features[formula.inputs[1]].levels), counted)
        kind: FormulaKind = "ratio" if formula.kind == "group_ratio" else "difference"
        return replace(formula, table=table), arithmetic(kind, first, table[places(second, len(table))])
    shape = tuple(len(source.features[place].levels) + 1 for place in formula.inputs)
    cell = places(first, shape[0]) * shape[1] + places(second, shape[1])
    sums = np.zeros((PARTS, shape[0] * shape[1]))
    counts = np.zeros_like(sums)
    truth = source.y[rows] if formula.label < 0 else source.y[rows] == formula.label
    np.add.at(sums, (parts, cell), truth * counted)
    np.add.at(counts, (parts, cell), counted)
    values = np.empty(len(rows))
    for part in range(PARTS):
        mine = parts == part
        others = _smoothed(sums.sum(axis=0) - sums[part], counts.sum(axis=0) - counts[part])
        values[mine] = others[cell[mine]]
    return replace(formula, table=_smoothed(sums.sum(axis=0), counts.sum(axis=0)).reshape(shape)), values


def _group_means(numbers: Array, groups: Array, levels: int, counted: Array) -> Array:
    """(levels + 1,) mean of a number in each group, drawn to the overall mean where a group has few rows."""
    present = ~np.isnan(numbers)
    place, mass = places(groups, levels + 1)[present], counted[present]
    counts = np.bincount(place, mass, levels + 1).astype(np.float64)
    return _smoothed(np.bincount(place, mass * numbers[present], levels + 1).astype(np.float64), counts)


def _smoothed(sums: Array, counts: Array) -> Array:
    prior = float(sums.sum()) / max(float(counts.sum()), 1.0)
    out: Array = (sums + PRIOR_ROWS * prior) / (counts + PRIOR_ROWS)
    return out
