"""How sure one prediction is: how past rows with about the same prediction turned out, the nearest cases, and what is unusual."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import day_of
from automl_core.data.table import Row
from automl_core.explaining.contributions import explained_class, shown
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.explanation import Neighbour, RowContext, Sureness
from automl_core.explaining.single import encode_row, is_missing, value_text
from automl_core.explaining.swap import as_numbers, is_date, is_number
from automl_core.explaining.words import count, counted_alike, interval, number, percent, quote, told_apart
from automl_core.framing.dependent import Codes, rows_worth
from automl_core.framing.shares import wilson
from automl_core.search.model import Model

Floats = NDArray[np.float64]
WIDTH = 0.05  # predicted within 5 points
LEAST_LIKE = 50
NEAREST = 5
MOST_PAST = 20_000
SHOWN_COLUMNS = 6
TAILS = (0.001, 0.999)
UNSEEN = "All these rows, this one, too, are taken as predicted by models that had not seen them."


@dataclass(frozen=True, slots=True, eq=False)
class _Measure:
    """One column for distances: a number's quantile (n,), or a level's code (n,); -1 for missing. Almost all numbers lie in
    [`low`, `high`]; `gaps` says that some past rows have no value, `free` that texts are written freely. Levels and gaps are
    those of all past rows, not only of the ones that are kept; of free texts those of the ones kept."""

    name: str
    share: float
    coded: Floats
    sorted: Floats
    levels: dict[str, int]
    low: float
    high: float
    gaps: bool
    free: bool = False

    def number(self, value: Any) -> float:
        """A typed value as this column's number: days since 1970 for dates."""
        return day_of(value) if isinstance(value, datetime) else float(value)


@dataclass(frozen=True, slots=True, eq=False)
class PastCases:
    """Past rows with what a model that had not seen them said (`oof`, between 0 and 1 or numbers) and how they turned out.

    `positions` are their places in the cleaned table, `outcomes` (n,) are 1 or 0 for the explained class, or numbers. `label` is
    that class, "" for the one that is explained unasked. `every` are the places of all past rows with what was said of each, also
    of those that are not kept; `together` (n,) are codes of rows that go together (None: each stands alone).
    """

    model: Model
    frame: pd.DataFrame
    oof: Floats
    outcomes: Floats
    positions: NDArray[np.int64]
    measures: tuple[_Measure, ...]
    label: str = ""
    every: tuple[NDArray[np.int64], Floats] | None = None
    together: Codes | None = None

    def unseen(self, position: int) -> float:
        """What a model that had not seen the past row at a position said of it; NaN where none did."""
        places, said = self.every or (self.positions, self.oof)
        found = said[places == position]
        return float(found[0]) if len(found) else math.nan


def past_cases(
    model: Model, frame: pd.DataFrame, oof: Floats, y: Floats, positions: NDArray[np.int64], shares: dict[str, float]
) -> PastCases:
    """Past rows made ready to be compared with: typed and cleaned, aligned with out-of-fold predictions and outcomes.

    `shares` are importances by column: they weigh the columns in "like this one". Above 20,000 rows a sample is kept.
    """
    place = explained_class(model)
    whole, frame, every = frame, frame.reset_index(drop=True), (positions, shown(model, oof, place))
    together = together_of(frame, model.cleaned, model.problem)
    if len(whole) > MOST_PAST:
        kept = np.sort(np.random.default_rng(0).choice(len(whole), MOST_PAST, replace=False))
        frame, oof, y, positions = frame.iloc[kept].reset_index(drop=True), oof[kept], y[kept], positions[kept]
        together = among(together, kept)
    used = [name for name in sorted(shares, key=lambda name: -shares[name]) if name in frame and shares[name] > 0]
    free = {column.name for column in model.cleaned if model.problem.roles.get(column.name, column.role) == "text"}
    measures = tuple(_measure((frame[name], whole[name]), shares[name], name in free, model.encoder.has_levels(name))
                     for name in used)
    return PastCases(model, frame, shown(model, oof, place), _came(model, y, place), positions, measures, every=every,
                     together=together)


def of_class(cases: PastCases, oof: Floats, y: Floats, positions: NDArray[np.int64], label: str) -> PastCases:
    """The same past rows with what was said and came of another class; the arrays are those that `past_cases` was given."""
    kept, place = np.isin(positions, cases.positions), explained_class(cases.model, label)
    return replace(cases, oof=shown(cases.model, oof[kept], place), outcomes=_came(cases.model, y[kept], place), label=label,
                   every=(positions, shown(cases.model, oof, place)))


