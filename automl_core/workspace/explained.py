"""A run's model explained by class: what the search kept, and what was made when somebody asked for another class.

What is kept of the class that was explained first stands under the run's own id, where earlier versions kept the only one; that
of every other class under the id and the class.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl_core import explaining
from automl_core.explaining.classes import no_such_class
from automl_core.explaining.explanation import Explanation, said_once
from automl_core.framing.problem import Problem
from automl_core.search.model import Model
from automl_core.workspace.context import Context, fingerprint
from automl_core.workspace.saved_goal import goal_about
from automl_core.workspace.views import Run

MADE_SECONDS = 5.0


def first_of(context: Context, run: Run) -> Explanation | None:
    """The explanation that the search made first; None while there is none."""
    record = context.store.latest(run.project_id, "explanation", parent_id=run.id)
    return said_once(context.noun(Explanation, record)) if record else None


def place_of(context: Context, run: Run, label: str) -> str:
    """Under what the explanation and the evidence of a class ("": the one explained first) are kept."""
    first = first_of(context, run) if label else None
    return run.id if not label or (first is not None and first.label == label) else run.id + fingerprint(label)


def explanation_of(context: Context, run: Run, label: str = "") -> Explanation | None:
    """The model explained for a class ("": the one explained first); None while that was not done."""
    return _for_class(context, run, label, first_of(context, run))


def _for_class(context: Context, run: Run, label: str, first: Explanation | None) -> Explanation | None:
    """The same where what was explained `first` is read already."""
    if first is None or label in ("", first.label):
        return first
    record = context.store.latest(run.project_id, "explanation", parent_id=run.id + fingerprint(label))
    return said_once(context.noun(Explanation, record)) if record else None


def unasked(context: Context, run: Run, problem: Problem) -> Explanation | None:
    """The explanation that is shown unasked, of a run that predicts that: of several classes that of the good one of the saved
    goal of acting where the model was explained for it, else the first; None while nothing was explained."""
    first = first_of(context, run)
    if first is None or problem.task != "multiclass":
        return first
    goal = goal_about(context, run.project_id, problem)
    return first if goal is None else _for_class(context, run, goal.good, first) or first


def class_of(context: Context, run: Run, problem: Problem) -> str:
    """The class of several that is spoken of unasked; "" while nothing was explained, and where there is nothing to choose: two
    classes are spoken of by the positive one."""
    found = unasked(context, run, problem) if problem.task == "multiclass" else None
    return found.label if found else ""


def keep_explanations(context: Context, run: Run, explanations: tuple[Explanation, ...]) -> None:
    """Keep a new run's explanations; that of the class explained first is the last to be kept."""
    first, *others = explanations
    for one in others:
        context.save("explanation", run.project_id, one, parent_id=run.id + fingerprint(one.label))
    context.save("explanation", run.project_id, first, parent_id=run.id)


def made_for(context: Context, run: Run, label: str, model: Model, past: explaining.Past) -> Explanation:
    """The model explained for a class now, and for others that it was not explained for yet as far as there is time; kept.

    BadInput when it has no such class.
    """
    if label not in model.problem.classes:
        raise no_such_class(model.problem, label)
    y: np.ndarray = past.y
    asked = explaining.every_class(model, y, past.seed, MADE_SECONDS)
    missing = [name for name in asked.labels if name != label and explanation_of(context, run, name) is None]
    made = explaining.explain_classes(model, past.frame, y, replace(asked, labels=(label, *missing)))
    for one in made:
        context.save("explanation", run.project_id, one, parent_id=place_of(context, run, one.label))
    return made[0]
