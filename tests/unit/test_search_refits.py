"""The refits: what is fitted on all rows in the time that is left."""
from __future__ import annotations

import math
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest

from automl_core.registry import is_installed
from automl_core.search import FolderJournal, entry, opening, search
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.crew import Crew
from automl_core.search.earlier import earlier_refits, find_columns, keep_refits
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.journal import FoldResult
from automl_core.search.opening import open_contest
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.race import LATE_FIT, Race
from automl_core.search.refits import MOST_BAGS, refit
from automl_core.search.reserve import likely_team, refit_seconds
from automl_core.search.watch import SilentWatch
from automl_core.workspace.going_on import with_more
from automl_core.workspace.requests import request_from
from automl_core.workspace.train_options import TrainOptions
from tests.unit.searching import FAST, HereExecutor, fit_here, make_data


class Noting(HereExecutor):
    """Notes how many fits each refit averages."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.until: dict[str, float] = {}

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        self.seen[arguments[1].key], self.seconds[arguments[1].key] = arguments[1].bags, arguments[1].bag_seconds
        self.until[arguments[1].key] = arguments[1].until
        future: Future[Any] = Future()
        future.set_result(FoldResult(arguments[1].key, -1, np.zeros(0), bags=arguments[1].bags))
        return future


def test_quick_families_are_averaged_over_more_seeds_than_slow_ones(tmp_path: Path) -> None:
    prepared = prepare(make_data(), Plan(folds=2))
    seconds = {"slow": 4.0, "quick": 0.2, "forest": 0.2, "cut": 0.1, "whole": 0.1}
    order = (Candidate("slow", "catboost", "Slow"), Candidate("quick", "lightgbm", "Quick"),
             Candidate("forest", "extra_trees", "Forest"), Candidate("cut", "ebm", "Cut off by time"),
             Candidate("whole", "ebm", "Through"))
    results = {(key, 0): FoldResult(key, 0, np.zeros(0), 1, took, key == "cut", to_best=0.7) for key, took in seconds.items()}
    contest = Contest(prepared, Plan(), order, results, folds=2)
    clock = Clock(60.0, spent=46.0)  # 11.6 seconds are left: a slow fit of 8 seconds can be made once
    noting = Noting()
    race = Race(contest, clock, Crew(noting, None), FolderJournal(tmp_path), SilentWatch())
    assert set(refit(race, dict.fromkeys(seconds, 1), False)) == set(seconds)
    assert noting.seen == {"slow": MOST_BAGS, "quick": MOST_BAGS, "forest": 1, "cut": 1, "whole": MOST_BAGS}
    assert 8 < noting.seconds["slow"] <= 0.95 * 11.6  # enough for one only, unless it is quicker than it was on the folds
    assert noting.seconds["quick"] > 2
    assert math.isinf(noting.seconds["whole"])


def test_trials_with_a_budget_keep_time_for_refits_as_a_search_of_that_time_does(tmp_path: Path) -> None:
    """“At most so many, and at most a minute”: where the minute comes first, what is handed over is fitted on all rows, too."""
    both, timed, counted = (request_from("churned", TrainOptions(trials=trials, budget=budget), 1).plan
                            for trials, budget in ((40, 60), (0, 60), (40, None)))
    assert (both.timed, timed.timed, counted.timed) == (True, True, False)
    assert both.most_rows == timed.most_rows < counted.most_rows
    assert (both.max_trials, both.hurried(30_000), counted.hurried(10**9)) == (40, True, False)
    data = make_data(rows=300)
    prepared, found = prepare(data, timed), {}
    order = make_portfolio(data.problem, 300, Plan(families=FAST, max_trials=4))
    for name, plan in (("both", both), ("timed", timed), ("counted", replace(counted, budget_seconds=60.0))):
        contest = Contest(prepared, plan, order, {}, folds=2)
        for candidate in order:
            for fold in (0, 1):
                said = np.full(len(prepared.folds[fold][1]), 0.4)
                contest.take(FoldResult(candidate.key, fold, said, 1, 3.0, to_best=0.9))
        noting = Noting()
        race = Race(contest, Clock(60.0, spent=50.0), Crew(noting, None), FolderJournal(tmp_path / name), SilentWatch())
        found[name] = race.end(), refit(race, dict.fromkeys((one.key for one in order), 1), False).keys(), noting.seen
    assert found["both"] == (pytest.approx(found["timed"][0]), *found["timed"][1:])
    assert found["both"][0] < found["counted"][0]  # which keeps no time: it has a day
    assert len(found["both"][1]) < len(order) == len(found["counted"][1])  # only what ends in time


def test_trials_with_ample_time_end_by_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    summary = search(make_data(rows=600), Plan(600, 1, families=FAST, folds=2, max_trials=3, limited=True),
                     FolderJournal(tmp_path)).summary
    assert len(summary.leaderboard) == 3
    assert summary.refitted
    assert summary.tried_all


@pytest.mark.parametrize(("family", "more"), [("lightgbm", True), ("ebm", False)])
def test_beside_a_fit_that_takes_nearly_all_the_time_one_seed_after_the_other_is_averaged(
    tmp_path: Path, family: str, more: bool
) -> None:
    """Where all seeds must end together there is no way back, so that the usual share of the time is left to chance."""
    prepared = prepare(make_data(), Plan(folds=2, jobs=2))
    seconds = {"slow": 5.0, "quick": 1.0}
    order = (Candidate("slow", "catboost", "Slow"), Candidate("quick", family, "Quick"))
    results = {(key, 0): FoldResult(key, 0, np.zeros(0), 1, took, to_best=0.7) for key, took in seconds.items()}
    contest = Contest(prepared, Plan(jobs=2), order, results, folds=2)
    once = {candidate.key: contest.refit_seconds(candidate) for candidate in order}
    spent = 0.96 * 60.0 - 1.1 * once["slow"]  # enough for the slow one, but more than 0.8 of the time
    noting = Noting()
    race = Race(contest, Clock(60.0, spent=spent), Crew(noting, None), FolderJournal(tmp_path), SilentWatch())
    assert set(refit(race, dict.fromkeys(seconds, 1), False)) == set(seconds)
    assert (noting.seen["quick"] > 1) is more
    if more:
        assert 3 * once["quick"] < noting.seconds["quick"] < 1.1 * once["slow"]


class Holding(HereExecutor):
    """Ends what it was given a moment later, and notes how much it held at once."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Future[Any], FoldResult]] = []
        self.most = 0

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append((future, FoldResult(arguments[1].key, -1, np.zeros(0))))
        self.most = max(self.most, len(self.held))
        Timer(0.02, self.end, (future,)).start()
        return future

    def end(self, future: Future[Any]) -> None:
        result = next(result for held, result in self.held if held is future)
        self.held[:] = [item for item in self.held if item[0] is not future]
        future.set_result(result)


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_refits_at_once_than_memory_holds(tmp_path: Path, jobs: int) -> None:
    """There may be more workers: those of the plan as it was before memory limited it."""
    prepared = prepare(make_data(), Plan(folds=2))
    order = tuple(Candidate(key, "extra_trees", key) for key in "abcdef")
    results = {(one.key, 0): FoldResult(one.key, 0, np.zeros(0), 1, 0.1) for one in order}
    holding = Holding()
    race = Race(Contest(prepared, Plan(jobs=jobs), order, results, folds=2), Clock(60.0, spent=20.0), Crew(holding, None),
                FolderJournal(tmp_path), SilentWatch())
    assert set(refit(race, dict.fromkeys("abcdef", 1), False)) == set("abcdef")
    assert holding.most == jobs


