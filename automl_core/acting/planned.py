"""Cards turned into rows: at most one action for each row that a card speaks of, the best under a budget and a capacity.

The level of an effect is the card's adjusted one. How it differs by row is taken half from the model's what-if, scaled to that
level: only half, because picking the rows with the largest predicted effects picks its errors, too. Patterns (grade D) never
become an action.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.budget import choose_in_turn
from automl_core.acting.conditions import describe_all
from automl_core.acting.costs import row_costs
from automl_core.acting.decisions import free_name, unknown_rows
from automl_core.acting.levers import handed_on, moved, name_of
from automl_core.acting.list_words import unknown_words
from automl_core.acting.pilot_design import rows_for
from automl_core.acting.pilots import direction, promise_of
from automl_core.acting.plan_words import ROW_GAINS, ended_words, pilot_words, why_none
from automl_core.acting.recourse import wanted
from automl_core.acting.wording import costs_told
from automl_core.acting.worth import row_values
from automl_core.data.table import Column
from automl_core.explaining.words import counted_alike, money
from automl_core.search.model import Model

Floats = NDArray[np.float64]
SPREAD = 2.0  # a row's scaled effect is at most this many times the card's


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One row and what to change on it. `p_now` and `p_after` are the probability of the wanted class (or the number), the effect
    the expected change with its range; money is NaN when none was given. `row` is the position in the frame."""

    row: int
    card: str
    segment: str
    lever: str
    now: str
    to: str
    p_now: float
    p_after: float
    effect_low: float
    effect_high: float
    expected_value: float
    cost: float
    net: float
    grade: str
    support: float


def planned_gain(action: PlannedAction, goal: Goal, is_rate: bool) -> float:
    """What the change gains in the wanted direction: a share for classes, or units of the number."""
    return direction(goal, is_rate) * (action.p_after - action.p_now)


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """The planned actions, best first, those on rows without an outcome ahead of others; net money together, the most any plan
    could bring, and whether this is proven the best in that order. `held` rows that cards speak of are left out, because a
    running pilot holds them out. `apart`: some gain differs from its card's mean by what the model says of the row."""

    actions: tuple[PlannedAction, ...]
    net: float
    cost: float
    bound: float
    exact: bool
    sentence: str
    held: int = 0
    apart: bool = False

    @property
    def gains_sentence(self) -> str:
        """How the gains of single rows differ from what their cards tell; empty where none does."""
        return ROW_GAINS if self.apart else ""


@dataclass(frozen=True, eq=False, slots=True)
class PlanInputs:
    """`frame` is typed and cleaned, aligned with `predictions` by models that had not seen the rows; its index says which row of
    the table each is. `columns` are its columns. Rows at the places `held` are held out in a running pilot and stay as they are;
    those at the places `treated` get one of the cards named there, which a running pilot tests on them, or nothing.
    """

    model: Model
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    predictions: Floats
    goal: Goal
    held: frozenset[int] = frozenset()
    treated: Mapping[int, frozenset[str]] = field(default_factory=dict)


def plan_actions(cards: Sequence[ActionCard], inputs: PlanInputs) -> ActionPlan:
    """The best plan for the goal's capacity and budget: one action a row, of the card that is worth most there, or of a cheaper
    one where the money does more with that. Rows without an outcome, where others have one, come first, as in a list, for
    there one can still act: rows that have ended get the money and the room that those leave.

    Without money the better grade wins, then the larger gain; the plan then keeps every row up to the capacity. A row that a
    pilot holds out gets no action, whichever card it is of, and one that a pilot treats none but the pilot's own: it could no
    longer tell what its own change does.
    """
    goal, rows = inputs.goal, len(inputs.frame)
    now = wanted(inputs.model, inputs.predictions, goal)
    turned = direction(goal, inputs.model.problem.task != "regression")
    usable = [card for card in cards if card.grade != "D"]
    changes = [_effects(card, inputs, now) for card in usable]
    effects = np.column_stack([np.empty((rows, 0)), *(change.effect for change in changes)])
    costs = np.column_stack([np.empty((rows, 0)), *(row_costs(card, goal, inputs.frame) for card in usable)])
    others = np.column_stack([np.empty((rows, 0), dtype=bool), *(_of_others(card, inputs) for card in usable)])
    barred = (others & np.isfinite(effects)).any(axis=1)
    own = np.where(others, math.nan, turned * effects)
    held = np.isin(np.arange(rows), list(inputs.held)) & np.isfinite(own).any(axis=1)
    gain = np.where(held[:, None], math.nan, own)
    level = np.array(["ABC".index(card.grade) for card in usable])
    values = row_values(inputs.frame, goal)
    net = values[:, None] * gain - costs if goal.priced else _in_order(np.broadcast_to(level, gain.shape), gain)
    still = unknown_rows(inputs.frame, inputs.model.problem)
    unknown = still & np.isfinite(gain).any(axis=1)
    chosen = choose_in_turn(net, costs, unknown, goal.budget, goal.capacity)
    picked, which = chosen.rows, np.full(rows, -1)
    which[picked] = chosen.options
    said = _texts(usable, picked, which, inputs)
    actions = [_priced(_action(usable[which[row]], effects[:, which[row]], now, (row, said[row]), inputs),
                       (float(values[row]), float(costs[row, which[row]])), inputs) for row in picked.tolist()]
    made = _plan(tuple(actions), chosen.bound if goal.priced else math.nan, chosen.exact, goal)
    if not actions:
        made = replace(made, sentence=why_none(bool(usable), net, costs, goal))
    still_worth = sum(action.net for action in actions if unknown[action.row])
    words = unknown_words(int(unknown[picked].sum()), len(picked), still_worth, goal.currency)
    words += ended_words(int(unknown[picked].sum()), len(picked)) if still.any() else ""
    words += pilot_words(int(held.sum()), int((barred & ~held).sum()))
    alike = counted_alike(inputs.model.problem.weights) if actions and goal.priced else ""
    apart = any(bool(changes[which[row]].apart[row]) for row in picked.tolist())
    return replace(made, held=int(held.sum()), sentence=made.sentence + words + f" {alike}".rstrip(), apart=apart)


