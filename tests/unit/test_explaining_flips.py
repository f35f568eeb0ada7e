"""The smallest flip of one row's answer: by allowed moves and levers, the cheapest where they have costs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.acting.action import Goal, Lever
from automl_core.errors import BadInput
from automl_core.explaining import Allowed, smallest_flip, turning
from automl_core.explaining.changes import Flip, cheapest_words
from automl_core.explaining.similar import nearest_rows
from automl_core.search.families import families
from automl_core.search.model import Member, Model
from automl_core.workspace.explain import Explaining, _allowed
from tests.truth.explaining_data import fitted
from tests.unit.test_explaining_routes import model, table


def test_smallest_flip() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    row = frame[frame["a"] < -1].iloc[0].to_dict()
    levers = (Allowed("a"), Allowed("b"), Allowed("c"))
    found = smallest_flip(made, row, frame, levers)
    assert found is not None
    assert (found.before < 50) != (found.after < 50)
    changed = {**row, **{name: (then if name == "c" else float(then.replace("−", "-"))) for name, _, then in found.changes}}
    assert 100 * made.predict_row(changed) == pytest.approx(found.after, abs=0.5)
    assert smallest_flip(made, row, frame, (Allowed("a", direction="down"),)) is None
    limited = smallest_flip(made, row, frame, (Allowed("a", high=row["a"] + 0.01),))
    assert limited is None
    with pytest.raises(BadInput):
        smallest_flip(made, row, frame, (Allowed("nope"),))
    numbers = model("regression", ("lightgbm",))
    with pytest.raises(BadInput):
        smallest_flip(numbers, row, frame, levers)
    reached = smallest_flip(numbers, row, frame, levers, 2.0)
    assert reached is not None
    assert reached.after >= 2.0
    assert smallest_flip(model("multiclass", ("lightgbm",)), row, frame, levers) is not None


flips = st.builds(
    Allowed, st.just("a"), to=st.sampled_from([(), ("-1", "0.5", "2"), ("much",)]), direction=st.sampled_from(["", "up"]),
    step=st.sampled_from([math.nan, 0.5, -0.5, 1.0, -0.25]), relative=st.booleans(),
    from_values=st.sampled_from([(), ("-2.0",), ("0", "1")]),
    forbidden=st.sampled_from([(), (("-2", "0.5"),), (("-2", "2.0"), ("-2", "0.5")), (("1", "2"),)])) | st.builds(
    Allowed, st.just("c"), to=st.sampled_from([(), ("l13", "l12"), ("l1", "l9")]),
    from_values=st.sampled_from([(), ("l2",), ("l3", "l4")]),
    forbidden=st.sampled_from([(), (("l2", "l13"),), (("l2", "l13"), ("l2", "l12")), (("l1", "l9"),)]))


@settings(max_examples=40, deadline=None)
@given(st.lists(flips, min_size=1, max_size=2, unique_by=lambda lever: lever.column), st.sampled_from([-2.0, 0.0]))
def test_the_smallest_flip_makes_no_move_that_is_forbidden(levers: list[Allowed], here: float) -> None:
    frame, _ = table()
    row = {**frame.iloc[0].to_dict(), "a": here, "b": 1.0, "c": "l2"}
    found = smallest_flip(model("regression", ("lightgbm",)), row, frame, tuple(levers), 0.9)
    by_name = {lever.column: lever for lever in levers}
    for name, now, then in found.changes if found else ():
        lever = by_name[name]
        as_number = (lambda text: float(text.replace("−", "-"))) if name == "a" else str
        before, after = as_number(now), as_number(then)
        assert not lever.from_values or before in [as_number(value) for value in lever.from_values]
        assert (before, after) not in [(as_number(a), as_number(b)) for a, b in lever.forbidden]
        if name == "a" and math.isfinite(lever.step):
            size = abs(lever.step * before) if lever.relative else abs(lever.step)
            steps = (after - before) / size
            assert steps == pytest.approx(round(steps), abs=1e-6)
            assert 1 <= abs(round(steps)) <= 40
            assert abs(round(steps)) <= 5 or frame["a"].min() <= after <= frame["a"].max()
            way = lever.step * before if lever.relative else lever.step
            assert steps > 0 if lever.direction == "up" or way > 0 else steps < 0
        else:
            assert not lever.to or "much" not in lever.to
            assert not lever.to or after in [as_number(value) for value in lever.to]


def test_the_smallest_flip_takes_another_way_when_the_first_is_forbidden() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    row = {**frame[frame["a"] < -1].iloc[0].to_dict(), "a": -2.0}
    lever = Allowed("a", to=("1.5", "1.8"))
    found = smallest_flip(made, row, frame, (lever,))
    assert found is not None
    assert found.changes == (("a", "−2", "1.5"),)
    other = smallest_flip(made, row, frame, (replace(lever, forbidden=(("-2", "1.5"),)),))
    assert other is not None
    assert other.changes == (("a", "−2", "1.8"),)
    assert smallest_flip(made, row, frame, (replace(lever, from_values=("0",)),)) is None
    assert smallest_flip(made, row, frame, (replace(lever, from_values=("-2.0",)),)) == found


def test_where_levers_have_costs_the_cheapest_flip_is_found() -> None:
    """A level counted as half a table and a number as what it passes, whatever the goal said that each costs."""
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    row = frame.iloc[203].to_dict()  # on the edge: a little more of “a” turns it, and so does another “c”
    plain = smallest_flip(made, row, frame, (Allowed("a"), Allowed("c")))
    assert plain is not None
    assert ([name for name, _, _ in plain.changes], math.isnan(plain.money), plain.known) == (["a"], True, True)
    assert smallest_flip(made, row, frame, (Allowed("a", cost=0.0), Allowed("c", cost=0.0))) == plain  # for nothing: the smallest
    assert smallest_flip(made, row, frame, (Allowed("a", cost=90.0), Allowed("c"))) == plain  # one of them is not known
    dear = smallest_flip(made, row, frame, (Allowed("a", cost=90.0), Allowed("c", cost=12.0)))
    assert dear is not None
    assert ([name for name, _, _ in dear.changes], dear.money) == (["c"], 12.0)
    steps = smallest_flip(made, row, frame, (Allowed("a", step=0.1, cost=3.0), Allowed("c", cost=50.0)))
    assert steps is not None
    turning = next(count for count in range(1, 6) if made.predict_row({**row, "a": row["a"] + count * 0.1}) >= 0.5)
    assert steps.money == 3.0 * turning  # each step at the lever's cost, as cards and ways for one row have it
    units = smallest_flip(made, row, frame, (Allowed("a", step=0.1, cost=3.0, unit_cost=20.0), Allowed("c", cost=50.0)))
    assert units is not None
    assert units.money == pytest.approx(3.0 + 20.0 * 0.1 * turning)
    assert _allowed("a", Lever("a", cost=7.0)).cost == 7.0
    assert _allowed("a", Lever("a", unit_cost=7.0)).unit_cost == 7.0
    assert math.isnan(_allowed("a", None).cost)


def test_a_flip_goes_to_what_similar_rows_have_and_else_says_that_none_does() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    row = frame.iloc[203].to_dict()
    beyond = Allowed("a", to=("9",), high=10.0, cost=1.0)
    alone = smallest_flip(made, row, frame, (beyond,))
    assert alone is not None
    assert not alone.known
    assert alone.sentence.endswith(
        " No past row like this one is known with “a” = “9”, so the model can only guess there.")
    other = smallest_flip(made, row, frame, (beyond, Allowed("c", cost=50.0)))
    assert other is not None
    assert ([name for name, _, _ in other.changes], other.known, other.money) == (["c"], True, 50.0)
    assert "No past row" not in other.sentence
    then = other.changes[0][2]
    without = pd.concat([frame[frame["c"] != then], frame[frame["c"] == then].head(1)])
    rare = smallest_flip(made, row, without, (Allowed("c", to=(then,)),))
    assert rare is not None
    assert not rare.known  # one row is a slip of the pen


def test_similar_rows_are_of_similar_dates() -> None:
    """They were those of any day where no other column told them apart."""
    frame = pd.DataFrame({"d": pd.Series(pd.date_range("2024-01-01", periods=1000)).astype("datetime64[us]"), "x": 0.0})
    frame.loc[3, "d"] = pd.NaT
    made: Any = SimpleNamespace(sources=("d", "x"))
    near = nearest_rows(made, {"d": datetime(2026, 9, 20), "x": 0.0}, (), frame)
    assert sorted(near.index) == list(range(700, 1000))
    assert 3 in nearest_rows(made, {"d": pd.NaT, "x": 0.0}, (), frame).index


def test_the_smallest_flip_keeps_to_the_step_of_a_lever() -> None:
    """A lever that cards and ways for one row only lower by fives is not raised, and not lowered by threes."""
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    row = {**frame[frame["a"] < -1].iloc[0].to_dict(), "a": -2.0}
    assert smallest_flip(made, row, frame, (Allowed("a"),)) is not None
    assert smallest_flip(made, row, frame, (Allowed("a", step=-0.5),)) is None
    assert smallest_flip(made, row, frame, (Allowed("a", to=("much",)),)) is None
    found = smallest_flip(made, row, frame, (Allowed("a", step=0.9),))
    assert found is not None
    assert found.changes[0][2].replace("−", "-") in {"-1.1", "-0.2", "0.7", "1.6", "2.5"}
    share = Allowed("a", step=-0.5, relative=True)  # half less of −2 would be −1, and turns it
    assert smallest_flip(made, row, frame, (share,)) is None
    assert smallest_flip(made, row, frame, (replace(share, direction="up"),)) is None
    allowed = _allowed("a", Lever("a", step=-5.0, relative=True))
    assert (allowed.step, allowed.relative) == (-5.0, True)


def test_the_cheapest_flip_says_of_which_changes_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that no similar row has are not tried once another one turns the decision, and a ninth column is not looked at."""
    found = Flip((("a", "1", "2"),), 20.0, 60.0, 0.1, 9, "It turns.", 12.0)
    assert cheapest_words(found, "€") == "Of changes to values that similar rows have, it is the cheapest that turns it: € 12."
    assert cheapest_words(replace(found, known=False), "€").startswith("Of all changes tried, it is the cheapest that")
    names = tuple("abcdefghi")
    goal = Goal("y", "Yes", levers=tuple(Lever(name, cost=1.0) for name in names[:8]))
    monkeypatch.setattr(Explaining, "_goal", lambda *asked: goal)
    nothing: Any = None
    looked = Explaining(nothing, nothing)
    assert looked.priced("p", names)
    assert not looked.priced("p", names[:0:-1])


