"""Columns that somebody names as known before a lever is moved: compared on whatever the model may see, or told where they are
not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from automl_core.acting.action import Goal
from automl_core.acting.not_compared import MOST_NAMED
from automl_core.data.table import Column
from automl_core.data.words import few_of
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem


def compared_in(problem: Problem, goal: Goal) -> Problem:
    """The problem by which rows are compared: what the model must not see may still have decided who got the change, so it is
    compared on where the goal names it as given."""
    return replace(problem, never=tuple(name for name in problem.never if name not in _lifted(problem, goal)))


def given_notes(goal: Goal, problem: Problem, frame: pd.DataFrame) -> tuple[str, ...]:
    """What is named as known before and was compared on though the model does not see it, and what is named so and was not
    compared on: the goal names it otherwise, too, or the problem says that it is known only later."""
    here = [name for name in _lifted(problem, goal) if name in frame]
    later = [name for name in goal.given if name in problem.later and name not in _unused(goal)]
    elsewhere = [name for name in goal.given if name in _unused(goal)]
    notes = []
    if elsewhere:
        notes.append(f"The goal names {_listed(elsewhere)} as known before, and as what rows are not compared on, too: they were "
                     "not.")
    if here:
        notes.append(f"The goal names {_listed(here)} as known before: rows were compared on {_them(here)} though the model does "
                     f"not see {_them(here)}, and no group is described by {_them(here)}.")
    if later:
        notes.append(f"The goal names {_listed(later)} as known before, and the model’s own goal as measured later, so rows were "
                     f"not compared on {_them(later)}.")
    return tuple(notes)


def unknown_notes(goal: Goal, columns: Iterable[Column]) -> tuple[str, ...]:
    """What is named as known before and was in no column of the table that the model learned from: a file may have it."""
    there = {column.name for column in columns}
    gone = [name for name in goal.given if name not in there and name not in _unused(goal)]
    if not gone or not goal.levers:
        return ()
    return (f"The goal names {_listed(gone)} as known before, and the table that the model was trained on did not have "
            f"{_them(gone)}, so rows were not compared on {_them(gone)}. Train on a table that has {_them(gone)}: what is "
            "dropped there is compared on, too.",)


def _lifted(problem: Problem, goal: Goal) -> tuple[str, ...]:
    return tuple(name for name in goal.given if name in problem.never and name not in _unused(goal))


def _unused(goal: Goal) -> tuple[str, ...]:
    """What rows are not compared on by the goal itself."""
    return *goal.never, *goal.later, *goal.negative_control


def _listed(names: list[str]) -> str:
    return few_of([*map(quote, names)], MOST_NAMED)


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
