"""Why nothing could be compared on a lever, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from automl_core.acting.action import Lever
from automl_core.acting.covariates import Covariates, thin_levels
from automl_core.acting.levers import spelled_alike
from automl_core.acting.moves import (
    LEAST_ROWS,
    MOST_VALUES,
    Move,
    category_moves,
    common_values,
    ends_of,
    is_numeric,
    movable,
    steps_of,
)
from automl_core.acting.shift import LEAST_KNOWN, RANGE
from automl_core.acting.spelling import holds_numbers, spelled, texts
from automl_core.data.table import Column
from automl_core.data.words import few_of
from automl_core.explaining.groups import CUT, association
from automl_core.explaining.steps import kept_within, stepped
from automl_core.explaining.words import count, percent, quote
from automl_core.framing.dependent import LEAST_WORTH, codes_of, effective

MOST_NAMED = 3
RARE = 0.05  # of all rows
WORDS = ("none", "nil")  # may be a value like any other: no discount, no add-on


def why_not_compared(lever: Lever, frame: pd.DataFrame, given: tuple[str, ...], group: str = "") -> str:
    """A sentence or two about a lever without a trial: no value or a single one, too few rows at a second value, no move left by
    the goal, a value that hardly more than one `group` of rows has, or a column among the `given` ones (those rows are compared
    on) that tells the lever’s values apart."""
    values, name = frame[lever.column], quote(lever.column)
    held = texts(values.dropna()).unique()
    if not len(held):
        return (f"{name} is empty in all {count(len(frame), 'row')} with a known outcome, so there is nothing to compare: load a "
                "table that holds it, or name another column.")
    if len(held) == 1:
        where = " that has a value" if values.isna().any() else ""
        return (f"{name} is {quote(held[0])} in every row{where}, so no row shows what another value does. Try another value on "
                "some rows and load what came of it, or name another column.")
    if not is_numeric(lever, values):
        if int((texts(values).dropna().value_counts() >= LEAST_ROWS).sum()) < 2:
            return (f"{name} has no two values with {LEAST_ROWS} rows or more each, so there is nothing to compare: "
                    "load more rows, or name another column.")
        few = _too_rare(spelled_alike(lever, holds_numbers(values)), values, named=True)
        if not category_moves(lever, values):
            return few or f"What the goal says of {name} leaves no move: allow more in From and To, or forbid less."
        alone = _of_one_group(texts(values), frame[group]) if group in frame else ""
        if alone:
            return (f"Hardly more than one group of rows by {quote(group)} has {name} = {quote(alone)}: the change cannot be "
                    "told from the groups. Try that value in more of them and load what came of it.")
    else:
        stuck = _no_room(lever, values)
        if stuck:
            return stuck
    names = (lever.column, *(one for one in given if one != lever.column))
    known = association(frame, names)[0, 1:]
    if len(known) and known.max() >= CUT:
        other = quote(names[1 + int(known.argmax())])
        return (f"Rows that differ in {name} are never alike otherwise: {other} goes along with it. If {other} follows from "
                f"{name}, name it as measured only after the change, and look again.")
    if not is_numeric(lever, values):
        counts = texts(values).dropna().value_counts()
        rare = counts[(counts >= LEAST_ROWS) & (counts < RARE * len(frame))]
        if len(rare):
            have, value = int(rare.iloc[0]), quote(str(rare.index[0]))
            return (f"Only {have} of {count(len(frame), 'row')} have {name} = {value}: too few of each kind of rows to compare "
                    "them with the others. Load more rows that have it.")
    return f"Hardly any rows that differ in {name} are alike otherwise, so there is nothing to compare."


def _no_room(lever: Lever, values: pd.Series) -> str:
    """Why a number cannot be compared, or moved by the lever’s step, on rows enough; empty where neither is so."""
    dose, name = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan), quote(lever.column)
    known = int(np.isfinite(dose).sum())
    if known < LEAST_KNOWN:
        return f"{name} is known in only {count(known, 'row')}, and {LEAST_KNOWN} are needed to compare: load more rows."
    low, high = np.quantile(dose[np.isfinite(dose)], RANGE)
    if low == high:
        return (f"{name} is {spelled(float(low))} in nearly all rows, so any step leads where hardly any row is: try other "
                f"values on more rows, or name a column that says only whether it is {spelled(float(low))}.")
    if math.isnan(lever.step) or lever.step == 0:
        return ""
    move = Move(lever, tuple(lever.from_values), step=lever.step, relative=lever.relative)
    able, after = movable(move, dose), stepped(dose, steps_of(move, dose))
    if int(able.sum()) < LEAST_ROWS:
        rows = count(int(able.sum()), "row")
        return f"What the goal says of {name} leaves {rows} to be moved, and {LEAST_ROWS} are needed: allow more, or load others."
    if int((able & kept_within(after, float(low), float(high))).sum()) < LEAST_ROWS:
        return f"A step of {name} as large as that leads where hardly any row is: choose a smaller one."
    return ""


def not_tried_notes(lever: Lever, values: pd.Series) -> tuple[str, ...]:
    """The values of a lever that were not tried: too few rows have them, or there was no room for so many. Of a lever that names
    no value to set these are all that rows have."""
    if is_numeric(lever, values):
        return ()
    lever = spelled_alike(lever, holds_numbers(values))
    notes = [_too_rare(lever, values)]
    if many := [quote(value) for value in ends_of(lever, common_values(values))[MOST_VALUES:]]:
        tried = f"first {MOST_VALUES}" if lever.to else f"{MOST_VALUES} most common"
        left = few_of(many, MOST_NAMED, "or")
        notes.append(f"Of the values that {quote(lever.column)} may be set to the {tried} were tried, not {left}.")
    return tuple(filter(None, notes))


def _too_rare(lever: Lever, values: pd.Series, named: bool = False) -> str:
    """Which values too few rows have to be compared, of those that are `named` alone or of all that may be set; empty: none. Of
    a lever that names no value to set, the commonest first, and equally common ones by their spelling."""
    counts = {str(value): int(rows) for value, rows in texts(values).dropna().value_counts().items()}
    known = sorted(counts, key=lambda value: (-counts[value], value))
    able = () if named or lever.to else ends_of(lever, common_values(values), known)
    asked = dict.fromkeys((*lever.to, *lever.from_values, *able))
    rare = [f"{quote(value)} ({count(counts.get(value, 0), 'row')})" for value in asked if counts.get(value, 0) < LEAST_ROWS]
    if not rare:
        return ""
    told = few_of(rare, MOST_NAMED, "or")
    return f"Fewer than {LEAST_ROWS} rows have {quote(lever.column)} = {told}, too few to be compared."


def word_notes(lever: Lever, values: pd.Series, column: Column) -> tuple[str, ...]:
    """That rows with a word such as none, in a column that was read as numbers, have no value and are in no move."""
    words = [token for token in column.reading.null_tokens if token.strip().casefold() in WORDS]
    lost = int(values.isna().sum())
    if not words or not holds_numbers(values) or lost < LEAST_ROWS:
        return ()
    return (f"{count(lost, 'row')} with {quote(words[0])} or nothing in {quote(lever.column)} have no value there, as it was "
            "read as numbers, and are in no move of it. Have it read as text if that is a value like others.",)


def thin_notes(frame: pd.DataFrame, covariates: Covariates) -> tuple[str, ...]:
    """The categories whose levels are so rare that many rows are not compared on them."""
    return tuple(f"{percent(share)} of the rows have a value of {quote(name)} that is too rare for rows to be compared on it."
                 for name, share in thin_levels(frame, covariates).items())


def number_not_drawn(column: str) -> str:
    """That a number is not read as an experiment, though it is said to be one, and how its values can be."""
    return (f"{quote(column)} is not read as an experiment: it is compared like any other number. To have it read as one, name "
            "two of its values under “To”.")


def undrawn_notes(said: Iterable[str]) -> tuple[str, ...]:
    """Why a lever is not read as the experiment that it is said to be: the first reason, and how many pairs of its values have
    one of their own."""
    first, *more = dict.fromkeys(filter(None, said)) or ("",)
    if not first:
        return ()
    other = count(len(more), "other pair", "other pairs")
    return (f"{first} Nor is it read as one between {other} of its values." if more else first,)


def _of_one_group(values: pd.Series, groups: pd.Series) -> str:
    """A value with rows enough that are worth fewer than two groups; empty when there is none."""
    codes, counts = codes_of(groups), values.value_counts()
    common = list(counts.index[counts >= LEAST_ROWS])
    return next((str(value) for value in reversed(common)
                 if effective((values == value).to_numpy(dtype=float, na_value=0.0), codes) < LEAST_WORTH), "")
