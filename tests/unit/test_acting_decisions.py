"""Ranked rows and goals: optimal under a capacity, honest about money, sentences for bad goals."""

from __future__ import annotations

import importlib
import io
import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from automl_core.acting.action import ActionCard, Condition, Goal, Lever
from automl_core.acting.budget import rows_paid_for
from automl_core.acting.decide import DecisionInputs, decide
from automl_core.acting.decisions import actions_frame, rank_rows, risk
from automl_core.acting.goal import check_goal, suggest_goal
from automl_core.acting.goal_file import goal_text, read_goal
from automl_core.acting.goal_in_table import with_known_values
from automl_core.acting.outcome import make_outcome
from automl_core.acting.planned import (
    ActionPlan,
    PlanInputs,
    PlanLabels,
    PlannedAction,
    plan_actions,
    plan_frame,
    planned_gain,
)
from automl_core.acting.worth import mean_words, missing_words, row_values, valued
from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import money
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_xlsx
from automl_core.workspace.context import fingerprint
from automl_core.workspace.file_goal import check_file, goal_for
from automl_core.workspace.kept_cards import goal_marks
from tests.unit.modelling import make_model

PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes", never=("gender",))
COLUMNS = (
    Column("id", "text", "id"),
    Column("Contract", "text", "category"),
    Column("gender", "text", "category"),
    Column("tenure", "int", "number"),
    Column("Churn", "bool", "category"),
)
TOML = """
[goal]
outcome = "Churn"
good = "No"
value = 700.0
capacity = 500
budget = 10000.0
[columns]
given = ["tenure"]
never = ["gender"]
[[lever]]
column = "Contract"
from = ["Month-to-month"]
to = ["One year"]
cost = 20.0
forbidden = [["Two year", "One year"]]
[[lever]]
column = "tenure"
to = -5.0
relative = false
"""


def test_list_is_the_best_one_of_its_size() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(9)
    frame = pd.DataFrame({"id": [f"c{k}" for k in range(9)]})
    goal = Goal("Churn", "No", value=100, capacity=3, contact_cost=2)
    made = rank_rows(frame, p, COLUMNS, PROBLEM, goal, [(f"r{k}",) for k in range(9)])
    worth = 0.2 * 100 * p - 2
    assert made.expected_value == pytest.approx(max(sum(worth[list(c)]) for c in itertools.combinations(range(9), 3)))
    assert [row.id for row in made.rows] == [f"c{k}" for k in np.argsort(-p)[:3]]
    assert made.rows[0].reasons == (f"r{np.argmax(p)}",)
    assert made.low < made.expected_value < made.high
    assert made.everyone_value == pytest.approx(worth.sum())
    assert made.random_value == pytest.approx(3 * worth.mean())
    assert made.sentence.endswith(f"everyone {money(worth.sum(), '€')}, which is beyond the limit of 3 rows.")
    table = actions_frame(made, frame, COLUMNS)
    assert list(table.columns) == ["rank", "id", "prediction", "expected_value", "reason_1"]


WORTH = Goal("Churn", "No", value_column="revenue", contact_cost=10, capacity=2, save_rate=0.5)


def test_a_list_goes_by_expected_value_and_not_by_probability() -> None:
    """Worth: 0.5 x 0.9 x 100 - 10 = 35, 0.5 x 0.4 x 1,000 - 10 = 190, 0.5 x 0.6 x 300 - 10 = 80, 0.5 x 0.8 x 20 - 10 = -2."""
    p, frame = np.array([0.9, 0.4, 0.6, 0.8]), pd.DataFrame({"revenue": [100, 1_000, 300, 20]})
    made = rank_rows(frame, p, (), PROBLEM, WORTH)
    assert [(row.row, row.expected_value) for row in made.rows] == [(1, pytest.approx(190)), (2, pytest.approx(80))]
    assert made.expected_value == pytest.approx(270)
    assert (made.everyone_value, made.random_value) == (pytest.approx(303), pytest.approx(151.5))
    spread = 1.96 * math.sqrt(1_000**2 * 0.2 * 0.8 + 300**2 * 0.3 * 0.7)
    assert made.high - made.expected_value == pytest.approx(spread)
    assert made.sentence.startswith(
        "Act on the 2 rows that are worth most to act on, by their risk and “revenue”: about 1 of them is expected to end")
    assert [row.row for row in rank_rows(frame, p, (), PROBLEM, replace(WORTH, capacity=0)).rows] == [1, 2, 0]
    assert [row.row for row in rank_rows(frame, p, (), PROBLEM, replace(WORTH, value=500, value_column="")).rows] == [0, 3]
    costs = rank_rows(pd.DataFrame({"revenue": [1.0, 5, 1, 1, 1]}), np.array([9.0, 8, 7, 1, 0]), (),
                      Problem("c", "regression", "rmse"), Goal("c", "low", value_column="revenue", capacity=1))
    assert [row.row for row in costs.rows] == [1]  # 1 above the middle at 5 each, before 2 at 1 each


def test_values_that_are_missing_are_told_and_those_below_zero_refused() -> None:
    p, frame = np.array([0.9, 0.4, 0.6, 0.8]), pd.DataFrame({"revenue": [100, 1_000, 300, None]})
    made = rank_rows(frame, p, (), PROBLEM, WORTH)
    assert [(row.row, row.expected_value) for row in made.rows] == [(1, pytest.approx(190)), (3, pytest.approx(110))]  # at 300
    assert made.sentence.endswith("1 row has no value in “revenue” and cannot be priced by itself: it counts with the median of "
                                  "the others, € 300.")
    with pytest.raises(BadInput, match="2 rows have a value in “revenue” that is below zero or infinite"):
        rank_rows(frame.assign(revenue=[-1.0, 2.0, math.inf, 3.0]), p, (), PROBLEM, WORTH)
    with pytest.raises(BadInput, match="No row has a value in “revenue”"):
        rank_rows(frame.assign(revenue=None), p, (), PROBLEM, WORTH)
    with pytest.raises(BadInput, match="There is no column “revenue”"):
        rank_rows(frame[[]], p, (), PROBLEM, WORTH)


