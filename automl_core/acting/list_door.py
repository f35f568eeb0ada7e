"""The public door of decisions: a frame, an outcome and terms give the list of rows to act on, and what such a list is worth."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.asked import Options, Roles, amount, checked_options, several
from automl_core.acting.decide import Decision, DecisionInputs, decide
from automl_core.acting.decisions import actions_frame, free_name, rank_rows
from automl_core.acting.goal import check_goal, said_as
from automl_core.acting.limits import limits_of
from automl_core.acting.mappings import of_kind
from automl_core.acting.opened import Opened, opened
from automl_core.acting.simple_rule import rule_or_none
from automl_core.acting.unseen import told_unseen
from automl_core.acting.worth import row_values, valued
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Terms:
    """What acting on rows of a list costs and brings, in the words of `goal.toml`. `value` is money per outcome turned good (0:
    no money; the list then goes by risk), or `value_column` names the column that says it of each row. `contact_cost` is money
    per row acted on (None: not known, and taken to be nothing). `save_rate` is the share of bad outcomes that acting turns good,
    with the 95 % `save_range` where it was measured. At most `capacity` rows and `budget` money (None: no limit)."""

    value: float = 0.0
    value_column: Any = ""
    contact_cost: float | None = None
    save_rate: float = 0.2
    save_range: tuple[float, ...] = ()
    capacity: int | None = None
    budget: float | None = None
    currency: str = "€"
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class DecidedList:
    """`actions` are the rows to act on, best first (`row` is the position in the frame, `prediction` what was predicted of what
    is `counted`), and `table` the same as a frame: with `rank`, `row`, the row's own id if it has one, and `prediction`.
    `decision` tells what a list of the rows with an outcome alone is worth by these outcomes: its money with the 95 % range,
    against as many at random, everyone and the simple rule, the profit curve, lift, other save rates and break-even. `counted`
    names what predictions are of."""

    actions: ActionList
    table: pd.DataFrame
    decision: Decision
    counted: str


def decisions_of(
    frame: pd.DataFrame, outcome: Hashable, good: object, terms: Terms | Mapping[str, Any] | None = None,
    predictions: object = None, roles: Roles | Mapping[str, Any] | None = None,
) -> DecidedList:
    """The rows to act on under a capacity and a budget by expected worth (save rate x risk x value - cost), those without an
    outcome first where others have one; and what such a list is worth by the outcomes that came.

    `frame`, `outcome`, `good` and `roles` are those of `find_actions`; `good` must be named. `terms` may be a dictionary of the
    fields of `Terms`. `predictions` (n,), in the order of the rows, are by a model that had not seen them: of two classes the
    probability of the one that says yes ("yes", 1, True; else the rarer one), of several that of `good`, or the number; or a
    frame (n, classes) with a column for each class. Without any, small models that have not seen the row predict it. A row
    without a prediction has no risk.

    BadInput when predictions do not fit, a limit leaves no row, an amount is none, or as `find_actions` says.
    """
    terms = of_kind(terms, Terms, "terms")
    cost = 0.0 if terms.contact_cost is None else amount(terms.contact_cost, "“contact_cost”")
    free = terms.contact_cost is not None and cost == 0
    capacity, budget = _limits(terms, free)
    options = checked_options(Options(terms.value, value_column=terms.value_column, currency=terms.currency, seed=terms.seed))
    if good is None:
        raise BadInput("It is not said which outcome is good.", 'Name the wanted class, or "low" or "high" for a number.')
    one = opened(frame, outcome, good, roles).own
    worth = one.column(terms.value_column) if terms.value_column not in ("", None) else ""
    goal = Goal(
        one.problem.target, one.good, 0.0 if worth else float(terms.value), capacity, budget, one.roles.given, one.roles.never,
        save_rate=amount(terms.save_rate, "“save_rate”"), contact_cost=cost, currency=terms.currency, later=one.roles.later,
        contact_free=free, value_column=worth,
        save_range=tuple(amount(end, "An end of “save_range”") for end in several(terms.save_range)),
    )  # fmt: skip
    check_goal(goal, one.problem, one.columns)
    goal = valued(goal, one.frame)
    said = _predictions(predictions, one, options.seed)
    if np.isnan(said).all():
        raise BadInput("No row has a prediction, so none can be told from another.", "Give them, or leave them out.")
    actions = _of_counted(rank_rows(one.frame, said, one.columns, one.problem, goal), said, one)
    target = quote(goal.outcome)
    label = one.problem.positive if one.problem.task == "binary" else one.good
    counted = target if one.problem.task == "regression" else f"{target} = {quote(label)}"
    return DecidedList(actions, _table(actions, one), _judged(one, said, goal, options.seed), counted)


def _limits(terms: Terms, free: bool) -> tuple[int, float]:
    """The limits as a goal has them, where 0 is no limit; what is `free` needs no budget."""
    rows, _ = limits_of(terms.capacity, None, empty=False)
    _, money = limits_of(None, terms.budget, empty=free)
    return rows or 0, money or 0.0


def _of_counted(actions: ActionList, said: Floats, one: Opened) -> ActionList:
    """The list with each row's prediction as it was given: of several classes that of the good one, where a list has the risk."""
    if one.problem.task != "multiclass":
        return actions
    told = said[:, one.problem.classes.index(one.good)]
    return replace(actions, rows=tuple(replace(row, prediction=float(told[row.row])) for row in actions.rows))


