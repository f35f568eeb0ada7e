"""Plans: who gets which card within a budget, what is told of each row, and their files."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import ActionCard, Condition, Goal, Lever
from automl_core.acting.planned import (
    ActionPlan,
    PlanInputs,
    PlanLabels,
    PlannedAction,
    _levelled,
    plan_actions,
    plan_frame,
    planned_gain,
)
from automl_core.explaining.words import money
from automl_core.search.model import Model
from tests.unit.modelling import make_model


def test_a_planned_gain_is_in_the_wanted_direction() -> None:
    cheaper = PlannedAction(0, "c", "", "price", "9", "8", 10.0, 5.0, -6.0, -4.0, math.nan, 0.0, math.nan, "B", 1.0)
    assert planned_gain(cheaper, Goal("cost", "low"), False) == 5
    assert planned_gain(cheaper, Goal("cost", "high"), False) == -5
    likelier = PlannedAction(0, "c", "", "offer", "no", "yes", 0.4, 0.6, 0.1, 0.3, math.nan, 0.0, math.nan, "B", 1.0)
    assert planned_gain(likelier, Goal("Churn", "No"), True) == pytest.approx(0.2)


CARD = ActionCard(
    "All rows", "charge", "as it is", "10.25 lower", 300, 0.0, 0.0, -20.0, -30.0, -10.0, math.nan, math.nan, math.nan, "B", 1.0,
    0.1, "", id="c", step=-10.25)  # fmt: skip


def planned(cards: tuple[ActionCard, ...], goal: Goal) -> tuple[ActionPlan, PlanInputs]:
    model, table = make_model("regression")
    frame = table.frame.assign(charge=table.frame["charge"] + 117_000)
    frame["customer id"] = pd.Series(np.arange(12_345, 12_645)).astype("float64").mask(frame["charge"].isna())
    inputs = PlanInputs(model, frame, table.columns, model.predict_frame(frame), goal)
    return plan_actions(cards, inputs), inputs


def test_a_plan_says_that_its_money_counts_rows_alike() -> None:
    goal = Goal("value", "low", value=10.0, capacity=5)
    plan, inputs = planned((CARD,), goal)
    assert "alike" not in plan.sentence
    weighed = replace(inputs.model, problem=replace(inputs.model.problem, weights="charge"))
    assert plan_actions((CARD,), replace(inputs, model=weighed)).sentence.endswith(
        "expected before costs. Rows count alike here, whatever “charge” says.")
    assert "before costs" not in planned((replace(CARD, cost=0.1),), goal)[0].sentence
    harm = planned((replace(CARD, adjusted=20.0, low=10.0, high=30.0),), goal)[0]
    assert harm.sentence == "No action brings money at this value."


def test_a_plan_hands_on_ids_and_values_as_they_are() -> None:
    plan, inputs = planned((CARD,), Goal("value", "low", capacity=50))
    table = plan_frame(plan, inputs, PlanLabels("2027-01-01", "run", {}, {}))
    places = [action.row for action in plan.actions]
    assert len(places) == 50
    assert table["customer id"].tolist() == [str(12_345 + place) for place in places]
    assert [float(text) for text in table["from"]] == inputs.frame["charge"].iloc[places].tolist()
    assert [float(text) for text in table["to"]] == (inputs.frame["charge"].iloc[places] - 10.25).round(2).tolist()


def test_a_plan_writes_no_chance_beyond_none_or_sure() -> None:
    """The expected change of a row near an end leads beyond it; a number may lie anywhere."""
    plan, inputs = planned((CARD,), Goal("value", "low", capacity=3))
    beyond = replace(plan, actions=tuple(
        replace(action, p_after=after) for action, after in zip(plan.actions, (1.2, -0.1, 0.4), strict=True)))
    model = replace(inputs.model, problem=replace(inputs.model.problem, task="binary"))
    for given, told in ((replace(inputs, model=model), [1.0, 0.0, 0.4]), (inputs, [1.2, -0.1, 0.4])):
        assert plan_frame(beyond, given, PlanLabels("2027-01-01", "run", {}, {}))["p_after"].tolist() == told


def test_gains_of_rows_differ_from_their_card_by_half_of_what_the_model_says_and_the_plan_says_so() -> None:
    """The two stood side by side without a word."""
    plan, inputs = planned((CARD,), Goal("value", "low"))
    rows = [action.row for action in plan.actions]
    before = inputs.frame.iloc[rows]
    said = inputs.model.predict_frame(before.assign(charge=before["charge"] - 10.25)) - inputs.model.predict_frame(before)
    told = np.array([action.p_after - action.p_now for action in plan.actions])
    half = (CARD.adjusted + said * CARD.adjusted / said.mean()) / 2
    inner = (told < -1e-6) & (told > 2 * CARD.adjusted + 1e-6)
    assert inner.sum() > 0.5 * len(told)
    assert np.ptp(told[inner] - half[inner]) < 1e-4
    assert told.mean() == pytest.approx(CARD.adjusted)
    assert told[~inner] == pytest.approx(np.where(half[~inner] > CARD.adjusted, 0.0, 2 * CARD.adjusted), abs=1e-4)
    assert "by half of what the model says sets them apart and up to twice the mean" in plan.gains_sentence
    assert "are expected to gain more" in plan.gains_sentence
    assert planned((replace(CARD, grade="D"),), Goal("value", "low"))[0].gains_sentence == ""
    turned = replace(CARD, adjusted=20.0, low=10.0, high=30.0)  # the model says the opposite: all rows have the mean
    alike = planned((turned,), Goal("value", "high"))[0]
    assert {round(action.p_after - action.p_now, 6) for action in alike.actions} == {20.0}
    assert alike.gains_sentence == ""


@pytest.mark.parametrize("deltas", [[0.0] * 9 + [1.0], [0.1] * 6 + [-0.12] * 4, [0.1] * 10, [0.0] * 99 + [5.0], [1e-9, -1e-10]])
def test_what_a_plan_cuts_off_does_not_change_what_its_card_promises(deltas: list[float]) -> None:
    """Cut off alone, rows at the limits took 35 % of a card's effect away, or added 20 %."""
    for effect in (0.1, -0.1):
        said = np.sign(effect) * np.array(deltas)
        scaled = (effect + said * effect / said.mean()) / 2
        told = _levelled(scaled, effect, np.full(len(said), np.inf))
        assert told.mean() == pytest.approx(effect)
        assert (np.sign(effect) * told).min() >= 0
        assert np.abs(told).max() <= 0.2 + 1e-9
        assert (np.diff(told[np.argsort(scaled)]) >= -1e-12).all()


