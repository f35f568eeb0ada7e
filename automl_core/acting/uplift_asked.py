"""What a caller asks of an uplift, as the typed table has it: names, outcomes and values are understood as by `find_actions`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Lever
from automl_core.acting.asked import Roles, roles_of, several
from automl_core.acting.goal import check_good, good_of, said_as
from automl_core.acting.like_ids import with_given
from automl_core.acting.mappings import of_kind
from automl_core.acting.opened import problem_of
from automl_core.acting.own_names import names_of
from automl_core.acting.spelling import holds_numbers, number_of, texts
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column, Origin, Table, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import count, quote
from automl_core.framing.problem import Problem
from automl_core.framing.suggestion import is_yes

Floats = NDArray[np.float64]
_TREATED = (
    "1",
    "1.0",
    "yes",
    "true",
    "y",
    "t",
    "treat",
    "treated",
    "treatment",
    "test",
    "offer",
    "contacted",
    "email",
    "variant",
)
_CONTROL = ("0", "0.0", "no", "false", "n", "c", "hold", "holdout", "held", "control", "none")
# a letter or a figure says it only beside its opposite: of arms 1 and 2, or B and C, neither is more treated than the other
_BESIDE = {"1": ("0", "-1"), "1.0": ("0.0", "-1.0"), "y": ("n",), "n": ("y",), "t": ("c", "f"), "c": ("t",)}


@dataclass(frozen=True, slots=True)
class UpliftRoles:
    """How the columns are to be read. `good` is the wanted class as its values or as text ("No", 1, True, "yes" for the class
    that says so), or "low"/"high" for a number; empty it is the class that says yes, or "high". `treated` is the value of the
    treatment column that means treated, spelled as freely (empty: guessed). `never` columns and `later` ones (known only after
    the treatment) are not used; rows of one `group` go together. The `problem` says what the outcome is, which class says yes
    and what else must not be used; without one it is suggested by the outcome itself."""

    good: Any = ""
    treated: Any = ""
    never: tuple[Any, ...] = ()
    later: tuple[Any, ...] = ()
    group: Any = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Either(UpliftRoles):
    """The roles of an experiment and those of `Roles`, which a dictionary may mix."""

    given: tuple[Any, ...] = ()
    experiment: Any = ""
    id: Any = ""
    negative_control: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class AskedUplift:
    """The typed rows of an experiment and their columns, the problem (with the treatment among what no model may see), the
    wanted outcome as the problem spells it, and the treatment with the value that means treated as it was given."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    problem: Problem
    good: str
    treatment: str
    treated: object


def asked_uplift(
    frame: pd.DataFrame, outcome: Hashable, treatment: Hashable, roles: UpliftRoles | Roles | Mapping[str, Any] | None,
    columns: tuple[Column, ...],
) -> AskedUplift:
    """What is asked, under the names of the typed table; BadInput when a name, a role or the wanted outcome does not fit.

    With `columns` the frame is a typed table already. Of a `Roles`, or a dictionary of its fields, what names a row and what no
    lever can change are not used, as what is `never`.
    """
    asked = _roles(roles)
    if columns:
        target, lever = str(outcome), str(treatment)
        table = Table(frame, columns, Origin(name="experiment"))
    else:
        names = names_of(frame)
        target, lever = names.clean_of(outcome), names.clean_of(treatment)
        said = Roles(asked.given, asked.never, asked.later, asked.group, asked.experiment, asked.id, asked.negative_control)
        used = roles_of(said, target, (Lever(lever),), names)
        # typed tables come with a model's, which has the lever
        for role, some in (("never", used.never), ("later", used.later), ("negative_control", used.negative_control)):
            if lever in some:
                raise BadInput(f"{quote(lever)} is the treatment and is named as “{role}”, too.", "Name it once.")
        asked = replace(asked, **{field.name: getattr(used, field.name) for field in fields(Roles)})
        table = table_from_frame(frame.reset_index(drop=True), "experiment")
    for name in (target, lever, *((asked.group,) if asked.group else ())):
        find_column(table.columns, name)
    if target == lever:
        raise BadInput(f"{quote(target)} is named as the outcome and as the treatment.", "Name two columns.")
    known = _problem(table, target, asked)
    good = _good(asked, known)
    never, later = (tuple(dict.fromkeys(some)) for some in ((lever, *known.never, *_unused(asked)), (*known.later, *asked.later)))
    problem = with_given(known, table.columns, asked.given, table.frame)
    problem = replace(problem, never=never, later=later, group=asked.group or known.group)
    if problem.group:
        find_column(table.columns, problem.group)
    return AskedUplift(table.frame, table.columns, problem, good, lever, asked.treated)


