"""The public doors of acting: a frame, an outcome and roles in, the answers of the engine out, and refusals of one sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core import acting
from automl_core.acting import (
    ActionCard,
    Condition,
    Goal,
    Lever,
    Options,
    Pair,
    Periods,
    PilotChoice,
    RecourseAsk,
    Roles,
    Segment,
    StartedPilot,
    compare,
    compare_groups,
    compare_periods,
    find_actions,
    graded,
    judge_pilot,
    pilot_of,
    recourse,
    recourse_door,
    recourse_for,
    segments_of,
    state_after,
)
from automl_core.acting.action import TOO_FEW
from automl_core.acting.doors import _group
from automl_core.acting.opened import opened
from automl_core.cleaning import apply_recipe_row
from automl_core.codec import to_json
from automl_core.data.schema import type_row
from automl_core.errors import BadInput
from automl_core.production import load_bundle, write_bundle
from tests.truth.gaps import COLUMNS, PROBLEM, world
from tests.unit.modelling import make_contract, make_frame, make_model

CARD = ActionCard(
    "Rows with the old plan", "plan", "old", "new", 300, 0.2, 0.15, -0.2, -0.3, -0.1, 0.0, 0.0, 0.0, "C", 1.0, 0.1, "", id="c1",
    from_values=("old",), counted="“left” = “Yes”", better="down", is_rate=True)  # fmt: skip
SPELLED: dict[str, tuple[Any, Any, Any]] = {  # yes, no, and the good outcome as somebody says it
    "text": ("Yes", "No", "No"), "truth": (True, False, False), "figures": (1, 0, 0), "decimals": (1.0, 0.0, "0"),
    "letters": ("yes", "no", False), "as text": ("true", "false", "no")}


@cache
def rows_with_left(count: int = 900) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of two plans, of whom those with the old one leave more often, and who left."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({
        "customer": [f"{place:04d}" for place in range(count)], "plan": rng.choice(["old", "new"], count),
        "age": rng.integers(20, 70, count), "region": rng.choice(list("nesw"), count),
    })
    return frame, rng.random(count) < np.where(frame["plan"] == "old", 0.55, 0.2)


def customers(yes: Any = "Yes", no: Any = "No") -> pd.DataFrame:
    frame, left = rows_with_left()
    return frame.assign(left=[yes if one else no for one in left])


@cache
def plain_segments() -> list[Segment]:
    return [replace(one, sentence="") for one in segments_of(customers(), "left").segments]


@pytest.mark.parametrize("spelling", SPELLED)
def test_segments_are_the_same_however_the_outcome_is_spelled(spelling: str) -> None:
    yes, no, good = SPELLED[spelling]
    found = segments_of(customers(yes, no), "left", good)
    assert [[c.column for c in one.conditions] for one in found.segments][:1] == [["plan"]]
    assert [replace(one, sentence="") for one in found.segments] == plain_segments()
    assert found.outcome == f"“left” = “{yes}”".replace("1.0", "1")


def test_segments_of_numbers_and_of_several_classes() -> None:
    frame, left = rows_with_left()
    amounts = frame.assign(left=100.0 + 50.0 * left + np.arange(len(left)) / 1000)
    for good in ("low", "High", None):
        found = segments_of(amounts, "left", good)
        assert not found.is_rate
        assert found.segments[0].conditions[0].column == "plan"
    few = frame.assign(left=3 + left)  # two whole numbers are classes unless low or high is wanted
    assert segments_of(few, "left", "low").is_rate is False
    assert segments_of(few, "left", 3).is_rate
    many = frame.assign(left=np.where(left, "gone", np.where(np.arange(len(left)) % 2, "paused", "stays")))
    assert segments_of(many, "left", "stays").outcome == "“left” = “stays”"
    assert segments_of(many, "left", "gone").segments[0].difference != 0


def test_segments_heed_the_roles_and_leave_out_rows_without_an_outcome() -> None:
    frame = customers().assign(paid=lambda one: (one["left"] == "Yes") * 5.0 + np.arange(len(one)) % 7)
    columns = {c.column for one in segments_of(frame, "left").segments for c in one.conditions}
    assert "paid" in columns
    for roles in (Roles(later=("paid",)), Roles(never=("paid",)), Roles(id="paid")):
        found = segments_of(frame, "left", "No", roles)
        assert {c.column for one in found.segments for c in one.conditions} == {"plan"}
    half = frame.assign(left=frame["left"].where(frame.index < 450))
    assert to_json(segments_of(half, "left")) == to_json(segments_of(frame.head(450), "left"))
    alike = pd.concat([frame] * 3, ignore_index=True)
    again = alike.assign(paid=alike["paid"] + np.arange(len(alike)) / 10_000)
    single, together, copied = (segments_of(one, "left", roles=roles).segments[0]
                                for one, roles in ((again, None), (again, Roles(group="customer")), (alike, None)))
    for wide in (together, copied):
        assert wide.high - wide.low > 1.4 * (single.high - single.low)  # a customer is no three customers
    used_again = Roles(later=("paid",), experiment="plan")  # as find_actions takes them, where the plan is a lever
    assert segments_of(frame, "left", "No", used_again).segments


def test_why_no_group_was_looked_at_is_said() -> None:
    """Nothing was found in 180 rows of which 90 % and 10 % left, and nothing said that nothing was looked for."""
    found = segments_of(customers().head(180), "left", "No")
    assert (found.segments, found.looked_at) == ((), 0)
    assert found.note == ("There are too few rows to find groups on one half and confirm them on the other: it takes 200 with an "
                          "outcome.")
    assert (found.why_none, replace(found, note="").why_none) == (found.note, f"{TOO_FEW}.")  # kept before
    whole = segments_of(customers(), "left", "No")
    assert whole.looked_at > 0
    assert whole.note == ""
    alike = segments_of(customers(), "left", "No", {"never": ["plan", "age", "region"]})
    assert (alike.looked_at, alike.note.startswith("No column parts the rows into groups of 50")) == (0, True)


def test_own_labels_come_back() -> None:
    frame = customers().rename(columns={"plan": 7, "left": ("y", 1), "age": "the\nage"})
    found = segments_of(frame, ("y", 1), "No", Roles(never=("the\nage",)))
    assert found.segments[0].conditions[0].column == "7"
    story = compare(frame, ("y", 1), {"the\nage": "..45"}, {"the\nage": "45.."})
    assert story.rows_first + story.rows_second == 900
    assert compare(frame, ("y", 1), {7: "old"}).rows_first == (frame[7] == "old").sum()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"outcome": "gone"}, "There is no column “gone”"),
        ({"good": "perhaps"}, "“perhaps” is not a possible outcome"),
        ({"good": "low"}, "“low” is not a possible outcome"),
        ({"roles": Roles(never=("nowhere",))}, "There is no column “nowhere”"),
        ({"roles": Roles(never=("regoin",))}, "There is no column “regoin” in this table. Perhaps “region” is meant."),
        ({"roles": Roles(id="left")}, "“left” is the outcome and is named as “id”"),
        ({"roles": ("age",)}, "“roles” is “tuple”"),
        ({"frame": [1, 2]}, "no pandas DataFrame"),
    ],
)
def test_doors_refuse_with_one_sentence(asked: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"frame": customers(), "outcome": "left", "good": "No", "roles": None, **asked}
    with pytest.raises(BadInput, match=re.escape(words)):
        segments_of(**given)
    with pytest.raises(BadInput, match=re.escape(words)):
        compare(first={"plan": "old"}, **given)


def test_comparing_is_what_the_engine_says() -> None:
    one = world(3, 600, "both")
    frame = one.frame.assign(y=np.where(one.y == 1, "Yes", "No"))
    second = compare(frame, "y", {"g": "x", "n0": "0..", "c0": ["a", "b"]}, {"g": "z"}, "No")
    pair = Pair((Condition("g", ("x",)), Condition("n0", (), 0.0), Condition("c0", ("a", "b"))), (Condition("g", ("z",)),))
    assert to_json(second) == to_json(compare_groups(one.frame, one.y, COLUMNS, PROBLEM, pair))
    for first in ({"g": "x"}, {"g": ["x"]}, Condition("g", ("x",)), [Condition("g", ("x",))]):
        assert _group(first, opened(frame, "y").own, "first") == (Condition("g", ("x",)),)
    told = compare(frame.assign(k=np.arange(len(frame)) % 3), "y", Condition("k", (), high=1.0, only="9"))
    assert told.first == "“k” is 0"  # by this table’s rows, not by those that somebody had before
    periods = Periods("day", "2024-07-01")
    story = compare(frame.assign(y=one.y == 1), "y", periods)
    assert story.over_time
    assert story.gap == compare_periods(one.frame, one.y, COLUMNS, PROBLEM, periods).gap


def test_a_condition_takes_one_value_and_other_spellings_as_a_dictionary_does() -> None:
    """The text "12" was read letter by letter, so that levels 1 and 2 were compared."""
    frame = customers().assign(level=lambda own: np.arange(len(own)) % 14, paid=lambda own: own["plan"] == "old")
    asked: Any = Condition
    for group, rows in ((asked("level", "12"), frame["level"] == 12), (asked("level", 12), frame["level"] == 12),
                        (asked("plan", "OLD"), frame["plan"] == "old"), (asked("paid", ["yes"]), frame["paid"]),
                        (asked("age", low=None, high=np.int64(45)), frame["age"] < 45)):
        assert compare(frame, "left", group).rows_first == rows.sum()


def test_periods_are_cut_at_a_day_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    one = world(3, 300, "both")
    asked: list[Periods] = []
    monkeypatch.setattr("automl_core.acting.doors.compare_periods", lambda *given: asked.append(given[-1]))
    for day in (date(2024, 7, 1), pd.Timestamp("2024-07-01"), np.datetime64("2024-07-01"), "2024-07-01"):
        compare(one.frame.assign(y=one.y == 1), "y", Periods("day", day, end=day))  # type: ignore[arg-type]
    assert asked == [Periods("day", "2024-07-01", end="2024-07-01")] * 4


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({}, None, "The first group has no condition"),
        ({"plan": "old"}, [], "The second group has no condition"),
        ({"plan": None}, None, "No value of “plan” is named"),
        ({"plan": "odd"}, None, "No row has “odd” in “plan”"),
        ({"age": "100..120"}, None, "There is no row where “age” is from 100 to below 120"),
        ({"plans": "old"}, None, "There is no column “plans”"),
        ("old", None, "The first group is “old”, which is no condition"),
        (3, None, "The first group is “3”, which is no condition"),
        (Condition("plan", ("odd",)), None, "No row has “odd” in “plan”"),
        (Condition("age", low="30"), None, "“low” of the condition on “age” is “30”, which is no number"),  # type: ignore[arg-type]
        ({"left": "Yes"}, None, "“left” is the outcome and describes a group, too"),
        ({"plan": "old"}, {"left": "No"}, "“left” is the outcome and describes a group, too"),
        (Periods("age", "40"), {"plan": "old"}, "Two periods are asked for, and a second group"),
        (Periods("day", "40"), None, "There is no column “day”"),
        (Periods("left", "Yes"), None, "“left” is the outcome and describes a group, too"),
    ],
)
def test_what_is_no_group_is_refused(first: Any, second: Any, words: str) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        compare(customers(), "left", first, second)


@cache
def pilot() -> StartedPilot:
    return pilot_of(CARD, customers(), "left", Roles(), Options(value=100.0), PilotChoice(rows=200, seed=1))


def test_a_pilot_is_drawn_from_a_frame() -> None:
    made, frame = pilot(), customers()
    assert made.pilot.treated == made.pilot.held == 100
    assert made.pilot.id_columns == ("customer",)
    assert made.table.columns.tolist() == ["row", "customer", "arm", "change", "now", "set_to", "due", "left"]
    assert frame["plan"].iloc[made.table["row"]].eq("old").all()
    assert frame["customer"].iloc[made.table["row"]].tolist() == made.table["customer"].tolist()
    assert (made.table["set_to"] == np.where(made.table["arm"] == "treat", "new", "")).all()
    assert 0.5 < made.pilot.power.chance < 0.95  # of 20 points, by 100 rows a side
    assert made.pilot.goal == Goal("left", "No", 100.0)
    assert np.ptp(made.draw.strata) > 0
    again = pilot_of(CARD, frame, "left", None, Options(value=100.0), PilotChoice(rows=200, seed=1))
    pd.testing.assert_frame_equal(again.table, made.table)
    others = [pilot_of(CARD, frame, "left", choice=PilotChoice(rows=200)) for _ in range(2)]
    assert not others[0].table.equals(others[1].table)  # no two pilots draw alike unless a seed is named
    kept = pilot_of(CARD, frame, "left", choice=others[0].pilot.choice)
    pd.testing.assert_frame_equal(kept.table, others[0].table)


def filled(made: StartedPilot, yes: Any, no: Any) -> pd.DataFrame:
    """The pilot's own table with outcomes: 20 of 100 treated rows leave, and 50 of 100 others."""
    treated = (made.table["arm"] == "treat").to_numpy()
    places = np.where(treated, np.cumsum(treated), np.cumsum(~treated))
    left = places <= np.where(treated, 20, 50)
    return made.table.assign(left=pd.Series([yes if one else no for one in left]))


