"""Tables that searches are not made for: classes that come late, thousands of columns, long texts, fits that look at no clock."""
from __future__ import annotations

import math
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.framing import validation
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import differences, paired_difference
from automl_core.search import FolderJournal, SearchData, opening, ridge_lines, search
from automl_core.search import prepared as preparing
from automl_core.search.clock import Clock
from automl_core.search.crew import Crew
from automl_core.search.ensemble import Electorate, greedy_weights, rows_to_judge
from automl_core.search.families import ebm, families, linear, neighbours
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.log_target import is_log
from automl_core.search.plan import Plan, left_out_sentence
from automl_core.search.portfolio import Views, make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.race import Race
from automl_core.search.watch import SilentWatch
from automl_core.search.worker import FitTask, run_fit
from tests.unit.searching import HereExecutor, fit_here

RANDOM = np.random.default_rng(5)


def numbers(rows: int, columns: int) -> tuple[np.ndarray, tuple[Feature, ...]]:
    matrix = np.random.default_rng(0).normal(size=(rows, columns))
    return matrix, tuple(Feature(f"x{place}", "number", (f"x{place}",)) for place in range(columns))


def late(rows: int = 1_000, first: float = 0.7) -> SearchData:
    """The wanted class comes in the last part of the time only."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"day": np.arange(rows), "size": random.normal(size=rows)})
    wanted = (frame["day"] > first * rows) & (frame["size"] + random.normal(size=rows) > 0.3)
    frame["fraud"] = np.where(wanted, "Yes", "No")
    table = table_from_frame(frame, "payments")
    return SearchData(table.frame, table.columns, Problem("fraud", "binary", "roc_auc", ("No", "Yes"), "Yes", time="day"))


def test_every_block_of_time_can_be_judged() -> None:
    data = late()
    y = (data.frame["fraud"] == "Yes").to_numpy().astype(np.int64)
    for wanted in (2, 3, 5, 8):
        folds = validation.make_folds(y, data.problem, data.frame, data.columns, wanted, 0)
        assert folds
        for train, valid in folds:
            assert train.max() < valid.min()
            assert 0 < y[train].mean() < 1
            assert 0 < y[valid].mean() < 1
    apart = (np.arange(len(y)) >= 500).astype(np.int64)
    with pytest.raises(BadInput, match="each class has a time of its own"):
        validation.make_folds(apart, data.problem, data.frame, data.columns, 5, 0)


def test_every_fold_of_groups_can_be_judged() -> None:
    """Fraud at three of forty merchants: three folds at most."""
    merchant = np.repeat(np.arange(40), 25)
    y = ((merchant < 3) & (RANDOM.random(1_000) < 0.5)).astype(np.int64)
    table = table_from_frame(pd.DataFrame({"merchant": [f"m{one}" for one in merchant], "x": RANDOM.normal(size=1_000)}), "t")
    problem = Problem("y", "binary", "roc_auc", ("0", "1"), "1", group="merchant")
    folds = validation.make_folds(y, problem, table.frame, table.columns, 8, 0)
    assert len(folds) == 3
    assert all(0 < y[valid].mean() < 1 for _, valid in folds)


def test_a_class_of_one_group_alone_is_refused() -> None:
    """The fold with that group learned from no positive: an area of 0.2 was told, and "worse than the same guess" with it."""
    shops = np.repeat([f"shop {name}" for name in "ABCDEF"], 10)
    frame = pd.DataFrame({"shop": shops, "x": RANDOM.normal(size=60), "y": np.where(np.arange(60) < 8, "Yes", "No")})
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="shop")
    table = table_from_frame(frame, "shops")
    for wrong, only in ((table.frame, "Yes"), (frame.assign(y=np.where(np.arange(60) < 8, "No", "Yes")), "No")):
        with pytest.raises(BadInput, match=f"All rows of “{only}” share one value of “shop”, so no part can be judged"):
            validation.check_split(wrong, table.columns, problem)
    number = np.where(np.arange(200) < 8, -1.0, np.arange(200))
    table = table_from_frame(pd.DataFrame({"x": number, "z": 2.5 * number, "y": np.where(number < 0, "Yes", "No")}), "copies")
    together = replace(problem, group="", copies_together=True)
    with pytest.raises(BadInput, match="All rows of “Yes” are copies of each other"):
        validation.make_folds((number < 0).astype(np.int64), together, table.frame, table.columns, 5, 0)


@pytest.mark.parametrize("family", ["catboost", "lightgbm", "extra_trees", "linear"])
@pytest.mark.parametrize("only", [0.0, 7.5])
def test_a_part_whose_outcome_does_not_vary_is_learned_by_all_families(family: str, only: float) -> None:
    """A shop that was not open yet: CatBoost refused the oldest block, and all its candidates were out for it."""
    matrix, features = numbers(40, 3)
    y = np.full(40, only)
    request = FitRequest(matrix.copy(), y, features, "regression", valid_matrix=matrix[:9], valid_y=y[:9] + np.arange(9) % 2,
                         rounds=20)
    plugin = families().get(family)
    said = plugin.predict(plugin.fit(request).native, matrix)
    assert said == pytest.approx(np.full(40, only), abs=0.02)


def test_two_groups_of_a_class_are_two_folds_that_can_be_judged() -> None:
    """The largest were dealt first, and the two with positives came into one fold."""
    group, y = np.repeat([0, 1, 2], [27, 4, 13]), np.repeat([1, 1, 0, 0], [27, 2, 2, 13])
    table = table_from_frame(pd.DataFrame({"g": [f"g{one}" for one in group], "x": RANDOM.normal(size=44)}), "t")
    problem = Problem("y", "binary", "roc_auc", ("0", "1"), "1", group="g")
    for seed in range(5):
        folds = validation.make_folds(y, problem, table.frame, table.columns, 8, seed)
        assert all(0 < y[rows].mean() < 1 for pair in folds for rows in pair)
        assert all(not set(group[train]) & set(group[valid]) for train, valid in folds)


def test_a_search_whose_class_comes_late_is_tuned_and_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds that nobody can judge used to end the search when its candidates were to be tuned."""
    fit_here(monkeypatch)
    monkeypatch.setattr(validation, "_both_classes", lambda strata, assigned: True)
    merchant = np.repeat(np.arange(40), 15)
    random = np.random.default_rng(2)
    x = random.normal(size=600)
    frame = pd.DataFrame({"merchant": [f"m{one}" for one in merchant], "x": x,
                          "y": np.where((merchant < 2) & (x + random.normal(size=600) > 0), "Yes", "No")})
    table = table_from_frame(frame, "payments")
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="merchant")
    plan = Plan(60, 1, families=("lightgbm",), folds=3, max_trials=4)
    monkeypatch.setattr("automl_core.search.tuning.LEAST_ROWS", 100)
    monkeypatch.setattr(opening, "make_portfolio", lambda *given: make_portfolio(*given)[:2])
    outcome = search(SearchData(table.frame, table.columns, problem), plan, FolderJournal(tmp_path))
    assert math.isfinite(outcome.summary.score.mean)