def _of_others(card: ActionCard, inputs: PlanInputs) -> NDArray[np.bool_]:
    """(n,) rows that a running pilot treats with the change of another card."""
    mask = np.zeros(len(inputs.frame), dtype=bool)
    mask[[place for place, cards in inputs.treated.items() if card.id not in cards]] = True
    return mask


def _in_order(level: NDArray[np.int64], gain: Floats) -> Floats:
    """Worths (n, k) for a choice without money: as many rows as the limits allow, of them actions of the better grade, then of
    the larger gain. All that order adds together is less than one row more. NaN where there is no action."""
    some = np.isfinite(gain)
    order = np.lexsort((-gain[some], level[some]))
    ranked = np.empty(len(order))
    ranked[order] = 1 + np.arange(len(order), 0, -1) / max(1, len(order)) ** 2
    worth = np.full(gain.shape, math.nan)
    worth[some] = ranked
    return worth


@dataclass(frozen=True, eq=False, slots=True)
class _Changes:
    """(n,) the expected `effect` of a card on each row that it speaks of, NaN for others; and which are set `apart` by what the
    model says of the row, not only by the room that it has."""

    effect: Floats
    apart: NDArray[np.bool_]


def _effects(card: ActionCard, inputs: PlanInputs, now: Floats) -> _Changes:
    """The expected changes of a card. Never against its direction, and of a chance never beyond none or sure."""
    rows, is_rate = len(inputs.frame), inputs.model.problem.task != "regression"
    made = _Changes(np.full(rows, math.nan), np.zeros(rows, dtype=bool))
    places = np.flatnonzero(rows_for(card, inputs.frame) & (np.isfinite(now) | (not is_rate)))
    if not len(places):
        return made
    before = inputs.frame.iloc[places]
    after = moved(card, before, np.ones(len(before), dtype=bool))
    delta = wanted(inputs.model, inputs.model.predict_frame(after), inputs.goal) - wanted(
        inputs.model, inputs.model.predict_frame(before), inputs.goal
    )
    mean = float(delta.mean())
    effect = promise_of(card, is_rate).effect
    level = np.full(len(places), effect)
    scaled = (level + delta * (effect / mean)) / 2 if mean * effect > 0 else level
    room = _room(effect, now[places]) if is_rate else np.full(len(places), math.inf)
    made.effect[places] = _levelled(scaled, effect, room)
    made.apart[places] = ~np.isclose(made.effect[places], _levelled(level, effect, room), rtol=1e-9, atol=1e-12)
    return made


def _room(effect: float, now: Floats) -> Floats:
    """(n,) how far a chance can change in the direction of the effect."""
    return (1 - now if effect > 0 else now).clip(0, 1)


def _levelled(scaled: Floats, effect: float, room: Floats) -> Floats:
    """(n,) the changes within none and `SPREAD` times the card's effect, or the `room` (n,) that a row has, all moved alike until
    their mean is that effect: where what lies beyond the limits is cut off alone, a plan promises more or less than its own card.
    Less only where the rows have no room for it."""
    sign = math.copysign(1.0, effect)
    changes, size, ends = sign * scaled, abs(effect), np.minimum(SPREAD * abs(effect), room)
    least, most = -float(changes.max()), float((ends - changes).max())  # all at the one end, and all at the other
    for _ in range(60):
        middle = (least + most) / 2
        least, most = (middle, most) if float((changes + middle).clip(0, ends).mean()) < size else (least, middle)
    levelled: Floats = sign * (changes + most).clip(0, ends)
    return levelled


