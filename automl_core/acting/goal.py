"""The goal of acting: suggested from the problem, and checked against the table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from automl_core.acting.action import MOST_DAYS, MOST_LEVERS, MOST_ROWS, Goal, Lever
from automl_core.acting.levers import spelled_alike
from automl_core.acting.spelling import is_number, number_of, respelled
from automl_core.data.names import names_like
from automl_core.data.table import Column, find_column
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem
from automl_core.framing.suggestion import is_yes

MOST_MONEY = 1e12
ROLES = {"given": "known before a lever is moved", "never": "never to be used", "later": "measured later",
         "negative_control": "what no lever can change"}
# Columns that nobody can change, columns that people often can, and sums that grow after a lever is moved.
_FIXED = re.compile(
    r"\bage\b|gender|sex\b|region|country|tenure|history|senior|birth|since|date|race|religion|nationality|joined|signup", re.I
)
_MOVABLE = re.compile(
    r"contract|discount|price|fee\b|channel|payment|billing|support|offer|campaign|remind|frequency|promo|coupon|package|bundle|"
    r"plan\b|delivery|shipping|newsletter|training|setting|dose|security|backup|protection",
    re.I,
)
_LATER = re.compile(r"^total|lifetime|cumul|to_?date|balance_after|_after$|final|closing", re.I)


def suggest_goal(problem: Problem, columns: tuple[Column, ...]) -> Goal:
    """A goal to start from: the other class than the positive one is wanted, or a low number; no lever is switched on."""
    if problem.task == "regression":
        good = "low"
    else:
        others = [name for name in problem.classes if name != problem.positive]
        good = others[0] if others else ""
    given = tuple(
        column.name
        for column in columns
        if column.name not in problem.excluded and column.role != "id"  # to name an id as given is to compare rows on it
        and (_FIXED.search(_spaced(column.name)) or column.kind == "date")
    )
    currency = problem.money.currency if problem.money else "€"
    return Goal(problem.target, good, given=given, never=problem.never, currency=currency)


def suggest_levers(problem: Problem, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Columns whose names sound like something that can be changed: offered, never switched on."""
    usable = [column for column in columns if column.name not in problem.excluded and column.role in ("number", "category")]
    return tuple(
        column.name
        for column in usable
        if _MOVABLE.search(_spaced(column.name)) and not _FIXED.search(_spaced(column.name)) and not _LATER.search(column.name)
    )


