"""A caller's table opened for the public doors: typed, with what its outcome, its roles and its levers make of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Lever
from automl_core.acting.asked import Roles, means_none, orders_of, roles_of, spelled_levers
from automl_core.acting.goal import check_good, good_of
from automl_core.acting.like_ids import with_given
from automl_core.acting.mappings import of_kind
from automl_core.acting.own_names import Names, names_of, typed
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column, Table, find_column
from automl_core.errors import BadInput
from automl_core.explaining.classes import counting
from automl_core.explaining.words import quote
from automl_core.framing import check_target, encode_target, problem_for, suggest_problem
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """The typed `frame` (n, columns) and its `columns`, the outcomes `y` (n,) as codes or numbers (NaN: none), what is asked of
    them, the wanted outcome as the problem spells it (empty: none was named), the roles, and the levers as the columns spell
    their values: all under the names of a typed table, or as `own` under the caller's."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    y: Floats
    problem: Problem
    good: str
    roles: Roles
    names: Names
    levers: tuple[Lever, ...] = ()

    @property
    def known(self) -> Opened:
        """The rows that have an outcome."""
        keep = np.isfinite(self.y)
        return replace(self, frame=self.frame[keep].reset_index(drop=True), y=self.y[keep])

    @property
    def own(self) -> Opened:
        """The same under the caller's own names, for doors without levers. The problem and the columns say what is measured
        later and what names a row: there is no goal that does."""
        own = dict(zip(self.names.clean, self.names.own, strict=True))
        given, never, later = (tuple(own[name] for name in some)
                               for some in (self.roles.given, self.roles.never, self.roles.later))
        roles = Roles(given, never, later, own.get(self.roles.group, ""), "", own.get(self.roles.id, ""))
        columns = tuple(replace(column, name=own[column.name], original_name="",
                                role="id" if column.name == self.roles.id else column.role)
                        for column in self.columns)
        problem = replace(self.problem, target=own[self.problem.target], group=roles.group, never=never, later=later,
                          roles={own[name]: role for name, role in self.problem.roles.items()})
        frame = self.frame.set_axis(list(self.names.own), axis=1)
        return replace(self, frame=frame, columns=columns, problem=problem, roles=roles)

    @property
    def counting(self) -> Problem:
        """The problem in which one class is counted: of several the wanted one, if there is any, of two the positive one, as on
        cards."""
        return counting(self.problem, self.y, self.good)

    def column(self, label: object) -> str:
        """The caller's own name of a column that the caller names; BadInput when there is none."""
        return self.names.own[self.names.clean.index(self.names.clean_of(label))]


def opened(
    frame: pd.DataFrame, outcome: Hashable, good: object = None, roles: Roles | Mapping[str, Any] | None = None,
    levers: tuple[Lever, ...] = (), card: ActionCard | None = None,
) -> Opened:
    """The table as doors need it; where a `card` speaks of its columns, they are read as the card needs them.

    `levers` are those of `levers_of`. Without any, an experiment among the roles is left to the doors that have some. BadInput
    as `find_actions` says.
    """
    roles = of_kind(roles, Roles, "roles")
    names = names_of(frame)
    place = names.place(outcome)
    if place < 0:
        raise BadInput(f"There is no column {quote(outcome)} in this table.", "Name the column that says how it turned out.")
    target = names.clean[place]
    used = roles_of(roles if levers else replace(roles, experiment=""), target, levers, names)
    table = table_from_frame(frame.reset_index(drop=True), "frame")  # after the names: typing many rows takes seconds
    table = table if card is None else _read_for(card, frame, table, names)
    table = _with_words(levers, frame, table, names)
    made = spelled_levers(levers, table, orders_of(frame, names))
    problem = problem_of(table, target, good, used)
    wanted = "" if good is None else good_of(good, problem)
    if good is not None:
        check_good(wanted, problem)
    encoded, keep = encode_target(table.frame[target], problem)
    y = np.full(len(table.frame), np.nan)
    y[keep] = encoded
    return Opened(table.frame, table.columns, y, problem, wanted, used, names, made)


def _with_words(levers: tuple[Lever, ...], frame: pd.DataFrame, table: Table, names: Names) -> Table:
    """The table, in which a column of numbers is text where a lever names a word of it, such as none, that would be no value."""
    worded = {lever.column for lever in levers
              for value in (*lever.to, *lever.from_values, *(one for pair in lever.forbidden for one in pair))
              if means_none(value, find_column(table.columns, lever.column)) and _has(frame, names, lever.column, value)}
    if not worded:
        return table
    some = frame.iloc[:, [names.clean.index(name) for name in worded]].reset_index(drop=True).set_axis(list(worded), axis=1)
    read = table_from_frame(some, "frame", kinds=dict.fromkeys(worded, "text"))
    columns = {column.name: column for column in read.columns}
    return replace(table, frame=table.frame.assign(**{name: read.frame[name] for name in worded}),
                   columns=tuple(columns.get(column.name, column) for column in table.columns))


def _has(frame: pd.DataFrame, names: Names, column: str, value: object) -> bool:
    return bool((frame.iloc[:, names.clean.index(column)] == value).any())


def problem_of(table: Table, outcome: str, good: object, roles: Roles) -> Problem:
    """What the outcome of a typed table is: a number where low or high is wanted, else what its values suggest; with roles.
    What is `given` is no id because it looks like one."""
    number = pd.api.types.is_numeric_dtype(table.frame[outcome].dtype)
    if number and isinstance(good, str) and good.strip().casefold() in ("low", "high"):
        problem = problem_for(table.frame[outcome], outcome, "regression")
        check_target(table.frame, problem)
    else:
        problem = suggest_problem(table.frame, table.columns, outcome)
    problem = replace(problem, group=roles.group, never=roles.never, roles={roles.id: "id"} if roles.id else {})
    return with_given(problem, table.columns, roles.given, table.frame)


def _read_for(card: ActionCard, frame: pd.DataFrame, whole: Table, names: Names) -> Table:
    """The whole table, in which the columns that a card names are read as it needs them."""
    needed, clean = typed(frame, (card,)), dict(zip(names.own, names.clean, strict=True))
    read = {clean[column.name]: replace(column, name=clean[column.name]) for column in needed.columns}
    columns = tuple(read.get(column.name, column) for column in whole.columns)
    values = needed.frame.set_axis(list(read), axis=1)
    return replace(whole, frame=whole.frame.assign(**{name: values[name] for name in read}), columns=columns)
