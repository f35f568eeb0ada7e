"""Every family keeps the same promises: it scores table and row alike, survives storing, explains exactly, minds the clock."""
from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier, Pool

from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Problem, Task
from automl_core.search.families import catboost, families, learners
from automl_core.search.family import Family, FitRequest, Fitted, link
from automl_core.search.feature import Feature
from automl_core.search.few_columns import strongest_first
from automl_core.search.forest import filled
from automl_core.search.log_target import family_options
from automl_core.search.plan import Plan
from automl_core.search.portfolio import Views, make_portfolio

NAMES = sorted(family.name for family in learners())
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
PAIRS = [(family.name, task) for family in sorted(learners(), key=lambda family: family.name) for task in family.tasks]
FEATURES = (
    Feature("amount", ("amount",), "number"), Feature("age", ("age",), "number"),
    Feature("plan", ("plan",), "category", ("a", "b", "c", "d")), Feature("same", ("same",), "number"),
    Feature("empty", ("empty",), "number"), Feature("one level", ("one level",), "category", ("x",)),
)
SMALL = {"lightgbm": {"rounds": 60}, "catboost": {"rounds": 40}, "extra_trees": {"trees": 15},
         "ebm": {"rounds": 200, "outer_bags": 1}, "linear": {"bends": 3}, "xgboost": {"rounds": 40, "learning_rate": 0.2},
         "neural": {"epochs": 60, "learning_rate": 0.01}}
QUICK = {"linear", "rule", "neighbours"}  # too fast to be cut off


