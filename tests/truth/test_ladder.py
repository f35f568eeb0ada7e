"""The verdict on worlds whose truth is known: noise, a table, a line, an interaction, and too little of anything."""
from __future__ import annotations

import math
import re
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing import Money, Pace, Problem, Verdict, check, rungs
from automl_core.framing.comparison import RUNGS, Evidence, compare, holm, rule_on
from automl_core.framing.drawing import Drawn, draw
from automl_core.framing.ladder import _ladder, make_material
from automl_core.framing.problem import Rung
from automl_core.framing.rungs import SEEN
from automl_core.framing.simple_rule import SimpleRule, learn_simple_rule
from automl_core.framing.verdict_words import Wording, verdict_sentence

World = tuple[pd.DataFrame, tuple[Column, ...], Problem]
BINARY = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
NUMBER = Problem("y", "regression", "rmse")


def yes(flags: np.ndarray) -> pd.Series:
    return pd.Series(np.where(flags, "Yes", "No")).astype("str")


def world(frame: pd.DataFrame, problem: Problem) -> World:
    numbers = {name for name in frame if frame[name].dtype.kind == "f"}
    columns = tuple(Column(name, "float", "number") if name in numbers else Column(name, "text", "category") for name in frame)
    return frame, columns, problem


def features(random: np.random.Generator, rows: int) -> pd.DataFrame:
    frame = pd.DataFrame({f"x{i}": random.normal(size=rows) for i in range(6)})
    frame["kind"] = pd.Series(random.choice(list("abcd"), rows)).astype("str")
    frame["place"] = pd.Series(random.choice(list("uvwxyz"), rows)).astype("str")
    return frame


def noise(seed: int, rows: int = 400) -> World:
    random = np.random.default_rng(seed)
    frame = features(random, rows)
    if seed % 2:
        return world(frame.assign(y=random.normal(size=rows)), NUMBER)
    return world(frame.assign(y=yes(random.random(rows) < 0.35)), BINARY)


def grouped(seed: int, rows: int = 1_000) -> World:
    random = np.random.default_rng(seed)
    frame = features(random, rows)
    level = frame["kind"].map(dict(zip("abcd", (0.0, 5.0, 1.0, -4.0), strict=True))).astype(float)
    return world(frame.assign(y=level + random.normal(size=rows) * 2), NUMBER)


def straight(seed: int, rows: int = 1_000) -> World:
    random = np.random.default_rng(seed)
    frame = features(random, rows)
    raw = frame[[f"x{i}" for i in range(6)]].sum(axis=1)
    if seed % 2:
        return world(frame.assign(y=raw * 2 + random.normal(size=rows)), NUMBER)
    return world(frame.assign(y=yes((raw + random.logistic(size=rows)) > 0)), BINARY)


def crossed(seed: int, rows: int = 4_000) -> World:
    random = np.random.default_rng(seed)
    frame = features(random, rows)
    raw = np.sign(frame["x0"] * frame["x1"]) * 2 + np.sin(3 * frame["x2"]) * 2
    if seed % 2:
        return world(frame.assign(y=raw + random.normal(size=rows)), NUMBER)
    return world(frame.assign(y=yes((raw + random.logistic(size=rows)) > 0)), BINARY)


def verdicts(worlds: list[World]) -> Counter[str]:
    return Counter(check(*one).verdict for one in worlds)


def test_noise_never_pays() -> None:
    found = verdicts([noise(seed) for seed in range(10)])
    assert found["ml_pays"] == 0
    assert found["average"] >= 8


def test_a_group_mean_is_a_rule() -> None:
    assert verdicts([grouped(seed) for seed in range(4)]) == {"rule": 4}


def test_a_line_is_a_line() -> None:
    assert verdicts([straight(seed) for seed in range(4)]) == {"linear": 4}


def test_an_interaction_pays() -> None:
    assert verdicts([crossed(seed) for seed in range(2)]) == {"ml_pays": 2}


def test_few_rows_are_not_enough() -> None:
    verdict = check(*straight(0, rows=40))
    assert verdict.verdict == "not_enough_data"
    assert "not enough data" in verdict.sentence


