"""Columns that somebody names as known before a lever is moved: compared on whatever the model may see, or told where they are
not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from automl_core.acting.action import Goal
from automl_core.acting.covariates import compared_columns
from automl_core.acting.not_compared import MOST_NAMED
from automl_core.data.table import Column
from automl_core.data.words import few_of
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem


def compared_in(problem: Problem, goal: Goal) -> Problem:
    """The problem by which rows are compared: what the model must not see may still have decided who got the change, so it is
    compared on where the goal names it as given."""
    return replace(problem, never=tuple(name for name in problem.never if name not in _lifted(problem, goal)))


def compared_given(goal: Goal, problem: Problem, columns: Iterable[Column]) -> tuple[str, ...]:
    """Of what is named as known before the `columns` that rows are compared on: none where there is no lever to compare."""
    if all(lever.column in problem.excluded for lever in goal.levers):
        return ()
    compared = {column.name for column in compared_columns(columns, compared_in(problem, goal), _unused(goal))}
    return tuple(name for name in goal.given if name in compared)


def given_notes(goal: Goal, problem: Problem, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Of the `columns` what is named as known before and was compared on though the model does not see it; and what is named so
    and was not compared on, with the reason. Of a column of one value nothing is said: it makes no difference."""
    kinds = {column.name: problem.roles.get(column.name, column.role) for column in columns}
    compared, unused = compared_given(goal, problem, columns), _unused(goal)
    here = [name for name in compared if name in problem.never]
    elsewhere = [name for name in goal.given if name in unused]
    others = [name for name in goal.given if name not in compared and name not in unused]
    later = [name for name in others if name in problem.later]
    gone = [name for name in others if name not in kinds and name not in later]
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
    if gone:
        notes.append(f"The goal names {_listed(gone)} as known before, and the table that the model was trained on did not have "
                     f"{_them(gone)}, or cleaning drops {_them(gone)}, so rows were not compared on {_them(gone)}. Train on a "
                     f"table that keeps {_them(gone)}: what is only left out of the model is compared on, too.")
    why = {name: _reason(name, problem, kinds[name]) for name in others if name not in later and name not in gone}
    told = [f"{quote(name)} ({reason})" for name, reason in why.items() if reason]
    if told:
        named = "it" if len(told) == 1 else "them"
        notes.append(f"Rows were not compared on {few_of(told, MOST_NAMED)}, though the goal names {named} as known before.")
    return tuple(notes)


def _reason(name: str, problem: Problem, role: str) -> str:
    """Why rows are not compared on a column; empty where it has one value."""
    if name in (problem.target, problem.weights, problem.group):
        return {problem.target: "the outcome", problem.weights: "how much a row counts"}.get(name, "which rows belong together")
    return {"text": "free text", "id": "which row it is"}.get(role, "")


def _lifted(problem: Problem, goal: Goal) -> tuple[str, ...]:
    return tuple(name for name in goal.given if name in problem.never and name not in _unused(goal))


def _unused(goal: Goal) -> tuple[str, ...]:
    """What rows are not compared on by the goal itself."""
    return *goal.never, *goal.later, *goal.negative_control


def _listed(names: list[str]) -> str:
    return few_of([*map(quote, names)], MOST_NAMED)


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
