"""The race on a small table: time, resume, stop, hand-over. Two workers, budgets of seconds."""
from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput, Cancelled, Conflict
from automl_core.framing.metrics import METRICS
from automl_core.framing.score_interval import paired_difference
from automl_core.search import FolderJournal, Outcome, SearchData, best_first, entry, handover, lock, portfolio, search
from automl_core.search import refits as refits_module
from automl_core.search.calibration import Calibration
from automl_core.search.contest import Clock, Contest
from automl_core.search.crew import Crew
from automl_core.search.ensemble import Electorate, bagged_weights, blend, greedy_weights, sampled
from automl_core.search.executors import open_executor
from automl_core.search.families import families
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import is_log
from automl_core.search.offers import Ballot, Offer, choose, make_offers
from automl_core.search.opening import open_contest
from automl_core.search.plan import Candidate, Plan, Score, Trial
from automl_core.search.portfolio import Views, candidate_cap, make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.race import GRACE, LATE_FIT, Race
from automl_core.search.refits import refit
from automl_core.search.schedule import Moment, next_place, open_folds
from automl_core.search.telling import tell
from automl_core.search.watch import SilentWatch
from automl_core.search.worker import run_extras, run_fit
from automl_core.workspace import headstart
from tests.unit.modelling import PROBLEMS, make_frame

FAST = ("linear", "lightgbm")


def make_data(task: str = "binary", rows: int = 400) -> SearchData:
    table = table_from_frame(make_frame(rows), "customers")
    return SearchData(table.frame, table.columns, PROBLEMS[task])


class Log:
    """A watch that remembers, and asks for a stop after some trials."""

    def __init__(self, stop: str = "", after: int = 0) -> None:
        self.trials: list[Trial] = []
        self.fractions: list[float] = []
        self.how, self.after = stop, after

    def trial(self, trial: Trial) -> None:
        self.trials.append(trial)

    def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
        self.fractions.append(fraction)
        assert sentence

    def stop(self) -> str:
        return self.how if len(self.trials) >= self.after else ""


class HereExecutor:
    """Fits in this process, at once: for tests of what the race decides."""

    def __init__(self) -> None:
        self.fits: list[tuple[str, int]] = []

    def share(self, arrays: dict[str, Any]) -> Any:
        return arrays

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if task is run_fit:
            self.fits.append((arguments[1].key, arguments[1].fold))
        if task in (run_fit, run_extras):
            future.set_result(task(*arguments))
        else:
            future.set_result(None)
        return future

    def rebuild(self) -> None:
        """Nothing to start anew."""

    def close(self) -> None:
        """Nothing to end."""


def fit_here(monkeypatch: pytest.MonkeyPatch, executor: HereExecutor | None = None) -> HereExecutor:
    """Searches of this test, those of the command line, too, fit in this process and average two seeds in a refit instead of
    five: how many of them there are is asked of tests/unit/test_search_refits.py."""
    executor = executor or HereExecutor()
    monkeypatch.setattr(entry, "open_executor", lambda *arguments: executor)
    monkeypatch.setattr(headstart, "LocalExecutor", lambda jobs: executor)
    monkeypatch.setattr(refits_module, "MOST_BAGS", 2)
    return executor


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> HereExecutor:
    return fit_here(monkeypatch)


def assert_sound(outcome: Outcome, data: SearchData, log: Log) -> None:
    summary = outcome.summary
    assert len(outcome.oof) == len(outcome.y) == len(outcome.positions)
    assert np.isfinite(outcome.oof).all()
    assert sum(rung.chosen for rung in summary.ladder) == 1
    assert {trial.key for trial in summary.leaderboard} >= {trial.key for trial in log.trials}
    assert summary.score.low <= summary.score.mean <= summary.score.high
    prediction = outcome.model.predict_frame(data.frame)
    numbers = [name for name in data.frame.columns if data.frame[name].dtype.kind in "if"]
    row = outcome.model.predict_row({name: data.frame[name].iloc[0] for name in numbers})
    assert np.isfinite(np.asarray(row)).all()
    assert np.isfinite(prediction).all()


def test_in_worker_processes(tmp_path: Path) -> None:
    data, log = make_data(), Log()
    began = time.monotonic()
    outcome = search(data, Plan(budget_seconds=8, jobs=2, families=FAST, max_trials=3), FolderJournal(tmp_path), log)
    assert time.monotonic() - began < 1.05 * 8 + 2 + 2
    assert_sound(outcome, data, log)
    assert outcome.summary.score.mean > 0.7 > outcome.summary.baseline.mean
    assert log.fractions == sorted(log.fractions)