def test_the_range_of_a_list_says_what_it_rests_on_and_carries_that_of_a_measured_rate() -> None:
    p = np.full(400, 0.5)
    goal = Goal("Churn", "No", value=100, capacity=200, save_rate=0.14)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal)
    assert "expected gain € 1,400 if 14 % of bad outcomes turn good, an assumption; chance alone makes it" in made.sentence
    told = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, replace(goal, save_range=(0.09, 0.19)))
    assert "if 14 % of bad outcomes turn good, measured by a pilot, 9.0 to 19 %; with that and chance it is" in told.sentence
    assert told.assumptions[0].startswith("Acting turns 14 % of bad outcomes good: measured by a pilot")
    alone = made.high - made.expected_value
    assert told.high - told.expected_value == pytest.approx(math.hypot(alone, 0.05 * 200 * 0.5 * 100))
    assert told.expected_value - told.low == pytest.approx(told.high - told.expected_value)


def test_rows_without_an_outcome_come_first() -> None:
    """Past rows are at a higher risk, but nothing can be done about them any more."""
    p = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.05])
    frame = pd.DataFrame({"Churn": ["Yes", "No", "Yes", None, None, None]})
    goal = Goal("Churn", "No", value=100, contact_cost=2, capacity=3)
    made = rank_rows(frame, p, (), PROBLEM, goal)
    assert [row.row for row in made.rows] == [3, 4, 0]  # the last one is not worth its cost
    assert made.sentence.endswith("2 of them have no outcome yet and are listed first, for there one can still act. "
                                  "They are expected to bring € 10 of that.")  # 0.2 x 100 x (0.4 + 0.3) - 2 x 2
    first = rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=1))
    assert first.sentence.startswith("Of the 3 rows without an outcome, act on the 1 row most at risk: it has a chance of 40 %")
    new = rank_rows(frame.assign(Churn=None), p, (), PROBLEM, goal)
    assert ([row.row for row in new.rows], new.unknown) == ([0, 1, 2], 0)
    assert "outcome yet" not in new.sentence


def test_a_list_of_rows_without_an_outcome_is_told_and_compared_among_such() -> None:
    """Past rows are at six times the risk: “the 100 rows most at risk” would be others, and so would those drawn at random."""
    p = np.concatenate([np.full(9_000, 0.3), np.linspace(0.09, 0.01, 200)])
    frame = pd.DataFrame({"Churn": ["Yes"] * 9_000 + [None] * 200})
    goal = Goal("Churn", "No", value=1_000, contact_cost=1, capacity=100)
    made, worth = rank_rows(frame, p, (), PROBLEM, goal), 200 * p[9_000:] - 1
    assert (made.unknown, made.open, made.mixed, made.limited_by) == (100, 200, False, "the limit of 100 rows")
    assert made.sentence.startswith("Of the 200 rows without an outcome, act on the 100 rows most at risk: about 7 of them")
    assert "As many at random bring € 900, all of them € 1,800, which is beyond" in made.sentence.replace("\u00a0", " ")
    assert made.mean_risk == pytest.approx(0.05)
    assert made.random_value == pytest.approx(100 * worth.mean())
    assert made.everyone_value == pytest.approx(worth.sum())
    every = rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=200))
    assert (every.takes_everyone, every.limited_by) == (True, "")
    assert every.sentence.startswith("Act on all 200 rows without an outcome: about 10 of them are expected")
    more = rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=300))
    assert (more.mixed, more.open, more.takes_everyone) == (True, 0, False)
    assert more.sentence.startswith("Act on the 300 rows that come first: about 40 of them")
    assert "200 of them have no outcome yet and are listed first" in more.sentence
    number, low = Problem("cost", "regression", "rmse"), Goal("cost", "low", capacity=100)
    costs = frame.rename(columns={"Churn": "cost"})
    assert rank_rows(costs, p, (), number, low).sentence == (
        "Of the 200 rows without an outcome, act on the 100 rows with the highest predicted “cost”.")
    assert rank_rows(costs, p, (), number, replace(low, capacity=300)).sentence.startswith("Act on the 300 rows that come first.")


def test_a_list_that_nobody_limits_is_a_tenth_of_the_rows_that_can_still_be_acted_on() -> None:
    """It was a tenth of all rows, those that had ended among them: of 200 open rows all, and 720 that had ended."""
    p = np.concatenate([np.full(9_000, 0.3), np.linspace(0.09, 0.01, 200)])
    frame, goal = pd.DataFrame({"Churn": ["Yes"] * 9_000 + [None] * 200}), Goal("Churn", "No")
    made = rank_rows(frame, p, (), PROBLEM, goal)
    assert [row.row for row in made.rows] == list(range(9_000, 9_020))
    assert made.sentence.startswith("Of the 200 rows without an outcome, act on the 20 rows most at risk: about 2 of them")
    assert made.sentence.endswith(" That is about a tenth of the 200 rows without an outcome: say how many you can act on.")
    ended = rank_rows(frame.assign(Churn="Yes"), p, (), PROBLEM, goal)
    assert len(ended.rows) == 920
    assert ended.sentence.endswith(" That is about a tenth of all 9,200 rows: say how many you can act on.")
    broke = rank_rows(frame, p, (), PROBLEM, replace(goal, budget=5.0, contact_cost=10.0))
    assert (broke.rows, "a tenth" in broke.sentence) == ((), False)
    assert len(rank_rows(frame.head(3), p[:3], (), PROBLEM, goal).rows) == 1
    assert rank_rows(frame.head(0), p[:0], (), PROBLEM, goal).rows == ()


