"""The command line's contract: JSON keys, exit codes, sentences, and the options that say what is predicted."""
from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from openpyxl import load_workbook

from automl_core import Workspace
from automl_core.cli import _parser, main
from automl_core.cli_problem import money_of, parts_of, request_of
from automl_core.data import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing import METRICS, check_target, default_metric, suggest_problem
from automl_core.framing.metric_names import ALIASES, METRIC_NAMES, metric_called
from automl_core.framing.problem import Money, Problem
from automl_core.production import load_bundle
from automl_core.workspace import file_findings
from automl_core.workspace.file_explained import check_class
from automl_core.workspace.requests import shaped
from tests.unit.commands import _too_late, call, has
from tests.unit.searching import HereExecutor


def test_samples(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "samples")
    assert code == 0
    assert len(data["samples"]) >= 3
    has(data["samples"][0], ("name", "rows", "columns", "target", "story"))


def test_help_says_which_class_of_a_row_is_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    """The one it is called, by factors where there are any: not always the likeliest."""
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "of a row the one it is called" in told
    assert "likeliest" not in told


@pytest.mark.parametrize("command", [(), ("train",), ("explain",), ("act",)])
def test_help_says_where_texts_go_and_what_exit_codes_mean(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "goes to standard error; with --json the last line of standard output is one JSON object" in told
    assert "Exit codes: 0 done, 1 done with warnings, 2 refused" in told


def test_profile(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "profile", str(table))
    assert code in (0, 1)
    has(data, ("rows", "columns", "findings", "encoding", "delimiter"))
    assert data["rows"] == 400
    has(data["columns"][0], ("name", "kind", "role", "missing", "distinct"))
    for finding in data["findings"]:
        has(finding, ("kind", "column", "severity", "count", "fix"))


def test_check(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "check", "sample:subscription_churn", "--target", "churned")
    assert code in (0, 1)
    has(data, ("verdict", "task", "metric", "ladder", "leaks", "sentence", "seconds"))
    assert data["verdict"] in ("average", "rule", "linear", "ml_pays", "not_enough_data")
    has(data["ladder"][0], ("rung", "score", "low", "high"))


def test_what_happened_counts_the_class_that_is_asked_for(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of several; unasked the commonest, and not the rarest."""
    grades = ("low", "mid", "mid", "mid", "high", "high")
    lines = [f"{'red' if place % 6 else 'blue'},{grades[place % 6]}" for place in range(240)]
    (tmp_path / "grades.csv").write_text("\n".join(["colour,grade", *lines]), encoding="utf-8")
    asked = (str(tmp_path / "grades.csv"), "--target", "grade")
    for chosen, counted in (((), "mid"), (("--class", "low"), "low")):
        code, found = call(capsys, "happened", *asked, *chosen)
        assert (code, found["outcome"]) == (0, f"“grade” = “{counted}”")
        code, story = call(capsys, "compare", *asked, "--first", "colour=blue", *chosen)
        assert (code, story["mean_first"]) == (0, float(counted == "low"))
    code, refused = call(capsys, "happened", *asked, "--class", "top")
    assert code == 2
    assert refused["error"] == "“grade” has no class “top”. Give one of “high”, “low” and “mid”."


def test_a_class_of_a_number_is_refused() -> None:
    with pytest.raises(BadInput, match="“price” is a number and has no classes"):
        check_class(Problem("price", "regression", "rmse"), "Yes")


def test_happened_and_compare(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample's customers with a monthly contract leave more often; later ones have it more often, too."""
    sample = ("sample:subscription_churn", "--target", "churned")
    code, found = call(capsys, "happened", *sample)
    assert code == 0
    monthly = next(item for item in found["segments"] if item["segment"]["conditions"][0]["values"] == ["Monthly"])
    assert monthly["of"] == {"segment": "the rows that checked the group"} | dict.fromkeys(
        ("rows", "share_rows", "share_outcome", "explained", "same_sign"), "all rows")
    assert monthly["rows"] > 1.5 * monthly["segment"]["rows"]  # a half checks
    assert f"on the rows that checked it: {monthly['segment']['rows']:,} in the group). Of all rows " in monthly["sentence"]
    assert found["looked_at"] >= found["tested"] >= len(found["segments"]) > 0
    code, groups = call(capsys, "compare", *sample, "--first", "contract=Monthly")
    assert code == 0
    assert groups["gap"]["low"] > 0.25
    assert groups["mean_first"] - groups["mean_second"] == pytest.approx(groups["gap"]["value"])
    code, periods = call(capsys, "compare", *sample, "--when", "customer_since", "--since", "2022-01-01")
    assert code == 0
    assert periods["composition"]["value"] + periods["behaviour"]["value"] == pytest.approx(periods["gap"]["value"])
    for wrong in (("--first", "contract=Nope"), ("--first", "nothing=1"), ("--when", "payment", "--since", "2022-01-01"),
                  ("--when", "customer_since", "--since", "soon"), ()):
        code, refused = call(capsys, "compare", *sample, *wrong)
        assert code == 2
        assert refused["error"]


@pytest.mark.parametrize(("asked", "words"), [
    (("--when", "customer_since", "--since", "2022-01-01", "--second", "contract=Monthly"), "Two periods are asked for"),
    (("--first", "contract=Monthly", "--since", "2022-01-01"), "A later period is asked for, and two groups"),
    (("--first", "churned=Yes"), "“churned” is the outcome and describes a group, too"),
    (("--first", "contract=Monthly", "--second", "churned=No"), "“churned” is the outcome and describes a group, too"),
    (("--when", "churned", "--since", "1"), "“churned” is the outcome and describes a group, too"),
])
def test_compare_passes_over_nothing_that_it_is_asked(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], words: str
) -> None:
    """A second group beside two periods, and a day beside two groups, were dropped, and the outcome was compared by itself."""
    monkeypatch.setattr(file_findings, "safe_recipe", _too_late)
    code, refused = call(capsys, "compare", "sample:subscription_churn", "--target", "churned", *asked)
    assert (code, words in refused["error"]) == (2, True)


def test_a_table_is_written_as_its_name_says(home: Path, tmp_path: Path) -> None:
    """Under a name that ends in .xlsx stood the bytes of a CSV, which Excel refuses to open."""
    frame = pd.DataFrame({"who": ["=1+1", "b"], "net": [-2.5, 3.0]})
    for name in ("a.xlsx", "B.XLSX"):
        Workspace.open().files.write_table(frame, tmp_path / "new" / name)
        sheet = load_workbook(tmp_path / "new" / name).active
        assert [[(cell.value, cell.data_type) for cell in row] for row in sheet] == [
            [("who", "s"), ("net", "s")], [("=1+1", "s"), (-2.5, "n")], [("b", "s"), (3, "n")]]
    for name in ("a.csv", "plain"):
        Workspace.open().files.write_table(frame, tmp_path / name)
        assert (tmp_path / name).read_bytes() == Workspace.open().files.csv(frame)


def test_all_protected_columns_are_looked_up_before_the_first_is_worked_on() -> None:
    search = SimpleNamespace(run=lambda run: run, inputs=lambda run: run,
                             goal=SimpleNamespace(open=lambda _: (None, (Column("sex", "text", "category"),))))
    auditing: Any = SimpleNamespace(search=search, audit_of=_too_late)
    with pytest.raises(BadInput, match="no column “agee”"):
        file_findings.FileFindings(cast(Any, None), auditing).audit("r", ("sex", "agee"))


def test_steps_in_the_order_given(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    steps = ["low", "mid", "high", "top"]
    path.write_text("\n".join(["amount,target", *(f"{k % 97 / 10},{steps[min(3, k % 97 // 25)]}" for k in range(200))]), "utf-8")
    code, data = call(capsys, "train", str(path), "--target", "target", "--ordered", "low,mid,high,top", "--metric",
                      "ranked_probability", "--trials", "2", "--folds", "3", "--families", "ordered,linear", "--jobs", "1",
                      "--out", str(tmp_path / "m.zip"))
    assert code in (0, 1)
    assert "ordered" in {trial["family"] for trial in data["leaderboard"]}
    assert load_bundle(tmp_path / "m.zip").model.problem.classes == ("low", "mid", "high", "top")


@pytest.mark.parametrize(("text", "names"), [
    ("A,B", ("A", "B")), (" A , B,", ("A", "B")), ("", ()), ('"Cost, total",City', ("Cost, total", "City")),
    ('City, "Cost, ""net"""', ("City", 'Cost, "net"')), ('5" pipe,A', ('5" pipe', "A")),
])
def test_names_with_a_comma_stand_in_quotes(text: str, names: tuple[str, ...]) -> None:
    assert parts_of(text) == names


@pytest.mark.parametrize(("text", "money"), [
    ("", None), ("true_positive=500, false_positive=-20", Money(500.0, -20.0)),
    ("over=2,under=5.5,currency=CHF", Money(over=2.0, under=5.5, currency="CHF")),
])
def test_amounts_of_money_go_by_their_names(text: str, money: Money | None) -> None:
    assert money_of(text) == money


@pytest.mark.parametrize(("text", "sentence"), [
    ("500,-20", "no amount of --money"), ("gain=5", "no amount of --money"), ("over=1,over=2", "given twice"),
    ("over=", "no amount"), ("true_positive=many", "cannot be the amount"), ("true_positive=nan", "cannot be the amount"),
    ("over=-1,under=2", "cannot be the amount"), ("over=0,under=0", "are 0"), ("currency=€", "are 0"),
])
def test_what_is_no_amount_of_money_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        money_of(text)


def test_money_on_the_command_line_is_told_or_refused_and_fills_the_ladder(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("sample:subscription_churn", "--target", "churned")
    for command in (("check",), ("train", "--out", str(tmp_path / "m.zip"))):
        code, refused = call(capsys, command[0], *asked, *command[1:], "--metric", "money")
        assert (code, here.fits) == (2, [])
        assert "needs what its decisions are worth" in refused["error"]
        assert "--money true_positive=500" in refused["error"]
    code, data = call(capsys, "train", *asked, "--money", "true_positive=500,false_positive=-20", "--metric", "money",
                      "--families", "rule", "--trials", "1", "--folds", "2", "--jobs", "1", "--out", str(tmp_path / "m.zip"))
    assert code in (0, 1)
    assert data["ladder"][0]["money"] == pytest.approx(data["score"]["mean"])
    assert data["score"]["mean"] > 0
    assert load_bundle(tmp_path / "m.zip").model.problem.money == Money(500.0, -20.0)


def test_columns_and_classes_with_a_comma(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, steps = tmp_path / "rows.csv", ["poor, very", "fair", "good"]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["amount", "Cost, total", "target"], *([k % 97, k % 3, steps[k % 3]] for k in range(300))])
    asked = ("check", str(path), "--target", "target", "--metric", "ranked_probability")
    code, data = call(capsys, *asked, "--ordered")
    assert code == 2
    assert data["error"].endswith('--ordered fair,good,"poor, very"')
    code, data = call(capsys, *asked, "--ordered", '"poor, very",fair,good', "--drop", '"Cost, total"')
    assert (code, [leak for leak in data["leaks"] if leak["column"]]) == (0, [])


def test_numbers_too_large_for_32_bits_are_no_crash(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["amount,target", *(f"{k % 7}e300,{'yn'[k % 3 == 0]}" for k in range(200))]), "utf-8")
    code, data = call(capsys, "check", str(path), "--target", "target")
    assert code in (0, 1)
    assert data["sentence"]


NUMBERS = "\n".join(["a,b,size,wide", *(f"{k % 13},{k % 7},{k % 97 + k % 13},{k % 2 + 1}" for k in range(200))])


@pytest.mark.parametrize(("words", "metric", "error"), [
    (("--quantile", "0.9"), "pinball", ""), (("--task", "quantile", "--quantile", "0.9"), "pinball", ""),
    (("--task", "quantile"), "pinball", ""), (("--metric", "pinball"), "pinball", ""), ((), "rmse", ""),
    (("--quantile", "0.9", "--metric", "mae"), "", "A quantile is judged by the pinball loss, and not by mae."),
    (("--quantile", "1.5"), "", "1.5 is no quantile"),
    (("--quantile", "0.9", "--target", "wide"), "", "Only a number has quantiles"),
    (("--metric", "Mean-Absolute-Error"), "mae", ""), (("--metric", "auc", "--target", "wide"), "roc_auc", ""),
    (("--metric", "beauty"), "", "There is no metric called “beauty”. Choose one of: roc_auc,"),
    (("--task", "ranking"), "", "Choose binary, multiclass, regression or quantile."),
])
def test_a_quantile_and_other_names_of_metrics_are_understood_or_refused(
        words: tuple[str, ...], metric: str, error: str) -> None:
    """Without `--metric pinball` a quantile was ignored without a word: the mean was predicted."""
    lines = [line.split(",") for line in NUMBERS.splitlines()]
    table = table_from_frame(pd.DataFrame(lines[1:], columns=lines[0]), "rows.csv")
    target = () if "--target" in words else ("--target", "size")
    request = request_of(_parser().parse_args(["check", "rows.csv", *target, *words]))
    suggested = suggest_problem(table.frame, table.columns, request.target)
    if error:
        with pytest.raises(BadInput, match=re.escape(error)):
            check_target(table.frame, shaped(suggested, request, table.frame, table.columns))
        return
    made = shaped(suggested, request, table.frame, table.columns)
    assert made.metric == metric
    assert made.quantile == (0.9 if "0.9" in words else 0.5)


def test_the_positive_class_is_told_and_can_be_chosen(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "m.zip"
    path.write_text(NUMBERS.replace("wide", " Wide "), encoding="utf-8")
    asked = ("--target", " Wide ", "--drop", "size")
    code, data = call(capsys, "check", str(path), *asked, "--positive", "1.0")
    assert (code in (0, 1), data["positive"]) == (True, "1")
    searched = ("--families", "rule", "--trials", "1", "--folds", "2", "--jobs", "1", "--out", str(out))
    assert main(["train", str(path), *asked, "--positive", "1", *searched, "--json"]) in (0, 1)
    told = capsys.readouterr()
    assert json.loads(told.out.strip().splitlines()[-1])["positive"] == "1"
    assert "Predicted is the chance of “1”; --positive names the other class." in told.err.splitlines()
    run = json.loads(told.out.strip().splitlines()[-1])["run"]
    for command in (("more", run, "--budget", "1"), ("choose", run, "rule")):  # which have no such option
        assert main([*command, "--out", str(out)]) in (0, 1)
        assert "Predicted is the chance of “1”." in capsys.readouterr().err.splitlines()
    assert load_bundle(out).model.problem.positive == "1"
    code, refused = call(capsys, "check", str(path), *asked, "--positive", "3")
    assert (code, refused["error"]) == (2, "“Wide” has no class “3”. Give “1” or “2”.")
    code, refused = call(capsys, "check", str(path), "--target", "size", "--positive", "3")
    assert (code, refused["error"]) == (2, "Only a target of two classes has a positive one. Leave out --positive.")


@pytest.mark.parametrize("command", ["check", "train"])
def test_help_names_all_tasks_and_metrics(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = re.sub(r"-\s+", "-", capsys.readouterr().out)
    for name in (*METRICS, "binary", "multiclass", "regression", "quantile"):
        assert re.search(rf"\b{name}\b", told), name


def test_names_of_metrics_and_their_other_names_are_those_that_there_are() -> None:
    """Help lists them without loading what computes them."""
    for task, names in METRIC_NAMES.items():
        usual = default_metric(cast(Any, task))
        assert names[0] == usual
        assert set(names) == {metric.name for metric in METRICS.values() if task in metric.tasks}
    assert set(ALIASES.values()) <= set(METRICS)
    assert not set(ALIASES) & set(METRICS)
    assert metric_called("AUC") == metric_called("ROC AUC") == "roc_auc"
    assert metric_called("beauty") == "beauty"


def test_doctor(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "doctor")
    assert code == 0, data
    assert data["ok"]


@pytest.mark.parametrize("arguments", [
    ("profile", "no_such_file.csv"),
    ("check", "sample:subscription_churn", "--target", "nothing"),
    ("check", "sample:nothing", "--target", "y"),
    ("train", "sample:diabetes", "--target", "nothing", "--budget", "5", "--out", "never.zip"),
    ("train", "sample:subscription_churn", "--target", "churned", "--drop", "nothing", "--out", "never.zip"),
    ("train", "sample:subscription_churn", "--target", "churned", "--metric", "beauty", "--out", "never.zip"),
    ("predict", "no_such.zip", "sample:diabetes", "--out", "never.csv"),
    ("report", "run_nothing", "--out", "never.html"),
])
def test_bad_input_is_one_sentence(home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert "/" not in shown.err.replace("--", "")
    assert shown.err.count("\n") == 1