def make(task: Task, rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A table with missing, constant and empty columns, and a target that depends on three of them."""
    random = np.random.default_rng(seed)
    amount, age = random.lognormal(3, 1, rows), random.integers(18, 90, rows).astype(float)
    plan = random.integers(0, 4, rows).astype(float)
    raw = np.log(amount) - 3 + (age > 50) * 1.5 - (plan == 2) * 2 + random.normal(0, 0.7, rows)
    amount[random.random(rows) < 0.1] = np.nan
    plan[random.random(rows) < 0.1] = np.nan
    matrix = np.column_stack([amount, age, plan, np.full(rows, 7.0), np.full(rows, np.nan), np.zeros(rows)])
    if task == "binary":
        return matrix, (raw > 0.2).astype(float)
    if task == "multiclass":
        return matrix, np.digitize(raw, [-0.5, 1.0]).astype(float)
    return matrix, 1000 * raw


def request_for(family: Family, task: Task, **changes: Any) -> FitRequest:
    matrix, y = make(task)
    settings = {"options": SMALL.get(family.name, {}), "valid_matrix": matrix[300:], "valid_y": y[300:]} | changes
    return FitRequest(matrix[:300], y[:300], FEATURES, task, classes=3 if task == "multiclass" else 2, **settings)


@cache
def fitted(name: str, task: Task) -> tuple[Family, Fitted]:
    family = families().get(name)
    return family, family.fit(request_for(family, task))


def test_all_families_import() -> None:
    assert not families().broken
    known = {"lightgbm", "catboost", "xgboost", "linear", "extra_trees", "random_forest", "ebm", "neighbours", "neural", "rule",
             "ordered"}
    assert set(families().plugins) >= known | {"tabpfn"}
    assert set(NAMES) >= known  # the optional one whose weights are not freely had is not tried here


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_row_equals_table_equals_reloaded(name: str, task: Task) -> None:
    family, found = fitted(name, task)
    matrix, _ = make(task, 60, seed=1)
    matrix = np.vstack([matrix, np.full((1, matrix.shape[1]), np.nan), [1e300, -1e9, 3.0, 0.0, 5.0, 0.0]])
    matrix = np.clip(matrix, -3e38, 3e38)
    prediction = family.predict(found.native, matrix)
    assert prediction.shape == ((62, 3) if task == "multiclass" else (62,))
    assert np.isfinite(prediction).all()
    rows = np.array([family.predict_row(found.native, row) for row in matrix])
    np.testing.assert_allclose(rows, prediction, rtol=1e-12, atol=1e-12)
    again = family.load(family.save(found.native))
    np.testing.assert_allclose(family.predict(again, matrix), prediction, rtol=0, atol=1e-9 * max(1.0, np.abs(prediction).max()))
    if task != "regression":
        assert ((prediction >= 0) & (prediction <= 1)).all()
    if task == "multiclass":
        np.testing.assert_allclose(prediction.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_it_learns(name: str, task: Task) -> None:
    family, found = fitted(name, task)
    matrix, y = make(task, 400, seed=2)
    prediction = family.predict(found.native, matrix)
    if task == "regression":
        assert np.corrcoef(prediction, y)[0, 1] > (0.5 if name == "rule" else 0.7)
    else:
        labels = prediction.argmax(axis=1) if task == "multiclass" else prediction > 0.5
        assert (labels == y).mean() > np.bincount(y.astype(int)).max() / len(y) + 0.1
    assert found.rounds >= 1
    assert not found.truncated


def assert_they_add_up(family: Family, native: Any, task: Task) -> None:
    assert family.contributions is not None
    matrix, _ = make(task, 50, seed=3)
    phi, base = family.contributions(native, matrix)
    assert phi.shape == ((50, 6, 3) if task == "multiclass" else (50, 6))
    prediction = family.predict(native, matrix)
    raw = base + phi.sum(axis=1)
    if task == "regression":
        np.testing.assert_allclose(raw, prediction, rtol=1e-6, atol=1e-6)
    elif task == "binary":
        np.testing.assert_allclose(raw, np.log(prediction / (1 - prediction)), atol=1e-6)
    else:
        logs = np.log(prediction)
        np.testing.assert_allclose(raw - raw.mean(axis=1, keepdims=True), logs - logs.mean(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_contributions_add_up(name: str, task: Task) -> None:
    family, found = fitted(name, task)
    if family.contributions is None:
        pytest.skip("explained by its arrays")
    assert_they_add_up(family, found.native, task)


@pytest.mark.parametrize("task", TASKS)
def test_contributions_of_all_that_is_tried_add_up(task: Task) -> None:
    """Options decide how trees grow: CatBoost's contributions of uneven trees, for one, do not add up."""
    labels = {"binary": ("No", "Yes"), "multiclass": ("a", "b", "c")}.get(task, ())
    problem = Problem("y", task, "rmse" if task == "regression" else "log_loss", labels, "Yes" if task == "binary" else "")
    tried = [item for item in make_portfolio(problem, 10**6, Plan(), Views(logs=task == "regression", wide=True))
             if item.view == "plain" and families().get(item.family).contributions is not None]
    assert {item.family for item in tried} >= {"lightgbm", "catboost", "xgboost", "linear"}
    matrix, y = make(task, 300)
    for item in tried:
        family = families().get(item.family)
        options = family_options(item.options) | {"rounds": 25}
        request = FitRequest(matrix, y, FEATURES, task, 3 if task == "multiclass" else 2, options, rounds=25, bags=2)
        assert_they_add_up(family, family.fit(request).native, task)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_the_deadline_is_minded(name: str, task: Task) -> None:
    family = families().get(name)
    endless = {"lightgbm": {"rounds": 10**6, "learning_rate": 1e-4}, "catboost": {"rounds": 10**6, "learning_rate": 1e-5},
               "xgboost": {"rounds": 10**6, "learning_rate": 1e-5}, "neural": {"epochs": 10**6, "learning_rate": 1e-7},
               "extra_trees": {"trees": 10**6}, "random_forest": {"trees": 10**6},
               "ebm": {"rounds": 10**6, "learning_rate": 1e-5}, "ordered": {"rounds": 10**6, "learning_rate": 1e-4}}.get(name, {})
    fitted(name, task)  # imports are not the family's time
    began = time.monotonic()
    found = family.fit(request_for(family, task, options=endless, deadline=began + 0.1))
    assert time.monotonic() - began < 2.5
    matrix, _ = make(task, 20)
    assert np.isfinite(family.predict(found.native, matrix)).all()
    if name not in QUICK:
        assert found.truncated


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_a_fit_whose_time_is_over_at_once_still_tells_rows_apart(name: str, task: Task) -> None:
    """A linear model cut off before its first step said the same for every row, and was told as what a linear model can do."""
    family = families().get(name)
    found = family.fit(request_for(family, task, deadline=time.monotonic() - 1.0))
    matrix, _ = make(task, 50)
    assert np.ptp(family.predict(found.native, matrix), axis=0).max() > 0


def test_a_glass_box_cut_off_by_time_is_fitted_again_in_as_many_steps() -> None:
    family = families().get("ebm")
    endless = {"rounds": 10**6, "learning_rate": 1e-5}
    fitted("ebm", "binary")  # imports are not the family's time
    cut = family.fit(request_for(family, "binary", options=endless, deadline=time.monotonic() + 0.3))
    assert cut.truncated
    assert cut.rounds > 1
    again = family.fit(request_for(family, "binary", options=endless, rounds=cut.rounds))
    assert not again.truncated
    assert cut.rounds <= again.rounds / 2 <= 1.25 * cut.rounds + 1  # what ended by itself says twice its steps: never a limit


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_file_ends_the_fit(name: str, tmp_path: Any) -> None:
    family = families().get(name)
    (tmp_path / "stop").touch()
    endless = {"extra_trees": {"trees": 10**6}, "random_forest": {"trees": 10**6}, "neural": {"epochs": 10**6}}
    began = time.monotonic()
    options = {} if name in QUICK else endless.get(name, {"rounds": 10**6})
    family.fit(request_for(family, family.tasks[0], options=options, stop_file=str(tmp_path / "stop")))
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("name", NAMES)
def test_refit_with_rounds_and_a_missing_class(name: str) -> None:
    family = families().get(name)
    matrix, y = make("multiclass", 300)
    keep = y != 1
    options = SMALL.get(name, {})
    found = family.fit(FitRequest(matrix[keep], y[keep], FEATURES, "multiclass", classes=3, options=options, rounds=5))
    prediction = family.predict(found.native, matrix)
    assert prediction.shape == (300, 3)
    assert np.isfinite(prediction).all()
    assert prediction[:, 1].max() < 0.5
    rows = np.array([family.predict_row(found.native, row) for row in matrix[:20]])
    np.testing.assert_allclose(rows, prediction[:20], atol=1e-9)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["lightgbm", "catboost", "xgboost", "linear", "neural", "neighbours"])
