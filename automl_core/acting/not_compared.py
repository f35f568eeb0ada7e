"""Why nothing could be compared on a lever, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from automl_core.acting.action import Lever
from automl_core.acting.moves import LEAST_ROWS, category_moves, is_numeric
from automl_core.acting.spelling import texts
from automl_core.explaining.groups import CUT, association
from automl_core.explaining.words import count, quote
from automl_core.framing.dependent import LEAST_WORTH, codes_of, effective


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
        if not category_moves(lever, values):
            return f"What the goal says of {name} leaves no move: allow more in From and To, or forbid less."
        alone = _of_one_group(texts(values), frame[group]) if group in frame else ""
        if alone:
            return (f"Hardly more than one group of rows by {quote(group)} has {name} = {quote(alone)}: the change cannot be "
                    "told from the groups. Try that value in more of them and load what came of it.")
    names = (lever.column, *(one for one in given if one != lever.column))
    known = association(frame, names)[0, 1:]
    if len(known) and known.max() >= CUT:
        other = quote(names[1 + int(known.argmax())])
        return (f"Rows that differ in {name} are never alike otherwise: {other} goes along with it. If {other} follows from "
                f"{name}, name it as measured only after the change, and look again.")
    return f"Hardly any rows that differ in {name} are alike otherwise, so there is nothing to compare."


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
