"""Commands that search: what they answer and refuse, more time, other rungs, and what is left when they are stopped."""
from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core import Workspace, cli
from automl_core import jobs as queue
from automl_core.cli import _parser, main
from automl_core.cli_problem import request_of
from automl_core.codec import from_json, to_json
from automl_core.data.table import Table
from automl_core.errors import BadInput
from automl_core.framing import Pace
from automl_core.framing.problem import Verdict
from automl_core.jobs import JobWatch
from automl_core.production import load_bundle
from automl_core.search.plan import Plan, Score, against_baseline
from automl_core.workspace import file_training, search_job
from automl_core.workspace.goal import Framing, Inputs
from automl_core.workspace.running import run_job
from automl_core.workspace.searched import _fitted
from automl_core.workspace.views import Run
from tests.unit.commands import call, has
from tests.unit.searching import HereExecutor, larger_steps


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
        assert (code, data["warnings"][:2]) == (1, wanted)  # then columns that copies let know the answer
        assert set(wanted) <= set(told.err.splitlines())
    _, again = call(capsys, "more", data["run"], "--budget", "1", "--out", out)
    assert again["warnings"][:2] == [wanted[0], wanted[1].partition(" Give --")[0]]  # `more` has no such option
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
                 "--out", out, "--json"]) == 1
    told = capsys.readouterr()
    data = json.loads(told.out.strip().splitlines()[-1])
    assert data["score"]["mean"] < data["baseline"]["mean"]
    worse = "It is not better than the same guess for every row (0.5000): do not use it."
    assert told.err.count(worse) == 1
    assert data["warnings"] == [worse]
    run = Workspace.open().search.run(data["run"])
    assert run.summary is not None
    fewer = replace(run, summary=replace(run.summary, leaderboard=()))
    verdict = Verdict("average", "binary", "", (), (), "", 0, 60)
    one = replace(run, summary=replace(run.summary, tried_all=False))
    unjudged, other = (replace(run, summary=replace(run.summary, leaderboard=tuple(
        replace(trial, fold_scores=(score, *trial.fold_scores[1:])) for trial in run.summary.leaderboard)))
        for score in (float("nan"), 0.25))
    assert _fitted(unjudged) == _fitted(from_json(Run, to_json(unjudged)))
    # one that was fitted anew is an addition, too: columns that had been lost were learned
    for before, added in ((replace(run, summary=replace(run.summary, tried_all=False)), False), (fewer, True), (other, True)):
        stand = SimpleNamespace(file_training=SimpleNamespace(more=lambda *arguments: (one, verdict)),
                                search=SimpleNamespace(runs=lambda project, earlier=before: (run, earlier)))
        monkeypatch.setattr(cli, "_open", lambda stand=stand: stand)
        assert main(["more", run.id, "--budget", "1", "--out", out]) in (0, 1)
        assert ("No further candidate was fitted in this time." in capsys.readouterr().err) != added