def test_stages_go_on_after_the_best_round_and_agree_with_a_shorter_fit(name: str, task: Task) -> None:
    family = families().get(name)
    random = np.random.default_rng(0)
    matrix, y = make(task, 300)
    noise = random.permutation(y)  # nothing to learn: the best round comes early
    boosting = name not in (*QUICK, "neural")
    options = {"rounds": 400, "patience": 40, "learning_rate": 0.1} if boosting else {}
    request = FitRequest(matrix[:200], noise[:200], FEATURES, task, 3 if task == "multiclass" else 2, options,
                         valid_matrix=matrix[200:], valid_y=noise[200:], stages=True)
    found = family.fit(request)
    assert found.stages is not None
    assert len(found.stages.predictions) == len(found.stages.rounds)
    if boosting:
        assert found.stages.rounds[-1] >= found.rounds + 20
        assert 0 < found.to_best < 1
    at = max(place for place, stage in enumerate(found.stages.rounds) if stage <= found.rounds)
    if found.stages.rounds[at] == found.rounds:
        assert family.predict(found.native, matrix[200:]) == pytest.approx(found.stages.predictions[at], rel=1e-5, abs=1e-5)
    elif boosting:
        short = family.fit(FitRequest(matrix[:200], noise[:200], FEATURES, task, request.classes, options,
                                      rounds=found.stages.rounds[at]))
        assert short.to_best == 1
        assert family.predict(short.native, matrix[200:]) == pytest.approx(found.stages.predictions[at], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", sorted(family.name for family in learners() if family.in_turn))
def test_no_seed_is_begun_that_would_end_too_late(name: str) -> None:
    matrix, y = make("regression", 300)
    request = FitRequest(matrix, y, FEATURES, "regression", rounds=40, bags=5, bags_until=time.monotonic())
    once = families().get(name).fit(replace(request, bags=1))
    found = families().get(name).fit(request)
    assert not found.truncated
    assert np.array_equal(families().get(name).predict(found.native, matrix), families().get(name).predict(once.native, matrix))


@pytest.mark.parametrize(("name", "task"), [
    pair for pair in PAIRS if pair[0] in ("lightgbm", "catboost", "xgboost", "neural", "ordered")])
def test_bags_are_averaged_in_raw_space_and_come_out_the_same_again(name: str, task: Task) -> None:
    family = families().get(name)
    matrix, y = make(task, 300)
    boosted = {"bagging_fraction": 0.5, "bagging_freq": 1, "learning_rate": 0.1}
    options = {"lightgbm": boosted, "ordered": boosted,
               "xgboost": {"subsample": 0.5, "learning_rate": 0.1}, "neural": {}}.get(name, {"learning_rate": 0.1})
    request = FitRequest(matrix, y, FEATURES, task, 3 if task == "multiclass" else 2, options, rounds=20, bags=3)
    one, two = (family.fit(request).native for _ in range(2))
    alone = family.fit(FitRequest(matrix, y, FEATURES, task, request.classes, options, rounds=20)).native
    assert family.predict(one, matrix) == pytest.approx(family.predict(two, matrix))
    assert not np.allclose(family.predict(one, matrix), family.predict(alone, matrix), atol=1e-4)
    again = family.load(family.save(one))
    assert family.predict(again, matrix) == pytest.approx(family.predict(one, matrix))
    if family.contributions is not None:
        phi, base = family.contributions(one, matrix[:20])
        assert link(task, base + phi.sum(axis=1)) == pytest.approx(family.predict(one, matrix[:20]), abs=1e-6)
    row = family.predict_row(one, matrix[0])
    assert row == pytest.approx(family.predict(one, matrix[:1])[0], abs=1e-9)


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_weights_matter(name: str, task: Task) -> None:
    """Rows of weight next to nothing are as if they were not there."""
    family = families().get(name)
    matrix, y = make(task, 600)
    upside_down = y.max() - y
    light = np.arange(600) % 2 == 1
    mixed = np.where(light, upside_down, y)
    weights = np.where(light, 1e-4, 1.0)
    options = SMALL.get(name, {}) | ({"min_samples_leaf": 5} if name == "extra_trees" else {})  # leaves of one row weigh nothing
    request = FitRequest(matrix, mixed, FEATURES, task, 3 if task == "multiclass" else 2, options, rounds=30)
    weighed, whole = (family.fit(found).native for found in (replace(request, weights=weights), request))
    fresh, truth = make(task, 400, seed=5)

    def right(native: Any) -> float:
        prediction = family.predict(native, fresh)
        if task == "regression":
            return float(np.corrcoef(prediction, truth)[0, 1])
        return float(((prediction.argmax(axis=1) if task == "multiclass" else prediction > 0.5) == truth).mean())

    assert right(weighed) > right(whole) + 0.1
    assert family.predict(family.load(family.save(weighed)), fresh) == pytest.approx(family.predict(weighed, fresh), abs=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_a_line_over_few_of_very_many_columns_does_not_learn_chance(task: Task) -> None:
    """600 rows of 900 numbers, of which six tell: the line over few finds them, the one over all is far behind."""
    random = np.random.default_rng(5)
    matrix = random.normal(size=(900, 900))
    raw = matrix[:, 300:306] @ np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0]) + random.normal(size=900)
    y = {"binary": (raw > 0).astype(float), "multiclass": np.digitize(raw, [-1.0, 1.0]).astype(float), "regression": raw}[task]
    features = tuple(Feature(f"x{i}", (f"x{i}",), "number") for i in range(900))
    family, loss = families().get("linear"), {}
    for few in (0, 1):
        request = FitRequest(matrix[:400], y[:400], features, task, 3 if task == "multiclass" else 2, {"few": 1} if few else {},
                             valid_matrix=matrix[400:600], valid_y=y[400:600])
        found = family.fit(request)
        again = family.fit(replace(request, matrix=matrix[:600], y=y[:600], valid_matrix=None, valid_y=None, rounds=found.rounds))
        said = family.predict(again.native, matrix[600:])
        rows = METRICS["rmse" if task == "regression" else "log_loss"]
        loss[few] = rows.score(y[600:], said)
    used = np.flatnonzero(np.abs(again.native.weights).sum(axis=1))
    assert set(range(300, 306)) <= set(used.tolist())
    assert len(used) <= 160
    assert loss[1] < 0.85 * loss[0]