def _texts(
    cards: list[ActionCard], rows: NDArray[np.int64], which: NDArray[np.int64], inputs: PlanInputs
) -> dict[int, tuple[str, str]]:
    """The values of the levers now and after, by row: a card at a time, for a copy of each row would take a minute of 50,000."""
    found: dict[int, tuple[str, str]] = {}
    for place, card in enumerate(cards):
        mine = rows[which[rows] == place]
        here = inputs.frame.iloc[mine]
        then = moved(card, here, np.ones(len(here), dtype=bool))
        levers = (card.lever, *(one.lever for one in card.also))
        before, after = (
            [" + ".join(parts) for parts in zip(*(table[name].map(handed_on) for name in levers), strict=True)]
            for table in (here, then)
        )
        found.update(zip(mine.tolist(), zip(before, after, strict=True), strict=True))
    return found


def _action(
    card: ActionCard, effects: Floats, now: Floats, told: tuple[int, tuple[str, str]], inputs: PlanInputs
) -> PlannedAction:
    row, (before, after) = told
    effect = float(effects[row])
    is_rate = inputs.model.problem.task != "regression"
    promise = promise_of(card, is_rate)
    ratio = effect / promise.effect if promise.effect else 0.0
    ends = sorted((promise.low * ratio, promise.high * ratio))
    levers = (card.lever, *(one.lever for one in card.also))
    segment = describe_all(card.conditions) if card.conditions else card.who
    return PlannedAction(
        row, card.id, segment, " + ".join(levers), before, after, float(now[row]), float(now[row]) + effect, ends[0], ends[1],
        math.nan, card.whole_cost, math.nan, card.grade, card.support,
    )  # fmt: skip


def _priced(action: PlannedAction, amounts: tuple[float, float], inputs: PlanInputs) -> PlannedAction:
    """The action with its money, by what a good outcome of its row is worth and what its change costs there; with the cost alone
    where the goal has no money."""
    value, cost = amounts
    action = replace(action, cost=cost)
    if not inputs.goal.priced:
        return action
    worth = value * planned_gain(action, inputs.goal, inputs.model.problem.task != "regression")
    return replace(action, expected_value=worth, net=worth - action.cost)


def _plan(actions: tuple[PlannedAction, ...], bound: float, exact: bool, goal: Goal) -> ActionPlan:
    net = float(sum(action.net for action in actions)) if goal.priced else math.nan
    cost = float(sum(action.cost for action in actions))
    if not actions:
        return ActionPlan((), net, cost, bound, exact, "")
    words = f"{len(actions):,} rows, one action each" if len(actions) > 1 else "1 row, one action"
    if goal.priced:
        words += f": {money(net, goal.currency)} expected"
        words += f" after {money(cost, goal.currency)} of costs" if cost else f" {costs_told(cost)}"
        words += "." if exact else f"; no plan within the limits can bring more than {money(bound, goal.currency)}."
    else:
        words += "."
    return ActionPlan(actions, net, cost, bound, exact, words)


@dataclass(frozen=True, slots=True)
class PlanLabels:
    """What every line of an exported plan carries: until when it holds, of which model, the side of each row in a running pilot
    ("treat", "hold", or nothing), and reasons by row."""

    valid_until: str
    model_version: str
    arms: dict[int, str]
    reasons: dict[int, tuple[str, ...]]


def plan_frame(plan: ActionPlan, inputs: PlanInputs, labels: PlanLabels) -> pd.DataFrame:
    """The plan as a table for export, one line a row: its own id (or position), the action, figures, pilot side and reasons. A
    chance that rounding would lead beyond none or sure is said to be that."""
    places = [action.row for action in plan.actions]
    ids = [column.name for column in inputs.columns if column.role == "id" and column.name in inputs.frame]
    table: dict[str, object] = {name: inputs.frame[name].iloc[places].map(name_of).tolist() for name in ids}
    if not ids:
        table["row"] = inputs.frame.index[places].tolist()
    for name, attribute in (
        ("segment", "segment"), ("lever", "lever"), ("from", "now"), ("to", "to"), ("p_now", "p_now"),
        ("p_after", "p_after"),
        ("effect_lo", "effect_low"), ("effect_hi", "effect_high"), ("expected_value", "expected_value"), ("cost", "cost"),
        ("net", "net"), ("grade", "grade"), ("support", "support"),
    ):  # fmt: skip
        values = [getattr(action, attribute) for action in plan.actions]
        if attribute == "p_after" and inputs.model.problem.task != "regression":
            values = [min(1.0, max(0.0, value)) for value in values]
        table[free_name(name, ids)] = [round(value, 6) if isinstance(value, float) else value for value in values]
    table[free_name("arm", ids)] = [labels.arms.get(row, "") for row in places]
    table[free_name("valid_until", ids)] = [labels.valid_until] * len(places)
    table[free_name("model_version", ids)] = [labels.model_version] * len(places)
    for place in range(3):
        table[free_name(f"reason_{place + 1}", ids)] = [(*labels.reasons.get(row, ()), "", "", "")[place] for row in places]
    table[free_name("card", ids)] = [action.card for action in plan.actions]
    return pd.DataFrame(table)
