"""The metrics equal scikit-learn's, and their intervals are what they claim."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from automl_core.errors import BadInput
from automl_core.framing import (
    METRICS,
    Decision,
    Money,
    Problem,
    bayes_threshold,
    get_metric,
    paired_difference,
    score_with_interval,
    tune_threshold,
)
from automl_core.framing.metrics import judging_threshold, metric_of

RANDOM = np.random.default_rng(3)
N = 400
Y = RANDOM.integers(0, 2, N)
P = np.clip(np.round(0.3 + 0.25 * Y + RANDOM.normal(0, 0.2, N), 2), 0.001, 0.999)  # rounded: many ties
Y3 = RANDOM.integers(0, 3, N)
P3 = RANDOM.dirichlet([1, 1, 1], N) * 0.6 + 0.4 * np.eye(3)[Y3]
T = RANDOM.gamma(2, 10, N)
Q = T + RANDOM.normal(0, 5, N)
CUT = (P >= 0.5).astype(int)
BINARY = {
    "roc_auc": sk.roc_auc_score(Y, P), "average_precision": sk.average_precision_score(Y, P), "log_loss": sk.log_loss(Y, P),
    "accuracy": sk.accuracy_score(Y, CUT), "balanced_accuracy": sk.balanced_accuracy_score(Y, CUT), "f1": sk.f1_score(Y, CUT),
    "f1_macro": sk.f1_score(Y, CUT, average="macro"), "mcc": sk.matthews_corrcoef(Y, CUT),
}
MANY = {
    "roc_auc": sk.roc_auc_score(Y3, P3, multi_class="ovr"), "log_loss": sk.log_loss(Y3, P3),
    "average_precision": sk.average_precision_score(np.eye(3)[Y3], P3),
    "accuracy": sk.accuracy_score(Y3, P3.argmax(1)), "balanced_accuracy": sk.balanced_accuracy_score(Y3, P3.argmax(1)),
    "f1_macro": sk.f1_score(Y3, P3.argmax(1), average="macro"), "mcc": sk.matthews_corrcoef(Y3, P3.argmax(1)),
}
NUMBERS = {
    "rmse": sk.root_mean_squared_error(T, Q), "mae": sk.mean_absolute_error(T, Q), "r2": sk.r2_score(T, Q),
    "mape": sk.mean_absolute_percentage_error(T, Q), "rmsle": sk.root_mean_squared_log_error(T, np.clip(Q, 0, None)),
    "pinball": sk.mean_pinball_loss(T, Q),
}


@pytest.mark.parametrize(("truth", "prediction", "expected"), [(Y, P, BINARY), (Y3, P3, MANY), (T, Q, NUMBERS)])
def test_scores_equal_scikit_learn(truth: np.ndarray, prediction: np.ndarray, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert METRICS[name].score(truth, prediction) == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("name", [*BINARY, *NUMBERS])
def test_interval_holds_the_score_and_is_repeatable(name: str) -> None:
    truth, prediction = (Y, P) if name in BINARY else (T, Q)
    one = score_with_interval(METRICS[name], truth, prediction, 7)
    assert one == score_with_interval(METRICS[name], truth, prediction, 7)
    assert one.low <= one.mean <= one.high
    assert one.low < one.high


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1", "rmse", "r2"])
def test_interval_is_as_wide_as_a_plain_bootstrap(name: str) -> None:
    truth, prediction = (Y, P) if name in BINARY else (T, Q)
    random = np.random.default_rng(0)
    draws = []
    for _ in range(600):
        rows = random.integers(0, N, N)
        draws.append(METRICS[name].score(truth[rows], prediction[rows]))
    low, high = np.quantile(draws, [0.025, 0.975])
    found = score_with_interval(METRICS[name], truth, prediction, 0)
    assert found.high - found.low == pytest.approx(high - low, rel=0.15)


def test_wide_tables_use_the_normal_approximation_with_the_same_width() -> None:
    random = np.random.default_rng(1)
    truth = random.gamma(2, 1, 2_900)
    guess = truth + random.normal(0, 1, 2_900)
    few = score_with_interval(METRICS["rmse"], truth, guess, 0)
    many = score_with_interval(METRICS["rmse"], np.tile(truth, 4), np.tile(guess, 4), 0)
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2.0, rel=0.15)


def test_rows_without_a_prediction_are_left_out() -> None:
    gaps = P.copy()
    gaps[:100] = np.nan
    assert score_with_interval(METRICS["log_loss"], Y, gaps, 0).mean == pytest.approx(sk.log_loss(Y[100:], P[100:]))


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy", "f1"])
def test_paired_difference_is_positive_for_the_better_and_narrower_than_the_intervals(name: str) -> None:
    worse = np.clip(P + np.random.default_rng(5).normal(0, 0.08, N), 0.001, 0.999)
    metric = METRICS[name]
    found = paired_difference(metric, Y, P, worse, 0)
    turned = paired_difference(metric, Y, worse, P, 0)
    assert found.difference == pytest.approx(-turned.difference)
    assert found.difference == pytest.approx(metric.sign * (metric.score(Y, P) - metric.score(Y, worse)))
    assert found.low < found.difference < found.high
    alone = score_with_interval(metric, Y, P, 0)
    assert found.high - found.low < alone.high - alone.low
    assert paired_difference(metric, Y, P, P, 0).standard_error == 0


def test_the_area_is_undefined_with_one_class() -> None:
    assert np.isnan(METRICS["roc_auc"].score(np.ones(5, dtype=int), P[:5]))
    assert np.isnan(METRICS["log_loss"].score(np.array([], dtype=int), np.array([])))


def test_money_counts_the_value_of_each_decision() -> None:
    money = Money(true_positive=100, false_positive=-20, false_negative=0, true_negative=0)
    truth, p = np.array([1, 1, 0, 0]), np.array([0.9, 0.1, 0.9, 0.1])
    assert METRICS["money"].score(truth, p, Decision(0.5, money)) == pytest.approx((100 - 20) / 4)
    assert bayes_threshold(money) == pytest.approx(20 / 120)
    cost = Money(over=1, under=3)
    assert METRICS["money"].score(np.array([10.0, 10.0]), np.array([12.0, 9.0]), Decision(0.5, cost)) == pytest.approx(-2.5)
    for nothing in (None, Money()):  # no amount is made up
        assert np.isnan(METRICS["money"].score(truth, p, Decision(0.5, nothing)))


@pytest.mark.parametrize("metric", ["f1", "mcc", "accuracy"])
def test_rare_classes_get_a_threshold_as_rare(metric: str) -> None:
    """Of 20 positives in 20,000 rows, well told apart, 20 are called positive, not one row in two hundred; mirrored, too."""
    random = np.random.default_rng(0)
    truth = (np.arange(20_000) < 20).astype(int)
    p = np.where(truth == 1, random.uniform(0.5, 0.9, 20_000), random.uniform(0.0, 0.4, 20_000))
    problem = Problem("y", "binary", metric, classes=("no", "yes"), positive="yes")
    assert (p >= tune_threshold(truth, p, problem)).sum() == 20
    if metric != "f1":
        assert (1 - p < tune_threshold(1 - truth, 1 - p, problem)).sum() == 20
    if metric == "accuracy":  # nothing is learned: nobody is right about more rows
        noise = random.uniform(0.0, 0.3, 20_000)
        assert tune_threshold(truth, noise, problem) > noise.max()
        assert tune_threshold(truth, noise + 0.6, problem) > (noise + 0.6).max()


def test_thresholds_come_from_money_from_labels_or_from_the_share() -> None:
    binary = Problem("t", "binary", "roc_auc", ("No", "Yes"), "Yes")
    assert np.mean(tune_threshold(Y, P, binary) <= P) == pytest.approx(Y.mean(), abs=0.03)
    f1 = Problem("t", "binary", "f1", ("No", "Yes"), "Yes")
    cut = tune_threshold(Y, P, f1)
    assert METRICS["f1"].score(Y, P, Decision(cut)) >= METRICS["f1"].score(Y, P)
    paid = Problem("t", "binary", "roc_auc", ("No", "Yes"), "Yes", money=Money(true_positive=100, false_positive=-20))
    assert tune_threshold(Y, P, paid) == pytest.approx(20 / 120)
    assert tune_threshold(Y, P, replace(f1, money=paid.money)) == pytest.approx(20 / 120)
    assert judging_threshold(Y, P, replace(f1, money=paid.money)) == cut  # what F1 is read at is no matter of money
    assert judging_threshold(Y, P, replace(paid, metric="money")) == pytest.approx(20 / 120)
    assert metric_of(replace(f1, money=paid.money)).decision.threshold == 0.5
    assert metric_of(replace(paid, metric="money")).decision.threshold == pytest.approx(20 / 120)
    rare = P > 0.7  # far fewer than half
    even = replace(paid, money=Money(true_positive=10, false_positive=-10))
    for metric in ("roc_auc", "f1", "money"):
        assert tune_threshold(rare.astype(int), P, replace(even, metric=metric)) == 0.5
    assert tune_threshold(Y[:20], P[:20], binary) == 0.5


def test_an_unknown_metric_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="no metric called “gini”"):
        get_metric("gini")
