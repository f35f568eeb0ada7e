"""Conditions on rows: which rows one holds for, how it is found in a column, and how it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.spelling import holds_numbers, number_of, respelled, spelled, texts
from automl_core.data.table import Column
from automl_core.data.words import join_words
from automl_core.explaining.edges import short_between, short_edges
from automl_core.explaining.words import edge, number, quote
from automl_core.framing.problem import Problem

Mask = NDArray[np.bool_]
SMALLEST_LEVEL = 0.05
BINS = 4


def usable(columns: tuple[Column, ...], problem: Problem, never: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Columns that may describe a group: numbers and categories that the problem does not exclude."""
    left_out = {*problem.excluded, *never, problem.group}
    kept = []
    for column in columns:
        role = problem.roles.get(column.name, column.role)
        if column.name not in left_out and role in ("number", "category") and column.kind != "date":
            kept.append(column)
    return tuple(kept)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A frame whose columns are read once, however many conditions are asked of them.

    `levels` holds for a column the place (n,) of each row's text among its texts (-1 where it is missing), and these;
    `numbers` its values (n,), NaN where there is none; `few` its values, where these are but a few numbers.
    """

    frame: pd.DataFrame
    levels: dict[str, tuple[NDArray[np.int64], pd.Index]] = field(default_factory=dict)
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    few: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def levels_of(self, name: str) -> tuple[NDArray[np.int64], pd.Index]:
        """Each row's place among the texts of a column, and the texts."""
        if name not in self.levels:
            series = self.frame[name]
            if holds_numbers(series):  # a gap in a column of whole numbers makes them decimal, which nobody writes
                numbers, found = pd.factorize(series)
                same, written = pd.factorize(pd.Series([spelled(value) for value in found], dtype="str"))  # 0.1 + 0.2 is 0.3
                places = np.where(numbers < 0, -1, np.append(same, -1)[numbers])
            else:
                places, written = pd.factorize(series if series.dtype == "str" else texts(series).where(series.notna()))
            self.levels[name] = np.asarray(places, dtype=np.int64), pd.Index(written)
        return self.levels[name]

    def numbers_of(self, name: str) -> NDArray[np.float64]:
        """The values of a column."""
        if name not in self.numbers:
            found = pd.to_numeric(self.frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
            self.numbers[name] = np.asarray(found, dtype=np.float64)
        return self.numbers[name]

    def few_of(self, name: str) -> tuple[float, ...]:
        """The values of a column of numbers that has but a few; none where it has more."""
        if name not in self.few:
            found = pd.unique(self.frame[name].dropna()) if holds_numbers(self.frame[name]) else ()
            self.few[name] = tuple(map(float, found)) if len(found) <= BINS else ()
        return self.few[name]


def holds(condition: Condition, rows: pd.DataFrame | Cells) -> Mask:
    """The rows the condition holds for; never those where the value is missing."""
    cells = rows if isinstance(rows, Cells) else Cells(rows)
    if condition.values:
        places, levels = cells.levels_of(condition.column)
        numbers = holds_numbers(cells.frame[condition.column])
        written = tuple(respelled(value) for value in condition.values) if numbers else condition.values
        wanted = levels.get_indexer(pd.Index(written, dtype=levels.dtype))
        return np.asarray(np.isin(places, wanted[wanted >= 0]), dtype=bool)
    values = cells.numbers_of(condition.column)
    mask = ~np.isnan(values)
    if not math.isnan(condition.low):
        mask &= values >= condition.low
    if not math.isnan(condition.high):
        mask &= values < condition.high
    return np.asarray(mask, dtype=bool)


def all_hold(conditions: tuple[Condition, ...], rows: pd.DataFrame | Cells) -> Mask:
    """The rows that all conditions hold for."""
    cells = rows if isinstance(rows, Cells) else Cells(rows)
    mask = np.ones(len(cells.frame), dtype=bool)
    for condition in conditions:
        mask &= holds(condition, cells)
    return mask


def any_hold(parts: tuple[tuple[Condition, ...], ...], frame: pd.DataFrame) -> Mask:
    """The rows of which at least one part's conditions all hold; every row when there are no parts."""
    if not parts:
        return np.ones(len(frame), dtype=bool)
    return np.asarray(np.any([all_hold(part, frame) for part in parts], axis=0), dtype=bool)


def conditions_of(rows: pd.DataFrame | Cells, column: Column) -> tuple[Condition, ...]:
    """Single conditions worth trying on one column: its levels with 5 % of the rows or more, the most frequent first, or four
    bins of equal size."""
    cells = rows if isinstance(rows, Cells) else Cells(rows)
    series = cells.frame[column.name]
    if pd.api.types.is_numeric_dtype(series.dtype):
        if series.nunique() > BINS:
            return _bins(series.to_numpy(dtype=np.float64), column.name)
        return _few_numbers(series, column.name)
    places, levels = cells.levels_of(column.name)
    shares = np.bincount(places[places >= 0], minlength=len(levels)) / max(1, len(series))
    often = [place for place in np.argsort(-shares, kind="stable") if SMALLEST_LEVEL <= shares[place] <= 1 - SMALLEST_LEVEL]
    return tuple(Condition(column.name, (str(levels[place]),)) for place in often)


def _few_numbers(series: pd.Series, name: str) -> tuple[Condition, ...]:
    found = sorted(float(value) for value in series.dropna().unique())
    edges = [math.nan, *(short_between(a, b) for a, b in pairwise(found)), math.nan]
    return tuple(Condition(name, (), low, high) for low, high in pairwise(edges)) if len(found) > 1 else ()


def _bins(values: NDArray[np.float64], name: str) -> tuple[Condition, ...]:
    present = np.sort(values[np.isfinite(values)])
    inner = short_edges(present, np.quantile(present, [k / BINS for k in range(1, BINS)]))
    bounds = [math.nan, *inner, math.nan]
    return tuple(Condition(name, (), a, b) for a, b in pairwise(bounds)) if inner else ()


def condition_of(column: str, text: str) -> Condition:
    """A condition as a person writes it: a value, or “30..50” for from 30 to below 50; an end that is left out is no limit."""
    ends = [end.strip() for end in text.split("..")]
    low, high = map(number_of, ends) if len(ends) == 2 else (math.nan, math.nan)  # NaN: no limit on that side
    spelled_out = all(not end or not math.isnan(limit) for end, limit in zip(ends, (low, high), strict=False))
    if len(ends) != 2 or not any(ends) or not spelled_out:
        return Condition(column, (text,))
    return Condition(column, (), low, high)


def told_on(conditions: tuple[Condition, ...], rows: pd.DataFrame | Cells) -> tuple[Condition, ...]:
    """Conditions with the words that all rows allow that they are told of: of a column of few numbers “is 0” says more than “is
    below 1”, where 0 is the only one that is."""
    cells, told = rows if isinstance(rows, Cells) else Cells(rows), []
    for condition in conditions:
        inside = [] if condition.values else [value for value in cells.few_of(condition.column)
                                              if not (value < condition.low or value >= condition.high)]
        told.append(replace(condition, only=_alone(inside[0]) if len(inside) == 1 else ""))
    return tuple(told)


def _alone(value: float) -> str:
    return edge(value) if value.is_integer() else number(value, 12)


def describe(condition: Condition) -> str:
    """The condition in words: “tenure” below 12."""
    name = quote(condition.column)
    if condition.values:
        return f"{name} is {join_words([quote(value) for value in condition.values], 'or')}"
    if condition.only:
        return f"{name} is {condition.only}"
    low, high = edge(condition.low), edge(condition.high)
    if math.isnan(condition.low):
        return f"{name} is below {high}"
    if math.isnan(condition.high):
        return f"{name} is {low} or more"
    return f"{name} is from {low} to below {high}"


def describe_all(conditions: tuple[Condition, ...]) -> str:
    """All conditions in words."""
    return join_words([describe(condition) for condition in conditions])
