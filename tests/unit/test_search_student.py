"""The student: what it learns, who teaches it, where there is none, and that nothing flatters it."""
from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from automl_core.search import FolderJournal, Outcome, entry, lesson, race, search, teachers
from automl_core.search.clock import Clock
from automl_core.search.feature import Feature
from automl_core.search.journal import FoldResult
from automl_core.search.opening import open_contest
from automl_core.search.plan import Plan, RungOffer, RunSummary
from automl_core.search.prepared import prepare
from automl_core.search.soft import Rows, softened
from automl_core.search.worker import FitTask, run_fit
from tests.unit.searching import FAST, HereExecutor, fit_here, larger_steps, make_data

PLAN = Plan(600, 1, folds=3, max_trials=3, families=FAST, student=True)
AMPLE = replace(PLAN, max_trials=5, limited=True, budget_seconds=1e6)  # a time holds, too, and no machine is too slow for it


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of the student, who learns as everybody does elsewhere, are asked of tests/truth/test_student.py."""
    larger_steps(monkeypatch)


def found(folder: Path, task: str = "binary", plan: Plan = PLAN) -> Outcome:
    return search(make_data(task), plan, FolderJournal(folder))


def student_of(summary: RunSummary) -> RungOffer:
    return next(offer for offer in summary.ladder if "student" in (offer.name, *offer.also))


def test_shares_are_learned_as_rows_that_count_by_them() -> None:
    rows = Rows(np.array([[1.0], [2.0]]), np.array([0.0, 1.0]), np.array([1.0, 3.0]))
    taught = softened(rows, np.array([[0.75, 0.25], [0.0, 1.0]]))
    assert taught.matrix[:, 0].tolist() == [1.0, 1.0, 2.0]  # a copy that would not count is not there
    assert taught.y.tolist() == [0.0, 1.0, 1.0]
    assert taught.weights is not None
    assert taught.weights.tolist() == [0.75, 0.25, 3.0]


def test_numbers_are_learned_in_place_of_the_outcomes() -> None:
    taught = softened(Rows(np.ones((2, 1)), np.array([4.0, 6.0])), np.array([5.0, 5.5]))
    assert taught.y.tolist() == [5.0, 5.5]
    assert taught.weights is None


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_student_is_on_the_ladder_and_answers_rows(task: str, tmp_path: Path, here: HereExecutor) -> None:
    outcome = found(tmp_path, task)
    offer = next(offer for offer in outcome.summary.ladder if "student" in (offer.name, *offer.also))
    assert len(offer.members) == 1
    assert offer.members[0].endswith("taught by the ensemble")
    assert offer.refitted
    assert np.isfinite(offer.score.mean)
    blend = next(offer for offer in outcome.summary.ladder if "ensemble" in (offer.name, *offer.also))
    assert offer.members[0] not in blend.members  # it would be taught by itself
    assert any(trial.label == offer.members[0] for trial in outcome.summary.leaderboard)
    rows = make_data(task).frame
    model = outcome.rungs[offer.name]
    whole = model.predict_frame(rows.head(20))
    row = {name: rows[name].iloc[3] for name in model.sources}
    np.testing.assert_allclose(np.asarray(model.predict_row(row)), whole[3], rtol=1e-6)


def test_without_being_asked_for_there_is_none(tmp_path: Path, here: HereExecutor) -> None:
    outcome = found(tmp_path, plan=replace(PLAN, student=False))
    assert all("student" not in (offer.name, *offer.also) for offer in outcome.summary.ladder)
    assert outcome.summary.untaught == ""


def test_the_same_seed_gives_the_same_student(tmp_path: Path, here: HereExecutor) -> None:
    first, second = found(tmp_path / "a"), found(tmp_path / "b")
    assert [offer.score for offer in first.summary.ladder] == [offer.score for offer in second.summary.ladder]
    rows = make_data().frame.head(30)
    name = next(offer.name for offer in first.summary.ladder if "student" in (offer.name, *offer.also))
    np.testing.assert_array_equal(first.rungs[name].predict_frame(rows), second.rungs[name].predict_frame(rows))


@pytest.mark.parametrize(("changes", "why"), [
    ({"folds": 2}, "3 folds or more"),
    ({"max_trials": 1, "families": ("linear",)}, "the best blend is one model"),
    ({"families": ("linear", "rule"), "max_trials": 4}, "no boosting"),
])
def test_it_is_said_why_there_is_none(changes: dict[str, object], why: str, tmp_path: Path, here: HereExecutor) -> None:
    summary = found(tmp_path, plan=replace(PLAN, **changes)).summary  # type: ignore[arg-type]
    assert why in summary.untaught
    assert why in summary.sentence


def test_it_is_said_that_there_was_no_time(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is through by then, and whether a blend of them would be of several: that is the clock's."""
    monkeypatch.setattr(race, "lesson_seconds", lambda contest, team: 1e9)
    outcome = found(tmp_path, plan=AMPLE)
    assert "no time for a student" in outcome.summary.untaught
    assert outcome.model.members