def _came(model: Model, y: Floats, place: int) -> Floats:
    """(n,) 1 where the class at that place came true and 0 elsewhere; numbers as they are."""
    if model.problem.task == "regression":
        return y.astype(np.float64)
    if model.problem.task == "binary":
        yes = y.astype(np.float64)
        return yes if not model.problem.positive or model.problem.classes[place] == model.problem.positive else 1 - yes
    return np.asarray(y == place, dtype=np.float64)


def _measure(kept: tuple[pd.Series, pd.Series], share: float, free: bool, leveled: bool) -> _Measure:
    """The rows that are kept measured, beside what the whole column holds; numbers that the model takes as levels are levels."""
    series, whole = kept
    name, gaps = str(series.name), bool(whole.isna().any())
    if (is_number(series) and not leveled) or is_date(series):
        numbers = as_numbers(series)
        ordered = np.sort(numbers[np.isfinite(numbers)])
        low, high = (float(end) for end in np.quantile(ordered, TAILS)) if len(ordered) else (-math.inf, math.inf)
        return _Measure(name, share, _quantile(numbers, ordered), ordered, {}, low, high, gaps)
    if is_number(series) and not pd.api.types.is_bool_dtype(series.dtype):
        series, whole = (one.astype("float64") for one in kept)
    codes, levels = pd.factorize(series.astype("str").where(series.notna()))
    places = {str(level): place for place, level in enumerate(levels)}
    for level in () if free else whole.dropna().unique():
        places.setdefault(str(level), len(places))
    return _Measure(name, share, codes.astype(np.float64), np.zeros(0), places, math.nan, math.nan, gaps, free)


def _level(value: object) -> str:
    """A typed value as the level it is of: whole numbers and others are written alike."""
    return str(float(value)) if isinstance(value, (int, float, np.number)) and not isinstance(value, bool) else str(value)


def _quantile(values: Floats, ordered: Floats) -> Floats:
    if not len(ordered):
        return np.full(len(values), -1.0)
    middle = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (2 * len(ordered))
    return np.where(np.isfinite(values), middle, -1.0)


def row_context(cases: PastCases, row: Row, skip: int = -1) -> RowContext:
    """What stands around the prediction of one typed, cleaned row; `skip` is its own position, never its own neighbour.

    Past rows were predicted by models that had not seen them: so is this one, where it is one of them. The model that has
    learned from it would be surer of it than it ever is of a new row.
    """
    model, columns = cases.model, tuple(measure.name for measure in cases.measures[:SHOWN_COLUMNS])
    place, prediction = explained_class(model, cases.label), cases.unseen(skip)
    own = math.isfinite(prediction)
    if not own:
        prediction = float(shown(model, model.predict_matrix(encode_row(model, row)[None, :]), place)[0])
    sure = sureness(cases, prediction, skip)
    if own and sure is not None:
        sure = replace(sure, sentence=f"{sure.sentence} {UNSEEN}")
    return RowContext(sure, columns, _nearest(cases, row, columns, skip), row_flags(cases, row))


