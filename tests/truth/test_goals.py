"""Quantiles, weights and ordered classes on data whose truth is known: a search for one finds what was asked for."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.framing.metric_rows import MiddleStep, predicted_codes
from automl_core.framing.metrics import METRICS, decision_of, metric_of
from automl_core.framing.problem import Money, Problem
from automl_core.framing.score_interval import score_with_interval
from automl_core.search import FolderJournal, Outcome, SearchData, search
from automl_core.search.family import Array
from automl_core.search.plan import Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.workspace.summaries import with_choice
from tests.unit.searching import fit_here


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)


def run(frame: pd.DataFrame, problem: Problem, folder: Path, families: tuple[str, ...] = ("lightgbm", "rule")) -> Outcome:
    table = table_from_frame(frame, "made up")
    data = SearchData(table.frame, table.columns, problem)
    return search(data, Plan(3_600, 1, families=families, folds=3, max_trials=3), FolderJournal(folder))


def make_demand(rows: int = 3_000) -> pd.DataFrame:
    """A demand whose spread grows with its mean: its quantiles are no shifted means."""
    random = np.random.default_rng(2)
    size = random.uniform(1, 10, rows)
    return pd.DataFrame({"size": size, "other": random.normal(size=rows), "demand": size * random.exponential(1.0, rows)})


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_is_undercut_as_often_as_asked(level: float, tmp_path: Path) -> None:
    outcome = run(make_demand(), Problem("demand", "regression", "pinball", quantile=level), tmp_path)
    assert np.mean(outcome.y <= outcome.oof) == pytest.approx(level, abs=0.03)
    assert outcome.summary.score.mean < outcome.summary.baseline.mean
    new = make_demand()
    large = new["size"] > 7
    said = outcome.model.predict_frame(new)
    assert np.mean(new["demand"][large] <= said[large]) == pytest.approx(level, abs=0.06)


def test_money_of_a_number_is_its_newsvendor_quantile(tmp_path: Path) -> None:
    problem = Problem("demand", "regression", "money", money=Money(over=1.0, under=4.0))
    assert problem.level == pytest.approx(0.8)
    outcome = run(make_demand(), problem, tmp_path)
    assert np.mean(outcome.y <= outcome.oof) == pytest.approx(0.8, abs=0.03)
    median = run(make_demand(), replace(problem, metric="mae", money=None), tmp_path / "mae")
    money = metric_of(problem)
    assert money.score(outcome.y, outcome.oof) > money.score(median.y, median.oof)
    assert all(np.isfinite(offer.money) for offer in outcome.summary.ladder)


def test_one_cost_alone_is_refused_before_anything_is_fitted(tmp_path: Path) -> None:
    for money in (Money(under=5.0), Money(over=5.0)):
        with pytest.raises(BadInput, match="needs a cost above 0"):
            run(make_demand(200), Problem("demand", "regression", "money", money=money), tmp_path)
    assert not list(tmp_path.rglob("trials*"))


def test_only_families_that_know_quantiles_are_asked() -> None:
    problem = Problem("demand", "regression", "pinball", quantile=0.9)
    candidates = make_portfolio(problem, 10_000, Plan())
    assert {candidate.options["loss"] for candidate in candidates} == {"quantile"}
    assert {candidate.options["alpha"] for candidate in candidates} == {0.9}


def test_chosen_families_that_know_no_quantile_are_told(tmp_path: Path) -> None:
    """EBM was neither tried nor mentioned, and alone it was refused without a reason."""
    tail = Problem("demand", "regression", "pinball", quantile=0.975)
    outcome = run(make_demand(200), tail, tmp_path, ("ebm", "rule"))
    assert "Explainable boosting machine was not tried: it cannot predict the quantile of 97.5 %." in outcome.summary.sentence
    assert "not tried" in with_choice(outcome.summary, outcome.summary.ladder[0].name, outcome.model).sentence
    alone = Plan(families=("ebm",))
    assert {one.family for one in make_portfolio(replace(tail, metric="mae"), 500, alone)} == {"ebm"}
    priced = replace(tail, metric="money", money=Money(over=1.0, under=4.0))
    for problem, why in ((tail, "cannot predict the quantile of 97.5 %."), (priced, "of 80 % that these amounts ask for.")):
        with pytest.raises(BadInput, match=why) as refused:
            make_portfolio(problem, 500, alone)
        assert refused.value.message.startswith("None of the chosen model families can be used here: Explainable boosting")
        assert "catboost" in refused.value.hint
        assert "lightgbm" in refused.value.hint
    with pytest.raises(BadInput, match="is only for classes that are steps of a scale"):
        make_portfolio(Problem("t", "multiclass", "log_loss", ("a", "b", "c")), 500, Plan(families=("ordered",)))


def test_weights_say_whom_to_learn_from(tmp_path: Path) -> None:
    """Two groups that cannot be told apart and answer differently: the model answers as the heavier one does."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=1_000), "b": random.normal(size=1_000), "weight": 1.0, "value": 0.0})
    frame.loc[500:, "value"] = 10.0 + random.normal(size=500)
    frame.loc[500:, "weight"] = 9.0
    problem = Problem("value", "regression", "rmse", weights="weight")
    outcome = run(frame, problem, tmp_path, ("rule", "linear", "lightgbm"))
    for name, oof in outcome.oofs.items():
        assert oof.mean() == pytest.approx(9.0, abs=0.6), name
    assert "weight" not in outcome.model.sources
    for weight in (-1.0, 0.0, frame["weight"].where(frame.index != 7)):
        spoiled = frame.assign(weight=weight)
        with pytest.raises(BadInput, match="cannot weigh rows"):
            run(spoiled, problem, tmp_path / "spoiled")


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if name != "money"])
def test_a_weight_of_two_is_the_row_twice(name: str) -> None:
    """In the score, and (nearly, as draws differ) in its interval."""
    metric = METRICS[name]
    random = np.random.default_rng(1)
    y, p = random.integers(0, 3, 300), random.dirichlet([1, 1, 1], 300)
    if "binary" in metric.tasks:
        y = np.minimum(y, 1)
        p = np.clip(0.6 * y + random.uniform(0, 0.5, 300), 0, 1)
    if metric.tasks == ("regression",):
        y, p = random.exponential(1.0, 300) + 0.1, random.exponential(1.0, 300)
    weights = random.integers(0, 3, 300).astype(float)
    twice = np.repeat(np.arange(300), weights.astype(int))
    assert metric.score(y, p, weights=weights) == pytest.approx(metric.score(y[twice], p[twice]))
    one = score_with_interval(metric, y, p, 0, weights=np.full(300, 7.0))
    plain = score_with_interval(metric, y, p, 0)
    assert one == pytest.approx(plain, rel=0.02, abs=0.005)