def test_a_matrix_that_the_workers_have_is_not_kept_beside_them(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []

    class Seen(Race):
        def run(self) -> None:
            shapes.append((self.prepared.matrix.shape, self.prepared.shape))
            super().run()

    monkeypatch.setattr(entry, "Race", Seen)
    data = make_data(rows=300)
    search(data, Plan(60, 1, families=("linear",), folds=3, max_trials=1), FolderJournal(tmp_path))
    width = shapes[0][1][1]
    assert shapes == [((0, width), (300, width))]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task(task: str, tmp_path: Path, here: HereExecutor) -> None:
    data, log = make_data(task), Log()
    outcome = search(data, Plan(20, 2, families=FAST, folds=3, max_trials=3), FolderJournal(tmp_path), log)
    assert_sound(outcome, data, log)
    metric = METRICS[data.problem.metric]
    score = metric.score(outcome.y, outcome.oof)
    assert score == pytest.approx(outcome.summary.score.mean)
    assert metric.sign * score > metric.sign * outcome.summary.baseline.mean
    if task == "regression":
        low, high = outcome.model.bands.around(outcome.oof)
        assert 0.88 <= np.mean((low <= outcome.y) & (outcome.y <= high)) <= 0.93


def test_intervals_of_a_number_that_is_never_negative_do_not_go_below_nought(tmp_path: Path, here: HereExecutor) -> None:
    data, plan = make_data("regression"), Plan(20, 2, families=("linear",), folds=2, max_trials=1)
    assert search(data, plan, FolderJournal(tmp_path / "both")).model.bands.least is None
    data = replace(data, frame=data.frame.assign(value=data.frame["value"].clip(lower=0.0)))
    model = search(data, plan, FolderJournal(tmp_path / "none")).model
    low, high = model.bands.around(np.array([-400.0, 0.0, 50.0]))
    assert low.min() == 0.0
    assert high.min() > 0.0  # what a line says of the first row is no reason to promise just nought


def test_probabilities_of_weighted_rows_are_calibrated_by_their_weights(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def noting(*arguments: Any) -> tuple[Calibration, Any]:
        told.extend(arguments[4:])
        return Calibration(0.5), arguments[2]

    monkeypatch.setattr(handover, "calibrate", noting)
    data = make_data()
    data = replace(data, frame=data.frame.assign(weight=np.arange(1.0, 401.0), shop=np.arange(400) % 40),
                   problem=replace(data.problem, weights="weight", group="shop"))
    data = replace(data, columns=table_from_frame(data.frame, "weighted").columns)
    outcome = search(data, Plan(20, 2, families=("linear",), folds=2, max_trials=1), FolderJournal(tmp_path))
    assert outcome.model.calibration == Calibration(0.5)
    np.testing.assert_allclose(told[0] / told[0].mean(), (outcome.positions + 1.0) / (outcome.positions + 1.0).mean())
    assert len(set(zip(told[1].tolist(), (outcome.positions % 40).tolist(), strict=True))) == len(set(told[1].tolist())) == 40


def test_two_processes_do_not_go_on_with_one_search(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, closed = Plan(20, 2, families=("linear",), folds=2, max_trials=1), []
    monkeypatch.setattr(here, "close", lambda: closed.append(True))
    with FolderJournal(tmp_path).held(SilentWatch()), pytest.raises(Conflict, match="This very search is under way already"):
        search(make_data(), plan, FolderJournal(tmp_path, 0.0), workers=here)  # type: ignore[arg-type]
    assert closed  # workers that were started for it end with it
    assert not (tmp_path / "trials.jsonl").exists()
    assert search(make_data(), plan, FolderJournal(tmp_path)).summary.resumed == 0


def test_who_waits_for_a_search_says_so_hears_a_cancel_and_spends_nothing(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Log, "progress", lambda self, fraction, sentence, left: told.append(sentence))
    data, plan = make_data(), Plan(20, 2, families=("linear",), folds=2, max_trials=1)
    with FolderJournal(tmp_path).held(SilentWatch()), pytest.raises(Cancelled):
        search(data, plan, FolderJournal(tmp_path, 1.0), Log("cancel"))
    first, began = FolderJournal(tmp_path).held(SilentWatch()), time.monotonic()
    first.__enter__()
    threading.Timer(0.7, first.__exit__, (None, None, None)).start()
    journal = FolderJournal(tmp_path)
    outcome = search(data, plan, journal, Log("", 99))  # one that is about to end is waited for
    assert told[:2] == [lock.WAITING, "Preparing the columns."]
    assert time.monotonic() - began - outcome.summary.fit_seconds > 0.6
    assert journal.waited > 0.5


def test_a_place_without_locks_is_no_reason_not_to_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    monkeypatch.delattr(os, "O_CLOEXEC")
    with FolderJournal(tmp_path).held(SilentWatch()), FolderJournal(tmp_path, 0.0).held(SilentWatch()):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    code = ("import sys, time; from pathlib import Path; from automl_core.search.journal import FolderJournal\n"
            "from automl_core.search.watch import SilentWatch\n"
            "with FolderJournal(Path(sys.argv[1])).held(SilentWatch()):\n    print(flush=True)\n    time.sleep(60)")
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=root) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Conflict), FolderJournal(tmp_path, 0.0).held(SilentWatch()):
            pass
        other.kill()
        other.wait()
        with FolderJournal(tmp_path).held(SilentWatch()):
            pass


def test_a_metric_of_labels_tunes_its_threshold(tmp_path: Path, here: HereExecutor) -> None:
    data = make_data()
    data = replace(data, problem=replace(data.problem, metric="f1"))
    outcome = search(data, Plan(20, 2, families=FAST, folds=3, max_trials=2), FolderJournal(tmp_path))
    assert outcome.summary.threshold == outcome.model.threshold
    assert outcome.summary.score.mean > outcome.summary.baseline.mean


def test_nothing_finished_is_fitted_again(tmp_path: Path, here: HereExecutor) -> None:
    plan = Plan(budget_seconds=60, jobs=2, families=FAST, folds=3, max_trials=3)
    first = search(make_data(), plan, FolderJournal(tmp_path))
    folds = [fit for fit in here.fits if fit[1] >= 0]
    assert len(folds) == len(set(folds)) == 9
    here.fits.clear()
    with (tmp_path / "trials.jsonl").open("a") as stream:
        stream.write('{"kind": "fit", "da')  # torn by a crash
    log = Log()
    second = search(make_data(), plan, FolderJournal(tmp_path), log)
    assert [fit for fit in here.fits if fit[1] >= 0] == []
    assert second.summary.fit_seconds >= first.summary.fit_seconds * 0.2
    assert second.summary.score == first.summary.score
    assert {trial.key for trial in log.trials} == {trial.key for trial in second.summary.leaderboard}
    lines = (tmp_path / "trials.jsonl").read_text().splitlines()
    lost = next(json.loads(line)["file"] for line in lines if '"kind": "fit"' in line and '"fold": 1' in line)
    (tmp_path / "fits" / lost).unlink()
    search(make_data(), plan, FolderJournal(tmp_path))
    assert [fit[1] for fit in here.fits if fit[1] >= 0] == [1]


def test_another_table_starts_anew(tmp_path: Path, here: HereExecutor) -> None:
    plan = Plan(budget_seconds=60, jobs=2, families=("linear",), folds=3)
    search(make_data(), plan, FolderJournal(tmp_path))
    here.fits.clear()
    search(make_data(rows=300), plan, FolderJournal(tmp_path))
    assert [fit for fit in here.fits if fit[1] >= 0]


def test_finish_keeps_the_best(tmp_path: Path) -> None:
    log = Log("finish", after=1)
    began = time.monotonic()
    outcome = search(make_data(), Plan(budget_seconds=120, jobs=2), FolderJournal(tmp_path), log)
    assert time.monotonic() - began < 30
    assert_sound(outcome, make_data(), log)
    assert outcome.summary.fit_seconds < 30


def test_finish_does_not_use_the_rest_of_the_budget(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(here, "submit", lambda task, *arguments: _noted(seen, task, arguments))
    search(make_data(), Plan(600, 2, families=FAST), FolderJournal(tmp_path), Log("finish", after=2))
    refits = [task for task in seen if getattr(task, "fold", 0) == -1 and hasattr(task, "bags")]
    assert refits
    assert all(task.until - time.time() < 3 for task in refits)


def _noted(seen: list[Any], task: Any, arguments: tuple[Any, ...]) -> Future[Any]:
    seen.extend(arguments[1:2])
    return _done(task(*arguments) if task in (run_fit, run_extras) else None)


class Stuck(HereExecutor):
    """The first fit ends, and no other one."""

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        return super().submit(task, *arguments) if not self.fits or task is not run_fit or arguments[1].fold < 0 else Future()


def test_who_asks_for_the_model_does_not_wait_for_fits_that_do_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch, Stuck())
    asked: list[float] = []

    class Asking(Log):
        def stop(self) -> str:
            if any((tmp_path / "trials.jsonl").exists() and "fit" in line for line in (tmp_path / "trials.jsonl").open()):
                asked.append(time.monotonic())
            return "finish" if asked else ""

    outcome = search(make_data(), Plan(600, 2, families=("linear",)), FolderJournal(tmp_path), Asking())
    assert time.monotonic() - asked[0] < GRACE
    assert outcome.summary.ladder


def test_a_search_that_goes_on_and_loses_its_refits_still_hands_over(tmp_path: Path, here: HereExecutor,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make_frame(400)
    frame["shop"] = [f"s{number}" for number in np.random.default_rng(0).integers(0, 30, 400)]  # a column that is coded
    table = table_from_frame(frame, "customers")
    data, plan = SearchData(table.frame, table.columns, PROBLEMS["binary"]), Plan(60, 2, families=FAST, folds=3, max_trials=3)

    def lossy(task: Any, *arguments: Any) -> Future[Any]:
        if task is run_fit and arguments[1].fold == -1:
            return _done(FoldResult(arguments[1].key, -1, np.zeros(0), error="It was lost."))
        return _done(task(*arguments) if task in (run_fit, run_extras) else None)

    monkeypatch.setattr(here, "submit", lossy)
    search(data, plan, FolderJournal(tmp_path))  # what it fitted again would be there
    outcome = search(data, plan, FolderJournal(tmp_path))
    assert not outcome.summary.refitted
    assert np.isfinite(outcome.model.predict_frame(data.frame)).all()


def test_more_time_may_use_more_folds(tmp_path: Path, here: HereExecutor) -> None:
    data, journal = make_data(), FolderJournal(tmp_path)
    plan = Plan(60, 2, families=("linear",), first_seconds=30)
    prepared = prepare(data, plan)
    search(data, replace(plan, folds=0, first_seconds=0, budget_seconds=30), journal)
    journal.note(prepared.fingerprint, "folds", 1)
    assert search(data, plan, journal).summary.folds > 1


def test_cancel_ends_quickly(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Cancelled):
        search(make_data(), Plan(budget_seconds=120, jobs=2), FolderJournal(tmp_path), Log("cancel"))
    assert time.monotonic() - began < 10


def test_cancel_is_told_to_fits_that_do_not_end_with_this_process(tmp_path: Path, here: HereExecutor) -> None:
    journal = FolderJournal(tmp_path)
    with pytest.raises(Cancelled):
        search(make_data(), Plan(60, 1, families=FAST), journal, Log("cancel"))
    assert (tmp_path / "stop").exists()
    plan = Plan(60, 1, families=("linear",), max_trials=1, folds=2)
    assert search(make_data(), plan, journal).summary.folds == 2  # and no later search is told so
    assert not (tmp_path / "stop").exists()


def test_a_family_that_fails_is_named(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(handle: Any, task: Any) -> FoldResult:
        if task.family == "lightgbm":
            return FoldResult(task.key, task.fold, np.zeros(0), error="It broke.")
        return run_fit(handle, task)

    monkeypatch.setattr(here, "submit", lambda task, *arguments: _done(
        broken(*arguments) if task is run_fit else task(*arguments)))
    log = Log()
    outcome = search(make_data(), Plan(60, 2, families=FAST, folds=3, max_trials=3), FolderJournal(tmp_path), log)
    failed = [trial for trial in outcome.summary.leaderboard if trial.family == "lightgbm"]
    assert failed
    assert {(trial.state, trial.reason) for trial in failed} == {("failed", "It broke.")}
    assert outcome.summary.leaderboard[-1].state == "failed"
    assert outcome.summary.family != "lightgbm"
    monkeypatch.setattr(here, "submit", lambda task, *arguments: _done(
        FoldResult(arguments[1].key, arguments[1].fold, np.zeros(0), error="It broke.")
        if task is run_fit else task(*arguments)))
    with pytest.raises(BadInput, match="No model could learn"):
        search(make_data(rows=320), Plan(60, 2, families=FAST, folds=3, max_trials=3), FolderJournal(tmp_path))


class OddError(Exception):
    """What a library raises that derives from nothing known, as LightGBM's does."""


def test_a_search_goes_on_whatever_a_fit_or_learned_columns_raise(tmp_path: Path, here: HereExecutor,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make_frame(400)
    frame["shop"] = [f"s{number}" for number in np.random.default_rng(0).integers(0, 30, 400)]  # a column that is coded
    table = table_from_frame(frame, "customers")
    submit, learned = here.submit, []

    def odd(task: Any, *arguments: Any) -> Future[Any]:
        error: Exception | None = None
        if task is run_extras:
            learned.append(arguments[1].fold)
            error = MemoryError()
        elif task is run_fit and arguments[1].family == "lightgbm":
            error = OddError("Labels are infinite.")
        if error is None:
            return submit(task, *arguments)
        future: Future[Any] = Future()
        future.set_exception(error)
        return future

    monkeypatch.setattr(here, "submit", odd)
    data = SearchData(table.frame, table.columns, PROBLEMS["binary"])
    outcome = search(data, Plan(60, 2, families=FAST, folds=2, max_trials=3), FolderJournal(tmp_path))
    assert {0, 1} <= set(learned)
    assert outcome.summary.family == "linear"
    failed = {trial.reason for trial in outcome.summary.leaderboard if trial.family == "lightgbm"}
    assert failed == {"The fit failed (OddError: Labels are infinite.)."}
    assert np.isfinite(outcome.model.predict_frame(data.frame)).all()


def _done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def test_the_portfolio_varies_families_first() -> None:
    candidates = make_portfolio(PROBLEMS["binary"], 10_000, Plan())
    assert len({candidate.family for candidate in candidates[:5]}) >= 4
    assert len({candidate.key for candidate in candidates}) == len(candidates)
    assert {candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 50, Plan())} == {
        candidate.family for candidate in candidates}
    assert candidates[0].key == make_portfolio(PROBLEMS["binary"], 10_000, Plan())[0].key
    three = Plan(families=("linear", "lightgbm", "catboost"))
    assert len(make_portfolio(PROBLEMS["binary"], 150, three)) == candidate_cap(150) == 12
    assert [candidate_cap(rows) for rows in (50, 1000, 2500, 10_000)] == [10, 27, 36, 60]
    assert {candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 10_000, Plan(families=("ebm",)))} == {"ebm"}
    with pytest.raises(BadInput, match="no plug-in"):
        make_portfolio(PROBLEMS["binary"], 100, Plan(families=("magic",)))


def test_a_line_over_few_columns_comes_first_where_they_are_very_many(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 300))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(300)])
    frame["y"] = pd.Series(np.where(x[:, 290] + 0.3 * random.normal(size=300) > 0, "Yes", "No")).astype("str")
    problem = replace(PROBLEMS["binary"], target="y")
    firsts = []
    for width in (300, 100):
        columns = tuple(Column(f"x{i}", "float", "number") for i in range(width))
        prepared = prepare(SearchData(frame, (*columns, Column("y", "bool", "category")), problem), Plan())
        journal, clock = FolderJournal(tmp_path / str(width)), Clock(5.0)
        contest = open_contest(prepared, Plan(budget_seconds=5), journal, clock)
        race = Race(contest, clock, Crew(HereExecutor(), None), journal, SilentWatch())
        first = race.contest.candidates[0]
        assert race._anchor(set()) == (first, 0)
        assert (race._anchor({(first.key, 0)}) is None) == (width == 300)  # nothing is through before the line over few
        ample = open_contest(prepared, Plan(budget_seconds=60), FolderJournal(tmp_path / f"ample {width}"), clock)
        race = Race(ample, clock, Crew(HereExecutor(), None), journal, SilentWatch())
        assert race._anchor({(ample.candidates[0].key, 0)}) == (ample.candidates[1], 0)  # where there is time nobody waits
        for seconds in (5, 60):
            firsts.append(make_portfolio(problem, 300, Plan(budget_seconds=seconds), prepared.views)[:3])
    (few, line, _), (same, boosted, later), (usual, second, _), _ = firsts
    assert (few, line, second) == (same, later, boosted)  # where there is time a boosting is an anchor, as everywhere
    assert boosted.family == "lightgbm"
    assert few.label == "Linear model of few columns"
    assert line == usual  # other tables are searched as before
    assert line.label == "Linear model"
    assert not prepared.views.wide