@pytest.mark.parametrize("rows", [60, 300])
def test_ridge_is_the_same_by_every_way(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = numbers(rows, 90)
    y = x[:, :5].sum(axis=1) + np.random.default_rng(1).normal(size=rows)
    weights = np.random.default_rng(2).random(rows) + 0.5
    request = FitRequest(x, y, (), "regression")
    for strength in (0.01, 1.0, 100.0):
        root = np.sqrt(weights)[:, None]
        means, middle = weights @ x / weights.sum(), float(weights @ y / weights.sum())
        centred, goal = root * (x - means), root[:, 0] * (y - middle)
        truth = np.linalg.solve(centred.T @ centred + np.eye(90) / strength, centred.T @ goal)
        for widest in (ridge_lines.WIDEST, 10):
            monkeypatch.setattr(ridge_lines, "WIDEST", widest)
            found, start = ridge_lines.ridge_solver(x, y, weights, linear.Ending(request))(strength)
            np.testing.assert_allclose(found[:, 0], truth, atol=2e-3 * np.abs(truth).max())
            assert start[0] == pytest.approx(middle - means @ found[:, 0])
        monkeypatch.undo()


def test_a_wide_linear_model_ends_in_its_time() -> None:
    """Two thousand numbers that bend were twelve thousand columns, whose decomposition no deadline ends."""
    matrix, features = numbers(1_700, 2_000)
    y = matrix[:, 0] + np.random.default_rng(1).normal(size=1_700)
    began = time.monotonic()
    request = FitRequest(matrix, y, features, "regression", options={"bends": 5}, valid_matrix=matrix[:200], valid_y=y[:200],
                         deadline=began + 1.0)
    fitted = families().get("linear").fit(request)
    assert fitted.truncated
    assert sum(scale.columns for scale in fitted.native.scales) == 2_000
    assert time.monotonic() - began < 30


def test_a_wide_line_through_a_quantile_ends_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels by the thousand of few rows: a step for the columns took seconds here, and 40 s for twelve thousand of them. What it
    says of rows left out is made a part of them at a time."""
    random, rows, levels = np.random.default_rng(2), 600, tuple(f"l{number}" for number in range(40))
    features = tuple(Feature(f"c{place}", (f"c{place}",), "category", levels) for place in range(100))
    matrix = random.integers(0, 40, (rows, 100)).astype(float)
    y = 2.0 * (matrix[:, 0] < 20) + random.normal(size=rows)
    began = time.monotonic()
    request = FitRequest(matrix[:400], y[:400], features, "regression", options={"loss": "absolute"}, valid_matrix=matrix[400:],
                         valid_y=y[400:], deadline=began + 60.0, stages=True)
    fitted = families().get("linear").fit(request)
    assert time.monotonic() - began < 15
    assert not fitted.truncated
    monkeypatch.setattr(linear, "MOST_CELLS", 100_000)
    parts = families().get("linear").fit(request)
    assert parts.rounds == fitted.rounds
    assert parts.stages is not None
    assert fitted.stages is not None
    np.testing.assert_allclose(parts.stages.predictions, fitted.stages.predictions, rtol=1e-5)
    np.testing.assert_allclose(linear._predict(parts.native, matrix), linear._predict(fitted.native, matrix), rtol=1e-9)


def test_a_linear_refit_that_was_solved_is_whole_however_late_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, features = numbers(200, 3)
    solved = ridge_lines._decomposed

    def slow(x: np.ndarray, y: np.ndarray) -> Any:
        time.sleep(0.3)
        return solved(x, y)

    monkeypatch.setattr(ridge_lines, "_decomposed", slow)
    fitted = []
    for task, seconds in (("regression", 0.2), ("binary", 60.0), ("binary", -1.0)):
        y = matrix[:, 0] if task == "regression" else (matrix[:, 0] > 0).astype(float)
        request = FitRequest(matrix, y, features, task, rounds=5, deadline=time.monotonic() + seconds)
        fitted.append(families().get("linear").fit(request).truncated)
    assert fitted == [False, False, True]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nearest_neighbours_are_looked_for_once_and_cut_off_for_good(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What time cut off was predicted again, without an end."""
    matrix, features = numbers(900, 3)
    y = {"binary": matrix[:, 0] > 0, "multiclass": np.digitize(matrix[:, 0], [-0.5, 0.5]), "regression": matrix[:, 0]}[task]
    arrays = {"matrix": matrix, "y": y.astype(float), "train0": np.arange(300), "valid0": np.arange(300, 900)}
    answers, looked = neighbours._answers, list[int]()

    def counted(model: Any, points: Any, counts: Any) -> Any:
        looked.append(len(points))
        return answers(model, points, counts)

    monkeypatch.setattr(neighbours, "_answers", counted)
    for seconds, rows in ((60.0, 600), (-1.0, neighbours.CHUNK)):
        looked.clear()
        result = run_fit(arrays, FitTask("near", "neighbours", {}, 0, features, task, 3, time.time() + seconds))
        assert not result.error
        assert result.truncated is (seconds < 0)
        assert sum(points for points in looked if points > 1) == rows  # one at a time they are timed
        said = families().get("neighbours").predict(families().get("neighbours").load(result.files), matrix[300:300 + rows])
        np.testing.assert_array_equal(result.prediction[:rows], said)


def test_many_features_have_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, features = numbers(200, 3)
    y = matrix[:, 0] * matrix[:, 1]
    request = FitRequest(matrix, y, features, "regression", options={"pairs": 2, "rounds": 20})
    pairs = [max(len(term) for term in families().get("ebm").fit(request).native.terms)]
    monkeypatch.setattr(ebm, "MOST_PAIRED", 2)
    pairs.append(max(len(term) for term in families().get("ebm").fit(request).native.terms))
    assert pairs == [2, 1]


def test_a_forest_keeps_what_it_has_when_its_time_ends() -> None:
    """Ten more trees were begun however long one took."""
    matrix, features = numbers(20_000, 30)
    y = matrix[:, 0] + np.random.default_rng(1).normal(size=20_000)
    request = FitRequest(matrix, y, features, "regression", options={"trees": 400, "max_features": 1.0})
    began = time.monotonic()
    families().get("random_forest").fit(replace(request, deadline=began))
    one = time.monotonic() - began
    began = time.monotonic()
    fitted = families().get("random_forest").fit(replace(request, deadline=began + 2.5 * one))
    assert fitted.truncated
    assert fitted.rounds < 10


@dataclass(eq=False)
class Stuck:
    """A pool in which nothing ends."""

    rebuilt: int = 0

    def submit(self, *arguments: Any) -> Future[Any]:
        return Future()

    def rebuild(self) -> None:
        self.rebuilt += 1


def test_a_fit_that_looks_at_no_clock_is_ended() -> None:
    pool = Stuck()
    crew = Crew(pool, None)  # type: ignore[arg-type]
    task = FitTask("slow", "linear", {}, 0, (), "regression", 2, time.time() - 5, "", 0, 0, ())
    other = replace(task, key="other", until=time.time() + 60)
    crew.submit(task)
    crew.submit(other)
    assert crew.stop_late(10) == []
    assert crew.stop_late(3) == [task]
    assert crew.again == [(other, 0)]
    assert not crew.running
    assert pool.rebuilt == 1


def test_who_ended_with_a_late_fit_begins_again_at_once(tmp_path: Path) -> None:
    """Fits that were lost run alone, to show who is to blame; those that ended with a late one are known not to be."""
    table = late().frame.drop(columns="day")
    data = SearchData(table, table_from_frame(table, "t").columns, Problem("fraud", "binary", "roc_auc", ("No", "Yes"), "Yes"))
    journal, plan = FolderJournal(tmp_path), Plan(60, 4)
    prepared = prepare(data, plan)
    clock = Clock(60.0)
    contest = opening.open_contest(prepared, plan, journal, clock)
    race = Race(contest, clock, Crew(Stuck(), None), journal, SilentWatch())  # type: ignore[arg-type]
    task = FitTask("slow", "linear", {}, 0, (), "binary", 2, time.time() - 5, "", 0, 0, ())
    for key in ("slow", "one", "two"):
        race.crew.submit(replace(task, key=key, until=time.time() + (-5 if key == "slow" else 60)))
    assert [late_one.key for late_one in race.crew.stop_late(3)] == ["slow"]
    assert race._start_next()
    assert race._start_next()
    assert sorted(task.key for task, _ in race.crew.running.values()) == ["one", "two"]
    assert race._patience() == 30.0  # no model yet: half the budget


def test_long_texts_leave_rows_out_of_a_short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    words = np.array([f"word{number}" for number in range(300)])
    frame = pd.DataFrame({"note": [" ".join(random.choice(words, 150)) for _ in range(500)], "y": random.integers(0, 2, 500)})
    table = table_from_frame(frame, "notes")
    problem = Problem("y", "binary", "roc_auc", ("0", "1"), "1")
    data = SearchData(table.frame, table.columns, problem)
    assert {column.name: column.role for column in table.columns}["note"] == "text"
    few = prepare(data, Plan(budget_seconds=1.2))
    assert 200 < len(few.y) < 400
    assert few.left_out == 500 - len(few.y)
    assert not prepare(data, Plan(budget_seconds=60)).left_out
    assert not prepare(data, Plan(budget_seconds=1.2, max_trials=3)).left_out
    assert "20 seconds or more" in left_out_sentence(500, 1_500, 20.0)
    frame["y"] = [f"k{number % 15}" for number in range(500)]  # learned from one by one, they take half as long again
    table = table_from_frame(frame, "notes")
    many = Problem("y", "multiclass", "log_loss", tuple(sorted(set(frame["y"]))))
    asked = (SearchData(table.frame, table.columns, many), Plan(budget_seconds=2.0))
    assert len(prepare(*asked).y) == 300  # of each class twenty
    monkeypatch.setattr(preparing, "LEAST_OF_CLASS", 2)
    assert len(prepare(*asked).y) == pytest.approx(len(few.y) * 2.0 / 1.2 / 1.5, abs=15)


def test_fewer_rows_decide_where_a_judge_sorts_for_every_class() -> None:
    ten, two = {"a": np.zeros((5, 10))}, {"a": np.zeros(5)}
    assert rows_to_judge(METRICS["roc_auc"], two, 20_000) == 20_000
    assert rows_to_judge(METRICS["roc_auc"], ten, 20_000) == 4_000
    assert rows_to_judge(METRICS["log_loss"], ten, 20_000) == 20_000


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss"])
def test_differences_are_paired_differences(name: str) -> None:
    y, weights = RANDOM.integers(0, 2, 300), RANDOM.random(300)
    parts = [np.clip(0.3 + 0.3 * y + 0.2 * RANDOM.normal(size=300), 0.01, 0.99) for _ in range(3)]
    for mass in (None, weights):
        found = differences(METRICS[name], y, parts[0], parts, 0, mass)
        assert found == tuple(paired_difference(METRICS[name], y, parts[0], part, 0, mass) for part in parts)


def test_any_seed_is_taken_by_every_family(tmp_path: Path, here: HereExecutor) -> None:
    """The page offers seeds up to 2,147,483,647: forests failed from 42,950 on."""
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"a": random.normal(size=200), "b": random.normal(size=200)})
    frame["y"] = np.where(frame["a"] + random.normal(size=200) > 0, "Yes", "No")
    data = SearchData(frame, table_from_frame(frame, "any").columns, Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes"))
    names = ("extra_trees", "random_forest", "lightgbm")
    plan = Plan(budget_seconds=60, jobs=1, seed=2**31 - 1, folds=2, families=names, max_trials=7)
    board = search(data, plan, FolderJournal(tmp_path)).summary.leaderboard
    assert {trial.family for trial in board} == set(names)
    assert {trial.state for trial in board} == {"finished"}



def test_a_network_learns_two_of_several_classes() -> None:
    matrix, features = numbers(300, 3)
    y = (matrix[:, 0] > 0).astype(np.float64)
    family = families().get("neural")
    native = family.fit(FitRequest(matrix, y, features, "multiclass", 2, {}, rounds=10)).native
    said = family.predict(native, matrix)
    assert said.shape == (300, 2)
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert np.mean(said.argmax(axis=1) == y) > 0.8
    np.testing.assert_allclose(family.predict_row(native, matrix[0]), said[0])


def scale(rows: int, seed: int = 0) -> FitRequest:
    """Four steps, of which the highest is rare and easy to tell from the others, the lower ones are not."""
    random = np.random.default_rng(seed)
    matrix, features = random.normal(size=(rows, 4)), numbers(1, 4)[1]
    y = np.where(matrix[:, 1] > 1.5, 3.0, np.digitize(matrix[:, 0] + random.normal(0, 2, rows), [-1.0, 1.0]))
    return FitRequest(matrix, y, features, "multiclass", 4, {"rounds": 300})


def test_steps_of_a_scale_have_as_many_trees_when_time_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(10**6))
    monkeypatch.setattr(FitRequest, "over", lambda request: next(looks) > 100)
    fitted = families().get("ordered").fit(replace(scale(300), rounds=200))
    assert fitted.truncated
    assert {trees.boosters[0].num_trees() for trees in fitted.native.above} == {fitted.rounds}
    assert 10 < fitted.rounds < 200


