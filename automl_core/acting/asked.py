"""What a caller asks of the door, as the typed table has it: mistakes become one sentence, other spellings are understood."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Lever
from automl_core.acting.goal import ROLES, check_apart, said_as, stepless
from automl_core.acting.mappings import lever_said
from automl_core.acting.moves import is_numeric
from automl_core.acting.own_names import Names
from automl_core.acting.spelling import holds_numbers, is_number, number_of, respelled, spelled, texts
from automl_core.acting.what_if import Predicts
from automl_core.data.cells import cell_reader
from automl_core.data.names import names_like
from automl_core.data.table import Column, Table, find_column
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

MOST_SPELLED = 20  # values of a column among which “yes” is looked for under another spelling


@dataclass(frozen=True, slots=True)
class Roles:
    """What columns are to acting. `given` were known before a lever was moved, as is every column that is not named; `never` are
    used nowhere; `later` were measured after a lever was moved; a `negative_control` is an outcome that no lever can change, as
    of the year before: a card whose lever seems to change it is C at best; `group` names the column whose rows go together;
    `experiment` a lever whose value was drawn by chance; `id` the column that names a row, where it does not show by itself.
    Columns are named by their labels; one that is not there is refused."""

    given: tuple[Any, ...] = ()
    never: tuple[Any, ...] = ()
    later: tuple[Any, ...] = ()
    group: Any = ""
    experiment: Any = ""
    id: Any = ""
    negative_control: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """`value` is money per outcome turned good (0: no money; cards are then ranked by rows times gain), `currency` its sign. A
    `value_column` takes its place: the column that says it of each row; a card's money sums what its rows bring by it.

    `model` predicts a typed frame (`predict_frame`) for the what-if; without one a small boosted model is fitted. The same
    `seed` gives the same cards. `progress(share, words)` is told how far it is. With `processes` many rows are worked on in two
    processes.
    """

    value: float = 0.0
    currency: str = "€"
    model: Predicts | None = None
    seed: int = 0
    progress: Callable[[float, str], None] | None = None
    processes: bool = False
    value_column: Any = ""


SEVERAL = (list, tuple, set, frozenset, pd.Index, pd.Series, np.ndarray, pd.api.extensions.ExtensionArray)


def several(values: Any) -> tuple[Any, ...]:
    """One value, or several, as several."""
    if values is None:
        return ()
    return tuple(values) if isinstance(values, SEVERAL) else (values,)


def amount(value: object, what: str) -> float:
    """A number that a caller gave; BadInput when it is none."""
    if not is_number(value):
        raise BadInput(f"{what} is {quote(value)}, which is no number.", "Give a number such as 5.0, or leave it out.")
    return float(value)


def whole(
    value: object, what: str, hint: str = "Give a whole number of 0 or more.", ends: tuple[float, float] = (0, math.inf)
) -> int:
    """A whole number that a caller gave, between both `ends`, of whatever kind: 600.0 is 600. BadInput, with the `hint`, when it
    is none: yes and no are none, though Python counts with them."""
    if not is_number(value) or not math.isfinite(value) or value != int(value) or not ends[0] <= value <= ends[1]:
        raise BadInput(f"{what} is {quote(value)}.", hint)
    return int(value)


def flag(value: object, what: str) -> bool:
    """A yes or no that a caller gave; BadInput when it is neither: a text such as "false" would count as true."""
    if not isinstance(value, (bool, np.bool_)) and not (is_number(value) and value in (0, 1)):
        raise BadInput(f"{what} is {quote(value)}.", "Give True or False.")
    return bool(value)


def levers_of(asked: object, names: Names) -> tuple[Lever, ...]:
    """The levers under the typed table's names, with their values as they were given (see `spelled_levers`): what needs no look
    at a row. BadInput when a lever is none, or names no column."""
    if isinstance(asked, Mapping) and "column" not in asked:
        raise BadInput("The levers are given as a dictionary without “column”.",
                       "Give a list, such as [{\"column\": \"contract\", \"to\": [\"one year\"]}], or of Lever(…).")
    made = (asked,) if isinstance(asked, (Lever, Mapping)) or names.place(asked) >= 0 else several(asked)
    if not made:
        raise BadInput("No column is named that can be changed.", "Name at least one as a lever.")
    return tuple(_lever(_as_lever(one), names) for one in made)


def _as_lever(given: Any) -> Lever:
    return given if isinstance(given, Lever) else lever_said(given) if isinstance(given, Mapping) else Lever(given)


def _lever(lever: Lever, names: Names) -> Lever:
    column = names.clean_of(lever.column)
    name = quote(column)
    if lever.direction not in ("", "up", "down"):
        raise BadInput(f"The direction of the lever {name} is {quote(lever.direction)}.", 'Give "up" or "down", or leave it out.')
    numbers: dict[str, Any] = {
        key: math.nan if getattr(lever, key) is None else amount(getattr(lever, key), f"“{key}” of the lever {name}")
        for key in ("step", "low", "high")}
    days = amount(lever.days, f"“days” of the lever {name}")
    if not days.is_integer():
        raise BadInput(f"“days” of the lever {name} is {quote(lever.days)}.", "Give whole days.")
    costs: dict[str, Any] = {key: amount(getattr(lever, key), f"“{key}” of the lever {name}") for key in ("cost", "unit_cost")}
    relative = lever.relative is not None and flag(lever.relative, f"“relative” of the lever {name}")
    if relative and math.isnan(numbers["step"]):
        raise stepless(column)
    return replace(lever, column=column, to=several(lever.to), from_values=several(lever.from_values),
                   relative=relative, forbidden=_pairs(lever.forbidden, column), days=int(days), **numbers, **costs)


def orders_of(frame: pd.DataFrame, names: Names) -> dict[str, pd.Index]:
    """The values of ordered categories, lowest first, by the typed table's names of their columns."""
    kinds = zip(names.clean, frame.dtypes, strict=True)
    return {name: kind.categories for name, kind in kinds if isinstance(kind, pd.CategoricalDtype) and kind.ordered}