def test_so_many_fits_are_averaged_that_a_row_is_answered_quickly(tmp_path: Path) -> None:
    """2,500 trees more than those of one seed each, dealt out in turn: 1,300 and 4 x 200 leave no room for another 1,300."""
    prepared = prepare(make_data(), Plan(folds=2))
    order = (Candidate("heavy", "lightgbm", "Heavy"), Candidate("light", "lightgbm", "Light"))
    results = {("heavy", 0): FoldResult("heavy", 0, np.zeros(0), 1300, 0.1),
               ("light", 0): FoldResult("light", 0, np.zeros(0), 200, 0.2)}
    noting = Noting()
    race = Race(Contest(prepared, Plan(), order, results, folds=2), Clock(60.0, spent=20.0), Crew(noting, None),
                FolderJournal(tmp_path), SilentWatch())
    refit(race, {"heavy": 1300, "light": 200}, False)
    assert noting.seen == {"heavy": 2, "light": 5}


def test_time_that_was_added_is_shared_out_by_itself(tmp_path: Path) -> None:
    """A minute after 580 of 600 s: a part of that minute is kept for refits, and not of eleven; what they need is in it."""
    prepared = prepare(make_data(), Plan(folds=2))
    plan = with_more(Plan(600.0), 580.0, 60.0)
    assert (plan.budget_seconds, plan.new_seconds, plan.first_seconds) == (640.0, 60.0, 600.0)
    truth = prepared.y[prepared.folds[0][1]]
    ends, tasks = [], []
    for seconds in (0.5, 9.0, 200.0):  # of a fold; a refit takes two or three times as long
        contest = Contest(prepared, plan, (Candidate("one", "lightgbm", "One"),), {}, folds=1)
        contest.take(FoldResult("one", 0, 0.5 + 0.0 * truth, 10, seconds))
        noting = Noting()
        race = Race(contest, Clock(640.0, spent=580.0), Crew(noting, None), FolderJournal(tmp_path), SilentWatch())
        ends.append(race.end())
        race.clock.spent = race.end()
        refit(race, {"one": 10}, False)
        tasks.append(noting.until.get("one", 0.0) - time.time())
    assert 632.0 < ends[0] < 637.0
    assert 604.0 <= ends[1] < 612.0
    assert ends[2] > 632.0  # what cannot end in time is not waited for
    assert 2.0 < tasks[0] < 8.0
    assert 25.0 < tasks[1] < 36.0