def test_rows_not_worth_their_cost_stay_out_and_budget_limits() -> None:
    p = np.linspace(0, 1, 101)
    frame = pd.DataFrame({"x": p})
    made = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "No", value=100, contact_cost=10))
    assert len(made.rows) == 50
    assert all(row.expected_value > 0 for row in made.rows)
    assert made.limited_by == ""
    assert made.sentence.endswith("As many at random bring € 0, everyone € 0.")  # and not € 3e−14
    tight = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "No", value=100, contact_cost=10, budget=95))
    assert len(tight.rows) == 9
    assert tight.limited_by == "the budget of € 95"
    nothing = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "No", value=100, contact_cost=10, budget=5))
    assert nothing.limited_by == "the budget of € 5"
    none = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "No", value=1, contact_cost=10))
    assert none.rows == ()
    assert none.sentence.startswith("No row")


def test_other_goals() -> None:
    p = np.array([0.9, 0.1, 0.5])
    frame = pd.DataFrame({"x": [1, 2, 3]})
    free = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "No", capacity=2))
    assert math.isnan(free.expected_value)
    assert [row.row for row in free.rows] == [0, 2]
    wanted = rank_rows(frame, p, (), PROBLEM, Goal("Churn", "Yes", capacity=1))
    assert wanted.rows[0].row == 1
    number = Problem("cost", "regression", "rmse")
    assert rank_rows(frame, p * 100, (), number, Goal("cost", "low", value=1.0, capacity=1)).rows[0].row == 0
    assert rank_rows(frame, p * 100, (), number, Goal("cost", "high", value=1.0, capacity=1)).rows[0].row == 1
    many = Problem("k", "multiclass", "log_loss", ("a", "b"))
    assert free.mean_risk == pytest.approx(0.5)
    assert wanted.mean_risk == pytest.approx(0.5)
    made = rank_rows(frame, np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]), (), many, Goal("k", "a", capacity=1))
    assert made.rows[0].row == 1
    assert made.rows[0].prediction == pytest.approx(0.8)
    assert made.mean_risk == pytest.approx((0.1 + 0.8 + 0.5) / 3)
    with pytest.raises(BadInput):
        rank_rows(frame, p, (), PROBLEM, Goal("Churn", "Maybe"))


def test_a_list_that_money_ends_says_so() -> None:
    frame, p = pd.DataFrame({"x": [1, 2, 3]}), np.array([0.9, 0.8, 0.5])
    goal = Goal("Churn", "No", value=100.0, save_rate=0.5, contact_cost=1.0, budget=2.0)
    assert "pays for 2 rows" in rank_rows(frame, p, (), PROBLEM, goal).assumptions[-1]
    assert "pays for" not in " ".join(rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=2)).assumptions)


@pytest.mark.parametrize(
    ("risks", "capacity", "words"),
    [
        ([0.27], 0, "Act on the only row there is: it has a chance of 27 % to end as “Churn” = “Yes”;"),
        ([0.27, 0.1], 1, "Act on the 1 row most at risk: it has a chance of 27 % to end as “Churn” = “Yes”;"),
        ([0.1, 0.1, 0.1], 2, "Act on the 2 rows most at risk: fewer than 1 of them is expected to end as “Churn” = “Yes”;"),
        ([0.5, 0.4, 0.1], 2, "Act on the 2 rows most at risk: about 1 of them is expected to end as “Churn” = “Yes”;"),
        ([0.9, 0.9, 0.1], 2, "Act on the 2 rows most at risk: about 2 of them are expected to end as “Churn” = “Yes”;"),
    ],
)
def test_few_rows_are_counted_as_people_speak(risks: list[float], capacity: int, words: str) -> None:
    p = np.array(risks)
    goal = Goal("Churn", "No", value=100.0, capacity=capacity)
    assert rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal).sentence.startswith(words)
    one = replace(goal, contact_cost=1.0, budget=1.0, capacity=0)
    assert len(p) == 1 or "pays for 1 row," in rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, one).assumptions[-1]


def test_goal_file() -> None:
    goal = read_goal(TOML)
    assert (goal.outcome, goal.good, goal.value, goal.capacity, goal.budget) == ("Churn", "No", 700.0, 500, 10000.0)
    assert goal.levers[0] == Lever(
        "Contract", ("One year",), ("Month-to-month",), cost=20.0, forbidden=(("Two year", "One year"),)
    )
    assert goal.levers[1].step == -5.0
    check_goal(goal, PROBLEM, COLUMNS)


def test_a_cost_that_nobody_gave_is_that_of_the_dearest_lever_and_the_list_says_so() -> None:
    """The form took a cost of 0, and said to act on everyone though the levers cost money; a file took the dearest lever's."""
    p = np.linspace(0.01, 1, 100)
    frame, levers = pd.DataFrame({"x": p}), (Lever("Contract", ("One year",), cost=10.0), Lever("tenure", step=-5.0, cost=2.0))
    goal = Goal("Churn", "No", value=100.0, levers=levers)
    given = replace(goal, contact_cost=10.0, levers=())
    made, told = rank_rows(frame, p, (), PROBLEM, goal), rank_rows(frame, p, (), PROBLEM, given)
    assert [row.expected_value for row in made.rows] == [row.expected_value for row in told.rows]
    assert len(made.rows) == 50
    taken = " No cost of acting was given: € 10 a row is taken, what the dearest change (“Contract”) costs."
    assert (made.sentence, told.sentence[-14:]) == (told.sentence + taken, "everyone € 10.")
    assert "acting on one row costs € 10, what the dearest change (“Contract”) costs." in made.assumptions[1]
    ended = np.zeros(100)
    weighed = [decide(DecisionInputs(p, ended, PROBLEM, one), rank_rows(frame, p, (), PROBLEM, one)) for one in (goal, given)]
    assert weighed[0].value == weighed[1].value == -500.0
    assert "at € 10 a row" in weighed[0].sentence
    assert weighed[0].sentence == weighed[1].sentence + taken
    broke = rank_rows(frame, p, (), PROBLEM, replace(goal, budget=5.0))
    assert broke.sentence == "The money you can spend, € 5, does not pay for one row: acting on one costs € 10." + taken