def test_the_steps_that_are_fitted_again_are_those_that_were_judged() -> None:
    """A mean number of trees for all steps is another model than the one that stopped each of them where it was best."""
    request, judges = scale(600), scale(400, 1)
    family = families().get("ordered")
    judged = family.fit(replace(request, valid_matrix=judges.matrix, valid_y=judges.y, stages=True))
    again = family.fit(replace(request, rounds=judged.rounds))
    np.testing.assert_allclose(family.predict(again.native, judges.matrix), family.predict(judged.native, judges.matrix))
    assert judged.stages is not None
    place = judged.stages.rounds.index(judged.rounds)
    np.testing.assert_allclose(judged.stages.predictions[place], family.predict(judged.native, judges.matrix), rtol=1e-5)


def test_predictions_of_a_number_do_not_depend_on_its_unit() -> None:
    """Shares of a thousandth and prices of a million: LightGBM's first penalty made constants of the former."""
    matrix, features = numbers(300, 3)
    y = 100 * matrix[:, 0] + 50 * np.random.default_rng(1).normal(size=300) + 300
    unit = 2.0 ** -20  # a power of two, so that nothing is rounded
    found = make_portfolio(Problem("y", "regression", "rmse"), 20_000, Plan())
    trees = [item for item in found if item.family == "lightgbm"]
    assert len(trees) > 5
    for item in trees:
        family, options = families().get("lightgbm"), dict(item.options) | {"rounds": 20}
        requests = [FitRequest(matrix, y * size, features, "regression", 2, options) for size in (1.0, unit)]
        large, small = (family.predict(family.fit(request).native, matrix) for request in requests)
        np.testing.assert_allclose(small / unit, large, rtol=1e-6, err_msg=item.label)


