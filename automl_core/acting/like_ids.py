"""Columns that look like an id: compared on where somebody says that they were known before, told where nobody does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from automl_core.data.table import Column, Kind, Role
from automl_core.data.words import join_words
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

MOST_NAMED = 3
ROLE_OF: Final[dict[Kind, Role]] = {"int": "number", "float": "number", "date": "date", "bool": "category", "text": "category"}
_PLAINLY: Final = re.compile(r"(?:^|[\s_.#-])(?:id|ids|uuid|guid)$|[a-z](?:ID|Id|UUID|Uuid|GUID)$", re.ASCII)


def with_given(problem: Problem, columns: Iterable[Column], given: tuple[str, ...]) -> Problem:
    """The problem in which columns that somebody names as `given` are what they hold, not an id because they look like one. What
    the problem itself says of a column stands."""
    roles = {column.name: ROLE_OF[column.kind] for column in columns
             if column.role == "id" and column.name in given and column.name not in problem.roles}
    return replace(problem, roles={**problem.roles, **roles}) if roles else problem


def like_id_notes(columns: Iterable[Column], problem: Problem, left_out: Iterable[str]) -> tuple[str, ...]:
    """That columns of numbers and texts are not compared on because they look like an id, and what to do where they are none;
    nothing of those whose name says that they are, nor of those `left_out` for another reason."""
    hidden = {*problem.excluded, problem.group, problem.time, *left_out}
    names = [column.name for column in columns if column.role == "id" and column.name not in problem.roles
             and column.name not in hidden and not _PLAINLY.search(column.name.strip())]
    if not names:
        return ()
    more = [f"{len(names) - MOST_NAMED:,} more"] if len(names) > MOST_NAMED else []
    some = join_words([*map(quote, names[:MOST_NAMED]), *more], "and")
    look, one = ("looks like an id", "it") if len(names) == 1 else ("look like ids", "them")
    return (f"{some} {look}, so rows were not compared on {one}. What tells something of a row can be named as given.",)
