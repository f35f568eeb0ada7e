"""The command line's contract: JSON keys, exit codes, sentences. Fits take place here, but where workers are stopped."""
from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from automl_core import Workspace, cli
from automl_core import jobs as queue
from automl_core.acting.action import Goal
from automl_core.cli import _parser, main
from automl_core.cli_problem import money_of, parts_of, request_of
from automl_core.codec import from_json, to_json
from automl_core.data import table_from_frame
from automl_core.data.table import Column, Table
from automl_core.errors import BadInput
from automl_core.explaining.explanation import Explanation, RowExplanation
from automl_core.framing import METRICS, Pace, check_target, default_metric, suggest_problem
from automl_core.framing.metric_names import ALIASES, METRIC_NAMES, metric_called
from automl_core.framing.problem import Money, Problem, Verdict
from automl_core.jobs import JobWatch
from automl_core.production import load_bundle
from automl_core.search.bands import Bands
from automl_core.search.plan import Plan, Score, against_baseline
from automl_core.workspace import file_findings, file_risks, file_rows, file_training
from automl_core.workspace import files as files_module
from automl_core.workspace import search as searching
from automl_core.workspace.file_worth import Judged, file_worth
from automl_core.workspace.files import Files, check_class
from automl_core.workspace.goal import Framing, Inputs
from automl_core.workspace.requests import shaped
from automl_core.workspace.running import run_job
from automl_core.workspace.views import Run
from tests.unit.test_search_race import HereExecutor, fit_here

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


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def has(data: dict[str, Any], keys: Sequence[str]) -> None:
    assert set(keys) <= set(data), f"missing {set(keys) - set(data)}"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(folder / "home"))
        fit_here(patch)
        assert main(["train", "sample:subscription_churn", "--target", "churned", "--trials", "2", "--jobs", "1",
                     "--families", "linear,lightgbm", "--out", str(folder / "model.zip")]) in (0, 1)
    return folder / "model.zip"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> HereExecutor:
    return fit_here(monkeypatch)


@pytest.fixture
def table(home: Path, tmp_path: Path) -> Path:
    from automl_core import Workspace

    path = tmp_path / "rows.csv"
    Workspace.open().files.open("sample:subscription_churn").frame.head(400).to_csv(path, index=False)
    return path


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


def test_warnings_are_said_by_check_train_and_more(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    noise = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "t": random.permutation(30 * ["no", "yes"])})
    path, out = tmp_path / "copies.csv", str(tmp_path / "m.zip")
    pd.concat([*5 * [noise], noise.iloc[:2].assign(t=None)]).to_csv(path, index=False)
    wanted = ["2 of 302 rows have no value in “t” and are left out of training.", "240 of 300 rows repeat others: scores rest on "
              "seeing copies again. Give --copies-together if new rows will not be copies."]
    searched = ("--families", "rule", "--trials", "1", "--folds", "3", "--jobs", "1", "--out", out)
    for command, more in (("check", ()), ("train", searched)):
        code = main([command, str(path), "--target", "t", *more, "--json"])
        told = capsys.readouterr()
        data = json.loads(told.out.strip().splitlines()[-1])
        assert (code, data["warnings"]) == (1, wanted)
        assert set(wanted) <= set(told.err.splitlines())
    _, again = call(capsys, "more", data["run"], "--budget", "1", "--out", out)
    assert again["warnings"] == [wanted[0], wanted[1].partition(" Give --")[0]]  # `more` has no such option
    _, apart = call(capsys, "check", str(path), "--target", "t", "--copies-together")
    assert apart["warnings"] == wanted[:1]


