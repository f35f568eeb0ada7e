"""TabPFN, by a made-up library in its place: time, threads, limits and weights, and that nothing goes over the network."""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.errors import BadInput, MissingDependency
from automl_core.search import FolderJournal, search
from automl_core.search.families import families
from automl_core.search.family import Family, FitFailed, FitRequest
from automl_core.search.feature import Feature
from automl_core.search.plan import Plan
from automl_core.search.portfolio import Views, make_portfolio
from automl_core.search.suited import not_tried_words
from tests.unit.modelling import PROBLEMS
from tests.unit.searching import HereExecutor, make_data

SWITCHES = ("TABPFN_DISABLE_TELEMETRY", "TABPFN_NO_BROWSER", "HF_HUB_OFFLINE", "TABPFN_ALLOW_CPU_LARGE_DATASET")
LIBRARY = '''
import os
import numpy as np

AT_IMPORT, ASKED, CLOCK = dict(os.environ), [], [100.0]

class TabPFNClassifier:
    def __init__(self, device="auto", n_estimators=8, random_state=None, model_path="auto", n_preprocessing_jobs=-1,
                 categorical_features_indices=None):
        self.readings = n_estimators
        ASKED.append((model_path, n_preprocessing_jobs))

    def fit(self, matrix, y):
        self.matrix, self.y, self.classes_ = matrix, y, np.unique(y)

    def predict(self, matrix):
        CLOCK[0] += 0.001 * len(self.y) * self.readings
        return self.y.mean() + matrix[:, 0] * self.readings

    def predict_proba(self, matrix):
        told = self.predict(matrix)[:, None] * (self.classes_ + 1)
        return np.abs(told) / np.abs(told).sum(axis=1, keepdims=True)

class TabPFNRegressor(TabPFNClassifier):
    pass
'''
FEATURES = (Feature("a", ("a",), "number"), Feature("b", ("b",), "category"))


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The made-up library as the process finds it, with a file of weights for classes and one for numbers."""
    for name in SWITCHES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "tabpfn.py").write_text(LIBRARY)
    (tmp_path / "torch.py").write_text("THREADS = []\nset_num_threads = THREADS.append\n\nclass Tensor:\n    pass\n")
    for kind in ("classifier", "regressor"):
        (tmp_path / f"tabpfn-v3-{kind}-v3_default.ckpt").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TABPFN_MODEL_CACHE_DIR", str(tmp_path))
    yield import_module
    for name in ("tabpfn", "torch", "automl_core.search.tabpfn_library"):
        sys.modules.pop(name, None)


def family() -> Family:
    return families().get("tabpfn")


def request(rows: int = 3_000, **more: Any) -> FitRequest:
    random = np.random.default_rng(0)
    matrix, y = random.normal(size=(rows + 50, 2)), random.integers(0, 2, rows + 50).astype(np.float64)
    return FitRequest(matrix[:rows], y[:rows], FEATURES, "binary", valid_matrix=matrix[rows:], valid_y=y[rows:], **more)


@pytest.mark.parametrize(("seconds", "rows", "readings", "cut"), [
    (0.5, 1_000, 1, True), (3.5, 1_000, 1, True), (5.0, 3_000, 1, True), (17.0, 3_000, 4, False)])
def test_it_reads_as_much_as_there_is_time_for(
    seconds: float, rows: int, readings: int, cut: bool, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked at no clock: a late fit ended its process, and that of whoever fitted beside it."""
    family().fit(request(50))  # loads the library
    clock = library("tabpfn").CLOCK
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock[0])
        found = family().fit(request(deadline=clock[0] + seconds))
    assert (len(found.native.y), found.rounds, found.truncated) == (rows, readings, cut)
    assert found.said is not None
    np.testing.assert_array_equal(found.said, family().predict(found.native, request().valid_matrix))


def test_a_refit_reads_all_rows_as_often_as_the_folds_did(library: Any) -> None:
    whole = replace(request(), valid_matrix=None, valid_y=None, rounds=2)
    found = family().fit(whole)
    assert (len(found.native.y), found.native.members, found.rounds) == (3_000, 2, 2)


