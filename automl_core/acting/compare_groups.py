"""Two groups compared: how much of the gap in the outcome is who they are, how much what happens to the same kind of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import all_hold, describe_all, told_on, usable
from automl_core.acting.copies import together
from automl_core.acting.covariates import Covariates, make_covariates
from automl_core.acting.findings.segments import first_half
from automl_core.acting.gap import LEAST_CLUSTERS, Amount, TwoGroups, fewest_clusters, split_gap
from automl_core.acting.gap_drivers import Evidence, drivers_told, find_drivers
from automl_core.acting.gap_story import GapStory, confirmed_parts, told, with_words
from automl_core.acting.mix import column_parts, make_levels, mix_parts, parts_told
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.data.table import Column, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import count, counted_alike, quote
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_ROWS = 20_000
MOST_PARTS = 12
SEPARATES = 0.98  # a column whose levels alone tell the groups apart this well (AUC) describes the groups, not their rows


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups by their conditions (all must hold). An empty `second` means all rows that are not in the first."""

    first: tuple[Condition, ...]
    second: tuple[Condition, ...] = ()


def compare_groups(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, pair: Pair, seed: int = 0
) -> GapStory:
    """Compare the mean outcome of two groups of rows.

    `frame` (n rows) and `y` (n: codes into `problem.classes`, or numbers; NaN when unknown) are aligned. A row in both groups
    counts for neither. Columns that define the groups, the target and what the problem excludes are not compared on. Above 20,000
    rows a random sample is used. BadInput when the conditions are empty or name a column that is not there.
    """
    conditions = (*pair.first, *pair.second)
    if not pair.first:
        raise BadInput("The first group has no condition.", "Choose a column and a value.")
    for condition in conditions:
        find_column(columns, condition.column)
    one = all_hold(pair.first, frame)
    other = all_hold(pair.second, frame) if pair.second else ~one & _known(frame, pair.first)
    one_is, other_is = (describe_all(told_on(group, frame)) for group in (pair.first, pair.second))
    both = int((one & other).sum())
    if both and (not (one & ~other).any() or not (other & ~one).any()):
        raise BadInput("All rows of one group are in the other one, too.", "Choose groups that have rows of their own.")
    own = " (and not the other)" if both else ""
    names = f"{one_is}{own}", f"{other_is}{own}" if other_is else "that does not hold"
    sides = Sides(one & ~other, other & ~one, *names, tuple(condition.column for condition in conditions))
    story = tell_gap(frame, y, columns, problem, sides, seed)
    return replace(story, sentence=f"{story.sentence} Left out: {count(both, 'row')} of both groups.") if both else story


def check_no_outcome(target: str, names: Iterable[str]) -> None:
    """BadInput when the outcome is among the columns that say which rows are compared: the gap would be what was asked for."""
    if target in names:
        raise BadInput(f"{quote(target)} is the outcome and describes a group, too.", "Name another column.")


def check_pair(pair: Pair, frame: pd.DataFrame) -> None:
    """BadInput when a group that is named has no row."""
    for group in (pair.first, pair.second):
        if group and not all_hold(group, frame).any():
            raise BadInput(f"There is no row where {describe_all(group)}.", "Look how the value is written.")


def _known(frame: pd.DataFrame, conditions: tuple[Condition, ...]) -> Mask:
    return np.asarray(frame[[condition.column for condition in conditions]].notna().all(axis=1), dtype=bool)


@dataclass(frozen=True, eq=False, slots=True)
class Sides:
    """Who is in which group (n,), how the groups are called, and the columns that must not be compared on."""

    first: Mask
    second: Mask
    first_name: str
    second_name: str
    defining: tuple[str, ...]
    over_time: bool = False


def tell_gap(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, sides: Sides, seed: int = 0
) -> GapStory:
    """The story of one gap, whatever the sides are."""
    story, alike = _story(frame, y, columns, problem, sides, seed), counted_alike(problem.weights)
    return replace(story, sentence=f"{story.sentence} {alike}") if alike else story


