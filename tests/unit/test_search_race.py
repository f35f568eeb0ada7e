"""The race on a small table: time, resume, stop. Two workers, budgets of seconds."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.errors import BadInput, Cancelled, Conflict
from automl_core.framing.metrics import METRICS
from automl_core.search import FolderJournal, entry, lock, search
from automl_core.search.carried import common_folds, waits
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.crew import Crew
from automl_core.search.executors import open_executor
from automl_core.search.journal import FoldResult
from automl_core.search.opening import open_contest
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.progress import report
from automl_core.search.race import GRACE, LATE_FIT, Race
from automl_core.search.schedule import Moment, next_place, open_folds
from automl_core.search.telling import tell
from automl_core.search.watch import SilentWatch
from automl_core.search.worker import run_extras, run_fit
from tests.unit.searching import FAST, HereExecutor, Log, _done, assert_sound, fit_here, larger_steps, make_data


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """How good a boosting is is asked where fits are made in processes of their own, which know nothing of this."""
    larger_steps(monkeypatch)


def test_in_worker_processes(tmp_path: Path) -> None:
    data, log = make_data(), Log()
    began = time.monotonic()
    outcome = search(data, Plan(budget_seconds=8, jobs=2, families=FAST, max_trials=3), FolderJournal(tmp_path), log)
    assert time.monotonic() - began < 1.05 * 8 + 2 + 2
    assert_sound(outcome, data, log)
    assert outcome.summary.score.mean > 0.7 > outcome.summary.baseline.mean
    assert log.fractions == sorted(log.fractions)


class Endless(HereExecutor):
    """A fit goes on until it is asked to end, and says that it was cut off."""

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        if task is not run_fit or arguments[1].fold < 0:
            return super().submit(task, *arguments)
        future: Future[Any] = Future()

        def fit() -> None:
            while not Path(arguments[1].stop_file).exists():
                time.sleep(0.02)
            future.set_result(replace(run_fit(*arguments), truncated=True))

        threading.Thread(target=fit, daemon=True).start()
        return future


def test_who_asks_for_the_model_before_there_is_one_gets_what_the_first_fits_have_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They went on for as long as they liked, though they could have ended at once."""
    fit_here(monkeypatch, Endless())
    monkeypatch.setattr("automl_core.search.race.GRACE", 0.2)
    data, began = make_data(), time.monotonic()

    class Asking(Log):
        def stop(self) -> str:
            return "finish" if time.monotonic() - began < 15.0 else "cancel"

    log = Asking()
    outcome = search(data, Plan(600.0, 2, families=FAST), FolderJournal(tmp_path), log)
    assert_sound(outcome, data, log)
    assert "truncated" in {trial.state for trial in outcome.summary.leaderboard}
    assert '"fit"' not in (tmp_path / "trials.jsonl").read_text(encoding="utf-8")  # with more time they are fitted anew


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
    second, both = FolderJournal(tmp_path, 0.0), []
    with FolderJournal(tmp_path).held(SilentWatch()), second.held(SilentWatch()):  # where locks are, the second is refused
        both.append(second)
    assert both == [second]


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
    assert common_folds(contest) == (0, 1, 2, 3)


def test_executors_by_address(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no place to search"):
        open_executor("ssh://x", 2, tmp_path)


def test_the_clock_counts_earlier_runs() -> None:
    clock = Clock(60.0, spent=10.0)
    assert clock.elapsed() == pytest.approx(10.0, abs=0.2)
    assert clock.until(15.0) - time.time() == pytest.approx(5.0, abs=0.2)


def test_the_progress_of_added_time_begins_at_nought(tmp_path: Path) -> None:
    """A minute after nine began at 0.9, and stood at 0.95 from its thirtieth second on; so it did where the list was through."""
    prepared, told = prepare(make_data(), Plan(folds=2)), Log()
    candidates = tuple(Candidate(name, "linear", name) for name in "abcd")
    plan = Plan(600.0, 1, first_seconds=540.0, spent_seconds=540.0)
    race = Race(Contest(prepared, plan, candidates, {}, folds=2), Clock(600.0, spent=540.0), Crew(HereExecutor(), None),
                FolderJournal(tmp_path), told)
    race.announced |= {"a", "b", "c"}
    race.known = 3
    report(race)
    race.clock.spent, race.reported = 570.0, 0.0
    report(race)
    assert told.fractions == pytest.approx([0.0, 0.5], abs=0.02)


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
    assert not waits(contest, cut)
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
        share = race.share_ends(0.0)
        given.append((race.fit_ends(other, 0.0), share, seconds))
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