@pytest.mark.parametrize("task", TASKS)
def test_the_strongest_features_are_found_without_a_copy_of_the_design(task: Task) -> None:
    random = np.random.default_rng(7)
    x, weights = random.normal(size=(4_000, 300)) + random.normal(size=300), random.uniform(0.2, 3.0, 4_000)
    x[:, 299] = 0.3  # tells nothing
    raw = x[:, :40] @ np.linspace(2.0, 0.0, 40) + random.normal(size=4_000)
    y = {"binary": (raw > 0).astype(float), "multiclass": np.digitize(raw, [-1.0, 1.0]).astype(float), "regression": raw}[task]
    columns = (2, 0, *[1] * 298)
    tracemalloc.start()
    order = strongest_first(x, y, weights, columns, task)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.5 * x.nbytes
    told = np.zeros(300)
    for label in np.unique(y) if task == "multiclass" else [None]:
        covered = np.cov(np.column_stack([x, y if label is None else y == label]).T, aweights=weights)
        size = np.sqrt(np.diag(covered)[:300] * covered[300, 300])
        told = np.maximum(told, np.abs(np.divide(covered[300, :300], size, out=np.zeros(300), where=size > 1e-9)))
    best = [max(told[:2]), 0.0, *told[2:]]
    assert order.tolist()[:100] == np.argsort(-np.array(best), kind="stable").tolist()[:100]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "extra_trees", "random_forest"])
