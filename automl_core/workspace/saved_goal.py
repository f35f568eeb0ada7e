"""The saved goal of acting as it fits what a model was made from, and a new one as it is kept."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl_core import acting
from automl_core.acting.action import Goal, Lever
from automl_core.acting.goal import ROLES
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.workspace.context import Context
from automl_core.workspace.goal import Framing, Inputs


def is_about(goal: Goal, problem: Problem) -> bool:
    """Whether a goal wants something of what the problem predicts."""
    return goal.outcome == problem.target and goal.good in (problem.classes or ("low", "high"))


def goal_about(context: Context, project_id: str, problem: Problem) -> Goal | None:
    """The goal saved last that is about what the problem predicts: one that was saved for another target is not in its way."""
    newest = context.latest("goal", project_id, Goal)
    if newest is None or is_about(newest, problem):
        return newest
    older = (context.noun(Goal, record) for record in reversed(context.store.list(project_id, "goal")))
    return next((goal for goal in older if is_about(goal, problem)), None)


def fitted(framing: Framing, inputs: Inputs, goal: Goal) -> Goal | None:
    """A goal as it fits a model made from these inputs: without what its table has not and without levers that the model must not
    see; None where it wants another outcome."""
    frame, _, problem, _ = framing.open(inputs)
    if not is_about(goal, problem):
        return None
    # a goal of before may name what is in no column: a page could not save it
    there = {*(column.name for column in _stored(framing, inputs)), *problem.excluded}
    goal = replace(goal, **_apart({role: tuple(name for name in getattr(goal, role) if name in there) for role in ROLES}))
    gone = gone_of(framing, inputs, goal)
    out = {*gone, *unseen_of(problem, goal)}
    if out:
        goal = replace(goal, levers=tuple(lever for lever in goal.levers if lever.column not in out),
                       experiment="" if goal.experiment in gone else goal.experiment)
    if goal.value_column in gone:
        return replace(goal, value_column="", value=0.0, value_middle=None)
    try:
        return acting.valued(goal, frame)
    except BadInput:  # the list says so: a page must open for its goal to be mended
        return goal


def _apart(named: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Each column under one role alone, the strictest that it has: goals of before could name two."""
    taken: set[str] = set()
    for role in ("never", "later", "negative_control", "given"):
        named[role] = tuple(name for name in named[role] if name not in taken)
        taken.update(named[role])
    return named


def gone_of(framing: Framing, inputs: Inputs, goal: Goal) -> tuple[str, ...]:
    """The columns that a goal changes, measures by or counts worth by, and that the cleaned table has not."""
    there = {column.name for column in framing.open(inputs)[1]}
    named = (*(lever.column for lever in goal.levers), goal.experiment, goal.value_column)
    return tuple(dict.fromkeys(name for name in named if name and name not in there))


def unseen_of(problem: Problem, goal: Goal) -> tuple[str, ...]:
    """The columns that a goal changes and that a model must not see. The treatment of an experiment is none of them: it is
    measured without a model that sees it."""
    return tuple(lever.column for lever in goal.levers
                 if lever.column in problem.excluded and lever.column != goal.experiment)


def as_kept(framing: Framing, inputs: Inputs, goal: Goal) -> Goal:
    """A goal as it is kept, its values spelled as those of the inputs' table; BadInput when it does not fit that."""
    frame, columns, problem, _ = framing.open(inputs)
    goal = acting.as_spelled(_checked(framing, inputs, goal), columns)
    goal = replace(goal, levers=tuple(_unpriced(lever, goal, problem) for lever in goal.levers))
    if goal.value_column:
        goal = replace(goal, value=0.0, value_middle=None)  # mean and median are those of the table at hand
        acting.row_values(frame, goal)
    return goal


def _unpriced(lever: Lever, goal: Goal, problem: Problem) -> Lever:
    """A treatment that the model does not see has no field for its cost: where that is what acting costs, it stays so when that
    changes."""
    hidden = lever.column == goal.experiment and lever.column in problem.excluded
    return replace(lever, cost=0.0) if hidden and lever.cost == goal.contact_cost else lever


def goal_in_file(framing: Framing, inputs: Inputs, content: bytes) -> Goal:
    """The goal that a goal.toml says, as it would be kept; BadInput when it is not one or does not fit the inputs' table, or
    names a value of a lever that no row has."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("The goal file is not UTF-8 text.", "Save it as UTF-8.") from None
    goal = _checked(framing, inputs, acting.in_columns(acting.read_goal(text), _stored(framing, inputs)))
    frame, columns, _, _ = framing.open(inputs)
    return as_kept(framing, inputs, acting.with_known_values(goal, frame, columns))


def _checked(framing: Framing, inputs: Inputs, goal: Goal) -> Goal:
    """The goal with its wanted class as the problem spells it; BadInput when it does not fit the inputs' table. It may say what
    each column of the table is, those too that cleaning leaves out."""
    _, columns, problem, _ = framing.open(inputs)
    goal = replace(goal, good=acting.good_of(goal.good, problem))
    acting.check_goal(goal, problem, columns, tuple(column.name for column in _stored(framing, inputs)))
    return goal


def _stored(framing: Framing, inputs: Inputs) -> tuple[Column, ...]:
    """The columns of the inputs' table before it was cleaned."""
    columns: tuple[Column, ...] = framing.data.stored_of(inputs.table).columns
    return columns
