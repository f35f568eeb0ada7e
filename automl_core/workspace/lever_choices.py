"""What the goal form offers: the columns that may be levers, and what column names suggest."""
from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from automl_core import acting
from automl_core.acting.action import Lever
from automl_core.acting.levers import spelled_alike
from automl_core.acting.spelling import texts
from automl_core.data.table import Column
from automl_core.framing.problem import Problem

MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class LeverChoice:
    """A column that could be a lever: its most common values (with their rows) `of` so many, or its range when it holds many
    numbers."""

    column: str
    number: bool
    values: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    of: int = 0


@dataclass(frozen=True, slots=True)
class LeverChoices:
    """What the goal form offers. Names in `suggested`, `later` and `given` are what column names suggest: nothing is set. Columns
    that are `empty` or `constant` are not offered: no row shows what a change of them does. `amounts` are columns of numbers,
    which may say what a row is worth, also those that the model does not see."""

    columns: tuple[LeverChoice, ...]
    suggested: tuple[str, ...]
    later: tuple[str, ...]
    given: tuple[str, ...]
    empty: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


def lever_choices(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> LeverChoices:
    """The choices for a typed and cleaned frame with these columns."""
    usable = tuple(c for c in columns if c.role in ("number", "category") and c.name not in problem.excluded)
    empty, constant = (tuple(c.name for c in columns if c.role == role and c.name not in problem.never)
                       for role in ("empty", "constant"))
    return LeverChoices(tuple(_choice(frame[column.name], column) for column in usable), acting.suggest_levers(problem, usable),
                        acting.suggest_later(problem, usable), acting.suggest_goal(problem, columns).given, empty, constant,
                        tuple(c.name for c in columns if c.role == "number" and c.name != problem.target),
                        tuple(c.name for c in columns if c.role in ("date", "text", "id") and c.name not in problem.excluded))


def spelled_as(lever: Lever, choice: LeverChoice) -> Lever:
    """The lever with its values spelled as those of the choice."""
    return spelled_alike(lever, not math.isnan(choice.low))


def _choice(series: pd.Series, column: Column) -> LeverChoice:
    every = texts(series).dropna().value_counts()
    counts = every.head(MOST_VALUES)
    number = column.kind in ("int", "float") and series.nunique() > 8
    low, high = (float(series.min()), float(series.max())) if column.kind in ("int", "float") else (float("nan"), float("nan"))
    return LeverChoice(column.name, number, tuple(map(str, counts.index)), tuple(map(int, counts)), low, high, len(every))