def test_the_order_over_very_many_columns_goes_by_the_time_that_was_asked_for() -> None:
    """A job is left with a measured part of its time, and more time is added to what was spent."""
    def keys(plan: Plan) -> list[str]:
        return [candidate.key for candidate in make_portfolio(PROBLEMS["binary"], 300, plan, Views(wide=True))][:3]

    assert keys(Plan(18.4, first_seconds=25.0)) == keys(Plan(25.0))
    assert keys(Plan(130.0, first_seconds=10.0, spent_seconds=10.0)) == keys(Plan(10.0)) != keys(Plan(25.0))
    assert keys(Plan(5.0, max_trials=4)) == keys(Plan(60.0, max_trials=4))


def test_a_line_over_few_columns_learns_the_logarithm_where_the_others_do() -> None:
    for plan in (Plan(5), Plan(60)):
        plain, logs = (make_portfolio(PROBLEMS["regression"], 300, plan, Views(wide=True, logs=tail))[0]
                       for tail in (False, True))
        assert (plain.label, is_log(plain.options)) == ("Linear model of few columns", False)
        assert (logs.label, is_log(logs.options)) == ("Linear model of few columns, of the logarithm", True)


def test_what_the_portfolio_asks_of_lines_is_declared() -> None:
    asked = {name for task in ("binary", "regression") for one in make_portfolio(PROBLEMS[task], 300, Plan(), Views(wide=True))
             if one.family == "linear" for name in one.options}
    assert asked - {"loss", "alpha"} == {field.name for field in families().get("linear").fields} == {"bends", "few"}