@pytest.mark.parametrize("spelling", SPELLED)
def test_outcomes_come_back_as_a_frame(spelling: str) -> None:
    yes, no, _ = SPELLED[spelling]
    made = pilot()
    for started in (made, pilot_of(CARD, customers(yes, no), "left", choice=PilotChoice(rows=200, seed=1))
                    if spelling in ("letters", "figures") else made):
        result = judge_pilot(started, filled(started, yes, no).sample(frac=1.0, random_state=0))
        assert (result.treated_mean, result.held_mean) == (0.8, 0.5)
        assert result.low < 0.3 < result.high
        assert result.verdict == "raised"
    card = graded(CARD, replace(made.pilot, result=result, state=state_after(result)))
    assert (card.grade, round(card.adjusted, 1)) == ("A", -0.3)
    by_row = filled(made, yes, no)[["row", "left"]].rename(columns={"left": "Left"})
    assert judge_pilot(made, by_row).difference == pytest.approx(0.3, abs=0.02)


def test_outcomes_that_are_not_due_or_of_nobody() -> None:
    made = pilot()
    waiting = judge_pilot(made, filled(made, 1, 0), date(2020, 1, 1))
    assert waiting.waits
    assert judge_pilot(made, filled(made, 1, 0), date(2020, 1, 1), early=True).early
    with pytest.raises(BadInput, match="No line of the file belongs to this pilot"):
        judge_pilot(made, pd.DataFrame({"customer": ["x"], "left": ["Yes"]}))
    with pytest.raises(BadInput, match="no pandas DataFrame"):
        judge_pilot(made, filled(made, 1, 0).to_dict())  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="“started” is “Pilot”"):
        judge_pilot(made.pilot, filled(made, 1, 0))  # type: ignore[arg-type]