def test_a_column_that_knows_the_answer_is_among_the_warnings(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code was 1 and its warnings empty; more time where nothing is left to try says that, too."""
    path, out = tmp_path / "rows.csv", str(tmp_path / "m.zip")
    lines = [f"{k % 97},{k % 7},{k % 2},{'Yes' if k % 2 else 'No'}" for k in range(300)]
    path.write_text("\n".join(["a,b,left_at,t", *lines]), encoding="utf-8")
    code, data = call(capsys, "train", str(path), "--target", "t", "--families", "rule", "--trials", "5", "--jobs", "1",
                      "--folds", "3", "--out", out)
    leak = "“left_at” seems to know the answer in advance. Alone, it ranks 100 % of pairs right: is it known before the outcome?"
    assert (code, leak in data["warnings"], data["stopped"]) == (1, True, False)
    _, checked = call(capsys, "check", str(path), "--target", "t")
    assert data["leaks"] == checked["leaks"]
    assert {found["severity"] for found in data["leaks"] if found["column"] == "left_at"} == {"red"}
    assert main(["more", data["run"], "--budget", "20", "--out", out]) == 1
    told = capsys.readouterr().err
    assert leak in told.splitlines()
    assert "No further candidate was fitted: nothing was left to try." in told.splitlines()
    assert "in this time" not in told


@pytest.mark.parametrize(("mean", "low", "high", "greater", "said"), [
    (0.005, 0.001, 0.02, True, "It is worse than the same guess for every row (0.5000): do not use it."),
    (0.442, 0.38, 0.51, True, "It is not better than the same guess for every row (0.5000): do not use it."),
    (0.51, 0.45, 0.57, True, ""), (0.442, 0.38, 0.51, False, ""), (float("nan"), 0.1, 0.2, True, "")])
def test_what_is_said_of_a_score_beside_its_baseline(mean: float, low: float, high: float, greater: bool, said: str) -> None:
    assert against_baseline(Score(mean, low, high), Score(0.5, 0.5, 0.5), greater) == said


def test_train_answers_with_every_key(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.zip"
    target = sample_target("diabetes")
    code, data = call(capsys, "train", "sample:diabetes", "--target", target, "--budget", "60", "--trials", "3", "--families",
                      "linear,lightgbm", "--jobs", "1", "--out", str(out))
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
    data = json.loads(answer.strip().splitlines()[-1])
    assert data["model"]["family"]
    assert data["stopped"] is True
    assert re.search(r"^Stopped after \d+ of 600 s\.$", told, re.MULTILINE)
    assert "Traceback" not in told
    assert out.exists()


KILLED = """
import os, signal, sys
import pytest
from automl_core.cli import main
from tests.unit.searching import HereExecutor, fit_here

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


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_that_comes_while_something_is_written_waits_for_no_lock(home: Path, asked: signal.Signals) -> None:
    """It wrote from inside whatever it had interrupted: after ten seconds that failed, of a busy store."""
    ws = Workspace.open()
    job = queue.enqueue(ws.context.store, ws.projects.create("rows"), "search", {}, worker="command line")
    before = signal.getsignal(asked)
    with ws.file_training._own(job) as watch:
        assert watch.stop() == ""
        with ws.context.store.database.write():
            began = time.monotonic()
            signal.raise_signal(asked)
            assert time.monotonic() - began < 1.0
        assert watch.stop() == "finish"
    assert signal.getsignal(asked) == before


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


def test_a_full_disk_is_named_and_leaves_a_search_that_can_be_gone_on_with(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("train", "sample:diabetes", "--target", "progression", "--families", "rule", "--trials", "1", "--folds", "3",
             "--jobs", "1", "--out", str(tmp_path / "m.zip"))
    sync = os.fsync

    def full(handle: int) -> None:
        if len(here.fits) == 3 and Path(f"/proc/self/fd/{handle}").readlink().parent.name == "fits":
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert main(asked) == 3
    assert capsys.readouterr().err.endswith("The disk of the data folder is full. Free some space and try again.\n")
    assert main(asked) in (0, 1)
    assert "It went on from 2 fits that an interrupted search had left." in capsys.readouterr().err


def test_who_ends_a_search_waits_neither_for_the_check_nor_for_an_exact_explanation(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    check, asked = Framing.run_check, search_job.every_class

    def noted(self: Framing, project: str, inputs: Inputs, watch: Any, pace: Pace) -> None:
        seen["pace"] = pace
        check(self, project, inputs, watch, pace)

    def timed(model: Any, y: Any, seed: int, seconds: float) -> Any:
        seen["seconds"] = seconds
        return asked(model, y, seed, seconds)

    monkeypatch.setattr(Framing, "run_check", noted)
    monkeypatch.setattr(search_job, "every_class", timed)
    monkeypatch.setattr(JobWatch, "stop", lambda self: "finish")
    code, data = call(capsys, "train", "sample:diabetes", "--target", "progression", "--budget", "120", "--jobs", "1",
                      "--families", "linear,lightgbm", "--out", str(tmp_path / "m.zip"))
    assert code in (0, 1)
    assert seen["pace"].over()
    assert seen["seconds"] <= 0.5
    assert data["stopped"] is True
    assert {"legible", "single"} <= {name for offer in data["ladder"] for name in (offer["name"], *offer["also"])}


def test_the_command_tells_every_rung_and_teaches_a_student(
        home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--json` nothing was said of the ladder, though it says to choose a rung of it."""
    larger_steps(monkeypatch)
    path = tmp_path / "rows.csv"
    random = np.random.default_rng(0)
    numbers = random.normal(size=(200, 3)).round(3)
    said = np.where(numbers.sum(axis=1) + random.normal(0, 1, 200) > 0, "Yes", "No")
    path.write_text("\n".join(["a,b,c,t", *(f"{','.join(map(str, row))},{one}" for row, one in zip(numbers, said, strict=True))]),
                    encoding="utf-8")
    asked = ["train", str(path), "--target", "t", "--families", "linear,lightgbm", "--trials", "3", "--folds", "3", "--jobs", "1",
             "--student", "--money", "true_positive=5,false_positive=-1", "--out", str(tmp_path / "m.zip")]
    assert main(asked) in (0, 1)
    lines = capsys.readouterr().err.splitlines()
    rungs = lines[lines.index("What could be handed over (* is):") + 1:]
    told = [line for line in rungs if line.startswith(("* ", "- "))]
    assert sum(line.startswith("* ") for line in told) == 1
    taught = next(line for line in told if "student" in line.split(":")[0])
    assert "taught by the ensemble" in taught
    assert all(" ms a row (p95 " in line and " in money a row" in line for line in told)
    _, data = call(capsys, *asked)
    assert any("student" in (offer["name"], *offer["also"]) for offer in data["ladder"])