def test_the_time_that_is_kept_is_that_of_the_model_that_is_taught(tmp_path: Path) -> None:
    """It was that of the blend's heaviest boosting, and the best one was fitted, whatever that takes."""
    plan = replace(PLAN, max_trials=0)
    prepared = prepare(make_data("regression"), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(600.0))
    assert lesson.lesson_seconds(contest, ()) == 0.0  # nobody is through a fold
    contest.folds = 3
    line = next(one for one in contest.candidates if one.family == "linear")
    heavy, best, *_ = (one for one in contest.candidates if one.family == "lightgbm" and not one.twin)

    def kept(seconds: float) -> float:
        for one, miss, took in ((line, 2.0, 1.0), (heavy, 2.0, 1.0), (best, 1.0, seconds)):
            for fold in range(3):
                truth = prepared.y[prepared.folds[fold][1]]
                contest.take(FoldResult(one.key, fold, truth + miss * np.resize([1.0, -1.0], len(truth)), 40, took))
        return lesson.lesson_seconds(contest, (heavy.key, line.key))

    assert kept(9.0) - kept(1.0) == pytest.approx(lesson.SLACK * 4 * 8.0)  # three folds and all rows
    best = replace(best, key="formed", view="formed", twin=best.key)  # as good as its twin: what it adds is noise
    contest.candidates += (best,)
    assert kept(500.0) == pytest.approx(kept(9.0))