@pytest.mark.parametrize("effect", [0.15, -0.15])
def test_rows_whose_chance_has_no_room_leave_what_the_card_promises_to_others(effect: float) -> None:
    """Cut off once more after that, a card of 15 points of which half the rows have 5 left promised 13."""
    few = np.arange(100) % 2 == 0
    told = _levelled(effect * np.where(few, 7 / 12, 17 / 12), effect, np.where(few, 0.05, 0.55))
    assert told.mean() == pytest.approx(effect)
    assert told[few] == pytest.approx(np.sign(effect) * 0.05)
    none = _levelled(np.full(100, effect), effect, np.where(few, 0.0, 0.1))  # there is no room for it
    assert none == pytest.approx(np.sign(effect) * np.where(few, 0.0, 0.1))


def test_a_plan_of_chances_promises_what_its_card_does() -> None:
    """Half of the rows are nearly sure already: what they cannot gain others do."""
    model, table = make_model("binary")
    yes = model.problem.positive
    now = np.where(np.arange(len(table.frame)) % 2 == 0, 0.95, 0.4)
    card = replace(CARD, adjusted=0.15, low=0.1, high=0.2, better="up")
    inputs = PlanInputs(model, table.frame, table.columns, now, Goal(model.problem.target, yes))
    plan = plan_actions((card,), inputs)
    assert len(plan.actions) == int(table.frame["charge"].notna().sum())
    assert np.mean([action.p_after - action.p_now for action in plan.actions]) == pytest.approx(0.15)
    assert max(action.p_after for action in plan.actions) <= 1
    same = cast(Model, SimpleNamespace(problem=model.problem, predict_frame=lambda rows: np.tile((0.5, 0.5), (len(rows), 1))))
    alike = plan_actions((card,), replace(inputs, model=same))  # it sets no rows apart: only the room that they have does
    told = {round(action.p_after - action.p_now, 6) for action in alike.actions}
    assert 0.05 in told
    assert max(told) > 0.2
    assert alike.gains_sentence == ""


