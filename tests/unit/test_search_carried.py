"""More time that brings more folds: what the shorter search would hand over is not lost on the way."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_core.search import FolderJournal, search
from automl_core.search.carried import common_folds, through
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.journal import FoldResult
from automl_core.search.offers import make_ballot
from automl_core.search.opening import open_contest
from automl_core.search.plan import Plan
from automl_core.search.prepared import Prepared, prepare
from automl_core.search.race import LATE_FIT
from automl_core.search.reserve import likely_team
from automl_core.search.schedule import Moment, next_place
from automl_core.search.telling import tell
from tests.unit.searching import FAST, HereExecutor, Log, make_data

SHORT = Plan(10.0, 2, families=FAST)
MORE = replace(SHORT, budget_seconds=600.0, first_seconds=10.0, spent_seconds=10.0)
NOW = Moment(20.0, 1e6, frozenset())


def fitted(prepared: Prepared, key: str, fold: int, miss: float) -> FoldResult:
    truth = prepared.y[prepared.folds[fold][1]]
    return FoldResult(key, fold, truth + miss * np.resize([1.0, -1.0], len(truth)), 40, 0.1)


def gone_on(tmp_path: Path) -> tuple[Contest, list[str]]:
    """A search of one fold whose fifth candidate was the best, its second and third the next, gone on with for ten minutes."""
    prepared, journal = prepare(make_data("regression"), SHORT), FolderJournal(tmp_path)
    keys = [one.key for one in open_contest(prepared, SHORT, journal, Clock(10.0)).candidates[:6]]
    for key, miss in zip(keys, (9.0, 4.0, 5.0, 9.5, 1.0, 9.9), strict=True):
        journal.add(prepared.fingerprint, fitted(prepared, key, 0, miss), 10.0)
    journal.note(prepared.fingerprint, "folds", 1)
    contest = open_contest(prepared, MORE, journal, Clock(600.0))
    assert contest.folds > 2
    return contest, keys


def turns(contest: Contest, count: int) -> list[str]:
    """Whose fits come next."""
    found = []
    for _ in range(count):
        place = next_place(contest, NOW)
        assert place is not None
        found.append(place.candidate.key)
        contest.take(fitted(contest.prepared, place.candidate.key, place.fold, 9.0))
    return found


def test_the_best_of_a_shorter_search_are_the_first_on_more_folds(tmp_path: Path) -> None:
    """It went by the order of the portfolio: the best one came last, and a Stop before lost it."""
    contest, keys = gone_on(tmp_path)
    assert likely_team(contest)[0] == keys[4]  # time is kept for its refit
    assert turns(contest, contest.folds - 1) == [keys[4]] * (contest.folds - 1)


def test_as_long_as_the_best_of_a_shorter_search_has_not_all_folds_its_folds_are_compared(tmp_path: Path) -> None:
    contest, keys = gone_on(tmp_path)
    assert common_folds(contest) == (0,)
    for fold in range(1, contest.folds):
        contest.take(fitted(contest.prepared, keys[0], fold, 9.0))
    ballot = make_ballot(contest, common_folds(contest), contest.positions(common_folds(contest)))
    assert set(ballot.predictions) == set(keys)
    assert len(tell(contest, contest.candidates[0]).fold_scores) == 1  # all by the same rows
    for key in contest.carried.team + contest.carried.simple:
        for fold in range(1, contest.folds):
            contest.take(fitted(contest.prepared, key, fold, 1.0))
    assert common_folds(contest) == tuple(range(contest.folds))


def test_the_best_of_a_shorter_search_is_not_lost_by_a_fit_that_was_late(tmp_path: Path) -> None:
    contest, keys = gone_on(tmp_path)
    for key in contest.carried.order:
        for fold in range(1, contest.folds):
            late = key == keys[4] and fold == 2
            contest.take(FoldResult(key, fold, np.zeros(0), error=LATE_FIT) if late else fitted(contest.prepared, key, fold, 8.0))
    assert common_folds(contest) == (0,)
    assert keys[4] in through(contest)
    told = tell(contest, contest.candidates[4])
    assert (told.state, told.reason) == ("finished", "")
    assert np.isfinite(told.score)


def test_a_stop_soon_after_time_was_added_hands_over_no_worse_a_model(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, journal = make_data(), FolderJournal(tmp_path)
    monkeypatch.setattr("automl_core.search.next_task.fold_count", lambda *arguments: 1)
    first = search(data, SHORT, journal, Log("finish", after=5)).summary
    assert first.folds == 1
    best, budget = first.leaderboard[0], 60.0 + first.fit_seconds
    for _ in range(2):  # a second time, too: that there are more folds now is known by then
        more = replace(MORE, budget_seconds=budget, spent_seconds=budget - 60.0)
        second = search(data, more, journal, Log("finish", after=1)).summary
        assert {trial.key: trial.state for trial in second.leaderboard}[best.key] == best.state == "finished"
        budget = 60.0 + second.fit_seconds