def test_a_list_says_when_acting_is_taken_to_be_free() -> None:
    p = np.linspace(0.01, 1, 100)
    frame, goal = pd.DataFrame({"x": p}), Goal("Churn", "No", value=100.0)
    free = rank_rows(frame, p, (), PROBLEM, goal)
    assert free.sentence.endswith(" No cost of acting was given, so acting is taken to be free: a cost would shorten the list to "
                                  "the rows that are worth it.")
    assert "acting on one row is taken to be free." in free.assumptions[1]
    said = rank_rows(frame, p, (), PROBLEM, replace(goal, contact_free=True, levers=(Lever("Contract", cost=10.0),)))
    assert (len(said.rows), "No cost" in said.sentence) == (100, False)
    assert "acting on one row costs nothing." in said.assumptions[1]
    spent = "No cost of acting was given, so the money you can spend limits nothing."
    assert rank_rows(frame, p, (), PROBLEM, replace(goal, value=0.0, budget=50.0)).sentence.endswith(spent)
    assert "No cost" not in rank_rows(frame, p, (), PROBLEM, replace(goal, value=0.0)).sentence


@pytest.mark.parametrize(("line", "given", "cost"), [("", False, 20.0), ("contact_cost = 0.0\n", False, 20.0),
                                                     ("contact_cost = 0\n", True, 0.0), ("contact_free = true\n", True, 0.0),
                                                     ("contact_cost = 3.5\n", True, 3.5)])
def test_a_goal_file_keeps_whether_the_cost_of_acting_was_given(line: str, given: bool, cost: float) -> None:
    goal = read_goal(TOML.replace("[columns]", f"{line}[columns]"))
    assert (goal.cost_given, goal.row_cost) == (given, cost)
    assert ("contact_" in goal_text(goal)) is given
    assert to_json(read_goal(goal_text(goal))) == to_json(goal)
    assert to_json(from_json(Goal, to_json(goal))) == to_json(goal)


def test_a_saved_goal_of_before_took_a_cost_of_nothing_where_nobody_gave_one() -> None:
    old = to_json(Goal("Churn", "No", levers=(Lever("Contract", cost=20.0),)))
    for name in ("contact_free", "value_column", "save_range", "value_middle"):
        del old[name]
    assert old["contact_cost"] == 0.0
    goal = from_json(Goal, old)
    assert (goal.cost_given, goal.row_cost) == (False, 20.0)
    written = goal_text(goal).replace("[columns]", "contact_cost = 0.0\n\n[columns]")  # as the same goal was written to a file
    assert to_json(read_goal(written)) == to_json(goal)
    assert goal_marks(goal)[1] == fingerprint(old)  # its cards are found again
    assert goal_marks(replace(goal, contact_free=True)) != goal_marks(goal)


def test_a_treatment_that_is_no_lever_costs_what_contact_costs() -> None:
    text = '[goal]\noutcome="a"\ngood="b"\ncontact_cost=3.5\n[experiment]\ntreatment="mail"\n'
    assert read_goal(text).levers == (Lever("mail", cost=3.5),)
    assert read_goal(text + '[[lever]]\ncolumn="mail"\ncost=2.0\n').levers == (Lever("mail", cost=2.0),)


