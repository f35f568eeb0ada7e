"""What a goal file asks of a bundle and of a file of rows: what cannot be is refused before rows are cleaned or scored."""
from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl_core import acting
from automl_core.acting import Goal
from automl_core.data.names import printable
from automl_core.data.schema import header_of, label_places
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.production import Bundle


def has_experiment(goal_text: str) -> bool:
    """Whether a goal.toml asks for the result of an experiment; BadInput when it cannot be read."""
    return bool(acting.read_goal(goal_text).experiment)


def goal_for(bundle: Bundle, goal: Goal) -> Goal:
    """A goal as it was read, for the bundle's model and under its names; BadInput when it does not fit that. What it names as
    known, later or never may be of the file alone (see `check_file`)."""
    problem, goal = bundle.model.problem, acting.in_columns(goal, bundle.model.columns)
    goal = replace(goal, good=acting.good_of(goal.good, problem))
    acting.check_goal(goal, problem, bundle.model.cleaned, (*goal.given, *goal.never, *goal.later))
    return goal


def check_file(goal: Goal, bundle: Bundle, raw: pd.DataFrame) -> None:
    """BadInput when a file's columns are not those that the goal speaks of: a missing one is typed as if it were empty."""
    model, places = bundle.model, label_places(raw)
    labels = tuple(map(str, raw.columns))
    named = (*(column.name for column in model.columns), *labels, *map(printable, labels))
    acting.check_goal(goal, model.problem, model.cleaned, named)
    absent = {column.name for column in model.columns if column.name not in places and header_of(column) not in places}
    if model.problem.target in absent:
        raise no_outcomes(model.problem.target)
    given = acting.compared_given(goal, model.problem, model.cleaned)
    for name in (*(lever.column for lever in goal.levers), goal.value_column, *goal.negative_control, *given):
        if name in absent:
            raise BadInput(f"The file has no column {quote(name)}, and the goal needs it.",
                           "Give rows with it, or leave it out of the goal.")


def no_outcomes(target: str) -> BadInput:
    """What is wrong with rows that say nothing of how they turned out."""
    return BadInput(f"The file has no outcomes in {quote(target)}.", "Cards need rows whose outcome is known.")
