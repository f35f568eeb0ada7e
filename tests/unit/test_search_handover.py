"""What a search hands over: how candidates are blended, compared and chosen, and what is said of it."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.framing.ladder import check
from automl_core.framing.metrics import METRICS, decision_of
from automl_core.framing.problem import Money
from automl_core.framing.score_interval import paired_difference
from automl_core.search import FolderJournal, SearchData, best_first, entry, handover, search
from automl_core.search.calibration import Calibration
from automl_core.search.carried import common_folds
from automl_core.search.contest import Contest
from automl_core.search.ensemble import Electorate, bagged_weights, blend, greedy_weights, sampled
from automl_core.search.journal import FoldResult
from automl_core.search.offers import Ballot, Offer, choose, make_offers
from automl_core.search.plan import Plan, RunSummary, Score, Trial
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.worker import run_fit
from automl_core.workspace.summaries import with_choice
from tests.unit.searching import FAST, HereExecutor, _done, make_data


def test_intervals_of_a_number_that_is_never_negative_do_not_go_below_nought(tmp_path: Path, here: HereExecutor) -> None:
    data, plan = make_data("regression"), Plan(20, 2, families=("linear",), folds=2, max_trials=1)
    assert search(data, plan, FolderJournal(tmp_path / "both")).model.bands.least is None
    data = replace(data, frame=data.frame.assign(value=data.frame["value"].clip(lower=0.0)))
    model = search(data, plan, FolderJournal(tmp_path / "none")).model
    low, high = model.bands.around(np.array([-400.0, 0.0, 50.0]))
    assert low.min() == 0.0
    assert high.min() > 0.0  # what a line says of the first row is no reason to promise just nought


def test_probabilities_of_weighted_rows_are_calibrated_by_their_weights(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def noting(*arguments: Any) -> tuple[Calibration, Any]:
        told.extend(arguments[4:])
        return Calibration(0.5), arguments[2]

    monkeypatch.setattr(handover, "calibrate", noting)
    data = make_data()
    data = replace(data, frame=data.frame.assign(weight=np.arange(1.0, 401.0), shop=np.arange(400) % 40),
                   problem=replace(data.problem, weights="weight", group="shop"))
    data = replace(data, columns=table_from_frame(data.frame, "weighted").columns)
    outcome = search(data, Plan(20, 2, families=("linear",), folds=2, max_trials=1), FolderJournal(tmp_path))
    assert outcome.model.calibration == Calibration(0.5)
    np.testing.assert_allclose(told[0] / told[0].mean(), (outcome.positions + 1.0) / (outcome.positions + 1.0).mean())
    assert len(set(zip(told[1].tolist(), (outcome.positions % 40).tolist(), strict=True))) == len(set(told[1].tolist())) == 40


def test_a_score_that_does_not_rest_on_all_rows_says_on_how_many(tmp_path: Path, here: HereExecutor) -> None:
    data, plan = make_data(), Plan(20, 2, families=("linear",), folds=3, max_trials=1)
    assert "on rows it had not seen." in search(data, plan, FolderJournal(tmp_path / "all")).summary.sentence
    frame = data.frame.assign(day=pd.date_range("2024-01-01", periods=len(data.frame)))
    forward = replace(data, frame=frame, columns=table_from_frame(frame, "days").columns,
                      problem=replace(data.problem, time="day"))
    outcome = search(forward, plan, FolderJournal(tmp_path / "forward"))
    summary = outcome.summary
    assert 0 < summary.judged < summary.rows
    told = f"on {summary.judged:,} of {summary.rows:,} rows, which it had not seen"
    assert f"{told}." in summary.sentence
    assert f"{told}, " in with_choice(summary, summary.ladder[0].name, outcome.model).sentence


def test_a_metric_of_labels_tunes_its_threshold(tmp_path: Path, here: HereExecutor) -> None:
    data = make_data()
    data = replace(data, problem=replace(data.problem, metric="f1"))
    outcome = search(data, Plan(20, 2, families=FAST, folds=3, max_trials=2), FolderJournal(tmp_path))
    assert outcome.summary.threshold == outcome.model.threshold
    assert outcome.summary.score.mean > outcome.summary.baseline.mean


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_amounts_of_money_leave_the_score_of_labels_as_it_is(tmp_path: Path, here: HereExecutor, metric: str) -> None:
    """At the cut that 500 against 20 ask for most rows are acted on: right for money, and no measure of accuracy or of F1."""
    data, plan = make_data(), Plan(20, 2, families=("linear",), folds=3, max_trials=1)
    plain = replace(data.problem, metric=metric)
    paid = replace(plain, money=Money(true_positive=500, false_positive=-20))
    without, found = (search(replace(data, problem=one), plan, FolderJournal(tmp_path / str(number)))
                      for number, one in enumerate((plain, paid)))
    assert found.summary.score == without.summary.score
    assert found.summary.baseline == without.summary.baseline
    assert found.summary.leaderboard[0].fold_scores == without.summary.leaderboard[0].fold_scores
    assert "do not use it" not in found.summary.sentence
    assert found.model.threshold == found.summary.threshold == pytest.approx(20 / 520)
    assert found.model.judged_at == pytest.approx(without.model.threshold)
    assert without.model.judged_at is None
    acted = METRICS["money"].score(found.y, found.oof, decision_of(paid))
    assert next(rung for rung in found.summary.ladder if rung.chosen).money == pytest.approx(acted)
    average = check(data.frame, data.columns, paid).ladder[0]
    assert average.score == pytest.approx(found.summary.baseline.mean, abs=0.01)


def test_greedy_weights_find_what_complements() -> None:
    random = np.random.default_rng(1)
    y = random.normal(0, 1, 2000)
    parts = {"one": y + random.normal(0, 1, 2000), "two": y + random.normal(0, 1, 2000), "bad": random.normal(0, 3, 2000)}
    weights = greedy_weights(Electorate(METRICS["rmse"], y), parts)
    assert sum(weights.values()) == pytest.approx(1)
    assert set(weights) == {"one", "two"}
    assert weights["one"] == pytest.approx(0.5, abs=0.1)
    mixed = METRICS["rmse"].score(y, blend(weights, parts))
    assert mixed < min(METRICS["rmse"].score(y, part) for part in parts.values())
    assert paired_difference(METRICS["rmse"], y, blend(weights, parts), parts["one"], 0).low > 0
    voters = Electorate(METRICS["rmse"], y)
    assert len(greedy_weights(voters, {f"p{i}": y + random.normal(0, 1, 2000) for i in range(9)}, members=2)) <= 2


def test_a_rare_class_decides_with_more_than_a_handful_of_rows() -> None:
    """One row of a thousand: a plain draw of 20,000 has twenty. The judge says the same in the mean; other draws stay."""
    random = np.random.default_rng(0)
    y = (random.random(400_000) < 0.001).astype(float)
    prediction = np.clip(0.001 + 0.2 * y + 0.01 * random.normal(size=len(y)), 1e-4, 1 - 1e-4)
    for judge in (METRICS["roc_auc"], METRICS["log_loss"], METRICS["average_precision"]):
        whole = Electorate(judge, y)
        some, rows = sampled(whole, 1, 20_000)
        assert some.y.sum() == min(y.sum(), 500)
        assert len(rows) == pytest.approx(20_000, abs=500)
        assert some.quality(prediction[rows]) == pytest.approx(whole.quality(prediction), rel=0.05)
    for usual, dimensions in ((random.integers(0, 2, 30_000).astype(float), 1), (random.normal(size=30_000), 1),
                              (random.integers(0, 3, 30_000).astype(float), 2)):
        some, rows = sampled(Electorate(METRICS["log_loss"], usual), dimensions, 20_000)
        assert some.weights is None
        assert np.array_equal(rows, np.sort(np.random.default_rng(0).choice(30_000, 20_000, replace=False)))
    rare = random.choice(4, 50_000, p=[0.6, 0.39, 0.0098, 0.0002]).astype(float)
    some, rows = sampled(Electorate(METRICS["log_loss"], rare, np.full(50_000, 2.0)), 2, 20_000)
    assert (some.y == 3).sum() == (rare == 3).sum()
    assert some.weights is not None
    for label in range(4):
        assert some.weights[some.y == label].sum() == pytest.approx(2.0 * (rare == label).sum())


def test_bagged_weights_are_less_led_by_chance() -> None:
    """Twenty models that share most of their errors: on new rows a bagged choice of six is better in the mean than one choice."""
    gained = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        signal = random.normal(0, 1.5, 4300)
        y = (random.random(4300) < 1 / (1 + np.exp(-signal))).astype(float)
        shared = signal + random.normal(0, 0.7, 4300)
        said = {f"p{i}": shared + spread * random.normal(0, 1, 4300) for i, spread in enumerate(np.linspace(0.2, 0.8, 20))}
        parts = {key: part[:300] for key, part in said.items()}
        voters = Electorate(METRICS["roc_auc"], y[:300], seed=seed)
        bagged, single = bagged_weights(voters, parts), greedy_weights(voters, parts, 6)
        assert len(bagged) <= 6
        assert sum(bagged.values()) == pytest.approx(1)
        scores = [METRICS["roc_auc"].score(y[300:], blend(weights, said)[300:]) for weights in (bagged, single)]
        gained.append(scores[0] - scores[1])
    assert np.mean(gained) > 2 * np.std(gained) / np.sqrt(len(gained)), gained


def test_bagged_weights_where_rows_judge_nothing() -> None:
    y = np.zeros(60)
    y[0] = 1.0
    random = np.random.default_rng(0)
    parts = {"bad": random.random(60), "good": np.linspace(1, 0, 60)}
    weights = bagged_weights(Electorate(METRICS["roc_auc"], y), parts)
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["good"] > 0.5
    assert bagged_weights(Electorate(METRICS["roc_auc"], np.zeros(60)), parts) == {"bad": 1.0}
    assert bagged_weights(Electorate(METRICS["roc_auc"], y), {"good": parts["good"]}) == {"good": 1.0}


def test_the_fastest_that_is_not_worse_is_chosen() -> None:
    def offer(name: str, row_ms: float, gap: float, quality: float = 0.0) -> Offer:
        return Offer(name, name, {name: 1.0}, np.zeros(1), quality, row_ms, gap=gap, error=0.01)

    best, near, far = offer("best", 3.0, 0.0), offer("near", 0.3, 0.009), offer("far", 0.01, 0.02)
    assert choose((best, near, far)).name == "near"
    assert choose((best, far)).name == "best"
    assert choose((best, offer("a", 0.301, 0.0, 1.0), offer("b", 0.3, 0.0, 2.0))).name == "b"


def test_the_leaderboard_is_sorted() -> None:
    def trial(key: str, state: Any, score: float) -> Trial:
        return Trial(key, "linear", key, {}, state, score, score, score)

    nothing = float("nan")
    failed, dropped = trial("a", "failed", nothing), trial("d", "dropped", 0.5)
    trials = (failed, trial("b", "finished", 2.0), trial("c", "truncated", 1.0), dropped)
    assert [item.key for item in best_first(trials, "rmse")] == ["c", "b", "d", "a"]
    assert [item.key for item in best_first(trials, "r2")] == ["b", "c", "d", "a"]


def test_an_ensemble_of_one_has_the_score_of_that_model(tmp_path: Path, here: HereExecutor,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the best blend is the best single model, and a faster one is handed over."""

    def alike(ballot: Ballot, rows: int) -> tuple[Offer, ...]:
        singles = [offer for offer in make_offers(ballot, rows) if len(offer.weights) == 1]
        best, worst = (choice(singles, key=lambda offer: offer.quality) for choice in (max, min))
        return (replace(best, name="ensemble"), *(replace(one, gap=0.0, row_ms=1.0 if one is worst else 9.0) for one in singles))

    monkeypatch.setattr(handover, "make_offers", alike)
    summary = search(make_data(), Plan(60, 2, families=FAST, folds=2, max_trials=3), FolderJournal(tmp_path)).summary
    best = next(rung for rung in summary.ladder if "ensemble" in rung.also)
    assert not best.chosen
    assert summary.ensemble == best.score != summary.score