@pytest.mark.parametrize(
    "text",
    [
        "[goal",
        "x = 1",
        "goal = 3",
        '[goal]\noutcome = "Churn"',
        '[goal]\noutcome="a"\ngood="b"\nvalue="much"',
        '[goal]\noutcome="a"\ngood="b"\n[columns]\ngiven="x"',
        '[goal]\noutcome="a"\ngood="b"\n[lever]\ncolumn="x"',
        '[goal]\noutcome="a"\ngood="b"\n[[lever]]\ncolumn="x"\nto=["a"]\nforbidden=["a"]',
        '[goal]\noutcome="a"\ngood="b"\nvalue=nan',
    ],
)
def test_bad_goal_files_get_a_sentence(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_goal(text)
    assert caught.value.message.endswith(".")
    assert caught.value.hint


@pytest.mark.parametrize(("before", "after", "message", "hint"), [
    ("[[lever]]\ncolumn = \"tenure\"", "[[levers]]\ncolumn = \"tenure\"", "A goal file has no section “levers”.",
     "Write [[lever]], or leave it out."),
    ("[columns]", "[colums]", "A goal file has no section “colums”.", "Write [columns], or leave it out."),
    ("[columns]", "[zzz]", "A goal file has no section “zzz”.", "A goal has [goal], [columns], [[lever]], [experiment]."),
    ("[goal]", "never = [\"gender\"]\n[goal]", "“never” stands in the goal file outside its section.",
     "Write it as a key under [columns]."),
    ("[goal]", "neverr = [\"gender\"]\n[goal]", "“neverr” stands in the goal file outside any section.",
     "Write “never” under [columns], or leave it out."),
    ("forbidden", "forbiden", "The goal file has “forbiden” under [[lever]], which is no key of it.",
     "Write “forbidden”, or leave it out."),
    ("relative = false", "min = 2.0", "The goal file has “min” under [[lever]], which is no key of it.",
     "Write “low”, or leave it out."),
    ("from =", "allowed =", "The goal file has “allowed” under [[lever]], which is no key of it.",
     "Write “to”, or leave it out."),
    ("relative = false", "never = [\"gender\"]", "The goal file has “never” under [[lever]], which is no key of it.",
     "Write it under [columns]."),
    ("capacity", "forbiden", "The goal file has “forbiden” under [goal], which is no key of it.",
     "Write “forbidden” under [[lever]], or leave it out."),
    ("given", "xyzzy", "The goal file has “xyzzy” under [columns], which is no key of it.",
     "Its keys are “given”, “later”, “never”."),
    ("relative = false", "relative = \"false\"", "“relative” of the lever “tenure” is not true or false.",
     "Write relative = true or leave it out."),
    ("relative = false", "relative = 1", "“relative” of the lever “tenure” is not true or false.",
     "Write relative = true or leave it out."),
])
def test_what_a_goal_file_does_not_know_is_refused(before: str, after: str, message: str, hint: str) -> None:
    """It was read over: a move that was forbidden under a misspelt key was proposed, and [[levers]] gave no card and no word."""
    assert before in TOML
    with pytest.raises(BadInput) as caught:
        read_goal(TOML.replace(before, after))
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(("amount", "words", "hint"), [
    (-5.0, "is below zero", "Give zero or more."),
    (math.nan, "is not a number", "Give zero or more, or leave it out."),
    (math.inf, "is infinite", "Give an amount that somebody could pay, or leave it out."),
    (-math.inf, "is infinite", "Give an amount that somebody could pay, or leave it out."),
    (1e13, "is above a trillion", "Give all amounts in a larger unit, such as thousands."),
])
def test_each_amount_that_is_none_gets_its_own_advice(amount: float, words: str, hint: str) -> None:
    """Of all of them it was said to give them in a larger unit."""
    goal = Goal("Churn", "No")
    for bad, name in ((replace(goal, value=amount), "The worth of one outcome turned good"),
                      (replace(goal, budget=amount), "The money you can spend"),
                      (replace(goal, contact_cost=amount), "The cost of acting on one row"),
                      (replace(goal, levers=(Lever("Contract", cost=amount),)), "The cost of changing “Contract”")):
        with pytest.raises(BadInput) as caught:
            check_goal(bad, PROBLEM, COLUMNS)
        assert (caught.value.message, caught.value.hint) == (f"{name} {words}.", hint)
    if amount != 1e13:
        with pytest.raises(BadInput) as caught:
            read_goal(f'[goal]\noutcome="a"\ngood="b"\nvalue={amount}')
        told = "below zero" if amount < 0 else words.removeprefix("is ")
        assert caught.value.message == f"“value” in the goal file is {told}."


@pytest.mark.parametrize(
    "goal",
    [
        Goal("x", "No"),
        Goal("Churn", "Maybe"),
        Goal("Churn", "No", save_rate=2),
        Goal("Churn", "No", value=1e300),
        Goal("Churn", "No", levers=(Lever("Contract", cost=-1.0),)),
        Goal("Churn", "No", levers=(Lever("nope"),)),
        Goal("Churn", "No", levers=(Lever("gender"),)),
    ],
)
def test_goals_that_do_not_fit(goal: Goal) -> None:
    with pytest.raises(BadInput):
        check_goal(goal, PROBLEM, COLUMNS)


@pytest.mark.parametrize("role", ["never", "given", "later"])
def test_a_role_of_a_column_that_is_not_there_is_refused(role: str) -> None:
    """“Gender” was taken for a column, and gender, which was meant never to be used, was compared on."""
    goal, shown = Goal("Churn", "No"), replace(PROBLEM, never=())
    for name, hint in (("Gender", "Write “gender”, or leave it out."), ("Tenur", "Write “tenure”, or leave it out."),
                       ("zzz", "Name one of its columns, or leave it out.")):
        with pytest.raises(BadInput) as caught:
            check_goal(replace(goal, **{role: ("gender", name)}), shown, COLUMNS)
        assert caught.value.message == f"There is no column “{name}” in this table, and the goal names it as “{role}”."
        assert caught.value.hint == hint
    check_goal(replace(goal, **{role: ("gender", "dropped")}), shown, COLUMNS, ("dropped",))


def test_a_value_that_no_row_has_is_refused_in_every_part_of_a_lever() -> None:
    """A goal file was held to this in “to” alone: with a slip in “forbidden” the move was proposed."""
    frame = pd.DataFrame({"none": pd.Series([None] * 3, dtype="str"), "idle": ["x"] * 3, "size": [1, 2, 2],
                          "Contract": ["One year", "Two years", "Monthly"]})
    table = table_from_frame(frame, "rows")

    def known(**lever: object) -> Goal:
        goal = Goal("Churn", "No", levers=(Lever(**{"column": "Contract"} | lever),))
        return with_known_values(goal, table.frame, table.columns)

    for part, value in (("to", ("One yaer",)), ("from_values", ("Monthly", "One yaer")),
                        ("forbidden", (("Monthly", "One yaer"),)), ("forbidden", (("One yaer", "Monthly"),))):
        with pytest.raises(BadInput, match=r"No row has “One yaer” in “Contract”.*rite “One year”, or another value that occurs"):
            known(**{part: value})
    for lever, words in (
        ({"column": "none", "to": ("w",)}, "“none” is empty in every row, .* Fill it in, or name another column\\."),
        ({"column": "idle", "to": ("w",)}, "Every row that has a value has “x”: name another column until some have another"),
        ({"to": ("zzz",)}, "No row has “zzz” in “Contract”, so nothing can be learned about it. Name a value that occurs\\."),
        ({"column": "size", "to": ("7",)}, "No row has “7” in “size”"),
        ({"column": "size", "forbidden": (("1", "7"),)}, "No row has “7” in “size”"),
    ):
        with pytest.raises(BadInput, match=words):
            known(**lever)
    assert known(to=("one year",), from_values=("Two years",)).levers[0].to == ("One year",)
    assert known(column="size", to=("2.0",), forbidden=(("1", "2"),)).levers[0].to == ("2",)


def test_a_goal_may_name_columns_as_the_file_has_them() -> None:
    """The other options of the command line took such names, and a goal was refused with “perhaps … is meant”."""
    problem = Problem("Left us", "binary", "roc_auc", ("No", "Yes"), "Yes")
    columns = tuple(Column(name, kind, role, original_name=original) for name, kind, role, original in (
        ("Left us", "text", "category", " Left us "), ("Monthly fee", "float", "number", "Monthly\nfee"),
        ("Plan Type", "text", "category", "Plan\r\nType"), ("Offer", "text", "category", "  Offer"),
        ("Paid", "float", "number", ""), ("Paid_2", "float", "number", "Paid"), ("Gender", "text", "category", "Gender\t"),
        ("column_8", "int", "number", ""),
    ))  # fmt: skip
    text = """
[goal]
outcome = " Left us "
good = "No"
value_column = "Monthly\\nfee"
[columns]
given = ["Unnamed: 7"]
later = ["Paid.1"]
never = ["Gender\\t"]
[[lever]]
column = "Plan\\r\\nType"
[[lever]]
column = "Offer"
cost = 3.0
[experiment]
treatment = "  Offer"
"""
    seen = columns[:-2]  # what is left of them once the table was cleaned
    bundle = SimpleNamespace(model=SimpleNamespace(problem=problem, columns=columns, cleaned=seen))
    goal = goal_for(bundle, read_goal(text))
    assert (goal.outcome, goal.value_column, goal.experiment) == ("Left us", "Monthly fee", "Offer")
    assert (goal.given, goal.later, goal.never) == (("column_8",), ("Paid_2",), ("Gender",))
    assert [(lever.column, lever.cost) for lever in goal.levers] == [("Plan Type", 0.0), ("Offer", 3.0)]
    assert goal == goal_for(bundle, goal)
    raw = pd.DataFrame(columns=[*(one.original_name or one.name for one in columns), "Shoe\nsize"])
    check_file(replace(goal, never=("Shoe size",)), bundle, raw)
    with pytest.raises(BadInput, match=r"no column “Plan Tipe”.*“Plan Type” is meant"):
        goal_for(bundle, replace(goal, levers=(Lever("Plan Tipe"),)))


@pytest.mark.parametrize(("key", "value", "least"), [("capacity", 2.5, 3), ("capacity", 0.5, 1), ("days", 1.5, 2)])
def test_a_part_of_a_row_or_day_is_refused(key: str, value: float, least: int) -> None:
    """Half a row was cut off to none, which means no limit."""
    for given in (value, float(least)):
        text = TOML.replace("capacity = 500", f"capacity = {given}") if key == "capacity" else f"{TOML}days = {given}\n"
        if given == least:
            assert read_goal(text).capacity == (least if key == "capacity" else 500)
            continue
        with pytest.raises(BadInput) as caught:
            read_goal(text)
        assert caught.value.message == f"“{key}” in the goal file is {value}, which is no whole number."
        assert caught.value.hint == f"Write {key} = {least}."


def test_a_lever_that_says_what_a_row_is_worth_is_noted() -> None:
    goal = Goal("Churn", "No", value_column="tenure", levers=(Lever("Contract"),))
    assert len(mean_words(goal)) == 1
    both = mean_words(replace(goal, levers=(Lever("tenure"),)))
    assert both[1].startswith("A change of “tenure” moves what a row is worth, too: money counts what “tenure” was before")


def test_who_was_treated_may_be_left_out_of_the_model() -> None:
    """An experiment is measured without the model; the outcome itself says of nobody that he was treated."""
    left_out = replace(PROBLEM, never=(*PROBLEM.never, "Contract"))
    goal = Goal("Churn", "No", never=left_out.never, levers=(Lever("Contract"),), experiment="Contract")
    check_goal(goal, left_out, COLUMNS)
    with pytest.raises(BadInput, match="left out of the model"):
        check_goal(replace(goal, experiment=""), left_out, COLUMNS)
    with pytest.raises(BadInput, match="left out of the model"):
        check_goal(replace(goal, levers=(Lever("Churn"),), experiment="Churn"), left_out, COLUMNS)


def test_a_lever_that_is_never_to_be_used_is_named_so() -> None:
    with pytest.raises(BadInput, match="as never to be used"):
        check_goal(Goal("Churn", "No", never=("Contract",), levers=(Lever("Contract"),)), PROBLEM, COLUMNS)


def test_a_goal_names_the_column_that_says_what_a_row_is_worth() -> None:
    text = '[goal]\noutcome = "Churn"\ngood = "No"\nvalue_column = "tenure"\nsave_rate = 0.14\nsave_range = [0.09, 0.19]\n'
    goal = read_goal(text)
    assert (goal.value_column, goal.save_range, goal.priced) == ("tenure", (0.09, 0.19), True)
    check_goal(goal, PROBLEM, COLUMNS)
    assert read_goal(goal_text(replace(goal, value=3.0))) == goal  # the mean is that of the table at hand
    with pytest.raises(BadInput, match="one value for all rows and a column"):
        read_goal(text + "value = 3.0\n")
    with pytest.raises(BadInput, match="does not hold numbers"):
        check_goal(replace(goal, value_column="Contract"), PROBLEM, COLUMNS)
    with pytest.raises(BadInput, match="is what is predicted"):
        check_goal(replace(goal, value_column="Churn"), PROBLEM, COLUMNS)
    with pytest.raises(BadInput, match="does not hold that share"):
        check_goal(replace(goal, save_rate=0.3), PROBLEM, COLUMNS)
    for wrong in ("[0.09]", "[true, false]"):
        with pytest.raises(BadInput, match="is not a range"):
            read_goal(text.replace("[0.09, 0.19]", wrong))
    with pytest.raises(BadInput, match="is free and what it costs"):
        read_goal(text + "contact_free = true\ncontact_cost = 3.0\n")
    with pytest.raises(BadInput, match="is not true or false"):
        read_goal(text + "contact_free = 1\n")
    old = {name: value for name, value in to_json(replace(goal, value=9.0)).items() if name not in ("value_column", "save_range")}
    assert from_json(Goal, old) == replace(goal, value=9.0, value_column="", save_range=())
    table = pd.DataFrame({"tenure": [1.0, 5.0, 9.0, 7.0, None]})
    whole = valued(goal, table)
    assert whole.value == pytest.approx(5.6)
    for some in ([4], [0, 4], [1, 2, 4]):  # a row has one worth, whichever rows are looked at with it
        assert row_values(table.iloc[some], whole)[-1] == 6
    assert "median of the others, € 6." in missing_words(table.iloc[[0, 4]], whole)


def test_what_was_found_for_a_goal_of_before_is_found_again() -> None:
    goal = Goal("Churn", "No", value=9.0, save_rate=0.3)
    newer = ("contact_free", "value_column", "save_range", "value_middle")
    before = {name: value for name, value in to_json(goal).items() if name not in newer}
    assert goal_marks(goal)[1] == fingerprint(before)
    assert goal_marks(goal)[0] == goal_marks(replace(goal, save_rate=0.14, save_range=(0.09, 0.19)))[0]
    assert goal_marks(goal)[0] != goal_marks(replace(goal, value_column="tenure"))[0]


def test_suggestions() -> None:
    goal = suggest_goal(PROBLEM, COLUMNS)
    assert (goal.good, goal.levers) == ("No", ())
    assert "tenure" in goal.given
    assert suggest_goal(Problem("y", "regression", "rmse"), COLUMNS).good == "low"


def test_a_planned_gain_is_in_the_wanted_direction() -> None:
    cheaper = PlannedAction(0, "c", "", "price", "9", "8", 10.0, 5.0, -6.0, -4.0, math.nan, 0.0, math.nan, "B", 1.0)
    assert planned_gain(cheaper, Goal("cost", "low"), False) == 5
    assert planned_gain(cheaper, Goal("cost", "high"), False) == -5
    likelier = PlannedAction(0, "c", "", "offer", "no", "yes", 0.4, 0.6, 0.1, 0.3, math.nan, 0.0, math.nan, "B", 1.0)
    assert planned_gain(likelier, Goal("Churn", "No"), True) == pytest.approx(0.2)


def test_a_list_of_all_rows_is_not_compared_with_itself() -> None:
    p = np.linspace(0.2, 1, 101)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, Goal("Churn", "No", value=100))
    assert made.takes_everyone
    assert "at random" not in made.sentence
    assert made.sentence.startswith(f"Act on all {len(p)} rows: about ")
    assert "most at risk" not in made.sentence
    assert " in 95 % of cases. Say how many you can act on, and the list becomes a choice. No cost of acting" in made.sentence
    assert not rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, Goal("Churn", "No", value=100, capacity=5)).takes_everyone
    enough = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, Goal("Churn", "No", value=100, capacity=500))
    assert enough.takes_everyone
    assert enough.sentence.startswith(f"Act on all {len(p)} rows: about ")
    assert "Say how many" not in enough.sentence