def _roles(roles: UpliftRoles | Roles | Mapping[str, Any] | None) -> _Either:
    """The roles of either kind as one."""
    if isinstance(roles, Mapping):
        made = of_kind(roles, _Either, "roles")
    else:
        known = roles if isinstance(roles, Roles) else of_kind(roles, UpliftRoles, "roles")
        made = _Either(**{field.name: getattr(known, field.name) for field in fields(known)})
    if made.problem is not None and not isinstance(made.problem, Problem):
        raise BadInput(f"“problem” is {quote(type(made.problem).__name__)}.", "Give a Problem, or leave it out.")
    several_of: dict[str, Any] = {key: several(getattr(made, key)) for key in ("given", "never", "later", "negative_control")}
    return replace(made, **several_of)


def _unused(asked: _Either) -> tuple[str, ...]:
    """What no model of an uplift sees: what names a row tells nothing of it, and rows are not compared on a negative control."""
    return *asked.never, *(() if asked.id in ("", None) else (asked.id,)), *asked.negative_control


def _problem(table: Table, target: str, roles: UpliftRoles) -> Problem:
    """What the outcome is: as the roles say, or as the wanted outcome and the values tell. More than two numbers are a number
    unless a class of them is wanted."""
    if roles.problem is not None:
        if roles.problem.target != target:
            raise BadInput(f"The problem speaks of {quote(roles.problem.target)}, and the outcome is {quote(target)}.",
                           "Name the same column twice, or leave the problem out.")
        return roles.problem
    values = table.frame[target]
    counted = _unsaid(roles.good) and holds_numbers(values) and values.nunique() > 2
    return problem_of(table, target, "high" if counted else roles.good, Roles())


def _good(roles: UpliftRoles, problem: Problem) -> str:
    """The wanted outcome as the problem spells it; where nobody said it, the class for yes or a high number. BadInput when it
    cannot come out, or no class says yes: the effect would as soon be told of the bad one."""
    if _unsaid(roles.good):
        good = "high" if problem.task == "regression" else problem.positive if roles.problem is not None else _yes_of(problem)
        if not good:
            some = " and ".join(quote(name) for name in problem.classes) if len(problem.classes) == 2 else "its values"
            raise BadInput(f"It is not clear which of {some} in {quote(problem.target)} is wanted.", "Name it as “good”.")
        return good
    good = good_of(roles.good, problem)
    check_good(good, problem)
    return good


def _yes_of(problem: Problem) -> str:
    """The one of two classes that says yes; empty when none surely does, as of 1 and 2."""
    positive = problem.positive
    word = math.isnan(number_of(positive)) and is_yes(positive)
    return said_as(True, problem.classes) or (positive if word else "")


def _unsaid(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def treated_rows(series: pd.Series, treated: object = "") -> Floats:
    """(n,) 1 for treated, 0 for untreated, NaN for unknown. BadInput as `treated_value` says."""
    spelled = texts(series).where(series.notna())
    return np.where(spelled.isna(), np.nan, (spelled == treated_value(series, treated)).astype(np.float64))


def treated_value(series: pd.Series, treated: object = "") -> str:
    """The value that means treated, as the table spells it. BadInput without two values, when which is which is unclear, or when
    no row has the value that is named."""
    levels = tuple(sorted(str(level) for level in texts(series).where(series.notna()).dropna().unique()))
    if len(levels) != 2:
        found = count(len(levels), "value")
        raise BadInput(f"The treatment {quote(series.name)} has {found}, not two.", "Keep the rows of two of them.")
    both = f"{quote(levels[0])} and {quote(levels[1])}"
    if _unsaid(treated):
        first, second = _says_treated(*levels), _says_treated(*reversed(levels))
        if first is second:
            raise BadInput(f"It is not clear which of {both} means treated.", "Name the value that does.")
        return levels[0] if first or second is False else levels[1]
    named = said_as(treated, levels)
    if not named:
        raise BadInput(f"No row has {quote(treated)} in the treatment {quote(series.name)}.", f"Its values are {both}.")
    return named


def _says_treated(level: str, other: str) -> bool | None:
    """Whether a value means treated beside the other one; None where it says neither."""
    word = level.strip().casefold()
    if word in _BESIDE and other.strip().casefold() not in _BESIDE[word]:
        return None
    return True if word in _TREATED else False if word in _CONTROL else None
