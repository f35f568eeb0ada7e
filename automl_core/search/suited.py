"""Which model families can learn a problem, and what is said of chosen ones that cannot."""
from __future__ import annotations

from collections.abc import Collection

from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.search.families import families, learners
from automl_core.search.family import Family

MEDIAN = 0.5


def unsuited(problem: Problem, family: Family) -> str:
    """Why the family cannot learn this problem, as what its title is followed by; empty where it can."""
    if family.ordered and not problem.ordered:
        return "is only for classes that are steps of a scale"
    if problem.task not in family.tasks:
        return f"does not predict {'numbers' if problem.task == 'regression' else 'these classes'}"
    if 0 < family.most_classes < len(problem.classes):
        return f"learns at most {family.most_classes} classes"
    if problem.weights and not family.weighs:
        return "cannot let some rows count more than others"
    if problem.level not in (None, MEDIAN) and not family.quantiles:  # a mean says nothing about a quantile in the tail
        asked = " that these amounts ask for" if problem.metric == "money" else ""
        return f"cannot predict the quantile of {100 * float(problem.level or 0):.4g} %{asked}"
    return ""


def not_tried_words(problem: Problem, chosen: Collection[str]) -> str:
    """Which of the chosen families (names) are not tried and why, a sentence each; empty where all are."""
    return " ".join(f"{title} was not tried: it {why}." for title, why in _left_out(problem, chosen))


def check_families(problem: Problem, chosen: Collection[str], usable: Collection[str] | None = None) -> None:
    """BadInput where none of the chosen families (names; none: all) can learn the problem, with why and which could; `usable` are
    those, where they are known. An unknown name is refused, too."""
    left_out = _left_out(problem, chosen)
    if usable is None:
        usable = [family.name for family in learners() if not unsuited(problem, family)]
    if usable and (not chosen or set(chosen) & set(usable)):
        return
    told = "; ".join(f"{title} {why}" for title, why in left_out)
    listed = join_words(sorted(usable), "or")
    raise BadInput(f"None of the chosen model families can be used here{': ' if told else ''}{told}.",
                   f"Choose {listed}, or leave the choice out." if listed else "Choose others, or install what they need.")


def _left_out(problem: Problem, chosen: Collection[str]) -> list[tuple[str, str]]:
    """Titles of the chosen families that cannot be used, with why."""
    installed = {family.name for family in learners()}
    found = []
    for name in chosen:
        family = families().get(name)
        why = unsuited(problem, family) or ("" if name in installed else "is not installed")
        if why:
            found.append((family.title, why))
    return found