def test_what_cannot_weigh_rows_is_not_tried_where_they_have_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "learners", lambda: tuple(map(families().get, ("tabpfn", "linear"))))  # as if installed
    plain, weighed = PROBLEMS["binary"], replace(PROBLEMS["binary"], weights="size")
    assert {candidate.family for candidate in make_portfolio(plain, 500, Plan())} == {"tabpfn", "linear"}
    assert {candidate.family for candidate in make_portfolio(weighed, 500, Plan())} == {"linear"}
    with pytest.raises(BadInput, match="None of the chosen"):
        make_portfolio(weighed, 500, Plan(families=("tabpfn",)))


def test_a_family_that_is_not_listed_is_tried_early(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = portfolio._entries("binary", False)
    monkeypatch.setattr(portfolio, "_entries", lambda task, logs: [entry for entry in entries if entry.family != "extra_trees"])
    tried = [candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 50, Plan())]
    assert tried.index("extra_trees") == 3


def test_a_hopeless_candidate_is_dropped_and_a_middling_one_is_not() -> None:
    data = make_data()
    prepared = prepare(data, Plan(folds=4))
    candidates = make_portfolio(data.problem, 10_000, Plan(families=("lightgbm",)))
    contest = Contest(prepared, Plan(), candidates, {}, folds=4)
    random = np.random.default_rng(0)

    def result(key: str, fold: int, noise: float) -> FoldResult:
        y = prepared.y[prepared.folds[fold][1]]
        return FoldResult(key, fold, np.clip(y * 0.5 + 0.25 + random.normal(0, noise, len(y)), 0.01, 0.99), 10, 1.0)

    good, middling, bad = (candidate.key for candidate in candidates[:3])
    for fold in range(4):
        contest.take(result(good, fold, 0.2))
    contest.take(result(bad, 0, 5.0))
    assert "behind the best so far" in contest.out[bad]
    contest.take(result(middling, 0, 0.2))
    assert middling not in contest.out
    assert tell(contest, candidates[2]).state == "dropped"
    assert tell(contest, candidates[0]).state == "finished"
    assert contest.common_folds() == (0, 1, 2, 3)


