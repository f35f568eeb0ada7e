"""The goal of acting: read from goal.toml, suggested from the problem, and checked against the table.

Keys of goal.toml beyond those in the design: under [columns] `later` (measured after a lever is moved; not compared on), and for
each [[lever]] `direction` ("up" or "down"), `low` and `high` (limits of a number) and `days` (until the change shows).
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import replace
from typing import Any, cast

from automl_core.acting.action import MOST_DAYS, MOST_LEVERS, MOST_ROWS, Direction, Goal, Lever
from automl_core.acting.levers import spelled_alike
from automl_core.acting.spelling import respelled
from automl_core.data.table import Column, find_column
from automl_core.data.values import FALSE_WORDS, TRUE_WORDS, to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

MOST_MONEY = 1e12
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
        if column.name not in problem.excluded and (_FIXED.search(_spaced(column.name)) or column.kind == "date")
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


def read_goal(text: str) -> Goal:
    """The goal that a goal.toml says (its keys are in the design). BadInput names the key that cannot be used."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line \d+", str(error))
        raise BadInput(f"The goal file is not valid TOML{f' at {line.group()}' if line else ''}.", "Mend that line.") from None
    goal, columns = _section(data, "goal"), _section(data, "columns")
    if isinstance(goal.get("good"), bool):
        goal = goal | {"good": str(goal["good"])}
    levers = data.get("lever", [])
    if not isinstance(levers, list) or not all(isinstance(item, dict) for item in levers):
        raise BadInput("“lever” in the goal file is not a list of sections.", "Write each lever under its own [[lever]].")
    experiment = _text(_section(data, "experiment"), "treatment")
    cards = tuple(_lever(item) for item in levers)
    cost = _number(goal, "contact_cost")
    if experiment and experiment not in {lever.column for lever in cards}:
        cards = (*cards, Lever(experiment, cost=cost))
    if goal.get("value") and goal.get("value_column"):
        raise BadInput("The goal file names one value for all rows and a column of values.", "Keep one of the two.")
    return Goal(
        outcome=_text(goal, "outcome", required=True),
        good=_text(goal, "good", required=True),
        value=_number(goal, "value"),
        capacity=int(_number(goal, "capacity")),
        budget=_number(goal, "budget"),
        given=_texts(columns, "given"),
        never=_texts(columns, "never"),
        levers=cards,
        save_rate=_number(goal, "save_rate", 0.2),
        contact_cost=cost,
        currency=_text(goal, "currency") or "€",
        later=_texts(columns, "later"),
        experiment=experiment,
        contact_free=_is_free(goal, cost),
        value_column=_text(goal, "value_column"),
        save_range=_range(goal, "save_range"),
    )


def check_goal(goal: Goal, problem: Problem, columns: tuple[Column, ...]) -> None:
    """Raise BadInput when the goal does not fit the problem or names a column that is not there.

    What the model must not see cannot be a lever, but it can say who was treated: an experiment is measured without the model.
    """
    if goal.outcome != problem.target:
        raise BadInput(
            f"The goal speaks of {quote(goal.outcome)}, the model predicts {quote(problem.target)}.",
            "Name the target as the outcome.",
        )
    wanted = _outcomes(problem)
    if goal.good not in wanted:
        raise BadInput(
            f"{quote(goal.good)} is not a possible outcome of {quote(problem.target)}.",
            f"Choose one of: {', '.join(quote(name) for name in wanted[:10])}.",
        )
    _check_rate(goal)
    if goal.value_column:
        _check_worth(goal, problem, find_column(columns, goal.value_column))
    for name, amount in (
        ("The worth of one outcome turned good", goal.value), ("The money you can spend", goal.budget),
        ("The cost of acting on one row", goal.contact_cost),
        *((f"The cost of changing {quote(lever.column)}", lever.cost) for lever in goal.levers),
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
        if lever.column in goal.later:
            raise BadInput(f"{quote(lever.column)} is named as a lever and as measured later.", "Name it once.")
        _check_lever(lever, column)
    if len({lever.column for lever in goal.levers}) < len(goal.levers):
        raise BadInput("One column is named as a lever twice.", "Put all its values into one lever.")
    for name in goal.later:
        find_column(columns, name)


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
    yes, sides = _is_yes(respelled(text)), [_is_yes(name) for name in names]
    return names[sides.index(yes)] if yes is not None and sorted(sides, key=str) == [False, True] else ""


def _is_yes(text: str) -> bool | None:
    word = text.strip().casefold()
    return True if word in {*TRUE_WORDS, "1"} else False if word in {*FALSE_WORDS, "0"} else None


def as_spelled(goal: Goal, columns: tuple[Column, ...]) -> Goal:
    """A checked goal whose levers spell their values as the table's columns do: 2.0 of a file is the 2 that the form lists."""
    return replace(goal, levers=tuple(
        spelled_alike(lever, find_column(columns, lever.column).kind in ("int", "float")) for lever in goal.levers))


def _check_lever(lever: Lever, column: Column) -> None:
    name = quote(lever.column)
    number = column.kind in ("int", "float")
    lever = spelled_alike(lever, number)
    if not number and (not math.isnan(lever.step) or lever.direction or not (math.isnan(lever.low) and math.isnan(lever.high))):
        raise BadInput(f"{name} does not hold numbers, so it has no step, direction or limits.", "Name the values in “to”.")
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


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"“{name}” in the goal file is not a section.", f"Write it as [{name}].")
    return value


