"""Learning rates follow the time there is, the same way again when a search goes on."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_core.search import FolderJournal
from automl_core.search.clock import Clock
from automl_core.search.haste import MOST, hastened
from automl_core.search.journal import FoldResult
from automl_core.search.opening import open_contest
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import Views, make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.schedule import Moment, fits, fits_in_part
from tests.unit.modelling import PROBLEMS
from tests.unit.searching import make_data

ALL = make_portfolio(PROBLEMS["binary"], 50_000, Plan(), Views(formulas=True))
FIXED = tuple(candidate.key for candidate in ALL[:2])


def rate(candidates: tuple[Candidate, ...], label: str) -> float:
    return next(float(candidate.options["learning_rate"]) for candidate in candidates
                if candidate.label in (label, f"{label}, in larger steps"))


def test_with_time_enough_nothing_changes() -> None:
    assert hastened(ALL, 0.1, FIXED, "binary") == ALL


def test_what_would_be_cut_off_learns_in_larger_steps_the_slower_the_family_the_larger() -> None:
    found = hastened(ALL, 0.5, FIXED, "binary")
    assert rate(found, "LightGBM, small trees") == rate(ALL, "LightGBM, small trees")
    assert rate(found, "CatBoost") == pytest.approx(2**0.5 * rate(ALL, "CatBoost"), rel=1e-3)
    assert rate(found, "CatBoost, shallow") == rate(ALL, "CatBoost, shallow")
    later = hastened(ALL, 100.0, FIXED, "binary")
    assert rate(later, "CatBoost") == pytest.approx(MOST * rate(ALL, "CatBoost"))
    assert rate(later, "LightGBM, careful") == rate(ALL, "LightGBM, careful")  # it has begun
    assert [candidate.label.removesuffix(", in larger steps") for candidate in later] == [candidate.label for candidate in ALL]


def test_formulas_are_still_judged_by_the_same_model_without_them() -> None:
    found = hastened(ALL, 100.0, FIXED, "binary")
    by_key = {candidate.key: candidate for candidate in found}
    assert len(by_key) == len(ALL)
    twins = [candidate for candidate in found if candidate.twin]
    assert len(twins) >= 3
    assert all(by_key[candidate.twin].options == candidate.options for candidate in twins)


def test_a_search_that_goes_on_knows_its_candidates_again_and_with_more_time_the_slow_ones_too(tmp_path: Path) -> None:
    data, plan = make_data(), Plan(60, 2)
    prepared, journal = prepare(data, plan), FolderJournal(tmp_path)
    journal.note(prepared.fingerprint, "slowness", 100.0)
    first = open_contest(prepared, plan, journal, Clock(60.0)).candidates
    assert first == open_contest(prepared, plan, journal, Clock(60.0)).candidates
    assert rate(first, "CatBoost") == pytest.approx(MOST * rate(ALL, "CatBoost"))
    more = open_contest(prepared, replace(plan, budget_seconds=120, first_seconds=60), journal, Clock(120.0)).candidates
    assert more[: len(first)] == first
    assert len({candidate.label for candidate in more}) == len(more)
    again = replace(plan, first_seconds=60)  # after a crash there is no more time than before
    assert open_contest(prepared, again, journal, Clock(60.0)).candidates == first
    assert {candidate.key for candidate in make_portfolio(data.problem, len(prepared.y), plan, prepared.views)} <= {
        candidate.key for candidate in more}


def test_a_family_is_not_begun_when_its_library_would_only_just_be_loaded(tmp_path: Path) -> None:
    data, plan = make_data(), Plan(60, 2)
    prepared = prepare(data, plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    first = contest.candidates[1]
    assert first.family == "lightgbm"
    contest.take(FoldResult(first.key, 0, np.zeros(len(prepared.folds[0][1])), seconds=0.01))
    for family, left, begun in (("lightgbm", 0.2, True), ("catboost", 0.2, False), ("catboost", 2.0, True)):
        candidate = next(one for one in contest.candidates if one.family == family and one.key != first.key)
        moment = Moment(10.0, 10.0 + left, frozenset())
        assert fits(contest, candidate, 1, moment) == begun
        contest.folds = 1
        assert fits_in_part(contest, candidate, moment) == begun


def test_the_first_boosting_learns_in_larger_steps_where_rows_are_many_for_the_time(tmp_path: Path) -> None:
    """It alone, and what is judged by it."""
    data = make_data(rows=900)
    for plan, quick in ((Plan(1.5, 2), True), (Plan(60.0, 2), False), (Plan(60.0, 2, first_seconds=1.5), True),
                        (Plan(1.5, 2, max_trials=5), False)):
        prepared = prepare(data, plan)
        found = open_contest(prepared, plan, FolderJournal(tmp_path / f"{plan}"), Clock(plan.budget_seconds)).candidates
        usual = make_portfolio(data.problem, 900, plan, prepared.views)
        first = usual[1]
        assert first.label == "LightGBM, careful"
        twins = [place for place, candidate in enumerate(usual) if candidate.key == first.key or candidate.twin == first.key]
        faster = [found[place].options["learning_rate"] / usual[place].options["learning_rate"] for place in twins]
        assert faster == [pytest.approx(MOST if quick else 1.0)] * len(twins)
        others = [place for place in range(len(usual)) if place not in twins]
        assert [found[place] for place in others] == [usual[place] for place in others]
        assert all(found[place].twin in ("", found[1].key) for place in twins)


def test_many_classes_hurry_the_first_boosting_as_they_hurry_all(tmp_path: Path) -> None:
    """A boosting grows trees for every class: 900 rows of three classes are 2,700 that two classes would have."""
    for task, quick in (("multiclass", True), ("binary", False)):
        data, plan = make_data(task, rows=900), Plan(4.0, 2)
        prepared = prepare(data, plan)
        assert prepared.hurried is quick
        found = open_contest(prepared, plan, FolderJournal(tmp_path / task), Clock(4.0)).candidates
        assert rate(found, "LightGBM, careful") == pytest.approx((MOST if quick else 1.0) * rate(ALL, "LightGBM, careful"))


@pytest.mark.parametrize("first", [Plan(1.5, 2), Plan(1.5, 2, max_trials=5), Plan(60.0, 2)])
def test_what_was_fitted_first_is_known_again_whatever_time_comes(tmp_path: Path, first: Plan) -> None:
    data, journal = make_data(rows=900), FolderJournal(tmp_path)
    prepared = prepare(data, first)
    began = open_contest(prepared, first, journal, Clock(first.budget_seconds)).candidates
    for later in (first, Plan(600.0, 2), replace(first, budget_seconds=9.0, first_seconds=first.budget_seconds, max_trials=0)):
        assert open_contest(prepared, later, journal, Clock(later.budget_seconds)).candidates[1] == began[1]
