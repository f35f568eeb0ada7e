"""Which rows of a lever have others like them, what a card counts where not all have, and what is said of what was not tried."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, find_actions, pairs
from automl_core.acting.action import Actions, Condition, Goal
from automl_core.acting.card_words import meant_words
from automl_core.acting.cards import CardInputs, _of_everybody, _stage, counted, make_cards
from automl_core.acting.copies import Together
from automl_core.acting.given import compared_in, given_notes
from automl_core.acting.moves import Move, category_moves
from automl_core.acting.not_compared import not_tried_notes, why_not_compared
from automl_core.acting.stage import Stage
from automl_core.acting.wording import whole_words
from automl_core.data.table import Column
from tests.unit.carding import COLUMNS, PROBLEM, inputs
from tests.unit.piloting import CARD

GROUPS = "automl_core.acting.move_groups"


def steered(rows: int, seed: int = 0) -> pd.DataFrame:
    """Two levers that work, most of all together; who has them is steered so that of both a third has nobody like them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    odds = 1 / (1 + np.exp(-1.5 * x[:, 0]))
    one, two = rng.random(rows) < odds, rng.random(rows) < odds
    chance = 0.85 - 0.1 * one - 0.1 * two - 0.4 * (one & two) - 0.05 * np.tanh(x[:, 1])
    return pd.DataFrame(x, columns=list("xyz")).assign(
        one=np.where(one, "new", "old"), two=np.where(two, "new", "old"), churn=np.where(rng.random(rows) < chance, "Yes", "No"))