def test_more_time_is_not_taken_for_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was added is searched in and no longer; refits have time of their own only where a crash came after it was used up."""
    here, asked = fit_here(monkeypatch), list[bool]()

    def noted(race: Race, wanted: dict[str, int], again: bool) -> dict[str, FoldResult]:
        asked.append(again)
        return {}

    monkeypatch.setattr(entry, "refit", noted)
    data, journal, plan = make_data(), FolderJournal(tmp_path), Plan(1.0, 2, families=FAST, folds=2)
    spent = search(data, plan, journal).summary.fit_seconds
    here.fits.clear()
    began = time.monotonic()
    more = with_more(plan, spent, 2.0)
    ended = search(data, more, journal).summary.fit_seconds
    assert here.fits
    assert time.monotonic() - began < 4.0
    journal.note(prepare(data, plan).fingerprint, "spent", more.budget_seconds)  # its process was lost with nothing of it left
    search(data, more, journal)
    assert asked == [False, False, True]
    assert spent < ended < spent + 4.0


def test_what_was_fitted_on_all_rows_is_not_fitted_again_with_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The added time went into refits that gave the same model; on learned columns, too, they are taken as they are, and no time
    is kept for them."""
    here, kept = fit_here(monkeypatch), list[float]()
    monkeypatch.setattr(opening, "make_portfolio", lambda *asked: make_portfolio(*asked)[:3])
    data, plan = make_data(rows=300), Plan(60.0, 2, families=FAST, folds=2, max_trials=3)
    first = search(data, plan, FolderJournal(tmp_path))
    assert {fit for fit in here.fits if fit[1] < 0}
    assert (tmp_path / "fits" / "codesall.npz").exists()
    here.fits.clear()
    spent = first.summary.fit_seconds
    again = search(data, replace(with_more(plan, spent, 3.0), max_trials=3), FolderJournal(tmp_path))
    assert not here.fits
    assert again.summary.members == first.summary.members
    assert again.summary.refitted
    for name, model in first.rungs.items():
        np.testing.assert_array_equal(model.predict_frame(data.frame), again.rungs[name].predict_frame(data.frame))
    prepared, journal = prepare(data, plan), FolderJournal(tmp_path)
    race = Race(open_contest(prepared, plan, journal, Clock(60.0)), Clock(60.0), Crew(here, None), journal, SilentWatch())
    team = likely_team(race.contest)
    kept.append(refit_seconds(race.contest, team))
    find_columns(race)
    assert set(team) <= set(race.contest.refitted)
    assert kept[0] > refit_seconds(race.contest, team) == 0.0
    wanted = {team[0]: race.contest.refitted[team[0]] + 1}  # a fold was fitted anew: it is another model
    assert earlier_refits(race, [item for item in race.contest.candidates if item.key == team[0]], wanted) == {}
    (tmp_path / "fits" / "codesall.npz").unlink()
    lost = Race(open_contest(prepared, plan, journal, Clock(60.0)), Clock(60.0), Crew(here, None), journal, SilentWatch())
    find_columns(lost)
    coded = {item.key for item in lost.contest.candidates if lost.contest.wanted_extras(item)}
    assert coded & set(race.contest.refitted)
    assert not coded & set(lost.contest.refitted)


