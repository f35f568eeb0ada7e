"""What is tried next, and how many folds there are."""
from __future__ import annotations

import numpy as np
import pytest

from automl_core.search.contest import Contest
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import LOG, OPTION
from automl_core.search.plan import Candidate, Plan
from automl_core.search.prepared import Prepared, prepare
from automl_core.search.schedule import Moment, fold_count, next_place
from tests.unit.test_search_race import make_data

LINE, LOG_LINE = Candidate("line", "linear", "Line"), Candidate("log_line", "linear", "Line", {OPTION: LOG})
BOOST, LOG_BOOST = Candidate("boost", "lightgbm", "Trees"), Candidate("log_boost", "lightgbm", "Trees", {OPTION: LOG})
CAT, LOG_CAT = Candidate("cat", "catboost", "Cats"), Candidate("log_cat", "catboost", "Cats", {OPTION: LOG})
NOW = Moment(0.0, 1e6, frozenset())


def contest_of(prepared: Prepared, candidates: tuple[Candidate, ...], misses: dict[str, float], folds: int = 1) -> Contest:
    """A contest whose candidates took a second each and missed every number of the first fold by so much."""
    contest = Contest(prepared, Plan(), candidates, {}, folds=folds)
    truth = prepared.y[prepared.folds[0][1]]
    for key, miss in misses.items():
        contest.take(FoldResult(key, 0, truth + miss * np.where(np.arange(len(truth)) % 2, 1, -1), 10, 1.0))
    return contest


@pytest.mark.parametrize(("number", "logarithm", "first"), [(1.0, 2.0, "cat"), (2.0, 1.0, "log_cat")])
def test_what_logarithms_cost_one_family_is_expected_of_the_others(number: float, logarithm: float, first: str) -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    for order in ((LOG_BOOST, BOOST, LOG_CAT, CAT), (LOG_BOOST, BOOST, CAT, LOG_CAT)):
        place = next_place(contest_of(prepared, order, {"boost": number, "log_boost": logarithm}), NOW)
        assert place is not None
        assert place.candidate.key == first


def test_both_ways_are_tried_of_a_family_before_its_others() -> None:
    """With the logarithm alone known the number itself is as new as another family, and quicker."""
    prepared = prepare(make_data("regression"), Plan(folds=2))
    order = (LOG_LINE, LOG_BOOST, BOOST, LOG_CAT, Candidate("more", "lightgbm", "More trees", {OPTION: LOG, "num_leaves": 9}))
    place = next_place(contest_of(prepared, order, {"log_line": 3.0, "log_boost": 1.0}), NOW)
    assert place is not None
    assert place.candidate == BOOST


def test_ten_candidates_are_worth_more_than_another_fold() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=4))
    contest = contest_of(prepared, (LINE, BOOST), {"line": 2.0, "boost": 1.0}, 0)
    assert [fold_count(contest, (LINE, BOOST), room) for room in (1.0, 5.0, 10.0, 1000.0)] == [1, 1, 2, 4]


def test_what_got_through_all_folds_is_not_called_stopped() -> None:
    """Ruled out by its first fold while the second one was being fitted."""
    prepared = prepare(make_data("regression"), Plan(folds=2))
    contest = contest_of(prepared, (BOOST, CAT), {"boost": 1.0}, 2)
    for key, fold, miss in (("boost", 1, 1.0), ("cat", 0, 50.0)):
        truth = prepared.y[prepared.folds[fold][1]]
        contest.take(FoldResult(key, fold, truth + miss, 10, 1.0))
    assert "cat" in contest.out
    contest.take(FoldResult("cat", 1, prepared.y[prepared.folds[1][1]] + 50.0, 10, 1.0))
    assert not contest.out
    assert contest.trial(CAT).state == "finished"


def test_a_search_is_hurried_by_rows_for_its_first_budget_and_never_by_trials() -> None:
    assert Plan(60.0).hurried(30_000)
    assert not Plan(60.0).hurried(29_999)
    assert Plan(360.0, first_seconds=60.0).hurried(30_000)
    assert not Plan(60.0, max_trials=5).hurried(1_000_000)
