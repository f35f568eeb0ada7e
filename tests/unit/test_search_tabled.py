"""Boosters as tables or masks say of many rows what their library says, to the order of the sums."""
from __future__ import annotations

import numpy as np
import pytest

from automl_core.search import masked, tabled
from automl_core.search.batches import MANY_ROWS
from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.families import families
from automl_core.search.lightgbm_rows import pack_boosters
from automl_core.search.masked import WIDTHS, mask
from automl_core.search.packed import Trees, pack
from automl_core.search.tabled import MOST_QUESTIONS, MOST_ROWS, tabulate
from tests.unit.test_search_one_row import trained, unknown


@pytest.mark.parametrize("leaves", [2, 4, 8, 14])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_tables_add_up_to_the_trees(task: str, leaves: int) -> None:
    boosters = [trained(task, num_leaves=leaves, bagging_fraction=0.7, bagging_freq=1, seed=seed) for seed in range(3)]
    made = tabulate(pack_boosters(tuple(booster.model_to_string() for booster in boosters)))
    assert made is not None
    assert made.questions.categories
    assert all(len(table.questions) <= MOST_QUESTIONS and len(table.sums) == 2 ** len(table.questions) for table in made.tables)
    rows = unknown(MOST_ROWS + 300)  # more than one block
    library = sum(booster.predict(rows, raw_score=True) for booster in boosters) / 3
    np.testing.assert_allclose(made.raw(rows), library.reshape(len(rows), -1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("leaves", [2, 9, 32, 64])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_masks_add_up_to_the_trees(monkeypatch: pytest.MonkeyPatch, task: str, leaves: int) -> None:
    boosters = [trained(task, num_leaves=leaves, bagging_fraction=0.7, bagging_freq=1, min_data_in_leaf=5,
                         seed=seed) for seed in range(2)]
    packed = pack_boosters(tuple(booster.model_to_string() for booster in boosters))
    monkeypatch.setattr(masked, "MOST_ROWS", MOST_ROWS)
    made = mask(packed)
    assert made is not None
    assert any(one.cuts is None for one in made.cells.bins)
    assert made.bits == max(leaves, 32)
    assert max(len(tree.says) for tree in made.trees) == WIDTHS[made.bits].bias + leaves
    rows = unknown(MOST_ROWS + 300)  # more than one block
    library = sum(booster.predict(rows, raw_score=True) for booster in boosters) / 2
    np.testing.assert_array_equal(made.raw(rows), library.reshape(len(rows), -1))


def test_a_question_that_a_tree_asks_twice() -> None:
    """Above 0 the right side asks again whether it is above 0, and never goes left."""
    own = np.arange(5)
    left, right = own.copy(), own.copy()
    left[:2], right[:2] = [2, 3], [1, 4]
    trees = pack(Trees(np.array([0]), np.zeros(5, dtype=int), np.zeros(5), left, right))
    boosters = PackedBoosters(trees, own.astype(float), (1,), 1, 1, ())
    for made in (mask(boosters), tabulate(boosters)):
        assert made is not None
        assert made.raw(np.array([[-1.0], [1.0]])).tolist() == [[2.0], [4.0]]


def test_small_trees_share_tables_and_nothing_is_asked_twice() -> None:
    boosters = [trained("regression", num_leaves=4, seed=seed) for seed in range(3)]
    packed = pack_boosters(tuple(booster.model_to_string() for booster in boosters))
    made = tabulate(packed)
    assert made is not None
    assert len(made.tables) < packed.trees.roots / 2
    assert len(set(zip(made.questions.slots, made.questions.cuts, strict=True))) == len(made.questions.slots)
    assert all(len(np.unique(marks, axis=1).T) == marks.shape[1] for _, marks in made.questions.categories)


def test_large_trees_are_left_to_their_library() -> None:
    packed = pack_boosters((trained("regression", num_leaves=65, min_data_in_leaf=5).model_to_string(),))
    assert tabulate(packed) is None
    assert mask(packed) is None


def test_tables_take_no_more_memory_than_they_are_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack_boosters((trained("regression", num_leaves=8).model_to_string(),))
    assert tabulate(packed) is not None
    monkeypatch.setattr(tabled, "MOST_BYTES", 10_000)
    assert tabulate(packed) is None
    assert mask(packed) is not None
    monkeypatch.setattr(masked, "MOST_BYTES", 10_000)
    assert mask(packed) is None


@pytest.mark.parametrize(("length", "fits"), [(MOST_QUESTIONS, True), (MOST_QUESTIONS + 1, False)])
def test_a_chain_of_questions_too_long_for_a_table(length: int, fits: bool) -> None:
    own = np.arange(2 * length + 1)
    left, right, cut = own.copy(), own.copy(), np.zeros(len(own))
    left[:length], right[:length], cut[:length] = np.arange(length) + length + 1, np.arange(length) + 1, np.arange(length)
    trees = pack(Trees(np.array([0]), np.zeros(len(own), dtype=int), cut, left, right))
    found = tabulate(PackedBoosters(trees, own.astype(float), (1,), 1, 1, ()))
    assert (found is not None) == fits
    if found is not None:
        values = np.array([-1.0, 0.5, 4.0, length + 3.0])
        reached = np.where(values > length - 1, length, length + 1 + np.ceil(np.maximum(values, 0)))
        assert found.raw(values[:, None])[:, 0].tolist() == reached.tolist()


def test_a_tree_that_asks_nothing() -> None:
    trees = pack(Trees(np.array([0, 1]), np.zeros(2, dtype=int), np.zeros(2), np.arange(2), np.arange(2)))
    boosters = PackedBoosters(trees, np.array([0.25, 0.5]), (2,), 1, 1, ())
    found = tabulate(boosters)
    for made in (found, mask(boosters)):
        assert made is not None
        assert made.raw(np.array([[np.nan], [1.0]])).tolist() == [[0.75], [0.75]]


@pytest.mark.parametrize("leaves", [6, 20])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_many_rows_are_answered_as_few_are(task: str, leaves: int) -> None:
    family = families().get("lightgbm")
    booster = trained("multiclass" if task == "multiclass" else "regression", num_leaves=leaves)
    native = family.load({"lightgbm0.txt": booster.model_to_string().encode(), "task.json": f'"{task}"'.encode()})
    rows = unknown(MANY_ROWS)
    many = family.predict(native, rows)
    assert native.batched is not None
    few = np.concatenate([family.predict(native, part) for part in np.array_split(rows, 4)])
    np.testing.assert_allclose(many, few, rtol=0, atol=1e-12)
    assert many.shape == few.shape
    assert many.dtype == few.dtype
    assert family.save(native)["lightgbm0.txt"] == booster.model_to_string().encode()
