"""Action cards: honest grades, allowed moves only, and words that promise nothing."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import MISSING, fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    ExperimentInputs,
    Options,
    Roles,
    Uplift,
    applied,
    assign,
    card_dict,
    cards_frame,
    check_goal,
    counts_forbidden,
    door,
    eligible,
    find_actions,
    forbidden_by,
    good_of,
    measure_experiment,
    opened,
    read_goal,
    typed,
    uplift_dict,
)
from automl_core.acting.action import ActionCard, Actions, Change, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.covariates import make_covariates
from automl_core.acting.moves import Move, category_moves
from automl_core.acting.not_compared import why_not_compared
from automl_core.acting.nuisance import Learner
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilots import money_of
from automl_core.acting.randomised import check_experiment
from automl_core.acting.what_if import WhatIf
from automl_core.acting.wording import BANNED, CardSubject, card_sentence, who_words
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
    asked = inputs(levers=(Lever("offer", ("new",), cost=1.0),), value=0.0, value_column="worth", never=("worth",))
    asked = replace(asked, frame=asked.frame.assign(worth=np.arange(3000) / 15))
    made = make_cards(asked)
    (card,) = made.cards
    mine = eligible(card, asked.frame)
    assert made.rows == 1500
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
    (2, "“plan” = “p1” or “p2”"), (7, "“p5”, “p6” or “p7”"), (9, "“plan” = “p1”, “p2”, “p3”, “p4”, “p5”, “p6” or 3 more"),
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
    found = make_cards(made)
    assert {card.grade for card in found.cards} <= {"B", "C"}
    why = "“offer” is not read as an experiment between “old” and “new”. Treatment was not left to chance: treated rows differ"
    assert [note for note in found.notes if note.startswith(why)]
    assert not [note for note in make_cards(replace(made, goal=replace(made.goal, experiment=""))).notes if "experiment" in note]


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
    assert found.notes[0].startswith("Money of a card counts each outcome with the mean of “worth” over the rows of the card; ")
    with pytest.raises(BadInput, match="one value for all rows and a column"):
        find_actions(frame, "y", "No", lever, Roles(never=("worth",)), Options(700.0, value_column="worth"))
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


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """Columns offer, size and y: the new offer makes No likelier."""
    rng = np.random.default_rng(3)
    new = rng.random(700) < 0.5
    y = rng.random(700) < 0.7 - 0.4 * new
    return pd.DataFrame({"offer": np.where(new, "new", "old"), "size": rng.integers(1, 9, 700), "y": np.where(y, "Yes", "No")})


@pytest.mark.parametrize("labels", [
    ["the\noffer", "size", "chur\nned"], [0, 1, 2], [np.int64(7), "size", 1.5],
    [("a", 1), ("a", 2), ("b", 1)], [" offer", "", "y "], [pd.Timestamp("2026-01-01"), "size", None],
])  # fmt: skip
def test_columns_are_named_by_their_labels_whatever_these_are(plain: pd.DataFrame, labels: list[Any]) -> None:
    frame = plain.set_axis(pd.Index(labels, tupleize_cols=False), axis=1)
    found = find_actions(frame, labels[2], "No", [Lever(labels[0], to=("new",))], Roles(given=(labels[1],)))
    (card,) = found.cards
    assert card.lever == str(frame.columns[0])
    assert "\n" not in card.sentence + card.who
    chosen = assign(found, frame)
    assert np.array_equal(chosen == 0, plain["offer"] == "old")
    assert np.array_equal(eligible(card, typed(frame).frame), chosen == 0)
    after = applied(found.cards, frame)
    assert (after.iloc[:, 0] == "new").all()
    assert after.columns.equals(frame.columns)


@pytest.mark.parametrize(("labels", "words"), [
    (["y", "size", "y"], "More than one column is called “y”"), ([1, "size", "1"], "More than one column is called “1”"),
    (["offer", "size", "offer "], "More than one column would be called “offer”"),
])
def test_columns_that_cannot_be_told_apart_are_refused(plain: pd.DataFrame, labels: list[Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        find_actions(plain.set_axis(labels, axis=1), labels[2], "No", [labels[0]])


YES_NO = {
    "bool": lambda y: y, "boolean": lambda y: y.astype("boolean"), "arrow": lambda y: y.astype("bool[pyarrow]"),
    "objects": lambda y: y.astype(object), "int": lambda y: y.astype(int), "float": lambda y: y.astype(float),
    "Int64": lambda y: y.astype("Int64"), "codes": lambda y: y.astype(int).astype("category"),
    "flags": lambda y: y.astype("category"),
    "words": lambda y: y.map({True: "Yes", False: "No"}),
    "levels": lambda y: y.map({True: "yes", False: "no"}).astype("category"),
}  # fmt: skip


@pytest.mark.parametrize("kind", YES_NO)
def test_the_good_outcome_may_be_named_as_the_frame_has_it(
    plain: pd.DataFrame, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """True, "True", 1, 1.0 and "yes" are one class of a yes/no outcome, however its column is stored; gaps are left out."""
    asked: list[CardInputs] = []
    monkeypatch.setattr(door, "make_cards", lambda inputs: asked.append(inputs) or Actions((), rows=len(inputs.frame)))
    truth = plain["y"] == "Yes"
    holed = YES_NO[kind](truth)
    for gaps in (False, True):
        outcome = holed.astype(object if holed.dtype == bool else "float" if holed.dtype == int else holed.dtype).where(
            plain.index >= 5) if gaps else holed
        for good in (True, np.True_, 1, 1.0, np.int8(1), "True", "yes", "1", False, 0, "no", "0.0"):
            found = find_actions(plain.assign(y=outcome), "y", good, ["offer"])
            wanted = good not in (False, "no", "0.0")
            goal, problem = asked[-1].goal, asked[-1].problem
            assert (goal.good == problem.positive) == wanted, (kind, good)
            assert np.array_equal(asked[-1].y == 1, truth[5:] if gaps else truth)
            assert found.notes == (("5 rows of 700 have no value in “y” and are not used.",) if gaps else ())
    with pytest.raises(BadInput, match="not a possible outcome"):
        find_actions(plain.assign(y=holed), "y", "perhaps", ["offer"])


def test_only_what_means_the_same_names_the_good_outcome() -> None:
    plans = Problem("y", "multiclass", "log_loss", ("Yes", "No", "1"), "")
    assert [good_of(said, plans) for said in ("yes", True, 1, "1.0", "NO")] == ["Yes", "True", "1", "1", "No"]
    assert read_goal('[goal]\noutcome = "y"\ngood = true').good == "True"
    assert good_of("Low", Problem("y", "regression", "rmse")) == "low"
    assert good_of(True, Problem("y", "binary", "roc_auc", ("left", "stayed"), "left")) == "True"


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"frame": {"y": [1]}}, "no pandas DataFrame"), ({"outcome": ["y"]}, "no column"),
    ({"good": None}, "not a possible outcome"),
    ({"levers": None}, "No column is named"), ({"levers": {"offer": ("new",)}}, "dictionary without “column”"),
    ({"levers": [{"column": "offer", "form": ["old"]}]}, "“form” is no part of a lever. Write “from”"),
    ({"levers": [{"column": "offer", "xyz": 1}]}, "Give column, from, to, relative"),
    ({"levers": [{"to": ["new"]}]}, "names no column"),
    ({"levers": [{"column": "ofer"}]}, "no column “ofer”"), ({"levers": [{"column": "size", "to": 1, "step": 2}]}, "Keep one"),
    ({"levers": [{"column": "offer", "from": ["old"], "from_values": ["old"]}]}, "Keep one"),
    ({"levers": [Lever("size", to=-5.0)]}, "No row has “-5”.*or a step of -5 to"),
    ({"levers": [Lever("size", from_values=-5.0)]}, "Name a value that occurs\\.$"),
    ({"levers": [Lever("offer", direction="up")]}, "List the moves that must not happen in “forbidden”"),
    ({"levers": ["nope"]}, "no column"),
    ({"levers": [Lever("offer", to=("nope",))]}, "No row has “nope”"), ({"levers": ["y"]}, "cannot be a lever"),
    ({"levers": [Lever("offer", from_values=("x",))]}, "No row has “x”"), ({"levers": [Lever("size", step="1")]}, "no number"),
    ({"levers": [Lever("offer", cost="5")]}, "no number"), ({"levers": [Lever("offer", days="soon")]}, "no number"),
    ({"levers": [Lever("size", direction="sideways")]}, "sideways"),
    ({"levers": [Lever("offer", forbidden=("old",))]}, "list of pairs"),
    ({"levers": [{"column": "offer", "forbidden": [["odl", "new"]]}]}, "No row has “odl” in “offer”, so no move"),
    ({"levers": [Lever("offer", forbidden=(("new", "old"), ("old", "mew")))]}, "No row has “mew” in “offer”"),
    ({"levers": [Lever("size", forbidden=(("small", 5),))]}, "No row has “small” in “size”"),
    ({"roles": ("size",)}, "Give Roles"), ({"roles": {"nevr": ("size",)}}, "“nevr” is no part of “roles”. Write “never”"),
    ({"roles": {"never": ("sise",)}}, "no column “sise”"), ({"roles": Roles(never=("sise",))}, "no column “sise”"),
    ({"roles": Roles(given=("nope",))}, "no column “nope”"), ({"roles": Roles(group="nope")}, "no column “nope”"),
    ({"roles": Roles(experiment="nope")}, "no column “nope”"), ({"roles": Roles(experiment="size")}, "is no lever"),
    ({"roles": Roles(group="y")}, "is the outcome"), ({"roles": Roles(group="offer")}, "a lever and as the group"),
    ({"roles": Roles(given=("size",), later=("size",))}, "measured later"), ({"options": 5}, "Give Options"),
    ({"options": {"valeu": 5}}, "Write “value”"), ({"options": {"value": "5"}}, "no number"),
    ({"options": Options(value="5")}, "no number"), ({"options": Options(seed=-1)}, "0 or more"),
    ({"options": Options(seed=1.5)}, "whole"),
    ({"options": Options(model=object())}, "predict_frame"), ({"options": Options(progress=3)}, "cannot be called"),
    ({"options": Options(currency=None)}, "no text"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "words"), MISTAKES)
def test_a_mistake_gets_one_sentence(plain: pd.DataFrame, wrong: dict[str, Any], words: str) -> None:
    asked = {"frame": plain, "outcome": "y", "good": "No", "levers": ["offer"]}
    with pytest.raises(BadInput, match=words) as refused:
        find_actions(**(asked | wrong))
    assert refused.value.message
    assert "\n" not in str(refused.value)


LATE: list[dict[str, Any]] = [
    {"levers": ["nope"]}, {"levers": [Lever("size", step="1")]}, {"levers": [Lever("offer", forbidden=("old",))]},
    {"roles": Roles(never=("sise",))}, {"roles": Roles(given=("nope",))}, {"roles": Roles(later=("nope",))},
    {"roles": Roles(group="nope")}, {"roles": Roles(experiment="nope")}, {"options": Options(value_column="nope")},
    {"roles": Roles(group="offer")}, {"outcome": "nope"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", LATE)
def test_a_wrong_name_is_refused_before_rows_are_typed(
    plain: pd.DataFrame, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typing many rows takes seconds."""
    monkeypatch.setattr(opened, "table_from_frame", _too_late)
    with pytest.raises(BadInput):
        find_actions(**({"frame": plain, "outcome": "y", "good": "No", "levers": ["offer"]} | wrong))