@pytest.mark.parametrize(("had", "spent", "bags"), [(1, 40.0, 5), (3, 40.0, 5), (4, 40.0, 4), (1, 57.0, 1), (0, 40.0, 0)])
def test_a_refit_of_few_seeds_is_made_again_where_clearly_more_fit_in(tmp_path: Path, had: int, spent: float, bags: int) -> None:
    """A search of ten seconds averaged one: so it stayed, whatever time was added. 0: an older version has not noted it."""
    prepared = prepare(make_data(), Plan(folds=2))
    order = (Candidate("one", "lightgbm", "One"),)
    results = {("one", 0): FoldResult("one", 0, np.zeros(0), 10, 0.5)}
    noting = Noting()
    race = Race(Contest(prepared, Plan(), order, results, folds=2), Clock(60.0, spent=spent), Crew(noting, None),
                FolderJournal(tmp_path), SilentWatch())
    keep_refits(race, list(order), {"one": 10}, {"one": FoldResult("one", -1, np.zeros(0), 10, files={"a": b"1"}, bags=had)})
    race.contest.refitted["one"] = 10
    assert refit(race, {"one": 10}, False)["one"].bags == bags
    assert noting.seen == ({"one": MOST_BAGS} if bags > had else {})


@pytest.mark.parametrize("family", ["lightgbm", "catboost", "xgboost", "neural", "ebm"])
def test_families_tell_how_many_seeds_they_averaged(family: str) -> None:
    made = families().get(family)
    if not is_installed(made.package):
        pytest.skip("not installed")
    data = make_data(rows=200)
    prepared = prepare(data, Plan(folds=2))
    request = FitRequest(prepared.matrix, prepared.y, prepared.encoder.features, "binary", 2, {}, rounds=2, bags=2)
    assert made.bagged
    assert made.fit(request).bags == 2
    assert made.fit(replace(request, bags=1)).bags == 1


def test_time_added_after_a_search_was_told_to_finish_is_more_time(tmp_path: Path) -> None:
    """20 of 600 s were taken and 300 are added: what was late or cut off is tried again, though that is less than was planned."""
    data, plan = make_data("regression"), Plan(600.0, 2, families=FAST, folds=2)
    prepared, journal = prepare(data, plan), FolderJournal(tmp_path)
    cut, late = (candidate.key for candidate in open_contest(prepared, plan, journal, Clock(600.0)).candidates[:2])
    truth = prepared.y[prepared.folds[0][1]]
    journal.add(prepared.fingerprint, FoldResult(cut, 0, truth + 1.0, 40, 1.0, True), 18.0)
    journal.add(prepared.fingerprint, FoldResult(late, 0, truth[:0], error=LATE_FIT), 20.0)
    clock = Clock(320.0)
    contest = open_contest(prepared, with_more(plan, 20.0, 300.0), journal, clock)
    assert contest.spoilt == {(cut, 0)}
    assert not contest.tried(late)
    assert contest.plan.new_seconds == 300.0
    # of a table that is read in another way nothing is known: all of the time is the new search's own
    other = prepare(make_data("regression", rows=300), plan)
    assert open_contest(other, with_more(plan, 20.0, 300.0), journal, clock).plan.new_seconds == 320.0


class Endless(HereExecutor):
    """The refit of one candidate ends, those of the others do not."""

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if arguments[1].key == "quick":
            future.set_result(FoldResult("quick", -1, np.zeros(0)))
        return future


def test_who_asks_for_the_model_while_it_is_fitted_on_all_rows_does_not_wait_for_that(tmp_path: Path) -> None:
    """What has ended by then is kept; the window of a search of ten minutes had two more of them."""
    prepared = prepare(make_data(), Plan(folds=2))
    order = (Candidate("quick", "extra_trees", "Quick"), Candidate("slow", "extra_trees", "Slow"))
    results = {(item.key, 0): FoldResult(item.key, 0, np.zeros(0), 1, 0.1) for item in order}
    began = time.monotonic()

    class Asking(SilentWatch):
        def stop(self) -> str:
            return "finish" if time.monotonic() > began + 0.4 else ""

    race = Race(Contest(prepared, Plan(), order, results, folds=2), Clock(8.0), Crew(Endless(), None), FolderJournal(tmp_path),
                Asking())
    assert set(refit(race, {"quick": 1, "slow": 1}, False)) == {"quick"}
    assert time.monotonic() - began < 3.0
