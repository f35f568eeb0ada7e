"""The smallest flip: the least change of one or two columns of a row that turns the model's decision; the cheapest one where it
is known what each change costs. Values that similar rows have go first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Row
from automl_core.data.values import parse_date
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining.changes import Flip
from automl_core.explaining.similar import level_seen, nearest_rows, number_seen
from automl_core.explaining.single import row_frame, value_text
from automl_core.explaining.steps import kept_within, neat, steps_from
from automl_core.explaining.swap import Rows, as_numbers, coded, feature_places, from_numbers, is_date, is_number, open_rows
from automl_core.explaining.turning import Aim, Options, changes_of, least, side_of
from automl_core.explaining.words import number, percent, quote, told_apart
from automl_core.framing.metrics import predicted_codes
from automl_core.search.model import Model

Floats = NDArray[np.float64]
PLACES = 15
LEVELS = 12
MOST_LEVERS = 8
LEVEL_SIZE = 0.5  # another level is as large a change as moving a number by half of all rows
SAME = 1e-9  # numbers no further apart than this are one
UNKNOWN = " No past row like this one is known with {}, so the model can only guess there."


@dataclass(frozen=True, slots=True)
class Allowed:
    """One column that may be changed: to these levels only (empty: any common one), within [`low`, `high`] (NaN: no
    end), and only "up" or "down" when `direction` says so. With a `step` (a share of the number when `relative`) by as
    many of them as ways for one row go (`steps_from`), the way of its sign unless `direction` says another. A row at another
    value than `from_values` (empty: any) keeps it, and no move of `forbidden` (from, to) is made. A change costs `cost` of money
    (NaN: not known), a number so much a step; with a `unit_cost` it costs that for each unit that the number goes, and `cost`
    once."""

    column: str
    to: tuple[str, ...] = ()
    low: float = math.nan
    high: float = math.nan
    direction: str = ""
    from_values: tuple[str, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    step: float = math.nan
    relative: bool = False
    cost: float = math.nan
    unit_cost: float = 0.0


def smallest_flip(
    model: Model, row: Row, past: pd.DataFrame, levers: tuple[Allowed, ...], goal: float = math.nan, label: str = ""
) -> Flip | None:
    """The smallest change of one or two levers after which the decision is another; the cheapest one where all levers name what
    they cost, and one does. None when there is none among those tried.

    For two classes the decision turns at the model's threshold; for several when the class `label` stops or starts to be
    what the row is called; for numbers when the prediction reaches `goal`, or falls below where it is that number. `past` are
    typed, cleaned rows: numbers move on a grid of their quantiles (1 % to 99 %), levels to the 12 most common. A number's change
    is as large as the share of past rows it passes, another level as half a table. Values that the past rows most like this one
    have are tried first; where none of them turns the decision, all are, and it is said. BadInput when a lever is not used by the
    model, or a number has no goal.
    """
    for lever in levers:
        if lever.column not in model.sources:
            raise BadInput(f"The model does not use {quote(lever.column)}.", "Choose levers that it uses.")
    if model.problem.task == "regression" and not math.isfinite(goal):
        raise BadInput("A number has no two sides.", "Say which number is to be reached.")
    levers = levers[:MOST_LEVERS]
    rows = open_rows(model, row_frame(model, row, past), label)
    priced = all(math.isfinite(lever.cost) for lever in levers) and any(lever.cost + lever.unit_cost > 0 for lever in levers)
    near = nearest_rows(model, row, {lever.column for lever in levers}, past)
    every = [found for found in (_options(rows, (past, near), lever, priced) for lever in levers) if found is not None]
    before = float(rows.predict(rows.matrix)[0])
    if math.isclose(before, goal, rel_tol=SAME, abs_tol=SAME):
        goal -= 2 * SAME * max(1.0, abs(goal))  # it is reached: what turns it is less
    upward = bool(before < goal) if model.problem.task == "regression" else True
    aim, asked = Aim(bool(side_of(rows, model.predict_matrix(rows.matrix), goal)[0]), goal, upward), changes_of(rows, every)
    chosen, tried = least(rows, asked, every, aim, seen=True)
    if chosen is None and not all(option.seen.all() for option in every):
        chosen, more = least(rows, asked, every, aim, seen=False)
        tried += more
    if chosen is None:
        return None
    places, picks = chosen.places, chosen.picks
    changes = tuple((every[place].name, value_text(row.get(every[place].name)), every[place].texts[pick])
                    for place, pick in zip(places, picks, strict=True))
    new = [f"{quote(every[place].name)} = {quote(every[place].texts[pick])}"
           for place, pick in zip(places, picks, strict=True) if not every[place].seen[pick]]
    said = _sentence(rows, changes, (before, chosen.after), _answers(rows, every, places, picks))
    return Flip(changes, before, chosen.after, chosen.size, tried, said + (UNKNOWN.format(join_words(new, "or")) if new else ""),
                chosen.money if priced else math.nan, not new)


def _turning(rows: Rows) -> float:
    """The share of the class that is told at which a yes-or-no answer turns."""
    threshold = rows.model.threshold
    return threshold if rows.model.problem.classes[rows.place] == rows.model.problem.positive else 1 - threshold


def _options(rows: Rows, tables: tuple[pd.DataFrame, pd.DataFrame], lever: Allowed, priced: bool) -> Options | None:
    """What a lever may change in the row, by all past rows and by those most like it; None when nothing."""
    (past, near), name = tables, lever.column
    series, now = past[name], rows.frame[name]
    value, price = now.iloc[0], lever.cost if priced else 0.0
    if lever.from_values and not any(_names(text, value) for text in lever.from_values):
        return None
    if not (is_number(series) or is_date(series)):
        levels = [str(v) for v in series.value_counts().index[:LEVELS]] if not lever.to else list(lever.to)
        levels = [level for level in levels if level != str(value) and not _forbidden(lever, value, level)]
        if not levels:
            return None
        counts = near[name].astype("str").value_counts()
        shown = np.array([level_seen(int(counts.get(level, 0)), len(near)) for level in levels], dtype=bool)
        sizes = np.full(len(levels), LEVEL_SIZE)
        return Options(name, coded(rows, name, pd.Series(levels)), tuple(levels), sizes, np.full(len(levels), price), shown)
    known = np.sort(as_numbers(series)[np.isfinite(as_numbers(series))])
    here = float(as_numbers(now)[0])
    if not len(known) or not math.isfinite(here):
        return None
    around = as_numbers(near[name])
    places = _kept(_places(lever, known, around, series, here), lever, here, (series, value))
    if not len(places):
        return None
    sizes = np.abs(np.searchsorted(known, places) - np.searchsorted(known, here)) / len(known) + 0.01
    steps = np.ones(len(places))
    if math.isfinite(lever.step):
        steps = np.round(np.abs(places - here) / abs(lever.step * here if lever.relative else lever.step))
    far = np.round(np.abs(places - here), 9).astype(np.float64)  # 45.27 less 15 is no 30.270000000000003
    costs = price + lever.unit_cost * far if priced and lever.unit_cost else price * steps
    values = from_numbers(series, places)
    shown = np.array([number_seen(around, float(place)) for place in places], dtype=bool)
    return Options(name, coded(rows, name, values), tuple(value_text(v) for v in values), sizes, costs, shown)


def _kept(places: Floats, lever: Allowed, here: float, given: tuple[pd.Series, object]) -> Floats:
    """Those numbers that the lever may lead to, the nearest first: within its range, its way, and not forbidden."""
    series, value = given
    keep = kept_within(neat(places), lever.low, lever.high) & (places != here)
    keep &= (places > here) if lever.direction == "up" else (places < here) if lever.direction == "down" else True
    keep &= np.array([not _forbidden(lever, value, to) for to in from_numbers(series, places)], dtype=bool)
    kept: Floats = places[keep]
    return kept[np.argsort(np.abs(kept - here), kind="stable")]


def _places(lever: Allowed, known: Floats, near: Floats, series: pd.Series, here: float) -> Floats:
    """The numbers that a lever may lead to from `here`: its steps, as far as similar rows are `near`, its values, or quantiles of
    the past rows, which are `known`. None where it names values and no number, or no date."""
    if math.isfinite(lever.step):
        return steps_from(lever, here, near)
    if lever.to:
        named = [_day(text) if is_date(series) else float(text) if _is_float(text) else math.nan for text in map(str, lever.to)]
        return np.array([place for place in dict.fromkeys(named) if math.isfinite(place)])
    return np.unique(np.quantile(known, np.linspace(0.01, 0.99, PLACES), method="inverted_cdf"))


def _forbidden(lever: Allowed, now: object, to: object) -> bool:
    return any(_names(a, now) and _names(b, to) for a, b in lever.forbidden)


def _names(text: str, value: object) -> bool:
    """Whether a lever's text means this value: numbers are compared as numbers, dates as dates."""
    if isinstance(value, (int, float, np.number)):
        return _is_float(text) and float(text) == float(value)
    if isinstance(value, datetime) and math.isfinite(_day(text)):
        return _day(text) == _day(value.isoformat())
    return text == value_text(value)


