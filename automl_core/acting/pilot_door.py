"""The public door of pilots: a card and a frame give a pilot with its draw and power; a frame of outcomes gives the verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.asked import Options, Roles, checked_options, flag
from automl_core.acting.decisions import dealt_by
from automl_core.acting.goal import said_as
from automl_core.acting.mappings import of_kind
from automl_core.acting.opened import Opened, opened
from automl_core.acting.own_names import names_of
from automl_core.acting.pilot_asked import checked_choice, day_of
from automl_core.acting.pilot_design import Draw, start_pilot
from automl_core.acting.pilot_files import assignment_frame, match_outcomes, pilot_table
from automl_core.acting.pilot_result import judge
from automl_core.acting.pilots import Pilot, PilotChoice, PilotResult, PilotRows
from automl_core.acting.unseen import told_unseen
from automl_core.acting.what_if import Predicts
from automl_core.acting.worth import valued
from automl_core.data.table import Column, Reading, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import plain, quote
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class StartedPilot:
    """A pilot and all that its outcomes are judged by.

    `table` has one line a drawn row: `row` (its position in the frame), the row's own ids, `arm` ("treat" or "hold"), the column
    to `change`, its value `now`, the value to be `set_to` (empty for rows that are held out), the day outcomes are `due`, and an
    empty column for the outcome. `draw` holds the same as arrays. `pilot.power` says what the pilot can see.
    """

    pilot: Pilot
    draw: Draw
    table: pd.DataFrame
    assignment: pd.DataFrame
    problem: Problem
    column: Column


def pilot_of(
    card: ActionCard, frame: pd.DataFrame, outcome: Hashable, roles: Roles | Mapping[str, Any] | None = None,
    options: Options | Mapping[str, Any] | None = None, choice: PilotChoice | Mapping[str, Any] | None = None,
) -> StartedPilot:
    """A pilot of a card, drawn now from the rows of `frame` (n, columns): chance decides which of them get the change.

    `outcome` and `roles` are those of `find_actions`; rows of one `group` go to one side together. Rows whose outcome is missing
    come first, for there one can still act; past rows with an outcome must be among them, for they tell how sure the pilot can
    be. Of `options`, `value` (or `value_column`), `currency`, `model` and `seed` count: rows are dealt inside strata of the risk
    that the model predicts, or without one small models that have not seen the row. How much of the outcome the strata tell is
    counted by such models in any case, for yours may have learned from these rows. `choice` says how many rows (0: as many as
    are needed), which share gets the change, how long it runs, and the seed of the draw: without one a fresh one, which is kept
    in `pilot.choice`. Leave rows out of `frame` that another pilot has.

    BadInput when the card is a pattern only, too few rows can be drawn, or as `find_actions` says.
    """
    if not isinstance(card, ActionCard):
        raise BadInput(f"“card” is {quote(type(card).__name__)}, which is no action card.", "Give one that find_actions found.")
    options = checked_options(of_kind(options, Options, "options"))
    choice = PilotChoice(days=card.days or 30) if choice is None else of_kind(choice, PilotChoice, "choice")
    choice = checked_choice(choice)
    wanted = None if card.in_points else "low" if card.better == "down" else "high"
    _check_outcome(card, frame, outcome)
    one = opened(frame, outcome, wanted, roles, card=card).own
    goal = _goal(one, _good(card, one), options)
    told = _told(one, goal, options)
    risk = told if options.model is None else _said(one, goal, options.model)
    rows = PilotRows(one.frame, one.columns, one.y, risk, one.problem, goal, unseen=told)
    pilot, drawn = start_pilot(card, rows, choice, datetime.now(UTC))
    assignment = assignment_frame(card, rows.frame, drawn, pilot.id_columns, goal, rows.y)
    table = pilot_table(pilot, assignment, goal.outcome)
    return StartedPilot(pilot, drawn, table, assignment, one.problem, find_column(one.columns, goal.outcome))


def judge_pilot(started: StartedPilot, sent: pd.DataFrame, today: object = None, early: bool = False) -> PilotResult:
    """What the outcomes say of the card: the change with its 95 % interval, and the verdict.

    `sent` is the pilot's `table` with the outcomes filled in, or any frame with the row's own id (or `row`) and the outcome, in
    any order; outcomes as the frame had them, or yes and no, true and false, 1 and 0. Rows count where chance put them, whatever
    was done to them. With a day as `today` (a date, a moment or a text) there is no verdict before outcomes are due, unless it is
    asked for `early`.

    BadInput when `today` is no day, a line cannot be put to a row of the pilot, or no outcome can be read.
    """
    if not isinstance(started, StartedPilot):
        raise BadInput(f"“started” is {quote(type(started).__name__)}, which is no pilot.", "Give what pilot_of gave.")
    day = day_of(today)
    names, column = names_of(sent), started.column
    place = names.place(column.name)
    if place >= 0 and pd.api.types.is_numeric_dtype(sent.dtypes.iloc[place]):  # numbers are not read as the file once wrote them
        column = replace(column, reading=Reading())
    matched = match_outcomes(started.pilot, started.assignment, sent.set_axis(list(names.own), axis=1), started.problem, column)
    return judge(started.pilot, matched, day, flag(early, "“early”"))


def _check_outcome(card: ActionCard, frame: pd.DataFrame, outcome: Hashable) -> None:
    """BadInput when the card counts another column: its promise would be held against what it never spoke of."""
    names = names_of(frame)
    place = names.place(outcome)
    about = [quote(name) for name in (names.own[place], names.clean[place])] if place >= 0 else []
    if about and card.counted and not any(card.counted == name or card.counted.startswith(f"{name} = “") for name in about):
        raise BadInput(f"The card counts {card.counted}, and {about[0]} is named as the outcome.",
                       "Name the outcome that the card is about.")


def _good(card: ActionCard, one: Opened) -> str:
    """The outcome that a card wants, by what it counts; BadInput when no row of the table has that."""
    if not card.in_points:
        return one.good
    label, classes = card.counted.rpartition(" = “")[2].removesuffix("”"), one.problem.classes
    counted = next((name for name in classes if plain(name) == label), said_as(label, classes))  # else in another spelling
    others = [name for name in classes if name != counted]
    if not counted or (card.better == "down" and len(others) != 1):
        raise BadInput(f"The card counts {card.counted}, and that is no outcome of this table.",
                       "Name the outcome that the card is about.")
    return others[0] if card.better == "down" else counted


def _goal(one: Opened, good: str, options: Options) -> Goal:
    worth = one.column(options.value_column) if options.value_column not in ("", None) else ""
    goal = Goal(one.problem.target, good, 0.0 if worth else float(options.value), given=one.roles.given, never=one.roles.never,
                currency=options.currency, later=one.roles.later, value_column=worth)
    return valued(goal, one.frame)


def _said(one: Opened, goal: Goal, model: Predicts) -> Floats:
    """(n,) what the outcome of each row is expected to be, by a model that may have learned from it."""
    rows = one.frame.set_axis(list(one.names.clean), axis=1)  # a model was made on a typed table, as for find_actions
    return dealt_by(np.asarray(model.predict_frame(rows), dtype=np.float64), one.problem, goal)


def _told(one: Opened, goal: Goal, options: Options) -> Floats:
    """(n,) the same of models that have not seen the row."""
    told, number = told_unseen(one, goal.good, options.seed), one.problem.task == "regression"
    return dealt_by(told, one.problem, goal) if number else 1.0 - told
