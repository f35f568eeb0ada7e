"""The door of cards: what may be asked of a table in memory and what is refused, and cards applied to rows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Options,
    Roles,
    applied,
    assign,
    check_goal,
    door,
    eligible,
    find_actions,
    good_of,
    opened,
    read_goal,
    typed,
)
from automl_core.acting.action import ActionCard, Actions, Condition, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.doors import compare
from automl_core.acting.goal_in_table import with_known_values
from automl_core.acting.moves import category_moves
from automl_core.acting.nuisance import Learner
from automl_core.acting.opened import opened as open_table
from automl_core.acting.spelling import texts
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from tests.unit.carding import COLUMNS, NAMES, PROBLEM, inputs


def test_of_cards_that_are_worth_the_same_a_row_gets_the_first() -> None:
    """Ranges of groups end where the change just pays, so a low end of nothing is common."""
    named = dict.fromkeys(NAMES, "") | dict.fromkeys(("rows", "support"), 10)
    amounts = dict.fromkeys(("adjusted", "low", "high", "net_value", "net_low", "net_high"), 0.0)
    first = ActionCard(**(named | amounts | {"lever": "offer", "to_value": "new"}), from_values=("old",))  # type: ignore[arg-type]
    cards = [first, replace(first, to_value="other"), replace(first, to_value="best", net_low=1.0)]
    frame = pd.DataFrame({"offer": ["old", "new"]})
    assert list(assign(cards[:2], frame)) == [0, -1]
    assert list(assign(cards, frame)) == [2, -1]


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
    ({"roles": Roles(given=("size",), later=("size",))}, "measured later"),
    ({"roles": Roles(given=("size",), never=("size",))}, "“size” is named as known before a lever is moved and as never to be"),
    ({"roles": Roles(never=("size",), later=("size",))}, "“size” is named as never to be used and as measured later"),
    ({"roles": Roles(given="size", negative_control="size")}, "moved and as what no lever can change"),
    ({"levers": [{"column": "size", "to": -0.05, "relative": "false"}]}, "“relative” of the lever “size” is “false”"),
    ({"levers": [Lever("size", relative=True)]}, "The lever “size” is “relative” and has no step"),
    ({"levers": [Lever("size", to=("50",), relative=True)]}, "The lever “size” is “relative” and has no step"),
    ({"options": 5}, "Give Options"),
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


UNITS = {"discount": ["0%", "10%", "20%"], "days": ["7 days", "14 days", "30 days"], "space": ["10 GB", "50 GB", "5 GB"],
         "price": ["€5", "€1,000", "€2,500"], "fee": ["9,99", "4,50", "7,25"]}


@pytest.mark.parametrize(("column", "known"), [
    ("discount", "10"), ("days", "14"), ("space", "50"), ("price", "1000"), ("fee", "4.5"),
])  # fmt: skip
def test_values_may_be_written_with_the_unit_that_their_column_has(column: str, known: str) -> None:
    """They were refused as values that no row has, which was not so."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.choice(["Yes", "No"], 300), column: rng.choice(UNITS[column], 300)})
    first, second, third = UNITS[column]
    lever = Lever(column, to=(second,), from_values=(first, third), forbidden=((second, first),))
    made = open_table(frame, "y", "No", None, (lever,))
    (found,) = made.levers
    assert found.to == (known,)
    assert set(found.from_values) | {known} == set(map(str, texts(pd.Series(made.frame[column].unique()))))
    assert found.forbidden == ((known, found.from_values[0]),)
    assert open_table(frame, "y", "No", None, (replace(lever, to=(known,)),)).levers[0].to == (known,)
    with pytest.raises(BadInput, match="No row has “77"):
        open_table(frame, "y", "No", None, (replace(lever, to=(second.replace(second.strip("€ GBdays%"), "77"),)),))
    story = compare(frame, "y", {column: second}, {column: first}, "No")
    assert min(story.rows_first, story.rows_second) > 70


def test_a_number_that_was_kept_in_32_bits_is_found() -> None:
    rng = np.random.default_rng(1)
    fee = rng.choice(np.array([9.99, 4.5, 0.1], dtype=np.float32), 300)
    frame = pd.DataFrame({"y": rng.choice(["Yes", "No"], 300), "fee": fee})
    made = open_table(frame, "y", "No", None, (Lever("fee", to=(9.99,), from_values=("0.1", 4.5)),))
    assert (texts(made.frame["fee"]) == made.levers[0].to[0]).sum() == (fee == np.float32(9.99)).sum()
    with pytest.raises(BadInput, match=r"No row has “9\.98”"):
        open_table(frame, "y", "No", None, (Lever("fee", to=(9.98,)),))


def test_a_word_for_no_value_is_one_where_a_lever_names_it_and_is_counted_else() -> None:
    rng = np.random.default_rng(1)
    offer = rng.choice(["none", "10%", "20%"], 1200, p=[0.04, 0.56, 0.4])
    y = np.where(rng.random(1200) < np.where(offer == "20%", 0.2, 0.5), "Yes", "No")
    frame = pd.DataFrame({"y": y, "x": rng.normal(size=1200), "offer": offer})
    made = open_table(frame, "y", "No", None, (Lever("offer", to=("10%",), from_values=("none",)),))
    assert (made.levers[0].to, made.levers[0].from_values) == (("10%",), ("none",))
    assert made.frame["offer"].tolist() == offer.tolist()
    found = find_actions(frame, "y", "No", [Lever("offer", to=("20%",))])
    lost = int((offer == "none").sum())
    assert [note for note in found.notes if note.startswith(f"{lost} rows with “none” or nothing in “offer” have no value there")]
    table = table_from_frame(frame, "frame")
    with pytest.raises(BadInput, match="“none” stands for no value in “offer”"):
        with_known_values(Goal("y", "No", levers=(Lever("offer", from_values=("none",)),)), table.frame, table.columns)
    with pytest.raises(BadInput, match="“none” stands for no value in “offer”"):
        with_known_values(Goal("y", "No", levers=(Lever("offer", forbidden=(("none", "10%"),)),)), table.frame, table.columns)


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


@pytest.mark.parametrize("kind", ["str", "category", "object"])
def test_applied_sets_the_value_of_each_card_though_others_moved_the_row_that_had_it(kind: str) -> None:
    """The new value was looked up in a row that an earlier card had moved: rows got that card's value and stayed as they were."""
    base = ActionCard("", "plan", "", "", 2, *([0.0] * 8), "C", 1.0, 0.0, "")
    cards = [replace(base, to_value=to, from_values=(before,), conditions=(Condition("region", (region,)),))
             for before, to, region in (("a", "b", "north"), ("b", "a", "south"))]
    frame = pd.DataFrame({"region": ["north", "south"] * 2, "plan": pd.Series(["a", "b", "b", "a"], dtype=kind)})
    assert applied(cards, frame)["plan"].tolist() == ["b", "a", "b", "a"]


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