def told(prediction: Any, frame: pd.DataFrame) -> Model:
    """A model of a number that is a function of the matrix."""
    made = fitted(frame, np.zeros(len(frame)), "regression", "linear").model
    member = Member("linear", "known", 1.0, None)
    object.__setattr__(member, "kind", replace(families().get("linear"), predict=lambda native, matrix: prediction(matrix)))
    return replace(made, members=(member,))


def test_values_that_a_lever_names_and_its_steps_may_lie_beyond_what_was_seen() -> None:
    """Ways for one row took them and the flip did not: the page said both that there is one and that there is none."""
    frame = pd.DataFrame({"x": np.linspace(0, 10, 100)})
    made = told(lambda matrix: matrix[:, 0], frame)
    for lever, then in ((Allowed("x", to=("30", "20")), "20"), (Allowed("x", step=4.0), "17")):
        found = smallest_flip(made, {"x": 9.0}, frame, (lever,), 12.0 if then == "20" else 15.0)
        assert found is not None
        assert (found.changes[0][2], found.known) == (then, False)
        assert "No past row like this one is known" in found.sentence
        assert smallest_flip(made, {"x": 9.0}, frame, (replace(lever, high=11.0),), 12.0) is None
    assert smallest_flip(made, {"x": 9.0}, frame, (Allowed("x"),), 12.0) is None  # what it may choose itself was seen