def _story(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, sides: Sides, seed: int
) -> GapStory:
    outcome = make_outcome(y, problem)
    asked = (sides.first | sides.second) & np.isfinite(outcome.values)
    picked = _picked(asked, seed)
    drawn_from = int(asked.sum()) if len(picked) < asked.sum() else 0
    values, first = outcome.values[picked], sides.first[picked]
    rows = frame.iloc[picked].reset_index(drop=True)
    covariates, left_out = _without_separating(make_covariates(rows, columns, problem, sides.defining), first)
    hidden = (*sides.defining, *left_out)
    alike, too_few, by_rows = together(rows, values, columns, problem).codes, "", ""
    both = bool(first.any() and not first.all())
    if alike is not None and problem.group in rows and both and fewest_clusters(alike, first) < LEAST_CLUSTERS:
        if problem.group in sides.defining:  # these very ones are asked about, so their rows are what there is to compare
            by_rows, problem = problem.group, replace(problem, group="")
            alike = together(rows, values, columns, problem).codes
        else:
            too_few = problem.group
    split = None if too_few else split_gap(TwoGroups(values, first, covariates, outcome.is_rate, alike, seed))
    if split is None:
        unknown = _unknown(values, first, sides, left_out, outcome)
        return told(replace(unknown, drawn_from=drawn_from, too_few=too_few, by_rows=by_rows), outcome)
    shown = usable(columns, problem, hidden)
    levels = make_levels(rows, values, shown)
    parts = column_parts(levels, mix_parts(levels, values, first), alike) if levels.conditions else ()
    half = first_half(len(rows), alike, np.random.default_rng(seed))
    found = find_drivers(Evidence(rows, values, first, split.scores, levels, alike, half), shown)
    found, parts = drivers_told(found, frame), parts_told(parts, frame)
    kept = parts[:MOST_PARTS]
    composed = sum(part.part.value for part in kept)  # what is not kept is left over, too
    return told(
        GapStory(
            sides.first_name, sides.second_name, int(first.sum()), int((~first).sum()),
            float(values[first].mean()), float(values[~first].mean()), split.gap, split.composition, split.behaviour,
            split.composition.value - composed, kept, with_words(found, outcome, sides.over_time), found.looked_at,
            found.tested, split.support, left_out, confirmed_parts(split.gap, split.composition, split.behaviour),
            outcome.label, outcome.unit, outcome.is_rate, sides.over_time, drawn_from=drawn_from,
            by_rows=by_rows,
        ),
        outcome,
    )


def _picked(mask: Mask, seed: int) -> NDArray[np.int64]:
    picked = np.flatnonzero(mask)
    if len(picked) > MOST_ROWS:
        picked = np.sort(np.random.default_rng(seed).choice(picked, MOST_ROWS, replace=False))
    return picked


def _without_separating(covariates: Covariates, first: Mask) -> tuple[Covariates, tuple[str, ...]]:
    """The covariates without what tells the groups apart by itself, and the columns that are left out as a whole. Of a date that
    is one whose days do: where its hour alone does, as of a shift by night, the days still tell a trend."""
    places = _separating(covariates, first)
    left_out = tuple(name for name in covariates.columns if covariates.names.index(name) in places)  # days come first
    kept = [place for place, name in enumerate(covariates.names) if place not in places and name not in left_out]
    return covariates.at(kept), left_out


def _separating(covariates: Covariates, first: Mask) -> set[int]:
    """The places whose values alone tell the groups apart."""
    from sklearn.metrics import roc_auc_score

    found: set[int] = set()
    if not first.any() or first.all():
        return found
    for place in range(len(covariates.names)):
        values = covariates.matrix[:, place]
        ranks = values if place in covariates.categorical else _ranks(values)
        codes = np.where(np.isnan(ranks), -1, ranks).astype(np.int64) + 1
        counts = np.bincount(codes)
        rate = np.bincount(codes, weights=first) / np.maximum(counts, 1)
        if roc_auc_score(first, rate[codes]) >= SEPARATES:
            found.add(place)
    return found


def _ranks(values: Floats) -> Floats:
    """Twenty bins of equal size."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), math.nan)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, 21)[1:-1]))
    return np.where(np.isnan(values), math.nan, np.searchsorted(edges, values, side="right").astype(np.float64))


def _unknown(values: Floats, first: Mask, sides: Sides, left_out: tuple[str, ...], outcome: Outcome) -> GapStory:
    nothing = Amount(math.nan, math.nan, math.nan, math.nan)
    means = [float(part.mean()) if len(part) else math.nan for part in (values[first], values[~first])]
    return GapStory(
        sides.first_name, sides.second_name, int(first.sum()), int((~first).sum()), means[0], means[1], nothing, nothing, nothing,
        math.nan, (), (), 0, 0, math.nan, left_out, (), outcome.label, outcome.unit, outcome.is_rate, sides.over_time,
    )
