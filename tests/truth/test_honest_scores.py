"""Scores say no more than they know: thresholds, few positives, logarithms, groups, on data whose truth is known."""
from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.framing import check, predicted_codes
from automl_core.framing.class_factors import TUNED, labelled, labelled_by_others, tune_factors
from automl_core.framing.metrics import METRICS, decision_of, drawn_labels, get_metric, tune_threshold
from automl_core.framing.problem import Money, Problem
from automl_core.framing.score_interval import Counting, differences, paired_difference, score_with_interval
from automl_core.framing.validation import make_folds
from automl_core.search import FolderJournal, SearchData, search
from automl_core.search.assembly import score_of
from automl_core.search.clock import Clock
from automl_core.search.codes import CodeSource, fit_codes
from automl_core.search.contest import Contest
from automl_core.search.family import Stages
from automl_core.search.feature import Feature
from automl_core.search.handover import _baseline
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import best_scale, is_log
from automl_core.search.opening import open_contest
from automl_core.search.plan import Plan
from automl_core.search.prepared import ROWS_TO_TUNE, prepare
from tests.unit.searching import fit_here

LABELS = ("mcc", "f1", "balanced_accuracy", "accuracy")


@pytest.mark.parametrize("name", ["mcc", "balanced_accuracy", "accuracy"])
@pytest.mark.parametrize("folds", [1, 5])
def test_labels_of_noise_score_like_noise(name: str, folds: int) -> None:
    """A threshold tuned on the rows it is judged by would report an MCC of 0.05 and more here."""
    random = np.random.default_rng(1)
    table = table_from_frame(pd.DataFrame({"x": random.normal(size=1000), "y": random.permutation(["No", "Yes"] * 500)}), "noise")
    prepared = prepare(SearchData(table.frame, table.columns, Problem("y", "binary", name, ("No", "Yes"), "Yes")), Plan(folds=5))
    scores, misses = [], 0
    truth = {"mcc": 0.0}.get(name, 0.5)
    for _ in range(60):
        y, p = random.permutation(prepared.y), random.random(1000)
        said, decision = prepared.judged(y, p, Counting(), np.arange(1000) % folds)
        score, low, _high = score_with_interval(prepared.metric, y, said, 0, decision)
        scores.append(score)
        misses += low > truth
    assert abs(float(np.mean(scores)) - truth) < 0.015
    assert misses <= 6


@pytest.mark.parametrize("positives", [1, 2, 3, 5, 10, 30])
def test_an_area_with_few_positives_is_as_unsure_as_it_is(positives: int) -> None:
    random = np.random.default_rng(2)
    y = np.zeros(1000)
    y[:positives] = 1
    held = 0
    for _ in range(300):
        _, low, high = score_with_interval(METRICS["roc_auc"], y, random.random(1000), 0)
        held += low <= 0.5 <= high
    assert held / 300 >= 0.92


@pytest.mark.parametrize("name", LABELS)
def test_the_threshold_is_the_best_of_all_cuts(name: str) -> None:
    random = np.random.default_rng(3)
    y, weights = (random.random(3000) < 0.2).astype(float), random.gamma(1, 1, 3000)
    p = np.clip(0.2 + 0.2 * y + random.normal(0, 0.15, 3000), 0.001, 0.999).round(2)
    metric, problem = get_metric(name), Problem("y", "binary", name, ("No", "Yes"), "Yes")
    for mass in (None, weights):
        chosen = tune_threshold(y, p, problem, mass)
        cuts = np.unique(np.quantile(p, np.linspace(0.005, 0.995, 200)))
        best = max(metric.score(y, (p >= cut).astype(float), None, mass) for cut in cuts)
        assert metric.score(y, (p >= chosen).astype(float), None, mass) == pytest.approx(best, abs=1e-12)


