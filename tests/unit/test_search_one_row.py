"""What is laid out anew for single rows answers as tables are answered: to the bit where sums have one order, else to 1e-12."""
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from automl_core.production.scoring import Scorer
from automl_core.search.batches import MANY_ROWS
from automl_core.search.design import Scale, design_of
from automl_core.search.design_row import RowDesign
from automl_core.search.families import families
from automl_core.search.families.ebm import Bins, Glassbox
from automl_core.search.families.neighbours import Neighbours, _answers
from automl_core.search.families.neural import _forward
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.lightgbm_rows import pack_boosters
from automl_core.search.lightgbm_text import slim
from automl_core.search.masked import MaskedBoosters
from automl_core.search.packed import Trees, pack
from tests.unit.modelling import make_contract, make_frame, make_model

LEVELS = 150
FAMILIES = ("lightgbm", "catboost", "xgboost", "extra_trees", "random_forest", "ebm", "linear", "neural", "neighbours")
NAMES = tuple(str(code) for code in range(LEVELS))
LEVELLED = (*(Feature(kind, (kind,), "number") for kind in ("plain", "gaps", "flag")),
            Feature("codes", ("codes",), "category", NAMES), Feature("few", ("few",), "category", NAMES[:5]))


def nasty(rows: int, seed: int = 0) -> np.ndarray:
    """Numbers with and without gaps, one that only its gaps tell apart, levels beyond one word of bits."""
    random = np.random.default_rng(seed)
    flag = np.where(random.random(rows) < 0.5, np.nan, 1.0)
    gaps = np.where(random.random(rows) < 0.3, np.nan, random.normal(size=rows))
    codes = random.integers(0, LEVELS, rows).astype(float)
    codes[random.random(rows) < 0.1] = np.nan
    return np.column_stack([random.normal(size=rows), gaps, flag, codes, random.integers(0, 5, rows).astype(float)])


def unknown(rows: int) -> np.ndarray:
    """Rows beyond what training had: gaps where it had none, huge numbers, codes it never saw."""
    matrix = nasty(rows, seed=1)
    matrix[0] = np.nan
    matrix[1] = [3e38, -3e38, 3e38, LEVELS + 900, 7.0]
    matrix[2] = [-3e38, 3e38, 0.0, 0.0, 0.0]
    matrix[3:10, 0] = np.nan
    matrix[10:20, 3] = np.arange(LEVELS, LEVELS + 10)
    return matrix


def trained(task: str, **more: Any) -> lightgbm.Booster:
    matrix = nasty(900)
    raw = matrix[:, 0] + np.nan_to_num(matrix[:, 1]) + 3 * np.isnan(matrix[:, 2]) + np.nan_to_num(matrix[:, 3]) % 7
    y = np.digitize(raw, [2.0, 5.0]) if task == "multiclass" else raw
    settings = {"objective": task, "verbosity": -1, "num_threads": 1, "min_data_per_group": 5, "cat_smooth": 1.0,
                "num_leaves": 40}
    settings |= ({"num_class": 3} if task == "multiclass" else {}) | more
    data = lightgbm.Dataset(matrix, y, categorical_feature=[3, 4], params={"verbosity": -1} | more)
    return lightgbm.train(settings, data, 40)