def test_a_model_below_its_baseline_is_not_to_be_used_and_time_that_added_nothing_is_said(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    noise = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "t": random.permutation(30 * ["no", "yes"])})
    path, out = tmp_path / "noise.csv", str(tmp_path / "m.zip")
    noise.to_csv(path, index=False)
    assert main(["train", str(path), "--target", "t", "--families", "linear", "--trials", "1", "--folds", "3", "--jobs", "1",
                 "--out", out, "--json"]) in (0, 1)
    told = capsys.readouterr()
    data = json.loads(told.out.strip().splitlines()[-1])
    assert data["score"]["mean"] < data["baseline"]["mean"]
    assert "It is not better than the same guess for every row (0.5000): do not use it." in told.err
    run = Workspace.open().search.run(data["run"])
    assert run.summary is not None
    fewer = replace(run, summary=replace(run.summary, leaderboard=()))
    verdict = Verdict("average", "binary", "", (), (), "", 0, 60)
    for before, added in ((run, False), (fewer, True)):
        stand = SimpleNamespace(file_training=SimpleNamespace(more=lambda *arguments: (run, verdict)),
                                search=SimpleNamespace(runs=lambda project, earlier=before: (run, earlier)))
        monkeypatch.setattr(cli, "_open", lambda stand=stand: stand)
        assert main(["more", run.id, "--budget", "1", "--out", out]) in (0, 1)
        assert ("No further candidate was fitted in this time." in capsys.readouterr().err) != added


@pytest.mark.parametrize(("mean", "low", "high", "greater", "said"), [
    (0.005, 0.001, 0.02, True, "It is worse than the same guess for every row (0.5000): do not use it."),
    (0.442, 0.38, 0.51, True, "It is not better than the same guess for every row (0.5000): do not use it."),
    (0.51, 0.45, 0.57, True, ""), (0.442, 0.38, 0.51, False, ""), (float("nan"), 0.1, 0.2, True, "")])
def test_what_is_said_of_a_score_beside_its_baseline(mean: float, low: float, high: float, greater: bool, said: str) -> None:
    assert against_baseline(Score(mean, low, high), Score(0.5, 0.5, 0.5), greater) == said


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
    assert refused["error"] == "“grade” has no class “top”. Give one of “high”, “low”, “mid”."


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


