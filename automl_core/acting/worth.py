"""What a good outcome of each row is worth: one amount for all rows, or what a column of the table says of each."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.errors import BadInput
from automl_core.explaining.words import count, money, quote

Floats = NDArray[np.float64]
HINT = "Name another column of amounts in the goal, or give one worth for all rows."


def row_values(frame: pd.DataFrame, goal: Goal) -> Floats:
    """(n,) what a good outcome of each row is worth. A row whose value is missing cannot be priced by itself: it counts with the
    median of the others (of the whole table, where the goal was `valued` by it), and `missing_words` says so. BadInput when a
    value is below zero or infinite, or no row has one."""
    if not goal.value_column:
        return np.full(len(frame), goal.value)
    given = _given(frame, goal)
    filled: Floats = np.where(np.isnan(given), _middle(given, goal), given) if len(given) else given
    return filled


def valued(goal: Goal, frame: pd.DataFrame) -> Goal:
    """The goal with the mean of its column as its one value, for what speaks of all rows and not of single ones, and with what
    rows without a value count with: a row has one worth, whichever rows are looked at with it. `frame` is the whole table. As it
    is without a column, or where it has a value already. Weights of rows have no say in it: sums over rows must
    be those of the column."""
    if not goal.value_column or frame.empty or (goal.value > 0 and goal.value_middle is not None):
        return goal
    middle, mean = _middle(_given(frame, goal), goal), float(row_values(frame, goal).mean())
    return replace(goal, value=goal.value or mean, value_middle=middle)


def worth_words(goal: Goal) -> tuple[str, ...]:
    """Says by what each row is priced."""
    return (f"What one is worth is said by {quote(goal.value_column)}, row by row.",) if goal.value_column else ()


def missing_words(frame: pd.DataFrame, goal: Goal) -> str:
    """Says of how many rows the worth is not known, and what they count with; empty where there is none."""
    given = _given(frame, goal) if goal.value_column else np.empty(0)
    missing = int(np.isnan(given).sum())
    if not missing:
        return ""
    middle = money(_middle(given, goal), goal.currency)
    return (f" {count(missing, 'row has', 'rows have')} no value in {quote(goal.value_column)} and cannot be priced by "
            f"{'itself: it counts' if missing == 1 else 'themselves: they count'} with the median of the others, {middle}.")


def mean_words(goal: Goal, compared: bool) -> tuple[str, ...]:
    """Says how the column makes the money of groups, by whether rows are `compared` on it, and what a lever on that column leaves
    out."""
    if not goal.value_column:
        return ()
    name = quote(goal.value_column)
    if compared:
        return (f"Money of a card counts each row’s own change with its own {name}. The list takes one save rate for all and the "
                f"plan the mean effect of the card, each with the row’s own {name}: of the same rows they may say more or less.",)
    moved = (f"A change of {name} moves what a row is worth, too: money counts what {name} was before the change, so it is too "
             "high where the change lowers it, and too low where it raises it.",)
    return (f"Money of a card counts each outcome with the mean of {name} over the rows of the card, for rows are not compared "
            "on it: it is too high where those worth little are helped most. The list and the plan go by each row’s own.",
            *(moved if goal.value_column in {lever.column for lever in goal.levers} else ()))


def _middle(given: Floats, goal: Goal) -> float:
    """What a row without a value counts with."""
    return float(np.nanmedian(given)) if goal.value_middle is None else goal.value_middle


def _given(frame: pd.DataFrame, goal: Goal) -> Floats:
    """(n,) what the column says; NaN where it says nothing."""
    name = goal.value_column
    if name not in frame:
        raise BadInput(f"There is no column {quote(name)}, by which the goal says what a row is worth.", HINT)
    given: Floats = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    wrong = int((given < 0).sum() + np.isinf(given).sum())
    if wrong:
        raise BadInput(f"{count(wrong, 'row has', 'rows have')} a value in {quote(name)} that is below zero or infinite, and "
                       "acting cannot be priced by that.", HINT)
    if len(given) and np.isnan(given).all() and goal.value_middle is None:
        raise BadInput(f"No row has a value in {quote(name)}, by which the goal says what a row is worth.", HINT)
    return given
