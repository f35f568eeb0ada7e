"""A search goes on without what was lost: a worker, a fit, learned columns or a refit."""
from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.framing.metric_rows import with_absent
from automl_core.search import FolderJournal, SearchData, entry, opening, search
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.crew import Crew
from automl_core.search.feature import Feature
from automl_core.search.formula_lab import FormulaSource, fit_formulas
from automl_core.search.journal import FoldResult
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.race import LATE_FIT, LOST_FIT, Race
from automl_core.search.refits import refit
from automl_core.search.watch import SilentWatch
from automl_core.search.worker import FitTask, run_extras, run_fit
from automl_core.workspace.going_on import with_more
from tests.unit.modelling import PROBLEMS, make_frame
from tests.unit.searching import FAST, HereExecutor, Log, _done, assert_sound, fit_here, make_data


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


def test_a_table_is_not_blamed_where_no_fit_ended_in_time(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "submit", lambda task, *arguments: _done(
        FoldResult(arguments[1].key, arguments[1].fold, np.zeros(0), error=LATE_FIT)
        if task is run_fit else task(*arguments)))
    with pytest.raises(BadInput, match="before the time was over") as refused:
        search(make_data(rows=320), Plan(60, 2, families=FAST, folds=3, max_trials=3), FolderJournal(tmp_path))
    assert refused.value.hint == "Give the search more time."


@pytest.mark.parametrize(("reasons", "told", "advice"), [
    ((LATE_FIT, LATE_FIT), "No model was fitted before the time was over.", "Give the search more time."),
    ((LOST_FIT,), "No model was fitted. Processes that fitted ended, probably for lack of memory.",
     "Use fewer columns or rows, or fewer jobs."),
    ((LOST_FIT, LATE_FIT), "No model was fitted. Fits did not end in their time. Processes that fitted ended, probably for lack "
     "of memory.", "Give the search more time. Use fewer columns or rows, or fewer jobs."),
    ((LATE_FIT, "It broke."), "No model was fitted. Fits did not end in their time. It broke.", "Give the search more time."),
    (("It broke.", "It broke, too."), "No model could learn from this table. It broke.", "Add rows or columns."),
    ((), "No model could learn from this table.", "Add rows or columns.")])
def test_what_time_or_memory_ended_is_not_put_down_to_the_table(reasons: tuple[str, ...], told: str, advice: str) -> None:
    """Late and lost fits together were a table that no model could learn from, with “It did not end in its time.” for advice."""
    refused = entry._nothing_learned(reasons)
    assert (refused.message, refused.hint) == (told, advice)


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


def test_more_time_learns_the_columns_that_were_lost(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were kept as if there were none to learn. An interrupted search goes on without them, as it had begun."""
    frame = make_frame(400)
    frame["shop"] = [f"s{number}" for number in np.random.default_rng(0).integers(0, 30, 400)]  # a column that is coded
    table = table_from_frame(frame, "customers")
    data, plan = SearchData(table.frame, table.columns, PROBLEMS["binary"]), Plan(60, 2, families=FAST, folds=2, max_trials=3)
    learned, asked = [], list[tuple[str, int]]()

    def learning(task: Any, *arguments: Any) -> Future[Any]:
        if task is run_extras and not learned:
            asked.append((arguments[1].kind, arguments[1].fold))
            future: Future[Any] = Future()
            future.set_exception(MemoryError())
            return future
        if task is run_extras:
            asked.append((arguments[1].kind, arguments[1].fold))
        return HereExecutor.submit(here, task, *arguments)

    monkeypatch.setattr(opening, "make_portfolio", lambda *given: make_portfolio(*given)[:3])
    monkeypatch.setattr(here, "submit", learning)
    first = search(data, plan, FolderJournal(tmp_path)).summary
    did = {line["key"] for line in map(json.loads, (tmp_path / "trials.jsonl").read_text().splitlines()) if line.get("without")}
    assert did
    assert "more time tries that again" in first.sentence
    asked.clear()
    here.fits.clear()
    learned.append(True)
    assert "more time tries that again" in search(data, plan, FolderJournal(tmp_path)).summary.sentence
    assert not {fit for fit in here.fits if fit[1] >= 0}
    assert not {(kind, fold) for kind, fold in asked if fold >= 0}
    more = replace(with_more(plan, first.fit_seconds, 60.0), max_trials=3)
    outcome = search(data, more, FolderJournal(tmp_path))
    assert {(key, fold) for key, fold in here.fits if fold >= 0} == {(key, fold) for key in did for fold in (0, 1)}
    assert {("codes", 0), ("codes", 1)} <= set(asked)
    assert "more time tries that again" not in outcome.summary.sentence
    assert np.isfinite(outcome.model.predict_frame(data.frame)).all()


def partly(table: pd.DataFrame, learned: list[bool], here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> SearchData:
    """A table whose codes are learned in part until `learned` holds something."""
    typed = table_from_frame(table, "customers")

    def submit(task: Any, *arguments: Any) -> Future[Any]:
        future = HereExecutor.submit(here, task, *arguments)
        return _done(replace(future.result(), whole=False)) if task is run_extras and not learned else future

    monkeypatch.setattr(opening, "make_portfolio", lambda *given: make_portfolio(*given)[:3])
    monkeypatch.setattr(here, "submit", submit)
    return SearchData(typed.frame, typed.columns, PROBLEMS["binary"])


@pytest.mark.parametrize(("seconds", "anew"), [(60.0, True), (2.0, False)])
def test_more_time_learns_what_was_left_out_of_columns_where_it_lasts_for_the_fits(
    seconds: float, anew: bool, tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part that there had been time for was all that such a table ever had, without a word. Where fits that did without
    could not all be made again, they were thrown away all the same, and a worse model was handed over."""
    frame = make_frame(400)
    frame["shop"] = [f"s{number}" for number in np.random.default_rng(0).integers(0, 30, 400)]
    learned = list[bool]()
    data, plan = partly(frame, learned, here, monkeypatch), Plan(60, 2, families=FAST, folds=2)
    first = search(data, replace(plan, max_trials=3), FolderJournal(tmp_path)).summary
    did = {line["key"] for line in map(json.loads, (tmp_path / "trials.jsonl").read_text().splitlines()) if line.get("partly")}
    assert did
    assert "more time tries that again" in first.sentence
    assert not first.tried_all
    learned.append(True)
    here.fits.clear()
    monkeypatch.setattr(opening, "LEARNING_SHARE", 0.4 if anew else 0.0)
    monkeypatch.setattr("automl_core.search.next_task.propose", lambda contest: None)
    outcome = search(data, with_more(plan, first.fit_seconds, seconds), FolderJournal(tmp_path))
    assert {key for key, fold in here.fits if fold == 0 and key in did} == (did if anew else set())
    assert ("more time tries that again" in outcome.summary.sentence) != anew
    assert np.isfinite(outcome.model.predict_frame(data.frame)).all()


def test_formulas_that_there_was_no_time_for_are_no_lack_of_formulas() -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(600, 4))
    source = FormulaSource(matrix, tuple(Feature(f"x{place}", (f"x{place}",), "number") for place in range(4)),
                           (matrix[:, 0] > matrix[:, 1]).astype(float), "binary")
    rows = np.arange(600)
    assert fit_formulas(source, rows).whole
    assert not fit_formulas(source, rows, until=time.monotonic() - 1.0).whole
    assert fit_formulas(source, rows[:20], until=time.monotonic() - 1.0).whole


