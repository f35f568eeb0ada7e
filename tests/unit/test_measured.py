"""Batches with outcomes: what was measured is part of what monitoring says, and an estimate is held against it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.schema import type_frame
from automl_core.framing.problem import Money, Problem
from automl_core.production.bundle import load_bundle, write_bundle
from automl_core.production.contract import BatchReport, Contract
from automl_core.production.measured import JudgedBy, measure
from automl_core.production.monitor import report_batch
from automl_core.search.plan import Score
from tests.promised import make_contract
from tests.unit.modelling import make_contract as contract_of
from tests.unit.modelling import make_model
from tests.unit.test_monitor import COLUMNS, FEATURES, PROBLEM, rows

NUMBER = Problem("y", "regression", "rmse")


@cache
def promised(task: str) -> Contract:
    rng = np.random.default_rng(7)
    before = rng.normal(size=600) if task == "regression" else rng.random(600)
    return make_contract(type_frame(rows(600), COLUMNS).frame, COLUMNS, NUMBER if task == "regression" else PROBLEM, before,
                         {"big": 1.0})


def judged(p: np.ndarray, y: pd.Series, score: Score | None, problem: Problem = PROBLEM) -> BatchReport:
    """A batch that looks as in training, of a model that had this score there."""
    typed = type_frame(rows(len(p), 5).drop(columns="y"), FEATURES)
    return report_batch(replace(promised(problem.task), score=score), typed, p, y, problem)


def answered(count: int, seed: int) -> tuple[np.ndarray, pd.Series]:
    """Probabilities and outcomes that follow them: an area of 0.83."""
    rng = np.random.default_rng(seed)
    p = rng.random(count)
    return p, pd.Series(np.where(rng.random(count) < p, "Yes", "No"))


def test_measured_performance_reaches_the_verdict() -> None:
    p, y = answered(2000, 3)
    reached = Score(0.83, 0.81, 0.85)
    good = judged(p, y, reached)
    assert (good.status, good.sentence) == ("ok", "The batch looks as in training.")
    turned = judged(p, y.map({"Yes": "No", "No": "Yes"}), reached)
    assert turned.status == "act"
    assert turned.sentence.startswith("Measured on this batch, the model is worse than in its search: ROC AUC 0.")
    assert "there 0.8300 (0.8100 to 0.8500), and not surely better than the same answer for every row." in turned.sentence
    weaker = judged(np.where(np.random.default_rng(1).random(2000) < 0.5, p, 0.5), y, reached)
    assert weaker.status == "watch"
    assert "worse than in its search" in weaker.sentence
    assert "same answer" not in weaker.sentence
    assert judged(p, y.map({"Yes": "No", "No": "Yes"}), None).status == "ok"  # not known what it reached


def test_numbers_are_judged_in_the_direction_of_their_metric() -> None:
    rng = np.random.default_rng(2)
    p = rng.normal(size=1000)
    reached = Score(0.5, 0.47, 0.53)
    assert judged(p, pd.Series(p + rng.normal(0, 0.5, 1000)), reached, NUMBER).status == "ok"
    assert judged(p, pd.Series(p + rng.normal(0, 0.1, 1000)), reached, NUMBER).status == "ok"  # better than promised
    assert judged(p, pd.Series(p + rng.normal(0, 0.7, 1000)), reached, NUMBER).status == "watch"
    assert judged(p, pd.Series(rng.normal(size=1000)), reached, NUMBER).status == "act"


def test_batches_of_the_same_world_raise_no_alarm() -> None:
    said = [judged(*answered(200, 100 + seed), Score(0.8333, 0.82, 0.847)).sentence for seed in range(30)]
    assert sum("worse than in its search" in sentence for sentence in said) <= 1


def test_one_group_or_a_handful_of_outcomes_is_no_verdict() -> None:
    """A new shop is as far off as shops differ, and two rows are what they are: a quarter of such batches said “act”."""
    (p, y), reached = answered(400, 3), Score(0.83, 0.81, 0.85)
    wrong = y.map({"Yes": "No", "No": "Yes"})
    few = wrong.where(np.arange(400) < 4)
    assert (judged(p, wrong, reached).status, judged(p, few, reached).status) == ("act", "ok")
    by = JudgedBy(replace(PROBLEM, group="who"), 0.5, reached)
    for shops, worse in ((1, False), (4, False), (40, True)):
        made = measure(p, wrong, pd.DataFrame({"who": [f"shop {k % shops}" for k in range(400)]}), by)
        assert (made.worse, made.realised is not None) == (worse, True)


def test_an_estimate_is_trusted_once_outcomes_agree_and_called_wrong_when_they_do_not() -> None:
    p, y = answered(2000, 4)
    agreed = judged(p, y, None)
    assert agreed.estimate is not None
    assert agreed.estimate.trusted
    assert "estimate" not in agreed.sentence
    wrong = judged(p, pd.Series(np.random.default_rng(0).choice(["No", "Yes"], 2000)), None)
    assert wrong.estimate is not None
    assert not wrong.estimate.trusted
    assert wrong.sentence == "The batch looks as in training. What was estimated without outcomes was wrong."
    assert not judged(p, pd.Series([None] * 2000), None).estimate.trusted  # type: ignore[union-attr]


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro", "mcc"])
def test_a_model_that_guesses_is_no_better_than_one_answer(metric: str) -> None:
    problem = replace(PROBLEM, metric=metric)
    rng = np.random.default_rng(5)
    y = pd.Series(rng.choice(["No", "Yes"], 2000, p=[0.7, 0.3]))
    reached = Score(0.3, 0.28, 0.32) if metric == "log_loss" else Score(0.9, 0.88, 0.92)
    assert judged(rng.random(2000), y, reached, problem).status == "act"


def test_an_opened_bundle_says_what_its_model_reached(tmp_path: Path) -> None:
    model, table = make_model(names=("linear",))
    write_bundle(tmp_path / "m.zip", model, contract_of(model, table), "", {})
    assert load_bundle(tmp_path / "m.zip").contract.score == model.score
    for cut in (None, 0.4):
        write_bundle(tmp_path / "m.zip", replace(model, judged_at=cut), contract_of(model, table), "", {})
        opened = load_bundle(tmp_path / "m.zip")
        assert (opened.model.judged_at, opened.contract.judged_at, opened.model.threshold) == (cut, cut, model.threshold)


def test_labels_are_measured_at_the_cut_that_the_search_read_them_at() -> None:
    """With amounts of money rows are called from 0.04 on: read there, the same model would be right about half of the rows."""
    p, y = answered(2000, 3)
    problem = replace(PROBLEM, metric="accuracy", money=Money(true_positive=500, false_positive=-20))
    typed = type_frame(rows(len(p), 5).drop(columns="y"), FEATURES)
    contract = replace(promised("binary"), score=Score(0.75, 0.73, 0.77), judged_at=0.5)
    found = report_batch(contract, typed, p, y, problem, 20 / 520)
    assert (found.status, found.sentence) == ("ok", "The batch looks as in training.")
    assert found.realised is not None
    assert found.realised.value == pytest.approx(((p >= 0.5) == (y == "Yes")).mean())
    assert found.estimate is not None
    assert found.estimate.trusted