def test_few_events_are_not_enough_and_the_rows_needed_are_said() -> None:
    random = np.random.default_rng(0)
    frame = features(random, 300).assign(y=yes(np.arange(300) < 6))
    verdict = check(*world(frame, BINARY))
    assert verdict.verdict == "not_enough_data"
    assert "6 of the rarer outcome; about 2,500 rows" in verdict.sentence


def check_all(verdict: Verdict) -> None:
    assert [rung.rung for rung in verdict.ladder] == ["average", "rule", "linear", "boosted"]
    for rung in verdict.ladder:
        assert rung.low <= rung.score <= rung.high
        assert rung.sentence.endswith(".")
    assert verdict.sentence.endswith(".")
    assert verdict.rule.endswith(".")


@pytest.mark.parametrize(("problem", "labels"), [
    (Problem("y", "binary", metric, ("No", "Yes"), "Yes", money=Money(true_positive=5, false_positive=-2)), True)
    for metric in ("average_precision", "log_loss", "accuracy", "f1", "mcc", "money")
] + [(Problem("y", "regression", metric, money=Money(over=1, under=3)), False)
     for metric in ("mae", "r2", "rmsle", "pinball", "money")])
def test_every_metric_has_a_verdict_in_its_own_words(problem: Problem, labels: bool) -> None:
    random = np.random.default_rng(1)
    frame = features(random, 300)
    raw = frame["x0"] * 2 + frame["x1"]
    y = yes(raw + random.logistic(size=300) > 0) if labels else np.exp(raw / 3) * 10
    verdict = check(*world(frame.assign(y=y), problem))
    check_all(verdict)
    assert verdict.verdict != "average"


def test_several_classes_and_odd_columns() -> None:
    random = np.random.default_rng(2)
    frame = features(random, 300)
    frame["when"] = pd.date_range("2024-01-01", periods=300, freq="h").astype("datetime64[us]")
    frame["note"] = pd.Series([f"word{i % 7} and some more words here" for i in range(300)]).astype("str")
    frame.loc[:40, "x1"] = np.nan
    frame.loc[5, "x2"] = np.inf
    frame["y"] = pd.Series(np.where(frame["x0"] > 0.5, "high", np.where(frame["x0"] < -0.5, "low", "middle"))).astype("str")
    _, columns, _ = world(frame, NUMBER)
    kinds = {"when": ("date", "date"), "note": ("text", "text")}
    typed = tuple(Column(c.name, *kinds[c.name]) if c.name in kinds else c for c in columns)  # type: ignore[arg-type]
    verdict = check(frame, typed, Problem("y", "multiclass", "log_loss", ("high", "low", "middle")))
    check_all(verdict)
    assert verdict.verdict in ("rule", "ml_pays")


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1_macro", "mcc"])
@pytest.mark.parametrize("told", [True, False])
def test_rare_classes_that_can_be_told_are_no_average(metric: str, told: bool) -> None:
    """The likeliest class is the common one nearly everywhere: by it every rung called all rows that, as the average does."""
    random = np.random.default_rng(21)
    y = random.choice(3, 2_500, p=[0.9, 0.05, 0.05])
    spots = 1.2 * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[y if told else random.permutation(y)]
    frame = pd.DataFrame(spots + random.normal(size=(2_500, 2)), columns=["a", "b"]).assign(y=np.array(["low", "mid", "top"])[y])
    table = world(frame, Problem("y", "multiclass", metric, ("low", "mid", "top")))
    verdict, short = check(*table), check(*table, pace=Pace(1.0, 0.0))
    assert (verdict.verdict == "average") != told
    score = {str(rung.rung): rung.score for rung in verdict.ladder}
    assert score["average"] == pytest.approx({"balanced_accuracy": 1 / 3, "f1_macro": 1 / 3, "mcc": 0.0}[metric], abs=0.02)
    assert (score["linear"] > score["average"] + 0.1) == told
    assert (short.verdict in ("average", "not_enough_data")) or told
    assert ({str(rung.rung): rung.score for rung in short.ladder}["linear"] > score["average"] + 0.08) == told


