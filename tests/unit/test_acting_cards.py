"""Action cards: honest grades, allowed moves only, and words that promise nothing."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Options,
    Roles,
    Uplift,
    applied,
    assign,
    card_dict,
    cards_frame,
    counts_forbidden,
    eligible,
    find_actions,
    forbidden_by,
    uplift_dict,
)
from automl_core.acting.action import ActionCard, Actions, Change, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.costs import row_costs
from automl_core.acting.moves import Move, category_moves
from automl_core.acting.not_compared import why_not_compared
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilot_result import cost_now
from automl_core.acting.pilots import money_of
from automl_core.acting.what_if import WhatIf
from automl_core.acting.wording import CardSubject, card_sentence, who_words
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import number
from automl_core.framing.problem import Problem
from automl_core.workspace.lever_choices import LeverChoice, spelled_as
from tests.promises import BANNED
from tests.unit.carding import COLUMNS, NAMES, inputs


@pytest.fixture(scope="module")
def found() -> Actions:
    return make_cards(inputs())


def test_real_lever_is_advice_and_idle_one_is_not(found: Actions) -> None:
    (real,) = found.cards
    idle = {card.lever: card for card in found.patterns}["idle"]
    assert real.lever == "offer"
    assert real.grade in "BC"
    assert (real.counted, real.better, real.is_rate) == ("“y” = “Yes”", "down", True)
    assert real.low <= -0.2 <= real.high
    assert real.what_if == pytest.approx(-0.2, abs=0.01)
    assert real.raw_gap < real.adjusted
    assert real.then == pytest.approx(real.now + real.adjusted)
    assert real.net_low < real.net_value < real.net_high
    assert real.net_value == pytest.approx(real.rows * (-100 * real.adjusted - 1))
    assert "pilot" in real.next_step
    assert real.reasons
    assert idle.grade == "D"
    assert idle.next_step == ""
    assert found.tested >= 2
    assert (found.rows, found.drawn) == (3000, 0)


def test_cards_of_rows_that_were_drawn_count_rows_and_money_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["automl_core.acting.cards"], "MOST_ROWS", 1500)
    asked = inputs(levers=(Lever("offer", ("new",), cost=1.0),), value=0.0, value_column="worth", never=("worth",))
    asked = replace(asked, frame=asked.frame.assign(worth=np.arange(3000) / 15))
    made = make_cards(asked)
    (card,) = made.cards
    mine = eligible(card, asked.frame)
    assert (made.rows, made.drawn) == (3000, 1500)
    assert card.rows == mine.sum() > 1200
    assert card.worth == pytest.approx(asked.frame["worth"][mine].mean())
    for money, gain in ((card.net_low, card.gain_low), (card.net_value, card.gain), (card.net_high, card.gain_high)):
        assert money == pytest.approx(card.rows * (card.worth * gain - 1))
    assert f"{card.rows:,} would be moved" in card.sentence
    assert f"all {card.rows:,} change" in card.sentence
    assert "1,500 of 3,000 rows were drawn by chance" in made.notes[0]


def test_a_column_that_tells_a_lever_apart_is_named() -> None:
    """The fee follows from the offer: no row at one offer has one like it at the other, until the fee is named as later."""
    told = inputs(levers=(Lever("offer", ("new",)),))
    fee = np.where(told.frame["offer"] == "new", 30.0, 45.0) + np.random.default_rng(1).choice([0.0, 5.0], len(told.frame))
    told = replace(told, frame=told.frame.assign(fee=fee), columns=(*COLUMNS, Column("fee", "float", "number")))
    made = make_cards(told)
    assert made.cards == ()
    assert made.notes == (
        "Rows that differ in “offer” are never alike otherwise: “fee” goes along with it. If “fee” follows from “offer”, name it "
        "as measured only after the change, and look again.",)
    assert make_cards(replace(told, goal=replace(told.goal, later=("fee",)))).cards


def test_a_lever_with_one_value_says_so() -> None:
    alone = inputs(levers=(Lever("idle"),))
    made = make_cards(replace(alone, frame=alone.frame.assign(idle="a")))
    assert made.notes == (
        "“idle” is “a” in every row, so no row shows what another value does. Try another value on some rows and load what came "
        "of it, or name another column.",)


@pytest.mark.parametrize("lever", [Lever("idle"), Lever("idle", step=1.0)])
def test_why_nothing_can_be_compared_says_what_to_do(lever: Lever) -> None:
    """Of a step it was said that hardly any rows are alike otherwise."""
    place = np.arange(1200)

    def told(values: Any) -> str:
        return why_not_compared(lever, pd.DataFrame({"idle": np.broadcast_to(values, 1200)}), ())

    assert told(np.nan) == ("“idle” is empty in all 1,200 rows with a known outcome, so there is nothing to compare: load a "
                            "table that holds it, or name another column.")
    assert told(3.0).startswith("“idle” is “3” in every row, so no row shows what another value does. Try another value on some")
    assert told(np.where(place % 2, 3.0, np.nan)).startswith("“idle” is “3” in every row that has a value, so")
    few = told(np.where(place < 10, 3.0, 4.0))
    if math.isnan(lever.step):
        assert few.endswith("no two values with 30 rows or more each, so there is nothing to compare: load more rows, or name "
                            "another column.")


def test_words_promise_nothing(found: Actions) -> None:
    for card in (*found.cards, *found.patterns):
        text = " ".join((card.sentence, card.overturn, card.next_step, *card.reasons)).lower()
        assert not [word for word in BANNED if re.search(rf"\b{word}\b", text)]


@pytest.mark.parametrize(("many", "words"), [
    (2, "“plan” is “p1” or “p2”"), (7, "“p5”, “p6” or “p7”"), (9, "“plan” is “p1”, “p2”, “p3”, “p4”, “p5”, “p6” or 3 more"),
])  # fmt: skip
def test_values_that_are_not_named_are_counted(many: int, words: str) -> None:
    values = tuple(f"p{place}" for place in range(1, many + 1))
    nothing: Any = None
    subject = CardSubject(Move(Lever("plan"), values, "new"), (), nothing, nothing, 0.5)
    assert who_words(subject).endswith(words)
    both = replace(subject, move=Move(Lever("offer"), ("old",), "new"), also=(Change("plan", values, "new"),))
    assert who_words(both).endswith(words)


@pytest.mark.parametrize(("effect", "words"), [
    ((0.0, 0.0004, -0.0002), "50 %, no measurable change (95 % range 0.02 points less to 0.04 points more)."),
    ((-3e-5, -0.0004, -0.00001), "50 %, 0.003 points less (95 % range 0.001 to 0.04 points)."),
    ((1e-6, -2e-6, 3e-6), "50 %, no measurable change."),
    ((-3e-5, -0.012, 0.0), "50 %, 0.003 points less (95 % range 0.0 to 1.2 points)."),
    ((1e-17, -1e-18, 2e-17), "50 %, no measurable change."),
    ((1e-4, -1e-17, 0.02), "50 %, 0.01 points more (95 % range no change to 2.0 points more)."),
    ((0.126, 0.1, 0.15), "63 %, 12.6 points more (95 % range 10.0 to 15.0 points)."),
])  # fmt: skip
def test_a_range_does_not_go_from_nothing_to_nothing(effect: tuple[float, float, float], words: str) -> None:
    """“0.0 points less (95 % range 0.0 points more to 0.0 points less)” said nothing, and its signs were not true."""
    estimate, low, high = effect
    found: Any = SimpleNamespace(estimate=estimate, low=low, high=high, moved=np.ones(100, dtype=bool))
    outcome = Outcome(np.array([0.0, 1.0]), "“churn” = “yes”", True, "share of rows")
    subject = CardSubject(Move(Lever("plan"), ("old",), "new"), (), found, outcome, 0.5)
    assert words in card_sentence(subject, "D", None)


@pytest.mark.parametrize(("grade", "one", "two"), [
    ("A", "was measured", "were measured"), ("B", "is likely", "are likely"), ("C", "goes together with", "go together with"),
    ("D", "is a pattern", "are a pattern"),
])  # fmt: skip
def test_two_changes_of_a_card_are_told_as_two(grade: Any, one: str, two: str) -> None:
    found: Any = SimpleNamespace(estimate=0.1, low=0.05, high=0.15, moved=np.ones(100, dtype=bool))
    outcome = Outcome(np.array([0.0, 1.0]), "“churn” = “yes”", True, "share of rows")
    subject = CardSubject(Move(Lever("plan"), ("old",), "pro"), (), found, outcome, 0.5)
    assert f" {grade}: “plan” = “pro” {one}" in card_sentence(subject, grade, None)
    both = replace(subject, also=(Change("gift", ("none",), "gift"),))
    assert f" {grade}: “plan” = “pro” and “gift” = “gift” {two}" in card_sentence(both, grade, None)


def test_forbidden_and_impossible_moves_make_no_card() -> None:
    nothing = ((), ())
    for lever in (
        Lever("offer", ("new",), forbidden=(("old", "new"),)),
        Lever("offer", ("unheard of",)),
        Lever("offer", ("old",), from_values=("nowhere",)),
    ):
        made = make_cards(inputs(levers=(lever,)))
        assert (made.cards, made.patterns) == nothing
        assert any(words in made.notes[0] for words in ("leaves no move", "no two values", "too few to be compared"))
    assert make_cards(inputs(levers=())).cards == ()
    assert make_cards(inputs(levers=())).notes[-1].startswith("The goal names nothing that can be changed, so there are no cards")
    with pytest.raises(BadInput):
        make_cards(inputs(levers=(Lever("missing", ("x",)),)))


def test_a_step_keeps_to_forbidden_moves() -> None:
    """Rows at 9 that a step of 2 would move to 11 are no rows of the card, also where a stored card did not carry that yet."""
    given = inputs(levers=(Lever("price", step=2.0, forbidden=(("9", "11.0"), ("10", "11"))),))
    given = replace(given, frame=given.frame.assign(price=given.frame["price"].round()))
    made = make_cards(given)
    (card, *_) = (*made.cards, *made.patterns)
    assert card.step == 2.0
    price, rows = given.frame["price"], eligible(card, given.frame)
    assert not rows[price == 9.0].any()
    assert rows[price.isin([8.0, 10.0])].all()
    assert not (applied((card,), given.frame)["price"][price == 9.0] == 11.0).any()
    assert rows.sum() == card.rows
    old = from_json(ActionCard, {name: value for name, value in to_json(card).items() if name != "forbidden"})
    assert eligible(old, given.frame)[price == 9.0].all()
    assert forbidden_by(old, given.goal).forbidden == card.forbidden
    assert forbidden_by(card, given.goal) == forbidden_by(old, given.goal)
    assert counts_forbidden(old, given.goal, given.frame)  # its figures are of rows that are not listed by now
    assert not counts_forbidden(old, given.goal, given.frame[~price.isin([9.0])])  # a move that no row would make
    assert not counts_forbidden(card, given.goal, given.frame)
    levers = (Lever("price", forbidden=(("9", "10"), ("a", "b"))), Lever("offer", forbidden=(("9", "11"),)))
    assert not counts_forbidden(old, replace(given.goal, levers=levers), given.frame)  # no move of this step
    respelled = replace(card, forbidden=(("price", "9.0", "11"), ("price", "10", "11")))
    assert not counts_forbidden(respelled, given.goal, given.frame)


@pytest.mark.parametrize(("before", "after"), [("1.0", "2.0"), (1, 2), ("1", "2")])
def test_numbers_that_a_goal_names_are_numbers_however_they_are_spelled(before: Any, after: Any) -> None:
    seats = pd.Series(np.tile([1, 2, 3], 100))
    assert [(move.from_values, move.to) for move in category_moves(Lever("seats", (after,), (before,)), seats)] == [(("1",), "2")]
    formed = spelled_as(Lever("seats", (after,), (before,)), LeverChoice("seats", False, ("1", "2", "3"), low=1.0, high=3.0))
    assert (formed.to, formed.from_values) == (("2",), ("1",))
    left = category_moves(Lever("seats", forbidden=((before, after),)), seats)
    assert len(left) == 5
    assert (("1",), "2") not in [(move.from_values, move.to) for move in left]
    card = from_json(ActionCard, {**dict.fromkeys(NAMES, 0.0), "lever": "seats", "from_values": ["1"], "to_value": "2"})
    kept_to = forbidden_by(card, Goal("y", "No", levers=(Lever("seats", forbidden=((before, after),)),)))
    assert eligible(card, seats.to_frame("seats")).any()
    assert not eligible(kept_to, seats.to_frame("seats")).any()


def test_versions_that_look_like_numbers_stay_texts() -> None:
    versions = pd.Series(np.tile(["1.1", "1.10"], 40)).astype("str")
    (move,) = category_moves(Lever("version", to=("1.10",), forbidden=(("1.1", "1.1"),)), versions)
    assert (move.from_values, move.to) == (("1.1",), "1.10")


def test_unwanted_direction_is_no_advice() -> None:
    made = make_cards(inputs(good="Yes", levers=(Lever("offer", ("new",)),)))
    assert made.cards == ()
    (card,) = made.patterns
    assert card.grade == "D"
    assert card.adjusted < 0
    assert card.better == "up"
    assert any("wrong way" in reason for reason in card.reasons)


def test_numeric_lever_never_above_c_and_no_money() -> None:
    made = make_cards(inputs(value=0.0, levers=(Lever("price", step=-1.0),)))
    (card,) = (*made.cards, *made.patterns)
    assert card.grade in "CD"
    assert math.isnan(card.net_value)
    assert card.to_value == "1 lower"
    made = make_cards(inputs(levers=(Lever("price", step=0.1, relative=True),)))
    (relative,) = (*made.cards, *made.patterns)
    assert relative.to_value == "10 % higher"


def priced(**goal: Any) -> CardInputs:
    made = inputs(value=0.0, **goal)
    dose = made.frame["price"].to_numpy()
    y = (100 - 3.0 * dose) + np.random.default_rng(1).normal(size=len(dose))
    return replace(made, problem=Problem("y", "regression", "rmse"), y=y, goal=replace(made.goal, good="low"))


def test_relative_move_is_measured_on_the_rows_that_can_make_it() -> None:
    """A share of the dose of the rows that are told of, not of all: the highest ones cannot rise within the known range."""
    made = priced(levers=(Lever("price", step=0.2, relative=True),))
    dose = made.frame["price"].to_numpy()
    (card,) = make_cards(made).cards
    low, high = np.quantile(dose, [0.05, 0.95])
    able = dose[(1.2 * dose >= low) & (1.2 * dose <= high)]
    assert 0.75 * len(able) < card.rows <= len(able)
    assert card.who == f"Rows where “price” stays from {number(card.lowest)} to {number(card.highest)}"
    after = 1.2 * dose
    assert card.rows == ((after >= card.lowest) & (after <= card.highest)).sum()
    assert able.mean() < 0.95 * dose.mean()
    assert card.adjusted == pytest.approx(-3 * 0.2 * able.mean(), rel=0.08)


def test_a_card_costs_what_the_units_cost_that_its_numbers_go() -> None:
    """A price two higher cost as much money as one that is one higher. Each unit brings 3 of the outcome, here 30."""
    lever = Lever("price", step=2.0, cost=2.0, unit_cost=5.0)
    made = priced(rows=1200, levers=(lever,))
    made = replace(made, goal=replace(made.goal, value=10.0))
    (card,) = make_cards(made).cards
    assert (card.distance, card.cost, card.unit_cost) == (2.0, 12.0, 5.0)
    assert card.net_value == pytest.approx(card.rows * (10 * card.gain - 12))
    dear = replace(made.goal, levers=(replace(lever, unit_cost=40.0),))
    assert [cost_now(card, goal) for goal in (made.goal, dear)] == [12.0, 82.0]
    assert math.isnan(cost_now(replace(card, distance=math.nan), dear))  # a card of before
    assert make_cards(replace(made, goal=dear)).cards == ()  # 30 for 40
    share = Lever("price", step=0.2, relative=True, unit_cost=5.0)
    (card,) = make_cards(replace(made, goal=replace(made.goal, levers=(share,)))).cards
    able = made.frame.loc[eligible(card, made.frame), "price"]
    assert card.distance == pytest.approx(0.2 * able.mean(), rel=0.02)
    dearest = made.frame.sort_values("price", ascending=False)
    own = 0.2 * 5.0 * dearest["price"].to_numpy()
    chosen = assign(card, dearest, budget=500.0) == 0  # by the mean of the card the first ones were taken, for more money
    assert 500 - own.max() < own[chosen].sum() <= 500
    few = np.sort(own[np.asarray(eligible(card, dearest))])[: chosen.sum() + 1]
    assert few.sum() > 500  # the cheapest, of which no more can be paid
    assert own[chosen].max() <= few.max()
    assert card.cost == pytest.approx(5 * card.distance)
    assert row_costs(card, replace(made.goal, levers=(share,)), made.frame) == pytest.approx(made.frame["price"].to_numpy())


def test_a_number_without_a_step_gets_steps_of_its_own() -> None:
    cards = make_cards(priced(levers=(Lever("price", direction="up", high=13.0),))).cards
    assert cards
    assert all(card.step > 0 for card in cards)
    assert cards[0].adjusted == pytest.approx(-3 * cards[0].step, rel=0.05)
    assert make_cards(priced(levers=(Lever("price", direction="down"),))).cards == ()


def test_large_whole_numbers_are_levers_too() -> None:
    made = inputs(levers=(Lever("size", ("1234567",), from_values=("1234500.5",)),))
    frame = made.frame.assign(size=np.random.default_rng(3).choice([1234567.0, 1234500.5], len(made.frame)))
    found = make_cards(replace(made, frame=frame))
    (card,) = (*found.cards, *found.patterns)
    assert card.to_value == "1234567"
    assert card.rows > 500


def test_number_target() -> None:
    made = inputs(good="low")
    problem = Problem("y", "regression", "rmse")
    y = 100 - 20.0 * (made.frame["offer"] == "new") - 5 * made.frame["age"]
    y = y.to_numpy() + np.random.default_rng(1).normal(size=len(y))
    card = make_cards(replace(made, problem=problem, y=y, goal=replace(made.goal, levers=made.goal.levers[:1]))).cards[0]
    assert card.grade in "BC"
    assert card.adjusted == pytest.approx(-20, abs=1)
    assert card.net_value > 0


def test_several_classes_count_the_wanted_one() -> None:
    made = inputs()
    rng = np.random.default_rng(5)
    new = (made.frame["offer"] == "new").to_numpy()
    y = np.where(rng.random(len(new)) < 0.3 + 0.25 * new, 1, np.where(rng.random(len(new)) < 0.5, 0, 2))
    problem = Problem("y", "multiclass", "log_loss", ("a", "b", "c"))
    goal = replace(made.goal, good="b", levers=made.goal.levers[:1])
    (card,) = make_cards(replace(made, model=None, problem=problem, y=y, goal=goal)).cards
    assert card.better == "up"
    assert card.low < 0.25 < card.high


def test_a_column_measured_later_is_not_compared_on() -> None:
    """A mediator takes the effect away when it is compared on, and gives it back when it is named as later."""
    made = inputs(levers=(Lever("offer", ("new",)),), value=0.0)
    new = (made.frame["offer"] == "new").to_numpy()
    rng = np.random.default_rng(2)
    usage = rng.normal(size=len(new)) + 2.0 * new
    y = (rng.random(len(new)) < np.clip(0.6 - 0.12 * usage, 0.02, 0.98)).astype(int)
    columns = (*COLUMNS, Column("usage", "float", "number"))
    made = replace(made, frame=made.frame.assign(usage=usage), y=y, columns=columns)
    compared = make_cards(made)
    assert abs((*compared.cards, *compared.patterns)[0].adjusted) < 0.1
    (card,) = make_cards(replace(made, goal=replace(made.goal, later=("usage",)))).cards
    assert card.adjusted == pytest.approx(-0.24, abs=0.06)
    assert "usage" not in card.who


def test_what_the_model_sees_is_asked_of_rows_of_the_whole_file() -> None:
    """A file by date: the change moves the prediction in its newer half only."""
    before = pd.DataFrame({"day": np.arange(8000.0), "price": 0.0})
    seen = WhatIf(lambda rows: rows["price"].to_numpy() * (rows["day"].to_numpy() >= 4000))
    assert seen(before, before.assign(price=1.0)) == pytest.approx(0.5, abs=0.04)
    assert seen(before.tail(1000), before.tail(1000).assign(price=1.0)) == 1.0


def test_two_changes_together() -> None:
    """Each lever works alone, and both together work twice: a card says so, and rows that can take both get it."""
    rng = np.random.default_rng(8)
    rows = 3000
    first, second = rng.random(rows) < 0.5, rng.random(rows) < 0.5
    y = rng.random(rows) < 0.6 - 0.2 * first - 0.2 * second
    frame = pd.DataFrame({"a": np.where(first, "yes", "no"), "b": np.where(second, "yes", "no"), "y": np.where(y, 1, 0)})
    frame["x"] = rng.normal(size=rows)
    found = find_actions(frame, "y", "0", [Lever("a", ("yes",), cost=1.0), Lever("b", ("yes",), cost=1.0)], None, Options(100.0))
    both = next(card for card in found.cards if card.also)
    assert both.low < -0.4 < both.high
    assert "“a”" in both.who
    assert "“b”" in both.who
    chosen = assign(found.cards, frame)
    neither = ~first & ~second
    assert (chosen[neither] == found.cards.index(both)).all()
    after = applied(found.cards, frame)
    assert (after.loc[neither, ["a", "b"]] == "yes").all().all()


def test_small_and_odd_tables() -> None:
    made = inputs()
    few = replace(made, frame=made.frame.head(40), y=made.y[:40])
    assert make_cards(few).cards == ()
    none = replace(made, frame=made.frame.head(0), y=made.y[:0])
    assert make_cards(none).cards == ()
    one_class = replace(made, y=np.zeros(len(made.y)))
    assert make_cards(one_class).cards == ()
    holes = made.frame.assign(age=np.nan, size=made.frame["size"].where(made.frame.index % 2 == 0))
    assert make_cards(replace(made, frame=holes, goal=replace(made.goal, levers=made.goal.levers[:1]))).cards


def test_money_of_a_card_goes_by_what_its_own_rows_are_worth() -> None:
    """Those that can still get the offer are small customers: by the mean of the whole table cards of them paid."""
    made = inputs(2000)
    frame = made.frame.assign(worth=np.where(made.frame["offer"] == "old", 50.0, 950.0))
    lever = [Lever("offer", cost=1.0)]
    found = find_actions(frame, "y", "No", lever, Roles(never=("worth",)), Options(value_column="worth"))
    assert found.cards
    for card in found.cards:
        assert card.worth == 50
        assert card.net_value == pytest.approx(card.rows * (50 * card.gain - 1), abs=1e-3)
        assert money_of(card, Goal("y", "No", value=500.0, value_column="worth"), 0.1, 10) == pytest.approx(10 * (5 - 1))
    assert found.notes[0].startswith("Money of a card counts each outcome with the mean of “worth” over the rows of the card, ")
    with pytest.raises(BadInput, match="one value for all rows and a column"):
        find_actions(frame, "y", "No", lever, Roles(never=("worth",)), Options(700.0, value_column="worth"))
    with pytest.raises(BadInput, match="below zero"):
        find_actions(frame.assign(worth=-1.0), "y", "No", lever, Roles(never=("worth",)), Options(value_column="worth"))


def test_cards_are_told_as_json_and_as_a_table(found: Actions) -> None:
    made = card_dict(found.cards[0])
    more = {"from", "to", "gain", "gain_low", "gain_high", "whole_cost"}
    assert set(made) == {*(field.name for field in fields(ActionCard)), *more}
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    real = found.cards[0]
    assert (made["from"], made["to"], made["gain"], made["whole_cost"]) == ("old", "new", real.gain, 1.0)
    assert (made["step"], made["gain_low"], made["gain_high"]) == (None, real.gain_low, real.gain_high)
    table = cards_frame((*found.cards, *found.patterns))
    assert len(table) == len(found.cards) + len(found.patterns)
    assert set(table.columns) < set(made)
    assert table["gain"].tolist() == [card.gain for card in (*found.cards, *found.patterns)]
    assert table["step"].dtype == float
    assert table.loc[0, "reasons"] == " ".join(real.reasons)
    assert cards_frame(Actions(())).columns.equals(table.columns)
    for wrong in ("offer", None):
        with pytest.raises(BadInput, match="no action cards"):
            card_dict(wrong)  # type: ignore[arg-type]
        with pytest.raises(BadInput, match="no measured uplift"):
            uplift_dict(wrong)  # type: ignore[arg-type]
    nothing: Any = None
    uplift = Uplift(nothing, 0.1, math.nan, 0.2, 3, 4, nothing, nothing, np.array([0.1, math.nan]), "y", True, "It helps.")
    told = uplift_dict(uplift)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["effect"], told["low"], told["scores"]) == (0.1, None, [0.1, None])