def sureness(cases: PastCases, prediction: float, skip: int = -1) -> Sureness | None:
    """How past rows predicted within 5 points of this turned out, closer for rare and almost sure ones (the nearest 50 where
    there are fewer); for numbers the interval that holds nine of ten outcomes. The row at the position `skip` is left out. None
    without past rows."""
    known = np.flatnonzero(np.isfinite(cases.oof) & np.isfinite(cases.outcomes))
    if skip >= 0:
        known = known[cases.positions[known] != skip]
    if not len(known):
        return None
    said, outcomes = cases.oof[known], cases.outcomes[known]
    distance = np.abs(said - prediction)
    regression = cases.model.problem.task == "regression"
    # within 5 points of 1 % lie nearly all rows of a rare outcome: they would say nothing about this one
    near = distance <= min(WIDTH, prediction / 2, (1 - prediction) / 2) if not regression else np.zeros(len(said), dtype=bool)
    if near.sum() < LEAST_LIKE:
        near = distance <= np.partition(distance, min(LEAST_LIKE, len(distance)) - 1)[min(LEAST_LIKE, len(distance)) - 1]
    rows, ends = int(near.sum()), (float(said[near].min()), float(said[near].max()))
    target, alike = cases.model.problem.target, counted_alike(cases.model.problem.weights)
    if regression:
        bands = cases.model.bands
        low, high = bands.around_one(prediction) if bands else tuple(np.quantile(outcomes[near], [0.05, 0.95]))
        mean = float(outcomes[near].mean())
        nearest = f"The {f'{rows:,} past rows' if rows > 1 else 'past row'} predicted nearest to it had"
        sentence = f"{band_words(prediction, float(low), float(high))} {nearest} {number(mean)} on average."
        return Sureness(rows, *ends, mean, float(low), float(high), f"{sentence} {alike}".rstrip())
    rate = float(outcomes[near].mean())
    worth = rows_worth(outcomes[near], among(cases.together, known[near]))
    low, high = wilson(rate, worth)
    label = cases.model.problem.classes[explained_class(cases.model, cases.label)]
    first, last = told_apart(*ends)
    near_by = first if first == last else interval(first, last)
    sentence = (f"Predicted {percent(prediction)}. Of {count(rows, 'past row')} predicted {near_by}, "
                f"{percent(rate)} had {quote(target)} = {quote(label)} (95 % range {interval(*told_apart(low, high))}).")
    if round(worth) < rows:
        sentence += f" Rows that go together tell less: these count as about {count(round(worth))}."
    if alike:
        sentence += f" {alike}"  # so they cannot contradict a prediction that goes by the weights
    elif not low <= float(said[near].mean()) <= high:
        sentence += " That is off what was predicted for them: trust the past rows more."
    return Sureness(rows, 100 * ends[0], 100 * ends[1], 100 * rate, 100 * low, 100 * high, sentence)


def band_words(prediction: float, low: float, high: float) -> str:
    """How far off a predicted number is likely to be."""
    return f"Predicted {number(prediction)}; nine of ten such rows lie between {number(low)} and {number(high)}."


def _nearest(cases: PastCases, row: Row, columns: tuple[str, ...], skip: int) -> tuple[Neighbour, ...]:
    """The five past rows most like this one: Gower's distance (1971) over quantiles and levels, columns weighed by importance."""
    total = sum(measure.share for measure in cases.measures)
    if not total or not len(cases.frame):
        return ()
    distance = np.zeros(len(cases.frame))
    for measure in cases.measures:
        value = row.get(measure.name)
        if is_missing(value):
            apart = (measure.coded >= 0).astype(np.float64)
        elif len(measure.sorted):
            here = float(_quantile(np.array([measure.number(value)]), measure.sorted)[0])
            apart = np.where(measure.coded < 0, 1.0, np.abs(measure.coded - here))
        else:
            apart = (measure.coded != measure.levels.get(_level(value), -2)).astype(np.float64)
        distance += measure.share / total * apart
    distance[cases.positions == skip] = np.inf
    order = np.argsort(distance, kind="stable")[:NEAREST]
    problem = cases.model.problem
    found = []
    for place in order.tolist():
        if not math.isfinite(distance[place]):
            continue
        outcome = cases.outcomes[place]
        if problem.task == "regression":
            word = number(float(outcome))
        else:
            label = problem.classes[explained_class(cases.model, cases.label)]
            word = label if outcome == 1 else _other(problem.classes, label)
        scale = 1.0 if problem.task == "regression" else 100.0
        values = tuple(value_text(cases.frame[name].iat[place]) for name in columns)
        said, alike = scale * float(cases.oof[place]), 1 - float(distance[place])
        found.append(Neighbour(int(cases.positions[place]), alike, said, word, values))
    return tuple(found)


def _other(classes: tuple[str, ...], label: str) -> str:
    return next(name for name in classes if name != label) if len(classes) == 2 else f"not {label}"


def row_flags(cases: PastCases, row: Row) -> tuple[str, ...]:
    """Sentences about values that the past rows hardly have: beyond 99.8 % of the numbers, levels never seen, sudden gaps."""
    flags = []
    for measure in cases.measures:
        value, name = row.get(measure.name), quote(measure.name)
        if is_missing(value):
            if not measure.gaps:
                flags.append(f"{name} is missing here and in no past row.")
        elif len(measure.sorted):
            here = measure.number(value)
            if not measure.low <= here <= measure.high:
                side = "above" if here > measure.high else "below"
                flags.append(f"{name} = {value_text(value)} lies {side} almost all past rows.")
        elif measure.levels and not measure.free and _level(value) not in measure.levels:
            flags.append(f"{name} = {quote(value_text(value))} was in no past row.")
    return tuple(flags)
