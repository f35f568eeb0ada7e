"""Ranked rows: optimal under a capacity, honest about money, and handed on as they are."""

from __future__ import annotations

import importlib
import io
import itertools
import math
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from automl_core.acting.action import Goal, Lever
from automl_core.acting.budget import rows_paid_for
from automl_core.acting.decide import DecisionInputs, decide
from automl_core.acting.decisions import actions_frame, rank_rows, risk
from automl_core.acting.planned import plan_actions
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import money
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_xlsx
from tests.unit.leaving import COLUMNS, PROBLEM
from tests.unit.test_acting_plans import CARD, planned


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
    spread = 1.959964 * math.sqrt(1_000**2 * 0.2 * 0.8 + 300**2 * 0.3 * 0.7)
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