def test_a_pilot_takes_numbers_and_days_of_any_kind() -> None:
    """A float out of JSON or pandas was a TypeError, or 300.0 rows in the sentence; so was a moment as today."""
    choice = {"rows": 200.0, "days": 30.0, "seed": 1.0, "treated_share": np.float32(0.5), "ended": np.bool_(False)}
    made = pilot_of(CARD, customers(), "left", Roles(), Options(value=100.0), choice)
    assert made.pilot.choice == PilotChoice(rows=200, seed=1)
    pd.testing.assert_frame_equal(made.table, pilot().table)
    sent, due = filled(made, 1, 0), made.pilot.due_day
    for before in (datetime(2020, 1, 1, 12), pd.Timestamp("2020-01-01", tz="UTC"), np.datetime64("2020-01-01"), "2020-01-01"):
        assert judge_pilot(made, sent, before).waits
    for after in (datetime(due.year, due.month, due.day, 9), pd.Timestamp(due), due.isoformat()):
        assert not judge_pilot(made, sent, after).waits
    for wrong in ("soon", 5, pd.NaT):
        with pytest.raises(BadInput, match="which is no day"):
            judge_pilot(made, sent, wrong)


def test_a_pilot_of_a_number_heeds_groups_and_open_rows() -> None:
    frame, left = rows_with_left()
    rng = np.random.default_rng(1)
    cost = np.round(20 + 10 * left + rng.normal(0, 3, len(left)), 3)
    still = np.arange(len(left)) >= 500
    table = frame.assign(cost=np.where(still, np.nan, cost), house=np.arange(len(left)) // 3)
    card = replace(CARD, counted="“cost”", adjusted=-3.0, low=-5.0, high=-1.0, is_rate=False, days=14)
    asked = card, table, "cost", Roles(group="house", id="customer")
    assert pilot_of(*asked).pilot.choice.days == 14  # the card's
    made = pilot_of(*asked, choice=PilotChoice(seed=3))
    assert made.pilot.goal.good == "low"
    assert made.pilot.promise.effect == -3.0
    assert still[made.table["row"]].all()
    assert (made.assignment.groupby("group")["arm"].nunique() == 1).all()
    sent = made.table.assign(cost=np.round(cost[made.table["row"]] - 2.0 * (made.table["arm"] == "treat"), 3))
    result = judge_pilot(made, sent)
    assert result.treated_mean == pytest.approx(sent.loc[sent["arm"] == "treat", "cost"].mean())
    assert result.low < -2.0 < result.high


@pytest.mark.parametrize("better", ["up", "down"])
def test_a_pilot_of_a_number_parts_rows_on_both_sides_of_the_median(better: str) -> None:
    """Half of all rows lie on the wanted side, where there is no risk: five of ten parts were dealt as one."""

    class Model:
        def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
            return np.asarray(frame["age"], dtype=np.float64)

    frame = customers().assign(age=np.random.default_rng(0).permutation(900).astype(float), cost=lambda own: own["age"] / 9)
    card = replace(CARD, counted="“cost”", adjusted=3.0, low=1.0, high=5.0, is_rate=False, better=better)
    drawn = pilot_of(card, frame, "cost", None, Options(model=Model()), PilotChoice(rows=200, seed=1)).draw
    ages = frame["age"].to_numpy()[drawn.positions]
    parts = sorted((ages[drawn.strata == part].min(), ages[drawn.strata == part].max()) for part in range(10))
    assert all(before[1] < after[0] for before, after in pairwise(parts))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"card": "plan"}, "“card” is “str”, which is no action card"),
        ({"card": replace(CARD, grade="D")}, "This card is a pattern and not advice"),
        ({"card": replace(CARD, counted="“left” = “perhaps”")}, "that is no outcome of this table"),
        ({"card": replace(CARD, counted="“gone” = “Yes”")}, "The card counts “gone” = “Yes”, and “left” is named as"),
        ({"card": replace(CARD, is_rate=False, counted="“left over”")}, "and “left” is named as the outcome."),
        ({"outcome": "region"}, "The card counts “left” = “Yes”, and “region” is named as the outcome."),
        ({"card": replace(CARD, lever="offer")}, "There is no column “offer”"),
        ({"card": replace(CARD, is_rate=False, counted="“left”")}, "“low” is not a possible outcome"),
        ({"outcome": "gone"}, "There is no column “gone”"),
        ({"choice": 5}, "“choice” is “int”"),
        ({"choice": {"days": 30.5}}, "“days” is “30.5”"),
        ({"choice": {"seed": -1}}, "“seed” is “-1”"),
        ({"choice": {"rows": "600"}}, "“rows” is “600”"),
        ({"choice": {"rows": -5}}, "“rows” is “-5”"),
        ({"choice": {"treated_share": "0.5"}}, "“treated_share” is “0.5”, which is no number"),
        ({"choice": {"ended": "false"}}, "“ended” is “false”"),
        ({"choice": PilotChoice(rows=5)}, "5 rows are too few for this pilot"),
        ({"options": Options(value_column="nowhere")}, "There is no column “nowhere”"),
    ],
)
def test_what_is_no_pilot_is_refused(asked: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"card": CARD, "frame": customers(), "outcome": "left", **asked}
    with pytest.raises(BadInput, match=re.escape(words)):
        pilot_of(**given)


