"""What is tried next, and how many folds there are."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automl_core.search.carried import common_folds
from automl_core.search.contest import Contest
from automl_core.search.families import families
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import LOG, OPTION
from automl_core.search.plan import Candidate, Plan
from automl_core.search.prepared import Prepared, prepare
from automl_core.search.reserve import likely_team, refit_rounds, refit_seconds
from automl_core.search.schedule import Moment, fold_count, next_place
from automl_core.search.telling import tell
from tests.unit.searching import make_data

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


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
def test_what_is_tried_next_hangs_on_no_unit(unit: float) -> None:
    """Where the target is a number of a trillionth all errors looked alike, and a family three times as bad was tried again."""
    prepared = prepare(make_data("regression"), Plan(folds=2))
    order = (LINE, BOOST, Candidate("line_2", "linear", "Line"), Candidate("boost_2", "lightgbm", "Trees"))
    contest = contest_of(replace(prepared, y=unit * prepared.y), order, {"line": 3.0 * unit, "boost": 1.0 * unit})
    place = next_place(contest, NOW)
    assert place is not None
    assert place.candidate.key == "boost_2"


def test_where_the_best_makes_no_error_the_others_are_told_apart() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    order = (LINE, BOOST, Candidate("line_2", "linear", "Line"), Candidate("boost_2", "lightgbm", "Trees"))
    for misses in ({"line": 1e-12, "boost": 0.0}, {"line": 3.0, "boost": 0.0}):
        place = next_place(contest_of(prepared, order, misses), NOW)
        assert place is not None
        assert place.candidate.key == "boost_2"
    nothing = next_place(contest_of(prepared, order, {"line": 0.0, "boost": 0.0}), NOW)
    assert nothing is not None
    assert nothing.candidate.key == "line_2"


def test_ten_candidates_are_worth_more_than_another_fold() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=4))
    contest = contest_of(prepared, (LINE, BOOST), {"line": 2.0, "boost": 1.0}, 0)
    assert [fold_count(contest, (LINE, BOOST), room) for room in (1.0, 5.0, 10.0, 1000.0)] == [1, 1, 2, 4]


@pytest.mark.parametrize("lost", [BOOST, LINE])
def test_a_first_fit_that_was_lost_takes_as_long_as_the_other(lost: Candidate) -> None:
    """With nothing counted for it the anchors were expected to get through twice as many folds."""
    prepared = prepare(make_data("regression"), Plan(folds=4))
    kept = LINE if lost is BOOST else BOOST
    contest = contest_of(prepared, (LINE, BOOST), {kept.key: 1.0}, 0)
    contest.take(FoldResult(lost.key, 0, prepared.y[:0], error="It did not end in its time."))
    assert [fold_count(contest, (LINE, BOOST), room) for room in (5.0, 10.0, 15.0, 1000.0)] == [1, 2, 3, 4]
    contest = contest_of(prepared, (LINE, BOOST), {}, 0)
    for key in ("line", "boost"):
        contest.take(FoldResult(key, 0, prepared.y[:0], error="It did not end in its time."))
    assert fold_count(contest, (LINE, BOOST), 1000.0) == 1


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
    assert tell(contest, CAT).state == "finished"


def test_a_search_is_hurried_by_rows_for_its_first_budget_and_never_by_trials() -> None:
    assert Plan(60.0).hurried(30_000)
    assert not Plan(60.0).hurried(29_999)
    assert Plan(360.0, first_seconds=60.0).hurried(30_000)
    assert not Plan(60.0, max_trials=5).hurried(1_000_000)


def test_what_a_fit_takes_is_told_by_fits_that_ended_and_by_its_options() -> None:
    prepared = prepare(make_data(), Plan(folds=2))
    small = Candidate("small", "lightgbm", "Small trees", {"learning_rate": 0.04, "num_leaves": 5})
    deep, shallow = (Candidate(f"cat{depth}", "catboost", "Cats", {"depth": depth, "learning_rate": 0.06}) for depth in (6, 4))
    careful = Candidate("careful", "lightgbm", "Careful", {"learning_rate": 0.04, "num_leaves": 20})
    contest = Contest(prepared, Plan(), (careful, small, deep, shallow), {}, folds=2)
    truth = prepared.y[prepared.folds[0][1]]
    contest.take(FoldResult("careful", 0, truth * 0.5, 10, 8.0))
    assert contest.fold_seconds(small) == pytest.approx(8.0 * 0.25**0.3)
    assert contest.fold_seconds(deep) == pytest.approx(1.5 * contest.fold_seconds(shallow))
    larger = Candidate("steps", "catboost", "Cats", {"depth": 6, "learning_rate": 0.12})
    assert contest.fold_seconds(larger) == pytest.approx(0.5 * contest.fold_seconds(deep))
    contest.take(FoldResult("small", 0, truth * 0.5, 10, 1.0, truncated=True))
    other = Candidate("other", "lightgbm", "Other", {"learning_rate": 0.08, "num_leaves": 20})
    assert contest.fold_seconds(other) == pytest.approx(4.0)  # what was cut off does not make others look quick
    contest.take(FoldResult("cat6", 0, truth * 0.5, 10, 40.0))
    assert contest.fold_seconds(shallow) == pytest.approx(40.0 / 1.5)


def test_large_trees_are_quick_for_classes_only() -> None:
    lightgbm = families().get("lightgbm")
    large = {"learning_rate": 0.04, "num_leaves": 255}
    assert lightgbm.work(large, "binary") < 0.5
    assert lightgbm.work(large, "regression") == 1.0


def test_time_is_kept_for_refits_that_end_in_it() -> None:
    """What would not, and what is worse than that, is handed over as it was fitted on a fold: no time is kept for them."""
    prepared = prepare(make_data("regression"), Plan(folds=2))

    def kept(slow: float, quick: float, hurried: bool = False) -> float:
        contest = Contest(replace(prepared, hurried=hurried), Plan(60.0, 2), (BOOST, LINE), {}, folds=1)
        truth = prepared.y[prepared.folds[0][1]]
        contest.take(FoldResult("boost", 0, truth + 1.0, 10, slow))
        contest.take(FoldResult("line", 0, truth + 5.0, 10, quick))
        return refit_seconds(contest, likely_team(contest))

    assert likely_team(Contest(prepared, Plan(60.0, 2), (BOOST, LINE), {}, folds=1)) == ()
    assert kept(2.0, 1.0) == pytest.approx(2.0 * 2**1.5, rel=0.01)
    assert kept(30.0, 1.0) == 0.0
    assert kept(6.0, 1.0) > 15.0
    assert kept(6.0, 1.0, hurried=True) == 0.0


def test_in_time_refits_are_reckoned_from_all_rows_that_fits_learned_from() -> None:
    """The first fold is the newest, which learns from most: by its rows alone refits got two thirds of the time they take, and
    fewer rounds. A fit takes as long as it has rows here, and as many rounds as their root."""
    data = make_data("regression", 600)
    data = replace(data, frame=data.frame.assign(day=np.arange(600)), problem=replace(data.problem, time="day"),
                   columns=(*data.columns, replace(data.columns[0], name="day", kind="int")))
    prepared = prepare(data, Plan(folds=5))
    assert [len(train) for train, _ in prepared.folds] == [500, 400, 300, 200, 100]
    contest = Contest(prepared, Plan(), (BOOST, LINE), {}, folds=5)
    for fold, (train, valid) in enumerate(prepared.folds):
        contest.take(FoldResult("line", fold, prepared.y[valid] + 1.0, 0, len(train) / 100))
        contest.take(FoldResult("boost", fold, prepared.y[valid] + 1.0, round(10 * len(train) ** 0.5), 1.0))
    assert contest.refit_seconds(LINE) == pytest.approx(6.0)
    assert refit_rounds(contest, "boost", common_folds(contest)) == pytest.approx(10 * 600**0.5, rel=0.05)


def test_time_is_kept_for_whom_an_ensemble_would_have() -> None:
    """Not for the best ones: what says the same as the best brings nothing, and is not fitted again."""
    prepared = prepare(make_data("regression"), Plan(folds=2))
    copies = tuple(Candidate(f"copy{place}", "lightgbm", "Trees", {"num_leaves": 5 + place}) for place in range(3))
    contest = contest_of(prepared, (*copies, LINE), {"copy0": 1.0, "copy1": 1.1, "copy2": 1.2})
    truth, turns = prepared.y[prepared.folds[0][1]], np.where(np.arange(prepared.folds[0][1].size) % 4 < 2, 1, -1)
    contest.take(FoldResult("line", 0, truth + 1.3 * turns, 10, 7.0))
    team = likely_team(contest)
    assert set(team) == {"copy0", "line"}
    assert refit_seconds(contest, team) == pytest.approx(contest.refit_seconds(LINE))


def test_a_forest_takes_what_its_rows_take_and_not_what_a_boosting_does_with_them() -> None:
    """A boosting that goes on learning for long made forests look ten times as slow as they are: they were not tried."""
    prepared = prepare(make_data("regression"), Plan(folds=2))
    options = {"trees": 100, "max_features": 0.5}
    forest, wood = (Candidate(name, name, "Forest", options) for name in ("extra_trees", "random_forest"))
    contest = Contest(prepared, Plan(), (BOOST, forest, wood), {}, folds=1)
    before = contest.fold_seconds(forest), contest.fold_seconds(wood)
    contest.take(FoldResult("boost", 0, prepared.y[prepared.folds[0][1]], 10, 500.0))
    assert (contest.fold_seconds(forest), contest.fold_seconds(wood)) == before
    assert 0.0 < before[0] < before[1] < 5.0
    contest.take(FoldResult("extra_trees", 0, prepared.y[prepared.folds[0][1]], 10, 3.0))
    assert contest.fold_seconds(forest) == 3.0


def test_a_kind_like_one_that_is_far_behind_is_not_taken_to_be_as_good_as_the_best() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    forest, wood = (Candidate(name, name, "Forest") for name in ("extra_trees", "random_forest"))
    other = Candidate("more", "lightgbm", "More trees", {"num_leaves": 9})
    contest = contest_of(prepared, (BOOST, forest, wood, other), {"boost": 1.0, "extra_trees": 9.0})
    place = next_place(contest, NOW)
    assert place is not None
    assert place.candidate == other


def test_what_does_not_fit_now_may_fit_when_fits_turn_out_quicker() -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    order = (BOOST, LINE, CAT)
    contest = contest_of(prepared, order, {"boost": 1.0, "line": 2.0})
    short = Moment(0.0, 1.5, frozenset())
    assert next_place(contest, short) is None
    assert not contest.out
    place = next_place(contest, NOW)
    assert place is not None
    assert place.candidate == CAT


@pytest.mark.parametrize(("again", "counts"), [
    ({"seconds": 3.0}, True), ({"seconds": 3.0, "truncated": True}, True), ({"seconds": 1.0, "truncated": True}, False),
    ({"error": "It failed."}, False)])
def test_what_was_cut_off_is_replaced_by_what_had_more_time(again: dict[str, Any], counts: bool) -> None:
    prepared = prepare(make_data("regression"), Plan(folds=2))
    contest = contest_of(prepared, (BOOST, LINE), {"boost": 1.0, "line": 1.0})
    contest.spoilt.add(("boost", 0))
    cut = contest.results["boost", 0]
    assert contest.renew(contest.results["line", 0])  # nobody waits for it
    assert (contest.spoilt, contest.renewed) == ({("boost", 0)}, set())
    assert contest.renew(replace(cut, **again)) == counts
    assert (contest.spoilt, contest.renewed) == (set(), {"boost"})
    assert contest.results["boost", 0] is cut