def suggest_later(problem: Problem, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Columns whose names sound like sums that grow after a lever is moved, such as TotalCharges: offered, never set."""
    return tuple(
        column.name for column in columns if column.name not in problem.excluded and _LATER.search(_spaced(column.name).strip())
    )


def _spaced(name: str) -> str:
    """CamelCase and snake_case as words, so that “age” is found in customerAge and not in usage."""
    return re.sub(r"[_\W]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))


def check_goal(goal: Goal, problem: Problem, columns: tuple[Column, ...], dropped: tuple[str, ...] = ()) -> None:
    """Raise BadInput when the goal does not fit the problem or names a column that is not there.

    What the model must not see cannot be a lever, but it can say who was treated: an experiment is measured without the model.
    `dropped` are columns that the table had before it was cleaned: a goal may still say what they are, as that changes nothing.
    """
    if goal.outcome != problem.target:
        raise BadInput(
            f"The goal speaks of {quote(goal.outcome)}, the model predicts {quote(problem.target)}.",
            "Name the target as the outcome.",
        )
    check_good(goal.good, problem)
    _check_numbers(goal)
    _check_rate(goal)
    if goal.value_column:
        _check_worth(goal, problem, find_column(columns, goal.value_column))
    for name, amount in (
        ("The worth of one outcome turned good", goal.value), ("The money you can spend", goal.budget),
        ("The cost of acting on one row", goal.contact_cost),
        *((f"The cost of changing {quote(lever.column)}", lever.cost) for lever in goal.levers),
        *((f"The cost of a unit of {quote(lever.column)}", lever.unit_cost) for lever in goal.levers),
    ):  # fmt: skip
        _check_amount(name, amount)
    if not 0 <= goal.capacity <= MOST_ROWS:
        raise BadInput("The number of rows that you can act on is below zero or above a billion.", "Give 0 for no limit.")
    named = sum(lever.column != goal.experiment for lever in goal.levers)
    if named > MOST_LEVERS:
        raise BadInput(f"The goal names {named} columns that can be changed, and {MOST_LEVERS} are the most.",
                       "Keep those that matter most.")
    for lever in goal.levers:
        column = find_column(columns, lever.column)
        if lever.column in goal.never and lever.column not in problem.excluded:
            raise BadInput(f"{quote(lever.column)} is named as a lever and as never to be used.", "Name it once.")
        measured = lever.column == goal.experiment and lever.column not in (problem.target, problem.weights)
        if lever.column in problem.excluded and not measured:
            raise BadInput(f"{quote(lever.column)} is left out of the model and cannot be a lever.", "Choose another column.")
        if lever.column in goal.negative_control:
            raise BadInput(f"{quote(lever.column)} is named as a lever and as what no lever can change.", "Name it once.")
        if lever.column in goal.later:
            raise BadInput(f"{quote(lever.column)} is named as a lever and as measured later.", "Name it once.")
        if lever.unit_cost and lever.column == goal.experiment:
            raise BadInput(f"{quote(lever.column)} is the treatment of an experiment, which has one cost and none for each unit.",
                           "Give all that it costs as its cost.")
        _check_lever(lever, column)
    if len({lever.column for lever in goal.levers}) < len(goal.levers):
        raise BadInput("One column is named as a lever twice.", "Put all its values into one lever.")
    check_apart({role: getattr(goal, role) for role in ROLES}, goal.outcome)
    _check_controls(goal, columns)
    _check_roles(goal, (*(column.name for column in columns), *problem.excluded, *dropped))


def _check_controls(goal: Goal, columns: tuple[Column, ...]) -> None:
    """BadInput for what is said to be no lever's to change and cannot be asked of it."""
    for name in goal.negative_control:
        column = find_column(columns, name)
        if column.kind == "date" or column.role == "id":
            raise BadInput(f"{quote(name)} holds dates or names rows, so no change of it can be measured.",
                           "Name a number or a category, such as last year's outcome.")


def check_apart(named: Mapping[str, tuple[str, ...]], outcome: str) -> None:
    """BadInput for a column that is `named` under two of the `ROLES`, or under one and is the outcome: what it is would hang on
    which of them is read last, so the sentence names both."""
    for role, names in named.items():
        if outcome in names:
            raise BadInput(f"{quote(outcome)} is the outcome and is named as “{role}”, too.", "Name it once.")
    for first, second in combinations(ROLES, 2):
        for name in named[first]:
            if name in named[second]:
                raise BadInput(f"{quote(name)} is named as {ROLES[first]} and as {ROLES[second]}.",
                               f"Name it once, as “{first}” or as “{second}”.")


def _check_roles(goal: Goal, names: tuple[str, ...]) -> None:
    """BadInput naming a column with a role that is none of `names`: misspelled, it would be used although that was forbidden."""
    for role in ROLES:
        for name in getattr(goal, role):
            if name not in names:
                near = names_like(name, names, 1)
                hint = f"Write {quote(near[0])}" if near else "Name one of its columns"
                raise BadInput(f"There is no column {quote(name)} in this table, and the goal names it as “{role}”.",
                               f"{hint}, or leave it out.")


def _check_numbers(goal: Goal) -> None:
    """BadInput for what is no number where one is needed: a goal that a program made may hold anything."""
    said: list[tuple[str, Any]] = [(f"“{key}” of the goal", getattr(goal, key))
                                   for key in ("value", "capacity", "budget", "contact_cost", "save_rate")]
    said += [(f"“{key}” of the lever {quote(lever.column)}", getattr(lever, key))
             for lever in goal.levers for key in ("cost", "unit_cost", "step", "low", "high", "days")]
    for what, number in said:
        if not is_number(number):
            raise BadInput(f"{what} is {quote(number)}, which is no number.", "Give a number such as 5.0, or leave it out.")


def _check_rate(goal: Goal) -> None:
    if not 0 <= goal.save_rate <= 1:
        raise BadInput("The share of contacted rows that turn good is not between 0 and 1.", "Give a share such as 0.2.")
    if goal.save_range and not (len(goal.save_range) == 2 and goal.save_range[0] <= goal.save_rate <= goal.save_range[1]):
        raise BadInput("The range of the share that turns good does not hold that share.", "Give save_range = [0.09, 0.19].")


def _check_worth(goal: Goal, problem: Problem, column: Column) -> None:
    name = quote(column.name)
    if column.name == problem.target:
        raise BadInput(f"{name} is what is predicted and cannot say what a row is worth.", "Name another column.")
    if column.name in goal.never and column.name not in problem.excluded:
        raise BadInput(f"{name} is named as what a row is worth and as never to be used.", "Name it once.")
    if column.kind not in ("int", "float"):
        raise BadInput(f"{name} does not hold numbers and cannot say what a row is worth.", "Name a column of amounts.")


def _check_amount(name: str, amount: float) -> None:
    if math.isnan(amount):
        raise BadInput(f"{name} is not a number.", "Give zero or more, or leave it out.")
    if math.isinf(amount):
        raise BadInput(f"{name} is infinite.", "Give an amount that somebody could pay, or leave it out.")
    if amount < 0:
        raise BadInput(f"{name} is below zero.", "Give zero or more.")
    if amount > MOST_MONEY:
        raise BadInput(f"{name} is above a trillion.", "Give all amounts in a larger unit, such as thousands.")


def good_of(said: object, problem: Problem) -> str:
    """The wanted outcome as the problem spells it: one of its classes, or "low"/"high" for a number. True, 1 and "yes" name the
    class for yes where the two classes are such words. Where nothing of that name can come out, the text as it is."""
    return said_as(said, _outcomes(problem)) or str(said)


def check_good(good: str, problem: Problem) -> None:
    """BadInput when the wanted outcome, spelled as by `good_of`, cannot come out."""
    wanted = _outcomes(problem)
    if good not in wanted:
        hint = f"Choose one of: {', '.join(quote(name) for name in wanted[:10])}."
        counted = len(wanted) > 2 and all(math.isfinite(number_of(name)) for name in wanted)
        if counted and good.strip().casefold() in ("low", "high"):
            hint += " Or search for a model that predicts a number in place of classes, which can be wanted low or high."
        raise BadInput(f"{quote(good)} is not a possible outcome of {quote(problem.target)}.", hint)


def _outcomes(problem: Problem) -> tuple[str, ...]:
    return ("low", "high") if problem.task == "regression" else problem.classes


def said_as(said: object, names: tuple[str, ...]) -> str:
    """The one of `names` that somebody means: spelled so, or as a number, in other letters, or as the yes or no of two. Empty
    when it is none."""
    text = to_text(said) or ""
    for spelled in (text, respelled(text)):
        if spelled in names:
            return spelled
    alike = [name for name in names if name.strip().casefold() == text.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    yes, sides = is_yes(respelled(text)), [is_yes(name) for name in names]
    return names[sides.index(yes)] if yes is not None and sorted(sides, key=str) == [False, True] else ""


def stepless(column: str) -> BadInput:
    """What is wrong with a lever of which a share of the number is asked for, and no share is said."""
    return BadInput(f"The lever {quote(column)} is “relative” and has no step, so there is no share to move by.",
                    "Give a step such as -0.05, or leave “relative” out.")


def as_spelled(goal: Goal, columns: tuple[Column, ...]) -> Goal:
    """A checked goal whose levers spell their values as the table's columns do: 2.0 of a file is the 2 that the form lists."""
    return replace(goal, levers=tuple(
        spelled_alike(lever, find_column(columns, lever.column).kind in ("int", "float")) for lever in goal.levers))


def _check_lever(lever: Lever, column: Column) -> None:
    name = quote(lever.column)
    number = column.kind in ("int", "float")
    lever = spelled_alike(lever, number)
    if not number and (not math.isnan(lever.step) or lever.direction or not (math.isnan(lever.low) and math.isnan(lever.high))):
        hint = "List the moves that must not happen in “forbidden”." if lever.direction else "Name the values in “to”."
        raise BadInput(f"{name} does not hold numbers, so it has no step, direction or limits.", hint)
    if not number and lever.unit_cost:
        raise BadInput(f"{name} does not hold numbers, so no unit of it has a cost.", "Give what a change costs as its cost.")
    if not 0 <= lever.days <= MOST_DAYS:
        raise BadInput(f"The days until a change of {name} shows are not between 0 and {MOST_DAYS:,}.", "Give fewer days.")
    if any(math.isinf(value) for value in (lever.step, lever.low, lever.high)):
        raise BadInput(f"The step or a limit of {name} is infinite.", "Give a number, or leave it out.")
    if lever.low > lever.high:
        raise BadInput(f"The lower limit of {name} is above its upper one.", "Swap them.")
    if lever.to and not math.isnan(lever.step):
        raise BadInput(f"{name} is given a step and values to move to.", "Keep one of the two.")
    if lever.step == 0:
        raise BadInput(f"The step of {name} is zero.", "Give a number such as 5 or -5.")
    if (lever.step > 0 and lever.direction == "down") or (lever.step < 0 and lever.direction == "up"):
        raise BadInput(f"The step of {name} goes against its direction.", "Change one of the two.")
    if lever.to and lever.from_values:
        allowed = {(start, to) for start in lever.from_values for to in lever.to if start != to} - set(lever.forbidden)
        if not allowed:
            raise BadInput(
                f"No move of {name} is left: each one that you name changes nothing or is forbidden.",
                "Name another value to change from or to, or allow a move.",
            )
    if not lever.relative and abs(lever.step) > lever.high - lever.low:
        raise BadInput(f"The step of {name} is wider than its limits are apart.", "Take a smaller step, or widen the limits.")
    if any(pair[0] == pair[1] for pair in lever.forbidden):
        raise BadInput(f"A forbidden move of {name} goes from a value to itself.", "Name two different values.")