def _day(text: str) -> float:
    """The days since 1970 of a date as it is written in goals (2026-01-31); NaN for another text."""
    moment = parse_date(text, ("",))
    return math.nan if moment is None else float(as_numbers(pd.Series([moment], dtype="datetime64[us]"))[0])


def _is_float(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _answers(rows: Rows, options: list[Options], places: tuple[int, ...], picks: tuple[int, ...]) -> tuple[str, ...]:
    """The classes that the row is called before and after the change; none for numbers."""
    problem = rows.model.problem
    if problem.task == "regression":
        return ()
    moved = rows.matrix.copy()
    for place, pick in zip(places, picks, strict=True):
        moved[:, feature_places(rows.model, options[place].name)] = options[place].features[pick]
    codes = predicted_codes(rows.model.predict_matrix(np.vstack([rows.matrix, moved])), rows.model.cut)
    if problem.task == "multiclass":
        return tuple(problem.classes[code] for code in codes.tolist())
    other = next((name for name in problem.classes if name != problem.positive), "")
    return tuple(problem.positive if code else other for code in codes.tolist())


def _sentence(
    rows: Rows, changes: tuple[tuple[str, str, str], ...], figures: tuple[float, float], answers: tuple[str, ...]
) -> str:
    what = join_words([f"{quote(name)} were {quote(then)} instead of {quote(now)}" for name, now, then in changes])
    problem, (before, after) = rows.model.problem, figures
    if not answers:
        digits = next((digits for digits in (3, 4, 5) if number(before, digits) != number(after, digits)), 6)
        return f"The model would say {number(after, digits)} instead of {number(before, digits)} if {what}."
    first, last = told_apart(before / 100, after / 100)
    where = ""
    if problem.task == "binary":
        turning = _turning(rows)
        first, last = (told_apart(value / 100, turning)[0] if text == percent(turning) else text
                       for value, text in ((before, first), (after, last)))  # “from 30 %” would not say on which side of it
        where = f" (it turns at {percent(turning)})"
    now, then = answers
    return (f"The model would say {quote(problem.target)} = {quote(then)} instead of {quote(now)} if {what}: "
            f"{quote(problem.classes[rows.place])} would go from {first} to {last}{where}.")