def test_a_group_of_the_model_handed_over_is_called_or_not_as_its_rows_were() -> None:
    """Two groups, told apart by a rule whose shares differ a little by fold: the cut was at one of them, above their mean."""
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
    for seed in range(20):
        random = np.random.default_rng(seed)
        top, fold = random.random(1000) < 0.4, random.permutation(1000) % 5
        y = (random.random(1000) < np.where(top, 0.11, 0.01)).astype(float)
        p = np.empty(1000)
        for group in (top, ~top):
            for part in range(5):
                p[group & (fold == part)] = y[group & (fold != part)].mean()
        assert y[~top].mean() < tune_threshold(y, p, problem) < min(y[top].mean(), p[top].min())


def test_a_cut_between_many_answers_stays_where_it_is() -> None:
    random = np.random.default_rng(5)
    p = random.beta(1, 4, 3000)
    y = (random.random(3000) < p).astype(float)
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
    cut = float(np.quantile(p, 1 - y.mean(), method="inverted_cdf"))
    assert tune_threshold(y, p, problem) == cut
    rounded = p.round(2)
    np.testing.assert_array_equal(rounded >= tune_threshold(y, rounded, problem), rounded >= round(cut, 2))


def test_weighted_rows_decide_how_many_are_called() -> None:
    random = np.random.default_rng(4)
    y = (random.random(4000) < 0.5).astype(float)
    weights = np.where(y == 1, 0.1, 1.0)
    p = np.clip(0.4 + 0.2 * y + random.normal(0, 0.1, 4000), 0, 1)
    cut = tune_threshold(y, p, Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes"), weights)
    share = float(np.average(y, weights=weights))
    assert float(np.average(p >= cut, weights=weights)) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("metric", "worst"), [("rmsle", 1.08), ("mae", 1.08), ("mape", 0.85)])