def test_what_keeps_its_unit_keeps_its_penalty() -> None:
    """Gradients of absolute errors, of logarithms and of classes are of size 1 whatever the target is measured in."""
    logs, rows = Views(logs=True), 20_000
    problems = (Problem("y", "regression", "mae"), Problem("y", "multiclass", "log_loss", ("a", "b", "c")))
    kept = [item for problem in problems for item in make_portfolio(problem, rows, Plan())]
    kept += [item for item in make_portfolio(Problem("y", "regression", "rmse"), rows, Plan(), logs) if is_log(item.options)]
    assert sum("lambda_l1" in item.options for item in kept) == 12


@pytest.mark.parametrize("unit", [1e-12, 1.0])
def test_an_ensemble_of_small_numbers_has_members(unit: float) -> None:
    random = np.random.default_rng(1)
    y = random.normal(0, 1, 2000)
    parts = {name: unit * (y + random.normal(0, 1, 2000)) for name in ("one", "two", "three")}
    weights = greedy_weights(Electorate(METRICS["rmse"], unit * y), parts)
    assert len(weights) == 3


def test_a_rule_is_certain_of_nothing() -> None:
    """A group of ten rows with one outcome: the next one of it is likely to have it, too, and may not."""
    matrix, features = np.arange(100.0)[:, None], numbers(1, 1)[1]
    y = np.where(matrix[:, 0] < 90, (np.arange(100) % 3 == 0).astype(float), 1.0)
    family = families().get("rule")
    said = family.predict(family.fit(FitRequest(matrix, y, features, "binary", 2, {})).native, matrix)
    assert said.max() == pytest.approx((10 + 20 * y.mean()) / 30, abs=1e-3)
    classes = family.fit(FitRequest(matrix, y + (matrix[:, 0] < 50), features, "multiclass", 3, {})).native
    assert family.predict(classes, matrix).min() > 0.01