@pytest.mark.parametrize(("here", "step", "goal", "then"), [(0.3, -0.1, 0.05, "0"), (9.0, -0.5, 2.0, "2"), (1.0, 0.5, 8.0, "8")])
def test_a_flip_goes_as_far_in_steps_as_ways_for_one_row(here: float, step: float, goal: float, then: str) -> None:
    """Three tenths less than 0.3 was −0.000…06, below a limit of 0, and only five steps were tried."""
    frame = pd.DataFrame({"x": np.linspace(0, 10, 101)})
    made = told(lambda matrix: matrix[:, 0], frame)
    found = smallest_flip(made, {"x": here}, frame, (Allowed("x", step=step, low=0.0),), goal)
    assert found is not None
    assert found.changes[0][2] == then
    assert math.copysign(1.0, found.after) == 1.0


def test_a_flip_goes_to_dates_that_a_lever_names() -> None:
    frame = pd.DataFrame({"d": pd.Series(pd.date_range("2026-01-01", periods=100)).astype("datetime64[us]")})
    made = told(lambda matrix: matrix[:, -1], frame)  # days since 1970
    row = {"d": frame["d"].iloc[0]}
    here, goal = (float(made.predict_frame(frame)[place]) for place in (0, 20))
    assert here < goal
    lever = Allowed("d", to=("2026-03-01", "2026-01-05", "2026-02-01", "soon"))
    found = smallest_flip(made, row, frame, (lever,), goal)
    assert found is not None
    assert found.changes == (("d", "2026-01-01", "2026-02-01"),)
    other = smallest_flip(made, row, frame, (replace(lever, forbidden=(("2026-01-01", "2026-02-01"),)),), goal)
    assert other is not None
    assert other.changes[0][2] == "2026-03-01"


