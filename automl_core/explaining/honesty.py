"""Importance with what it rests on: models fitted again on halves, rows not learned from, shuffled copies, and twins."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from automl_core.data.words import first_few, join_words
from automl_core.explaining.contributions import (
    ROUNDS,
    Contributions,
    compares,
    in_class,
    needs_sampling,
    raw_parts,
    reference_rows,
)
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.drops import REPEATS, permutation_drops, pooled, some_rows
from automl_core.explaining.explanation import LEAST_NAMED, MOST_NAMED, ColumnGroup, Explanation, Importance
from automl_core.explaining.importance import STABLE_RANGE
from automl_core.explaining.reference import Care
from automl_core.explaining.refits import Past, Refit, kinds_used, refits, why_none
from automl_core.explaining.shadows import Noise, noise_floor
from automl_core.explaining.twins import LEAST_SHARE, replaceable
from automl_core.explaining.words import count, counted_alike, quote
from automl_core.framing.dependent import Codes, resampled
from automl_core.framing.metrics import metric_of
from automl_core.framing.score_interval import Counting
from automl_core.search.model import Model

Floats = NDArray[np.float64]
DRAWS = 40
REFIT_ROWS, SAMPLED_ROWS = 500, 60
MOST_DROPS = 40
NOISE_SHARE, NOISE_SECONDS = 0.4, 8.0  # of the time for the noise floor; what it may take at least
GROUP_NAMED = 3  # columns of a group
UNKNOWN = (math.nan, math.nan, math.nan)
Judged = TypeVar("Judged", Importance, ColumnGroup)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What one refit shows: mean |SHAP| of bootstrap samples (draws, columns) by class, and drops by set of columns."""

    sizes: dict[str, Floats]
    drops: dict[tuple[str, ...], tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What all refits and shuffled columns showed of one class: drops by set of columns, sizes by refit (draws, columns), columns
    that can be done without, and the noise floor."""

    drops: dict[tuple[str, ...], tuple[float, float, float]]
    sizes: list[Floats]
    spare: tuple[str, ...]
    noise: Noise


def grouped(made: Contributions, groups: Iterable[tuple[str, ...]]) -> tuple[ColumnGroup, ...]:
    """Groups by the mean size of their summed parts; shares are of all columns' mean sizes together."""
    total = float(np.abs(made.phi).mean(axis=0).sum())
    out = []
    for columns in groups:
        places = [made.names.index(name) for name in columns]
        size = float(np.abs(made.phi[:, places].sum(axis=1)).mean())
        ordered = tuple(sorted(columns, key=lambda name: -float(np.abs(made.phi[:, made.names.index(name)]).mean())))
        out.append(ColumnGroup(ordered, size / total if total > 0 else 0.0, size))
    return tuple(sorted(out, key=lambda group: -group.mean_abs))


def line_name(line: Importance | ColumnGroup) -> str:
    """A column, or those of a group together: “a” + “b” + “c” + 2 more."""
    return " + ".join(first_few([quote(name) for name in line.names], GROUP_NAMED))


def with_evidence(explanation: Explanation, model: Model, past: Past, seconds: float, fits: int = 0) -> Explanation:
    """The explanation with drops on rows not learned from, ranks over refits, groups, noise floor and what is replaceable.

    It takes about `seconds`, and two refits at least, or so many `fits`, whatever the clock says; where rows do not allow refits,
    what is not known stays NaN.
    """
    return all_with_evidence((explanation,), model, past, seconds, fits)[0]


def all_with_evidence(
    explanations: tuple[Explanation, ...], model: Model, past: Past, seconds: float, fits: int = 0
) -> tuple[Explanation, ...]:
    """The same for several classes of one model, by the same refits: what the score needs does not hang on the class."""
    began = time.monotonic()
    wanted, together = _wanted(explanations), together_of(past.frame, past.columns, model.problem)
    units = tuple(dict.fromkeys(_key(group) for one in explanations for group in one.groups))
    noise = noise_floor(model, past, units, max(NOISE_SECONDS, NOISE_SHARE * seconds))
    seen: list[_Seen] = []
    halves: list[Refit] = []
    for refit in refits(model, past, max(0.0, 0.7 * seconds - (time.monotonic() - began)), fits):
        seen.append(_look(refit, past, wanted, len(seen), tuple(one.label for one in explanations), together))
        halves.append(refit)
    if not seen:
        why = why_none(model, past)
        return tuple(_warned(replace(one, floor=noise.floor, importance=tuple(_judged(item, noise) for item in one.importance),
                                     groups=tuple(_judged(group, noise) for group in one.groups), measured=why))
                     for one in explanations)
    drops = {columns: pooled([one.drops[columns] for one in seen]) for columns in wanted}
    spare = replaceable(halves[0], past, explanations[0], drops) if fits or time.monotonic() - began < seconds else ()
    told = replace(explanations[0], floor=noise.floor, metric=model.problem.metric, refits=len(seen),
                   measured=_measured(model, seen, past))
    return tuple(_evident(one, told, _Found(drops, [look.sizes[one.label] for look in seen], spare, noise), model)
                 for one in explanations)


def _wanted(explanations: tuple[Explanation, ...]) -> list[tuple[str, ...]]:
    """The columns used most, for one of the classes or another, and the groups: what is shuffled. All that the class asked for
    uses much are among them, however many columns of their own the others have."""
    shares: dict[str, float] = {}
    for one in explanations:
        for item in one.importance:
            shares[item.column] = max(shares.get(item.column, 0.0), item.share)
    much = [item.column for item in explanations[0].importance if item.share >= LEAST_SHARE]
    used = sorted((name for name in shares if shares[name] > 0), key=lambda name: -shares[name])
    most = list(dict.fromkeys((*much, *used)))[: max(MOST_DROPS, len(much))]
    return [(name,) for name in most] + list(dict.fromkeys(_key(group) for one in explanations for group in one.groups))


def _key(group: ColumnGroup) -> tuple[str, ...]:
    """The columns of a group in an order that is the same for every class."""
    return tuple(sorted(group.columns))


def _evident(explanation: Explanation, told: Explanation, found: _Found, model: Model) -> Explanation:
    """One class's explanation with what refits and shuffled columns showed, and with what is `told` of them for all classes."""
    drops, noise, spare, names = found.drops, found.noise, found.spare, model.sources
    ranks = _ranks(np.concatenate(found.sizes))
    low, high = np.floor(np.quantile(ranks, 0.05, axis=0)), np.ceil(np.quantile(ranks, 0.95, axis=0))
    items = []
    for place, item in enumerate(explanation.importance):
        column = names.index(item.column)
        first, last = min(int(low[column]), item.rank_low, place + 1), max(int(high[column]), item.rank_high, place + 1)
        drop, drop_low, drop_high = drops.get((item.column,), UNKNOWN)
        items.append(_judged(replace(
            item, rank_low=first, rank_high=last, stable=last - first <= STABLE_RANGE, drop=drop, drop_low=drop_low,
            drop_high=drop_high, replaceable=item.column in spare), noise))
    groups = tuple(_judged(replace(group, drop=fall[0], drop_low=fall[1], drop_high=fall[2]), noise)
                   for group in explanation.groups for fall in [drops.get(_key(group), UNKNOWN)])
    return _warned(replace(explanation, importance=tuple(items), groups=groups, floor=told.floor, metric=told.metric,
                           refits=told.refits, measured=told.measured))


def _warned(explanation: Explanation) -> Explanation:
    """The same; its sentence says which of the columns it names as the largest did no better than shuffled ones."""
    weak = [line_name(line) for line in explanation.lines[:MOST_NAMED] if line.share >= LEAST_NAMED and not line.evidence]
    if not weak:
        return explanation
    found = f"A closer look found no evidence that the answers need {join_words(weak)}."
    if explanation.sentence.endswith(found):  # it was looked at before
        return explanation
    return replace(explanation, sentence=f"{explanation.sentence} {found}")


def _look(
    refit: Refit, past: Past, wanted: list[tuple[str, ...]], number: int, labels: tuple[str, ...], together: Codes | None
) -> _Seen:
    """One refit on the rows it has not learned from, for each of these classes; rows of the past that go together are few."""
    generator = np.random.default_rng(past.seed + number)
    most = SAMPLED_ROWS if needs_sampling(refit.model) else REFIT_ROWS
    picked = refit.valid if len(refit.valid) <= most else np.sort(generator.choice(refit.valid, most, replace=False))
    rows = refit.model.encoder.matrix(past.frame.iloc[picked].reset_index(drop=True))
    reference = reference_rows(refit.model, past.frame.iloc[refit.train], past.seed) if compares(refit.model, rows[:20]) else None
    raw = raw_parts(refit.model, rows, reference, Care(ROUNDS, ROUNDS), past.seed)
    weights = resampled(len(rows), among(together, picked), DRAWS, generator)
    sizes = {label: weights @ np.abs(in_class(refit.model, raw, rows, label).phi) / len(rows) for label in labels}
    given = past.weights(refit.model.problem)
    counting = Counting(None if given is None else given[refit.valid], among(together, refit.valid))
    some, counting = some_rows(refit.model.problem, past.y[refit.valid], counting, generator)
    valid = refit.valid[some]
    matrix = refit.model.encoder.matrix(past.frame.iloc[valid])
    drops = permutation_drops(refit.model, matrix, past.y[valid], wanted, past.seed + number, counting)
    return _Seen(sizes, drops)


def _ranks(sizes: Floats) -> Floats:
    return np.asarray((-sizes).argsort(axis=1, kind="stable").argsort(axis=1) + 1, dtype=np.float64)


def _judged(item: Judged, noise: Noise) -> Judged:
    """Evidence of use: the score clearly needs the column, or it is used more than shuffled ones and the score falls without. A
    group of columns is judged as one, by its parts added up and its own drop."""
    unit = (item.column,) if isinstance(item, Importance) else _key(item)
    needed = math.isfinite(item.drop) and item.drop_low > 0
    used = unit in noise.beyond and not (math.isfinite(item.drop) and item.drop <= 0)
    return replace(item, evidence=bool(needed or used or not noise.known))


def _measured(model: Model, seen: list[_Seen], past: Past) -> str:
    rows = int(np.isfinite(past.y).sum())
    metric = metric_of(model.problem).title
    if seen[0].drops and all(math.isnan(drop) for one in seen for drop, _ in one.drops.values()):
        return ("What the score needs could not be measured: models were fitted again on halves of the rows, and in the other "
                f"halves one outcome is too rare to tell the score ({metric}).")
    return (f"The fall of the score ({metric}) was measured by shuffling each column {REPEATS} times on rows not learned from: "
            f"{count(len(seen), 'model was', 'models were')} fitted again on {'halves' if len(seen) > 1 else 'a half'} of "
            f"{min(rows, 10_000):,} rows and tested on the other {'halves' if len(seen) > 1 else 'half'}. "
            f"{kinds_used(model)} {counted_alike(model.problem.weights) if past.weights(model.problem) is None else ''}".rstrip())