@pytest.mark.parametrize("wrong", [
    {"levers": [Lever("offer", to=("nope",))]}, {"levers": [Lever("offer", cost=-1.0)]}, {"good": "perhaps"},
    {"options": Options(value=math.inf)}, {"options": Options(value_column="offer")}, {"options": Options(value_column="y")},
    {"levers": [Lever("size", low=2.0, high=1.0)]}, {"levers": ["offer", "offer"]}, {"levers": [Lever("offer", step=1.0)]},
    {"roles": Roles(never=("offer",))},
])  # fmt: skip
def test_what_does_not_fit_the_rows_is_refused_before_a_model_is_fitted(
    plain: pd.DataFrame, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "__init__", _too_late)
    monkeypatch.setattr(door, "make_cards", _too_late)
    with pytest.raises(BadInput):
        find_actions(**({"frame": plain, "outcome": "y", "good": "No", "levers": ["offer"]} | wrong))


def _too_late(*given: Any, **named: Any) -> None:
    raise AssertionError("the work had begun")


@pytest.mark.parametrize(("wrong", "words"), [
    ({"capacity": "many"}, "“capacity” of the goal is “many”, which is no number"), ({"budget": None}, "“budget” of the goal"),
    ({"value": "5"}, "“value” of the goal"), ({"contact_cost": True}, "“contact_cost” of the goal"),
    ({"save_rate": "half"}, "“save_rate” of the goal"), ({"levers": (Lever("offer", cost="5"),)}, "“cost” of the lever “offer”"),
])  # type: ignore[arg-type]  # fmt: skip
def test_a_goal_that_holds_no_numbers_is_refused(wrong: dict[str, Any], words: str) -> None:
    made = inputs(40)
    with pytest.raises(BadInput, match=words):
        check_goal(replace(made.goal, **wrong), PROBLEM, COLUMNS)