def test_a_list_that_leaves_out_what_brings_nothing_is_compared_with_everybody() -> None:
    """Numbers on the good side have nothing to gain: acting on the others brings as much as acting on all."""
    p = np.linspace(0.0, 10.0, 100)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), Problem("y", "regression", "rmse"), Goal("y", "low", value=100))
    assert 0 < len(made.rows) < 100
    assert not made.takes_everyone
    assert "at random" in made.sentence


def test_a_row_without_an_id_is_named_by_its_place_in_the_table() -> None:
    """The rows that are ranked may be a part of the table: counted among themselves they would be nobody's rows."""
    frame = pd.DataFrame({"x": [0.1, 0.9, 0.5]}, index=[7, 11, 40])
    made = rank_rows(frame, frame["x"].to_numpy(), (), PROBLEM, Goal("Churn", "No", value=100))
    assert [(row.row, row.id) for row in made.rows] == [(1, "11"), (2, "40"), (0, "7")]
    assert made.ranked == 3
    assert actions_frame(made, frame, ())["row"].tolist() == [11, 40, 7]


def test_a_step_and_values_to_move_to_are_refused_together() -> None:
    columns, both = (*COLUMNS, Column("Charges", "float", "number")), Lever("Charges", ("20",), step=-10.0)
    with pytest.raises(BadInput, match="a step and values to move to"):
        check_goal(Goal("Churn", "No", levers=(both,)), PROBLEM, columns)
    for one in (replace(both, to=()), replace(both, step=math.nan)):
        check_goal(Goal("Churn", "No", levers=(one,)), PROBLEM, columns)