@pytest.mark.parametrize("classes", [2, 3])
def test_noise_has_no_macro_f1(classes: int) -> None:
    """Labels drawn by chance beat one label for all rows there, which was called the average: noise of two classes paid."""
    names, shares = ("low", "mid", "top")[:classes], np.array([0.7, 0.2, 0.1][:classes])
    found = []
    for seed in range(3):
        random = np.random.default_rng(seed)
        y = np.array(names)[random.choice(classes, 400, p=shares / shares.sum())]
        frame = pd.DataFrame(random.normal(size=(400, 4)), columns=list("abcd")).assign(y=y)
        task, positive = ("binary", "mid") if classes == 2 else ("multiclass", "")
        found.append(check(*world(frame, Problem("y", task, "f1_macro", names, positive)), seed))
    assert {verdict.verdict for verdict in found} <= {"average", "not_enough_data"}
    assert "drawn by how often each class comes" in found[0].sentence


def test_a_table_without_usable_columns_is_an_average() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"y": yes(random.random(200) < 0.4), "id": pd.Series([f"c{i}" for i in range(200)]).astype("str")})
    columns = (Column("y", "bool", "category"), Column("id", "text", "id"))
    verdict = check(frame, columns, BINARY)
    assert verdict.verdict == "average"
    assert verdict.rule == ""


def test_time_and_groups_are_respected_and_the_answer_is_repeatable() -> None:
    frame, columns, _ = straight(1, rows=300)
    frame["day"] = pd.date_range("2024-01-01", periods=300).astype("datetime64[us]")
    columns = (*columns, Column("day", "date", "date"))
    timed = Problem("y", "regression", "rmse", time="day")
    one, two = check(frame, columns, timed), check(frame, columns, timed)
    assert one.ladder == two.ladder
    seen: list[float] = []
    check(frame, columns, Problem("y", "regression", "rmse", group="kind"), progress=lambda share, _: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_check_that_is_short_of_time_says_what_it_left_out_and_is_no_bolder() -> None:
    """One fold of fifteen, its rows in five parts: noise is noise, a line a line, and where there is time nothing differs."""
    late = Pace(until=0.0)
    found = Counter(check(*noise(seed), pace=late).verdict for seed in range(8))
    assert found["ml_pays"] == found["linear"] == found["rule"] == 0
    assert [check(*straight(seed), pace=late).verdict for seed in range(2)] == 2 * ["linear"]
    world = straight(0)
    whole, timely, short = check(*world), check(*world, pace=Pace(until=time.monotonic() + 600)), check(*world, pace=late)
    assert replace(whole, seconds=0.0) == replace(timely, seconds=0.0)
    assert replace(check(*world, pace=Pace(waits=lambda: True)), seconds=0.0) == replace(short, seconds=0.0)
    assert "Time was short" not in whole.sentence
    assert short.sentence.endswith(" Time was short: 7 of 8 columns were not checked for knowing the answer, and the comparison "
                                   "rests on 1 of 15 parts of the rows.")
    check_all(short)


def test_a_wide_table_in_little_time_is_asked_about_the_columns_that_tell_most_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 600 columns two tell: both are found among the few that are binned and asked about, and noise stays noise."""
    random = np.random.default_rng(3)
    x = random.normal(size=(500, 600))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(600)])
    told = yes(1.5 * x[:, 400] + 1.2 * np.abs(x[:, 500]) + 0.5 * random.normal(size=500) > 1.0)
    seen: list[int] = []
    dataset, tree = lightgbm.Dataset, DecisionTreeClassifier.fit

    def binned(data: np.ndarray, *given: Any, **named: Any) -> Any:
        seen.append(data.shape[1])
        return dataset(data, *given, **named)

    def asked(self: DecisionTreeClassifier, data: np.ndarray, *given: Any) -> Any:
        seen.append(data.shape[1])
        return tree(self, data, *given)

    monkeypatch.setattr(lightgbm, "Dataset", binned)
    monkeypatch.setattr(DecisionTreeClassifier, "fit", asked)
    late = Pace(1 / 6, 0.0)
    verdict = check(*world(frame.assign(y=told), BINARY), pace=late)
    assert len(seen) == 3  # one fold's tree and boosting, and the tree that is told
    assert max(seen) <= SEEN
    assert "“x400”" in verdict.rule
    score = {str(rung.rung): rung.score for rung in verdict.ladder}
    assert score["rule"] > 0.7
    assert score["boosted"] > 0.8
    nothing = check(*world(frame.assign(y=yes(random.random(500) < 0.4)), BINARY), pace=late)
    assert nothing.verdict in ("average", "not_enough_data")


@pytest.mark.parametrize(("problem", "noise_", "best"), [
    (Problem("y", "regression", "pinball", quantile=0.9), "normal", 0.1755),
    (Problem("y", "regression", "money", money=Money(over=1.0, under=9.0)), "normal", -1.755),
    (Problem("y", "regression", "mae"), "skewed", 1.126),
    (Problem("y", "regression", "mape"), "skewed", math.nan),
], ids=["quantile", "money", "median", "percentage"])
def test_a_line_answers_what_the_metric_asks_for(problem: Problem, noise_: str, best: float) -> None:
    """It answered the mean where a quantile was judged: worse than the average where that was asked at its own level."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(random.normal(size=(1_500, 3)), columns=["x0", "x1", "x2"])
    errors = random.normal(size=1_500) if noise_ == "normal" else random.lognormal(0.0, 1.0, 1_500)
    base = 12.0 if problem.metric == "mape" else 0.0
    verdict = check(*world(frame.assign(y=base + frame.sum(axis=1) + errors), problem), pace=Pace(until=0.0))
    score = {str(rung.rung): rung.score for rung in verdict.ladder}
    assert verdict.verdict == "linear"
    if math.isfinite(best):
        assert score["linear"] == pytest.approx(best, rel=0.12)


def test_a_quantile_of_few_rows_and_many_columns_holds_on_new_rows() -> None:
    """Errors on the rows that a line learned from are too small: their 90 % quantile held 79 % of new rows."""
    random = np.random.default_rng(0)
    kept = []
    for seed in range(6):
        x = random.normal(size=(3_000, 60))
        y = x[:, :3].sum(axis=1) + random.normal(size=3_000)
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(60)]).assign(y=y)
        table = world(frame, Problem("y", "regression", "pinball", quantile=0.9))
        material = make_material(Drawn(frame, y), table[1], table[2], seed)
        train, valid = np.arange(150), np.arange(150, 3_000)
        kept.append(float((y[valid] <= rungs.linear(material, train, valid)).mean()))
    assert np.mean(kept) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("problem", [NUMBER, BINARY, Problem("y", "regression", "pinball", quantile=0.8)],
                         ids=["number", "binary", "quantile"])