def _text(section: dict[str, Any], key: str, required: bool = False) -> str:
    value = section.get(key, "")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or (required and value == ""):
        raise BadInput(f"The goal file has no usable “{key}”.", f'Write {key} = "…" under its section.')
    return str(value)


def _texts(section: dict[str, Any], key: str) -> tuple[str, ...]:
    value = section.get(key, [])
    if not isinstance(value, list):
        raise BadInput(f"“{key}” in the goal file is not a list.", f'Write {key} = ["…", "…"].')
    return tuple(str(item) for item in value)


def _number(section: dict[str, Any], key: str, default: float = 0.0) -> float:
    value = section.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise BadInput(f"“{key}” in the goal file is not a number.", f"Write {key} = {default or 100.0}.")
    if value < 0 or math.isinf(value):
        raise BadInput(f"“{key}” in the goal file is {'below zero' if value < 0 else 'infinite'}.",
                       f"Write a number of zero or more, such as {default or 100.0}, or leave it out.")
    return float(value)


def _is_free(section: dict[str, Any], cost: float) -> bool:
    """Whether acting was said to be free, by `contact_free` or a plain 0. A 0.0 is what files of before said where nobody had
    given a cost, and means no more than that, as it does in goals that were saved then."""
    said = section.get("contact_free", False)
    if not isinstance(said, bool):
        raise BadInput("“contact_free” in the goal file is not true or false.", "Write contact_free = true or leave it out.")
    if said and cost:
        raise BadInput("The goal file says that acting is free and what it costs.", "Keep one of the two.")
    return said or (cost == 0 and isinstance(section.get("contact_cost"), int))


def _range(section: dict[str, Any], key: str) -> tuple[float, ...]:
    value = section.get(key, [])
    numbers = isinstance(value, list) and all(type(item) in (int, float) and math.isfinite(item) for item in value)
    if not numbers or len(value) not in (0, 2):
        raise BadInput(f"“{key}” in the goal file is not a range.", f"Write {key} = [0.09, 0.19] or leave it out.")
    return tuple(float(item) for item in value)


def _lever(item: dict[str, Any]) -> Lever:
    column, to = _text(item, "column", required=True), item.get("to", [])
    forbidden = item.get("forbidden", [])
    if not isinstance(forbidden, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in forbidden):
        raise BadInput(f"“forbidden” of the lever {quote(column)} is not a list of pairs.", 'Write [["from", "to"]].')
    direction = _text(item, "direction")
    if direction not in ("", "up", "down"):
        raise BadInput(f"The direction of the lever {quote(column)} is {quote(direction)}.", 'Write direction = "up" or "down".')
    lever = Lever(
        column,
        from_values=_texts(item, "from"),
        relative=bool(item.get("relative", False)),
        cost=_number(item, "cost"),
        forbidden=tuple((str(a), str(b)) for a, b in forbidden),
        direction=cast(Direction, direction),
        days=int(_number(item, "days")),
    )
    if isinstance(to, (int, float)) and not isinstance(to, bool):
        lever = replace(lever, step=float(to))
    else:
        lever = replace(lever, to=_texts(item, "to"))
    if "low" in item:
        lever = replace(lever, low=_limit(item, "low"))
    return replace(lever, high=_limit(item, "high")) if "high" in item else lever


def _limit(item: dict[str, Any], key: str) -> float:
    value = item[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"“{key}” of a lever in the goal file is not a number.", f"Write {key} = 10.0 or leave it out.")
    return float(value)