STEPS, CUTS = ("poor", "fair", "good", "best"), (-1.5, 0.0, 1.5)


def make_steps(rows: int = 2_500) -> tuple[pd.DataFrame, Array]:
    """A scale, and the true chance of each of its steps (n, 4)."""
    random = np.random.default_rng(4)
    x = random.normal(size=(rows, 4))
    mean = x[:, 0] + 0.5 * x[:, 1] * x[:, 2]
    grade = np.array(STEPS)[np.digitize(mean + random.logistic(0, 0.7, rows), CUTS)]
    below = [np.zeros(rows), *(1 / (1 + np.exp((mean - cut) / 0.7)) for cut in CUTS), np.ones(rows)]
    return pd.DataFrame(x, columns=list("abcd")).assign(grade=grade), np.diff(np.column_stack(below), axis=1)


def test_ordered_classes_are_learned_step_by_step(tmp_path: Path) -> None:
    """Better than classes without an order in what the scale is judged by, and nearly as seldom far off as the true chances."""
    problem = Problem("grade", "multiclass", "ranked_probability", STEPS, ordered=True)
    frame, chances = make_steps()
    steps = run(frame, problem, tmp_path / "ordered", ("ordered",))
    assert {trial.family for trial in steps.summary.leaderboard} == {"ordered"}
    assert steps.summary.score.high < steps.summary.baseline.mean
    np.testing.assert_allclose(steps.oof.sum(axis=1), 1.0)
    unordered = replace(problem, ordered=False, metric="log_loss")
    plain = run(frame, unordered, tmp_path / "plain", ("lightgbm",))
    assert steps.summary.score.mean < METRICS["ranked_probability"].score(plain.y, plain.oof)
    truth = chances[steps.positions]
    near, best = (np.mean(np.abs(said.argmax(axis=1) - steps.y) <= 1) for said in (steps.oof, truth))
    assert near > 0.95 * best
    # the step with as much below as above it, which rows are called, is fewest steps off
    near, best = (np.mean(np.abs(steps.model.called(said) - steps.y) <= 1) for said in (steps.oof, truth))
    assert near > 0.9
    assert near > 0.98 * best
    off, likeliest = (np.abs(said - steps.y).mean() for said in (steps.model.called(steps.oof), steps.oof.argmax(axis=1)))
    assert off < likeliest
    with pytest.raises(BadInput):
        run(frame, unordered, tmp_path / "unordered", ("ordered",))


