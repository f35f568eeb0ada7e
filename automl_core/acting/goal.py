"""The goal of acting: read from goal.toml, suggested from the problem, and checked against the table."""

from __future__ import annotations

import math
import re
import tomllib
from typing import Any

from automl_core.acting.action import Goal, Lever
from automl_core.data.table import Column, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

# Columns that nobody can change.
_FIXED = re.compile(r"\bage\b|gender|sex\b|region|country|tenure|history|senior|birth|since|date|race|religion|nationality", re.I)


def suggest_goal(problem: Problem, columns: tuple[Column, ...]) -> Goal:
    """A goal to start from: the other class than the positive one is wanted, or a low number; no lever is switched on."""
    if problem.task == "regression":
        good = "low"
    else:
        others = [name for name in problem.classes if name != problem.positive]
        good = others[0] if others else ""
    given = tuple(column.name for column in columns if _FIXED.search(column.name) and column.name != problem.target)
    currency = problem.money.currency if problem.money else "€"
    return Goal(problem.target, good, given=given, never=problem.never, currency=currency)


def read_goal(text: str) -> Goal:
    """The goal that a goal.toml says (its keys are in the design). BadInput names the key that cannot be used."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line \d+", str(error))
        raise BadInput(f"The goal file is not valid TOML{f' at {line.group()}' if line else ''}.", "Mend that line.") from None
    goal, columns = _section(data, "goal"), _section(data, "columns")
    levers = data.get("lever", [])
    if not isinstance(levers, list) or not all(isinstance(item, dict) for item in levers):
        raise BadInput("“lever” in the goal file is not a list of sections.", "Write each lever under its own [[lever]].")
    if "experiment" in data:
        raise BadInput("The goal file names an experiment, which cannot be analysed yet.", "Leave [experiment] out.")
    cards = tuple(_lever(item) for item in levers)
    # acting on a row costs what the dearest lever costs, unless the goal says otherwise
    cost = _number(goal, "contact_cost", max((lever.cost for lever in cards), default=0.0))
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
    )


def check_goal(goal: Goal, problem: Problem, columns: tuple[Column, ...]) -> None:
    """Raise BadInput when the goal does not fit the problem or names a column that is not there."""
    if goal.outcome != problem.target:
        raise BadInput(
            f"The goal speaks of {quote(goal.outcome)}, the model predicts {quote(problem.target)}.",
            "Name the target as the outcome.",
        )
    wanted = ("low", "high") if problem.task == "regression" else problem.classes
    if goal.good not in wanted:
        raise BadInput(
            f"{quote(goal.good)} is not a possible outcome of {quote(problem.target)}.",
            f"Choose one of: {', '.join(quote(name) for name in wanted[:10])}.",
        )
    if not 0 <= goal.save_rate <= 1:
        raise BadInput("The share of contacted rows that turn good is not between 0 and 1.", "Give a share such as 0.2.")
    for lever in goal.levers:
        find_column(columns, lever.column)
        if lever.column in problem.excluded or lever.column in goal.never:
            raise BadInput(f"{quote(lever.column)} is left out of the model and cannot be a lever.", "Choose another column.")


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
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise BadInput(f"“{key}” in the goal file is not a number of zero or more.", f"Write {key} = {default or 100.0}.")
    return float(value)


def _lever(item: dict[str, Any]) -> Lever:
    column, to = _text(item, "column", required=True), item.get("to", [])
    if isinstance(to, (int, float)) and not isinstance(to, bool):
        return Lever(column, step=float(to), relative=bool(item.get("relative", False)), cost=_number(item, "cost"))
    forbidden = item.get("forbidden", [])
    if not isinstance(forbidden, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in forbidden):
        raise BadInput(f"“forbidden” of the lever {quote(column)} is not a list of pairs.", 'Write [["from", "to"]].')
    return Lever(
        column,
        _texts(item, "to"),
        _texts(item, "from"),
        cost=_number(item, "cost"),
        forbidden=tuple((str(a), str(b)) for a, b in forbidden),
    )