def test_train_answers_with_every_key(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.zip"
    target = sample_target("diabetes")
    code, data = call(capsys, "train", "sample:diabetes", "--target", target, "--budget", "5", "--jobs", "1", "--out", str(out))
    assert code in (0, 1)
    has(data, ("run", "task", "metric", "score", "baseline", "verdict", "trials", "fit_seconds"))
    has(data, ("model", "leaderboard", "bundle"))
    has(data["score"], ("mean", "low", "high"))
    has(data["model"], ("family", "members", "mb", "row_ms_p50", "row_ms_p95"))
    assert data["task"] == "regression"
    assert data["score"]["mean"] < data["baseline"]["mean"]
    assert out.stat().st_size > 0
    code, audited = call(capsys, "fairness", data["run"], "--protected", "sex")
    assert code == 0
    assert [audit["column"] for audit in audited["audits"]] == ["sex"]
    code, report = call(capsys, "report", data["run"], "--out", str(tmp_path / "report.html"))
    assert code == 0
    has(report, ("path", "link"))
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_trials_rungs_and_more_time(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.zip"
    asked = ("train", "sample:diabetes", "--target", sample_target("diabetes"), "--families", "linear,rule", "--trials", "3",
             "--jobs", "1", "--folds", "3", "--metric", "pinball", "--quantile", "0.5", "--hand-over", "rule", "--out", str(out))
    code, data = call(capsys, *asked)
    assert code in (0, 1)
    assert data["trials"] == 3
    assert data["model"]["family"] == "rule"
    code, again = call(capsys, "more", data["run"], "--budget", "5", "--out", str(tmp_path / "more.zip"))
    assert code in (0, 1)
    assert again["trials"] >= 3
    assert again["model"]["family"] == "rule"  # more time handed over its own choice
    assert (tmp_path / "more.zip").stat().st_size > 0
    code, refused = call(capsys, *asked[:-3], "magic", "--out", str(out))
    assert code == 2
    assert "no rung" in refused["error"]


def test_more_time_is_for_the_newest_search_and_for_one_that_nobody_runs(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")

    def searched(seed: int) -> Run:
        run_job(ws, ws.search.start(project, Plan(60, 1, families=("linear",), max_trials=1, folds=2, seed=seed)).id)
        job = queue.jobs(ws.context.store, project)[-1]
        queue.lease(ws.context.store, job_id=job.id)
        queue.finish(ws.context.store, job.id)
        return ws.search.needed(project)

    first, second = searched(0), searched(1)
    asked = ("--budget", "5", "--out", str(tmp_path / "m.zip"))
    code, refused = call(capsys, "more", first.id, *asked)
    assert code == 2
    assert "not the newest" in refused["error"]
    assert second.id in refused["error"]
    waiting = ws.search.more(project, 60)  # from the page: a worker has it, or will
    code, refused = call(capsys, "more", second.id, *asked)
    assert code == 2
    assert "under way" in refused["error"]
    assert queue.job(ws.context.store, waiting.id).active
    assert not (tmp_path / "m.zip").exists()
    with pytest.raises(BadInput, match="could not be written") as lost:  # the place went bad while the search ran
        ws.file_training._written(second, tmp_path)
    assert second.id in lost.value.hint


@pytest.mark.parametrize(("place", "sentence"), [("models", "is a folder"), ("notes.txt/m.zip", "could not be written"),
                                                 ("models/" + 300 * "m", "could not be written")])
def test_a_place_where_nothing_can_be_written_is_refused_before_the_search(
        place: str, sentence: str, home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "notes.txt").write_text("A file, and no folder.", encoding="utf-8")
    out = str(tmp_path / place)
    for asked in (("train", "sample:diabetes", "--target", sample_target("diabetes")), ("more", "run_any")):
        code, refused = call(capsys, *asked, "--budget", "5", "--out", out)
        assert code == 2
        assert sentence in refused["error"]
    assert here.fits == []
    assert list((tmp_path / "models").iterdir()) == []


def sample_target(name: str) -> str:
    from automl_core.samples import samples

    return samples().get(name).target


def test_predict(bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scored.csv"
    code, data = call(capsys, "predict", str(bundle), str(table), "--out", str(out), "--reasons")
    assert code in (0, 1)
    assert (data["rows"], data["refused"]) == (400, 0)
    has(data, ("rows", "refused", "flagged", "seconds"))
    with out.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 400
    has(rows[0], ("prediction", "probability_Yes", "probability_No", "_quality", "_reasons"))
    assert sum(bool(row["_reasons"]) for row in rows) == 400


def test_scored_rows_are_written_as_the_file_is_named(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a name that ends in .xlsx stood the bytes of a CSV; a name that says another kind is refused before scoring."""
    out = tmp_path / "scored.xlsx"
    assert call(capsys, "predict", str(bundle), str(table), "--out", str(out))[0] in (0, 1)
    lines = list(load_workbook(out).active.values)
    assert ("prediction" in lines[0], len(lines)) == (True, 401)
    monkeypatch.setattr(Files, "predict", _too_late)
    code, refused = call(capsys, "predict", str(bundle), str(table), "--out", str(tmp_path / "scored.txt"))
    assert (code, "is no name of a CSV or an Excel file" in refused["error"]) == (2, True)


def test_explain_and_one_row(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "explain", str(bundle), str(table), "--row", "3")
    assert code == 0
    has(data, ("importance", "base", "rows", "row"))
    has(data["importance"][0], ("column", "share", "rank_low", "rank_high", "stable"))
    parts = sum(part["amount"] for part in data["row"]["contributions"])
    assert data["row"]["base"] + parts == pytest.approx(data["row"]["prediction"], abs=1e-6)
    assert data["label"] == "Yes"
    code, other = call(capsys, "explain", str(bundle), str(table), "--row", "3", "--class", "No")
    assert (code, other["label"]) == (0, "No")
    assert data["base"] + other["base"] == pytest.approx(100)
    assert data["row"]["prediction"] + other["row"]["prediction"] == pytest.approx(100)
    code, refused = call(capsys, "explain", str(bundle), str(table), "--class", "Maybe")
    assert code == 2
    assert refused["error"] == "“churned” has no class “Maybe”. Give one of “No”, “Yes”."


def quickly(patch: pytest.MonkeyPatch, bundle: Path) -> None:
    """The whole model is explained as the search did it."""
    told = from_json(Explanation, load_bundle(bundle).facts["explanation"])
    patch.setattr(file_rows, "rows_explained", lambda bundle, frame, label: told)


def test_a_row_that_is_not_there_is_refused_before_the_model_is_looked_at(
        bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It was after the whole model had been explained, which may take a minute."""
    for module in (files_module, file_rows):
        monkeypatch.setattr(module, "cleaned_rows", _too_late)
    code, refused = call(capsys, "explain", str(bundle), str(table), "--row", "99999")
    assert code == 2
    assert refused["error"] == "There is no row 99999 in this file. Choose one from 0 to 399."


def test_one_row_is_explained_without_opening_cleaning_or_predicting_the_file_again(
        bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle and the file were opened twice, the rows cleaned three times and all predicted."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    quickly(monkeypatch, bundle)
    begun: list[str] = []

    def counted(module: Any, name: str) -> None:
        told = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, **named: (begun.append(name), told(*given, **named))[1])

    for module, name in ((Files, "_raw"), (files_module, "load_bundle"), (files_module, "cleaned_rows"),
                         (file_rows, "cleaned_rows"), (file_rows, "kept_table"), (file_risks, "kept_table"),
                         (file_risks, "_said")):
        counted(module, name)
    code, _ = call(capsys, "explain", str(bundle), str(table), "--row", "3")
    assert code == 0
    assert sorted(begun) == ["_raw", "cleaned_rows", "kept_table", "load_bundle"]


def test_one_row_is_told_with_how_sure_it_is_and_past_rows_like_it_as_on_the_page(
        bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command gave the reasons alone; of a row of the search's table it says what the page says, of a new one the like."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    quickly(monkeypatch, bundle)
    ws = Workspace.open()
    run = ws.search.run(str(load_bundle(bundle).facts["run"]))
    rows = ws.files.open("sample:subscription_churn").frame.head(300)
    new = rows.head(1).assign(customer_id="nobody", monthly_fee=99_999.0)
    path = tmp_path / "rows.csv"
    pd.concat([rows, new]).to_csv(path, index=False)
    position = int(ws.search.predictions(run).positions[7])
    around = to_json(ws.explain.row_context(run.project_id, position))
    code, data = call(capsys, "explain", str(bundle), str(path), "--row", str(position))
    told = data["row"]
    assert code == 0
    assert {name: told[name] for name in around} == json.loads(json.dumps(around))
    assert (len(told["neighbours"]), told["note"]) == (5, file_rows.REASONS)
    assert "had not seen them" in told["sureness"]["sentence"]
    assert main(["explain", str(bundle), str(path), "--row", "300", "--class", "No"]) == 0
    words = capsys.readouterr().err.splitlines()
    assert any("had “churned” = “No” (95 % range " in line and "had not seen them" not in line for line in words)
    assert any(line.startswith("“monthly_fee” = 99") and line.endswith(
        " lies above almost all past rows. Be careful with this answer.") for line in words)
    assert sum(" % alike, predicted " in line and ", outcome " in line for line in words) == 5
    assert words[-1].startswith("  ")  # all is told


@pytest.mark.parametrize("row", [0, 400])
def test_a_bundle_alone_says_of_one_row_what_it_can(
        row: int, bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch, bundle)
    rows = pd.read_csv(table)
    pd.concat([rows, rows.head(1).assign(customer_id="nobody", monthly_fee=99_999.0)]).to_csv(table, index=False)
    code, data = call(capsys, "explain", str(bundle), str(table), "--row", str(row))
    assert code == 0
    assert (data["row"]["sureness"], data["row"]["neighbours"]) == (None, [])
    assert data["row"]["flags"] == (["99999 in “monthly_fee” is outside what training had."] if row else [])
    assert data["row"]["note"] == f"{file_rows.PERHAPS} {file_rows.NO_PAST}"


def test_a_bundle_alone_knows_how_far_off_its_numbers_are() -> None:
    model = SimpleNamespace(bands=Bands((), (-3.0,), (5.0,)))
    alone: Any = SimpleNamespace(model=model, predict=lambda frame: frame.assign(_reasons=""))
    sure = file_rows._alone(alone, pd.DataFrame({"a": [1.0]}), RowExplanation(20.0, 10.0, (), "points", "", "")).sureness
    assert sure is not None
    assert (sure.rows, sure.low, sure.high) == (0, 17.0, 25.0)
    assert sure.sentence == "Predicted 20; nine of ten such rows lie between 17 and 25."


def test_the_clock_does_not_decide_what_is_explained(bundle: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load, the same row of the same bundle and file got other figures on each run."""
    from automl_core.explaining.reference import Reference
    from automl_core.workspace import files as module

    counted: list[int] = []
    monkeypatch.setattr(module, "with_evidence", lambda told, model, past, seconds, fits=0: [counted.append(fits), told][1])
    file_rows = Workspace.open().file_rows
    before = file_rows.explain(str(bundle), str(table), position=3)
    monkeypatch.setattr(Reference, "round_seconds", lambda made: 0.1)
    monkeypatch.setattr(Reference, "meeting_seconds", lambda made: 0.1)
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: False)
    after = file_rows.explain(str(bundle), str(table), position=3)
    assert to_json(after) == to_json(before)
    assert min(counted) > 0  # so many refits, not as many as there is time for


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
    assert "Act on the 50 rows that are worth most to act on, by their risk and “monthly_fee”" in told
    assert "at stake (risk times worth) would have brought" in told
    assert "Most money, " in told
    with ranked.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    risks, worths = ([float(row[name]) for row in rows] for name in ("prediction", "expected_value"))
    assert worths == sorted(worths, reverse=True)
    assert risks != sorted(risks, reverse=True)


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
    monkeypatch.setattr(Files, "_raw", _too_late)
    goal = goal_file(tmp_path)
    goal.write_text(goal.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    code, refused = call(capsys, "act", str(bundle), str(table), "--goal", str(goal))
    assert code == 2
    assert re.search(words, refused["error"])


@pytest.mark.parametrize(("text", "dropped", "words"), [
    ('never = ["agee"]', (), "no column “agee”.*as “never”"), ('later = ["agee"]', (), "as “later”"),
    ("", ("churned",), "The file has no outcomes in “churned”"), ("", ("newsletter",), "The file has no column “newsletter”"),
    ('[[lever]]\ncolumn = "monthly_fee"\nto = -5.0', ("monthly_fee",), "The file has no column “monthly_fee”"),
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
    with monkeypatch.context() as patch:
        patch.setattr(file_findings, "safe_recipe", _too_late)
        asked = ("compare", str(table), "--target", "churned")
        for wrong, words in ((("--first", "contrct=a"), "no column “contrct”"), (("--first", "contract"), "is no condition"),
                             (("--when", "sinse", "--since", "2022"), "“sinse”"), ((), "Two groups or two periods")):
            code, refused = call(capsys, *asked, *wrong)
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


def _too_late(*given: Any, **named: Any) -> None:
    raise AssertionError("the work had begun")


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

    learned, goal = pd.read_csv(table), str(goal_file(tmp_path, lever=False))
    out, ranked = tmp_path / "new.csv", tmp_path / "r.csv"

    def told(rows: pd.DataFrame) -> tuple[int, int, str]:
        rows.to_csv(out, index=False)
        code, data = call(capsys, "act", str(bundle), str(out), "--goal", goal, "--ranked", str(ranked))
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
        assert len(pd.read_csv(ranked)) == 50
        code, left_out, notes = told(bare)
        assert (code, left_out) == (0, 0)
        assert ("learned from" in notes) == (home is None)  # there what was said of the learned ones out of fold is as true
        code, left_out, _ = told(learned.drop(columns="customer_id"))
        assert left_out == (400 if home is None else 0)


def test_monitor(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "monitor", str(bundle), str(table), "--outcomes", str(table))
    assert code in (0, 1)
    has(data, ("status", "contract", "columns", "prediction_drift", "estimate", "realised"))
    assert data["status"] in ("ok", "watch", "act")
    assert data["realised"]["value"] > 0.6


@pytest.mark.parametrize(("words", "sentence"), [
    (("--hand-over", "nonsense"), "no rung"), (("--seed", "-1"), "cannot be used"), (("--trials", "-3"), "cannot be used"),
    (("--folds", "900"), "cannot be used"), (("--drop", "target"), "cannot be dropped"), (("--ordered",), "words do not say"),
    (("--ordered", "low,high"), "not the classes"), (("--target", "huge"), "beyond 1e"),
])
def test_train_refuses_before_it_searches(words: tuple[str, ...], sentence: str, home: Path, tmp_path: Path, here: HereExecutor,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    steps = ["low", "mid", "high", "top"]
    lines = [f"{number},{steps[number % 4]},{number}e120" for number in range(80)]
    path.write_text("\n".join(["amount,target,huge", *lines]), encoding="utf-8")
    target = () if "--target" in words else ("--target", "target")
    asked = ("train", str(path), *target, *words, "--budget", "60", "--jobs", "1", "--out", str(tmp_path / "m.zip"))
    code, data = call(capsys, *asked)
    assert code == 2
    assert sentence in data["error"]
    assert not here.fits
    assert not (tmp_path / "m.zip").exists()


def test_the_check_beside_a_search_knows_when_the_budget_ends(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def refused(self: Framing, project: str, inputs: Inputs, watch: object, pace: Pace) -> None:
        seen.append(pace.until - time.monotonic())
        raise BadInput("Seen.", "")

    monkeypatch.setattr(Framing, "run_check", refused)
    code, data = call(capsys, "train", "sample:diabetes", "--target", "progression", "--budget", "50", "--jobs", "1",
                      "--out", str(tmp_path / "m.zip"))
    assert code == 2
    assert "Seen." in data["error"]
    assert 0 < seen[0] <= 35


def test_steps_in_the_order_given(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    steps = ["low", "mid", "high", "top"]
    path.write_text("\n".join(["amount,target", *(f"{k % 97 / 10},{steps[min(3, k % 97 // 25)]}" for k in range(400))]), "utf-8")
    code, data = call(capsys, "train", str(path), "--target", "target", "--ordered", "low,mid,high,top", "--metric",
                      "ranked_probability", "--trials", "3", "--families", "ordered,linear", "--jobs", "1",
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


@pytest.mark.parametrize(("words", "error"), [
    (("--jobs", "-3"), "-3 workers cannot search. Give --jobs of 1 or more; 0 takes as many as the settings say."),
    (("--budget", "0.5"), "A budget of 0.5 seconds cannot be searched. Give 1 second or more, up to a day."),
])
def test_budgets_and_workers_that_no_search_can_have(
        words: tuple[str, ...], error: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, refused = call(capsys, "train", "sample:diabetes", "--target", "progression", *words, "--out", str(tmp_path / "m.zip"))
    assert (code, refused["error"]) == (2, error)


def test_another_rung_is_chosen_by_its_name_and_stays_chosen(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    """It could be named only before the search, and more time forgot what had been chosen."""
    out, other = tmp_path / "m.zip", tmp_path / "other.zip"
    code, first = call(capsys, "train", "sample:diabetes", "--target", "progression", "--families", "linear,rule",
                       "--trials", "2", "--folds", "3", "--jobs", "1", "--out", str(out))
    assert first["model"]["family"] == "linear"
    code, chosen = call(capsys, "choose", first["run"], "rule", "--out", str(other))
    assert (code, chosen["model"]["family"]) == (0, "rule")
    assert chosen["run"] != first["run"]
    assert load_bundle(other).facts["run"] == chosen["run"]
    search = Workspace.open().search
    kept = search.run(chosen["run"])
    assert kept.by_hand == "rule"
    explained = Workspace.open().context.store.latest(kept.project_id, "explanation", parent_id=kept.id)
    assert explained is not None  # of this model, not of the other
    code, again = call(capsys, "choose", first["run"], "rule", "--out", str(other))
    assert (code, again["run"]) == (0, chosen["run"])
    code, more = call(capsys, "more", chosen["run"], "--budget", "1", "--out", str(other))
    assert (code, more["model"]["family"]) == (0, "rule")
    code, back = call(capsys, "more", more["run"], "--budget", "1", "--hand-over", "linear", "--out", str(other))
    assert (code, back["model"]["family"]) == (0, "linear")
    code, refused = call(capsys, "choose", back["run"], "magic", "--out", str(other))
    assert (code, refused["error"].startswith("There is no rung “magic” to hand over. Choose one of: rule,")) == (2, True)


@pytest.mark.parametrize("rare", [1, 2, 3])
def test_a_few_rows_of_a_class_are_searched_and_a_single_one_is_refused(
        rare: int, home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a single one a model was handed over, with a score of nan."""
    path, out = tmp_path / "rows.csv", tmp_path / "m.zip"
    lines = [f"{k % 97},{k % 7},{'Yes' if k % 100 == 50 and k < 100 * rare else 'No'}" for k in range(300)]
    path.write_text("\n".join(["a,b,t", *lines]), encoding="utf-8")
    code, data = call(capsys, "check", str(path), "--target", "t")
    assert (code == 1, data["verdict"], data["positive"]) == (rare == 1, "not_enough_data", "Yes")
    code, data = call(capsys, "train", str(path), "--target", "t", "--families", "linear", "--trials", "1", "--jobs", "1",
                      "--out", str(out))
    if rare == 1:
        assert (code, here.fits, out.exists()) == (2, [], False)
        assert data["error"].startswith("Only one row has “Yes” in “t”, so no model of it can be judged. Add rows that have it,")
        return
    assert code in (0, 1)
    assert 0 <= data["score"]["low"] <= data["score"]["mean"] <= data["score"]["high"] <= 1
    code, told = call(capsys, "explain", str(out), str(path), "--row", "50")
    assert (code, told["label"]) == (0, "Yes")


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_request_to_end_keep_the_best(asked: signal.Signals, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.zip"
    command = [sys.executable, "-m", "automl_core", "train", "sample:subscription_churn", "--target", "churned",
               "--families", "linear,lightgbm", "--budget", "600", "--out", str(out), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    end = time.monotonic() + 90
    while not any("fit" in path.read_text() for path in home.rglob("trials.jsonl")) and time.monotonic() < end:
        time.sleep(0.2)
    if asked == signal.SIGTERM:
        os.kill(process.pid, asked)  # `timeout` asks the command first
    os.killpg(process.pid, asked)  # as a terminal or `timeout` does: to the command and all its workers
    answer, told = process.communicate(timeout=60)
    assert process.returncode in (0, 1), told
    assert json.loads(answer.strip().splitlines()[-1])["model"]["family"]
    assert "Traceback" not in told
    assert out.exists()


KILLED = """
import os, signal, sys
import pytest
from automl_core.cli import main
from tests.unit.test_search_race import HereExecutor, fit_here

class Killed(HereExecutor):
    def submit(self, task, *arguments):
        if len(self.fits) == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().submit(task, *arguments)

fit_here(pytest.MonkeyPatch(), Killed())
main(sys.argv[1:])
"""


def test_a_killed_command_asked_again_goes_on_from_what_was_fitted(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["a,b,target", *(f"{k % 97},{k % 3},{k % 97 + 5 * (k % 3)}" for k in range(120))]), "utf-8")
    asked = ["train", str(path), "--target", "target", "--families", "linear,rule", "--trials", "2", "--folds", "3",
             "--jobs", "1", "--out", str(tmp_path / "m.zip")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *asked], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (journal,) = home.rglob("trials.jsonl")
    left = {(line["key"], line["fold"]) for line in map(json.loads, journal.read_text("utf-8").splitlines())
            if line["kind"] == "fit"}
    assert len(left) >= 3
    ws = Workspace.open()
    table = ws.files.open(str(path))

    def anew(rows: Table, *other: str) -> bool:
        return "journal" not in ws.file_training._begun(rows, request_of(_parser().parse_args([*asked, *other])))[0].body

    assert anew(table, "--seed", "1")
    assert anew(replace(table, origin=replace(table.origin, sha256="of another file")))
    code, data = call(capsys, *asked)
    assert (code, data["resumed"]) == (0, len(left))
    assert left.isdisjoint(here.fits)
    assert {trial["family"] for trial in data["leaderboard"]} == {"linear", "rule"}
    assert anew(table)  # it has ended


def test_a_command_that_is_silent_for_long_is_known_to_live(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another machine a process is known by its heartbeat alone: refits and explaining say nothing for longer than that."""
    monkeypatch.setattr(file_training, "BEAT", 0.02)
    ws = Workspace.open()
    store = ws.context.store
    job = queue.enqueue(store, ws.projects.create("rows"), "search", {}, worker="command line")

    def beaten() -> datetime:
        found = queue.job(store, job.id).heartbeat
        assert found is not None
        return found

    with ws.file_training._own(job):
        before, until = beaten(), time.monotonic() + 5.0
        while beaten() == before and time.monotonic() < until:
            time.sleep(0.02)
        assert beaten() > before
        assert [one.name for one in threading.enumerate()].count("command beat") == 1
    assert queue.job(store, job.id).state == "done"
    assert "command beat" not in [one.name for one in threading.enumerate()]


def test_the_second_ctrl_c_leaves_a_search_that_can_be_gone_on_with(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("train", "sample:diabetes", "--target", "progression", "--families", "rule", "--trials", "1", "--folds", "3",
             "--jobs", "1", "--out", str(tmp_path / "m.zip"))

    def stopped(task: Any, *arguments: Any) -> Any:
        if len(here.fits) == 2:
            raise KeyboardInterrupt
        return HereExecutor.submit(here, task, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(here, "submit", stopped)
        assert main(asked) == 3
    before = capsys.readouterr().err
    assert "Stopped." in before
    assert main(asked) in (0, 1)
    told = capsys.readouterr().err
    assert "It went on from 2 fits that an interrupted search had left." in told
    run = str(load_bundle(tmp_path / "m.zip").facts["run"])  # the text named no id, which report, more and fairness take
    assert f"This search is {run}. Next, for its report: python -m automl_core report {run} --out report.html" in told
    assert f"python -m automl_core explain {tmp_path / 'm.zip'} FILE --row 0" in told


def test_who_ends_a_search_waits_neither_for_the_check_nor_for_an_exact_explanation(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    check, asked = Framing.run_check, searching.every_class

    def noted(self: Framing, project: str, inputs: Inputs, watch: Any, pace: Pace) -> None:
        seen["pace"] = pace
        check(self, project, inputs, watch, pace)

    def timed(model: Any, y: Any, seed: int, seconds: float) -> Any:
        seen["seconds"] = seconds
        return asked(model, y, seed, seconds)

    monkeypatch.setattr(Framing, "run_check", noted)
    monkeypatch.setattr(searching, "every_class", timed)
    monkeypatch.setattr(JobWatch, "stop", lambda self: "finish")
    code, data = call(capsys, "train", "sample:diabetes", "--target", "progression", "--budget", "120", "--jobs", "1",
                      "--families", "linear,lightgbm", "--out", str(tmp_path / "m.zip"))
    assert code in (0, 1)
    assert seen["pace"].over()
    assert seen["seconds"] <= 0.5
    assert {"legible", "single"} <= {name for offer in data["ladder"] for name in (offer["name"], *offer["also"])}


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


def test_a_swapped_file_in_the_bundle_is_refused(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = tmp_path / "swapped.zip"
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(swapped, "w") as target:
        for info in source.infolist():
            body = source.read(info)
            target.writestr(info, body + b" " if info.filename.endswith("model.json") else body)
    assert main(["predict", str(swapped), str(table), "--out", str(tmp_path / "s.csv")]) == 2
    assert "Traceback" not in capsys.readouterr().err
