"""Files of pilots: they say who gets what, survive a spreadsheet, and bring outcomes back to their rows."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Change as Moved
from automl_core.acting.action import Condition, Goal
from automl_core.acting.pilot_files import match_outcomes, pilot_table
from automl_core.acting.pilot_result import judge, state_after
from automl_core.acting.pilots import PilotRows, money_of
from automl_core.data.reading import read_rows
from automl_core.data.table import Column, Reading
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_csv
from tests.unit.piloting import CARD, COLUMNS, GOAL, PROBLEM, customers, sent_back, started


def test_the_file_says_who_gets_what_and_is_safe_to_open() -> None:
    rows = customers()
    pilot, assignment, drawn = started(rows)
    table = pilot_table(pilot, assignment, "Churn")
    assert list(table.columns) == ["row", "customer", "arm", "change", "now", "set_to", "due", "Churn"]
    assert set(table.loc[table["arm"] == "treat", "set_to"]) == {"One year"}
    assert set(table.loc[table["arm"] == "hold", "set_to"]) == {""}
    assert list(table["row"]) == list(drawn.positions)
    text = safe_csv(table).decode()
    assert '"=C' not in text
    assert "\"'=C" in text
    number = replace(CARD, lever="Price", from_value="as it is", to_value="5 % lower", from_values=(), step=-0.05, relative=True)
    priced = replace(rows, frame=rows.frame.assign(Price=np.linspace(10, 50, 600)))
    _, assigned, _ = started(priced, number)
    moved = assigned[assigned["arm"] == "treat"]
    assert np.allclose(moved["set_to"].astype(float), moved["now"].astype(float) * 0.95, rtol=1e-4)


@pytest.mark.parametrize("gap", [False, True])
def test_numbers_are_handed_on_as_the_table_has_them(gap: bool) -> None:
    """An id that is rounded finds no row again, and “117,284” is another value than 117283.94."""
    rows, start = customers(), 12_345 if gap else 1_234_567_890_123_456
    ids = pd.Series(np.arange(start, start + 600))
    ids = ids.astype("float64").mask(rows.frame["Contract"] == "One year") if gap else ids  # a gap makes whole numbers decimal
    price = pd.Series(np.linspace(117_000, 118_000, 600).round(2))
    rows = replace(rows, frame=rows.frame.assign(customer=ids, Price=price))
    lower = replace(CARD, lever="Price", from_value="as it is", to_value="10 lower", from_values=(), step=-10.0,
                    conditions=(Condition("Contract", ("Month",)),))
    pilot, assignment, drawn = started(rows, lower)
    table = pilot_table(pilot, assignment, "Churn")
    assert list(table["customer"]) == [str(start + place) for place in drawn.positions]
    assert list(table["now"].astype(float)) == list(price.iloc[drawn.positions])
    treated = table[table["arm"] == "treat"]
    assert list(treated["set_to"].astype(float)) == list((price.iloc[drawn.positions[drawn.treated]] - 10).round(2))
    sent = sent_back(table, ["Yes"] * len(table)).drop(columns="row")
    assert match_outcomes(pilot, assignment, sent, PROBLEM).returned.matched == 200


@pytest.mark.parametrize("theirs", ["{:,}", "{}", "{}.0"])
def test_the_file_of_an_older_pilot_still_finds_its_rows(theirs: str) -> None:
    """Pilots of before kept numeric ids with marks, and their files have gone out so."""
    rows = customers()
    pilot, assignment, drawn = started(replace(rows, frame=rows.frame.assign(customer=np.arange(12_000, 12_600))))
    kept = assignment.assign(id_0=[f"{12_000 + place:,}" for place in drawn.positions])
    sent = sent_back(pilot_table(pilot, kept, "Churn"), ["Yes"] * 200).drop(columns="row")
    sent["customer"] = [theirs.format(12_000 + place) for place in drawn.positions]
    assert match_outcomes(pilot, kept, sent, PROBLEM).returned.matched == 200


def test_two_levers_moved_together_stay_together() -> None:
    both = replace(CARD, also=(Moved("Discount", ("No",), "Yes", cost=30.0),))
    rows = customers()
    rows = replace(rows, frame=rows.frame.assign(Discount="No"))
    pilot, assignment, _ = started(rows, both)
    treated = assignment[assignment["arm"] == "treat"]
    assert set(treated["change"]) == {"Contract + Discount"}
    assert set(treated["now"]) == {"Month + No"}
    assert set(treated["set_to"]) == {"One year + Yes"}
    assert "rows get “Contract” = “One year” and “Discount” = “Yes”" in pilot.sentence
    assert money_of(both, GOAL, 0.1, 10) == pytest.approx(10 * (70 - 50))


@pytest.mark.parametrize("spoil", ["none", "zeros", "shuffled", "extra"])
def test_outcomes_find_their_rows_again(spoil: str) -> None:
    pilot, assignment, _ = started(customers())
    table = pilot_table(pilot, assignment, "Churn")
    rng = np.random.default_rng(3)
    outcomes = list(np.where(rng.random(len(table)) < 0.3, "Yes", "No"))
    sent = sent_back(table, outcomes)
    if spoil == "zeros":
        sent["customer"] = [text.lstrip("0") + (".0" if text.isdigit() else "") for text in sent["customer"]]
    if spoil == "shuffled":
        sent = sent.sample(frac=1, random_state=0)
    if spoil == "extra":
        sent = pd.concat([sent, sent.head(2), sent.head(1).assign(customer="nobody")])
    matched = match_outcomes(pilot, assignment, sent, PROBLEM)
    assert matched.returned.matched == 200
    assert (matched.values == (np.array(outcomes) == "No")).all()
    assert (matched.treated == (assignment["arm"] == "treat").to_numpy()).all()
    if spoil == "extra":
        assert (matched.returned.unmatched, matched.returned.duplicates) == (1, 2)
        assert "1 line did not belong" in matched.returned.sentence


@pytest.mark.parametrize(("drawn", "other"), [("00123", "123"), ("0015Gv7qJ", "0015Gv7Qj"), ("1200", "1,200"), ("7", "7.0")])
def test_an_outcome_of_a_customer_with_a_like_id_is_not_that_of_the_drawn_one(drawn: str, other: str) -> None:
    """An export of all customers has lines of both: the line of the one outside the pilot came later, and counted."""
    rows = customers()
    pilot, assignment, _ = started(rows)
    assignment.loc[0, "id_0"] = drawn
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["No"] * 200).drop(columns="row")
    export = pd.concat([sent, pd.DataFrame({"customer": [other], "Churn": ["Yes"]})])
    found = match_outcomes(pilot, assignment, export, PROBLEM)
    assert list(found.values) == [1.0] * 200
    assert (found.returned.matched, found.returned.unmatched, found.returned.duplicates) == (200, 1, 0)


def test_two_drawn_ids_that_a_spreadsheet_made_one_are_in_doubt() -> None:
    """Both lines said “123”: the last of them counted for that row, and “00123” for missing."""
    pilot, assignment, _ = started(customers())
    assignment.loc[:1, "id_0"] = ["00123", "123"]
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes", "No"] * 100).drop(columns="row")
    assert match_outcomes(pilot, assignment, sent, PROBLEM).returned.doubted == 0
    lost = sent.assign(customer=[text.lstrip("0") for text in sent["customer"]])
    found = match_outcomes(pilot, assignment, lost, PROBLEM).returned
    assert (found.matched, found.missing, found.doubted, found.duplicates) == (198, 2, 2, 0)
    assert "2 lines may mean several rows, as their ids are alike, and did not count" in found.sentence
    agreed = match_outcomes(pilot, assignment, lost.assign(Churn="No"), PROBLEM).returned
    assert (agreed.matched, agreed.missing, agreed.doubted) == (199, 1, 0)
    neither = lost.assign(customer=lost["customer"].replace("123", "0123"))
    assert match_outcomes(pilot, assignment, neither, PROBLEM).returned.doubted == 2
    with pytest.raises(BadInput, match="Its lines may mean several rows each"):
        match_outcomes(pilot, assignment, lost.head(2), PROBLEM)
    twice = next(text for text in lost["customer"][2:] if text.isdigit())  # its zeros are lost, too
    export = pd.concat([lost.assign(Churn="Yes"), pd.DataFrame({"customer": [twice], "Churn": ["No"]})])
    assert match_outcomes(pilot, assignment, export, PROBLEM).returned.doubted == 0
    others = assignment.assign(shared_id_0=True)  # the table has another customer whose id is that without the zeros
    assert match_outcomes(pilot, others, export, PROBLEM).returned.doubted == 2


@pytest.mark.parametrize("key", ["customer", "row"])
def test_a_log_of_months_counts_by_its_last_month_also_where_zeros_were_lost(key: str) -> None:
    """Exactly those whose outcome had changed did not count: 10 of 100 against 20 of 100 lost customers were none of 170."""
    pilot, assignment, drawn = started(customers())
    table = pilot_table(pilot, assignment, "Churn").assign(Churn="No")
    assert not [name for name in table if name.startswith("shared")]
    lost = np.zeros(200, dtype=bool)
    lost[[*np.flatnonzero(drawn.treated)[:10], *np.flatnonzero(~drawn.treated)[:20]]] = True
    last = table.assign(Churn=np.where(lost, "yes", "no"))
    log = pd.concat([table, table, last])[[key, "Churn"]]
    log[key] = [text.lstrip("0") if key == "customer" else f"{text}.0" for text in log[key].astype(str)]
    found = match_outcomes(pilot, assignment, log, PROBLEM)
    assert (found.returned.matched, found.returned.doubted, found.returned.duplicates) == (200, 0, 400)
    assert list(found.values) == list(np.where(lost, 0.0, 1.0))


def test_one_outcome_in_two_spellings_is_no_doubt() -> None:
    pilot, assignment, _ = started(customers())
    table = pilot_table(pilot, assignment.assign(shared_id_0=True), "Churn")
    log = pd.concat([table.assign(Churn="Yes"), table.assign(Churn="yes "), table.assign(Churn="1")])[["customer", "Churn"]]
    log["customer"] = log["customer"].str.lstrip("0")
    assert match_outcomes(pilot, assignment.assign(shared_id_0=True), log, PROBLEM).returned.doubted == 0


def test_a_blank_line_of_a_repeated_id_wipes_no_outcome() -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    again = sent.head(3).assign(Churn=[None, "", "No"])
    matched = match_outcomes(pilot, assignment, pd.concat([sent, again]), PROBLEM)
    assert (matched.returned.matched, matched.returned.duplicates, matched.returned.missing) == (200, 3, 0)
    assert list(matched.values[:4]) == [0, 0, 1, 0]
    assert "3 repeated lines, of which the last filled one counts" in matched.returned.sentence


def test_missing_outcomes_are_counted_and_wait() -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 50 + [""] * 149 + ["perhaps"])
    result = judge(pilot, match_outcomes(pilot, assignment, sent, PROBLEM))
    assert result.verdict == "open"
    assert (result.returned.missing, result.returned.unreadable) == (149, 1)
    assert "50 of 200 rows came back" in result.sentence
    assert "149 are still without one" in result.sentence
    single = match_outcomes(pilot, assignment, sent.assign(Churn=["Yes"] * 199 + [""]), PROBLEM)
    assert "1 is still without one" in single.returned.sentence
    assert state_after(result) == "running"
    empty = judge(pilot, match_outcomes(pilot, assignment, sent.assign(Churn=None), PROBLEM))
    assert empty.verdict == "open"
    assert "At least" in empty.sentence


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sent: sent.drop(columns="Churn"),
        lambda sent: sent.drop(columns=["customer", "row"]),
        lambda sent: sent.assign(customer="nobody"),
        lambda sent: sent.assign(customer=None),
        lambda sent: sent.head(0),
        lambda sent: sent.assign(Churn="perhaps"),
    ],
)
def test_files_that_cannot_be_used_get_a_sentence(spoil: object) -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    with pytest.raises(BadInput) as caught:
        match_outcomes(pilot, assignment, spoil(sent), PROBLEM)  # type: ignore[operator]
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_a_table_without_ids_goes_by_row_and_numbers_are_read() -> None:
    rows = customers()
    y = np.random.default_rng(0).normal(100, 20, 600)
    problem = Problem("cost", "regression", "rmse")
    goal = Goal("cost", "low", value=2.0)
    plain = PilotRows(rows.frame[["Contract"]].assign(cost=y), COLUMNS[1:2], y, y, problem, goal)
    card = replace(CARD, adjusted=-30.0, low=-40.0, high=-20.0, cost=1.0)
    pilot, assignment, drawn = started(plain, card)
    table = pilot_table(pilot, assignment, "cost")
    assert list(table.columns) == ["row", "arm", "change", "now", "set_to", "due", "cost"]
    noise = np.random.default_rng(1).normal(100, 20, len(table)) - 30 * drawn.treated
    result = judge(pilot, match_outcomes(pilot, assignment, sent_back(table, [f"{v:.2f}" for v in noise], "cost"), problem))
    assert result.verdict == "raised"
    assert result.low < -30 < result.high
    assert result.delivered == pytest.approx(pilot.treated * (2.0 * -result.difference - 1.0))
    assert "grade A" in result.sentence
    assert result.sentence.startswith("Mean “cost”: ")


NO_FIRST = replace(PROBLEM, positive="No")


@pytest.mark.parametrize(("problem", "written", "means"), [
    (NO_FIRST, ("1", "0"), ("Yes", "No")), (NO_FIRST, ("1.0", "0.0"), ("Yes", "No")), (NO_FIRST, ("y", "n"), ("Yes", "No")),
    (PROBLEM, ("TRUE", "false"), ("Yes", "No")), (PROBLEM, ("ja", "nein"), ("Yes", "No")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("1", "0"), ("1", "0")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("1.0", "0.0"), ("1", "0")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("yes", "no"), ("1", "0")),
    (replace(PROBLEM, classes=("1", "2"), positive="2"), ("1.0", "2.0"), ("1", "2")),
    (replace(PROBLEM, classes=("Churned", "No"), positive="No"), ("1", "0"), ("Churned", "No")),
    (replace(PROBLEM, classes=("N", "Y"), positive="N"), ("1", "0"), ("Y", "N")),
])  # fmt: skip
def test_outcomes_mean_what_their_labels_mean_whichever_class_is_positive(
    problem: Problem, written: tuple[str, str], means: tuple[str, str]
) -> None:
    pilot, assignment, _ = started(customers())
    table, first = pilot_table(pilot, assignment, "Churn"), np.random.default_rng(2).random(200) < 0.3
    counted = replace(pilot, goal=replace(pilot.goal, good=means[0]))
    matched = match_outcomes(counted, assignment, sent_back(table, list(np.where(first, *written))), problem)
    assert matched.returned.unreadable == 0
    assert (matched.values == first).all()


@pytest.mark.parametrize("classes", [("left", "stayed"), ("1", "2"), ("on time", "late"), ("off", "sold")])
def test_one_and_zero_are_refused_where_no_label_means_yes(classes: tuple[str, str]) -> None:
    pilot, assignment, _ = started(customers())
    problem = replace(PROBLEM, classes=classes, positive=classes[0])
    with pytest.raises(BadInput, match="can be read, for example “0”") as caught:
        match_outcomes(pilot, assignment, sent_back(pilot_table(pilot, assignment, "Churn"), ["0"] * 200), problem)
    assert "Write one of: “" in caught.value.hint


@pytest.mark.parametrize(("reading", "written", "means"), [
    (Reading(",", "."), "1.234", 1234.0), (Reading(","), "1,234", 1.234), (Reading(".", ","), "1,234", 1234.0),
    (Reading(","), "1,5", 1.5), (Reading("."), "1,5", 1.5), (Reading(",", "."), "12.5", 12.5),
])  # fmt: skip
def test_numbers_that_come_back_are_read_as_the_column_was(reading: Reading, written: str, means: float) -> None:
    """A file of three-digit decimals alone does not say what its commas are; the table that it came from did."""
    pilot, assignment, _ = started(customers())
    problem, column = Problem("Churn", "regression", "rmse"), Column("Churn", "float", "number", reading=reading)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), [written] * 200)
    assert set(match_outcomes(pilot, assignment, sent, problem, column).values) == {means}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_numbers_of_a_workbook_that_comes_back_are_what_they_are(tmp_path: Path, ending: str) -> None:
    """They were read by the marks of the texts that the model learned from: 1.234 as 1234, and 12.5 as nothing."""
    pilot, assignment, _ = started(customers())
    reading = Reading(",", ".")
    problem, column = Problem("Churn", "regression", "rmse"), Column("Churn", "float", "number", reading=reading)
    cells: list[object] = [1.234, 12.5, "1.234,5", "7"] * 50
    table = pilot_table(pilot, assignment, "Churn").assign(Churn=cells).drop(columns="customer")  # some are formulas
    path = tmp_path / f"back.{ending}"
    if ending == "xlsx":
        table.to_excel(path, index=False)
    else:
        table.assign(Churn=["1,234", "12,5", "1.234,5", "7"] * 50).to_csv(path, index=False)
    back = match_outcomes(pilot, assignment, read_rows(path, path.name, whole=False).frame, problem, column)
    assert back.returned.unreadable == back.returned.unmatched == back.returned.switched == 0
    assert back.values.tolist() == [1.234, 12.5, 1234.5, 7.0] * 50


def test_the_file_of_another_pilot_is_refused_and_sides_that_were_switched_are_said() -> None:
    rows = customers()
    pilot, assignment, _ = started(rows)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    with pytest.raises(BadInput, match="another pilot: it changes “Discount”, this one “Contract”"):
        match_outcomes(pilot, assignment, sent.assign(change="Discount"), PROBLEM)
    for kept in ("arm", "set_to"):  # a file that was cut to what somebody needs
        with pytest.raises(BadInput, match="another pilot: it changes “Discount”"):
            match_outcomes(pilot, assignment, sent[["customer", "change", kept, "Churn"]].assign(change="Discount"), PROBLEM)
    export = sent[["customer", "Churn"]].assign(change=0.3)  # a column of the customers’ own
    assert match_outcomes(pilot, assignment, export, PROBLEM).returned.matched == 200
    export = export.assign(row=range(200), due=[f"2026-12-{1 + place % 28}" for place in range(200)])  # what each has to pay by
    assert match_outcomes(pilot, assignment, export, PROBLEM).returned.matched == 200
    assert match_outcomes(pilot, assignment, sent.assign(change=None), PROBLEM).returned.matched == 200
    assert match_outcomes(pilot, assignment, sent.drop(columns=["change", "arm"]), PROBLEM).returned.switched == 0
    assert "other side" not in match_outcomes(pilot, assignment, sent, PROBLEM).returned.sentence
    sent.loc[:2, "arm"] = sent.loc[:2, "arm"].map({"treat": "hold", "hold": "treat"})
    found = match_outcomes(pilot, assignment, sent, PROBLEM)
    assert found.returned.switched == 3
    assert "3 rows name the other side than was drawn" in found.returned.sentence
    assert (found.treated == (assignment["arm"] == "treat").to_numpy()).all()
    assert "other rows" not in judge(pilot, found).sentence
    sent["arm"] = sent["arm"].map({"treat": "hold", "hold": "treat"})  # a column that was sorted alone: it was raised to A
    wrong = judge(pilot, match_outcomes(pilot, assignment, sent, PROBLEM))
    assert wrong.verdict == "open"
    assert "197 of 200 rows name the other side than was drawn" in wrong.sentence
    assert wrong.sentence.endswith("beside its own row; if they are these rows all the same, empty the column “arm”.")
    assert judge(pilot, match_outcomes(pilot, assignment, sent.assign(arm=""), PROBLEM)).verdict != "open"


def test_sides_that_were_switched_are_counted_by_rows_and_not_by_lines() -> None:
    """A file with each row on three lines counted each slip three times: from 4 % of the rows on there was no verdict."""
    pilot, assignment, _ = started(customers())
    outcomes = ["No" if arm == "treat" else "Yes" for arm in assignment["arm"]]
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), outcomes)
    sent.loc[:7, "arm"] = sent.loc[:7, "arm"].map({"treat": "hold", "hold": "treat"})
    months = [sent.assign(Churn=""), sent.assign(Churn="Yes"), sent]
    found = match_outcomes(pilot, assignment, pd.concat(months), PROBLEM)
    assert (found.returned.matched, found.returned.duplicates, found.returned.switched) == (200, 400, 8)
    assert "8 rows name the other side than was drawn" in found.returned.sentence
    assert judge(pilot, found).verdict == "raised"
    without = sent.assign(Churn=sent["Churn"].where(sent.index > 3, "?").where(sent.index > 0, ""))
    unread = match_outcomes(pilot, assignment, without, PROBLEM).returned
    assert (unread.matched, unread.switched) == (196, 4)  # of the rows that count
    one = match_outcomes(pilot, assignment, sent.drop(index=range(7)), PROBLEM).returned
    assert "1 row names the other side than was drawn" in one.sentence


@pytest.mark.parametrize("kept", ["row", "due"])
def test_the_file_of_another_pilot_is_refused_where_its_sides_were_cut_off(kept: str) -> None:
    """Without them whoever fills in outcomes does not know who got what; rows of another change were read as of this one."""
    rows = customers()
    if kept == "row":  # a table without ids
        rows = replace(rows, frame=rows.frame.drop(columns="customer"), columns=COLUMNS[1:])
    pilot, assignment, _ = started(rows)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    key = "row" if kept == "row" else "customer"
    blind = sent[list(dict.fromkeys([key, "change", kept, "Churn"]))]
    assert match_outcomes(pilot, assignment, blind, PROBLEM).returned.matched == 200
    with pytest.raises(BadInput, match="another pilot: it changes “Discount”, this one “Contract”"):
        match_outcomes(pilot, assignment, blind.assign(change="Discount"), PROBLEM)


def test_the_file_of_another_pilot_of_the_same_column_is_refused_by_what_it_sets() -> None:
    rows = customers()
    pilot, assignment, _ = started(rows)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    other = sent["set_to"].where(sent["set_to"].isna(), "Two years")
    with pytest.raises(BadInput, match="another pilot: it sets “Contract” to “Two years”, this one to “One year”"):
        match_outcomes(pilot, assignment, sent.assign(set_to=other), PROBLEM)
    for harmless in (None, sent["set_to"].str.upper(), sent["set_to"].where(sent.index > 50, "Two years")):
        assert match_outcomes(pilot, assignment, sent.assign(set_to=harmless), PROBLEM).returned.matched == 200
    number = replace(CARD, lever="Price", from_value="as it is", to_value="5 % lower", from_values=(), step=-0.05, relative=True)
    priced = replace(rows, frame=rows.frame.assign(Price=np.linspace(10, 50, 600)))
    pilot, assignment, _ = started(priced, number)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    figures = sent["set_to"].astype(float)
    german = figures.map(lambda value: f"{value:.2f}".replace(".", ","), na_action="ignore")
    assert match_outcomes(pilot, assignment, sent.assign(set_to=german), PROBLEM).returned.matched == 200
    with pytest.raises(BadInput, match="another pilot: it sets “Price”"):
        match_outcomes(pilot, assignment, sent.assign(set_to=(figures / 0.95 * 0.9).astype(str).replace("nan", "")), PROBLEM)


@pytest.mark.parametrize("mark", ["=", "+", "-", "@"])
def test_names_that_a_spreadsheet_would_calculate_do_not_part_a_pilot_from_its_file(mark: str) -> None:
    """The file carries a formula guard's apostrophe in front of such a lever, id or outcome; the names of the pilot do not."""
    lever, key, target = f"{mark}30 day rate", f"{mark}customer", f"{mark}Churn"
    rows = customers()
    frame = rows.frame.rename(columns={"Contract": lever, "customer": key, "Churn": target})
    columns = (Column(key, "text", "id"), Column(lever, "text", "category"), Column(target, "bool", "category"))
    problem = replace(PROBLEM, target=target)
    rows = replace(rows, frame=frame, columns=columns, problem=problem, goal=replace(GOAL, outcome=target))
    pilot, assignment, _ = started(rows, replace(CARD, lever=lever))
    sent = sent_back(pilot_table(pilot, assignment, target), ["Yes"] * 200, target)
    assert sent["change"].iloc[0] == f"'{lever}"
    assert {f"'{key}", f"'{target}"} <= set(sent.columns)
    assert match_outcomes(pilot, assignment, sent, problem).returned.matched == 200
    with pytest.raises(BadInput, match="it changes “=Discount”, this one"):
        match_outcomes(pilot, assignment, sent.assign(change="'=Discount"), problem)


