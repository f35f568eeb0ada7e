"""Action cards: honest grades, allowed moves only, and words that promise nothing."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import MISSING, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    ExperimentInputs,
    Options,
    Roles,
    applied,
    assign,
    counts_forbidden,
    eligible,
    find_actions,
    forbidden_by,
    measure_experiment,
)
from automl_core.acting.action import ActionCard, Actions, Change, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.covariates import make_covariates
from automl_core.acting.moves import Move, category_moves
from automl_core.acting.randomised import check_experiment
from automl_core.acting.what_if import WhatIf
from automl_core.acting.wording import BANNED, CardSubject, who_words
from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.workspace.lever_choices import LeverChoice, spelled_as

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (
    Column("offer", "text", "category"),
    Column("idle", "text", "category"),
    Column("price", "float", "number"),
    Column("age", "float", "number"),
    Column("size", "float", "number"),
    Column("y", "text", "category"),
)


NAMES = [field.name for field in fields(ActionCard) if field.default is MISSING]


class Scores:
    """Stands for a model: predicts the truth it was given."""

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        return np.clip(0.5 - 0.2 * (frame["offer"] == "new") - 0.02 * (frame["price"] < 9), 0, 1).to_numpy(dtype=float)


def inputs(rows: int = 3000, **goal: Any) -> CardInputs:
    rng = np.random.default_rng(0)
    age = rng.normal(size=rows)
    new = rng.random(rows) < 1 / (1 + np.exp(-age))
    frame = pd.DataFrame(
        {
            "offer": np.where(new, "new", "old"),
            "idle": np.where(rng.random(rows) < 1 / (1 + np.exp(-age)), "a", "b"),
            "price": rng.normal(10, 2, rows),
            "age": age,
            "size": rng.normal(size=rows),
        }
    )
    frame = frame.astype({"offer": "str", "idle": "str"})
    y = (rng.random(rows) < np.clip(0.5 - 0.2 * new - 0.05 * age, 0.02, 0.98)).astype(int)
    frame["y"] = pd.Series(np.where(y == 1, "Yes", "No")).astype("str")
    made = Goal("y", "No", value=100.0, levers=(Lever("offer", ("new",), cost=1.0), Lever("idle", ("a",))))
    model: Any = Scores()
    return CardInputs(model, frame, y, COLUMNS, PROBLEM, replace(made, **goal))


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
    assert found.rows == 3000


def test_cards_of_rows_that_were_drawn_count_rows_and_money_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["automl_core.acting.cards"], "MOST_ROWS", 1500)
    asked = inputs(levers=(Lever("offer", ("new",), cost=1.0),))
    made = make_cards(asked)
    (card,) = made.cards
    assert made.rows == 1500
    assert card.rows == eligible(card, asked.frame).sum() > 1200
    for money, gain in ((card.net_low, card.gain_low), (card.net_value, card.gain), (card.net_high, card.gain_high)):
        assert money == pytest.approx(card.rows * (100 * gain - 1))
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
    assert made.notes == ("“idle” has no two values with 30 rows or more each, so there is nothing to compare.",)


def test_words_promise_nothing(found: Actions) -> None:
    for card in (*found.cards, *found.patterns):
        text = " ".join((card.sentence, card.overturn, card.next_step, *card.reasons)).lower()
        assert not [word for word in BANNED if re.search(rf"\b{word}\b", text)]


@pytest.mark.parametrize(("many", "words"), [
    (2, "“plan” = “p1” or “p2”"), (7, "“p5”, “p6” or “p7”"), (9, "“plan” = “p1”, “p2”, “p3”, “p4”, “p5”, “p6” or 3 more"),
])  # fmt: skip
def test_values_that_are_not_named_are_counted(many: int, words: str) -> None:
    values = tuple(f"p{place}" for place in range(1, many + 1))
    nothing: Any = None
    subject = CardSubject(Move(Lever("plan"), values, "new"), (), nothing, nothing, 0.5)
    assert who_words(subject).endswith(words)
    both = replace(subject, move=Move(Lever("offer"), ("old",), "new"), also=(Change("plan", values, "new"),))
    assert who_words(both).endswith(words)


def test_of_cards_that_are_worth_the_same_a_row_gets_the_first() -> None:
    """Ranges of groups end where the change just pays, so a low end of nothing is common."""
    named = dict.fromkeys(NAMES, "") | dict.fromkeys(("rows", "support"), 10)
    amounts = dict.fromkeys(("adjusted", "low", "high", "net_value", "net_low", "net_high"), 0.0)
    first = ActionCard(**(named | amounts | {"lever": "offer", "to_value": "new"}), from_values=("old",))  # type: ignore[arg-type]
    cards = [first, replace(first, to_value="other"), replace(first, to_value="best", net_low=1.0)]
    frame = pd.DataFrame({"offer": ["old", "new"]})
    assert list(assign(cards[:2], frame)) == [0, -1]
    assert list(assign(cards, frame)) == [2, -1]


def test_forbidden_and_impossible_moves_make_no_card() -> None:
    nothing = ((), ())
    for lever in (
        Lever("offer", ("new",), forbidden=(("old", "new"),)),
        Lever("offer", ("unheard of",)),
        Lever("offer", ("old",), from_values=("nowhere",)),
    ):
        made = make_cards(inputs(levers=(lever,)))
        assert (made.cards, made.patterns) == nothing
        assert "leaves no move" in made.notes[0] or "no two values" in made.notes[0]
    assert make_cards(inputs(levers=())).cards == ()
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
    assert able.mean() < 0.95 * dose.mean()
    assert card.adjusted == pytest.approx(-3 * 0.2 * able.mean(), rel=0.08)


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


def test_an_experiment_earns_an_a() -> None:
    rng = np.random.default_rng(4)
    made = inputs(levers=(Lever("offer", ("new",)),), value=0.0, experiment="offer")
    new = rng.random(len(made.frame)) < 0.5
    frame = made.frame.assign(offer=pd.Series(np.where(new, "new", "old")).astype("str"))
    y = (rng.random(len(new)) < 0.5 - 0.15 * new).astype(int)
    (card,) = make_cards(replace(made, frame=frame, y=y)).cards
    assert card.grade == "A"
    assert card.low < -0.15 < card.high


def an_experiment(rows: int, shifted: float) -> CardInputs:
    """One of ten columns is so many standard deviations higher where the offer is new."""
    rng = np.random.default_rng(0)
    new = rng.random(rows) < 0.5
    frame = pd.DataFrame({"offer": np.where(new, "new", "old")} | {f"x{place}": rng.normal(size=rows) for place in range(10)})
    frame["x0"] += np.where(new, shifted - frame.loc[new, "x0"].mean(), -frame.loc[~new, "x0"].mean())
    y = (rng.random(rows) < 0.6 - 0.3 * new).astype(int)
    frame["y"] = np.where(y == 1, "Yes", "No")
    table = table_from_frame(frame, "t")
    goal = Goal("y", "No", levers=(Lever("offer", ("new",)),), experiment="offer")
    return CardInputs(None, table.frame, y, table.columns, PROBLEM, goal)


def test_what_is_refused_as_an_experiment_has_no_card_of_grade_a() -> None:
    """One column differs beyond chance; nine more hide it from a model of who got it."""
    made = an_experiment(1700, 0.25)
    result, _ = measure_experiment(ExperimentInputs(made.frame, made.columns, made.problem, made.goal))
    assert "not left to chance" in result.refused
    assert {card.grade for card in make_cards(made).cards} <= {"B", "C"}


def test_an_experiment_of_few_rows_earns_no_a() -> None:
    """Nothing speaks against chance, but in so few rows hardly anything could: the experiment and its card say so."""
    made = an_experiment(800, 0.0)
    (card,) = make_cards(made).cards
    assert card.grade == "C"
    assert "too few to see" in " ".join(card.reasons)
    covariates = make_covariates(made.frame, made.columns, made.problem, ("offer",))
    balance = check_experiment(covariates, (made.frame["offer"] == "new").to_numpy(), np.arange(800) % 5, None)
    assert "no card of it is graded A" in balance.sentence


def test_a_treatment_that_the_model_left_out_has_no_card() -> None:
    """It is measured as an experiment; the other levers are tried as ever."""
    made = inputs(800, levers=(Lever("offer", ("new",)), Lever("idle", ("a",))), value=0.0, experiment="offer")
    found = make_cards(replace(made, problem=replace(PROBLEM, never=("offer",))))
    assert "offer" not in {name for card in (*found.cards, *found.patterns) for name in card.names}
    alone = replace(made.goal, levers=made.goal.levers[:1])
    assert make_cards(replace(made, problem=replace(PROBLEM, never=("offer",)), goal=alone)).cards == ()


def test_an_experiment_that_known_columns_can_tell_was_none() -> None:
    made = inputs(levers=(Lever("offer", ("new",)),), value=0.0, experiment="offer")  # age decides who is offered it
    assert {card.grade for card in make_cards(made).cards} <= {"B", "C"}


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


def test_money_of_cards_goes_by_the_mean_of_the_column_that_says_what_rows_are_worth() -> None:
    made = inputs(2000)
    frame = made.frame.assign(worth=np.where(np.arange(2000) < 1000, 50.0, 150.0))
    lever = [Lever("offer", cost=1.0)]
    found = find_actions(frame, "y", "No", lever, Roles(never=("worth",)), Options(value_column="worth"))
    assert found.cards
    for card in found.cards:
        assert card.net_value == pytest.approx(card.rows * (100 * card.gain - 1), abs=1e-3)
    assert found.notes[0].startswith("Money of cards counts each outcome with the mean of “worth”, € 100; ")
    with pytest.raises(BadInput, match="below zero"):
        find_actions(frame.assign(worth=-1.0), "y", "No", lever, Roles(never=("worth",)), Options(value_column="worth"))


def test_the_door_needs_no_model_and_no_problem() -> None:
    made = inputs(2000)
    frame = made.frame.assign(vip=made.frame["age"] > 0, day=pd.Timestamp("2026-01-01"))
    frame = frame.astype({"offer": "category"})
    found = find_actions(frame, "y", "No", [Lever("offer", cost=1.0), "idle"], Roles(given=("age",)), Options(value=100.0))
    assert [card.lever for card in found.cards] == ["offer"]
    card = found.cards[0]
    assert card.to_value == "new"
    assert math.isfinite(card.what_if)
    chosen = assign(found.cards, frame)
    assert ((chosen == 0) <= (frame["offer"] == "old").to_numpy()).all()
    after = applied(found.cards, frame)
    assert (after["offer"][chosen == 0] == "new").all()
    assert (after["offer"][chosen < 0] == frame["offer"].astype(str)[chosen < 0]).all()
    again = find_actions(frame, "y", "No", [Lever("offer", cost=1.0), "idle"], Roles(given=("age",)), Options(value=100.0))
    assert again == found
    for bad in (("nothing", "No"), ("y", "Perhaps")):
        with pytest.raises(BadInput):
            find_actions(frame, *bad, ["offer"])


def test_a_clinic_of_one_person_a_row_is_counted_once() -> None:
    """Rows that come in copies must not make the interval narrower when the group column says so."""
    made = inputs(1200, levers=(Lever("offer", ("new",)),), value=0.0)
    frame = made.frame.assign(person=np.arange(len(made.frame)))
    columns = (*COLUMNS, Column("person", "int", "id"))
    alone = make_cards(replace(made, frame=frame, columns=columns)).cards[0]
    copied = pd.concat([frame] * 3, ignore_index=True)
    tripled = replace(made, frame=copied, columns=columns, y=np.tile(made.y, 3), problem=replace(PROBLEM, group="person"))
    card = make_cards(tripled).cards[0]
    assert (card.high - card.low) > 0.7 * (alone.high - alone.low)