def test_models_of_the_logarithm_answer_what_the_metric_asks(metric: str, worst: float, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """y = exp(3 + x + noise): the noise of the logarithm is 1, so no model has an RMSLE below 1 or so; MAPE below 0.68."""
    fit_here(monkeypatch)
    random = np.random.default_rng(5)
    x = random.normal(0, 1, 1500)
    y = np.exp(3 + x + random.normal(0, 1, 1500))
    table = table_from_frame(pd.DataFrame({"x": x, "other": random.normal(0, 1, 1500), "y": y}), "logs")
    problem = Problem("y", "regression", metric)
    plan = Plan(budget_seconds=600, jobs=1, max_trials=4, families=("linear", "lightgbm"))
    found = search(SearchData(table.frame, table.columns, problem), plan, FolderJournal(tmp_path)).summary.score.mean
    median = np.exp(3 + x)
    best = {"rmsle": 1.0, "mae": float(np.abs(y - median).mean()), "mape": 1.0}[metric]
    assert found < worst * best


def test_a_scale_is_for_means_only() -> None:
    random = np.random.default_rng(6)
    median = np.exp(random.normal(0, 1, 20_000))
    assert best_scale(median * np.exp(random.normal(0, 1, 20_000)), median) == pytest.approx(np.exp(0.5), rel=0.15)


def log_contest(problem: Problem, stages: tuple[float, float], folder: Path) -> tuple[Contest, str]:
    """A model of the logarithm whose fit on each of two folds says so many times the truth after 10 and after 20 rounds."""
    random = np.random.default_rng(6)
    frame = pd.DataFrame({"x": random.normal(size=400), "y": np.exp(random.normal(3, 1, 400))})
    table, plan = table_from_frame(frame, "logs"), Plan(folds=2, families=("lightgbm",))
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    contest = open_contest(prepared, plan, FolderJournal(folder), Clock(60.0))
    key = next(one.key for one in contest.candidates if is_log(one.options))
    for fold, (_, valid) in enumerate(prepared.folds):
        said = np.outer(stages, prepared.y[valid]).astype(np.float32)
        contest.results[key, fold] = FoldResult(key, fold, said[-1].astype(float), 20, stages=Stages((10, 20), said))
    return contest, key


@pytest.mark.parametrize(("problem", "truth"), [
    (Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes"), 0.5), (Problem("y", "regression", "rmse"), 0.0)])
def test_rounds_of_a_fold_that_stands_alone_do_not_flatter_it(problem: Problem, truth: float, tmp_path: Path) -> None:
    """Models of noise, read after the best of 60 rounds on the very rows they are judged by, had an area of 0.54."""
    random, plan, trials = np.random.default_rng(8), Plan(folds=5, families=("lightgbm",)), 200
    binary, own, honest = problem.task == "binary", [], []
    y = random.permutation(["No", "Yes"] * 500) if binary else random.normal(size=1000)
    table = table_from_frame(pd.DataFrame({"x": random.normal(size=1000), "y": y}), "noise")
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    opened = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    key, valid, stages = opened.candidates[0].key, prepared.folds[0][1], tuple(range(1, 61))
    for _ in range(trials):
        mixed = replace(prepared, y=random.permutation(prepared.y))
        contest, truly = replace(opened, prepared=mixed, results={}, losses={}), mixed.y[np.sort(valid)]
        said = random.normal(size=(60, len(valid))).astype(np.float32) * 0.3
        said = 1 / (1 + np.exp(-said)) if binary else said
        best = int(np.argmin([prepared.loss(mixed.y[valid], part).mean() for part in said]))
        contest.results[key, 0] = FoldResult(key, 0, said[best].astype(float), best + 1, stages=Stages(stages, said))
        for scores, told in ((own, said[best]), (honest, contest.out_of_fold(key, (0,)))):
            scores.append(METRICS["roc_auc"].score(truly, told) if binary else np.corrcoef(truly, told)[0, 1])
    assert np.mean(own) > truth + 0.03
    assert abs(np.mean(honest) - truth) < 3 * np.std(honest) / trials ** 0.5


def test_rounds_of_a_fold_that_stands_alone_are_chosen_by_other_groups(tmp_path: Path) -> None:
    """Halves of rows held the same patients: their one outcome chose the rounds that it was then judged by."""
    random, plan, trials = np.random.default_rng(9), Plan(folds=5, families=("lightgbm",)), 200
    patient = np.repeat(np.arange(100), 20)
    frame = pd.DataFrame({"x": random.normal(size=2000), "patient": patient, "y": np.repeat(["No", "Yes"] * 50, 20)})
    table = table_from_frame(frame, "noise")
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="patient")
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    opened = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    key, valid, stages = opened.candidates[0].key, prepared.folds[0][1], tuple(range(1, 61))
    honest = []
    assert prepared.groups is not None
    who = np.unique(prepared.groups, return_inverse=True)[1]
    for _ in range(trials):
        mixed = replace(prepared, y=random.permutation(np.arange(100) % 2)[who].astype(float))
        contest = replace(opened, prepared=mixed, results={}, losses={})
        said = 1 / (1 + np.exp(-0.3 * random.normal(size=(60, 100))[:, who[valid]]))
        contest.results[key, 0] = FoldResult(key, 0, said[0], 1, stages=Stages(stages, said.astype(np.float32)))
        order = np.argsort(valid)
        honest.append(METRICS["roc_auc"].score(mixed.y[valid][order], contest.out_of_fold(key, (0,))))
    assert abs(np.mean(honest) - 0.5) < 3 * np.std(honest) / trials ** 0.5


DEAR = Money(over=1.0, under=4.0)


@pytest.mark.parametrize(("metric", "scale"), [("rmse", 1.25), ("r2", 1.25), ("money", 1.0), ("pinball", 1.0), ("mae", 1.0)])
def test_predictions_of_logarithms_are_scaled_for_means_alone(metric: str, scale: float, tmp_path: Path) -> None:
    contest, key = log_contest(Problem("y", "regression", metric, money=DEAR, quantile=0.8), (1.0, 0.8), tmp_path)
    assert contest.scale(key, (0, 1)) == pytest.approx(scale)


@pytest.mark.parametrize(("metric", "stages", "rounds"), [
    ("money", (1.5, 0.8), 10), ("pinball", (1.5, 0.8), 10),  # nearer by its logarithm is 0.8; too little costs four times as much
    ("mae", (1.5, 0.6), 20), ("mape", (1.5, 0.6), 20),  # and here the farther one: 0.4 is less than 0.5
    ("rmse", (1.5, 0.6), 10), ("rmsle", (1.5, 0.6), 10),
])
def test_rounds_of_logarithms_are_chosen_by_what_the_metric_asks(
    metric: str, stages: tuple[float, float], rounds: int, tmp_path: Path
) -> None:
    contest, key = log_contest(Problem("y", "regression", metric, money=DEAR, quantile=0.8), stages, tmp_path)
    assert contest.best_rounds(key, (0, 1)) == rounds


def test_a_fold_speaks_for_its_rounds_by_what_its_rows_weigh(tmp_path: Path) -> None:
    """10 rounds are right on the first fold, 20 on the second, whose rows count a tenth: they had half of the say."""
    contest, key = log_contest(Problem("y", "regression", "mae"), (1.0, 1.2), tmp_path)
    light = contest.prepared.folds[1][1]
    said = np.outer((1.4, 1.0), contest.prepared.y[light]).astype(np.float32)
    contest.results[key, 1] = FoldResult(key, 1, said[-1].astype(float), 20, stages=Stages((10, 20), said))
    assert contest.best_rounds(key, (0, 1)) == 20
    weights = np.ones(len(contest.prepared.y))
    weights[light] = 0.1
    contest.prepared, contest.losses = replace(contest.prepared, weights=weights / weights.mean()), {}
    assert contest.best_rounds(key, (0, 1)) == 10


def test_codes_of_a_group_do_not_know_its_outcome() -> None:
    """100 groups of 10 rows, a level for each group and a coin for its outcome: rows of one group must not speak for it."""
    random = np.random.default_rng(7)
    group = np.repeat(np.arange(100), 10)
    y = random.integers(0, 2, 100)[group].astype(float)
    feature = Feature("street", ("street",), "category", tuple(str(k) for k in range(100)))
    area = METRICS["roc_auc"].score
    apart, together = (fit_codes(CodeSource(group[:, None].astype(float), (feature,), {}, y, "binary", groups=groups),
                                 np.arange(1000)).values[:, 0] for groups in (None, group))
    assert area(y, apart) > 0.99
    assert abs(area(y, together) - 0.5) < 0.15


@pytest.mark.parametrize("seed", [8, 9])
def test_in_time_the_earlier_rows_of_a_customer_do_not_give_it_away(seed: int) -> None:
    """A coin for each of 300 customers, and columns that know the customer alone: the likest earlier row is its own."""
    random = np.random.default_rng(seed)
    customer = np.repeat(np.arange(300), 8)
    frame = pd.DataFrame(random.normal(size=(300, 2))[customer], columns=["a", "b"])
    frame = frame.assign(customer=[f"c{one}" for one in customer], day=random.random(300)[customer] + 0.4 * random.random(2400))
    frame["y"] = np.where(random.integers(0, 2, 300)[customer] == 1, "Yes", "No")
    table = table_from_frame(frame, "customers")
    points, truth = frame[["a", "b"]].to_numpy(), (frame["y"] == "Yes").to_numpy(dtype=np.int64)

    def scored(problem: Problem) -> float:
        y, said = [], []
        for train, valid in make_folds(truth, problem, table.frame, table.columns, 5, 0):
            near = np.square(points[valid][:, None] - points[train]).sum(axis=2).argmin(axis=1)
            y, said = [*y, *truth[valid]], [*said, *truth[train][near]]
        return METRICS["roc_auc"].score(np.array(y), np.array(said, dtype=float))

    timed = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", time="day")
    assert scored(timed) > 0.7
    assert abs(scored(replace(timed, group="customer")) - 0.5) < 0.12


@pytest.mark.parametrize("metric", ["mape", "rmsle", "rmse", "mae"])
def test_the_baseline_is_the_best_constant(metric: str, tmp_path: Path) -> None:
    """Against a mean or a median another constant would look like a useful model: by a third of the error here."""
    random = np.random.default_rng(10)
    y = np.exp(random.normal(2, 1.5, 600))
    table = table_from_frame(pd.DataFrame({"x": random.normal(size=600), "y": y}), "noise")
    problem, plan = Problem("y", "regression", metric), Plan(folds=3, families=("linear",))
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    told = METRICS[metric].score(prepared.y, _baseline(contest, (0, 1, 2)))
    best = min(METRICS[metric].score(prepared.y, np.full(600, constant)) for constant in np.geomspace(0.01, 1000, 2000))
    assert best / 1.001 <= told <= best * 1.02
    average = check(table.frame, table.columns, problem).ladder[0]
    assert average.score <= best * 1.02


@pytest.mark.parametrize("name", ["accuracy", "f1", "balanced_accuracy", "mcc"])
def test_the_baseline_of_labels_is_one_label(name: str, tmp_path: Path) -> None:
    """Three groups, each of them a fold: the label that most rows of the other two have is the wrong one for two of them."""
    group = np.repeat(np.arange(3), 100)
    frame = pd.DataFrame({"x": np.arange(300.0), "group": [f"g{one}" for one in group]})
    frame["y"] = np.where(np.arange(300) % 100 < np.array([90, 10, 51])[group], "Yes", "No")
    table, plan = table_from_frame(frame, "groups"), Plan(folds=3, families=("linear",))
    problem = Problem("y", "binary", name, ("No", "Yes"), "Yes", group="group")
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    folds = (0, 1, 2)
    told = score_of(contest, folds, _baseline(contest, folds)).mean
    best = max(METRICS[name].score(prepared.y, np.full(300, constant)) for constant in (0.0, 1.0))
    assert told == pytest.approx(best)


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1_macro", "mcc"])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_baseline_of_labels_is_that_of_the_check(name: str, classes: int, tmp_path: Path) -> None:
    """Labels drawn by chance have a macro F1 of one part of the classes, one label for all less: the check compared with the one,
    the search with the other, and labels of noise seemed to pay. Of the other two both say the same."""
    random, names = np.random.default_rng(classes), ("high", "low", "mid")[:classes]
    y = random.choice(classes, 3_000, p=np.array([[0.9, 0.1], [0.8, 0.15, 0.05]][classes - 2]))
    table = table_from_frame(pd.DataFrame({"x": random.normal(size=len(y)), "y": np.array(names)[y]}), "noise")
    problem = Problem("y", "multiclass" if classes > 2 else "binary", name, names, "" if classes > 2 else "low")
    plan, folds = Plan(folds=3, families=("linear",)), (0, 1, 2)
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    told = score_of(contest, folds, _baseline(contest, folds))
    assert told.mean == pytest.approx(0.0 if name == "mcc" else 1 / classes, abs=0.02)
    if name == "f1_macro":
        assert told.mean == pytest.approx(check(table.frame, table.columns, problem).ladder[0].score, abs=0.03)
    by_chance = drawn_labels(np.tile(np.bincount(y) / len(y), (len(y), 1)) if classes > 2 else np.full(len(y), y.mean()), 7)
    assert score_of(contest, folds, by_chance).low < told.mean


def test_one_guess_pays_for_an_unseen_class_what_models_pay(tmp_path: Path) -> None:
    """All rows of a class in one shop: a guess gave them nothing, for which each paid 34.5, and noise was better."""
    label = np.repeat(["A", "B", "C"], [36, 20, 4])
    shop = np.concatenate([np.arange(56) % 6, np.full(4, 5)])
    frame = pd.DataFrame({"x": np.random.default_rng(3).normal(size=60), "shop": [f"s{one}" for one in shop], "y": label})
    table, plan = table_from_frame(frame, "shops"), Plan(folds=6, families=("linear",))
    problem = Problem("y", "multiclass", "log_loss", ("A", "B", "C"), group="shop")
    prepared = prepare(SearchData(table.frame, table.columns, problem), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    folds = tuple(range(len(prepared.folds)))
    assert score_of(contest, folds, _baseline(contest, folds)).mean < 1.0
    assert check(table.frame, table.columns, problem).ladder[0].score < 1.0  # the mean of folds; 13.8 was paid there


def test_noise_does_not_pay_by_its_share_of_the_truth() -> None:
    """And a line does: what is compared with the constant learns what the metric asks for, too."""
    random = np.random.default_rng(11)
    x = random.normal(size=800)
    problem = Problem("y", "regression", "mape")
    found = []
    for y in (np.exp(random.normal(2, 1.5, 800)), np.exp(2 + x + random.normal(0, 0.3, 800))):
        table = table_from_frame(pd.DataFrame({"x": x, "y": y}), "shares")
        found.append(check(table.frame, table.columns, problem).verdict)
    assert found[0] == "average"
    assert found[1] in ("rule", "ml_pays")


def shops(
    name: str, random: np.random.Generator, count: int, uneven: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """50 rows of each shop, or more of some, with their group, an outcome, and a score that is off by shop (correlation 0.3)."""
    group = np.repeat(np.arange(count), np.minimum(5 * random.zipf(1.8, count), 300) if uneven else 50)
    off = random.normal(0, 0.3**0.5, count)[group] + random.normal(0, 0.7**0.5, len(group))
    y = (random.random(len(group)) < 0.4).astype(float)
    if name == "mae":
        return group, np.abs(off + 9.0), np.zeros(len(y))
    turned = np.where(random.random(count) < 0.5, 1.0, -1.0)[group]  # in some shops the score says the contrary
    return group, y, 1 / (1 + np.exp(-(turned * (y - 0.4) + off)))


@pytest.mark.parametrize("name", ["mae", "accuracy", "roc_auc"])
def test_intervals_hold_where_rows_of_a_group_are_alike(name: str) -> None:
    """Taken for 1,000 rows that know nothing of each other, 20 shops had intervals a quarter as wide as they must be."""
    random = np.random.default_rng(12)
    metric = METRICS[name]
    truth = metric.score(*shops(name, random, 4_000)[1:])
    held = {"groups": 0, "rows": 0}
    for _ in range(150):
        group, y, p = shops(name, random, 20)
        for kind, counting in (("groups", Counting(None, group)), ("rows", Counting())):
            _, low, high = score_with_interval(metric, y, p, 0, None, counting)
            held[kind] += low <= truth <= high
    assert 0.9 <= held["groups"] / 150 <= 0.99, held
    assert held["rows"] / 150 < 0.75, held


@pytest.mark.parametrize("name", ["mae", "accuracy", "roc_auc"])
@pytest.mark.parametrize(("count", "heavy", "uneven"),
                         [(6, False, False), (20, True, False), (20, False, True), (120, True, True)])
def test_intervals_hold_where_few_groups_have_most_of_the_weight(name: str, count: int, heavy: bool, uneven: bool) -> None:
    """Shops counted as they are, and not by what they weigh, gave areas intervals that held the truth in 80 %."""
    random = np.random.default_rng(20)
    metric, held, runs = METRICS[name], 0, 150
    truth = metric.score(*shops(name, random, 2_000)[1:])
    for _ in range(runs):
        group, y, p = shops(name, random, count, uneven)
        weights = np.minimum(random.zipf(1.8, count), 50).astype(float)[group] if heavy else None
        _, low, high = score_with_interval(metric, y, p, 0, None, Counting(weights, group))
        held += low <= truth <= high
    assert held / runs >= 0.95 - 2 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize("name", ["rmse", "roc_auc"])
def test_differences_count_groups_and_not_rows(name: str) -> None:
    """Two models that differ by shop: neither is better, and no more than one in twenty pairs says so."""
    random = np.random.default_rng(13)
    metric, misses = METRICS[name], 0
    for seed in range(100):
        group = np.repeat(np.arange(20), 50)
        y = (random.random(1000) < 0.4).astype(float)
        mine, other = (y + random.normal(0, 1, 20)[group] + random.normal(0, 0.5, 1000) for _ in range(2))
        pair = paired_difference(metric, y, mine, other, seed, Counting(None, group))
        misses += not pair.low <= 0 <= pair.high
        assert differences(metric, y, mine, [other], seed, Counting(None, group))[0] == pair
    assert misses / 100 <= 0.1


def test_the_search_and_the_check_count_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows with a column that says where they belong: what is known of new shops is what twenty shops tell."""
    fit_here(monkeypatch)
    random = np.random.default_rng(14)
    group = np.repeat(np.arange(20), 50)
    x = random.normal(size=1000)
    frame = pd.DataFrame({"x": x, "shop": [f"s{one}" for one in group]})
    frame["y"] = x + 2 * random.normal(size=20)[group] + random.normal(size=1000)
    table = table_from_frame(frame, "shops")
    plan = Plan(budget_seconds=600, jobs=1, folds=5, max_trials=2, families=("linear", "rule"))
    wide = []
    for problem in (Problem("y", "regression", "rmse", group="shop"), Problem("y", "regression", "rmse", never=("shop",))):
        data, journal = SearchData(table.frame, table.columns, problem), FolderJournal(tmp_path / (problem.group or "none"))
        summary = search(data, plan, journal).summary
        rung = check(table.frame, table.columns, problem).ladder[2]
        best = summary.leaderboard[0]
        wide.append([score.high - score.low for score in (summary.score, summary.baseline, best, rung)])
    assert (np.array(wide[0]) > 2 * np.array(wide[1])).all(), wide


@pytest.mark.parametrize("name", TUNED)
def test_factors_of_noise_score_like_noise(name: str) -> None:
    """Factors tuned on the rows they are judged by would find a macro F1 and an MCC where there is none."""
    random = np.random.default_rng(15)
    prepared = prepare(several(random, 400, name), Plan(folds=4))
    scores = []
    for _ in range(25):
        y, p = random.permutation(prepared.y), random.dirichlet(np.ones(3), 400)
        said, decision = prepared.judged(y, p, Counting(), np.arange(400) % 4)
        scores.append(METRICS[name].score(y, said, decision))
    assert float(np.mean(scores)) < {"mcc": 0.0, "balanced_accuracy": 1 / 3, "f1_macro": 0.32}[name] + 0.015


def several(random: np.random.Generator, rows: int, metric: str) -> SearchData:
    """Three classes, one of them rare, that two numbers tell apart in part."""
    y = random.choice(3, rows, p=[0.7, 0.24, 0.06])
    spots = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])[y] + random.normal(size=(rows, 2))
    table = table_from_frame(pd.DataFrame(spots, columns=["a", "b"]).assign(y=np.array(["low", "mid", "top"])[y]), "classes")
    return SearchData(table.frame, table.columns, Problem("y", "multiclass", metric, ("low", "mid", "top")))


def knowing(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes of the same kind with their true probabilities."""
    shares = np.array([0.7, 0.24, 0.06])
    y = random.choice(3, rows, p=shares)
    x = random.normal(size=(rows, 3)) + 1.5 * np.eye(3)[y]
    p = shares * np.exp(1.5 * x)
    return y, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", TUNED)
def test_factors_hold_on_new_rows(name: str) -> None:
    """And are the best there are: where recalls count, each class by the inverse of its share."""
    random = np.random.default_rng(16)
    metric, (y, p), (later, new) = METRICS[name], knowing(random, 6000), knowing(random, 60_000)
    factors = tune_factors(metric, y, p)
    tuned, plain = (metric.score(later, labelled(new, given)) for given in (factors, ()))
    assert tuned > plain
    assert tuned == metric.score(later, new, decision_of(Problem("y", "multiclass", name, ("a", "b", "c")), factors))
    if name == "balanced_accuracy":
        assert tuned == pytest.approx(metric.score(later, new / np.array([0.7, 0.24, 0.06])), abs=0.01)
    assert tune_factors(METRICS["accuracy"], y, p) == tune_factors(metric, y[:40], p[:40]) == ()


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1_macro"])
def test_factors_of_many_classes_hold_on_new_rows_and_take_no_time(name: str) -> None:
    """Each of a hundred factors by itself took a third of a second for each fold of each candidate, and held worse."""
    random, metric = np.random.default_rng(18), METRICS[name]
    shares, spots = 1 / np.arange(1, 101) ** 1.2, random.normal(size=(100, 6))

    def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
        y = random.choice(100, count, p=shares / shares.sum())
        x = random.normal(size=(count, 6)) + spots[y]
        logs = x @ spots.T - np.square(spots).sum(axis=1) / 2 + np.log(shares)
        p = np.exp(logs - logs.max(axis=1, keepdims=True))
        return y, p / p.sum(axis=1, keepdims=True)

    (y, p), (later, new) = rows(20_000), rows(20_000)
    began = time.process_time()
    for _ in range(10):
        tune_factors(metric, y, p, most_rows=ROWS_TO_TUNE)
    factors = tune_factors(metric, y, p)
    assert time.process_time() - began < 1.5
    tuned, plain = (metric.score(later, labelled(new, given)) for given in (factors, ()))
    assert tuned > plain + 0.015


def test_customers_that_happen_to_agree_are_no_reason_for_factors() -> None:
    """All rows of a customer are of one class, and there is nothing to be won: twenty customers are twenty observations."""
    random, kept = np.random.default_rng(19), np.zeros(2)
    for _ in range(60):
        classes, said = random.integers(0, 3, 20), random.dirichlet(np.ones(3), 20)
        customers = np.repeat(np.arange(20), 30)
        y, p = classes[customers], said[customers]
        p = p * random.uniform(0.9, 1.1, p.shape)
        for place, groups in enumerate((customers, None)):
            kept[place] += tune_factors(METRICS["mcc"], y, p, Counting(None, groups)) != ()
    assert kept[0] <= 20  # of 60: no more than of as many rows of noise that stand alone
    assert kept[1] >= 50


def test_a_search_for_recalls_of_several_classes_tunes_its_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The score is that of labels by factors of the other folds, the model has its own, and new rows are called by them."""
    fit_here(monkeypatch)
    random = np.random.default_rng(17)
    data, later = several(random, 900, "balanced_accuracy"), several(random, 5000, "balanced_accuracy")
    plan = Plan(budget_seconds=600, jobs=1, folds=3, max_trials=2, families=("linear", "rule"))
    judged: list[int] = []

    def counted(*given: Any) -> np.ndarray:
        judged.append(len(given))
        return labelled_by_others(*given)

    monkeypatch.setattr("automl_core.search.prepared.labelled_by_others", counted)
    outcome = search(data, plan, FolderJournal(tmp_path))
    model, summary = outcome.model, outcome.summary
    assert len(judged) == len(summary.leaderboard) + len(summary.ladder) + 1  # each candidate and rung once, and the average
    assert summary.factors == model.factors
    assert model.factors[2] > 2 * model.factors[0]
    judge, truth = METRICS["balanced_accuracy"], pd.Categorical(later.frame["y"], data.problem.classes).codes.astype(float)
    said = model.predict_frame(later.frame)
    tuned = judge.score(truth, np.eye(3)[model.called(said)])
    assert np.array_equal(model.called(said), predicted_codes(said, model.factors))
    assert np.array_equal(replace(model, factors=()).called(said), predicted_codes(said))
    assert tuned > judge.score(truth, said) + 0.05
    assert summary.score.low - 0.02 < tuned < summary.score.high + 0.02
    best = summary.leaderboard[0]
    assert best.score == pytest.approx(float(np.mean(best.fold_scores)), abs=0.05)
