"""How many rows can be brought to the goal: a model whose answers are known by hand, and the ways of one row, one by one."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import PilotChoice, RecourseAsk, find_actions, recourse, recourse_for, recourse_summary_for
from automl_core.acting.action import Goal, Lever
from automl_core.acting.limits import limits_of
from automl_core.acting.pilot_asked import checked_choice
from automl_core.acting.recourse_many import Coverage, LeverReach, SummaryAsk
from automl_core.acting.recourse_summary import others, recourse_summary
from automl_core.cleaning.recipe import Recipe
from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.schema import type_row
from automl_core.data.table import Table
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.search.features import fit_encoder
from automl_core.search.model import Model
from automl_core.search.plan import Score
from pages.ui import pilot_charts, recourse_view
from pages.ui.theme import LIGHT
from tests.unit.modelling import make_model

recourse_step = importlib.import_module("automl_core.acting.recourse_summary")
PRICE = Lever("price", step=-10.0, cost=3.0, low=60.0)
PLAN = Lever("plan", to=("B",), from_values=("A",), cost=8.0)
GOAL = Goal("left", "No", levers=(PRICE, PLAN))
COPIES = 4


class ByHand(Model):
    """Says that who pays more than 50 leaves, where plan B takes 20 off."""

    def predict_matrix(self, matrix: Any) -> Any:
        price, plan = matrix.T
        return np.where(price - 20 * (plan == codes()["B"]) > 50, 0.9, 0.1)


@cache
def by_hand() -> tuple[Model, Table]:
    """Four rows of each of seven prices and three plans; of plan C nobody changes."""
    cells = [*product(range(40, 101, 10), "ABC")] * COPIES
    frame = pd.DataFrame([{"price": float(price), "plan": plan, "left": "Yes" if price > 70 else "No"} for price, plan in cells])
    table = table_from_frame(frame, "customers", kinds={"price": "float"})
    problem = Problem("left", "binary", "roc_auc", ("No", "Yes"), "Yes")
    encoder = fit_encoder(table.frame, table.columns, problem)
    return ByHand(problem, table.columns, table.columns, Recipe(), encoder, (), Score(0.8, 0.7, 0.9)), table


@cache
def codes() -> dict[str, float]:
    """What the encoder writes for each plan."""
    frame = pd.DataFrame({"price": [50.0] * 3, "plan": pd.Series(list("ABC"), dtype=by_hand()[1].frame["plan"].dtype)})
    return dict(zip("ABC", by_hand()[0].encoder.matrix(frame)[:, 1].tolist(), strict=True))


def test_coverage_cost_and_share_are_those_counted_by_hand() -> None:
    """Of plan A 60 and 70 take the plan (8), 80 to 100 also one to three steps (11, 14, 17); of B 80 to 100 these steps alone
    (3, 6, 9); of C nothing helps, as no price is below 60."""
    model, table = by_hand()
    assert len(set(codes().values())) == 3
    made = recourse_summary(model, table.frame, GOAL)
    assert (made.rows, made.asked, made.at_risk, made.drawn, made.looked) == (84, 84, 52, 52, 52)
    assert (made.reached, made.unsure) == (32, 0)
    assert [(point.cost, point.rows) for point in made.curve] == [(3, 4), (6, 8), (8, 16), (9, 20), (11, 24), (14, 28), (17, 32)]
    assert [point.share for point in made.curve] == [point.rows / 52 for point in made.curve]
    assert made.levers == (LeverReach("price", "down", 12, 12 / 52, 6.0), LeverReach("plan", "", 8, 8 / 52, 8.0))
    share, z = 20 / 52, 1.959964
    middle, reach = share + z * z / 104, z * math.sqrt(share * (1 - share) / 52 + z * z / (4 * 52**2))
    assert (made.infeasible, made.low, made.high) == pytest.approx(
        (share, (middle - reach) / (1 + z * z / 52), (middle + reach) / (1 + z * z / 52)))
    by_row = {60: {"A": 8}, 70: {"A": 8}, 80: {"A": 11, "B": 3}, 90: {"A": 14, "B": 6}, 100: {"A": 17, "B": 9}}
    for place, cost in zip(made.positions, made.costs, strict=True):
        row = table.frame.iloc[place]
        assert cost == pytest.approx(by_row[int(row["price"])].get(str(row["plan"]), math.nan), nan_ok=True)
    assert made.sentence == (
        "Of the 52 rows that do not reach “left” = “No” with more than 50 % now, 32 would by the model with what you allow: "
        "16 for € 8 or less each, all 32 for € 17 or less. 20 (38 %, 95 % range 26 to 52 %) would at no price within your limits."
        " This is what the model expects, not yet a measured effect.")
    assert to_json(from_json(type(made), to_json(made))) == to_json(made)


def test_a_single_change_and_other_limits_are_kept_to() -> None:
    model, table = by_hand()
    one = recourse_summary(model, table.frame, GOAL, SummaryAsk(RecourseAsk(changes=1)))
    assert [(point.cost, point.rows) for point in one.curve] == [(3, 4), (6, 8), (8, 16), (9, 20)]
    free = recourse_summary(model, table.frame, replace(GOAL, levers=(replace(PRICE, low=math.nan), PLAN)))
    assert free.reached == 52
    assert (free.infeasible, free.low) == (0.0, 0.0)
    assert "at no price" not in free.sentence
    up = recourse_summary(model, table.frame, replace(GOAL, levers=(replace(PRICE, direction="up"),)))
    assert (up.reached, up.curve, up.infeasible, up.high) == (0, (), 1.0, 1.0)
    assert (up.levers[0].column, up.levers[0].direction, up.levers[0].rows) == ("price", "up", 0)
    assert math.isnan(up.levers[0].median_cost)
    assert "none would by the model. 52 (100 %, 95 % range 93 to 100 %) would at no price within your limits." in up.sentence
    never = replace(GOAL, levers=(replace(PLAN, forbidden=(("A", "B"),)),))
    assert recourse_summary(model, table.frame, never).levers[0].rows == 0
    cheap = recourse_summary(model, table.frame, replace(GOAL, levers=(replace(PLAN, cost=0.0),)))
    assert cheap.curve == (Coverage(0.0, 8, 8 / 52),)
    assert "8 would by the model with what you allow. 44 (" in cheap.sentence


def test_rows_that_go_together_are_worth_fewer() -> None:
    made, table = by_hand()
    frame = table.frame.assign(house=np.arange(len(table.frame)) % 21)  # a house is a price and a plan
    alone = recourse_summary(made, frame, GOAL)
    grouped = recourse_summary(replace(made, problem=replace(made.problem, group="house")), frame, GOAL)
    assert (grouped.reached, grouped.curve) == (alone.reached, alone.curve)
    assert grouped.low < alone.low
    assert grouped.high > alone.high


def test_the_same_seed_looks_at_the_same_rows_and_little_time_at_fewer() -> None:
    model, table = by_hand()
    made = [recourse_summary(model, table.frame, GOAL, SummaryAsk(rows=10, seed=seed)) for seed in (1, 1, 2)]
    assert to_json(made[0]) == to_json(made[1])
    assert set(made[0].positions) != set(made[2].positions)
    assert (made[0].looked, made[0].drawn, made[0].at_risk) == (10, 10, 52)
    assert made[0].sentence.startswith("Of 10 rows drawn by chance from the 52 that do not reach")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recourse_step, "AT_ONCE", 30)
        some = recourse_summary(model, table.frame, GOAL, SummaryAsk(rows=10, seed=1))
    assert (some.rows, some.asked, some.positions) == (84, 30, made[0].positions)
    assert some.costs == pytest.approx(made[0].costs, nan_ok=True)
    assert 10 <= some.at_risk < 30
    assert some.sentence.startswith("Of 10 rows drawn by chance from those that do not reach")  # how many there are is not known
    told: list[float] = []
    short = recourse_summary(model, table.frame, GOAL, SummaryAsk(rows=10, seed=1, seconds=1e-9, progress=told.append))
    assert (short.looked, short.drawn, short.positions) == (1, 10, made[0].positions[:1])
    assert "There was time for 1 of 10 rows." in short.sentence
    assert told == [0.1]


def test_where_there_is_nothing_to_look_at_one_sentence_says_so() -> None:
    model, table = by_hand()
    there = recourse_summary(model, table.frame[table.frame["price"] == 40], GOAL)
    assert (there.looked, there.at_risk, there.curve, there.levers) == (0, 0, (), ())
    assert math.isnan(there.infeasible)
    assert there.sentence == "None of 12 rows lacks the wanted answer now: there is nothing to bring about."
    unused = recourse_summary(model, table.frame, replace(GOAL, levers=(Lever("left", to=("No",)),)))
    assert unused.looked == 0
    assert unused.sentence.startswith("No row can be brought to the goal: it names nothing that you can change")
    assert recourse_summary(model, table.frame.iloc[:0], GOAL).sentence == "There is no row to look at."


def test_whole_numbers_are_read_alike_wherever_a_caller_gives_them() -> None:
    """True was one row here and no number of a pilot; 10.0 rows were ten of a pilot and refused here."""
    model, table = by_hand()
    asked: Any = (SummaryAsk(rows=10, seed=1), SummaryAsk(rows=10.0, seed=np.int64(1)))  # type: ignore[arg-type]
    first, second = (recourse_summary(model, table.frame, GOAL, one) for one in asked)
    assert to_json(first) == to_json(second)
    frame = pd.DataFrame({"y": ["Yes", "No"], "offer": ["old", "new"]})
    asks: list[tuple[Callable[[Any], Any], str]] = [
        (lambda given: recourse_summary(model, table.frame, GOAL, SummaryAsk(rows=given)), "rows"),
        (lambda given: recourse_summary(model, table.frame, GOAL, SummaryAsk(seed=given)), "seed"),
        (lambda given: recourse_summary(model, table.frame, GOAL, SummaryAsk(RecourseAsk(changes=given))), "changes"),
        (lambda given: checked_choice(PilotChoice(rows=given)), "rows"),
        (lambda given: limits_of(given, None), "capacity"),
        (lambda given: find_actions(frame, "y", "No", ["offer"], None, {"seed": given}), "seed"),
    ]
    for ask, name in asks:
        for given in (True, 2.5, "3", -1, math.nan):
            with pytest.raises(BadInput, match=f"“{name}” is “{given}”"):
                ask(given)
    pilot: Any = PilotChoice(rows=600.0)  # type: ignore[arg-type]
    assert (checked_choice(pilot).rows, limits_of(600.0, None)) == (600, (600, None))


@pytest.mark.parametrize("asked", [{"rows": 0}, {"rows": 2.5}, {"rows": 2001}, {"seed": -1}, {"seed": 0.5}, {"seconds": 0.0},
                                   {"seconds": math.nan}, {"seconds": "9"},
                                   {"ways": RecourseAsk(target=1.5)}, {"ways": RecourseAsk(changes=4)}])
def test_what_is_no_question_is_refused(asked: dict[str, Any]) -> None:
    model, table = by_hand()
    with pytest.raises(BadInput):
        recourse_summary(model, table.frame, GOAL, SummaryAsk(**asked))


LEVERS = (Lever("contract", to=("One year", "Two year"), cost=20.0), Lever("charge", cost=3.0, unit_cost=0.25, low=20.0),
          Lever("tenure", step=2.0, cost=4.0, direction="up"))


@pytest.mark.parametrize(("task", "good", "target"), [("binary", "No", math.nan), ("binary", "No", 0.8),
                                                      ("multiclass", "bronze", math.nan), ("regression", "low", math.nan)])
def test_it_is_what_ways_of_single_rows_say(task: str, good: str, target: float) -> None:
    """The public function of one row, for each row that was looked at: the cheapest way, and each lever alone."""
    model, table = make_model(task, ("linear",))
    goal = Goal(model.problem.target, good, levers=LEVERS)
    made = recourse_summary(model, table.frame, goal, SummaryAsk(RecourseAsk(target), rows=8, seed=3))
    assert made.looked == 8
    target = made.target if task == "regression" else target
    unsure, alone = 0, dict.fromkeys((lever.column for lever in LEVERS), 0)
    for place, cost in zip(made.positions, made.costs, strict=True):
        row = type_row(dict(table.frame.iloc[place]), model.cleaned)
        past = table.frame.drop(index=place)
        found = recourse(model, row, goal, past, RecourseAsk(target))
        assert not found.reached
        assert cost == pytest.approx(found.options[0].cost if found.options else math.nan, nan_ok=True)
        unsure += not found.options and (not found.complete or bool(found.cut))
        for option in recourse(model, row, goal, past, RecourseAsk(target, 1, 10)).options:
            alone[option.moves[0].column] += 1
    assert (made.reached, made.unsure) == (sum(math.isfinite(cost) for cost in made.costs), unsure)
    for column, rows in alone.items():
        mine = [lever for lever in made.levers if lever.column == column]
        assert max(lever.rows for lever in mine) <= rows <= sum(lever.rows for lever in mine)
    assert {lever.direction for lever in made.levers if lever.column == "tenure"} <= {"up"}


def test_the_door_is_the_loop_over_its_rows() -> None:
    model, table = by_hand()
    raw = table.frame
    made = recourse_summary_for(model, raw, "no", [PRICE, {"column": "plan", "to": ["B"], "from": ["A"], "cost": 8.0}],
                                {"rows": 6, "seed": 4, "ways": {"changes": 2}})
    assert made.looked == 6
    for place, cost in zip(made.positions, made.costs, strict=True):
        found = recourse_for(model, raw.iloc[place], raw.drop(index=place), "No", [PRICE, PLAN], RecourseAsk(changes=2))
        assert cost == pytest.approx(found.options[0].cost if found.options else math.nan, nan_ok=True)
    for asked, words in (({"rows": 0}, "“rows” is “0”"), ({"row": 3}, "“row” is no part of"), (3, "“ask” is “int”")):
        with pytest.raises(BadInput, match=words):
            recourse_summary_for(model, raw, "No", [PRICE], asked)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="“model” is “int”"):
        recourse_summary_for(3, raw, "No", [PRICE])


def test_a_row_is_compared_with_the_others_alone() -> None:
    frame = pd.DataFrame({"a": range(30)})
    assert list(others(frame, 7, 0)["a"]) == [place for place in range(30) if place != 7]
    some = others(frame, 7, 0, most=10)
    assert len(some) == 10
    assert 7 not in set(some["a"])
    assert max(some["a"]) > 15  # of all of the file: its first rows may be its oldest
    assert list(some["a"]) == list(others(frame, 7, 0, most=10)["a"])


def test_the_chart_and_the_table_tell_the_same_figures() -> None:
    model, table = by_hand()
    made = recourse_summary(model, table.frame, GOAL)
    chart = pilot_charts.recourse(made, "€", LIGHT)
    (line,) = chart.figure.data
    assert list(line.x) == [0, 3, 6, 8, 9, 11, 14, 17]
    assert list(line.y) == pytest.approx([0, *(100 * rows / 52 for rows in (4, 8, 16, 20, 24, 28, 32))])
    assert line.line.shape == "hv"  # nothing between two costs that occur
    assert " ".join(line.text[-1].split()) == "62 % of rows for € 17 or less each"
    assert "62 % for € 17 or less" in " ".join(chart.alt.split())
    told = [[" ".join(cell.split()) for cell in row] for row in recourse_view.alone(made, "€").to_numpy().tolist()]
    assert told == [["price, lowered", "23 %", "€ 6"], ["plan", "15 %", "€ 8"]]
