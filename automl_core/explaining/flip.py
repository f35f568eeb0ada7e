"""The cheapest flip: the smallest change of one or two columns of a row that turns the model's decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Row
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining.changes import Flip
from automl_core.explaining.single import row_frame, value_text
from automl_core.explaining.swap import Rows, as_numbers, coded, feature_places, from_numbers, is_date, is_number, open_rows
from automl_core.explaining.words import number, percent, quote
from automl_core.search.model import Model

Floats = NDArray[np.float64]
PLACES = 15
LEVELS = 12
MOST_LEVERS = 8
MOST_STEPS = 5  # as for one row on the act page
LEVEL_COST = 0.5  # another level costs as much as moving a number by half of all rows
SECOND = 0.1  # changing a second column costs this on top


@dataclass(frozen=True, slots=True, eq=False)
class _Options:
    """One column's other values: features (k, q) to put in, texts, and what each change costs (quantiles moved)."""

    name: str
    features: Floats
    texts: tuple[str, ...]
    costs: Floats


@dataclass(frozen=True, slots=True)
class Allowed:
    """One column that may be changed: to these levels only (empty: any common one), within [`low`, `high`] (NaN: what was
    seen), and only "up" or "down" when `direction` says so. With a `step` (a share of the number when `relative`) by one to five
    of them, the way of its sign unless `direction` says another. A row at another value than `from_values` (empty: any) keeps it,
    and no move of `forbidden` (from, to) is made."""

    column: str
    to: tuple[str, ...] = ()
    low: float = math.nan
    high: float = math.nan
    direction: str = ""
    from_values: tuple[str, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    step: float = math.nan
    relative: bool = False


def cheapest_flip(
    model: Model, row: Row, past: pd.DataFrame, levers: tuple[Allowed, ...], goal: float = math.nan, label: str = ""
) -> Flip | None:
    """The cheapest change of one or two levers after which the decision is another; None when there is none among those tried.

    For two classes the decision turns at the model's threshold; for several when the class `label` stops or starts to be called;
    for numbers when the prediction reaches `goal`. `past` are typed, cleaned rows: numbers move on a grid of their
    quantiles (1 % to 99 %), levels to the 12 most common. A number's change costs the share of past rows it passes, another level
    half a table. BadInput when a lever is not used by the model, or a number has no goal.
    """
    for lever in levers:
        if lever.column not in model.sources:
            raise BadInput(f"The model does not use {quote(lever.column)}.", "Choose levers that it uses.")
    if model.problem.task == "regression" and not math.isfinite(goal):
        raise BadInput("A number has no two sides.", "Say which number is to be reached.")
    rows = open_rows(model, row_frame(model, row, past), label)
    options = [found for found in (_options(rows, past, lever) for lever in levers[:MOST_LEVERS]) if found is not None]
    before = float(rows.predict(rows.matrix)[0])
    side = _side(rows, rows.matrix, goal)
    upward = bool(before < goal) if model.problem.task == "regression" else True
    singles: list[_Pick] = [((place,), (k,)) for place, option in enumerate(options) for k in range(len(option.texts))]
    tried = len(singles)
    best = _best(rows, options, singles, (side[0], goal, upward))
    pairs: list[_Pick] = []
    for a, b in combinations(range(len(options)), 2):
        together = options[a].costs[:, None] + options[b].costs[None, :] + SECOND
        limit = best[0] if best else math.inf
        pairs += [((a, b), (int(i), int(j))) for i, j in np.argwhere(together < limit)]
    tried += len(pairs)
    better = _best(rows, options, pairs, (side[0], goal, upward))
    chosen = better if better and (best is None or better[0] < best[0]) else best
    if chosen is None:
        return None
    cost, places, picks, after = chosen
    changes = tuple((options[place].name, value_text(row.get(options[place].name)), options[place].texts[pick])
                    for place, pick in zip(places, picks, strict=True))
    return Flip(changes, before, after, cost, tried, _sentence(rows, changes, before, after))


_Pick = tuple[tuple[int, ...], tuple[int, ...]]
_Best = tuple[float, tuple[int, ...], tuple[int, ...], float]


def _best(rows: Rows, options: list[_Options], picks: Sequence[_Pick], aim: tuple[bool, float, bool]) -> _Best | None:
    """The cheapest of these changes that turns the decision."""
    if not picks:
        return None
    matrix = np.repeat(rows.matrix, len(picks), axis=0)
    where = [feature_places(rows.model, option.name) for option in options]
    costs = np.zeros(len(picks))
    for number_of, (places, chosen) in enumerate(picks):
        for place, pick in zip(places, chosen, strict=True):
            matrix[number_of, where[place]] = options[place].features[pick]
            costs[number_of] += float(options[place].costs[pick])
        costs[number_of] += SECOND * (len(places) - 1)
    said = rows.predict(matrix)
    side, goal, upward = aim
    if rows.model.problem.task == "regression":
        turned = said >= goal if upward else said <= goal
    else:
        turned = _side(rows, matrix, goal) != side
    if not turned.any():
        return None
    place = int(np.where(turned, costs, np.inf).argmin())
    return float(costs[place]), picks[place][0], picks[place][1], float(said[place])


def _side(rows: Rows, matrix: Floats, goal: float) -> NDArray[np.bool_]:
    """(m,) on which side of the decision predictions are."""
    problem = rows.model.problem
    if problem.task == "regression":
        return rows.predict(matrix) >= goal
    found = rows.model.predict_matrix(matrix)
    if found.ndim == 2:
        return np.asarray(rows.model.called(found) == rows.place)
    return np.asarray(found >= rows.model.threshold)


def _turning(rows: Rows) -> float:
    """The share of the class that is told at which a yes-or-no answer turns."""
    threshold = rows.model.threshold
    return threshold if rows.model.problem.classes[rows.place] == rows.model.problem.positive else 1 - threshold


def _options(rows: Rows, past: pd.DataFrame, lever: Allowed) -> _Options | None:
    series, now = past[lever.column], rows.frame[lever.column]
    value = now.iloc[0]
    if lever.from_values and not any(_names(text, value) for text in lever.from_values):
        return None
    if is_number(series) or is_date(series):
        known = np.sort(as_numbers(series)[np.isfinite(as_numbers(series))])
        here = float(as_numbers(now)[0])
        if not len(known) or not math.isfinite(here):
            return None
        places = _places(lever, known, here)
        low, high = (known[0] if math.isnan(lever.low) else lever.low), (known[-1] if math.isnan(lever.high) else lever.high)
        keep = (places >= low) & (places <= high) & (places != here)
        keep &= (places > here) if lever.direction == "up" else (places < here) if lever.direction == "down" else True
        keep &= np.array([not _forbidden(lever, value, to) for to in from_numbers(series, places)], dtype=bool)
        places = places[keep]
        if not len(places):
            return None
        costs = np.abs(np.searchsorted(known, places) - np.searchsorted(known, here)) / len(known)
        values = from_numbers(series, places)
        return _Options(lever.column, coded(rows, lever.column, values), tuple(value_text(v) for v in values), costs + 0.01)
    levels = [str(v) for v in series.value_counts().index[:LEVELS]] if not lever.to else list(lever.to)
    levels = [level for level in levels if level != str(value) and not _forbidden(lever, value, level)]
    if not levels:
        return None
    return _Options(lever.column, coded(rows, lever.column, pd.Series(levels)), tuple(levels), np.full(len(levels), LEVEL_COST))


def _places(lever: Allowed, known: Floats, here: float) -> Floats:
    """The numbers that a lever may lead to from `here`: its steps (a share of the number when relative), its values, or quantiles
    of the past rows. None where it names values and no number."""
    if math.isfinite(lever.step):
        size = abs(lever.step * here) if lever.relative else abs(lever.step)
        side = math.copysign(1.0, lever.step * here if lever.relative else lever.step)
        side = {"up": 1.0, "down": -1.0}.get(lever.direction, side)
        return np.array([float(f"{here + side * size * count:.12g}") for count in range(1, MOST_STEPS + 1)])
    if lever.to:
        return np.array([float(text) for text in dict.fromkeys(map(str, lever.to)) if _is_float(text)])
    return np.unique(np.quantile(known, np.linspace(0.01, 0.99, PLACES), method="inverted_cdf"))


def _forbidden(lever: Allowed, now: object, to: object) -> bool:
    return any(_names(a, now) and _names(b, to) for a, b in lever.forbidden)


def _names(text: str, value: object) -> bool:
    """Whether a lever's text means this value: numbers are compared as numbers."""
    if isinstance(value, (int, float, np.number)):
        return _is_float(text) and float(text) == float(value)
    return text == value_text(value)


def _is_float(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _sentence(rows: Rows, changes: tuple[tuple[str, str, str], ...], before: float, after: float) -> str:
    what = join_words([f"{quote(name)} were {quote(then)} instead of {quote(now)}" for name, now, then in changes])
    if rows.model.problem.task == "regression":
        return f"The model would say {number(after)} instead of {number(before)} if {what}."
    where = ""
    if rows.model.problem.task == "binary":
        where = f" (it turns at {percent(_turning(rows))})"
    return f"The model would turn, from {percent(before / 100)} to {percent(after / 100)}{where}, if {what}."