def test_levers_and_roles_may_be_given_alone_or_in_any_list(plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[CardInputs] = []
    monkeypatch.setattr(door, "make_cards", lambda inputs: asked.append(inputs) or Actions(()))
    for levers in ("offer", Lever("offer"), ("offer",)):
        find_actions(plain, "y", "No", levers)
        assert asked[-1].goal.levers == (Lever("offer"),)
    for never in ("size", ["size"], ("size",)):
        find_actions(plain, "y", "No", "offer", Roles(never=never))
        assert asked[-1].goal.never == asked[-1].problem.never == ("size",)
    for to in ("new", ["new"], ("new",)):
        find_actions(plain, "y", "No", Lever("offer", to=to, low=None))
        assert asked[-1].goal.levers[0].to == ("new",)
    flags = plain.assign(offer=plain["offer"] == "new")
    for kind, value, text in ((bool, 1, "True"), (int, True, "1"), (float, np.True_, "1"), ("boolean", "yes", "True")):
        find_actions(flags.astype({"offer": kind}), "y", "No", Lever("offer", to=(value,)))
        assert asked[-1].goal.levers[0].to == (text,)


def test_levers_roles_and_options_may_be_dictionaries(plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of goal.toml, where a number in “to” is a step, or by the names of the fields."""
    asked: list[CardInputs] = []
    monkeypatch.setattr(door, "make_cards", lambda inputs: asked.append(inputs) or Actions(()))
    said = {"column": "offer", "to": ["new"], "from": ["old"], "cost": 2, "forbidden": [["new", "old"]], "days": 30, "low": None}
    meant = Lever("offer", ("new",), ("old",), cost=2.0, forbidden=(("new", "old"),), days=30)
    step = {"column": "size", "to": -0.05, "relative": True, "direction": "down", "low": 1}
    fields_said = {key: value for key, value in said.items() if key != "from"} | {"from_values": "old"}
    for levers in (said, [said, step], (fields_said, Lever("size"))):
        find_actions(plain, "y", "No", levers, {}, {"value": 5, "seed": 3})
        assert asked[-1].goal.levers[0] == meant
        assert (asked[-1].goal.value, asked[-1].seed) == (5.0, 3)
    find_actions(plain, "y", "No", said, {"never": "size", "later": None})
    assert (asked[-1].goal.never, asked[-1].goal.later) == (("size",), ())
    find_actions(plain, "y", "No", [step])
    made = asked[-1].goal.levers[0]
    assert (made.step, made.relative, made.direction, made.low, made.to) == (-0.05, True, "down", 1.0, ())


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_direction_goes_by_the_order_of_categories(
    plain: pd.DataFrame, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Categories that no row has are not moved to or from; without an order the direction is refused."""
    asked: list[CardInputs] = []
    monkeypatch.setattr(door, "make_cards", lambda inputs: asked.append(inputs) or Actions(()))
    sizes = plain.assign(plan=pd.Categorical(np.array(["small", "mid", "big"])[np.arange(700) % 3],
                                             ["none", "small", "mid", "big"], ordered=True))
    find_actions(sizes, "y", "No", Lever("plan", direction=direction))
    (lever,) = asked[-1].goal.levers
    moves = {(move.from_values[0], move.to) for move in category_moves(lever, asked[-1].frame["plan"])}
    upwards = {("small", "mid"), ("small", "big"), ("mid", "big")}
    assert moves == (upwards if direction == "up" else {(high, low) for low, high in upwards})
    with pytest.raises(BadInput, match="forbidden"):
        find_actions(sizes.assign(plan=sizes["plan"].cat.as_unordered()), "y", "No", Lever("plan", direction=direction))


def test_moves_of_numbers_and_of_levels_that_no_row_has_may_be_forbidden(
    plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step may lead to a number that no row has, and ordered categories name their levels; codes of few kinds are no steps."""
    monkeypatch.setattr(door, "make_cards", lambda inputs: Actions((), notes=inputs.goal.levers))
    kinds = np.arange(700) % 3
    frame = plain.assign(plan=pd.Categorical.from_codes(kinds + 1, ["none", "small", "mid", "big"], ordered=True), code=kinds)
    levers = [Lever("plan", forbidden=(("big", "none"),)), Lever("size", step=1.0, forbidden=((-5, 1e9),)),
              Lever("code", forbidden=((1.0, "2"),))]
    found: Any = find_actions(frame, "y", "No", levers)
    assert [lever.forbidden for lever in found.notes] == [(("big", "none"),), (("-5", "1000000000"),), (("1", "2"),)]
    with pytest.raises(BadInput, match="No row has “11” in “code”"):
        find_actions(frame, "y", "No", Lever("code", forbidden=((11, 2),)))


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


@pytest.mark.parametrize("index", [
    pd.Index([3] * 700), pd.date_range("2026-01-01", periods=700, tz="Europe/Paris"),
    pd.MultiIndex.from_arrays([np.arange(700) // 2, np.arange(700) % 2]),
])
def test_applied_leaves_alone_what_it_does_not_change(plain: pd.DataFrame, index: pd.Index) -> None:
    """Dtypes, values and index of all other columns are those of the caller's frame."""
    cards = find_actions(plain, "y", "No", [Lever("offer", to=("new",))])
    frame = plain.assign(
        small=np.int8(3), flag=True, maybe=pd.array([True, None] * 350, dtype="boolean"), text="1.50", lists=[[1]] * 700,
        when=pd.date_range("2026-01-01", periods=700, tz="Europe/Paris"), kind=pd.Categorical(["a", "b"] * 350, ["c", "b", "a"]),
        arrow=pd.array([1, None] * 350, dtype="int64[pyarrow]"), nothing=None, span=pd.Timedelta("1h"), whole=pd.array([1] * 700),
    ).set_index(index)  # fmt: skip
    for kept in (frame, frame.head(1), frame.head(0), frame[(frame["offer"] == "new").to_numpy()]):
        before = kept.copy()
        after = applied(cards, kept)
        pd.testing.assert_frame_equal(kept, before)
        pd.testing.assert_frame_equal(after.drop(columns="offer"), before.drop(columns="offer"))
        assert (after["offer"] == "new").all()
        assert after["offer"].dtype == before["offer"].dtype
    pd.testing.assert_frame_equal(applied([], frame), frame)


@pytest.mark.parametrize(("kind", "by_one", "by_half"), [
    ("int8", "int8", "float64"), ("uint16", "uint16", "float64"), ("Int64", "Int64", "Float64"),
    ("float32", "float32", "float32"),
    ("int64[pyarrow]", "int64[pyarrow]", "double[pyarrow]"), ("category", "category", "category"), ("str", "int64", "float64"),
    (object, "int64", "float64"), ("Sparse[int]", "int64", "float64"),
])  # fmt: skip
def test_a_number_that_is_moved_has_room(kind: Any, by_one: str, by_half: str) -> None:
    card = ActionCard("", "n", "", "", 3, *([0.0] * 8), "C", 1.0, 0.0, "")
    frame = pd.DataFrame({"n": pd.Series([1, 2, 126]).astype(kind).array, "m": [1, 2, 3]}, index=[5, 5, 6])
    for step, wanted in ((1.0, by_one), (0.5, by_half)):
        after = applied([replace(card, step=step, highest=100.0, better="up")], frame)
        assert after["n"].dtype == wanted
        assert after["n"].astype(float).tolist() == [1 + step, 2 + step, 126]
        assert after["m"].equals(frame["m"])
    holed = "float64" if kind in ("int8", "uint16", "Sparse[int]") else kind
    gaps = frame.assign(n=pd.Series([1, None, 126]).astype(holed).array)
    after = applied([replace(card, step=0.5)], gaps)["n"].astype("float64")
    assert after.tolist()[::2] == [1.5, 126.5]
    assert math.isnan(after.iloc[1])
    moved = applied([replace(card, step=2.0)], frame.astype({"n": "int8"}))  # 128 is more than eight bits hold
    assert moved["n"].tolist() == [3, 4, 128]


@pytest.mark.parametrize("kind", ["float32", "Float32", "float[pyarrow]", "float16"])
@pytest.mark.parametrize(("step", "relative", "after"), [(-0.1, True, 17.991), (0.1, False, 20.09), (1e39, False, 1e39)])
def test_a_short_decimal_takes_a_step_that_it_cannot_hold_exactly(kind: Any, step: float, relative: bool, after: float) -> None:
    made = ActionCard("", "n", "", "", 2, *([0.0] * 8), "C", 1.0, 0.0, "", step=step, relative=relative)
    frame = pd.DataFrame({"n": pd.Series([19.99, 19.99]).astype(kind)})
    moved = applied([made], frame)["n"]
    assert moved.astype(float).tolist() == pytest.approx([after] * 2, rel=1e-3)
    assert (moved.dtype == frame["n"].dtype) == (after < 1e39)
    one = applied([replace(made, step=math.nan, to_value="0.1")], frame)["n"]
    assert one.astype(float).tolist() == pytest.approx([0.1] * 2, rel=1e-3)


@pytest.mark.parametrize(("to", "kind"), [("2.5", "float64"), ("7", "Sparse[int]")])
def test_a_sparse_column_keeps_the_value_that_it_is_set_to(to: str, kind: str) -> None:
    made = ActionCard("", "n", "", to, 3, *([0.0] * 8), "C", 1.0, 0.0, "", better="up")
    after = applied([made], pd.DataFrame({"n": pd.Series([0, 0, 1]).astype("Sparse[int]")}))["n"]
    assert (after.tolist(), after.dtype) == ([float(to)] * 3, kind)


@pytest.mark.parametrize(("kind", "to", "wanted"), [
    ("int8", "1", 1), ("Int64", "1", 1), (bool, "True", True), ("boolean", "True", True), (object, "True", True),
    ("float32", "2.5", 2.5), (object, "7", 7),
    ("category", "True", True), ("category", "7", 7), ("int64[pyarrow]", "7", 7), ("str", "new", "new"), ("string", "new", "new"),
])  # fmt: skip
def test_a_value_that_is_set_is_one_of_the_column(kind: Any, to: str, wanted: object) -> None:
    """Also where no row of the frame has it yet."""
    start: Any = {"T": False, "n": "old"}.get(to[0], 0)
    made = ActionCard("", "n", "", to, 3, *([0.0] * 8), "C", 1.0, 0.0, "", better="up")
    frame = pd.DataFrame({"n": pd.Series([start, start]).astype(kind)})
    after = applied([made], frame)["n"]
    assert after.tolist() == [wanted, wanted]
    assert type(after.dtype) is type(frame["n"].dtype) or to == "2.5"
    text = frame["n"].astype("category").dtype if kind == "category" else frame["n"].dtype
    assert after.dtype == text or kind == "category"


def test_a_row_gets_the_same_card_alone_as_among_others(plain: pd.DataFrame) -> None:
    """Texts that look like numbers are told apart from these by other rows alone: what the card needs is known."""
    versions = np.where(plain["offer"] == "new", "2.0", "1.0")
    frame = plain.assign(offer=np.where(np.arange(700) % 10 == 0, "beta", versions))
    found = find_actions(frame, "y", "No", [Lever("offer", to=("2.0",), from_values=("1.0",))])
    whole = assign(found, frame)
    some = frame[frame["offer"] != "beta"]
    assert np.array_equal(assign(found, some), whole[frame["offer"] != "beta"])
    assert [int(assign(found, frame.iloc[[place]])[0]) for place in range(12)] == whole[:12].tolist()
    assert set(applied(found, some)["offer"]) == {"2.0"}
    assert set(applied(found, some.astype("category"))["offer"]) == {"2.0"}


def test_what_are_no_cards_or_no_rows_for_them_is_refused(plain: pd.DataFrame) -> None:
    found = find_actions(plain, "y", "No", [Lever("offer", to=("new",))])
    for cards, frame, words in ((["offer"], plain, "no action cards"), (None, plain, "no action cards"),
                                (found, plain[["size"]], "no column “offer”"), (found, None, "no pandas DataFrame")):
        for ask in (assign, applied):
            with pytest.raises(BadInput, match=words):
                ask(cards, frame)  # type: ignore[operator]
    with pytest.raises(BadInput, match="no column “offer”"):
        eligible(found.cards[0], plain[["size"]])
    assert assign(found.cards[0], plain).tolist() == assign(found, plain).tolist()