def test_greedy_weights_find_what_complements() -> None:
    random = np.random.default_rng(1)
    y = random.normal(0, 1, 2000)
    parts = {"one": y + random.normal(0, 1, 2000), "two": y + random.normal(0, 1, 2000), "bad": random.normal(0, 3, 2000)}
    weights = greedy_weights(Electorate(METRICS["rmse"], y), parts)
    assert sum(weights.values()) == pytest.approx(1)
    assert set(weights) == {"one", "two"}
    assert weights["one"] == pytest.approx(0.5, abs=0.1)
    mixed = METRICS["rmse"].score(y, blend(weights, parts))
    assert mixed < min(METRICS["rmse"].score(y, part) for part in parts.values())
    assert paired_difference(METRICS["rmse"], y, blend(weights, parts), parts["one"], 0).low > 0
    voters = Electorate(METRICS["rmse"], y)
    assert len(greedy_weights(voters, {f"p{i}": y + random.normal(0, 1, 2000) for i in range(9)}, members=2)) <= 2


def test_a_rare_class_decides_with_more_than_a_handful_of_rows() -> None:
    """One row of a thousand: a plain draw of 20,000 has twenty. The judge says the same in the mean; other draws stay."""
    random = np.random.default_rng(0)
    y = (random.random(400_000) < 0.001).astype(float)
    prediction = np.clip(0.001 + 0.2 * y + 0.01 * random.normal(size=len(y)), 1e-4, 1 - 1e-4)
    for judge in (METRICS["roc_auc"], METRICS["log_loss"], METRICS["average_precision"]):
        whole = Electorate(judge, y)
        some, rows = sampled(whole, 1, 20_000)
        assert some.y.sum() == min(y.sum(), 500)
        assert len(rows) == pytest.approx(20_000, abs=500)
        assert some.quality(prediction[rows]) == pytest.approx(whole.quality(prediction), rel=0.05)
    for usual, dimensions in ((random.integers(0, 2, 30_000).astype(float), 1), (random.normal(size=30_000), 1),
                              (random.integers(0, 3, 30_000).astype(float), 2)):
        some, rows = sampled(Electorate(METRICS["log_loss"], usual), dimensions, 20_000)
        assert some.weights is None
        assert np.array_equal(rows, np.sort(np.random.default_rng(0).choice(30_000, 20_000, replace=False)))
    rare = random.choice(4, 50_000, p=[0.6, 0.39, 0.0098, 0.0002]).astype(float)
    some, rows = sampled(Electorate(METRICS["log_loss"], rare, np.full(50_000, 2.0)), 2, 20_000)
    assert (some.y == 3).sum() == (rare == 3).sum()
    assert some.weights is not None
    for label in range(4):
        assert some.weights[some.y == label].sum() == pytest.approx(2.0 * (rare == label).sum())


def test_bagged_weights_are_less_led_by_chance() -> None:
    """Twenty models that share most of their errors: on new rows a bagged choice of six is better in the mean than one choice."""
    gained = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        signal = random.normal(0, 1.5, 4300)
        y = (random.random(4300) < 1 / (1 + np.exp(-signal))).astype(float)
        shared = signal + random.normal(0, 0.7, 4300)
        said = {f"p{i}": shared + spread * random.normal(0, 1, 4300) for i, spread in enumerate(np.linspace(0.2, 0.8, 20))}
        parts = {key: part[:300] for key, part in said.items()}
        voters = Electorate(METRICS["roc_auc"], y[:300], seed=seed)
        bagged, single = bagged_weights(voters, parts), greedy_weights(voters, parts, 6)
        assert len(bagged) <= 6
        assert sum(bagged.values()) == pytest.approx(1)
        scores = [METRICS["roc_auc"].score(y[300:], blend(weights, said)[300:]) for weights in (bagged, single)]
        gained.append(scores[0] - scores[1])
    assert np.mean(gained) > 2 * np.std(gained) / np.sqrt(len(gained)), gained