def test_a_plan_goes_by_what_each_row_is_worth() -> None:
    """Of equal effects those come first that are worth most, and money is their own."""
    told, inputs = planned((CARD,), Goal("value", "low", value=10.0, capacity=3))
    usable = inputs.frame["charge"].notna().to_numpy()
    worth = np.where(usable, np.arange(300.0), 9_999.0)
    goal = replace(inputs.goal, value=0.0, value_column="worth", capacity=0)
    every = plan_actions((CARD,), replace(inputs, frame=inputs.frame.assign(worth=worth), goal=goal))
    for action in every.actions:
        assert action.expected_value == pytest.approx(worth[action.row] * planned_gain(action, goal, False))
        assert action.net == action.expected_value
    best = sorted(every.actions, key=lambda action: -action.net)[:3]
    made = plan_actions((CARD,), replace(inputs, frame=inputs.frame.assign(worth=worth), goal=replace(goal, capacity=3)))
    assert [action.row for action in made.actions] == [action.row for action in best] != [action.row for action in told.actions]
    assert made.net == pytest.approx(sum(action.net for action in best))


def test_without_money_the_better_grade_wins_however_large_the_number() -> None:
    """Gains of a number may be in millions: they must not buy off a grade."""
    sure = replace(CARD, id="sure", grade="A", adjusted=-5.0, low=-6.0, high=-4.0, conditions=(Condition("active", ("Yes",)),))
    large = replace(CARD, id="large", grade="C", adjusted=-1e6, low=-2e6, high=-1.0)
    plan, inputs = planned((large, sure), Goal("value", "low"))
    active = [inputs.frame["active"].iloc[action.row] == "Yes" for action in plan.actions]
    assert [action.card == "sure" for action in plan.actions] == active
    assert active == sorted(active, reverse=True)
    assert {True, False} == set(active)
    gains = [action.p_now - action.p_after for action in plan.actions if action.card == "large"]
    assert gains == sorted(gains, reverse=True)
    few, _ = planned((large, sure), Goal("value", "low", capacity=10))
    assert {action.grade for action in few.actions} == {"A"}
    small = replace(large, id="small", adjusted=-1e-4, low=-2e-4, high=-1e-5)
    assert len(planned((small,), Goal("value", "low"))[0].actions) == int(inputs.frame["charge"].notna().sum())


def test_a_budget_goes_to_the_cheaper_action_where_it_does_more_there() -> None:
    """Each row kept only the action that is worth most there: nothing for 50, and ten rows of it for 1,000."""
    dear = replace(CARD, id="dear", adjusted=-0.2, low=-0.3, high=-0.1, cost=100.0)
    cheap = replace(CARD, id="cheap", adjusted=-0.1, low=-0.2, high=-0.05, cost=10.0)
    goal = Goal("value", "low", value=1_000.0)
    few, _ = planned((dear, cheap), replace(goal, budget=50.0))
    assert [action.card for action in few.actions] == ["cheap"] * 5
    assert few.exact
    more, _ = planned((dear, cheap), replace(goal, budget=1_000.0))
    assert more.net > 8_000
    assert more.cost <= 1_000
    assert more.exact or f"more than {money(more.bound, '€')}" in more.sentence
    assert {action.card for action in planned((dear, cheap), goal)[0].actions} == {"dear", "cheap"}
    unpriced, _ = planned((dear, cheap), Goal("value", "low", budget=100.0))
    assert [action.card for action in unpriced.actions] == ["cheap"] * 10  # as many rows as the money is enough for
    none, _ = planned((dear, cheap), replace(goal, budget=5.0))
    assert none.sentence == ("The money you can spend, € 5, does not pay for one action: the cheapest that is worth it costs "
                             "€ 10.")
    assert planned((dear,), replace(goal, value=1.0))[0].sentence == "No action is worth its cost at this value."
    assert planned((replace(dear, grade="D"),), goal)[0].sentence == "No card is sure enough to become an action."