def told_without_words(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Actions:
    """Cards where no words tell which rows of a group have others like them."""
    monkeypatch.setattr(sys.modules[GROUPS], "alike_parts", lambda *_: None)
    monkeypatch.setattr(sys.modules[GROUPS], "comparable", lambda *_: None)
    return find_actions(frame, "churn", "No", (Lever("one", ("new",)), Lever("two", ("new",))), options=Options(value=100.0))


@cache
def told_of_two() -> tuple[Actions, list[np.ndarray]]:
    """Cards of 8,000 steered rows, and of which rows it was asked what the second lever of two costs, in the order of asking."""
    asked: list[np.ndarray] = []
    second = pairs._second

    def noting(move: Any, stage: Any, rows: np.ndarray) -> Any:
        asked.append(rows)
        return second(move, stage, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_second", noting)
        return told_without_words(steered(8000), patch), asked


def test_a_card_of_two_levers_counts_rows_that_have_others_like_them() -> None:
    """It counted all that could be moved, and money for them."""
    frame = steered(8000)
    both = next(card for card in told_of_two()[0].cards if card.also)
    able = (frame["one"] == "old") & (frame["two"] == "old")
    assert not both.conditions
    assert both.support < 0.75
    assert both.rows == pytest.approx(both.support * able.sum(), abs=1)


def test_a_second_lever_costs_what_it_costs_the_rows_of_the_card() -> None:
    """The mean of all rows at both old values was charged, also of those that the card does not speak of."""
    told, asked = told_of_two()
    both = next(card for card in told.cards if card.also)
    assert both.support < 0.75
    assert asked[0].sum() > 1.3 * both.rows  # before the card has rows of its own: all at both old values
    assert asked[-1].sum() == both.rows
    move = Move(Lever("two", ("15",), unit_cost=0.1), ("0", "10"), "15")
    stage: Any = SimpleNamespace(frame=pd.DataFrame({"two": [0.0, 10.0, 10.0, 15.0]}))
    made = pairs._second(move, stage, np.array([False, True, True, False]))
    assert (made.distance, made.cost) == (5.0, pytest.approx(0.5))


def test_a_lever_that_no_model_may_see_is_told_to_have_no_card() -> None:
    frame = steered(600)
    found = find_actions(frame, "churn", "No", (Lever("one", ("new",)),), Roles(never=("one",), experiment="one"))
    assert (found.cards, found.patterns) == ((), ())
    assert "“one” is not to be seen by a model, so no card is made of it." in found.notes


def test_what_is_named_as_known_before_is_compared_on_though_the_model_may_not_see_it() -> None:
    """“age” decides who has the idle lever and how it ends; left out of the model it was passed over, and nothing said so."""
    made = inputs(3000, given=("age",))
    age = made.frame["age"].to_numpy()
    bad = np.random.default_rng(1).random(3000) < 0.5 - 0.35 * np.tanh(age)
    frame = made.frame.assign(y=pd.Series(np.where(bad, "Yes", "No")).astype("str"))
    made = replace(made, frame=frame, y=bad.astype(int), problem=replace(PROBLEM, never=("age",)),
                   goal=replace(made.goal, levers=(Lever("idle", ("a",)),)))
    found = make_cards(made)
    (idle,) = (*found.cards, *found.patterns)
    assert idle.raw_gap < -0.15
    assert abs(idle.adjusted) < 0.05
    assert not any(one.column == "age" for one in idle.conditions)
    assert ("The goal names “age” as known before: rows were compared on it though the model does not see it, and no group is "
            "described by it.") in found.notes
    unsaid = make_cards(replace(made, goal=replace(made.goal, given=())))
    assert max(card.adjusted for card in (*unsaid.cards, *unsaid.patterns)) < -0.1  # nothing says that it may be compared on


def test_what_a_goal_names_twice_is_told_not_to_be_compared_on() -> None:
    goal = Goal("y", "No", given=("age", "size", "town"), never=("size",), levers=(Lever("idle"),))
    late, columns = replace(PROBLEM, later=("age",), never=("size",)), (*COLUMNS, Column("town", "text", "category"))
    assert compared_in(late, goal) == late
    twice, later = given_notes(goal, late, columns)
    assert twice == "The goal names “size” as known before, and as what rows are not compared on, too: they were not."
    assert later.startswith("The goal names “age” as known before, and the model’s own goal as measured later")


def test_what_is_known_before_and_was_not_in_the_model_s_table_is_told() -> None:
    goal = Goal("y", "No", given=("age", "town"), levers=(Lever("idle"),))
    (note,) = given_notes(goal, PROBLEM, COLUMNS)
    assert note.startswith("The goal names “town” as known before, and the table that the model was trained on did not have it")
    assert "town" not in " ".join(given_notes(replace(goal, given=("age",)), PROBLEM, COLUMNS))


def test_only_what_rows_were_compared_on_is_told_to_be() -> None:
    """Free text and weights that the model was trained without were told to be compared on, and nothing was said of the column
    that tells which rows belong together."""
    more = (Column("note", "text", "text"), Column("share", "float", "number"), Column("shop", "text", "category"),
            Column("key", "int", "id"), Column("fixed", "int", "constant"))
    goal = Goal("y", "No", given=("age", "note", "share", "shop", "key", "fixed"), levers=(Lever("idle"),))
    problem = replace(PROBLEM, never=("age", "note", "fixed", "share"), weights="share", group="shop", roles={"key": "id"})
    here, others = given_notes(goal, problem, (*COLUMNS, *more))
    assert here.startswith("The goal names “age” as known before: rows were compared on it though the model does not see it")
    assert others == ("Rows were not compared on “note” (free text), “share” (how much a row counts), “shop” (which rows belong "
                      "together) and “key” (which row it is), though the goal names them as known before.")


def test_money_goes_by_each_row_where_the_column_of_worths_is_compared_on_though_the_model_does_not_see_it() -> None:
    """It went by the mean worth, and of two notes in one answer one said that rows were compared on the column, one that not."""
    made = inputs(3000, value_column="worth", value=0.0, given=("worth",))
    worth = np.random.default_rng(3).uniform(10, 500, 3000).round(2)
    made = replace(made, frame=made.frame.assign(worth=worth), columns=(*COLUMNS, Column("worth", "float", "number")),
                   problem=replace(PROBLEM, never=("worth",)))
    found = make_cards(made)
    said = " ".join(found.notes)
    assert "rows were compared on it though the model does not see it" in said
    assert "Money of a card counts each row’s own change with its own “worth”." in said
    assert "rows are not compared on it" not in said
    assert _stage_of(made).compared
    assert not _stage_of(replace(made, goal=replace(made.goal, given=()))).compared


def _stage_of(made: CardInputs) -> Stage:
    made = replace(made, goal=replace(made.goal, value=200.0))
    return _stage(made, counted(made.y, made.problem, made.goal), Together())


def test_rows_that_differ_in_what_they_are_compared_on_are_no_copies() -> None:
    """Those that differ only in a column that the model does not see counted as copies of each other."""
    made = inputs(300, given=("key",))
    twice = pd.concat([made.frame, made.frame], ignore_index=True).assign(key=np.arange(600) % 299 * 1.0)
    made = replace(made, frame=twice, y=np.concatenate([made.y, made.y]), columns=(*COLUMNS, Column("key", "float", "number")),
                   problem=replace(PROBLEM, never=("key",)))
    assert not any("repeat others" in note for note in make_cards(made).notes)
    assert any("repeat others" in note for note in make_cards(replace(made, goal=replace(made.goal, given=()))).notes)


def test_a_card_of_rows_that_were_drawn_counts_the_share_that_has_others_like_them(monkeypatch: pytest.MonkeyPatch) -> None:
    all_rows = next(card for card in told_of_two()[0].cards if not card.also and not card.conditions)
    monkeypatch.setattr(sys.modules["automl_core.acting.cards"], "MOST_ROWS", 6000)
    drawn = next(card for card in told_without_words(steered(8000), monkeypatch).cards
                 if not card.also and not card.conditions and card.lever == all_rows.lever)
    assert all_rows.support < 0.95
    assert drawn.rows == pytest.approx(all_rows.rows, rel=0.05)
    assert drawn.whole_rows == drawn.rows


def test_an_offer_drawn_for_few_rows_is_an_experiment_of_all() -> None:
    """Of 2.5 % it was said that hardly any rows are alike otherwise, where chance alone decided."""
    rng = np.random.default_rng(2)
    drawn = rng.random(20_000) < 0.025
    x = rng.normal(size=20_000)
    bad = rng.random(20_000) < 0.5 + 0.1 * np.tanh(x) - 0.25 * drawn
    frame = pd.DataFrame({"x": x, "offer": np.where(drawn, "yes", "no"), "churn": np.where(bad, "Yes", "No")})
    found = find_actions(frame, "churn", "No", (Lever("offer", ("yes",)),), Roles(experiment="offer"), Options(value=100.0))
    (card,) = found.cards
    assert (card.grade, card.support) == ("A", 1.0)
    assert card.low < -0.25 < card.high
    # nobody says that chance drew it: what all have a small chance of is compared all the same
    (unsaid,) = find_actions(frame.iloc[:6000], "churn", "No", (Lever("offer", ("yes",)),)).cards
    assert unsaid.support > 0.9
    assert unsaid.low < -0.25 < unsaid.high


@pytest.mark.parametrize("to", [np.array(["one year", "two years"]), pd.Index(["one year", "two years"]),
                                pd.Series(["one year", "two years"]).unique(), pd.array(["one year", "two years"])])
def test_values_of_a_lever_may_come_in_any_array(to: Any) -> None:
    rng = np.random.default_rng(3)
    contract = rng.choice(["monthly", "one year", "two years"], 600)
    frame = pd.DataFrame({"contract": contract, "x": rng.normal(size=600), "churn": rng.choice(["Yes", "No"], 600)})
    lever = Lever("contract", to, forbidden=(("one year", "two years"),))
    assert find_actions(frame, "churn", "No", (lever,)).tested > 0
    drawn = rng.choice(np.array(["contract"]), 1)[0]  # a text of numpy's own
    assert find_actions(frame, rng.choice(["churn"]), "No", (Lever(drawn, ("one year",)),)).tested > 0


def test_why_a_number_is_not_moved_is_not_that_no_rows_are_alike() -> None:
    rng = np.random.default_rng(4)
    price = pd.DataFrame({"price": rng.uniform(58, 62, 400)})
    assert "as large as that leads where hardly any row is" in why_not_compared(
        Lever("price", step=-0.10, relative=True), price, ())
    assert "leaves 0 rows to be moved, and 30 are needed" in why_not_compared(Lever("price", step=-1.0, low=62.0), price, ())
    assert why_not_compared(Lever("price", step=-1.0), price.where(np.arange(400)[:, None] < 100), ()) == (
        "“price” is known in only 100 rows, and 120 are needed to compare: load more rows.")
    assert why_not_compared(Lever("price", step=-1.0), price, ()).startswith("Hardly any rows that differ in “price”")


@pytest.mark.parametrize("step", [np.nan, -5.0])
def test_a_number_that_is_nearly_always_one_value_is_told_to_be(step: float) -> None:
    """It was said that no rows are alike otherwise, or that a smaller step would do."""
    rng = np.random.default_rng(4)
    discount = pd.DataFrame({"discount": np.where(rng.random(3000) < 0.96, 0, rng.integers(5, 31, 3000))})
    assert why_not_compared(Lever("discount", step=step), discount, ()) == (
        "“discount” is 0 in nearly all rows, so any step leads where hardly any row is: try other values on more rows, or name a "
        "column that says only whether it is 0.")


def test_named_values_that_were_not_tried_are_told() -> None:
    plan = pd.Series(["basic"] * 200 + ["pro"] * 90 + ["gold"] * 10)
    assert not_tried_notes(Lever("plan", ("pro", "gold")), plan) == (
        "Fewer than 30 rows have “plan” = “gold” (10 rows), too few to be compared.",)
    assert why_not_compared(Lever("plan", ("gold",)), plan.to_frame("plan"), ()) == (
        "Fewer than 30 rows have “plan” = “gold” (10 rows), too few to be compared.")
    assert not_tried_notes(Lever("plan", ("pro",)), plan) == ()
    many = pd.Series(np.repeat([f"v{k}" for k in range(13)], 40))
    assert not_tried_notes(Lever("plan", tuple(f"v{k}" for k in range(12))), many) == (
        "Of the values that “plan” may be set to the first 8 were tried, not “v8”, “v9”, “v10” or “v11”.",)
    rng = np.random.default_rng(5)
    frame = plan.to_frame("plan").assign(churn=rng.choice(["Yes", "No"], 300), x=rng.normal(size=300))
    found = find_actions(frame, "churn", "No", (Lever("plan", ("pro", "gold")),))
    assert any("“gold” (10 rows)" in note for note in found.notes)


def test_values_that_were_not_tried_are_told_where_none_is_named() -> None:
    """All that the rows show was promised, and the ninth most common value was never set: nobody said so."""
    channel = pd.Series(np.repeat([f"c{k:02d}" for k in range(11)] + ["rare"], [*range(80, 69, -1), 5]))
    said = ("Fewer than 30 rows have “channel” = “rare” (5 rows), too few to be compared.",
            "Of the values that “channel” may be set to the 8 most common were tried, not “c08”, “c09” or “c10”.")
    assert not_tried_notes(Lever("channel"), channel) == said
    assert not_tried_notes(Lever("channel", from_values=("c10",)), channel)[1] == said[1].replace(", “c09” or “c10”", " or “c09”")
    same = pd.Series(np.repeat([f"c{k:02d}" for k in range(9, -1, -1)], 40))  # of equally common ones by name, not by place
    assert "not “c08” or “c09”." in not_tried_notes(Lever("channel"), same)[0]
    frame = channel.to_frame("channel")
    fixed = Lever("channel", from_values=("c00",), forbidden=tuple(("c00", f"c{k:02d}") for k in range(1, 11)))
    assert why_not_compared(fixed, frame, ()).startswith("What the goal says of “channel” leaves no move")


def test_a_value_that_no_row_may_be_moved_to_takes_no_room() -> None:
    """It was one of the eight, and the ninth was not tried."""
    channel = pd.Series(np.repeat([f"c{k:02d}" for k in range(9)], range(80, 71, -1)))
    shut = Lever("channel", forbidden=tuple((f"c{k:02d}", "c00") for k in range(1, 9)))
    assert {move.to for move in category_moves(shut, channel)} == {f"c{k:02d}" for k in range(1, 9)}
    assert not_tried_notes(shut, channel) == ()


def test_levers_that_are_not_tried_together_with_others_are_told() -> None:
    """Of a price with an offer there never is a card of both, and it read as if both were no better."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({name: rng.choice(["a", "b"], 2400) for name in ("offer", "plan", "churn")})
    frame = frame.assign(price=rng.normal(20, 3, 2400).round(1), x=rng.normal(size=2400), churn=frame["churn"].replace("a", "No"))
    price = "“price” is not tried together with other changes, as numbers are moved alone."
    offer = "“offer” was drawn by chance, and an experiment is not tried together with other changes."
    both = find_actions(frame, "churn", "No", (Lever("offer"), Lever("price", step=-1.0)), Roles(experiment="offer")).notes
    assert {price, offer} <= set(both)
    for levers in ((Lever("price", step=-1.0),), (Lever("offer"), Lever("plan"))):
        assert not any("together with other" in note for note in find_actions(frame, "churn", "No", levers).notes)


def test_patterns_have_p_values_corrected_for_all_moves() -> None:
    """Of eight idle levers one has p = 0.03 by chance: told as the only one, it seemed to be something."""
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({f"lever {k}": rng.choice(["a", "b"], 1500) for k in range(8)})
    frame = frame.assign(x=rng.normal(size=1500), churn=rng.choice(["Yes", "No"], 1500))
    found = find_actions(frame, "churn", "No", tuple(Lever(f"lever {k}") for k in range(8)))
    assert found.cards == ()
    assert len(found.patterns) == 7
    assert min(card.p for card in found.patterns) > 0.05
    assert all("no effect can be told from chance" in " ".join(card.reasons) or "wrong way" in " ".join(card.reasons)
               for card in found.patterns)
    assert _of_everybody([]) == {}


def test_rare_values_are_told_in_no_order_of_rows_and_only_where_the_goal_allows_them() -> None:
    """Of equally rare ones those were named that came first in the file; and values that may not be set at all."""
    plan = [*["a"] * 100, *["b"] * 100, *[value for value in ("z", "y", "x", "w", "v") for _ in range(4)], *["u"] * 9]
    said = ("Fewer than 30 rows have “plan” = “u” (9 rows), “v” (4 rows), “w” (4 rows) or 3 more, too few to be compared.",)
    assert not_tried_notes(Lever("plan"), pd.Series(plan)) == said
    assert not_tried_notes(Lever("plan"), pd.Series(plan[::-1])) == said
    barred = Lever("plan", forbidden=tuple((value, to) for value in "ab" for to in "uvxyz"))
    assert not_tried_notes(barred, pd.Series(plan)) == (
        "Fewer than 30 rows have “plan” = “w” (4 rows), too few to be compared.",)
    sizes = pd.Series([*[2.0] * 100, *[3.0] * 100, 1.0, 4.0, 9.0])
    assert not_tried_notes(Lever("size", direction="up", high=5.0), sizes) == (
        "Fewer than 30 rows have “size” = “4” (1 row), too few to be compared.",)


def test_figures_of_those_who_have_others_like_them_are_not_called_those_of_all() -> None:
    """A card of 800 rows said of 700 that these were all rows, and not only its own."""
    card = replace(CARD, rows=800, whole_rows=700, whole_adjusted=0.1, whole_low=0.05, whole_high=0.15)
    said = whole_words(card, True, 1000)
    assert said.startswith("For all 1,000 rows that the change is for: as seen in the data ")
    assert ". For those 700 of them that have others like them: as the model says " in said  # all three were said to be of 700
    assert whole_words(card, True).startswith("For all 700 rows that the change is for, not only these: ")


def test_of_whom_only_a_part_is_compared_is_said_as_who_is_meant() -> None:
    """The page said “tenure from 3” beside “tenure is 3 or more”."""
    part = replace(CARD, who="Rows where “plan” is “old”", alike=(
        (Condition("tenure", low=3.0), Condition("age", high=60.0)), (Condition("region", ("north", "west")),)))
    assert meant_words(part) == ("Rows where “plan” is “old”; of them those where “tenure” is 3 or more and “age” is below 60; "
                                 "or where “region” is “north” or “west”.")
    assert meant_words(replace(part, alike=())) == "Rows where “plan” is “old”."
