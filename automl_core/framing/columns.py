"""Which columns a model may use, and as what."""
from __future__ import annotations

from dataclasses import replace

from automl_core.data.table import Column
from automl_core.data.words import first_few
from automl_core.framing.problem import Problem

WHY_UNUSED = {"id": "looks like a row number or an id", "constant": "has one value only", "empty": "is empty"}
UNUSED_ROLES = tuple(WHY_UNUSED)
MOST_NAMED = 3


def usable_columns(columns: tuple[Column, ...], problem: Problem) -> tuple[Column, ...]:
    """The columns a model may see, with the problem's roles in place of the detected ones.

    Left out: the target, what is known later or never to be used, the group, and ids, constants and empty columns.
    """
    named = tuple(replace(column, role=problem.roles.get(column.name, column.role)) for column in columns)
    barred = {*problem.excluded, problem.group}
    return tuple(column for column in named if column.name not in barred and column.role not in UNUSED_ROLES)


def unused_words(columns: tuple[Column, ...], problem: Problem) -> str:
    """Why the columns of a table that no model can learn from are not used, three of them at most, those first that nobody left
    out; empty where there is none."""
    asked = dict.fromkeys((*problem.later, *problem.never), "is not to be used")
    asked |= {problem.group: "says which rows belong together", problem.weights: "says how much rows count"}
    others = sorted((column for column in columns if column.name != problem.target), key=lambda column: column.name in asked)
    said = []
    for column in others:
        role = problem.roles.get(column.name, column.role)
        said.append(f"“{column.name[:80]}” {asked.get(column.name) or WHY_UNUSED.get(role, 'has no value twice')}")
    return ", ".join(first_few(said, MOST_NAMED, "and "))