def spelled_levers(
    levers: tuple[Lever, ...], table: Table, orders: Mapping[str, pd.Index],
    elsewhere: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Lever, ...]:
    """The levers with their values as the table's columns spell them; BadInput naming one that no row has. The direction of a
    lever on ordered categories (see `orders_of`) becomes the moves that it forbids: their texts alone have no order. Moves may
    also be forbidden from and to values that columns have `elsewhere`: these rows are perhaps a part."""
    made = []
    for lever in levers:
        values, column = table.frame[lever.column], find_column(table.columns, lever.column)
        to = known_values(lever.to, values, column, steps=True)
        start = known_values(lever.from_values, values, column)
        levels = (*orders.get(lever.column, ()), *(elsewhere or {}).get(lever.column, ()))
        forbidden = _known_pairs(lever, values, tuple(_spelled(level, values, column) for level in levels), column)
        lever = replace(lever, to=to, from_values=start, forbidden=forbidden)
        if lever.direction and lever.column in orders and not holds_numbers(values):
            lever = _in_order(lever, tuple(_spelled(level, values, column) for level in orders[lever.column]), values)
        made.append(lever)
    return tuple(made)


def _in_order(lever: Lever, levels: tuple[str, ...], values: pd.Series) -> Lever:
    shown = set(texts(values).dropna().unique())
    if not shown.issubset(levels):  # then their order is not known, and the direction is refused
        return lever
    upwards = combinations([level for level in levels if level in shown], 2)
    against = upwards if lever.direction == "down" else ((high, low) for low, high in upwards)
    return replace(lever, direction="", forbidden=(*lever.forbidden, *against))


def known_values(given: object, values: pd.Series, column: Column, steps: bool = False) -> tuple[str, ...]:
    """Values that rows have, as the column spells them; BadInput naming one that no row has: nothing can be learned about it.
    Where `steps` are another way to change it, a number that no row has is perhaps one."""
    found = tuple(_spelled(value, values, column) for value in several(given))
    known = _held(values) if found else ()
    for value in found:
        if (respelled(value) if holds_numbers(values) else value) not in known:
            _check_word(value, values, column)
            raise _unknown(value, known, column.name, steps and holds_numbers(values) and not math.isnan(number_of(value)))
    return found


def means_none(value: object, column: Column) -> bool:
    """Whether a text stands for no value in a column of numbers, such as “none” where others are 10 and 20."""
    word = column.kind in ("int", "float") and isinstance(value, str) and value.strip() != ""
    return word and cell_reader(column)(value) is None


def _check_word(value: str, values: pd.Series, column: Column) -> None:
    """BadInput for a word that rows may well have, but not as a value."""
    if holds_numbers(values) and means_none(value, column):
        raise BadInput(f"{quote(value)} stands for no value in {quote(column.name)}, which is a column of numbers.",
                       "Have that column read as text, where it is a value like others, or leave it out.")


def _held(values: pd.Series) -> tuple[str, ...]:
    """The values of a column, spelled once each."""
    return tuple(map(str, texts(pd.Series(values.dropna().unique()))))


def _unknown(value: str, known: tuple[str, ...], column: str, step: bool) -> BadInput:
    """What is wrong with a value that no row has, and what to do about it."""
    if not known:
        return BadInput(f"{quote(column)} is empty in every row, so nothing can be learned about it.",
                        "Fill it in, or name another column.")
    near = _likest(value, known)
    hint = f"Write {quote(near)}, or another value that occurs." if near else "Name a value that occurs."
    if step:
        hint = f"Name a value that occurs, or a step of {value} to change it by so much."
    elif len(known) == 1 and not near:
        hint = f"Every row that has a value has {quote(known[0])}: name another column until some have another value."
    return BadInput(f"No row has {quote(value)} in {quote(column)}, so nothing can be learned about it.", hint)


def _likest(value: str, known: tuple[str, ...]) -> str:
    """The value that is spelled most like one that no row has; empty for none, and for numbers: 5 is no slip for -5."""
    alike = () if not math.isnan(number_of(value)) else names_like(value, known, 1)
    return alike[0] if alike else ""