def test_bagged_weights_where_rows_judge_nothing() -> None:
    y = np.zeros(60)
    y[0] = 1.0
    random = np.random.default_rng(0)
    parts = {"bad": random.random(60), "good": np.linspace(1, 0, 60)}
    weights = bagged_weights(Electorate(METRICS["roc_auc"], y), parts)
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["good"] > 0.5
    assert bagged_weights(Electorate(METRICS["roc_auc"], np.zeros(60)), parts) == {"bad": 1.0}
    assert bagged_weights(Electorate(METRICS["roc_auc"], y), {"good": parts["good"]}) == {"good": 1.0}


def test_the_fastest_that_is_not_worse_is_chosen() -> None:
    def offer(name: str, row_ms: float, gap: float, quality: float = 0.0) -> Offer:
        return Offer(name, name, {name: 1.0}, np.zeros(1), quality, row_ms, gap=gap, error=0.01)

    best, near, far = offer("best", 3.0, 0.0), offer("near", 0.3, 0.009), offer("far", 0.01, 0.02)
    assert choose((best, near, far)).name == "near"
    assert choose((best, far)).name == "best"
    assert choose((best, offer("a", 0.301, 0.0, 1.0), offer("b", 0.3, 0.0, 2.0))).name == "b"


def test_the_leaderboard_is_sorted() -> None:
    def trial(key: str, state: Any, score: float) -> Trial:
        return Trial(key, "linear", key, {}, state, score, score, score)

    nothing = float("nan")
    failed, dropped = trial("a", "failed", nothing), trial("d", "dropped", 0.5)
    trials = (failed, trial("b", "finished", 2.0), trial("c", "truncated", 1.0), dropped)
    assert [item.key for item in best_first(trials, "rmse")] == ["c", "b", "d", "a"]
    assert [item.key for item in best_first(trials, "r2")] == ["b", "c", "d", "a"]


def test_executors_by_address(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no place to search"):
        open_executor("ssh://x", 2, tmp_path)


def test_the_clock_counts_earlier_runs() -> None:
    clock = Clock(60.0, spent=10.0)
    assert clock.elapsed() == pytest.approx(10.0, abs=0.2)
    assert clock.until(15.0) - time.time() == pytest.approx(5.0, abs=0.2)


class Killer(Log):
    """A watch that kills a worker process once, when the first trial is told and fits are under way."""

    def __init__(self, strangers: set[Any]) -> None:
        super().__init__()
        self.strangers, self.killed = strangers, 0

    def stop(self) -> str:
        if self.trials and not self.killed:
            worker = next(child for child in multiprocessing.active_children() if child not in self.strangers)
            assert worker.pid is not None
            self.killed = worker.pid
            os.kill(worker.pid, signal.SIGKILL)
        return ""


def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path) -> None:
    data, log = make_data(rows=600), Killer(set(multiprocessing.active_children()))
    plan = Plan(budget_seconds=15, jobs=2, families=FAST, folds=4, max_trials=3)
    outcome = search(data, plan, FolderJournal(tmp_path), log)
    assert log.killed
    assert_sound(outcome, data, log)
    assert [trial.label for trial in outcome.summary.leaderboard if trial.state == "failed"] == []
    assert outcome.summary.refitted


@dataclass(eq=False)
class FragileExecutor(HereExecutor):
    """First folds are fitted two at a time, unless tried again; one that kills its process takes the other with it."""

    deadly: str
    once: bool = False

    def __post_init__(self) -> None:
        self.fits: list[tuple[str, int]] = []
        self.rebuilt = 0
        self.waiting: list[tuple[Future[Any], tuple[Any, ...]]] = []

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if task is not run_fit:
            future.set_result(task(*arguments))
            return future
        self.fits.append((arguments[1].key, arguments[1].fold))
        self.waiting.append((future, arguments))
        again = self.fits.count(self.fits[-1]) > 1
        if len(self.waiting) == 2 or again or arguments[1].fold != 0:
            flying, self.waiting = self.waiting, []
            dead = any(task.family == self.deadly and task.fold >= 0 for _, (_, task) in flying)
            if dead and self.once:
                self.deadly = ""
            for other, others in flying:
                if dead:
                    other.set_exception(BrokenProcessPool("A process died."))
                else:
                    other.set_result(run_fit(*others))
        return future

    def rebuild(self) -> None:
        self.rebuilt += 1


@pytest.mark.parametrize("once", [True, False])
def test_only_the_fit_to_blame_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool) -> None:
    executor = FragileExecutor("lightgbm", once)
    monkeypatch.setattr(entry, "open_executor", lambda *arguments: executor)
    plan = Plan(60, 2, families=FAST, folds=2, max_trials=2)
    outcome = search(make_data(), plan, FolderJournal(tmp_path))
    states = {trial.family: trial.state for trial in outcome.summary.leaderboard}
    assert states["linear"] == "finished"
    assert (states["lightgbm"] == "finished") == once
    assert executor.rebuilt == (1 if once else 2)