@pytest.mark.parametrize("task", ["regression", "multiclass", "poisson"])
def test_a_slim_booster_says_the_same_and_why_it_does(task: str) -> None:
    booster = trained(task) if task != "poisson" else lightgbm.train(
        {"objective": "poisson", "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(nasty(900)[:, :3], np.arange(900.0)), 5)
    whole, rows = booster.model_to_string(), unknown(120)[:, : booster.num_feature()]
    short = slim(whole)
    assert len(short) < 0.75 * len(whole)
    loaded = lightgbm.Booster(model_str=short)
    for wanted in ({"raw_score": True}, {"pred_contrib": True}):
        np.testing.assert_array_equal(loaded.predict(rows, **wanted), booster.predict(rows, **wanted))
    head, trees = short.partition("\nTree=")[0], short.partition("\nend of trees")[0].split("\nTree=")[1:]
    listed = next(line for line in head.splitlines() if line.startswith("tree_sizes=")).removeprefix("tree_sizes=")
    assert [int(size) for size in listed.split()] == [len(f"Tree={tree}\n") for tree in trees]
    assert slim(short) == short


def test_a_booster_of_no_tree_is_left_as_it_is() -> None:
    bare = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(nasty(50)[:, :1], np.ones(50)), 1).model_to_string()
    np.testing.assert_array_equal(lightgbm.Booster(model_str=slim(bare)).predict(np.zeros((2, 1))),
                                  lightgbm.Booster(model_str=bare).predict(np.zeros((2, 1))))


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_packed_boosters_add_as_the_library_does(task: str) -> None:
    boosters = [trained(task, bagging_fraction=0.7, bagging_freq=1, seed=seed) for seed in range(2)]
    packed = pack_boosters(tuple(booster.model_to_string() for booster in boosters))
    assert packed.questions
    assert "inf" in {cut for text in boosters[0].model_to_string().splitlines() if text.startswith("threshold=")
                     for cut in text.removeprefix("threshold=").split()}  # missing told from all others
    for row in unknown(120):
        library = sum(booster.predict(row[None], raw_score=True, num_threads=1).reshape(-1) for booster in boosters) / 2
        np.testing.assert_array_equal(packed.raw(row), library)


def forest_of(task: str, **more: Any) -> Any:
    """XGBoost's trees of a table with levels in sets and in single questions, by the family."""
    matrix = nasty(900)
    raw = matrix[:, 0] + np.nan_to_num(matrix[:, 1]) + 3 * np.isnan(matrix[:, 2]) + np.nan_to_num(matrix[:, 3]) % 7
    y = {"regression": raw, "binary": (raw > 4.5).astype(float), "multiclass": np.digitize(raw, [2.0, 5.0]).astype(float)}[task]
    options = {"subsample": 0.7, "learning_rate": 0.2, "max_depth": 8} | more
    request = FitRequest(matrix, y, LEVELLED, task, 3 if task == "multiclass" else 2, options, rounds=40, bags=3)  # type: ignore[arg-type]
    return families().get("xgboost").fit(request).native


@pytest.mark.parametrize("onehot", [1, 200])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_packed_xgboost_adds_as_the_library_does(task: str, onehot: int) -> None:
    """To the bit, in 32 bits: gaps where training had none, unseen levels, numbers without end, values on a cut."""
    family, native = families().get("xgboost"), forest_of(task, max_cat_to_onehot=onehot)
    assert len(native.boosters) == 3
    assert {feature for feature, _ in native.packed.questions} == {3, 4}
    rows = on_cuts(native)
    table = family.predict(native, rows)
    found = [family.predict_row(native, row) for row in rows]
    np.testing.assert_array_equal(found, table)
    again = family.load(family.save(native))
    np.testing.assert_array_equal([family.predict_row(again, row) for row in rows[:40]], table[:40])
    assert len(np.unique(table)) > 100


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_many_rows_by_xgboost_are_answered_to_the_bit(task: str) -> None:
    family, native = families().get("xgboost"), forest_of(task, max_depth=6)
    few = family.predict(native, on_cuts(native))
    many = family.predict(native, np.resize(on_cuts(native), (MANY_ROWS, 5)))
    assert isinstance(native.batched, MaskedBoosters)
    np.testing.assert_array_equal(many, np.resize(few, (MANY_ROWS, *few.shape[1:])))
    assert many.dtype == few.dtype


def on_cuts(native: Any) -> Any:
    """Rows of all kinds, many of them on the cuts of the first booster."""
    rows = unknown(300)
    rows[20:60, 3] = [-1.0, LEVELS, np.inf, -np.inf] * 10
    rows[60:90, 0], rows[90:120, 1] = np.inf, -np.inf
    cuts = np.concatenate([tree["split_conditions"] for tree in stored_trees(native.files[0])])
    rows[120:, 0], rows[210:, 1] = np.resize(cuts[np.isfinite(cuts)], 180), np.resize(cuts[np.isfinite(cuts)][::-1], 90)
    return rows


def stored_trees(content: bytes) -> list[dict[str, Any]]:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    found: list[dict[str, Any]] = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    return found


def test_xgboost_without_a_question_says_its_base() -> None:
    native = forest_of("binary", min_child_weight=1e6)
    family = families().get("xgboost")
    row = np.full(5, np.nan)
    assert family.predict_row(native, row) == family.predict(native, row[None])[0]


def test_what_packing_costs_is_not_stored() -> None:
    """A model that answered single rows is stored as before."""
    family, native = families().get("xgboost"), forest_of("regression")
    before = family.save(native)
    family.predict_row(native, np.zeros(5))
    assert family.save(native) == before


def test_xgboost_trees_that_share_a_round_are_refused() -> None:
    with pytest.raises(ValueError, match="turns"):
        families().get("xgboost").predict_row(forest_of("multiclass", num_parallel_tree=2), np.zeros(5))


def test_trees_without_a_question() -> None:
    booster = lightgbm.train({"verbosity": -1, "min_data_in_leaf": 500}, lightgbm.Dataset(nasty(300), np.arange(300.0)), 3)
    packed = pack_boosters((booster.model_to_string(),))
    assert packed.raw(np.full(5, np.nan)) == booster.predict(np.full((1, 5), np.nan))


@pytest.mark.parametrize("option", ["linear_tree", "zero_as_missing"])
def test_trees_of_another_make_are_refused(option: str) -> None:
    with pytest.raises(ValueError, match="trees"):
        pack_boosters((trained("regression", **{option: True}).model_to_string(),))


def test_a_deep_tree_beside_a_leaf() -> None:
    """A chain of 20 questions, and a tree that is one leaf."""
    own = np.arange(42)
    left, right, cut = own.copy(), own.copy(), np.zeros(42)
    left[:20], right[:20], cut[:20] = np.arange(20) + 21, np.arange(20) + 1, np.arange(20)
    packed = pack(Trees(np.array([0, 41]), np.zeros(42, dtype=int), cut, left, right))
    for value in (-1.0, 0.0, 0.5, 7.0, 18.5, 19.0, 99.0):
        deep = 20 if value > 19 else 21 + int(max(np.ceil(value), 0))
        assert packed.leaves(np.array([value])).tolist() == [deep, 41]


def test_the_design_of_a_row_is_that_of_a_table() -> None:
    scales = (Scale(False, 0.3, 1.7, (-0.5, 0.0, 0.8)), Scale(True, codes=(0, 2, 3), gap=True), Scale(False, 1.0, 2.0, gap=True),
              Scale(True, codes=(1,)), Scale(False, 0.0, 1.0, (0.2,), gap=True))
    random = np.random.default_rng(0)
    matrix = np.column_stack([random.normal(size=80), random.integers(0, 6, 80), random.normal(size=80) * 1e9,
                              random.integers(0, 3, 80), random.normal(size=80)]).astype(float)
    matrix[random.random(matrix.shape) < 0.3] = np.nan
    design = RowDesign(scales)
    np.testing.assert_array_equal([design.of(row) for row in matrix], design_of(scales, matrix))
    many = np.resize(matrix, (2_100, 5))
    np.testing.assert_array_equal(design.table(many), design_of(scales, many))
    only = RowDesign(scales[3:4])
    np.testing.assert_array_equal([only.of(row) for row in matrix[:, 3:4]], design_of(scales[3:4], matrix[:, 3:4]))
    np.testing.assert_array_equal(only.table(matrix[:, 3:4]), design_of(scales[3:4], matrix[:, 3:4]))
    assert design.table(matrix[:0]).shape == (0, design.width)


@pytest.mark.parametrize("rows", [0, 1, 15, 16, 17, 100])
def test_a_network_in_small_blocks_is_the_plain_product(rows: int) -> None:
    random = np.random.default_rng(0)
    layers = tuple((random.normal(size=size), random.normal(size=size[1])) for size in ((7, 12), (12, 9), (9, 3)))
    x = random.normal(size=(rows, 7))
    plain = x
    for number, (weights, biases) in enumerate(layers):
        plain = plain @ weights + biases
        plain = np.maximum(plain, 0.0) if number < 2 else plain
    before = x.copy()
    np.testing.assert_allclose(_forward(layers, x), plain, atol=1e-12)
    np.testing.assert_array_equal(x, before)


def one_by_one(model: Neighbours, points: np.ndarray, count: int) -> np.ndarray:
    """(n, k) the answers of neighbours, worked out point by point from all distances."""
    out = []
    for point in points:
        squared = np.square(model.reference - point).sum(axis=1, dtype=np.float64)
        near = np.argsort(squared, kind="stable")
        edge = squared[near[min(count, len(near) - 1)]]
        alike = edge <= squared[near[0]]
        chosen = np.flatnonzero(squared <= edge) if alike else near[:count]
        weights = np.ones(len(chosen)) if alike else 1.0 - squared[chosen] / edge
        weights *= len(chosen) / weights.sum()
        weights *= 1.0 if model.weights is None else model.weights[chosen]
        total = len(chosen) if model.weights is None else weights.sum()
        out.append((weights @ model.targets[chosen] + model.mean) / (total + 1.0))
    return np.array(out)


@pytest.mark.parametrize("known", [1, 7, 900])
@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize("weighed", [False, True])
def test_neighbours_of_many_points_are_those_of_each(known: int, levels: bool, weighed: bool) -> None:
    """Equally far points included, more of them than are asked for, and fewer points than are asked for."""
    random = np.random.default_rng(0)
    found = random.normal(size=(known + 40, 60)).astype(np.float32)
    found = np.clip(np.round(found[:, :2]), -1, 1) if levels else found
    targets = random.random((known, 2))
    weights = random.random(known) if weighed else None
    model = Neighbours("regression", (), found[:known], targets, targets.mean(axis=0), 5, weights)
    points = found[known:]
    if levels:
        assert known < 900 or max(np.unique(model.reference, axis=0, return_counts=True)[1]) > 20
    answers = _answers(model, points, (5, 20))
    for place, count in enumerate((5, 20)):
        np.testing.assert_allclose(answers[place], one_by_one(model, points, count), atol=1e-12)
    alone = np.concatenate([_answers(model, point[None], (5, 20))[:, :1] for point in points], axis=1)
    np.testing.assert_allclose(alone, answers, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_of_levels_and_gaps_score_as_their_table(name: str) -> None:
    family = families().get(name)
    matrix = nasty(400)
    y = matrix[:, 0] + 3 * np.isnan(matrix[:, 2]) + np.nan_to_num(matrix[:, 3]) % 7
    options = {"trees": 12, "outer_bags": 1, "pairs": 3, "rounds": 60} if name in ("extra_trees", "random_forest", "ebm") else {}
    native = family.fit(FitRequest(matrix, y, LEVELLED, "regression", options=options, rounds=15, bags=2)).native
    found = unknown(60)
    found[:, 3:] = np.where(found[:, 3:] < [LEVELS, 5], found[:, 3:], np.nan)  # an encoder gives no other codes
    rows = [family.predict_row(native, row) for row in found]
    np.testing.assert_allclose(rows, family.predict(native, found), rtol=1e-12, atol=1e-12)


def test_the_whole_way_of_a_row() -> None:
    """Missing columns and cells, unseen levels, values of a wrong type, through reading, encoding and every kind of member."""
    model, table = make_model("regression", FAMILIES)
    scorer = Scorer(model, make_contract(model, table))
    frame = make_frame(25, seed=9).astype(object)
    wrong: list[Any] = [None, "", "a lot", True, 12, 3.5, float("nan"), float("inf"), "2023-02-30", "Never seen",
                        b"One year", ["x"], 10**400]
    random = np.random.default_rng(0)
    rows = frame.to_dict("records")
    for number, row in enumerate(rows):
        for name in ("tenure", "charge", "contract", "active", "since", "note"):
            if number and random.random() < 0.4:
                row[name] = wrong[random.integers(len(wrong))]
    said = scorer.predict(pd.DataFrame(rows, dtype=object))
    for place, row in enumerate(rows):
        answer = scorer.predict_row(row)
        for name in ("prediction", "low", "high"):
            np.testing.assert_allclose(answer[name], said[name].iloc[place], rtol=1e-12, atol=1e-12)
        assert (answer["_quality"], answer["_reasons"]) == (said["_quality"].iloc[place], said["_reasons"].iloc[place])
    shorter = frame.drop(columns=["note", "contract"])
    said = scorer.predict(shorter)
    for place, row in enumerate(shorter.to_dict("records")):
        np.testing.assert_allclose(scorer.predict_row(row)["prediction"], said["prediction"].iloc[place], rtol=1e-12, atol=1e-12)


def test_unknown_levels_of_a_glassbox_take_the_last_bin() -> None:
    """Also in pairs, and where the last bin's score is not nought."""
    random = np.random.default_rng(0)
    single = (Bins(False, np.array([0.5])), Bins(True, np.array([1.0, 2.0, -1.0])))
    scores = (random.normal(size=(4, 1)), random.normal(size=(4, 1)), random.normal(size=(4, 4, 1)))
    native = Glassbox("regression", np.array([2.0]), ((0,), (1,), (0, 1)), scores, single, single)
    matrix = np.array([[0.0, 2.0], [1.0, 9.0], [np.nan, np.nan], [0.5, 1.0], [0.7, 0.0]])
    family = families().get("ebm")
    np.testing.assert_array_equal([family.predict_row(native, row) for row in matrix], family.predict(native, matrix))


@pytest.mark.parametrize("family", ["extra_trees", "random_forest"])
def test_a_forest_is_pressed_once(family: str) -> None:
    kind = families().get(family)
    matrix = nasty(200)
    files = kind.save(kind.fit(FitRequest(matrix, matrix[:, 0], LEVELLED, "regression", options={"trees": 5})).native)
    again = kind.load(files)
    assert kind.save(again)["forest.npz"] is files["forest.npz"]
    assert kind.save(replace(again, stored=b"")) == files
