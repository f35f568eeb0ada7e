"""A caller's table opened for a public door: typed under the caller's own names, with what its outcome and roles make of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.asked import Roles, roles_of
from automl_core.acting.goal import check_goal, good_of
from automl_core.acting.mappings import of_kind
from automl_core.acting.own_names import Names, names_of, typed
from automl_core.data.table import Column, Table
from automl_core.errors import BadInput
from automl_core.explaining.classes import classes_by_interest
from automl_core.explaining.words import quote
from automl_core.framing import encode_target, suggest_problem
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """The typed `frame` (n, columns) and its `columns` under the caller's own names, the outcomes `y` (n,) as codes or numbers
    (NaN: none), what is asked of them, the wanted outcome as the problem spells it (empty: none was named), and the roles."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    y: Floats
    problem: Problem
    good: str
    roles: Roles
    names: Names

    @property
    def known(self) -> Opened:
        """The rows that have an outcome."""
        keep = np.isfinite(self.y)
        return replace(self, frame=self.frame[keep].reset_index(drop=True), y=self.y[keep])

    @property
    def counting(self) -> Problem:
        """The problem in which one of several classes is counted: the wanted one, or that which is spoken of unasked. Of two
        classes it is the positive one, as on cards."""
        if self.problem.task != "multiclass":
            return self.problem
        return replace(self.problem, positive=self.good or classes_by_interest(self.problem, self.y)[0])

    def column(self, label: object) -> str:
        """The name here of a column that the caller names; BadInput when there is none."""
        return self.names.own[self.names.clean.index(self.names.clean_of(label))]


def opened(
    frame: pd.DataFrame, outcome: Hashable, good: object = None, roles: Roles | Mapping[str, Any] | None = None,
    card: ActionCard | None = None,
) -> Opened:
    """The table as doors need it; where a `card` speaks of its columns, they are read as the card needs them.

    An experiment among the roles is left to the doors that have levers. BadInput as `find_actions` says.
    """
    roles = of_kind(roles, Roles, "roles")
    names = names_of(frame)
    place = names.place(outcome)
    if place < 0:
        raise BadInput(f"There is no column {quote(outcome)} in this table.", "Name the column that says how it turned out.")
    target, own = names.own[place], dict(zip(names.clean, names.own, strict=True))
    used = _in_own(roles_of(replace(roles, experiment=""), names.clean[place], (), names), own)
    table = typed(frame) if card is None else _read_for(card, frame)
    columns = tuple(replace(column, role="id") if column.name == used.id else column for column in table.columns)
    problem = replace(problem_of(table, target, good, used), later=used.later)
    wanted = "" if good is None else good_of(good, problem)
    if good is not None:
        check_goal(Goal(target, wanted), problem, columns)
    encoded, keep = encode_target(table.frame[target], problem)
    y = np.full(len(table.frame), np.nan)
    y[keep] = encoded
    return Opened(table.frame, columns, y, problem, wanted, used, names)


def problem_of(table: Table, outcome: str, good: object, roles: Roles) -> Problem:
    """What the outcome of a typed table is: a number where low or high is wanted, else what its values suggest; with roles."""
    from automl_core.framing.suggestion import check_target, problem_for

    number = pd.api.types.is_numeric_dtype(table.frame[outcome].dtype)
    if number and isinstance(good, str) and good.strip().casefold() in ("low", "high"):
        problem = problem_for(table.frame[outcome], outcome, "regression")
        check_target(table.frame, problem)
    else:
        problem = suggest_problem(table.frame, table.columns, outcome)
    return replace(problem, group=roles.group, never=roles.never, roles={roles.id: "id"} if roles.id else {})


def _in_own(roles: Roles, own: dict[str, str]) -> Roles:
    """The roles under the caller's own names."""
    given, never, later = (tuple(own[name] for name in some) for some in (roles.given, roles.never, roles.later))
    return Roles(given, never, later, own.get(roles.group, ""), "", own.get(roles.id, ""))


def _read_for(card: ActionCard, frame: pd.DataFrame) -> Table:
    """The whole table, in which the columns that a card names are read as it needs them."""
    needed, whole = typed(frame, (card,)), typed(frame)
    read = {column.name: column for column in needed.columns}
    columns = tuple(read.get(column.name, column) for column in whole.columns)
    return replace(whole, frame=whole.frame.assign(**{name: needed.frame[name] for name in read}), columns=columns)