def test_rows_count_by_their_weights(problem: Problem) -> None:
    """A line in rows that hardly count is none, and noise in rows that hardly count does not hide one."""
    random = np.random.default_rng(0)
    x, group = random.normal(size=(2, 1_200))
    first = np.arange(1_200) < 600
    truth = np.where(first, 4 * x, 0) + random.normal(size=1_200)
    y = truth if problem.task == "regression" else yes(truth > 0)
    weighed = replace(problem, weights="w")
    shuffled = random.permutation(1_200)
    found = {}
    for name, line, noise_ in (("line", 1.0, 0.01), ("noise", 0.01, 1.0), ("none", 0.0, 1.0)):
        weights = np.where(first, line, noise_)
        frame = pd.DataFrame({"x": x, "other": group, "w": weights, "y": y}).iloc[shuffled].reset_index(drop=True)
        found[name] = check(*world(frame, weighed))
    gains = {name: abs(verdict.ladder[2].score - verdict.ladder[0].score) for name, verdict in found.items()}
    assert found["line"].verdict in ("linear", "rule", "ml_pays")
    assert found["noise"].verdict == found["none"].verdict == "average"
    assert gains["line"] > 5 * gains["noise"]


def rare(seed: int, metric: str, slope: float = 1.2) -> World:
    """One row of five hundred is a yes, which a line over two of the columns tells."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(60_000, 20))
    raw = slope * (x[:, 0] + x[:, 1]) + random.logistic(size=60_000)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(20)])
    return world(frame.assign(y=yes(raw >= np.sort(raw)[-120])), replace(BINARY, metric=metric))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_a_rare_class_of_a_large_table_is_seen(metric: str) -> None:
    """Of 120 positives among 60,000 rows four were among the 2,250 drawn, and the table had “not enough data”."""
    table = rare(0, metric)
    verdict = check(*table, pace=Pace(0.1))
    y = (table[0]["y"] == "Yes").to_numpy().astype(np.int64)
    score = {str(rung.rung): rung for rung in verdict.ladder}
    share = y.mean()
    always = {"roc_auc": 0.5, "log_loss": -share * np.log(share) - (1 - share) * np.log(1 - share)}
    assert verdict.rows == 2_250
    assert verdict.verdict == "linear"
    assert score["average"].score == pytest.approx(always[metric], rel=0.05)  # of the whole table, not of the rows drawn
    if metric == "roc_auc":
        whole = roc_auc_score(y, table[0]["x0"] + table[0]["x1"])
        assert score["linear"].low < whole < score["linear"].high


def test_what_a_sample_leaves_open_is_not_put_down_to_the_data() -> None:
    folds = {"average": np.full(5, 0.5), "rule": np.full(5, 0.5), "linear": np.array([0.75, 0.56, 0.7, 0.56, 0.62]),
             "boosted": np.full(5, 0.5)}
    for given, worth, said in ((300_000, 50_000, "The rows looked at are too few to be sure: on 4,500 of 300,000 rows"),
                               (4_500, 4_500, "There is not enough data to be sure: on 4,500 rows")):
        evidence = Evidence(folds, 1.0, 0.25, 4_500, 600, False, given, worth)
        rungs_ = {name: Rung(name, float(values.mean()), 0.4, 0.8) for name, values in folds.items()}  # type: ignore[arg-type]
        ruling = rule_on(evidence)
        assert ruling.verdict == "not_enough_data"
        sentence = verdict_sentence(Wording(ruling, evidence, BINARY, rungs_, ""))
        assert sentence.startswith(said)
        assert sentence.endswith(f"; about {ruling.rows_needed:,} rows would tell.")


@pytest.mark.parametrize(("counts", "most"), [((99_999, 1), 2_000), ((50_000, 300, 40), 3_000), ((600, 500, 0), 1_000)])
def test_of_a_rare_class_enough_rows_are_drawn_and_stand_for_all(counts: tuple[int, ...], most: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    problem = Problem("y", "multiclass", "log_loss", tuple("abc"[:len(counts)]))
    places, stands = draw(y, problem, most, np.random.default_rng(0))
    seen = np.bincount(y[places], minlength=len(counts))
    assert len(np.unique(places)) == most
    assert (seen >= np.minimum(counts, 200)).all()
    assert (np.diff(places) > 0).all()
    if stands is None:
        assert min(count for count in counts if count) > 400
    else:
        assert np.bincount(y[places], stands) == pytest.approx(np.array(counts))


@pytest.mark.parametrize(("metric", "scores"), [
    ("roc_auc", (0.99, 0.85, 0.97, 0.93, 0.99)), ("average_precision", (0.02, 0.3, 0.01, 0.03, 0.05)),
    ("r2", (0.99, 0.85, 0.97, 0.93, 0.99)),
])
def test_the_interval_over_groups_stays_in_the_range_of_the_metric(metric: str, scores: tuple[float, ...]) -> None:
    """An area over five shops reached from 87.3 % to 101.9 %."""
    frame, columns, _ = straight(1 if metric == "r2" else 0, rows=100)
    problem = replace(NUMBER if metric == "r2" else BINARY, metric=metric, group="kind")
    material = make_material(Drawn(frame, np.arange(100) % 2), columns, problem, 0)
    first = {name: [(score, score, score) for score in scores] for name in RUNGS}
    for rung in _ladder(first, {name: np.array(scores) for name in first}, material, SimpleRule("", "")):
        assert (0 if metric != "r2" else -math.inf) <= rung.low < rung.score < rung.high <= 1


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "f1_macro", "balanced_accuracy"])
def test_a_class_that_only_rows_of_no_weight_have_is_no_wrong_target(metric: str) -> None:
    """"No row has the class C", it was said, and the search beside it ended; twelve rows had it."""
    random = np.random.default_rng(4)
    x = random.normal(size=300)
    y = np.where(np.arange(300) < 12, "C", np.where(x + random.normal(size=300) > 0, "A", "B"))
    frame = pd.DataFrame({"x": x, "w": np.where(y == "C", 0.0, 1.0), "y": y})
    several = Problem("y", "multiclass", metric, ("A", "B", "C"), weights="w")
    verdict = check(*world(frame, several))
    assert verdict.rows == 288
    assert verdict.verdict not in ("average", "not_enough_data")
    two = Problem("y", "binary", "roc_auc", ("A", "B"), "A", weights="w")
    one = frame[y != "C"].assign(w=lambda rows: (rows["y"] == "A").astype(float))
    with pytest.raises(BadInput, match="All rows whose weight in “w” is above 0 have the same outcome"):
        check(*world(one.reset_index(drop=True), two))
    nine = frame[y != "C"].assign(w=np.where(np.arange(288) < 9, 1.0, 0.0)).reset_index(drop=True)
    assert check(*world(nine, two)).verdict == "not_enough_data"


def test_equal_weights_change_nothing() -> None:
    for one in (straight(0, 600), straight(1, 600)):
        frame, _, problem = one
        weighed = check(*world(frame.assign(w=3.0), replace(problem, weights="w")), pace=Pace(until=0.0))
        for mine, other in zip(weighed.ladder, check(*one, pace=Pace(until=0.0)).ladder, strict=True):
            assert (mine.score, mine.low) == pytest.approx((other.score, other.low), rel=1e-3)


def test_the_simple_rule_is_said_in_full() -> None:
    said = check(*grouped(0)).rule
    assert said.startswith("“y” by a table of averages by “kind”: ")
    answers = dict(part.split(": ") for part in said.rstrip(".").split(": ", 1)[1].split("; "))
    assert float(answers["b"]) == pytest.approx(5, abs=0.4)


@pytest.mark.parametrize(("problem", "b"), [
    (Problem("y", "regression", "pinball", quantile=0.9), 7.56), (Problem("y", "regression", "mae"), 5.0),
    (Problem("y", "regression", "money", money=Money(over=9.0, under=1.0)), 2.44),
], ids=["quantile", "median", "money"])
def test_a_rule_says_the_number_that_is_judged(problem: Problem, b: float) -> None:
    """It said the averages of its parts, to be used as they are, where a quantile was asked for and was what scored."""
    frame, columns, _ = grouped(0)
    frame.loc[::10, "y"] += np.where(problem.metric == "mae", 15.0, 0.0)  # the average moves, the median hardly does
    verdict = check(frame, columns, problem, pace=Pace(until=0.0))
    assert verdict.rule.startswith("“y” by a table by “kind”: ")
    answers = dict(part.split(": ") for part in verdict.rule.rstrip(".").split(": ", 1)[1].split("; "))
    assert float(answers["b"]) == pytest.approx(b, abs=0.7)
    assert verdict.ladder[0].sentence.startswith("The same guess for every row")


def test_costs_are_said_as_costs() -> None:
    """A rule “costs 12,700 (95 % interval -14,200 to -11,300), against -29,100”."""
    frame, columns, _ = grouped(0)
    sentence = check(frame, columns, Problem("y", "regression", "money", money=Money(over=1.0, under=9.0)), 0).sentence
    figures = [float(figure) for figure in re.findall(r"-?[0-9]+[.][0-9]+", sentence)]
    assert sentence.startswith("A simple rule is enough: a table by “kind” costs")
    assert min(figures) > 0
    assert figures[1] < figures[0] < figures[2] < figures[3]


def test_what_earns_is_said_with_its_sign() -> None:
    rung = {name: Rung(name, score, score - 1, score + 1) for name, score in zip(RUNGS, (-2.0, 1.5, 4.0, 3.0), strict=True)}  # type: ignore[arg-type]
    problem = replace(BINARY, metric="money", money=Money(true_positive=5.0, currency="€"))
    folds = {name: one.score + np.array([-0.1, 0.0, 0.1, 0.05, -0.05]) for name, one in rung.items()}
    evidence = Evidence(folds, 10.0, 0.25, 1_000, 300, True)
    said = verdict_sentence(Wording(rule_on(evidence), evidence, problem, rung, "a rule"))
    assert "earns 4.00 € a row (95 % interval 3.00 to 5.00), against -2.00 for the same guess for every row" in said


def test_a_wide_table_in_little_time_is_boosted_in_fewer_and_larger_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _, problem = straight(0, rows=500)
    random = np.random.default_rng(0)
    more = pd.DataFrame(random.normal(size=(500, 250)), columns=[f"n{number}" for number in range(250)])
    wide = world(pd.concat([frame, more], axis=1), problem)
    rounds: list[int] = []
    train = lightgbm.train
    monkeypatch.setattr(lightgbm, "train", lambda *given, num_boost_round: rounds.append(num_boost_round) or train(
        *given, num_boost_round=num_boost_round))
    whole, hurried, narrow = (check(*one, pace=Pace(effort, 0.0)) for one, effort in (
        (wide, 1.0), (wide, 0.1), ((frame, wide[1][:9], problem), 0.1)))
    assert rounds == [150, 90, 150]
    scores = [next(rung.score for rung in verdict.ladder if rung.rung == "boosted") for verdict in (whole, hurried)]
    assert scores[1] == pytest.approx(scores[0], abs=0.05)
    assert narrow.ladder


def test_columns_are_ranked_once_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "SEEN", 20)
    frame, _, problem = straight(0, rows=500)
    more = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 25)), columns=[f"n{number}" for number in range(25)])
    frame, columns, problem = world(pd.concat([frame, more], axis=1), problem)
    y = (frame["y"] == "Yes").to_numpy() if problem.task == "binary" else frame["y"].to_numpy()
    material = make_material(Drawn(frame, y), columns, problem, 0, 0.1)
    ranked: list[int] = []
    rank = rungs.rank_tables
    monkeypatch.setattr(rungs, "rank_tables", lambda groupings, rows, *given: ranked.append(rows[0]) or rank(
        groupings, rows, *given))
    for train, valid in ((np.arange(400), np.arange(400, 500)), (np.arange(100, 500), np.arange(100))):
        singles = rank(material.groupings, train, material.targets[train], None)
        assert np.isfinite(rungs.rule(material, train, valid)).all()
        assert np.isfinite(rungs.boosted(material, train, valid)).all()
        assert [table.loss for table in material.ranked(train)] == [table.loss for table in singles]
    assert ranked == [0, 100]


def test_the_tree_that_is_said_is_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On thousands of columns it is what takes the time."""
    frame, columns, problem = straight(1)
    y = np.where(frame["x0"] > 1.0, 5.0, np.where(frame["x1"] > 1.0, 9.0, 0.0))
    material = make_material(Drawn(frame, y), columns, problem, 0)
    fits: list[int] = []
    fit = DecisionTreeRegressor.fit
    monkeypatch.setattr(DecisionTreeRegressor, "fit", lambda self, *given: fits.append(1) or fit(self, *given))
    assert "questions about" in learn_simple_rule(material).text
    assert len(fits) == 1


def test_nothing_to_predict_is_refused() -> None:
    frame, columns, _ = noise(1)
    with pytest.raises(BadInput, match="in every row"):
        check(frame.assign(y=1.0), columns, NUMBER)


def test_the_corrected_test_seldom_finds_a_difference_between_equals() -> None:
    """Two equally good models on repeated folds: the corrected test says “better” in at most 5 % of 400 worlds."""
    random = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        rows = random.normal(size=300)  # row-wise differences of loss, truly zero on average
        folds = [rows[random.permutation(300)].reshape(5, 60).mean(axis=1) for _ in range(4)]
        gaps = np.concatenate(folds) + random.normal(0, 0.02, 20)
        found += compare(gaps, np.zeros(20), 0.25).p < 0.05
    assert found / 400 <= 0.08


def test_holm_steps_down() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
