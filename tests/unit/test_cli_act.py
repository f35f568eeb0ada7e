"""The command that says who to act on: its goal, its refusals, and which rows it ranks."""
from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from automl_core import Workspace
from automl_core.acting import ALIKE_COUNTED, ActionPlan
from automl_core.acting.action import Actions, Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.card_words import card_lines
from automl_core.cli import main
from automl_core.data.table import Column
from automl_core.framing.problem import Money, Problem
from automl_core.production import load_bundle
from automl_core.workspace import file_findings
from automl_core.workspace import files as files_module
from automl_core.workspace.file_goal import no_outcomes
from automl_core.workspace.file_worth import Judged, file_worth
from automl_core.workspace.files import Advice, Files
from tests.unit.commands import _too_late, call, has
from tests.unit.piloting import CARD

GOAL = """
[goal]
outcome = "churned"
good = "No"
value = 700.0
capacity = 50

[[lever]]
column = "{lever}"
to = ["{value}"]
cost = 20.0
"""


def goal_file(folder: Path, lever: bool = True) -> Path:
    goal = folder / "goal.toml"
    text = GOAL.format(lever="newsletter", value="Yes")
    goal.write_text(text if lever else text.split("[[lever]]")[0], encoding="utf-8")
    return goal


def test_act_ranks_by_what_was_said_out_of_fold(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model was trained, its rows are known again and none is ranked by what was said of it when it was learned."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    out, ranked = tmp_path / "a.csv", tmp_path / "r.csv"
    code, data = call(capsys, "act", str(bundle), "sample:subscription_churn", "--goal", str(goal_file(tmp_path)), "--out",
                      str(out), "--ranked", str(ranked))
    assert code == 0
    has(data, ("cards", "decisions"))
    for card in (*data["cards"], *data["patterns"]):
        has(card, ("who", "lever", "from", "to", "rows", "raw_gap", "what_if", "adjusted", "low", "high", "net_value", "net_low",
                   "net_high", "grade", "sentence"))
    assert data["decisions"]["rows"] == 50
    assert data["plan"]["gains"].startswith("A card tells the mean gain of its rows; " if data["plan"]["rows"] else "")
    assert out.stat().st_size > 0
    search = Workspace.open().search
    past = search.predictions(search.run(str(load_bundle(bundle).facts["run"])))
    with ranked.open(encoding="utf-8-sig", newline="") as handle:
        told = [float(row["prediction"]) for row in csv.DictReader(handle)]
    assert told == pytest.approx(sorted(past.oof, reverse=True)[:50])
    assert data["left_out"] == 0
    worth = data["worth"]["decision"]
    assert [rival["name"] for rival in worth["rivals"]] == ["As many at random", "Everyone", "The simple rule"]
    assert (worth["rows"], len(worth["lift"]), worth["sensitivity"][2]["save_rate"]) == (50, 10, 0.2)
    assert worth["curve"]["best"]["profit"] == max(point["profit"] for point in worth["curve"]["points"])
    assert data["worth"]["newsvendor"] is None
    reach = data["recourse"]
    assert 0 < reach["looked"] == len(reach["positions"]) <= 300
    assert reach["reached"] == sum(cost is not None for cost in reach["costs"]) == (reach["curve"] or [{"rows": 0}])[-1]["rows"]
    assert reach["infeasible"] == pytest.approx(1 - reach["reached"] / reach["looked"])
    assert reach["low"] <= reach["infeasible"] <= reach["high"]
    assert [lever["column"] for lever in reach["levers"]] == ["newsletter"]
    assert [words.split(" ")[0] for words in data["worth"]["sentences"]] == ["On", "Most", "Measured", "The", "By"]


def test_act_by_what_each_row_is_worth(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list goes by risk times fee, and the text says what it is worth."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    goal, ranked = goal_file(tmp_path, lever=False), tmp_path / "r.csv"
    goal.write_text(goal.read_text(encoding="utf-8").replace("value = 700.0", 'value_column = "monthly_fee"'), encoding="utf-8")
    assert main(["act", str(bundle), "sample:subscription_churn", "--goal", str(goal), "--ranked", str(ranked), "--out",
                 str(tmp_path / "plan.xlsx")]) == 0
    told = capsys.readouterr().err
    assert load_workbook(tmp_path / "plan.xlsx").active["A1"].value == "customer_id"
    assert "The goal names nothing that can be changed, so there are no cards" in told
    assert "No row can be brought to the goal: it names nothing that you can change and the model looks at." in told
    assert "Act on the 50 rows that are worth most to act on, by their risk and “monthly_fee”" in told
    assert "at stake (risk times worth) would have brought" in told
    assert "Most money, " in told
    with ranked.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    risks, worths = ([float(row[name]) for row in rows] for name in ("prediction", "expected_value"))
    assert worths == sorted(worths, reverse=True)
    assert risks != sorted(risks, reverse=True)


def test_the_text_of_act_says_all_of_a_card(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the adjusted figure alone: not what the groups differ by, why the grade is no better, or what to do next."""
    card = replace(CARD, counted="“churned” = “Yes”", better="down", raw_gap=-0.314, what_if=-0.14, adjusted=-0.149, low=-0.2,
                   high=-0.1, reasons=("Numbers move together.",), overturn="A hidden factor could.", next_step="Next: a pilot.")
    pattern = replace(card, grade="D", who="Rows with a yearly contract", raw_gap=-0.03, reasons=("It may be chance.",))
    plan, listed = ActionPlan((), 0.0, 0.0, 0.0, True, "No plan."), ActionList((), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, "No list.")
    advice = Advice(Actions((card,), (pattern,), 9, 400), plan, pd.DataFrame(), listed, pd.DataFrame())
    monkeypatch.setattr(Files, "act", lambda *_, **__: advice)
    assert main(["act", str(bundle), str(table), "--goal", str(goal_file(tmp_path))]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[:6] == [
        "A sentence.",
        "Change of “churned” = “Yes”: as seen in the data −31.4 points, as the model says −14.0 points, like with like "
        "−14.9 points (95 % range −20.0 to −10.0 points).",
        "How sure: C. It is possible: test it first. Numbers move together.",
        "What would overturn it: A hidden factor could.", "Do next: A pilot.",
        "No advice: “Contract” = “One year” for rows with a yearly contract. Change of “churned” = “Yes”: as seen in the data "
        "−3.0 points, as the model says −14.0 points, like with like −14.9 points (95 % range −20.0 to −10.0 points). It may be "
        "chance."]
    tested = card_lines(replace(card, grade="A", raw_gap=np.nan, alike=((),)))
    assert "as seen in the data unknown, as the model says −14.0 points, measured −14.9 points" in tested[1]
    assert tested[1].endswith(ALIKE_COUNTED)


@pytest.mark.parametrize(("before", "after", "words"), [
    ('column = "newsletter"', 'column = "newsleter"', "no column “newsleter”"), ('good = "No"', 'good = "Maybe"', "“Maybe”"),
    ("value = 700.0", 'value_column = "monthly_fees"', "no column “monthly_fees”"),
    ("value = 700.0", 'value_column = "plan"', "cannot say what a row is worth|no column"),
    ("cost = 20.0", "low = 2.0", "has no step, direction or limits"), ('outcome = "churned"', 'outcome = "left"', "“left”"),
    ("capacity = 50", 'capacity = "many"', "not a number"), ("cost = 20.0", 'forbidden = [["Yes", "Yes"]]', "itself"),
])
def test_act_refuses_a_goal_that_does_not_fit_before_it_reads_rows(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, before: str,
    after: str, words: str
) -> None:
    """It took as long as reading and cleaning the file does."""
    monkeypatch.setattr(Files, "_read", _too_late)
    goal = goal_file(tmp_path)
    goal.write_text(goal.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal))
    assert code == 2
    assert re.search(words, refused["error"])


@pytest.mark.parametrize(("text", "dropped", "words"), [
    ('never = ["agee"]', (), "no column “agee”.*as “never”"), ('later = ["agee"]', (), "as “later”"),
    ("", ("churned",), "The file has no outcomes in “churned”"), ("", ("newsletter",), "The file has no column “newsletter”"),
    ('[[lever]]\ncolumn = "monthly_fee"\nto = -5.0', ("monthly_fee",), "The file has no column “monthly_fee”"),
    ('negative_control = ["age"]', ("age",), "The file has no column “age”"),
    ('given = ["age"]', ("age",), "The file has no column “age”"),
])
def test_act_refuses_what_is_not_in_the_file_before_it_cleans_or_scores(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str,
    dropped: tuple[str, ...], words: str
) -> None:
    import pandas as pd

    monkeypatch.setattr(files_module, "cleaned_rows", _too_late)
    goal, rows = goal_file(tmp_path), tmp_path / "rows.csv"
    pd.read_csv(table).drop(columns=list(dropped)).to_csv(rows, index=False)
    goal.write_text(f"{goal.read_text(encoding='utf-8')}\n[columns]\n{text}\n", encoding="utf-8")
    code, refused = call(capsys, "act", str(bundle), str(rows), "--goal", str(goal))
    assert code == 2
    assert re.search(words, refused["error"])


def test_act_says_what_stands_in_place_of_outcomes_that_the_model_knows(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file full of outcomes of another spelling was said to have none."""
    frame, rows = pd.read_csv(table, dtype=str), tmp_path / "rows.csv"

    def said(outcomes: pd.Series) -> str:
        frame.assign(churned=outcomes).to_csv(rows, index=False)
        code, refused = call(capsys, "act", str(bundle), str(rows), "--goal", str(goal_file(tmp_path)))
        assert code == 2
        return str(refused["error"])

    two = frame["churned"].map({"Yes": "left", "No": "stays on"})
    assert said(two) == ("In this file “churned” is “stays on” or “left”, and the model knows “No” and “Yes” alone. Write "
                         "outcomes as the model knows them, or train a model on rows that ended so.")
    many = pd.Series([f"way {place % 9}" for place in range(len(frame))])
    assert said(many).startswith("In this file “churned” is “way 0”, “way 1”, “way 2” or 6 more, and the model knows ")
    assert said(frame["churned"].where(frame["churned"] == "", "n/a")).startswith("The file has no outcomes in “churned”.")


def test_a_file_of_words_where_numbers_are_predicted_says_so() -> None:
    model: Any = SimpleNamespace(problem=Problem("price", "regression", "rmse"), columns=(Column("price", "float", "number"),))
    raw = pd.DataFrame({" price ": ["dear", "cheap", "dear", None, ""]})
    assert str(no_outcomes(model, raw)) == (
        "In this file “price” is “dear” or “cheap”, and the model predicts a number. Write outcomes as numbers, or train a "
        "model on rows that ended so.")


@pytest.mark.parametrize("line", ['to = ["Yess"]', 'from = ["Yess"]', 'forbidden = [["No", "Yess"]]'])
def test_act_refuses_a_value_that_no_row_has_before_it_compares(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(files_module.acting, "make_cards", _too_late)
    goal = goal_file(tmp_path)
    goal.write_text(re.sub(r'to = \["Yes"\]', line, goal.read_text(encoding="utf-8")), encoding="utf-8")
    assert line in goal.read_text(encoding="utf-8")
    code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal))
    assert (code, "No row has “Yess” in “newsletter”" in refused["error"]) == (2, True)
    assert "rite “Yes”, or another value that occurs." in refused["error"]


def test_act_and_compare_say_at_once_what_cannot_be_done(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Files, "act", _too_late)
        code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal_file(tmp_path)), "--out", str(tmp_path))
        assert (code, "is a folder" in refused["error"]) == (2, True)
        for option, name in (("--out", "a.txt"), ("--ranked", "a.parquet"), ("--out", "a.xls")):
            code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal_file(tmp_path)), option,
                                 str(tmp_path / name))
            told = f"“{name}” is no name of a CSV or an Excel file. Write a.csv or a.xlsx."
            assert (code, told in refused["error"]) == (2, True)
        before = table.read_bytes()
        for asked in (("act", bundle, table, "--goal", goal_file(tmp_path), "--out", table),
                      ("act", bundle, table, "--goal", goal_file(tmp_path), "--ranked", tmp_path / "sub" / ".." / table.name),
                      ("predict", bundle, table, "--out", table), ("predict", bundle, table, "--out", bundle),
                      ("train", table, "--target", "churned", "--out", table)):
            code, refused = call(capsys, *map(str, asked))
            assert (code, "is read by this command and would be written over." in refused["error"]) == (2, True)
        assert table.read_bytes() == before  # it was the scores, the plan, or a bundle, and the table was gone
        drawn = tmp_path / "drawn.toml"  # its table was written over the other
        drawn.write_text(f'{goal_file(tmp_path).read_text(encoding="utf-8")}[experiment]\ntreatment = "newsletter"', "utf-8")
        for goal, ranked in ((tmp_path / "goal.toml", "sub/../a.csv"), (drawn, "a_experiment.csv")):
            code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal), "--out", str(tmp_path / "a.csv"),
                                 "--ranked", str(tmp_path / ranked))
            assert (code, "is named for two tables" in refused["error"]) == (2, True)
    with monkeypatch.context() as patch:
        patch.setattr(file_findings, "safe_recipe", _too_late)
        asked = ("compare", str(table), "--target", "churned")
        for wrong, words in ((("--first", "contrct=a"), "no column “contrct”"), (("--first", "contract"), "is no condition"),
                             (("--when", "sinse", "--since", "2022"), "“sinse”"), ((), "Two groups or two periods")):
            code, refused = call(capsys, *asked, *wrong)
            assert (code, words in refused["error"]) == (2, True)