def test_a_number_that_is_the_goal_turns_where_it_is_less() -> None:
    """“It would say 2 instead of 2.”"""
    frame = pd.DataFrame({"x": np.linspace(0, 10, 100), "z": np.linspace(0, 1, 100)})
    made = told(lambda matrix: np.minimum(matrix[:, 0], 2.0), frame)
    row = {"x": 5.0, "z": 0.5}
    found = smallest_flip(made, row, frame, (Allowed("x"), Allowed("z")), 2.0)
    assert found is not None
    assert (found.before, found.changes[0][0]) == (2.0, "x")
    assert found.after < 2.0
    assert smallest_flip(made, row, frame, (Allowed("z"),), 2.0) is None


def test_many_changes_in_steps_are_asked_of_trees_by_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty steps of each of six columns are 24,240 changes: each was filled in by itself and asked for twice, for seconds."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": rng.integers(0, 101, 600).astype(float) for place in range(5)})
    made = fitted(frame, (frame["x4"] > 50).to_numpy(dtype=float), "binary", "lightgbm").model
    row = {**frame.iloc[int(np.argmin(made.predict_frame(frame)))].to_dict(), **{f"x{place}": 40.0 for place in range(4)}}
    levers, asked, predict = tuple(Allowed(f"x{place}", step=1.0) for place in range(4)), [], Member.predict

    def count(member: Member, matrix: Any) -> Any:
        asked.append(len(matrix))
        return predict(member, matrix)

    monkeypatch.setattr(Member, "predict", count)
    assert smallest_flip(made, row, frame, levers) is None
    assert 0 < sum(asked) < 1000
    monkeypatch.setattr(turning, "FEW", 10**9)
    asked.clear()
    assert smallest_flip(made, row, frame, levers) is None
    assert sum(asked) > 4 * 40 + 6 * 40 * 40, "as many as are tried either way"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_is_asked_by_boxes_is_the_change_that_is_found_one_by_one(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _ = table()
    made = model(task, ("lightgbm", "linear"))
    levers = (Allowed("a", step=0.05, cost=1.0), Allowed("b", step=0.05, cost=1.5), Allowed("c", cost=9.0))
    found: dict[int, list[str]] = {0: [], 10**9: []}
    for few in found:
        monkeypatch.setattr(turning, "FEW", few)
        for place in range(0, 200, 20):
            row = frame.iloc[place].to_dict()
            goal = float(made.predict_frame(frame.iloc[[place]])[0]) + 0.3 if task == "regression" else math.nan
            found[few].append(str(smallest_flip(made, row, frame, levers, goal)))
    assert found[0] == found[10**9]
    assert any("Flip(" in one for one in found[0])
