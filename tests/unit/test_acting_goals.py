"""Goals: files read to the letter, what they leave out, and sentences for bad ones."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Goal, Lever
from automl_core.acting.decisions import risk
from automl_core.acting.door import find_actions
from automl_core.acting.goal import ROLES, check_goal, check_good, suggest_goal
from automl_core.acting.goal_file import goal_text, read_goal
from automl_core.acting.goal_in_table import with_known_values
from automl_core.acting.outcome import make_outcome
from automl_core.acting.worth import mean_words, missing_words, row_values, valued
from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.workspace.context import fingerprint
from automl_core.workspace.file_goal import check_file, goal_for
from automl_core.workspace.kept_cards import goal_marks
from tests.unit.leaving import COLUMNS, PROBLEM

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


def test_goal_file() -> None:
    goal = read_goal(TOML)
    assert (goal.outcome, goal.good, goal.value, goal.capacity, goal.budget) == ("Churn", "No", 700.0, 500, 10000.0)
    assert goal.levers[0] == Lever(
        "Contract", ("One year",), ("Month-to-month",), cost=20.0, forbidden=(("Two year", "One year"),)
    )
    assert goal.levers[1].step == -5.0
    check_goal(goal, PROBLEM, COLUMNS)


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
    for name in ("contact_free", "value_column", "save_range", "value_middle", "negative_control"):
        del old[name]
    del old["levers"][0]["unit_cost"]
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
     "Its keys are “given”, “later”, “never”, “negative_control”."),
    ("relative = false", "relative = \"false\"", "“relative” of the lever “tenure” is not true or false.",
     "Write relative = true or leave it out."),
    ("to = -5.0\nrelative = false", "to = [\"5\"]\nrelative = true", "The lever “tenure” is “relative” and has no step, so there "
     "is no share to move by.", "Give a step such as -0.05, or leave “relative” out."),
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


def test_a_goal_names_what_no_lever_can_change() -> None:
    goal = read_goal(TOML.replace("[columns]", "[columns]\nnegative_control = [\"tenure\"]"))
    goal = replace(goal, given=(), levers=goal.levers[:1])
    assert goal.negative_control == ("tenure",)
    assert read_goal(goal_text(goal)) == goal
    check_goal(goal, PROBLEM, COLUMNS)
    assert goal_marks(goal) != goal_marks(replace(goal, negative_control=()))
    for wrong, words in ((replace(goal, later=("tenure",)), "named as measured later and as what no lever can change"),
                         (replace(goal, negative_control=("Churn",)), "is the outcome and is named as “negative_control”, too"),
                         (replace(goal, negative_control=("nope",)), "There is no column “nope”"),
                         (replace(goal, levers=(Lever("tenure", step=1.0),)), "as a lever and as what no lever can change")):
        with pytest.raises(BadInput, match=words):
            check_goal(wrong, PROBLEM, COLUMNS)


def test_a_goal_says_what_each_unit_of_a_number_costs() -> None:
    goal = read_goal(TOML.replace("to = -5.0", "to = -5.0\ncost = 3.0\nunit_cost = 4.0"))
    assert (goal.levers[1].cost, goal.levers[1].unit_cost) == (3.0, 4.0)
    assert read_goal(goal_text(goal)) == goal
    check_goal(goal, PROBLEM, COLUMNS)
    assert goal.row_cost == 23.0  # of the list: a step of five, and more than the 20 of the other lever
    assert goal_marks(goal) != goal_marks(read_goal(TOML.replace("to = -5.0", "to = -5.0\ncost = 3.0")))
    share = replace(goal.levers[1], step=-0.1, relative=True)
    assert replace(goal, levers=(share,)).row_cost == 3.0  # how far a share goes is not known before there is a row
    for lever, words in ((Lever("Contract", unit_cost=2.0), "“Contract” does not hold numbers, so no unit of it has a cost"),
                         (Lever("tenure", unit_cost=-2.0), "The cost of a unit of “tenure” is below zero"),
                         (Lever("tenure", unit_cost="2"), "“unit_cost” of the lever “tenure” is “2”")):  # type: ignore[arg-type]
        with pytest.raises(BadInput, match=words):
            check_goal(Goal("Churn", "No", levers=(lever,)), PROBLEM, COLUMNS)
    with pytest.raises(BadInput, match="has one cost and none for each unit"):
        check_goal(Goal("Churn", "No", levers=(Lever("tenure", unit_cost=2.0),), experiment="tenure"), PROBLEM, COLUMNS)


def test_a_goal_of_numpy_numbers_is_a_goal_file() -> None:
    """It said “value = np.float64(700.0)”, which no reader takes, and of a value np.int64(1) it was an error of json."""
    lever: Any = Lever("offer", (np.int64(1), np.str_("2"), np.True_), cost=np.float64(5), unit_cost=np.float32(0.5),
                       days=np.int64(30), forbidden=((np.int64(1), np.float64(2)),))
    price = Lever("price", step=np.float64(-0.1), relative=True, low=np.float64(10), high=np.int64(90))
    goal: Any = Goal("churn", np.True_, value=np.float64(700), capacity=np.int64(200), budget=np.float64(5000),
                     levers=(lever, price), save_rate=np.float64(0.25), contact_cost=np.int64(12),
                     save_range=(np.float64(0.1), np.float64(0.5)))
    plain = Lever("offer", ("1", "2", "True"), cost=5.0, unit_cost=0.5, days=30, forbidden=(("1", "2.0"),))
    assert read_goal(goal_text(goal)) == Goal(
        "churn", "True", value=700.0, capacity=200, budget=5000.0, save_rate=0.25, contact_cost=12.0, save_range=(0.1, 0.5),
        levers=(plain, Lever("price", step=-0.1, relative=True, low=10.0, high=90.0)))


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


@pytest.mark.parametrize(("first", "second"), combinations(ROLES, 2))
def test_a_column_under_two_roles_is_refused_whoever_names_it(first: str, second: str) -> None:
    """Of a goal file one of the two was passed over with a note, the other way in Python with a refusal."""
    shown = replace(PROBLEM, never=())
    text = f'[goal]\noutcome = "Churn"\ngood = "No"\n[columns]\n{first} = ["tenure"]\n{second} = ["gender", "tenure"]\n'
    with pytest.raises(BadInput) as caught:
        check_goal(read_goal(text), shown, COLUMNS)
    assert caught.value.message == f"“tenure” is named as {ROLES[first]} and as {ROLES[second]}."
    assert caught.value.hint == f"Name it once, as “{first}” or as “{second}”."
    frame = pd.DataFrame({"Churn": ["Yes", "No"], "tenure": [1, 2], "Contract": ["a", "b"]})
    with pytest.raises(BadInput) as again:
        find_actions(frame, "Churn", "No", ["Contract"], {first: ["tenure"], second: "tenure"})
    assert (again.value.message, again.value.hint) == (caught.value.message, caught.value.hint)
    with pytest.raises(BadInput, match=f"“Churn” is the outcome and is named as “{first}”, too"):
        check_goal(Goal("Churn", "No", **{first: ("Churn",)}), shown, COLUMNS)


def test_low_of_a_number_with_few_values_that_was_taken_for_classes_says_how_it_is_one() -> None:
    counts = Problem("visits", "multiclass", "log_loss", tuple("0123"))
    for good, said in (("low", True), ("High", True), ("4", False)):
        with pytest.raises(BadInput, match="is not a possible outcome of “visits”") as caught:
            check_good(good, counts)
        assert caught.value.hint.startswith("Choose one of: “0”, “1”, “2”, “3”.")
        assert ("predicts a number in place of classes" in caught.value.hint) == said
    with pytest.raises(BadInput, match=r"not a possible outcome.*“b”\.$"):
        check_good("low", replace(counts, classes=("0", "1", "b")))


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


def test_a_move_may_be_forbidden_to_a_value_that_only_the_model_knows() -> None:
    """A file of one month need not have every contract; one goal file is for all of them."""
    table = table_from_frame(pd.DataFrame({"Contract": ["One year", "Monthly", "Monthly"]}), "rows")
    goal = Goal("Churn", "No", levers=(Lever("Contract", ("One year",), forbidden=(("two year", "Monthly"),)),))
    with pytest.raises(BadInput, match="No row has “two year”"):
        with_known_values(goal, table.frame, table.columns)
    (lever,) = with_known_values(goal, table.frame, table.columns, {"Contract": ("Monthly", "One year", "two year")}).levers
    assert lever.forbidden == (("two year", "Monthly"),)


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


def test_a_file_need_not_have_what_rows_are_not_compared_on() -> None:
    """It was refused without any column named as known before, though nothing is compared without a lever, and never on free
    text."""
    columns = (Column("left", "text", "category"), Column("plan", "text", "category"), Column("offer", "text", "category"),
               Column("region", "text", "category"), Column("note", "text", "text"), Column("paid", "float", "number"))
    problem = Problem("left", "binary", "roc_auc", ("No", "Yes"), "Yes", never=("offer", "region"))
    bundle: Any = SimpleNamespace(model=SimpleNamespace(problem=problem, columns=columns, cleaned=columns))
    goal = Goal("left", "No", given=("region", "note"), never=("paid",))
    raw = pd.DataFrame(columns=["left", "plan", "offer"])
    check_file(goal, bundle, raw)
    check_file(replace(goal, levers=(Lever("offer"),), experiment="offer"), bundle, raw)  # of which no card is made
    check_file(replace(goal, given=("note",), levers=(Lever("plan"),)), bundle, raw)
    with pytest.raises(BadInput, match="no column “region”, and the goal needs it"):
        check_file(replace(goal, levers=(Lever("plan"),)), bundle, raw)


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
    assert len(mean_words(goal, True)) == 1
    both = mean_words(replace(goal, levers=(Lever("tenure"),)), False)
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
    newer = ("contact_free", "value_column", "save_range", "value_middle", "negative_control")
    before = {name: value for name, value in to_json(goal).items() if name not in newer}
    assert goal_marks(goal)[1] == fingerprint(before)
    assert goal_marks(goal)[0] == goal_marks(replace(goal, save_rate=0.14, save_range=(0.09, 0.19)))[0]
    assert goal_marks(goal)[0] != goal_marks(replace(goal, value_column="tenure"))[0]


def test_suggestions() -> None:
    goal = suggest_goal(PROBLEM, COLUMNS)
    assert (goal.good, goal.levers) == ("No", ())
    assert "tenure" in goal.given
    assert suggest_goal(Problem("y", "regression", "rmse"), COLUMNS).good == "low"


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