def test_a_rung_says_by_which_rows_it_was_found_worse() -> None:
    """“Worse by 0.00942” stood under scores that differ by 0.006: those are of predictions that had no part in the choice."""
    auc = METRICS["roc_auc"]
    contest: Any = SimpleNamespace(prepared=SimpleNamespace(judge=auc, metric=auc), plan=Plan())
    best = Offer("ensemble", "Ensemble", {"a": 0.5, "b": 0.5}, np.zeros(2), 0.9, 1.0)
    for gap, error, limit in ((0.00942, 0.02, 0.1), (0.00942, 0.02, 0.001), (0.00942, 0.001, 0.1)):
        told = handover._why(contest, replace(best, name="linear", weights={"c": 1.0}, gap=gap, error=error, limit=limit), best)
        assert told.startswith("Worse than the best by 0.00942 ROC AUC on the rows that chose (scores are of rows without a part")
    assert "on the rows that chose" in handover._why(contest, best, best)
    labels: Any = SimpleNamespace(prepared=SimpleNamespace(judge=METRICS["log_loss"], metric=METRICS["f1"]), plan=Plan())
    told = handover._why(labels, replace(best, name="linear", weights={"c": 1.0}, gap=0.01, error=0.001), best)
    assert told.startswith("Worse than the best by 0.01 log loss, by which models are compared, on the rows that chose")


