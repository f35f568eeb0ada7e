"""Which model families can learn a problem, and what is said of chosen ones that cannot."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.search.families import families, learners
from automl_core.search.family import Family

MEDIAN = 0.5


def unsuited(problem: Problem, family: Family, shape: tuple[int, int] = (0, 0)) -> str:
    """Why the family cannot learn this problem from a matrix of this shape (0: not known yet), as what its title is followed by;
    empty where it can."""
    if family.ordered and not problem.ordered:
        return "is only for classes that are steps of a scale"
    if problem.task not in family.tasks:
        return f"does not predict {'numbers' if problem.task == 'regression' else 'these classes'}"
    if 0 < family.most_classes < len(problem.classes):
        return f"learns at most {family.most_classes} classes"
    for most, there, what in zip((family.most_rows, family.most_features), shape, ("rows", "columns"), strict=True):
        if 0 < most < there:
            return f"learns from at most {most:,} {what}"
    if family.lacks is not None and family.lacks(problem.task):
        return family.lacks(problem.task)
    if problem.weights and not family.weighs:
        return "cannot let some rows count more than others"
    if problem.level not in (None, MEDIAN) and not family.quantiles:  # a mean says nothing about a quantile in the tail
        asked = " that these amounts ask for" if problem.metric == "money" else ""
        return f"cannot predict the quantile of {100 * float(problem.level or 0):.4g} %{asked}"
    return ""


def not_tried_words(problem: Problem, chosen: Collection[str], shape: tuple[int, int] = (0, 0)) -> str:
    """Which of the chosen families (names) are not tried and why, a sentence each; empty where all are."""
    return " ".join(f"{title} was not tried: it {why}." for title, why in _left_out(problem, chosen, shape))


def check_families(
    problem: Problem, chosen: Collection[str], usable: Collection[str] | None = None, shape: tuple[int, int] = (0, 0)
) -> None:
    """BadInput where none of the chosen families (names; none: all) can learn the problem, with why and which could; `usable` are
    those, where they are known, and `shape` that of the matrix. An unknown name is refused, too."""
    left_out = _left_out(problem, chosen, shape)
    if usable is None:
        usable = [family.name for family in learners() if not unsuited(problem, family, shape)]
    if usable and (not chosen or set(chosen) & set(usable)):
        return
    told = "; ".join(f"{title} {why}" for title, why in left_out)
    listed = join_words(sorted(usable), "or")
    raise BadInput(f"None of the chosen model families can be used here{': ' if told else ''}{told}.",
                   f"Choose {listed}, or leave the choice out." if listed else "Choose others, or install what they need.")


def _left_out(problem: Problem, chosen: Collection[str], shape: tuple[int, int]) -> list[tuple[str, str]]:
    """Titles of the chosen families that cannot be used, with why."""
    installed = {family.name for family in learners()}
    found = []
    for name in chosen:
        family = families().get(name)
        here = name in installed
        why = unsuited(problem, family if here else replace(family, lacks=None), shape) or ("" if here else "is not installed")
        if why:
            found.append((family.title, why))
    return found
