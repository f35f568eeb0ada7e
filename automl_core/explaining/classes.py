"""Which of several classes a model is explained for, unless somebody asks for another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

OVERWHELMING = 0.75  # share of rows: why a row is of such a class is mostly why it is of none of the others


def no_such_class(problem: Problem, label: str, instead: str = "Choose one of its classes.") -> BadInput:
    """What is said of a class that the target has not."""
    return BadInput(f"{quote(problem.target)} has no class {quote(label)}.", instead)


def classes_by_interest(problem: Problem, y: NDArray[np.generic]) -> tuple[str, ...]:
    """The classes in the order in which they are explained; `y` are codes into them, or NaN where unknown.

    First the one that the problem calls positive, or else the commonest, unless three of four rows are of it: that one, as good
    health among diseases, comes last. The others follow by their rows. Two classes are spoken of by the positive one alone; ("",)
    for numbers.
    """
    if problem.task == "regression":
        return ("",)
    if problem.task == "binary":
        return (problem.positive if problem.positive in problem.classes else problem.classes[0],)
    values = np.asarray(y, dtype=np.float64)
    return by_rows(problem, np.bincount(values[np.isfinite(values)].astype(np.int64), minlength=len(problem.classes)))


def counting(problem: Problem, y: NDArray[np.generic], label: str = "") -> Problem:
    """The problem in which one of several classes is counted: `label`, or that which is spoken of unasked. Of two classes the
    positive one is."""
    if problem.task != "multiclass":
        return problem
    return replace(problem, positive=label or classes_by_interest(problem, y)[0])


def by_rows(problem: Problem, counts: NDArray[np.int64] | NDArray[np.float64]) -> tuple[str, ...]:
    """The same order of several classes by how many rows, or what share of them, each has."""
    order = np.argsort(-counts, kind="stable").tolist()
    if counts[order[0]] > OVERWHELMING * max(float(counts.sum()), 1.0):
        order = [*order[1:], order[0]]
    names = [problem.classes[place] for place in order]
    return tuple(sorted(names, key=lambda name: name != problem.positive))