def test_an_export_is_matched_by_id_though_some_drawn_rows_have_none_of_their_own() -> None:
    """With one gap, or one id on two rows, it was refused as having no such column."""
    rows = customers()
    at = started(rows)[2].positions
    ids = rows.frame["customer"].to_numpy(dtype=object)
    ids[at[[0, 1]]], ids[at[3]] = None, ids[at[2]]
    rows = replace(rows, frame=rows.frame.assign(customer=ids))
    pilot, assignment, drawn = started(rows)
    assert (drawn.positions == at).all()
    export = rows.frame[["customer", "Churn"]]
    found = match_outcomes(pilot, assignment, export, PROBLEM)
    assert (found.returned.matched, found.returned.missing, found.returned.doubted) == (196, 4, 2)
    assert list(found.values) == list((rows.frame["Churn"].iloc[at[4:]] == "No").astype(float))
    told = "4 of the drawn rows cannot be told by “customer”, which is empty there or not theirs alone: only the pilot’s own file"
    assert f"{told}, with its column “row”, can bring their outcomes." in found.returned.sentence
    spelled = export.assign(customer=export["customer"].fillna("missing"))  # nobody's id
    assert match_outcomes(pilot, assignment, spelled, PROBLEM).returned.matched == 196
    own = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    whole = match_outcomes(pilot, assignment, own, PROBLEM).returned
    assert whole.matched == 200
    assert "cannot be told" not in whole.sentence
    nobody = replace(rows, frame=rows.frame.assign(customer=None))
    pilot, assignment, _ = started(nobody)
    with pytest.raises(BadInput, match="No line of the file belongs to this pilot") as raised:
        match_outcomes(pilot, assignment, export, PROBLEM)
    assert raised.value.hint == "Send the pilot’s own file, which has the column “row”."


