"""Which columns a model may use, and as what."""
from __future__ import annotations

from dataclasses import replace

from automl_core.data.table import Column
from automl_core.framing.problem import Problem

UNUSED_ROLES = ("id", "constant", "empty")


def usable_columns(columns: tuple[Column, ...], problem: Problem) -> tuple[Column, ...]:
    """The columns a model may see, with the problem's roles in place of the detected ones.

    Left out: the target, what is known later or never to be used, the group, and ids, constants and empty columns.
    """
    named = tuple(replace(column, role=problem.roles.get(column.name, column.role)) for column in columns)
    barred = {*problem.excluded, problem.group}
    return tuple(column for column in named if column.name not in barred and column.role not in UNUSED_ROLES)
