"""Recourse: no cheaper way exists, limits hold whatever they are, and the honest answers when there is nothing to do."""

from __future__ import annotations

import importlib
import itertools
import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl_core.acting.action import Goal, Lever
from automl_core.acting.recourse import RecourseAsk, recourse, wanted
from automl_core.acting.row_moves import moves_of, similar_rows, spread, supported
from automl_core.data.schema import type_row
from automl_core.data.table import Row, Table
from automl_core.errors import BadInput
from automl_core.explaining.similar import PastRows
from automl_core.explaining.single import row_frame
from automl_core.explaining.swap import feature_places
from automl_core.explaining.words import percent
from automl_core.search.model import Model
from tests.unit.modelling import make_model
from tests.unit.moved import moved

LEVERS = (
    Lever("contract", to=("One year", "Two year"), cost=20.0),
    Lever("charge", step=-5.0, cost=3.0, low=20.0),
    Lever("active", to=("Yes", "No"), cost=8.0),
    Lever("tenure", step=2.0, cost=4.0, direction="up"),
)
GOAL = Goal("churned", "No", levers=LEVERS)


@cache
def world(task: str = "binary") -> tuple[Model, Table]:
    return make_model(task)


def row_at(place: int, task: str = "binary") -> Row:
    model, table = world(task)
    return type_row(dict(table.frame.iloc[place]), model.cleaned)


def risky(count: int) -> list[int]:
    model, table = world()
    return [int(place) for place in np.argsort(-model.predict_frame(table.frame))[:count]]


@pytest.mark.parametrize("place", range(6))
def test_no_cheaper_way_exists(place: int) -> None:
    """Every combination of up to three supported changes, asked one by one through the model's single-row path."""
    model, table = world()
    row = row_at(risky(60)[place * 9])
    found = recourse(model, row, GOAL, table.frame)
    near = similar_rows(model, row, GOAL, PastRows(table.frame))
    grid = [[None, *(m for m in moves_of(lever, row, near) if supported(m, near))] for lever in LEVERS]
    costs = []
    for combo in itertools.product(*grid):
        moves = [move for move in combo if move is not None]
        if 1 <= len(moves) <= 3:
            after = {**row, **{move.column: move.value for move in moves}}
            if 1 - float(model.predict_row(after)) >= found.target:
                costs.append((sum(move.cost for move in moves), frozenset(move.column for move in moves)))
    if not costs:
        assert found.options == ()
        assert "None within your limits" in found.sentence
        return
    assert found.complete
    assert found.options[0].cost == pytest.approx(min(cost for cost, _ in costs))
    assert [option.cost for option in found.options] == sorted(option.cost for option in found.options)
    for option in found.options:
        columns = frozenset(move.column for move in option.moves)
        assert option.after >= found.target
        assert option.cost == pytest.approx(min(cost for cost, used in costs if used == columns))
    assert len({frozenset(move.column for move in option.moves) for option in found.options}) == len(found.options)


@pytest.mark.parametrize("lever", [Lever("contract", cost=20.0), Lever("charge", cost=3.0, direction="down", low=25.0)])
def test_a_lever_without_values_allows_those_that_similar_rows_have(lever: Lever) -> None:
    """The goal form shows “Any value” and “Step (empty: found)” for what is left empty; that is not “nothing is allowed”."""
    _, table = world()
    row = row_at(risky(1)[0])
    moves = moves_of(lever, row, table.frame)
    assert moves
    for move in moves:
        assert move.cost == lever.cost
        assert str(move.value) != str(row[lever.column])
        if isinstance(move.value, float):
            assert 25.0 <= move.value < float(str(row["charge"]))
            assert move.value in table.frame["charge"].to_numpy()
        else:
            assert move.value in set(table.frame["contract"])
    steps = [move.steps for move in moves]
    assert steps == sorted(steps)