def test_a_found_card_can_be_piloted_with_what_it_was_found_with() -> None:
    frame = customers().assign(worth=50.0 + np.arange(900) % 10).rename(columns={"plan": 3})
    roles, options = Roles(never=("region",)), Options(value_column="worth")
    (card, *_) = find_actions(frame, "left", "No", [Lever("3", to=("new",), cost=2.0)], roles, options).cards
    made = pilot_of(card, frame, "left", roles, options, PilotChoice(rows=120))
    assert made.pilot.goal.good == "No"
    assert made.pilot.promised == pytest.approx(made.pilot.treated * card.net_value / card.rows)  # the rows' own worth
    assert set(made.table["change"]) == {"3"}


def test_a_pilot_asks_a_model_by_the_names_that_the_search_of_cards_has() -> None:
    """find_actions named a model's column “the age”, as tables of files do, and pilot_of “the\nage”."""
    asked: list[list[str]] = []

    class Model:
        def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
            asked.append(list(frame))
            return np.where(frame["the age"] > 40, 0.6, 0.3)

    frame = customers().rename(columns={"age": "the\nage"})
    pilot_of(CARD, frame, "left", None, Options(model=Model()), PilotChoice(rows=200, seed=1))
    assert asked == [["customer", "plan", "the age", "region", "left"]]