def test_who_asks_for_the_model_does_not_wait_for_columns_that_are_being_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both first fits wait for the codes of texts, which take minutes where there is much of them: so did who asked."""
    frame = make_frame(400)
    frame["shop"] = [f"s{number}" for number in np.random.default_rng(0).integers(0, 30, 400)]
    table = table_from_frame(frame, "customers")
    data, began = SearchData(table.frame, table.columns, PROBLEMS["binary"]), time.monotonic()

    class Learning(HereExecutor):
        def submit(self, task: Any, *arguments: Any) -> Future[Any]:
            return Future() if task is run_extras else super().submit(task, *arguments)

    class Asking(Log):
        def stop(self) -> str:
            return "finish" if time.monotonic() - began < 15.0 else "cancel"

    fit_here(monkeypatch, Learning())
    monkeypatch.setattr("automl_core.search.race.GRACE", 0.2)
    outcome = search(data, Plan(600.0, 2, families=FAST), FolderJournal(tmp_path), Asking())
    assert "more time tries that again" in outcome.summary.sentence
    assert np.isfinite(outcome.model.predict_frame(data.frame)).all()


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


def test_what_was_back_when_a_pool_is_found_broken_is_kept() -> None:
    """Two refits ran, one was through and the process of the other was gone: as the third was handed over both were lost."""
    through, gone = _done(FoldResult("through", -1, np.zeros(0))), Future[Any]()
    waiting: list[Any] = [through, gone, BrokenProcessPool("A process died."), _done(FoldResult("third", -1, np.zeros(0)))]

    class Stub(HereExecutor):
        def submit(self, task: Any, *arguments: Any) -> Future[Any]:
            found = waiting.pop(0)
            if isinstance(found, Exception):
                raise found
            return found  # type: ignore[no-any-return]

    crew = Crew(Stub(), None)
    for key in ("through", "gone", "third"):
        crew.submit(FitTask(key, "linear", {}, -1, (), "binary", 2, time.time() + 60.0))
    assert [task.key for task, _ in crew.again if isinstance(task, FitTask)] == ["gone"]
    assert sorted(result.key for _, result in crew.collect(0.1)) == ["third", "through"]
    assert crew.collect(0.0) == []


def test_a_class_that_a_fold_has_not_costs_all_families_the_same() -> None:
    """A row of such a class cost 14 in log loss by a linear model and 34 by a forest: it decided between them."""
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    shares = np.array([[0.5, 0.5, 0.0], [0.2, 0.7, 0.1], [1.0, 0.0, 1e-9]])
    mended = with_absent(shares, y)
    assert mended[:, 2] == pytest.approx(1 / 9)
    assert mended.sum(axis=1) == pytest.approx(1)
    assert mended[1, 1] / mended[1, 0] == pytest.approx(3.5)
    assert with_absent(shares, np.array([0.0, 1.0, 2.0])) is shares
    assert with_absent(np.stack([shares, shares]).astype(np.float32), y)[1] == pytest.approx(mended, rel=1e-6)