levers = st.builds(
    Lever,
    st.sampled_from(["charge", "tenure"]),
    step=st.sampled_from([-20.0, -3.0, 0.5, 4.0, -0.1, 0.2]),
    relative=st.booleans(),
    cost=st.sampled_from([0.0, 1.0, 7.5]),
    direction=st.sampled_from(["", "up", "down"]),
    from_values=st.sampled_from([(), (), ("12", "30"), tuple(map(str, range(40)))]),
    low=st.sampled_from([math.nan, 0.0, 30.0]),
    high=st.sampled_from([math.nan, 50.0, 100.0]),
) | st.builds(
    Lever,
    st.sampled_from(["contract", "active"]),
    to=st.lists(st.sampled_from(["One year", "Two year", "Month-to-month", "Yes", "No", "Never seen"]), min_size=1).map(tuple),
    from_values=st.sampled_from([(), ("Month-to-month",), ("Yes",)]),
    cost=st.sampled_from([0.0, 5.0]),
    forbidden=st.sampled_from([(), (("Month-to-month", "Two year"),), (("Yes", "No"), ("No", "Yes"))]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(levers, min_size=1, max_size=4, unique_by=lambda lever: lever.column), st.integers(0, 299), st.integers(1, 3))
def test_limits_hold(chosen: list[Lever], place: int, most: int) -> None:
    model, table = world()
    row = row_at(place)
    goal = replace(GOAL, levers=tuple(chosen))
    found = recourse(model, row, goal, table.frame, RecourseAsk(0.95, most))
    by_name = {lever.column: lever for lever in chosen}
    shown = [*found.options, *([found.closest] if found.closest else [])]
    for option in shown:
        assert 1 <= len(option.moves) <= most
        assert len({move.column for move in option.moves}) == len(option.moves)
        for move in option.moves:
            lever, before = by_name[move.column], row[move.column]
            if math.isnan(lever.step):
                assert move.value in lever.to
                assert move.value != before
                assert not lever.from_values or before in lever.from_values
                assert (before, move.value) not in lever.forbidden
                assert move.value != "Never seen"
            else:
                assert isinstance(move.value, float)
                assert isinstance(before, float)
                side = {"up": 1, "down": -1}.get(lever.direction, math.copysign(1, lever.step))
                assert (move.value - before) * side > 0
                assert not lever.from_values or before in {float(value) for value in lever.from_values}
                assert math.isnan(lever.low) or move.value >= lever.low
                assert math.isnan(lever.high) or move.value <= lever.high
        assert option.cost == pytest.approx(sum(move.cost for move in option.moves))
    assert len(found.options) <= 3
    assert found.sentence.endswith(".")


@pytest.mark.parametrize("lever", [Lever("tenure", step=2.0), Lever("tenure", cost=1.0), Lever("tenure", to=("5", "30"))],
                         ids=["a step", "any value", "values"])
def test_a_number_is_changed_only_from_the_values_that_are_named(lever: Lever) -> None:
    _, table = world()
    row = {**row_at(0), "tenure": 12.0}
    assert moves_of(lever, row, table.frame)
    assert moves_of(replace(lever, from_values=("7", "12.0")), row, table.frame) == moves_of(lever, row, table.frame)
    assert moves_of(replace(lever, from_values=("7",)), row, table.frame) == ()
    to = str(moves_of(lever, row, table.frame)[0].value)
    kept = moves_of(replace(lever, forbidden=(("12.0", to), ("7", "8"))), row, table.frame)
    assert [str(move.value) for move in kept] == [str(move.value) for move in moves_of(lever, row, table.frame)[1:]]


def test_steps_go_on_towards_the_limits_that_a_number_is_outside_of() -> None:
    near = pd.DataFrame({"charge": [5.0, 14.0, 40.0]})
    up = Lever("charge", step=3.0, cost=2.0, low=10.0, high=18.0)
    assert [(move.value, move.steps, move.cost) for move in moves_of(up, {"charge": 5.0}, near)] == [
        (11.0, 2, 4.0), (14.0, 3, 6.0), (17.0, 4, 8.0)]
    assert [move.value for move in moves_of(replace(up, step=-9.0), {"charge": 40.0}, near)] == [13.0]
    assert moves_of(replace(up, step=-3.0), {"charge": 5.0}, near) == ()


@settings(max_examples=150, deadline=None)
@example(value=3, step=-2, low=math.nan, high=math.nan, direction="", relative=True, never=0)  # the fifth one ends at nothing
@given(st.integers(-40, 40), st.integers(-9, 9), st.sampled_from([math.nan, -20.0, 0.0, 12.0]),
       st.sampled_from([math.nan, -5.0, 15.0, 30.0]), st.sampled_from(["", "up", "down"]), st.booleans(), st.integers(-60, 60))
def test_every_step_within_the_limits_is_a_move(
    value: int, step: int, low: float, high: float, direction: Any, relative: bool, never: int
) -> None:
    """The first five steps, and those up to the fortieth that rows reach, tried one by one in whole numbers; a share of a number
    that is not above zero is none."""
    lever = Lever("charge", step=step / 10 if relative else float(step), relative=relative, direction=direction,
                  low=low, high=high, forbidden=((str(value), str(never)),))
    size = abs(step * value) if relative else abs(step) * 10  # in tenths
    side = {"up": 1, "down": -1}.get(direction, 1 if step > 0 else -1)
    expected = [(10 * value + side * count * size) / 10 for count in range(1, 41) if size and not (relative and value <= 0)]
    expected = [after for place, after in enumerate(expected) if place < 5 or side * (after - (2 if side > 0 else 1)) <= 0]
    kept = [after for after in expected if not (after < low or after > high) and after != never]
    found = moves_of(lever, {"charge": float(value)}, pd.DataFrame({"charge": [1.0, 2.0]}))
    assert [move.value for move in found] == kept


class Slope:
    """Stands for a model: the chance of the bad class rises with the charge, and passes a half at `turn`."""

    def __init__(self, model: Model, turn: float) -> None:
        self.model, self.turn = model, turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def predict_matrix(self, matrix: np.ndarray) -> np.ndarray:
        """A quarter, or three quarters from the turn on."""
        (charge,) = feature_places(self.model, "charge")
        return np.where(matrix[:, charge] >= self.turn, 0.75, 0.25)


def charged(turn: float, lever: Lever, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The ways of a row with a charge of 80, whose similar rows have charges from 20 to 100."""
    made, table = world()
    module = importlib.import_module("automl_core.acting.recourse")
    near = table.frame.assign(charge=np.linspace(20, 100, len(table.frame)))
    monkeypatch.setattr(module, "similar_rows", lambda *_: near)
    model: Any = Slope(replace(made, threshold=0.5), turn)
    return recourse(model, {**row_at(0), "charge": 80.0}, replace(GOAL, levers=(lever,)), table.frame)


@pytest.mark.parametrize(("lever", "turn", "reached"), [
    (Lever("charge", step=-1.0, low=20.0, cost=1.0), 60.0, 59.0), (Lever("charge", direction="down", low=20.0), 26.0, None),
    (Lever("charge", step=-1.0, low=20.0, high=65.0), 60.0, 59.0),
])  # fmt: skip
def test_a_way_within_the_limits_is_found_however_many_steps_it_takes(
    lever: Lever, turn: float, reached: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five steps were tried, or nine values, and where none of these did it was said that none is within the limits."""
    (way,) = charged(turn, lever, monkeypatch).options
    value = float(str(way.moves[0].value))
    assert value == reached if reached else 20 <= value < turn
    assert way.cost == lever.cost * way.moves[0].steps


def test_none_is_within_the_limits_is_said_only_where_all_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = charged(30.0, Lever("charge", step=-0.5, low=20.0), monkeypatch)  # forty steps end at 60
    assert (fine.options, fine.cut) == ((), ("charge",))
    assert fine.sentence.startswith("None was found: no change that was tried")
    assert "Of “charge” no more than 40 values were tried" in fine.sentence
    whole = charged(30.0, Lever("charge", step=-2.0, low=40.0), monkeypatch)
    assert whole.cut == ()
    assert whole.sentence.startswith("None within your limits")
    just = charged(30.0, Lever("charge", step=-0.5, low=60.0), monkeypatch)  # the fortieth step is the limit itself
    assert just.cut == ()
    assert just.sentence.startswith("None within your limits")
    free = charged(20.0, Lever("charge", direction="down"), monkeypatch)
    assert (free.options, free.cut) == ((), ("charge",))
    assert "larger step" not in free.sentence
    assert "narrower limits may show those between them" in free.sentence


@pytest.mark.parametrize("most", [6, 12, 23])
def test_the_first_moves_of_a_number_lead_both_ways_and_far(most: int) -> None:
    """Where ways were cut short all moves upwards were dropped: a row that needed three numbers raised was told of none."""
    near = pd.DataFrame({"charge": np.arange(1.0, 101.0)})
    lever = Lever("charge")
    first = [float(str(move.value)) for move in spread(lever, moves_of(lever, {"charge": 50.5}, near))[:most]]
    assert len(first) == most
    gaps = np.diff([0.0, *sorted(first), 100.0])
    assert gaps.max() <= 2.6 * 100 / most
    assert abs(sum(value > 50.5 for value in first) - most / 2) <= 1


def test_a_way_costs_what_the_units_cost_that_a_number_goes() -> None:
    """One unit more and twenty cost the same money: with its price, the rest is paid once, however many steps are made."""
    near = pd.DataFrame({"charge": [*map(float, range(11)), 50.0]})
    lever, row = Lever("charge", cost=3.0, unit_cost=2.0), {"charge": 50.0}
    for some in (replace(lever, step=-5.0), replace(lever, step=-0.1, relative=True), lever, replace(lever, to=("45", "10"))):
        moves = moves_of(some, row, near)
        assert len(moves) > 1
        assert [move.cost for move in moves] == pytest.approx([3 + 2 * abs(50.0 - float(str(move.value))) for move in moves])
    model, table = world()
    goal = replace(GOAL, levers=(LEVERS[0], replace(LEVERS[1], unit_cost=1.0)))
    found = recourse(model, row_at(risky(60)[9]), goal, table.frame)
    for option in found.options:
        assert option.cost == pytest.approx(sum(
            20.0 if move.column == "contract" else 3 + 5.0 * move.steps for move in option.moves))


def test_a_share_of_a_number_below_zero_is_no_step() -> None:
    """Ten percent more of −50 would be −55: cards and lists leave such rows out, too."""
    near = pd.DataFrame({"charge": [-50.0, 50.0]})
    lever = Lever("charge", step=0.1, relative=True)
    assert [move.value for move in moves_of(lever, {"charge": 50.0}, near)][:2] == [55.0, 60.0]
    for below in (-50.0, 0.0):
        assert moves_of(lever, {"charge": below}, near) == ()
        assert moves_of(replace(lever, direction="up"), {"charge": below}, near) == ()


def test_there_already_and_never() -> None:
    model, table = world()
    safe = row_at(int(np.argmin(model.predict_frame(table.frame))))
    found = recourse(model, safe, GOAL, table.frame)
    assert found.reached
    assert found.options == ()
    assert "there already" in found.sentence
    stuck = replace(GOAL, levers=(Lever("active", to=("Yes",), cost=1.0),))
    none = recourse(model, row_at(risky(1)[0]), stuck, table.frame, RecourseAsk(0.999))
    assert none.options == ()
    assert none.sentence.startswith("None within your limits")
    with pytest.raises(BadInput):
        recourse(model, safe, replace(GOAL, levers=()), table.frame)
    with pytest.raises(BadInput):
        recourse(model, safe, GOAL, table.frame, RecourseAsk(1.5))
    with pytest.raises(BadInput):
        recourse(model, safe, GOAL, table.frame, RecourseAsk(changes=4))


def test_values_that_no_similar_row_has_are_left_out_and_said() -> None:
    model, table = world()
    odd = replace(GOAL, levers=(Lever("contract", to=("Ten years",)), Lever("charge", step=-500.0)))
    found = recourse(model, row_at(risky(1)[0]), odd, table.frame)
    assert found.options == ()
    assert found.left_out == 1 + 5
    assert "left out" in found.sentence


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_classes_and_numbers(task: str) -> None:
    model, table = world(task)
    goal = replace(GOAL, outcome=model.problem.target, good="bronze" if task == "multiclass" else "low")
    scores = wanted(model, model.predict_frame(table.frame), goal)
    worst = int(np.argmin(scores) if task == "multiclass" else np.argsort(scores)[200])
    found = recourse(model, row_at(worst, task), goal, table.frame)
    for option in found.options:
        assert (option.after > found.now) if task == "multiclass" else (option.after <= found.target)
    assert found.options or found.closest or "None" in found.sentence


@pytest.mark.parametrize("good", ["bronze", "gold", "silver"])
@pytest.mark.parametrize("cut", [{}, {"factors": (0.6, 2.5, 1.0)}, {"middle": True}], ids=["largest", "factors", "steps"])
def test_of_several_classes_the_aim_is_the_answer_of_the_model(cut: dict[str, Any], good: str) -> None:
    """A class wins below one half, and may lose above it where classes count by factors or are steps of a scale."""
    made, table = world("multiclass")
    model, goal = replace(made, **cut), replace(GOAL, outcome="tier", good=good, levers=LEVERS[:2])
    wins = model.problem.classes.index(good)
    for place in range(0, 60, 4):
        row = row_at(place, "multiclass")
        found = recourse(model, row, goal, table.frame)
        here = bool(model.called(model.predict_frame(table.frame.iloc[[place]]))[0] == wins)
        assert (found.reached, math.isnan(found.target)) == (here, True)
        assert f"“tier” = “{good}” as the model’s answer" in found.sentence
        if here:
            assert found.sentence.startswith("This row is there already")
            continue
        near = similar_rows(model, row, goal, PastRows(table.frame))
        grids = [[None, *(m for m in moves_of(lever, row, near) if supported(m, near))] for lever in goal.levers]
        combos = [moves for combo in itertools.product(*grids) if (moves := tuple(move for move in combo if move))]
        frame = moved(row_frame(model, row, table.frame), combos) if combos else table.frame.iloc[:0]
        called = model.called(model.predict_frame(frame)) if combos else []
        costs = [sum(move.cost for move in moves) for moves, code in zip(combos, called, strict=True) if code == wins]
        assert [option.cost for option in found.options[:1]] == pytest.approx([min(costs)] if costs else [])
    asked = recourse(model, row_at(0, "multiclass"), goal, table.frame, RecourseAsk(0.5))
    assert asked.target == 0.5
    assert asked.reached == (asked.now >= 0.5)


def test_of_two_classes_the_aim_is_the_answer_at_the_threshold_too() -> None:
    """From the threshold on the model says yes: who stands just on it is not answered “No”."""
    made, table = world()
    row = row_at(risky(60)[20])
    model = replace(made, threshold=float(made.predict_row(row)))
    found = recourse(model, row, GOAL, table.frame)
    assert not found.reached
    assert f"“churned” = “No” with more than {percent(1 - model.threshold)}" in found.sentence
    assert all(option.after > found.target for option in found.options)
    assert recourse(model, row, replace(GOAL, good="Yes"), table.frame).reached
    assert recourse(model, row, GOAL, table.frame, RecourseAsk(found.now)).reached  # at least that much was asked


def test_missing_values_do_not_move_and_rows_are_not_mixed_up() -> None:
    model, table = world()
    row = {**row_at(risky(1)[0]), "contract": None, "charge": math.nan}
    near = similar_rows(model, row, GOAL, PastRows(table.frame))
    assert moves_of(LEVERS[0], row, near) == ()
    assert moves_of(LEVERS[1], row, near) == ()
    base = row_frame(model, row_at(0), table.frame)
    moves = moves_of(LEVERS[2], row_at(0), table.frame)
    frame = moved(base, [(moves[0],), (moves[0],)])
    assert len(frame) == 2
    assert (frame["active"] == moves[0].value).all()
    assert frame.dtypes.equals(base.dtypes)
    assert isinstance(near, pd.DataFrame)


def test_the_limit_of_combinations_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("automl_core.acting.recourse")
    monkeypatch.setattr(module, "MOST_CANDIDATES", 30)
    model, table = world()
    found = recourse(model, row_at(risky(60)[0]), GOAL, table.frame)
    assert not found.complete
    assert "stopped at its limit of 30 combinations" in found.sentence
    assert "None within your limits" not in found.sentence


def test_the_closest_is_never_told_as_the_aim_itself() -> None:
    """“No allowed change reaches 70 %. The closest comes to 70 %.”"""
    model, table = world()
    row, goal = row_at(risky(20)[3]), replace(GOAL, levers=LEVERS[1:2])
    far = recourse(model, row, goal, table.frame, RecourseAsk(0.99, 1)).closest
    assert far is not None
    missed = recourse(model, row, goal, table.frame, RecourseAsk(far.after + 1e-6, 1))
    assert missed.options == ()
    assert "The closest comes just short of it." in missed.sentence
    clearly = recourse(model, row, goal, table.frame, RecourseAsk(0.99, 1))
    assert f"The closest comes to {percent(far.after)}." in clearly.sentence