def test_a_usual_search_of_a_scale_hands_over_what_knows_the_order(tmp_path: Path) -> None:
    """All candidates but one of defaults ignored the order: what was handed over was the same with and without it."""
    frame, _ = make_steps(1_500)
    problem = Problem("grade", "multiclass", "ranked_probability", STEPS, ordered=True)
    found = run(frame, problem, tmp_path, ("lightgbm", "ordered"))
    scores = {trial.label: trial.score for trial in found.summary.leaderboard}
    assert scores["Ordered steps, careful"] < scores["LightGBM, careful"]
    assert any(member.family == "ordered" for member in found.model.members)


@pytest.mark.parametrize("seed", range(5))
def test_the_middle_step_is_off_by_fewer_steps_than_the_likeliest(seed: int) -> None:
    """A third of the rows is at either end of a scale, or nowhere near what a model can tell: the likeliest step is an end."""
    random = np.random.default_rng(seed)
    ends, mean = random.random((4_000, 1)) < 0.3, random.normal(2, 1, (4_000, 1))
    chances = np.exp(-0.5 * np.square(np.arange(5) - mean)) + np.where(ends, np.array([2.0, 0, 0, 0, 2.0]), 0)
    chances /= chances.sum(axis=1, keepdims=True)
    y = (random.random((4_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    middle, likeliest = (np.abs(predicted_codes(chances, cut) - y) for cut in (MiddleStep(), 0.5))
    gain = likeliest - middle
    assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))
    every = np.abs(np.arange(5)[:, None] - y).mean(axis=1)
    assert middle.mean() < every.min()


def test_ties_of_steps_go_to_the_lower_and_do_not_hang_on_rounding() -> None:
    shares = np.array([[0.5, 0.0, 0.5], [0.1 + 0.2, 0.2, 0.5], [0.5 - 1e-17, 0.3, 0.2], [0.0, 0.0, 1.0], [0.2, 0.2, 0.6]])
    assert predicted_codes(shares, MiddleStep()).tolist() == [0, 1, 0, 2, 2]
    assert predicted_codes(shares, MiddleStep((1.0, 1.0, 0.1))).tolist() == [0, 0, 0, 2, 1]
    assert decision_of(Problem("y", "multiclass", "accuracy", STEPS, ordered=True)).cut == MiddleStep()
    assert decision_of(Problem("y", "multiclass", "accuracy", STEPS, ordered=True), 0.5).cut == 0.5


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_a_search_judges_steps_by_what_it_calls_them(metric: str, tmp_path: Path) -> None:
    """Its score is that of middle steps on rows not seen, and new rows are called so."""
    frame, _ = make_steps(1_500)
    found = run(frame, Problem("grade", "multiclass", metric, STEPS, ordered=True), tmp_path, ("linear",))
    model, summary = found.model, found.summary
    assert model.middle
    assert (summary.middle, summary.factors) == (model.middle, model.factors)
    score = METRICS[metric].score
    called = score(found.y, np.eye(4)[predicted_codes(found.oof, model.cut)])
    assert summary.score.mean == pytest.approx(called, abs=1e-9 if metric == "accuracy" else 0.02)
    assert np.array_equal(model.called(found.oof), predicted_codes(found.oof, MiddleStep(model.factors)))
    if metric == "balanced_accuracy":
        assert model.factors
        assert called > score(found.y, np.eye(4)[predicted_codes(found.oof, MiddleStep())]) + 0.01


def test_the_ranked_score_counts_steps() -> None:
    score = METRICS["ranked_probability"].score
    y = np.array([0, 0, 1, 2])
    right = np.eye(3)[y]
    assert score(y, right) == 0.0
    near, far = np.eye(3)[[1, 0, 1, 2]], np.eye(3)[[2, 0, 1, 2]]
    assert score(y, near) == pytest.approx(1 / 8)
    assert score(y, far) == pytest.approx(1 / 4)
    even = np.full((4, 3), 1 / 3)
    assert score(y, even) == pytest.approx(np.mean([(4 / 9 + 1 / 9) / 2] * 2 + [(1 / 9 + 1 / 9) / 2] + [(1 / 9 + 4 / 9) / 2]))
