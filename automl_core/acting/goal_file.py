"""The goal of acting as the text of a goal.toml, which is read back as the same goal.

Keys beyond those in the design: under [columns] `later` (measured after a lever is moved; not compared on) and
`negative_control` (what no lever can change; see `controls`), and for each [[lever]] `direction` ("up" or "down"), `low` and
`high` (limits of a number), `unit_cost` (money for each unit that a number goes) and `days` (until the change shows).
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import replace
from typing import Any, cast

import numpy as np

from automl_core.acting.action import Direction, Goal, Lever
from automl_core.acting.goal import stepless
from automl_core.acting.goal_keys import check_keys
from automl_core.acting.spelling import is_number
from automl_core.errors import BadInput
from automl_core.explaining.words import quote


def read_goal(text: str) -> Goal:
    """The goal that a goal.toml says (its keys are in the design). BadInput names the key that cannot be used."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line \d+", str(error))
        raise BadInput(f"The goal file is not valid TOML{f' at {line.group()}' if line else ''}.", "Mend that line.") from None
    check_keys(data)
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
        capacity=_whole(goal, "capacity"),
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
        negative_control=_texts(columns, "negative_control"),
    )


def goal_text(goal: Goal) -> str:
    """A goal.toml; what is at its default is left out, except for money and roles."""
    worth = f"value_column = {_in_toml(goal.value_column)}" if goal.value_column else f"value = {_digits(goal.value)}"
    lines = ["[goal]", f"outcome = {_in_toml(goal.outcome)}", f"good = {_in_toml(goal.good)}", worth]
    lines += [f"currency = {_in_toml(goal.currency)}", f"save_rate = {_digits(goal.save_rate)}"]
    if goal.save_range:
        lines.append(f"save_range = [{', '.join(map(_digits, goal.save_range))}]")
    if goal.contact_cost:  # without it the list takes what the dearest lever costs
        lines.append(f"contact_cost = {_digits(goal.contact_cost)}")
    elif goal.contact_free:
        lines.append("contact_free = true")
    if goal.capacity:
        lines.append(f"capacity = {_digits(goal.capacity)}")
    if goal.budget:
        lines.append(f"budget = {_digits(goal.budget)}")
    lines += ["", "[columns]"]
    lines += [f"{name} = {_list_in_toml(getattr(goal, name))}" for name in ("given", "later", "never")]
    if goal.negative_control:
        lines.append(f"negative_control = {_list_in_toml(goal.negative_control)}")
    for lever in goal.levers:
        lines += ["", "[[lever]]", *_lever_lines(lever)]
    if goal.experiment:
        lines += ["", "[experiment]", f"treatment = {_in_toml(goal.experiment)}"]
    return "\n".join(lines) + "\n"


def _lever_lines(lever: Lever) -> list[str]:
    lines = [f"column = {_in_toml(lever.column)}"]
    if lever.from_values:
        lines.append(f"from = {_list_in_toml(lever.from_values)}")
    if not math.isnan(lever.step):
        lines += [f"to = {_digits(lever.step)}", f"relative = {str(lever.relative).lower()}"]
    elif lever.to:
        lines.append(f"to = {_list_in_toml(lever.to)}")
    lines.append(f"cost = {_digits(lever.cost)}")
    if lever.unit_cost:
        lines.append(f"unit_cost = {_digits(lever.unit_cost)}")
    if lever.forbidden:
        lines.append(f"forbidden = [{', '.join(_list_in_toml(pair) for pair in lever.forbidden)}]")
    if lever.direction:
        lines.append(f"direction = {_in_toml(lever.direction)}")
    lines += [f"{name} = {_digits(value)}" for name, value in (("low", lever.low), ("high", lever.high)) if not math.isnan(value)]
    if lever.days:
        lines.append(f"days = {_digits(lever.days)}")
    return lines


def _digits(value: float) -> str:
    """A number as TOML has it, of whatever kind of number it is in Python."""
    return repr(int(value) if isinstance(value, (int, np.integer)) else float(value))


def _in_toml(value: object) -> str:
    """A TOML basic string, of numbers and of yes and no, too: JSON's escapes are TOML's."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _list_in_toml(values: tuple[object, ...]) -> str:
    return f"[{', '.join(map(_in_toml, values))}]"


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
    if not is_number(value) or math.isnan(value):
        raise BadInput(f"“{key}” in the goal file is not a number.", f"Write {key} = {default or 100.0}.")
    if value < 0 or math.isinf(value):
        raise BadInput(f"“{key}” in the goal file is {'below zero' if value < 0 else 'infinite'}.",
                       f"Write a number of zero or more, such as {default or 100.0}, or leave it out.")
    return float(value)


def _whole(section: dict[str, Any], key: str) -> int:
    """A whole number: cut off, half a row would be none, which means no limit."""
    value = _number(section, key)
    if not value.is_integer():
        raise BadInput(f"“{key}” in the goal file is {value:g}, which is no whole number.", f"Write {key} = {math.ceil(value)}.")
    return int(value)


def _is_free(section: dict[str, Any], cost: float) -> bool:
    """Whether acting was said to be free, by `contact_free` or a plain 0. A 0.0 is what files of before said where nobody had
    given a cost, and means no more than that, as it does in goals that were saved then."""
    said = _flag(section, "contact_free", "the goal file")
    if said and cost:
        raise BadInput("The goal file says that acting is free and what it costs.", "Keep one of the two.")
    return said or (cost == 0 and isinstance(section.get("contact_cost"), int))


def _flag(section: dict[str, Any], key: str, place: str) -> bool:
    value = section.get(key, False)
    if not isinstance(value, bool):  # a text such as "false" would count as true
        raise BadInput(f"“{key}” of {place} is not true or false.", f"Write {key} = true or leave it out.")
    return value


def _range(section: dict[str, Any], key: str) -> tuple[float, ...]:
    value = section.get(key, [])
    numbers = isinstance(value, list) and all(is_number(item) and math.isfinite(item) for item in value)
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
        relative=_flag(item, "relative", f"the lever {quote(column)}"),
        cost=_number(item, "cost"),
        unit_cost=_number(item, "unit_cost"),
        forbidden=tuple((str(a), str(b)) for a, b in forbidden),
        direction=cast(Direction, direction),
        days=_whole(item, "days"),
    )
    lever = replace(lever, step=float(to)) if is_number(to) else replace(lever, to=_texts(item, "to"))
    if lever.relative and math.isnan(lever.step):
        raise stepless(column)
    if "low" in item:
        lever = replace(lever, low=_limit(item, "low"))
    return replace(lever, high=_limit(item, "high")) if "high" in item else lever


def _limit(item: dict[str, Any], key: str) -> float:
    value = item[key]
    if not (is_number(value) and math.isfinite(value)):
        raise BadInput(f"“{key}” of a lever in the goal file is not a number.", f"Write {key} = 10.0 or leave it out.")
    return float(value)