def test_what_was_never_tried_is_not_listed(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(contest: Contest, candidate: Any) -> float:
        return 0.01 if candidate.family == "linear" or contest.good(candidate.key) else 1e6

    monkeypatch.setattr(Contest, "fold_seconds", seconds)
    log = Log()
    outcome = search(make_data(), Plan(60, 2, families=FAST, folds=3), FolderJournal(tmp_path), log)
    board = outcome.summary.leaderboard
    assert {trial.label for trial in board} == {"Linear model", "Linear model with bends", "LightGBM, careful"}
    assert {trial.key for trial in log.trials} == {trial.key for trial in board}
    assert outcome.summary.sentence.startswith("Of 3 candidates")


def test_a_model_without_its_refit_says_so(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(60, 2, families=FAST, folds=4, max_trials=2)
    assert search(make_data(), plan, FolderJournal(tmp_path / "whole")).summary.refitted
    submit = here.submit

    def dying(task: Any, *arguments: Any) -> Future[Any]:
        if task is run_fit and arguments[1].fold < 0:
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool("A process died."))
            return future
        return submit(task, *arguments)

    monkeypatch.setattr(here, "submit", dying)
    data, log = make_data(), Log()
    outcome = search(data, plan, FolderJournal(tmp_path / "part"), log)
    assert_sound(outcome, data, log)
    assert not outcome.summary.refitted
    assert "100 of the 400 rows" in outcome.summary.sentence


def test_an_ensemble_of_one_has_the_score_of_that_model(tmp_path: Path, here: HereExecutor,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the best blend is the best single model, and a faster one is handed over."""

    def alike(ballot: Ballot, rows: int) -> tuple[Offer, ...]:
        singles = [offer for offer in make_offers(ballot, rows) if len(offer.weights) == 1]
        best, worst = (choice(singles, key=lambda offer: offer.quality) for choice in (max, min))
        return (replace(best, name="ensemble"), *(replace(one, gap=0.0, row_ms=1.0 if one is worst else 9.0) for one in singles))

    monkeypatch.setattr(handover, "make_offers", alike)
    summary = search(make_data(), Plan(60, 2, families=FAST, folds=2, max_trials=3), FolderJournal(tmp_path)).summary
    best = next(rung for rung in summary.ladder if "ensemble" in rung.also)
    assert not best.chosen
    assert summary.ensemble == best.score != summary.score


def test_a_rung_says_by_which_rows_it_was_found_worse() -> None:
    """“Worse by 0.00942” stood under scores that differ by 0.006: those are of predictions that had no part in the choice."""
    auc = METRICS["roc_auc"]
    contest: Any = SimpleNamespace(prepared=SimpleNamespace(judge=auc, metric=auc))
    best = Offer("ensemble", "Ensemble", {"a": 0.5, "b": 0.5}, np.zeros(2), 0.9, 1.0)
    for gap, error, limit in ((0.00942, 0.02, 0.1), (0.00942, 0.02, 0.001), (0.00942, 0.001, 0.1)):
        told = handover._why(contest, replace(best, name="linear", weights={"c": 1.0}, gap=gap, error=error, limit=limit), best)
        assert told.startswith("Worse than the best by 0.00942 ROC AUC on the rows that chose (scores are of rows without a part")
    assert "on the rows that chose" in handover._why(contest, best, best)
    labels: Any = SimpleNamespace(prepared=SimpleNamespace(judge=METRICS["log_loss"], metric=METRICS["f1"]))
    told = handover._why(labels, replace(best, name="linear", weights={"c": 1.0}, gap=0.01, error=0.001), best)
    assert told.startswith("Worse than the best by 0.01 log loss, by which models are compared, on the rows that chose")


def test_a_refit_that_ended_is_kept_when_another_is_lost(tmp_path: Path) -> None:
    good, bad = Candidate("good", "linear", "Good"), Candidate("bad", "linear", "Bad")

    class Stub(HereExecutor):
        def submit(self, task: Any, *arguments: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if arguments[1].key == "bad":
                future.set_exception(BrokenProcessPool("A process died."))
            else:
                future.set_result(FoldResult(arguments[1].key, -1, np.zeros(0)))
            return future

    prepared = prepare(make_data(), Plan(folds=2))
    for order in ((good, bad), (bad, good)):
        contest = Contest(prepared, Plan(), order, {}, folds=2)
        race = Race(contest, Clock(60.0), Crew(Stub(), None), FolderJournal(tmp_path), SilentWatch())
        assert set(refit(race, {"good": 1, "bad": 1}, False)) == {"good"}


def test_folds_compared_hold_the_first_whose_models_are_kept() -> None:
    data = make_data()
    prepared = prepare(data, Plan(folds=4))
    candidates = make_portfolio(data.problem, 10_000, Plan(families=("lightgbm",)))
    contest = Contest(prepared, Plan(), candidates, {}, folds=4)
    for key, fold in ((candidates[0].key, 1), (candidates[0].key, 2), (candidates[1].key, 0)):
        contest.take(FoldResult(key, fold, np.full(len(prepared.folds[fold][1]), 0.5), 10, 1.0))
    assert contest.common_folds() == (0,)


def test_a_score_and_its_interval_are_said_to_the_same_place() -> None:
    assert Score(0.80671, 0.77352, 0.836).words == "0.8067 (0.7735 to 0.8360)"
    assert Score(12345.6, 11902.1, 12803.9).words == "12,350 (11,900 to 12,800)"
    assert Score(0.0, -0.1, 0.1).words == "0 (-0.1 to 0.1)"


def test_more_time_fits_again_what_time_has_spoilt(tmp_path: Path) -> None:
    """What was late is open again; what was cut off counts until it has had more time, and is kept where that is no better."""
    data, short = make_data("regression"), Plan(10.0, 2, families=FAST, folds=2)
    prepared = prepare(data, short)
    journal = FolderJournal(tmp_path)
    cut, late, whole = (candidate.key for candidate in open_contest(prepared, short, journal, Clock(10.0)).candidates[:3])

    def fitted(key: str, fold: int, miss: float, seconds: float = 1.0, truncated: bool = False, error: str = "") -> FoldResult:
        truth = prepared.y[prepared.folds[fold][1]]
        return FoldResult(key, fold, truth + miss * np.resize([1.0, -1.0], len(truth)), 40, seconds, truncated, error=error)

    for fold in range(2):
        journal.add(prepared.fingerprint, fitted(cut, fold, 5.0, truncated=True), 5.0)
        journal.add(prepared.fingerprint, fitted(whole, fold, 1.0), 5.0)
    journal.add(prepared.fingerprint, fitted(late, 0, 0.0, error=LATE_FIT), 5.0)
    journal.note(prepared.fingerprint, "folds", 2)
    assert open_contest(prepared, short, journal, Clock(10.0)).failure(late) == LATE_FIT  # a crash brings no more time
    more = replace(short, budget_seconds=100.0, first_seconds=10.0)
    contest = open_contest(prepared, more, journal, Clock(100.0))
    assert not contest.tried(late)
    assert contest.complete(cut)
    moment = Moment(10.0, 90.0, frozenset({(late, 0), (late, 1)}))
    again = [open_folds(contest, candidate, moment) for candidate in contest.candidates[:3]]
    assert again == [[0, 1], [], []]
    contest.candidates = contest.candidates[:3]
    place = next_place(contest, replace(moment, busy=frozenset((late, fold) for fold in range(2))))
    assert place is not None
    assert (place.candidate.key, place.fold) == (cut, 0)
    race = Race(contest, Clock(100.0), Crew(HereExecutor(), None), journal, SilentWatch())
    race.loaded.update(FAST)  # these fits have no models
    before = contest.mean_score(cut)
    race._take(fitted(cut, 0, 0.0, error=LATE_FIT))
    assert not contest.failure(cut)
    assert contest.mean_score(cut) == before
    race._take(fitted(cut, 1, 0.1, seconds=9.0))
    assert contest.mean_score(cut) > before
    assert contest.fold_score(cut, 1) > contest.fold_score(whole, 1)
    assert not contest.waits(cut)
    assert not journal.results(prepared.fingerprint)[cut, 1].truncated


def test_more_time_has_more_folds_though_a_first_fit_was_late(tmp_path: Path) -> None:
    data, short = make_data("regression"), Plan(10.0, 2, families=FAST)
    prepared, journal = prepare(data, short), FolderJournal(tmp_path)
    truth = prepared.y[prepared.folds[0][1]]
    one, other = (candidate.key for candidate in open_contest(prepared, short, journal, Clock(10.0)).candidates[:2])
    journal.add(prepared.fingerprint, FoldResult(one, 0, truth + 1.0, 40, 1.0), 5.0)
    journal.add(prepared.fingerprint, FoldResult(other, 0, truth[:0], error=LATE_FIT), 5.0)
    journal.note(prepared.fingerprint, "folds", 1)
    more = replace(short, budget_seconds=600.0, first_seconds=10.0)
    assert open_contest(prepared, more, journal, Clock(600.0)).folds == len(prepared.folds) > 1


def test_a_fit_that_needs_little_more_than_its_share_gets_it(tmp_path: Path) -> None:
    """By the end that its task is given, in seconds from now: a third more than it should take, twice its share at most."""
    prepared = prepare(make_data(), Plan(folds=2))
    first, other = (Candidate(key, "lightgbm", key, {"learning_rate": 0.04, "num_leaves": 20}) for key in ("first", "other"))
    truth = prepared.y[prepared.folds[0][1]]
    given = []
    for seconds in (0.5, 27.0, 60.0):
        contest = Contest(prepared, Plan(200.0, 1), (first, other), {}, folds=2)
        for fold in range(2):
            contest.take(FoldResult("first", fold, 0.5 + 0.0 * truth, 10, seconds))
        race = Race(contest, Clock(200.0), Crew(HereExecutor(), None), FolderJournal(tmp_path), SilentWatch())
        share = race._share_ends(0.0)
        given.append((race._fit_ends(other, 0.0), share, seconds))
    quick, usual, slow = given
    assert quick[0] == quick[1] > 1.3 * quick[2]
    assert usual[1] < usual[0] == pytest.approx(1.3 * usual[2])
    assert slow[0] == pytest.approx(2 * slow[1])
    assert slow[0] < 1.3 * slow[2]


def test_a_fit_that_the_end_cuts_off_counts_only_where_it_wins(tmp_path: Path) -> None:
    """In a race of one fold it may be all there is besides a poor model; more time fits it anew, so it is not in the journal."""
    data, plan = make_data("regression"), Plan(10.0, 2, families=("linear", "lightgbm"), folds=2)
    prepared = prepare(data, plan)
    journal = FolderJournal(tmp_path)
    contest = open_contest(prepared, plan, journal, Clock(10.0))
    race = Race(contest, Clock(10.0), Crew(HereExecutor(), None), journal, SilentWatch())
    race.loaded.update(plan.families)  # these fits have no models
    poor, good, worse = (candidate.key for candidate in contest.candidates[:3])
    truth = prepared.y[prepared.folds[0][1]]

    def cut(key: str, miss: float) -> FoldResult:
        return FoldResult(key, 0, truth + miss * np.resize([1.0, -1.0], len(truth)), 10, 1.0, truncated=True)

    race._take(replace(cut(poor, 5.0), truncated=False))
    race.stop_file.touch()
    for miss, key in ((2.0, worse), (1.0, good)):  # the weaker one first: only one is to be left
        race._take(cut(key, miss))
    assert not contest.good(worse)
    assert {key for key, _ in journal.results(prepared.fingerprint)} == {poor}
    leader = contest.leader(race.cut)
    assert leader is not None
    assert leader.key == good
    assert contest.leader([cut(worse, 6.0)]) is None
    contest.folds = 2
    assert contest.leader(race.cut) is None
