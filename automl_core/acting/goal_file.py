"""The goal of acting as the text of a goal.toml: what `read_goal` reads back as the same goal."""

from __future__ import annotations

import json
import math

from automl_core.acting.action import Goal, Lever


def goal_text(goal: Goal) -> str:
    """A goal.toml; what is at its default is left out, except for money and roles."""
    worth = f"value_column = {_text(goal.value_column)}" if goal.value_column else f"value = {goal.value!r}"
    lines = ["[goal]", f"outcome = {_text(goal.outcome)}", f"good = {_text(goal.good)}", worth]
    lines += [f"currency = {_text(goal.currency)}", f"save_rate = {goal.save_rate!r}"]
    if goal.save_range:
        lines.append(f"save_range = [{', '.join(repr(end) for end in goal.save_range)}]")
    if goal.contact_cost:  # without it the list takes what the dearest lever costs
        lines.append(f"contact_cost = {goal.contact_cost!r}")
    elif goal.contact_free:
        lines.append("contact_free = true")
    if goal.capacity:
        lines.append(f"capacity = {goal.capacity}")
    if goal.budget:
        lines.append(f"budget = {goal.budget!r}")
    lines += ["", "[columns]"]
    lines += [f"{name} = {_list(getattr(goal, name))}" for name in ("given", "later", "never")]
    for lever in goal.levers:
        lines += ["", "[[lever]]", *_lever_lines(lever)]
    if goal.experiment:
        lines += ["", "[experiment]", f"treatment = {_text(goal.experiment)}"]
    return "\n".join(lines) + "\n"


def _lever_lines(lever: Lever) -> list[str]:
    lines = [f"column = {_text(lever.column)}"]
    if lever.from_values:
        lines.append(f"from = {_list(lever.from_values)}")
    if not math.isnan(lever.step):
        lines += [f"to = {lever.step!r}", f"relative = {str(lever.relative).lower()}"]
    elif lever.to:
        lines.append(f"to = {_list(lever.to)}")
    lines.append(f"cost = {lever.cost!r}")
    if lever.forbidden:
        lines.append(f"forbidden = [{', '.join(_list(pair) for pair in lever.forbidden)}]")
    if lever.direction:
        lines.append(f"direction = {_text(lever.direction)}")
    lines += [f"{name} = {value!r}" for name, value in (("low", lever.low), ("high", lever.high)) if not math.isnan(value)]
    if lever.days:
        lines.append(f"days = {lever.days}")
    return lines


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, values))}]"