@pytest.mark.parametrize(
    ("lever", "words"),
    [
        (Lever("Contract", ("Month",), ("Month",)), "No move"),
        (Lever("Contract", ("One year",), ("Month",), forbidden=(("Month", "One year"),)), "No move"),
        (Lever("Charges", step=-10.0, low=20.0, high=25.0), "wider than its limits"),
    ],
)
def test_limits_that_leave_no_move_are_said_when_the_goal_is_saved(lever: Lever, words: str) -> None:
    columns = (*COLUMNS, Column("Charges", "float", "number"))
    with pytest.raises(BadInput, match=words):
        check_goal(Goal("Churn", "No", levers=(lever,)), PROBLEM, columns)
    wider = replace(lever, to=(*lever.to, "Two year")) if lever.to else replace(lever, high=40.0)
    check_goal(Goal("Churn", "No", levers=(wider,)), PROBLEM, columns)


def test_money_that_pays_for_no_row_is_the_reason_that_is_given() -> None:
    p = np.linspace(0.2, 1, 101)
    goal = Goal("Churn", "No", value=100, contact_cost=10, budget=5)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal)
    assert made.sentence == "The money you can spend, € 5, does not pay for one row: acting on one costs € 10."
    assert decide(DecisionInputs(p, np.zeros(101), PROBLEM, goal), made).sentence == made.sentence
    dear = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, replace(goal, budget=0, contact_cost=1000))
    assert dear.sentence == "No row is worth acting on at this value and cost."
    both = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, replace(goal, contact_cost=1000))  # more money would not help
    assert both.sentence == dear.sentence
    assert "pays for" not in " ".join(both.assumptions)
    unpriced = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, replace(goal, value=0))
    assert unpriced.sentence == made.sentence


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
        "expected. Rows count alike here, whatever “charge” says.")


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
    apart = said * CARD.adjusted / said.mean() if said.mean() < 0 else np.full(len(said), CARD.adjusted)
    assert told == pytest.approx(np.clip((CARD.adjusted + apart) / 2, 2 * CARD.adjusted, 0))
    assert "by half of what the model says sets them apart and up to twice the mean" in plan.gains_sentence
    assert "are expected to gain more" in plan.gains_sentence
    assert planned((replace(CARD, grade="D"),), Goal("value", "low"))[0].gains_sentence == ""
    turned = replace(CARD, adjusted=20.0, low=10.0, high=30.0)  # the model says the opposite: all rows have the mean
    alike = planned((turned,), Goal("value", "high"))[0]
    assert {round(action.p_after - action.p_now, 6) for action in alike.actions} == {20.0}
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


