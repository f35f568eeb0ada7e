"""Two periods compared: how much of a change is other rows (the mix), how much other outcomes of the same kind of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.compare_groups import Mask, Sides, tell_gap
from automl_core.acting.gap_story import GapStory
from automl_core.data.table import Column, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import plain, quote
from automl_core.framing.problem import Problem


@dataclass(frozen=True, slots=True)
class Periods:
    """A time column and where it is cut: rows from `start` to before `split` are before, from `split` to before `end` after.

    Dates are ISO 8601; a numeric column takes numbers written as text. An empty `start` or `end` sets no limit.
    """

    column: str
    split: str
    start: str = ""
    end: str = ""


def compare_periods(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, periods: Periods, seed: int = 0
) -> GapStory:
    """Compare the mean outcome after a date with the one before it: the first group is after, the second before.

    `frame` (n rows) and `y` (n) are aligned as in `compare_groups`. Dates of any column are not compared on: they tell the
    periods apart without saying anything about the rows. BadInput when the column is no date or number, or a date cannot be read.
    """
    column = find_column(columns, periods.column)
    before, after = period_masks(frame, periods)
    dates = (item.name for item in columns if item.kind == "date" or problem.roles.get(item.name, item.role) == "date")
    hidden = tuple(dict.fromkeys((column.name, *dates)))
    name = quote(column.name)
    sides = Sides(after, before, f"{name} is {plain(periods.split)} or later", f"{name} is before {plain(periods.split)}", hidden,
                  True)
    return tell_gap(frame, y, columns, problem, sides, seed)


def period_masks(frame: pd.DataFrame, periods: Periods) -> tuple[Mask, Mask]:
    """Rows before and rows after; rows without a time are in neither."""
    series = frame[periods.column]
    is_date = pd.api.types.is_datetime64_any_dtype(series.dtype)
    if not is_date and not pd.api.types.is_numeric_dtype(series.dtype):
        raise BadInput(f"{quote(periods.column)} holds neither dates nor numbers.", "Choose a column that says when.")
    split, start, end = (_moment(text, is_date) for text in (periods.split, periods.start, periods.end))
    if split is None:
        raise BadInput("No date was given to compare before and after.", "Give a date such as 2024-06-01.")
    known = series.notna().to_numpy()
    values = series.to_numpy()
    before, after = known & (values < split), known & (values >= split)
    if start is not None:
        before &= values >= start
    if end is not None:
        after &= values < end
    return np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)


def _moment(text: str, is_date: bool) -> np.datetime64 | float | None:
    if not text.strip():
        return None
    try:
        return pd.Timestamp(text).to_datetime64() if is_date else float(text)
    except ValueError:
        what, example = ("date", "2024-06-01") if is_date else ("number", "12")
        raise BadInput(f"{quote(text)} is not a {what}.", f"Write it like {example}.") from None