def test_teachers_are_fitted_without_each_pair_of_folds(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes of these fits is asked below: what is said to who is judged by a fold knows nothing of it."""
    fits: list[tuple[int, tuple[int, ...]]] = []
    known = teachers._fit_without

    def noting(race: object, key: str, pair: teachers.Pair, *rest: object) -> object:
        task = known(race, key, pair, *rest)  # type: ignore[arg-type]
        fits.append((task.fold, task.also))
        assert {task.fold, *task.also} == {*pair.first, *pair.second}
        return task

    monkeypatch.setattr(teachers, "_fit_without", noting)
    outcome = found(tmp_path, "regression")
    assert set(fits) == {(0, (1,)), (0, (2,)), (1, (2,))}
    assert len(outcome.summary.ladder) > 1


def test_a_fit_without_a_pair_of_folds_knows_nothing_of_either() -> None:
    random = np.random.default_rng(0)
    matrix, y = random.normal(size=(90, 3)).astype(np.float32), random.normal(size=90)
    parts = np.arange(90) % 3
    arrays = {"matrix": matrix, "y": y}
    for fold in range(3):
        arrays |= {f"train{fold}": np.flatnonzero(parts != fold), f"valid{fold}": np.flatnonzero(parts == fold)}
    features = tuple(Feature(name, (name,), "number") for name in "abc")
    task = FitTask("key", "lightgbm", {"min_data_in_leaf": 2}, 0, features, "regression", 0, time.time() + 60, rounds=20,
                   also=(1,))
    first = run_fit(arrays, task)
    others = run_fit(arrays | {"y": np.where(parts == 2, y, random.normal(size=90))}, task)
    assert len(first.prediction) == 60
    np.testing.assert_array_equal(first.prediction, others.prediction)
    assert not first.files
    alone = replace(task, also=(), rounds=0)
    assert not np.array_equal(run_fit(arrays, alone).prediction,
                              run_fit(arrays | {"y": np.where(parts == 2, y, 5.0)}, alone).prediction)


def test_what_is_said_to_who_is_judged_by_a_fold_knows_nothing_of_it(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With other outcomes in one fold what is said without it is the same to the bit, and what is said without another is not."""
    known, asked = lesson.said_without, []

    def twice(race: Any, weights: Any, folds: Any, end: float) -> Any:
        first = known(race, weights, folds, end)
        y, rows = race.prepared.y, race.prepared.folds[0][1]
        before = y.copy()
        y[rows] = y[rows][::-1] + 300.0
        second = known(race, weights, folds, end)
        y[:] = before
        asked.append(np.array_equal(first[0], second[0], equal_nan=True))
        asked.append(np.array_equal(first[1], second[1], equal_nan=True))
        assert np.isfinite(first[0]).sum() > len(rows)
        return first

    monkeypatch.setattr(lesson, "said_without", twice)
    found(tmp_path, "regression")
    assert asked == [True, False]


def test_where_time_orders_rows_no_teacher_is_fitted_anew(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[object] = []
    monkeypatch.setattr(teachers, "_fit_without", lambda *arguments: fits.append(arguments))
    data = make_data("regression")
    data = replace(data, problem=replace(data.problem, time="since"))
    summary = search(data, PLAN, FolderJournal(tmp_path)).summary
    assert not fits
    assert any("student" in (offer.name, *offer.also) for offer in summary.ladder)


def test_more_time_teaches_another(tmp_path: Path, here: HereExecutor) -> None:
    first = found(tmp_path)
    spent = first.summary.fit_seconds
    more = replace(PLAN, max_trials=0, budget_seconds=spent + 20.0, first_seconds=600.0, spent_seconds=spent,
                   families=("linear", "lightgbm"))
    again = search(make_data(), more, FolderJournal(tmp_path)).summary
    assert student_of(first.summary).members
    assert student_of(again).members
    hurried = search(make_data(), replace(more, budget_seconds=again.fit_seconds + 2.0, spent_seconds=again.fit_seconds),
                     FolderJournal(tmp_path)).summary
    assert student_of(hurried).members  # it is lost to no search that has no time for another


def test_many_folds_are_left_out_in_few_parts() -> None:
    folds = tuple((np.flatnonzero(np.arange(80) % 8 != k), np.flatnonzero(np.arange(80) % 8 == k)) for k in range(8))
    contest: Any = SimpleNamespace(prepared=SimpleNamespace(folds=folds))
    pairs = teachers.pairs_of(contest, tuple(range(8)))
    assert len(pairs) == 10
    assert {fold for pair in pairs for fold in (*pair.first, *pair.second)} == set(range(8))
    assert max(len(pair.rows) for pair in pairs) == 40
    later = tuple((np.arange(10 * k + 10), np.arange(10 * k + 10, 10 * k + 20)) for k in range(4))
    contest.prepared.folds = later
    assert teachers.pairs_of(contest, (0, 1, 2, 3)) == []


def test_a_search_that_was_interrupted_teaches_with_columns_that_it_has_to_learn_again(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended with an error: those of the first fold alone are kept."""
    def killed(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "teach", killed)
    plan = replace(PLAN, families=("lightgbm", "linear"), max_trials=8)
    with pytest.raises(KeyboardInterrupt):
        found(tmp_path, plan=plan)
    monkeypatch.undo()
    fit_here(monkeypatch)
    larger_steps(monkeypatch)
    summary = found(tmp_path, plan=plan).summary
    assert summary.resumed
    assert not summary.untaught
    assert student_of(summary).members


def test_as_many_teach_as_there_is_time_for(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[int] = []
    known = lesson.said_without

    def noting(race: Any, weights: Any, *rest: Any) -> Any:
        taught.append(len(weights))
        assert sum(weights.values()) == pytest.approx(1.0)
        return known(race, weights, *rest)

    monkeypatch.setattr(lesson, "lesson_seconds", lambda contest, team: 0.5 if len(team) <= 2 else 1e9)
    monkeypatch.setattr(lesson, "said_without", noting)
    summary = found(tmp_path, "regression", AMPLE).summary
    assert taught == [2], summary.untaught
    assert student_of(summary).members


def test_a_teacher_that_fails_is_said(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    known = teachers.run_tasks

    def failing(race: Any, tasks: Any, end: float) -> Any:
        return [(task, replace(result, error="The fit failed (X).") if isinstance(task, FitTask) and task.also else result)
                for task, result in known(race, tasks, end)]

    monkeypatch.setattr(teachers, "run_tasks", failing)
    summary = found(tmp_path, plan=replace(PLAN, folds=3)).summary
    assert summary.untaught.endswith("a fit that it takes failed. The fit failed (X).")