def test_nothing_goes_over_the_network_and_threads_are_those_asked_for(library: Any, tmp_path: Path) -> None:
    family().fit(request(50, threads=3))
    made = library("tabpfn")
    assert [made.AT_IMPORT.get(name) for name in SWITCHES] == ["1"] * 4
    assert set(made.ASKED) == {(str(tmp_path / "tabpfn-v3-classifier-v3_default.ckpt"), 3)}
    assert set(library("torch").THREADS) == {3}
    assert set(family().fit_modules) <= set(sys.modules)


def test_what_is_stored_answers_the_same_by_the_same_weights_alone(library: Any, tmp_path: Path) -> None:
    found = family().fit(request(50))
    files = family().save(found.native)
    newer = tmp_path / "tabpfn-v4-classifier-v4_default.ckpt"
    newer.touch()
    again, rows = family().load(files), request(50).valid_matrix
    assert rows is not None
    np.testing.assert_array_equal(family().predict(again, rows), family().predict(found.native, rows))
    assert family().predict_row(again, rows[0]) == family().predict(found.native, rows)[0]
    (tmp_path / "tabpfn-v3-classifier-v3_default.ckpt").unlink()
    with pytest.raises(MissingDependency, match=r"not on this machine\. Put tabpfn-v3-classifier-v3_default\.ckpt"):
        family().load(files)


def test_without_weights_it_is_left_out_with_a_sentence(library: Any, tmp_path: Path) -> None:
    (tmp_path / "tabpfn-v3-regressor-v3_default.ckpt").unlink()
    numbers, classes = PROBLEMS["regression"], PROBLEMS["binary"]
    assert "tabpfn" in {one.family for one in make_portfolio(classes, 500, Plan())}
    assert "tabpfn" not in {one.family for one in make_portfolio(numbers, 500, Plan())}
    assert not_tried_words(numbers, ("tabpfn", "linear")) == "TabPFN was not tried: it has no file of weights on this machine."
    with pytest.raises(BadInput, match=r"can be used here: TabPFN has no file of weights on this machine\. Choose"):
        make_portfolio(numbers, 500, Plan(families=("tabpfn",)))
    with pytest.raises(FitFailed, match="file of weights is not on this machine"):
        family().fit(replace(request(50), task="regression"))


@pytest.mark.parametrize(("rows", "features", "classes", "why"), [
    (10_001, 9, 3, "it learns from at most 10,000 rows"), (9_000, 501, 3, "it learns from at most 500 columns"),
    (9_000, 9, 11, "it learns at most 10 classes")])
def test_its_limits_keep_it_out_and_are_no_failures(rows: int, features: int, classes: int, why: str, library: Any) -> None:
    """A table beyond them was a failed candidate, and a warning of every search where the package is installed."""
    problem = replace(PROBLEMS["multiclass"], classes=tuple(f"{number:02}" for number in range(classes)))
    assert "tabpfn" not in {one.family for one in make_portfolio(problem, rows, Plan(), Views(features=features))}
    fewer = replace(problem, classes=problem.classes[:3])
    assert "tabpfn" in {one.family for one in make_portfolio(fewer, 9_000, Plan(), Views(features=9))}
    assert not_tried_words(problem, ("tabpfn",), (rows, features)) == f"TabPFN was not tried: {why}."


def test_a_search_of_too_many_rows_says_that_it_was_not_tried(
    library: Any, tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(families().plugins, "tabpfn", replace(family(), most_rows=100))
    plan = Plan(600, 1, folds=2, max_trials=1, families=("tabpfn", "linear"))
    summary = search(make_data(rows=160), plan, FolderJournal(tmp_path / "run")).summary
    assert summary.unsuited == "TabPFN was not tried: it learns from at most 100 rows."
    assert {trial.state for trial in summary.leaderboard} == {"finished"}