TWO = (Lever("contract", to=("One year", "Two year"), cost=20.0), Lever("charge", step=-5.0, cost=3.0, low=20.0))
LEVERS = (*TWO, "active")


@pytest.fixture(scope="module")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, table = make_model()
    path = tmp_path_factory.mktemp("doors") / "model.zip"
    write_bundle(path, model, make_contract(model, table), "# Card", {})
    return path


def test_recourse_by_a_bundle_is_what_the_engine_says(bundle_path: Path) -> None:
    bundle, past = load_bundle(bundle_path), make_frame()
    model, table = make_model()
    at = int(np.argmax(model.predict_frame(table.frame)))
    row = past.iloc[at]
    found = recourse_for(bundle, row, past, "No", LEVERS, RecourseAsk(target=0.5))
    assert found.options
    typed_row = apply_recipe_row(model.recipe, type_row(dict(row), model.columns))
    levers = (*TWO, Lever("active"))
    expected = recourse(bundle.model, typed_row, Goal("churned", "No", levers=levers), table.frame, RecourseAsk(target=0.5))
    assert to_json(found) == to_json(expected)
    for same in (row.to_dict(), past.iloc[[at]]):
        for good in ("no", False, 0):
            assert to_json(recourse_for(bundle.model, same, past, good, LEVERS, RecourseAsk(target=0.5))) == to_json(found)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "model.zip"}, "“model” is “str”, which is no model"),
        ({"row": 3}, "“row” is “int”, which is no single row"),
        ({"row": {"x": 1}}, "None of the columns this model uses is in this row"),
        ({"past": pd.DataFrame({"x": [1]})}, "None of the columns this model uses is in this table"),
        ({"good": "perhaps"}, "“perhaps” is not a possible outcome"),
        ({"levers": [Lever("contract", to=("Three year",))]}, "No row has “Three year” in “contract”"),
        ({"levers": ["nowhere"]}, "There is no column “nowhere”"),
        ({"levers": []}, "No column is named that can be changed"),
        ({"ask": 0.7}, "“ask” is “float”"),
        ({"ask": {"target": "0.7"}}, "What is to be reached is “0.7”, which is no number"),
        ({"ask": {"changes": 2.5}}, "“changes” is “2.5”"),
        ({"ask": RecourseAsk(options=11)}, "“options” is “11”"),
    ],
)
def test_what_is_no_question_of_recourse_is_refused(
    asked: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what depends on values of past rows waits until these are typed and cleaned."""
    if words.startswith(("None of", "There is", "No column", "“row”")):
        monkeypatch.setattr(recourse_door, "cleaned_rows", lambda *_: pytest.fail("past rows were typed"))
    past = make_frame()
    model = make_model(names=("linear",))[0]
    given: dict[str, Any] = {"model": model, "row": past.iloc[0], "past": past, "good": "No", "levers": LEVERS, **asked}
    with pytest.raises(BadInput, match=re.escape(words)):
        recourse_for(**given)


@pytest.mark.parametrize("name", ["Condition", "Matched", "Draw", "Returned", "Difference", "Ranking", "UpliftPart", "Segment",
                                  "SegmentSearch", "RecourseOption", "RecourseSummary", "Coverage", "LeverReach",
                                  "Move", "Money", "Amount", "OrderRule", "ProfitPoint"])
def test_what_doors_take_and_give_can_be_imported_beside_them(name: str) -> None:
    assert name in acting.__all__
    assert isinstance(getattr(acting, name), type)


def test_each_key_of_a_card_is_told_in_the_guide() -> None:
    text = (Path(__file__).parents[2] / "docs" / "act.md").read_text(encoding="utf-8")
    told = text[text.index("Of a card: "):text.index("Of `worth`, ")]
    assert [key for key in acting.card_dict(CARD) if f"`{key}`" not in told] == []


def test_the_examples_in_the_docs_run(
    bundle_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of Python in docs/act.md, one after the other."""
    monkeypatch.chdir(bundle_path.parent)
    text = (Path(__file__).parents[2] / "docs" / "act.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"customers": make_frame()}
    for block in blocks:
        exec(compile(block, "docs/act.md", "exec"), names)  # noqa: S102
    assert len(blocks) >= 8
    assert names["found"].cards[0].lever == "contract"
    assert names["search"].segments
    assert names["story"].confirmed
    assert names["result"].verdict == "raised"
    assert "nan" not in capsys.readouterr().out


FLAGS: dict[str, Any] = {"bool": bool, "boolean": "boolean", "object": object, "category": "category", "int": int,
                         "Int64": "Int64", "float": float, "words": {True: "YES", False: "no"}}  # fmt: skip


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize("words", [("True", "False"), ("1", "0"), ("Yes", "No")])
def test_yes_and_no_of_a_new_frame_are_those_of_the_cards(kind: str, words: tuple[str, str]) -> None:
    """Cards made of True and False meant no row of a frame that has 1 and 0, and none of numbers one that has True and False."""
    flag = pd.Series([True, False, True, False])
    said = FLAGS[kind]
    on = flag.map(said) if isinstance(said, dict) else flag.astype(said)
    frame = pd.DataFrame({"on": on, "plan": ["old", "old", "new", "old"]})
    switch = replace(CARD, lever="on", from_values=words[:1], from_value=words[0], to_value=words[1], conditions=(), alike=())
    described = replace(CARD, lever="plan", from_values=("old",), to_value="new", conditions=(Condition("on", words[:1]),))
    assert acting.assign([switch], frame).tolist() == [0, -1, 0, -1]
    assert acting.assign([described], frame).tolist() == [0, -1, -1, -1]
    assert acting.assign([switch], frame.iloc[:1]).tolist() == [0]
    after = acting.applied([switch], frame)
    assert after["on"].dtype == frame["on"].dtype
    assert after["on"].tolist() == [frame["on"][1]] * 4
    alone = acting.applied([switch], frame.iloc[:1])["on"]
    assert kind == "words" or not alone.astype(object).map(lambda value: value in (True, "True", "Yes", "1")).any()


def test_codes_of_one_letter_are_not_taken_for_each_other() -> None:
    """Rows of N (nobody told) became rows of F, for both say no."""
    frame = pd.DataFrame({"gender": ["F", "M", "N", "F"], "plan": ["old"] * 4})
    women = replace(CARD, lever="plan", from_values=("old",), to_value="new", conditions=(Condition("gender", ("F",)),), alike=())
    assert acting.assign([women], frame).tolist() == [0, -1, -1, 0]


def test_a_level_that_is_no_number_is_set_as_it_is_said() -> None:
    """These rows have numbers alone, so “2+” became 0."""
    more = replace(CARD, lever="plan", from_values=("1",), to_value="2+", conditions=(), alike=())
    assert acting.applied([more], pd.DataFrame({"plan": [0, 1]}))["plan"].tolist() == [0, "2+"]


@pytest.mark.parametrize("kind", ["bool", "boolean", "category"])
def test_a_change_is_made_in_a_frame_that_nobody_typed(kind: str) -> None:
    """It ended in an error of pandas: “could not convert string to float: 'False'”, or “set the categories first”."""
    plans = pd.Series(["a", None, "a"], dtype="category")
    frame = pd.DataFrame({"on": pd.Series([True, True, False]).astype(kind), "plan": plans})
    rows = np.array([True, False, False])
    card = replace(CARD, lever="on", from_values=("True",), to_value="False", conditions=(), alike=())
    assert acting.moved(card, frame, rows)["on"].astype(str).tolist() == ["False", "True", "False"]
    plan = acting.moved(replace(card, lever="plan", from_values=("a",), to_value="new"), frame, rows)["plan"]
    assert plan.tolist()[::2] == ["new", "a"]
    assert plan.isna().tolist() == [False, True, False]