def test_a_choice_by_hand_keeps_what_was_found_of_each_rung_whatever_words_stood_there(
        tmp_path: Path, here: HereExecutor) -> None:
    """By a value of the rung: only runs that were kept before it was noted are read by their sentences."""
    outcome = search(make_data(), Plan(60, 2, families=FAST, folds=2, max_trials=2), FolderJournal(tmp_path))
    summary, rung = outcome.summary, outcome.summary.ladder[0].name
    found = [offer.found for offer in summary.ladder]
    assert all(offer.sentence.startswith(offer.found.removesuffix(".")) for offer in summary.ladder)
    assert all("handed over" in offer.sentence and "handed over" not in offer.found for offer in summary.ladder if offer.chosen)
    reworded = replace(summary, ladder=tuple(replace(offer, sentence="It is the one to take.") for offer in summary.ladder))
    assert [offer.sentence for offer in with_choice(reworded, rung, outcome.model).ladder] == found
    kept = to_json(summary)
    for offer in kept["ladder"]:
        del offer["found"]
    older = with_choice(from_json(RunSummary, kept), rung, outcome.model)
    assert [offer.sentence for offer in older.ladder] == found
    assert with_choice(older, rung, outcome.model).ladder == older.ladder


def test_a_choice_by_hand_says_what_time_did_not_last_for_of_that_rung(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said of the search's own choice alone, and of another rung it was taken over unseen."""
    submit = here.submit

    def late(task: Any, *arguments: Any) -> Any:
        if task is run_fit and arguments[1].fold < 0 and arguments[1].family == "lightgbm":
            return _done(FoldResult(arguments[1].key, -1, np.zeros(0), error="It did not end in its time."))
        return submit(task, *arguments)

    monkeypatch.setattr(here, "submit", late)
    outcome = search(make_data(), Plan(60, 2, families=(*FAST, "rule"), folds=2, max_trials=4), FolderJournal(tmp_path))
    summary = outcome.summary
    assert {offer.refitted for offer in summary.ladder} == {True, False}
    for offer in summary.ladder:
        assert offer.refitted == (not any("LightGBM" in member for member in offer.members))
        chosen = with_choice(replace(summary, without=True), offer.name, outcome.rungs[offer.name])
        assert chosen.refitted == offer.refitted
        assert ("fitted again" in chosen.sentence) != offer.refitted
        assert f"{summary.held_out:,} of the 400 rows" in chosen.sentence or offer.refitted
        assert "more time tries that again" in chosen.sentence
    assert ("fitted again" in summary.sentence) != summary.refitted


def test_what_was_not_fitted_again_has_not_learned_from_earlier_rows_of_tested_groups_either(
    tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the customers came back in the newest rows: what they did before was left out as well, and not counted."""
    monkeypatch.setattr(entry, "refit", lambda *arguments: {})
    frame = make_data().frame.assign(day=np.arange(400), who=[f"c{place % 40 + 40 * (place > 200)}" for place in range(400)])
    frame.loc[380:, "who"] = [f"c{place}" for place in range(20)]
    table = table_from_frame(frame, "customers")
    data = SearchData(table.frame, table.columns, replace(make_data().problem, time="day", group="who"))
    plan = Plan(60, 1, families=("linear",), folds=3, max_trials=1)
    (learned, tested), summary = prepare(data, plan).folds[0], search(data, plan, FolderJournal(tmp_path)).summary
    assert len(learned) + len(tested) < 350
    assert f"it has not learned from {400 - len(learned)} of the 400 rows" in summary.sentence


def test_folds_compared_hold_the_first_whose_models_are_kept() -> None:
    data = make_data()
    prepared = prepare(data, Plan(folds=4))
    candidates = make_portfolio(data.problem, 10_000, Plan(families=("lightgbm",)))
    contest = Contest(prepared, Plan(), candidates, {}, folds=4)
    for key, fold in ((candidates[0].key, 1), (candidates[0].key, 2), (candidates[1].key, 0)):
        contest.take(FoldResult(key, fold, np.full(len(prepared.folds[fold][1]), 0.5), 10, 1.0))
    assert common_folds(contest) == (0,)


def test_a_score_and_its_interval_are_said_to_the_same_place() -> None:
    assert Score(0.80671, 0.77352, 0.836).words == "0.8067 (0.7735 to 0.8360)"
    assert Score(12345.6, 11902.1, 12803.9).words == "12,350 (11,900 to 12,800)"
    assert Score(0.0, -0.1, 0.1).words == "0 (-0.1 to 0.1)"