def _table(actions: ActionList, one: Opened) -> pd.DataFrame:
    """The list as a frame, with the position of each row in the caller's beside its own id."""
    table = actions_frame(actions, one.frame, one.columns)
    if any(column.role == "id" and column.name in one.frame for column in one.columns):  # else it has the position alone
        table.insert(1, free_name("row", table.columns), [row.row for row in actions.rows])
    return table


def _judged(one: Opened, said: Floats, goal: Goal, seed: int) -> Decision:
    """What a list of the rows with an outcome alone is worth by it."""
    past, problem = one.known, one.problem
    predictions = said[np.isfinite(one.y)]
    groups = past.frame[problem.group].to_numpy() if problem.group else None
    values = row_values(past.frame, goal) if goal.value_column else None
    y = past.y if problem.task == "regression" else past.y.astype(np.int64)
    rule = rule_or_none(past.frame, y, past.columns, problem, seed)
    return decide(DecisionInputs(predictions, y, problem, goal, rule, seed, groups, values=values),
                  rank_rows(past.frame, predictions, past.columns, problem, goal))


def _predictions(given: object, one: Opened, seed: int) -> Floats:
    """(n,) or (n, classes) predictions as a model of the problem has them."""
    problem, rows = one.problem, len(one.frame)
    if given is None:
        told = told_unseen(one, one.good, seed)
        return _of_class(1.0 - told if problem.task == "binary" and one.good != problem.positive else told, one)
    if isinstance(given, pd.DataFrame):
        return _by_class(given, one)
    try:
        told = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput("The predictions are no numbers.", "Give one number a row.") from None
    if told.shape != (rows,):
        raise BadInput(f"The predictions have the shape {told.shape}, and the table has {rows:,} rows.",
                       "Give one number a row, or a frame with a column for each class.")
    return _of_class(told, one)


def _by_class(given: pd.DataFrame, one: Opened) -> Floats:
    """The probabilities (n, classes) of a frame that names each class in its columns."""
    classes = one.problem.classes
    places = {said_as(label, classes): place for place, label in enumerate(given.columns)}
    missing = [name for name in classes if name not in places]
    if not classes or missing or len(given) != len(one.frame):
        raise BadInput("The predictions are no frame with a row for each of the table's and a column for each class.",
                       f"Name its columns {', '.join(map(quote, classes))}." if classes else "Give one number a row.")
    told = np.column_stack([_checked(pd.to_numeric(given.iloc[:, places[name]], errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan)) for name in classes])
    return told[:, classes.index(one.problem.positive)] if one.problem.task == "binary" else told


def _of_class(told: Floats, one: Opened) -> Floats:
    """Predictions (n,) shaped as a model's: of several classes the others share what the good one leaves."""
    classes = one.problem.classes
    if one.problem.task == "regression":
        if np.isinf(told).any():
            raise BadInput("A prediction is infinite.", "Give numbers; leave those that are not known empty.")
        return told
    told = _checked(told)
    if one.problem.task == "binary":
        return told
    shared = np.repeat(((1.0 - told) / (len(classes) - 1))[:, None], len(classes), axis=1)
    shared[:, classes.index(one.good)] = told
    return shared


def _checked(told: Floats) -> Floats:
    if not np.all(np.isnan(told) | ((told >= -1e-9) & (told <= 1 + 1e-9))):
        raise BadInput("A probability is below 0 or above 1.", "Give those that a model predicts.")
    return np.asarray(np.clip(told, 0.0, 1.0))
