"""What a goal file asks of a bundle and of a file of rows: what cannot be is refused before rows are cleaned or scored."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd

from automl_core import acting
from automl_core.acting import Goal
from automl_core.data.names import printable
from automl_core.data.schema import header_of, label_places
from automl_core.data.table import find_column
from automl_core.data.values import is_null_token, to_text
from automl_core.data.words import few_of
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.production import Bundle
from automl_core.search.model import Model

MOST_NAMED = 3  # outcomes in a refusal


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
        raise no_outcomes(model, raw)
    given = acting.compared_given(goal, model.problem, model.cleaned)
    for name in (*(lever.column for lever in goal.levers), goal.value_column, *goal.negative_control, *given):
        if name in absent:
            raise BadInput(f"The file has no column {quote(name)}, and the goal needs it.",
                           "Give rows with it, or leave it out of the goal.")


def no_outcomes(model: Model, raw: pd.DataFrame) -> BadInput:
    """What is wrong with rows of a file that tell the model nothing of how they turned out: what stands there instead, the most
    common first, or that nothing does."""
    problem, places = model.problem, label_places(raw)
    column = find_column(model.columns, problem.target)
    place = places.get(column.name, places.get(header_of(column)))
    cells = [] if place is None else [(to_text(cell) or "").strip() for cell in raw.iloc[:, place].tolist()]
    there = [quote(text) for text, _ in Counter(text for text in cells if text and not is_null_token(text)).most_common()]
    if not there:
        return BadInput(f"The file has no outcomes in {quote(problem.target)}.", "Cards need rows whose outcome is known.")
    known, such = "predicts a number", "numbers"
    if problem.task != "regression":
        known, such = f"knows {few_of([*map(quote, problem.classes)], MOST_NAMED)} alone", "the model knows them"
    return BadInput(f"In this file {quote(problem.target)} is {few_of(there, MOST_NAMED, 'or')}, and the model {known}.",
                    f"Write outcomes as {such}, or train a model on rows that ended so.")
