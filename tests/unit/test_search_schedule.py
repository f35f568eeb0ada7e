"""What is tried next, how many folds there are, and what time is kept for refits."""
from __future__ import annotations

import numpy as np
import pytest

from automl_core.search.contest import Contest
from automl_core.search.handover import refit_seconds
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


def test_no_time_is_kept_for_refits_of_what_is_out() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    contest = contest_of(prepared, (LINE, BOOST, CAT), {"line": 1.0, "boost": 2.0, "cat": 1.5})
    before = refit_seconds(contest)
    contest.out["cat"] = "Stopped."
    assert refit_seconds(contest) < before
