"""Columns that look like an id: compared on where somebody says that they were known before, told where nobody does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pandas as pd

from automl_core.acting.not_compared import MOST_NAMED
from automl_core.data.table import Column, Kind, Role
from automl_core.data.words import few_of
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

NEARLY_ALL = 0.95  # of the values are different in a column that is read as an id; so no number with a fraction, no date
ROLE_OF: Final[dict[Kind, Role]] = {"int": "number", "float": "number", "date": "date", "bool": "category", "text": "category"}
_PLAINLY: Final = re.compile(r"(?:^|[\s_.#-])(?:id|ids|uuid|guid)$|[a-z](?:ID|Id|UUID|Uuid|GUID)$", re.ASCII)


def with_given(problem: Problem, columns: Iterable[Column], given: tuple[str, ...], frame: pd.DataFrame) -> Problem:
    """The problem in which columns that somebody names as `given` are what they hold, not an id because they look like one. What
    the problem itself says of a column stands, and so does the use as an id of one whose values in the `frame` do not look it:
    that was set by hand."""
    roles = {column.name: ROLE_OF[column.kind] for column in columns
             if column.role == "id" and column.name in given and column.name not in problem.roles and _looks_it(column, frame)}
    return replace(problem, roles={**problem.roles, **roles}) if roles else problem


def _looks_it(column: Column, frame: pd.DataFrame) -> bool:
    """Whether a column may have been read as an id, and nobody need have said so."""
    if column.kind not in ("int", "text") or column.name not in frame:
        return False
    values = frame[column.name].dropna()
    return bool(values.nunique() > NEARLY_ALL * len(values))


def like_id_notes(
    columns: Iterable[Column], problem: Problem, left_out: Iterable[str], frame: pd.DataFrame
) -> tuple[str, ...]:
    """That columns of numbers and texts are not compared on because they look like an id, and what to do where they are none;
    nothing of those whose name says that they are, or whose values do not look it, nor of those `left_out` for another reason."""
    hidden = {*problem.excluded, problem.group, problem.time, *left_out}
    names = [column.name for column in columns if column.role == "id" and column.name not in problem.roles
             and column.name not in hidden and not _PLAINLY.search(column.name.strip()) and _looks_it(column, frame)]
    if not names:
        return ()
    look, one, use = ("looks like an id", "it", "it tells") if len(names) == 1 else ("look like ids", "them", "they tell")
    named = few_of([*map(quote, names)], MOST_NAMED)
    return (f"{named} {look}, so rows were not compared on {one}. If {use} something of a row, "
            f"choose another use for {one} on the Data page, or name {one} as “given” in a goal file or in code.",)