def test_the_table_that_rows_were_drawn_from_is_no_outcome_of_the_pilot() -> None:
    """A gap that chance drew among outcomes of before retired a card."""
    rows = customers()
    pilot, assignment, _ = started(rows)
    table = pilot_table(pilot, assignment, "Churn")
    assert "known" not in table
    before = match_outcomes(pilot, assignment, rows.frame, PROBLEM)
    assert before.old
    for day in (date(2026, 11, 25), None):  # known at once, and nothing is compared
        held = judge(pilot, before, day)
        assert (held.verdict, held.waits, math.isnan(held.difference)) == ("open", False, True)
        assert "nothing of the pilot is in them" in held.sentence
    last = table["customer"].iloc[-1]
    changed = rows.frame.copy()
    changed.loc[rows.frame["customer"] == last, "Churn"] = "No" if rows.y[assignment["row"].iloc[-1]] else "Yes"
    assert not match_outcomes(pilot, assignment, changed, PROBLEM).old  # one that changed shows that it is of later
    assert not match_outcomes(pilot, assignment.drop(columns="known"), rows.frame, PROBLEM).old  # a pilot of before
    some = assignment.assign(known=np.where(np.arange(len(assignment)) < 150, np.nan, assignment["known"]))
    assert not match_outcomes(pilot, some, rows.frame, PROBLEM).old  # rows that had none have one now
    few = rows.frame[rows.frame["customer"].isin(table["customer"].iloc[:10])]
    assert not match_outcomes(pilot, assignment, few, PROBLEM).old
