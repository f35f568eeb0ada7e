"""The nouns of a pilot: what was chosen, drawn, promised and measured, and the money and words that all of its parts share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.power import Power
from automl_core.data.table import Column
from automl_core.data.words import join_words
from automl_core.explaining.words import number, percent, quote
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
TREAT, HOLD = "treat", "hold"
PilotState = Literal["running", "raised", "retired", "cancelled"]
Verdict = Literal["raised", "retired", "open"]


@dataclass(frozen=True, slots=True)
class PilotChoice:
    """What a person chooses: how many rows in all (0: as many as needed), the share that gets the change, days until outcomes
    are known, and the seed of the draw (None: a fresh one when the pilot starts, kept with it, so that no two pilots draw alike).
    `ended` adds rows that have an outcome once all without one are drawn; where a card has none of these, it makes no
    difference."""

    rows: int = 0
    treated_share: float = 0.5
    days: int = 30
    seed: int | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back: counts of assigned rows, matched ones with an outcome, and what could not be used.

    `switched` of the matched rows are said to be on another side than chance drew, as when one column of a sheet was sorted
    alone; `doubted` lines may mean several rows."""

    assigned: int
    matched: int
    unmatched: int
    duplicates: int
    missing: int
    unreadable: int
    treated: int
    held: int
    sentence: str
    switched: int = 0
    doubted: int = 0


@dataclass(frozen=True, slots=True)
class PilotResult:
    """The measured change of the mean outcome by intention to treat, adjusted for strata, with its 95 % interval and p.

    `delivered` is the money of the treated rows after costs with its range (NaN without money). Rates are shares of the wanted
    outcome, so more is better; numbers are in their own units. A result `waits` while outcomes came that are not due yet: nothing
    is compared then, lest somebody stops at a good day. A verdict that was asked for all the same is `early`. `by_rows`: the
    money is that of each row's own outcome at its own worth, compared as the outcomes are.
    """

    treated_mean: float
    held_mean: float
    difference: float
    low: float
    high: float
    p: float
    verdict: Verdict
    delivered: float
    delivered_low: float
    delivered_high: float
    returned: Returned
    sentence: str
    waits: bool = False
    early: bool = False
    by_rows: bool = False


@dataclass(frozen=True, slots=True)
class Pilot:
    """A pilot as kept: the card and the goal as they were, who was drawn how, what was promised, and the result once known.

    `promised` is the money of the treated rows after costs by the card's adjusted effect, with its range (NaN without money).
    `assignment` is the id of the file that says which row is on which side, `sent` that of the outcomes that came last, and
    `sent_name` what that was called.
    """

    id: str
    project_id: str
    run: str
    card: ActionCard
    goal: Goal
    choice: PilotChoice
    power: Power
    started: datetime
    due: str
    treated: int
    held: int
    strata: int
    id_columns: tuple[str, ...]
    is_rate: bool
    promised: float
    promised_low: float
    promised_high: float
    assignment: str = ""
    state: PilotState = "running"
    result: PilotResult | None = None
    sentence: str = ""
    sent: str = ""
    sent_name: str = ""

    @property
    def due_day(self) -> date:
        """The day that outcomes are due on."""
        return date.fromisoformat(self.due[:10])

    @property
    def promise(self) -> Promise:
        """What the card said, counted as the pilot's own result is."""
        return promise_of(self.card, self.is_rate)

    def possible(self, change: float) -> float:
        """The change, or the largest there can be: an interval of few rows may reach beyond 100 points of a share."""
        return min(max(change, -1.0), 1.0) if self.is_rate else change


@dataclass(frozen=True, eq=False, slots=True)
class PilotRows:
    """What a pilot is drawn from: the typed, cleaned rows, their columns, the outcomes `y` (NaN: none yet) and predicted `risk`
    (n,; of numbers what they are `dealt_by`), and what is predicted. `frame`, `y` and `risk` are aligned. Rows at the places
    `busy` are in another running pilot. `unseen` (n,) is the risk by models that had not learned from the row (NaN: there is
    none), None where all of `risk` is that: a model tells what it has learned far better than what will come."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    y: NDArray[np.generic]
    risk: Floats
    problem: Problem
    goal: Goal
    busy: frozenset[int] = frozenset()
    unseen: Floats | None = None


def money_of(card: ActionCard, goal: Goal, gain: float, treated: int) -> float:
    """Money of `treated` rows after costs when the mean outcome moves by `gain` in the wanted direction; NaN without money.
    Where a column says what each row is worth, the mean of the card's rows counts: it knows of no row's own gain."""
    value = card.worth if goal.value_column and math.isfinite(card.worth) else goal.value
    return treated * (value * gain - card.whole_cost) if goal.value > 0 else math.nan


def promised_money(card: ActionCard, goal: Goal, is_rate: bool, treated: int) -> tuple[float, float, float]:
    """What a card promises of so many treated rows after costs, with its range: where a column says what each row is worth, their
    share of the card's own money, else by its effect. NaN without money."""
    if goal.value_column and goal.value > 0 and card.rows > 0 and math.isfinite(card.worth) and math.isfinite(card.net_value):
        share = treated / card.rows
        return share * card.net_value, share * card.net_low, share * card.net_high
    turned = direction(goal, is_rate)
    net, *ends = (money_of(card, goal, turned * gain, treated) for gain in promise_of(card, is_rate))
    return net, min(ends), max(ends)


def direction(goal: Goal, is_rate: bool) -> float:
    """+1 when more of the outcome is wanted (always so for the wanted class), -1 when a low number is."""
    return -1.0 if goal.good == "low" and not is_rate else 1.0


class Promise(NamedTuple):
    """What a card says its change does to the share of the wanted class, or to the number, with its 95 % interval."""

    effect: float
    low: float
    high: float


def promise_of(card: ActionCard, is_rate: bool) -> Promise:
    """A card's effect as pilots and plans count: a yes/no card counts the positive class, also where the other one is wanted."""
    if is_rate and card.better == "down":
        return Promise(-card.adjusted, -card.high, -card.low)
    return Promise(card.adjusted, card.low, card.high)


def change_words(card: ActionCard) -> str:
    """What is done to a treated row: “Contract” = “One year”, both of two levers, or “Price” 5 % lower."""
    if math.isnan(card.step):
        return join_words([f"{quote(name)} = {quote(to)}" for name, to in
                           ((card.lever, card.to_value), *((one.lever, one.to_value) for one in card.also))])
    amount = percent(abs(card.step)) if card.relative else number(abs(card.step))
    return f"{quote(card.lever)} {amount} {'higher' if card.step > 0 else 'lower'}"