def _known_pairs(
    lever: Lever, values: pd.Series, levels: Iterable[str], column: Column
) -> tuple[tuple[str, str], ...]:
    """The forbidden moves as the column spells them; BadInput naming a value that no row has: misspelled, it forbids nothing.
    Also these `levels`, which rows need not have, are known, and of a number moved by steps any number: it may come to be."""
    pairs = tuple((_spelled(before, values, column), _spelled(after, values, column)) for before, after in lever.forbidden)
    if not pairs:
        return ()
    known, numbers = dict.fromkeys((*_held(values), *levels)), holds_numbers(values)
    for value in (value for pair in pairs for value in pair):
        by_steps = is_numeric(lever, values) and not math.isnan(number_of(value))
        if (respelled(value) if numbers else value) not in known and not by_steps:
            _check_word(value, values, column)
            near = _likest(value, tuple(known))
            raise BadInput(f"No row has {quote(value)} in {quote(lever.column)}, so no move from or to it can be forbidden.",
                           f"In “forbidden”, write {quote(near)}, or another value that occurs." if near
                           else "In “forbidden”, name values that occur.")
    return pairs


def _spelled(value: object, values: pd.Series, column: Column) -> str:
    """A value as the texts of a column spell it, as far as one of them means the same."""
    levels = values.dropna().unique()
    some = tuple(texts(pd.Series(levels)).astype(object)) if len(levels) <= MOST_SPELLED else ()
    said, text = said_as(value, some), to_text(value) or ""
    if column.kind == "date" and not said:  # a day may be written as its file writes days
        day = cell_reader(column)(text)
        said = to_text(day) or "" if isinstance(day, datetime) and bool((values == day).any()) else ""
    if said or not holds_numbers(values):
        return said or text
    return _as_number(text, np.asarray(levels, dtype=np.float64), column)


def _as_number(text: str, levels: NDArray[np.float64], column: Column) -> str:
    """A text as its column spells the number that it is there: “10 %” of percents is 10, “9,99” may be 9.99. Of a column that was
    kept in 32 bits the value that has become of that number; a text that is none as it is."""
    read = cell_reader(column)(text)
    written, meant = number_of(text), read if isinstance(read, float) else math.nan
    if (levels == written).any():
        return text
    with np.errstate(over="ignore"):
        kept = levels[(levels == float(np.float32(written))) & (levels % 1 != 0)]
    if len(kept):
        return spelled(float(kept[0]))
    return spelled(meant) if math.isfinite(meant) and (math.isnan(written) or (levels == meant).any()) else text


def _pairs(given: object, column: str) -> tuple[tuple[Any, Any], ...]:
    pairs = several(given)
    if len(pairs) == 2 and not any(isinstance(one, (list, tuple)) for one in pairs):
        pairs = (pairs,)
    if any(not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs):
        raise BadInput(f"“forbidden” of the lever {quote(column)} is not a list of pairs.", 'Give [("from", "to")].')
    return tuple((before, after) for before, after in pairs)


def roles_of(asked: Roles, outcome: str, levers: tuple[Lever, ...], names: Names) -> Roles:
    """The roles under the typed table's names; BadInput when one names no column, or a column whose role it cannot be."""
    many = {key: tuple(names.clean_of(name) for name in several(getattr(asked, key))) for key in ROLES}
    one: dict[str, Any] = {key: "" if name in ("", None) else names.clean_of(name)
           for key, name in (("group", asked.group), ("experiment", asked.experiment), ("id", asked.id))}
    check_apart(many | {key: (name,) for key, name in one.items()}, outcome)
    columns = {lever.column for lever in levers}
    for key, words in (("group", "the group of rows"), ("id", "the name of a row")):
        if one[key] in columns:
            raise BadInput(f"{quote(one[key])} is named as a lever and as {words}.", "Name it once.")
    if one["experiment"] and one["experiment"] not in columns:
        raise BadInput(f"{quote(one['experiment'])} is named as an experiment and is no lever.", "Name it among the levers, too.")
    return Roles(**many, **one)


def checked_options(options: Options) -> Options:
    """The options with a whole seed; BadInput when one cannot be used."""
    if amount(options.value, "“value”") and options.value_column not in ("", None):
        raise BadInput("The options name one value for all rows and a column of values.", "Keep one of the two.")
    said: Any = options.currency
    if not isinstance(said, str):
        raise BadInput(f"“currency” is {quote(said)}, which is no text.", 'Give a sign such as "€".')
    seed = whole(options.seed, "“seed”")
    if options.model is not None and not callable(getattr(options.model, "predict_frame", None)):
        raise BadInput("The model has no “predict_frame”.", "Give a model that predicts a typed frame, or leave it out.")
    if options.progress is not None and not callable(options.progress):
        raise BadInput("“progress” cannot be called.", "Give a function of a share and a text, or leave it out.")
    return replace(options, seed=seed)