def test_a_plan_costs_what_the_units_cost_that_each_row_goes() -> None:
    """A share of a large number goes farther: where each unit has its price, such a row is dear, and money goes to the others."""
    lever = Lever("charge", step=-0.5, relative=True, cost=1.0, unit_cost=0.01)
    goal = Goal("value", "low", value=100.0, levers=(lever,))
    _, inputs = planned((), goal)
    charge = pd.Series(np.linspace(10.0, 4_000.0, 300)).where(inputs.frame["charge"].notna())
    half = float(charge.mean() / 2)
    card = replace(CARD, step=-0.5, relative=True, adjusted=-0.2, low=-0.3, high=-0.1, cost=1 + 0.01 * half, distance=half)
    made = plan_actions((card,), replace(inputs, frame=inputs.frame.assign(charge=charge)))
    assert made.actions
    for action in made.actions:
        assert action.cost == pytest.approx(1 + 0.01 * charge[action.row] / 2)
        assert action.net == pytest.approx(action.expected_value - action.cost)
    few = plan_actions((card,), replace(inputs, frame=inputs.frame.assign(charge=charge), goal=replace(goal, budget=40.0)))
    assert len(few.actions) > 40 / card.cost
    assert few.cost <= 40


@pytest.mark.parametrize("limits", [{"capacity": 50}, {"value": 1_000.0, "cost": 10.0, "budget": 500.0}])
def test_a_plan_acts_first_where_one_can_still_act(limits: dict[str, float]) -> None:
    """Of 300 rows, 30 are of today: past ones were worth more, and took the money of those that can still be helped."""
    card = replace(CARD, cost=limits.pop("cost", 0.0), adjusted=-1.0, low=-2.0, high=-0.5)
    goal = replace(Goal("value", "low"), **limits)
    told, inputs = planned((card,), goal)
    assert "outcome yet" not in told.sentence
    known = inputs.frame["charge"].notna().to_numpy()
    today = np.flatnonzero(known & ~np.isin(np.arange(300), [action.row for action in told.actions]))[:30]
    frame = inputs.frame.assign(value=inputs.frame["value"].mask(np.isin(np.arange(300), today)))
    made = plan_actions((card,), replace(inputs, frame=frame))
    rows = [action.row for action in made.actions]
    assert len(rows) == len(told.actions) == 50
    assert set(rows[:30]) == set(today.tolist())
    assert rows[30:] == [action.row for action in told.actions][:20]
    still = sum(action.net for action in made.actions[:30])
    bring = f"They are expected to bring {money(still, '€')} of that. " if goal.value else ""
    assert made.sentence.endswith(" 30 of them have no outcome yet and are listed first, for there one can still act. "
                                  f"{bring}The other 20 have ended.")
    assert made.exact
    few = plan_actions((card,), replace(inputs, frame=frame, goal=replace(goal, budget=0.0, capacity=10)))
    assert few.sentence.endswith(" The outcomes of all of them are not known yet.")
    other = plan_actions((card,), replace(inputs, frame=inputs.frame.assign(value=inputs.frame["value"].where(known))))
    assert other.sentence.endswith(" All of them have ended: no row without an outcome is in the plan.")
    every = plan_actions((card,), replace(inputs, frame=frame.assign(value=math.nan)))
    assert [action.row for action in every.actions] == [action.row for action in told.actions]


def test_rows_that_a_pilot_holds_out_are_no_actions_and_use_up_no_money() -> None:
    goal = Goal("value", "low", value=1.0, capacity=50)
    all_rows, inputs = planned((CARD,), goal)
    held = frozenset(action.row for action in all_rows.actions[:20])
    made = plan_actions((CARD,), replace(inputs, held=held))
    assert len(made.actions) == 50
    assert not held & {action.row for action in made.actions}
    assert made.held == 20
    assert made.sentence.endswith(" 20 rows are held out in a running pilot and get no action until that has ended.")
    assert all_rows.held == 0
    assert "pilot" not in all_rows.sentence
