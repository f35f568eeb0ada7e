"""Levers, roles and options that a caller gave as dictionaries, in the words of goal.toml or of the dataclass."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from automl_core.acting.action import Lever
from automl_core.acting.goal_keys import KEYS
from automl_core.acting.spelling import is_number
from automl_core.data.names import names_like
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Money

T = TypeVar("T")


def lever_said(said: Mapping[Any, Any]) -> Lever:
    """The lever that a dictionary names in the words of goal.toml, where a number in “to” is a step, or by the fields of `Lever`.
    BadInput for a key that is neither, for one thing said twice, and where no column is named."""
    given = _given(said, (*KEYS["lever"], "from_values", "step"), KEYS["lever"], "a lever")
    if given.get("column", "") == "":
        raise BadInput("A lever names no column.", 'Give {"column": "contract", "to": ["one year"]}.')
    to = given.get("to")
    if is_number(to):
        if "step" in given:
            raise BadInput(f"The lever {quote(given['column'])} has a “step” and a number in “to”.", "Keep one of the two.")
        given["step"] = given.pop("to")
    if "from" in given:
        if "from_values" in given:
            raise BadInput(f"The lever {quote(given['column'])} has “from” and “from_values”.", "Keep one of the two.")
        given["from_values"] = given.pop("from")
    return Lever(**given)


def of_kind(asked: object, kind: type[T], word: str) -> T:
    """An argument as its dataclass, which a dictionary of its fields may stand for. BadInput when it is neither."""
    if asked is None:
        return kind()
    if isinstance(asked, kind):
        return asked
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # all kinds that are asked for are dataclasses
    if not isinstance(asked, Mapping):
        raise BadInput(f"“{word}” is {quote(type(asked).__name__)}.", f"Give {kind.__name__}(…), which has {', '.join(known)}.")
    return kind(**_given(asked, known, known, f"“{word}”"))


def money_of(asked: Money | Mapping[str, Any]) -> Money:
    """What outcomes or units are worth, which a dictionary of its fields may say. BadInput when it is neither, or an amount is
    no number."""
    made = of_kind(asked, Money, "money")
    for field in fields(Money):
        value: Any = getattr(made, field.name)
        if field.name != "currency" and not (is_number(value) and math.isfinite(value)):
            raise BadInput(f"“{field.name}” is {quote(value)}, which is no amount of money.", "Give a number such as 5.0.")
    return made


def _given(said: Mapping[Any, Any], keys: Collection[str], told: Collection[str], what: str) -> dict[str, Any]:
    """What a dictionary says, None being left out; BadInput naming a key that is not one of `keys`."""
    for key in said:
        if key not in keys:
            near = names_like(str(key), tuple(keys), 1)
            hint = f"Write {quote(near[0])}." if near else f"Give {', '.join(told)}."
            raise BadInput(f"{quote(key)} is no part of {what}.", hint)
    return {key: value for key, value in said.items() if value is not None}