def test_what_to_provide_is_told_of_a_file_where_errors_cost_differently() -> None:
    rng = np.random.default_rng(0)
    made = rng.normal(100, 10, 200)
    problem = Problem("sold", "regression", "rmse", money=Money(over=1.0, under=4.0))
    rows = pd.DataFrame({"sold": made + rng.normal(0, 5, 200), "x": made})
    columns = (Column("x", "float", "number"), Column("sold", "float", "number"))
    found = file_worth(Judged(rows, columns, made, problem, Goal("sold", "high", value=1.0, capacity=20)))
    assert found.newsvendor is not None
    assert found.newsvendor.level == pytest.approx(0.8)
    assert found.sentences[-1] == found.newsvendor.sentence
    assert found.decision is not None
    assert found.decision.curve is None
    few = file_worth(Judged(rows.head(20), columns, made[:20], problem, Goal("sold", "high")))
    assert few.newsvendor is None
    assert few.sentences[-1].startswith("How much to provide is not told. Only 20 rows have")
    assert file_worth(Judged(rows.assign(sold=None), columns, made, problem, Goal("sold", "high"))).decision is None


def test_what_a_list_is_worth_says_where_it_cannot_be_told_or_may_look_too_good() -> None:
    made = np.random.default_rng(0).normal(100, 10, 200)
    rows, problem = pd.DataFrame({"sold": made + 1, "x": made, "fee": 5.0, "w": 1.0}), Problem("sold", "regression", "rmse")
    columns, goal = (Column("x", "float", "number"),), Goal("sold", "high", value_column="fee", capacity=20)
    told = file_worth(Judged(rows, columns, made, problem, goal, (), np.arange(200) < 3))
    assert told.decision is not None
    assert told.sentences[0] == ("3 rows of those by which the list is judged may be ones that the model learned from; then what "
                                 "it would have brought looks too good.")
    assert "learned from" not in " ".join(file_worth(Judged(rows, columns, made, problem, goal)).sentences)
    for lost, asked in ((rows.assign(fee=np.nan), problem), (rows.assign(w=-1.0), replace(problem, weights="w"))):
        unsaid = file_worth(Judged(lost, columns, made, asked, goal))  # cards, list and plan are made by then
        assert unsaid.decision is None
        assert unsaid.sentences[0].startswith("What the list is worth is not told. ")
    whole = replace(goal, value=5.0, value_middle=5.0)  # as of a table where only rows without an outcome have a value
    assert file_worth(Judged(rows.assign(fee=np.nan), columns, made, problem, whole)).decision is not None