def test_without_rows_there_is_no_list_and_no_plan() -> None:
    """As when all rows of a file are ones that the model learned from."""
    number, many = Problem("y", "regression", "rmse"), Problem("k", "multiclass", "log_loss", ("a", "b"))
    for problem, goal, shape in ((PROBLEM, Goal("Churn", "No", value=9.0), (0,)), (many, Goal("k", "a"), (0, 2)),
                                 (number, Goal("y", "low", value=1.0, capacity=5), (0,))):
        made = rank_rows(pd.DataFrame({"x": []}), np.empty(shape), (), problem, goal)
        assert (made.rows, made.ranked, made.takes_everyone) == ((), 0, False)
    inputs = planned((CARD,), Goal("value", "low", value=1.0, budget=5.0))[1]
    assert not plan_actions((CARD,), replace(inputs, frame=inputs.frame.head(0), predictions=np.empty(0))).actions


def test_a_list_names_ids_without_decimals_though_one_is_missing() -> None:
    frame = pd.DataFrame({"id": [12_345.0, 12_346.0, math.nan]})
    made = rank_rows(frame, np.array([0.9, 0.8, 0.1]), COLUMNS, PROBLEM, Goal("Churn", "No", capacity=2))
    assert [str(name) for name in actions_frame(made, frame, COLUMNS)["id"]] == ["12345", "12346"]


@pytest.mark.parametrize("dtype", ["int64", "Int64"])
def test_a_workbook_of_a_list_keeps_all_digits_of_an_id(dtype: str) -> None:
    """A spreadsheet's numbers have 15 digits."""
    frame = pd.DataFrame({"id": pd.Series([1234567890123456789, 1234567890123456788], dtype=dtype)})
    if dtype == "Int64":
        frame = pd.concat([frame, pd.DataFrame({"id": pd.Series([pd.NA], dtype=dtype)})], ignore_index=True)
    made = rank_rows(frame, np.array([0.9, 0.8, 0.1])[: len(frame)], COLUMNS, PROBLEM, Goal("Churn", "No", capacity=2))
    sheet = openpyxl.load_workbook(io.BytesIO(safe_xlsx(actions_frame(made, frame, COLUMNS)))).active
    assert sheet is not None
    assert [cell.value for cell in sheet["B"]] == ["id", "1234567890123456789", "1234567890123456788"]


def test_a_list_keeps_ids_whose_column_is_called_like_one_of_its_own() -> None:
    frame, columns = pd.DataFrame({"prediction": ["a1", "b2"], "x": [1, 2]}), (Column("prediction", "text", "id"),)
    made = rank_rows(frame, np.array([0.2, 0.9]), columns, PROBLEM, Goal("Churn", "No", capacity=2))
    table = actions_frame(made, frame, columns)
    assert table["prediction"].tolist() == ["b2", "a1"]
    assert table["action_prediction"].tolist() == [0.9, 0.2]


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


def test_a_budget_pays_for_whole_rows_in_decimal_money() -> None:
    """110 // 1.1 is 99."""
    p = np.linspace(0.9, 0.5, 200)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, Goal("Churn", "No", value=100, contact_cost=1.1, budget=110))
    assert len(made.rows) == made.capacity == 100
    assert "pays for 100 rows, and that ends the list." in " ".join(made.assumptions)
    for cents in range(1, 400):
        for rows in (1, 3, 10, 99, 1000, 100_000):
            assert rows_paid_for(cents * rows / 100, cents / 100) == rows
    assert rows_paid_for(10.0, 3.0) == 3


def test_the_risk_of_all_rows_is_worked_out_once_however_long_the_list_is(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("automl_core.acting.decide")
    asked: list[int] = []

    def counted(predictions: np.ndarray, problem: Problem, goal: Goal, weights: np.ndarray | None = None) -> np.ndarray:
        asked.append(len(predictions))
        return risk(predictions, problem, goal, weights)

    monkeypatch.setattr(module, "risk", counted)
    p, goal = np.linspace(0.2, 1, 300), Goal("Churn", "No", value=100.0, capacity=250)
    made = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal)
    found = decide(DecisionInputs(p, np.zeros(300), PROBLEM, goal), made)
    assert "at a risk of 33 % or more" in found.sentence
    assert len(asked) <= 3


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal("Churn", "No", levers=tuple(Lever(f"lever {n}") for n in range(9))), "names 9 columns that can be changed, and 8"),
        (Goal("Churn", "No", levers=(Lever("tenure", days=4000),)), "not between 0 and 3,650"),
        (Goal("Churn", "No", levers=(Lever("tenure", days=-1),)), "not between 0 and 3,650"),
        (Goal("Churn", "No", levers=(Lever("tenure", step=math.inf),)), "infinite"),
        (Goal("Churn", "No", capacity=10**17), "above a billion"),
        (Goal("Churn", "No", capacity=-1), "below zero"),
    ],
)
def test_a_goal_that_no_form_could_show_is_refused(goal: Goal, words: str) -> None:
    columns = (*COLUMNS, *(Column(f"lever {n}", "text", "category") for n in range(9)))
    with pytest.raises(BadInput, match=words):
        check_goal(goal, PROBLEM, columns)
    check_goal(replace(goal, levers=(*goal.levers[:8],), experiment="lever 8", capacity=0)
               if len(goal.levers) > 1 else Goal("Churn", "No", levers=(Lever("tenure", days=3650),)), PROBLEM, columns)


def test_a_class_that_the_target_has_not_is_refused_in_the_same_words() -> None:
    p, several = np.full((4, 3), 1 / 3), Problem("grade", "multiclass", "log_loss", ("a", "b", "c"))
    for refused in (lambda: risk(p, several, Goal("grade", "z")), lambda: make_outcome(np.arange(3), several, "z")):
        with pytest.raises(BadInput, match=r"^“grade” has no class “z”\. Choose"):
            refused()