def test_what_is_asked_for_once_is_let_go_and_the_fit_is_the_same(name: str) -> None:
    family, given = families().get(name), request_for(families().get(name), "binary")
    rows, once = make("binary", 200, seed=4)[0], replace(given, matrix=given.matrix.copy(), once=True)
    found = [family.predict(family.fit(request).native, rows) for request in (given, once)]
    np.testing.assert_array_equal(*found)
    assert (len(given.matrix), len(once.matrix)) == (300, 0)


def test_catboost_learns_the_same_from_the_32_bits_that_it_keeps() -> None:
    matrix, y = make("binary")
    table = catboost._table(matrix, (2, 5))
    assert {dtype.itemsize for dtype in table.dtypes} == {4}
    wide = pd.DataFrame({number: column.astype(np.int64) if number in (2, 5) else matrix[:, number]
                         for number, column in table.items()})
    said = []
    for one in (table, wide):
        model = CatBoostClassifier(iterations=30, depth=4, random_seed=0, thread_count=1, logging_level="Silent",
                                   allow_writing_files=False)
        said.append(model.fit(Pool(one, y, cat_features=[2, 5])).predict_proba(one))
    np.testing.assert_array_equal(*said)


def test_missing_values_of_trees_are_filled_where_they_lie() -> None:
    matrix = np.random.default_rng(0).normal(size=(20_000, 10))
    matrix[::7, 3] = np.nan
    fill = np.full(10, -9.0, dtype=np.float32)
    tracemalloc.start()
    found = filled(matrix, fill)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1.5 * found.nbytes
    np.testing.assert_array_equal(found, np.where(np.isnan(matrix), -9.0, matrix).astype(np.float32))
