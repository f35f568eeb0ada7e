"""A goal keeps the classes of the day it was saved; its target may have others by now, after cleaning or in a new file."""
from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl_core.data.table import Column, find_column
from automl_core.data.words import few_of
from automl_core.framing.metrics import get_metric
from automl_core.framing.problem import Problem, Renewed
from automl_core.framing.suggestion import as_task, find_classes, labels_of, possible_tasks

MOST_NAMED = 5


def renew_classes(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Renewed:
    """The same goal with the classes that its target has in `frame`; all else stays where it can.

    Unchanged where the task is no longer one for the target, as yes or no of three values: `check_target` says so, and what to
    ask instead is for the user to say.
    """
    if problem.task == "regression":
        return Renewed(problem)
    different = pd.Series(frame[problem.target].dropna().unique())  # pages ask at every click, and counting many rows takes long
    if set(labels_of(different)) == set(problem.classes):
        return Renewed(problem)
    labels, suggested = find_classes(frame[problem.target])
    possible = possible_tasks(find_column(columns, problem.target), len(frame))
    said = _changed(problem, labels)
    if problem.task == "binary" and "binary" in possible:
        if problem.positive in labels:
            return Renewed(replace(problem, classes=labels), said)
        said = f"{said} Now the case you look for is “{suggested[:80]}”."
        return Renewed(replace(problem, classes=labels, positive=suggested), said)
    if problem.task == "multiclass" and "binary" in possible:
        found = as_task(frame[problem.target], problem, "binary")
        metric = problem.metric if "binary" in get_metric(problem.metric).tasks else found.metric
        return Renewed(replace(found, metric=metric), f"{said} As two values are left, it is predicted as yes or no.")
    if problem.task != "multiclass" or "multiclass" not in possible:
        return Renewed(problem)
    if not problem.ordered:
        return Renewed(replace(problem, classes=labels), said)
    steps = tuple(label for label in problem.classes if label in labels)
    if len(steps) == len(labels):
        return Renewed(replace(problem, classes=steps), said)
    return Renewed(replace(problem, classes=labels, ordered=False), f"{said} Give each new value its place on the scale.", steps)


def _changed(problem: Problem, labels: tuple[str, ...]) -> str:
    new = [label for label in labels if label not in problem.classes]
    gone = [label for label in problem.classes if label not in labels]
    told = [f"{_named(names)} {'is' if len(names) == 1 else 'are'} {word}" for names, word in ((new, "new"), (gone, "gone"))
            if names]
    return f"“{problem.target[:80]}” has other values than when the goal was saved: {'; '.join(told)}."


def _named(labels: list[str]) -> str:
    return few_of([f"“{label[:40]}”" for label in labels], MOST_NAMED)
