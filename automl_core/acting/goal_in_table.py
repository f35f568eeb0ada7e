"""A goal in the words of one table: a file or a program may name columns as their file does, and values in another spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from automl_core.acting.action import Goal, Lever
from automl_core.acting.asked import spelled_levers
from automl_core.data.table import Column, Origin, Table, meant_column
from automl_core.errors import BadInput


def in_columns(goal: Goal, columns: tuple[Column, ...]) -> Goal:
    """The goal with the table's own names for the columns that it names as their file does, or as pandas makes of that; `columns`
    are all of the table, before it was cleaned. A name that means none of them stays as it is: what is wrong with it is told by
    `check_goal`."""

    def own(name: str) -> str:
        try:
            return meant_column(columns, name).name if name else ""
        except BadInput:
            return name

    levers, experiment = tuple(replace(lever, column=own(lever.column)) for lever in goal.levers), own(goal.experiment)
    added = goal.levers[-1:] == (Lever(goal.experiment, cost=goal.contact_cost),)
    if added and sum(lever.column == experiment for lever in levers) > 1:  # by `read_goal`, which saw another spelling of it
        levers = levers[:-1]
    given, later, never, control = (tuple(map(own, role)) for role in (goal.given, goal.later, goal.never, goal.negative_control))
    return replace(goal, outcome=own(goal.outcome), levers=levers, experiment=experiment, value_column=own(goal.value_column),
                   given=given, later=later, never=never, negative_control=control)


def with_known_values(
    goal: Goal, frame: pd.DataFrame, columns: tuple[Column, ...], elsewhere: Mapping[str, tuple[str, ...]] | None = None
) -> Goal:
    """A checked goal whose levers spell their values as the rows of a typed and cleaned table do. BadInput naming a value in
    “to”, “from” or “forbidden” that no row has, as the doors refuse it (see `spelled_levers`)."""
    return replace(goal, levers=spelled_levers(goal.levers, Table(frame, columns, Origin("")), {}, elsewhere))