def test_act_leaves_out_rows_that_the_bundle_knows_again(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere only the bundle tells: its rows are not ranked, and customers whose outcome is not known yet are."""
    import pandas as pd

    learned = pd.read_csv(table)
    new = pd.read_csv(table).sample(300, random_state=0).assign(churned=None, customer_id=[f"N{place}" for place in range(300)])
    new["monthly_fee"] += 0.37
    both, goal = tmp_path / "both.csv", str(goal_file(tmp_path, lever=False))
    pd.concat([learned, new]).to_csv(both, index=False)
    ranked = tmp_path / "r.csv"
    code, data = call(capsys, "act", str(bundle), str(both), "--goal", goal, "--ranked", str(ranked))
    assert (code, data["left_out"], data["decisions"]["rows"]) == (1, len(learned), 50)
    with ranked.open(encoding="utf-8-sig", newline="") as handle:
        assert all(row["customer_id"].startswith("N") for row in csv.DictReader(handle))
    code, data = call(capsys, "act", str(bundle), str(table), "--goal", goal)
    assert (code, data["left_out"], data["decisions"]["rows"], data["plan"]["rows"]) == (1, len(learned), 0, 0)
    assert "left out of the list and the plan" in data["notes"][-1]
    assert "outcome is not known yet; or act where the model was trained" in data["notes"][-1]
    assert data["plan"]["sentence"] == "No row is left to be ranked or planned."


def test_act_ranks_new_rows_that_equal_learned_ones(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is a learned one only when its id is, too, where the model was trained and elsewhere; without ids the training table
    is still known, and single equal rows are ranked with a word."""
    import pandas as pd

    learned, goal = pd.read_csv(table), goal_file(tmp_path, lever=False)
    goal.write_text(goal.read_text(encoding="utf-8").replace("capacity = 50", "capacity = 10"), encoding="utf-8")
    out, ranked = tmp_path / "new.csv", tmp_path / "r.csv"

    def told(rows: pd.DataFrame) -> tuple[int, int, str]:
        rows.to_csv(out, index=False)
        code, data = call(capsys, "act", str(bundle), str(out), "--goal", str(goal), "--ranked", str(ranked))
        return code, data["left_out"], " ".join(data["notes"])

    fresh = learned.assign(customer_id=[f"N{place}" for place in range(400)], monthly_fee=learned["monthly_fee"] + 0.37)
    twins = learned.head(30).assign(customer_id=[f"T{place}" for place in range(30)])
    new, bare = pd.concat([fresh, twins]), pd.concat([fresh, learned.head(30)]).drop(columns="customer_id")
    open_rows = new.assign(churned=new["churned"].where(new["customer_id"].str.startswith("N")))
    for home in (None, bundle.parent / "home"):
        if home is not None:
            monkeypatch.setenv("CLARION_HOME", str(home))
        for rows in (new, open_rows):
            code, left_out, notes = told(rows)
            assert (code, left_out, "learned" in notes) == (0, 0, False)
        assert len(pd.read_csv(ranked)) == 10
        code, left_out, notes = told(bare)
        assert (code, left_out) == (0, 0)
        assert ("learned from" in notes) == (home is None)  # there what was said of the learned ones out of fold is as true
        code, left_out, _ = told(learned.drop(columns="customer_id"))
        assert left_out == (400 if home is None else 0)
