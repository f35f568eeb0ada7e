"""Contracts and batch reports: what breaks them, what is said, and that they survive the trip through JSON."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.data.schema import type_frame
from automl_core.data.table import Column
from automl_core.framing.metric_rows import MiddleStep
from automl_core.framing.problem import Problem
from automl_core.production import training_columns
from automl_core.production.contract import ColumnContract, Contract, important
from automl_core.production.learned import Learned
from automl_core.production.monitor import check_batch, prediction_series, report_batch, with_predictions
from tests.promised import make_contract

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", later=("after",))
COLUMNS = (
    Column("big", "float", "number"),
    Column("small", "float", "number"),
    Column("c", "text", "category"),
    Column("after", "float", "number"),
    Column("id", "text", "id"),
    Column("y", "text", "category"),
)
FEATURES = tuple(column for column in COLUMNS if column.name != "y")


def rows(count: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "big": rng.normal(50, 10, count),
            "small": rng.normal(size=count),
            "c": rng.choice(["a", "b"], count),
            "after": rng.normal(size=count),
            "id": [f"r{k}" for k in range(count)],
            "y": rng.choice(["No", "Yes"], count),
        }
    )


@pytest.fixture(scope="module")
def contract() -> Contract:
    frame = type_frame(rows(), COLUMNS).frame
    p = np.random.default_rng(1).random(600)
    return make_contract(frame, COLUMNS, PROBLEM, p, {"big": 0.9, "small": 0.06, "c": 0.04})


def kinds(contract: Contract, raw: pd.DataFrame) -> dict[tuple[str, str], str]:
    found = check_batch(contract, type_frame(raw, FEATURES))
    assert all(violation.sentence.endswith((".", "”.")) for violation in found)
    return {(violation.column, violation.kind): violation.severity for violation in found}


def test_good_batch_and_json(contract: Contract) -> None:
    assert kinds(contract, rows(seed=5).drop(columns=["y"])) == {}
    assert from_json(Contract, to_json(contract)) == contract
    assert {column.name for column in contract.columns if column.needed} == {"big", "small", "c"}


def test_every_violation(contract: Contract) -> None:
    raw = rows(seed=5)
    assert kinds(contract, raw) == {("y", "extra_column"): "note"}
    raw = raw.drop(columns="y")
    assert kinds(contract, raw.head(0)) == {("", "empty"): "refuse"}
    assert kinds(contract, raw.drop(columns="big"))[("big", "missing_column")] == "refuse"
    assert kinds(contract, raw.drop(columns="small"))[("small", "missing_column")] == "warn"
    assert kinds(contract, raw.drop(columns="after")) == {}
    assert kinds(contract, raw.assign(new=1))[("new", "extra_column")] == "note"
    text = raw.astype({"big": "str"})
    text.loc[:40, "big"] = "n.k."
    assert kinds(contract, text)[("big", "unreadable")] == "refuse"
    assert kinds(contract, raw.assign(small=raw["small"].mask(raw.index < 50)))[("small", "missing_values")] == "warn"
    assert kinds(contract, raw.assign(c=raw["c"].mask(raw.index < 50, "zzz")))[("c", "unseen_level")] == "warn"
    assert kinds(contract, raw.assign(c=raw["c"].mask(raw.index < 2, "zzz")))[("c", "unseen_level")] == "note"
    assert kinds(contract, raw.assign(big=raw["big"].mask(raw.index < 50, 900.0)))[("big", "out_of_range")] == "warn"
    assert kinds(contract, raw.assign(big=raw["big"] * 1000)) == {("big", "unit"): "warn"}
    assert kinds(contract, raw.assign(big=raw["big"] * 2.54)) == {("big", "unit"): "warn"}


def test_status_follows_importance(contract: Contract) -> None:
    p = np.random.default_rng(2).random(600)

    def status(raw: pd.DataFrame, prediction: np.ndarray = p) -> str:
        return report_batch(contract, type_frame(raw, FEATURES), prediction, None, PROBLEM).status

    raw = rows(seed=5).drop(columns="y")
    assert status(raw) == "ok"
    assert status(raw.assign(big=raw["big"] + 8)) == "act"
    assert status(raw.assign(small=raw["small"] + 0.8)) == "watch"
    assert status(raw, p**2) == "watch"
    assert status(raw.drop(columns="big")) == "act"


def test_an_important_column_that_arrives_empty_is_as_one_that_is_missing(contract: Contract) -> None:
    """It was a warning, and “No single column changed much, but the predictions did”."""
    raw, p = rows(seed=5).drop(columns="y"), np.random.default_rng(2).random(600)
    empty = raw.assign(big=np.nan)
    assert kinds(contract, empty) == {("big", "missing_column"): "refuse"}
    assert kinds(contract, empty.head(29)) == {("big", "missing_values"): "warn"}
    report = report_batch(contract, type_frame(empty, FEATURES), p, None, PROBLEM)
    assert report.status == "act"
    assert report.sentence.startswith("This batch should not be scored: the column “big” is empty in every row")
    often = replace(contract, columns=tuple(replace(one, missing_share=0.6) for one in contract.columns))
    assert kinds(often, empty.head(40)) == {("big", "missing_values"): "warn"}
    half = raw.assign(small=raw["small"].mask(raw.index < 300))
    said = report_batch(contract, type_frame(half, FEATURES), p**2, None, PROBLEM).sentence
    assert said == "300 of 600 values of “small” are missing, in training 0.0 %, and the predictions changed."


def test_estimate_and_outcomes(contract: Contract) -> None:
    rng = np.random.default_rng(3)
    p = rng.random(2000)
    raw = rows(2000, seed=5)
    y = pd.Series(np.where(rng.random(2000) < p, "Yes", "No")).mask(raw.index < 100)
    report = report_batch(contract, type_frame(raw.drop(columns="y"), FEATURES), p, y, PROBLEM)
    assert report.estimate is not None
    assert report.realised is not None
    assert report.estimate.trusted, "outcomes agree with it"
    assert report.realised.trusted
    assert report.estimate.low - 0.02 <= report.realised.value <= report.estimate.high + 0.02
    assert report.rows == 2000


def test_few_rows_are_not_judged(contract: Contract) -> None:
    raw = rows(30, seed=5).drop(columns="y")
    report = report_batch(contract, type_frame(raw.assign(big=raw["big"] + 5), FEATURES), np.full(30, 0.5), None, PROBLEM)
    assert report.columns == ()
    assert report.prediction_drift is None
    assert "too few" in report.sentence


def test_other_tasks() -> None:
    raw = rows()
    frame = type_frame(raw, COLUMNS).frame
    many = Problem("y", "multiclass", "log_loss", ("a", "b", "c"))
    p = np.random.default_rng(0).dirichlet([2, 1, 1], 600)
    made = make_contract(frame, COLUMNS, many, p, {})
    report = report_batch(made, type_frame(rows(seed=5).drop(columns="y"), FEATURES), p, None, many)
    assert report.prediction_drift is not None
    assert report.prediction_drift.sentence == "The predictions look as in training."
    assert report.estimate is not None
    number = Problem("y", "regression", "rmse")
    made = make_contract(frame, COLUMNS, number, p[:, 0], {})
    report = report_batch(made, type_frame(raw, FEATURES), p[:, 0], pd.Series(p[:, 0] + 0.1), number)
    assert report.estimate is None
    assert report.realised is not None
    fresh = type_frame(rows(seed=5).drop(columns="y"), FEATURES)
    moved = report_batch(made, fresh, p[:, 0] + 0.3, None, number).prediction_drift
    assert moved is not None
    assert moved.sentence.startswith("The predictions have changed: "), "no column that somebody named “prediction”"
    assert report.realised.value == pytest.approx(0.1)


def test_rejected_rows_count_nowhere_but_in_the_contract() -> None:
    """A row without a prediction (NaN) is as if it had not been scored: in numbers, probabilities and classes."""
    raw, rng = rows(), np.random.default_rng(4)
    half = np.arange(600) % 2 == 0
    typed, some = type_frame(raw, FEATURES), type_frame(raw[half].reset_index(drop=True), FEATURES)
    number, many = Problem("y", "regression", "rmse"), Problem("y", "multiclass", "accuracy", ("a", "b", "c"))
    shares = rng.dirichlet([1, 3, 1], 600)
    cases = (
        (PROBLEM, rng.random(600), raw["y"]),
        (number, rng.random(600), pd.Series(rng.random(600))),
        (many, shares, pd.Series(rng.choice(list("abc"), 600))),
    )
    for problem, p, y in cases:
        made = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, problem, p, {})
        holes = np.where(half[:, None] if p.ndim == 2 else half, p, np.nan)
        report = report_batch(made, typed, holes, y, problem)
        alone = report_batch(made, some, p[half], y[half], problem)
        assert report.rows == 600
        assert report.realised == alone.realised
        assert report.realised is not None
        assert np.isfinite(report.realised.value)
        assert report.estimate == alone.estimate
        assert report.prediction_drift == alone.prediction_drift
        none = report_batch(made, typed, np.full_like(p, np.nan), y, problem)
        assert (none.estimate, none.realised, none.prediction_drift) == (None, None, None)
    assert prediction_series(np.array([[np.nan] * 3, [0.1, 0.7, 0.2]]), many).isna().tolist() == [True, False]


def test_a_metric_that_is_not_finite_is_not_told() -> None:
    raw = rows()
    number = Problem("y", "regression", "rmse")
    made = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, number, np.ones(600), {})
    beyond = pd.Series(np.full(600, 1e200))  # its square is infinite
    with np.errstate(over="ignore"):
        report = report_batch(made, type_frame(raw, FEATURES), np.full(600, 2.0), beyond, number)
    assert report.realised is None


def test_labels_are_judged_at_the_threshold_of_the_model() -> None:
    raw = rows()
    labels = Problem("y", "binary", "f1", ("No", "Yes"), "Yes")
    p = np.where(np.arange(600) % 4 == 0, 0.3, 0.05)
    y = pd.Series(np.where(p > 0.2, "Yes", "No"))
    made = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, labels, p, {})
    typed = type_frame(raw, FEATURES)
    at_half, tuned = (report_batch(made, typed, p, y, labels, threshold=t) for t in (0.5, 0.2))
    assert at_half.realised is None or at_half.realised.value == 0
    assert tuned.realised is not None
    assert tuned.realised.value == 1
    assert tuned.estimate is not None
    assert 0.2 < tuned.estimate.value < 0.6


def test_labels_of_several_classes_are_judged_by_the_factors_of_the_model() -> None:
    raw = rows()
    labels = Problem("y", "multiclass", "balanced_accuracy", ("a", "b", "c"))
    p = np.where((np.arange(600) % 4 == 0)[:, None], [0.6, 0.1, 0.3], [0.7, 0.2, 0.1])
    y, factors = pd.Series(np.where(p[:, 2] > 0.2, "c", "a")), (1.0, 1.0, 4.0)
    typed = type_frame(raw, FEATURES)
    made = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, labels, p, {})
    likeliest, tuned = (report_batch(made, typed, p, y, labels, threshold=cut) for cut in (0.5, factors))
    assert likeliest.realised is not None
    assert tuned.realised is not None
    assert (likeliest.realised.value, tuned.realised.value) == (0.5, 1.0)
    assert with_predictions(made, labels, p).predictions != with_predictions(made, labels, p, factors).predictions
    assert (prediction_series(p, labels, factors) == y).all()


def test_steps_are_judged_and_watched_by_their_middle() -> None:
    steps = Problem("y", "multiclass", "accuracy", ("a", "b", "c"), ordered=True)
    p, y, raw = np.tile([0.4, 0.25, 0.35], (600, 1)), pd.Series(["b"] * 599 + ["c"]), rows()
    made, typed = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, steps, p, {}), type_frame(raw, FEATURES)
    older, newer = (report_batch(made, typed, p, y, steps, threshold=cut) for cut in (0.5, MiddleStep()))
    assert older.realised is not None
    assert newer.realised is not None
    assert (older.realised.value, newer.realised.value) == (0.0, pytest.approx(599 / 600))
    assert (prediction_series(p, steps) == "a").all()
    assert (prediction_series(p, steps, MiddleStep()) == "b").all()


def test_important_columns_are_the_same_for_checks_and_scores() -> None:
    parts = tuple(ColumnContract(name, "float", "number", 0.0, 10, share) for name, share in (("a", 0.7), ("b", 0.2), ("c", 0.1)))
    assert important(Contract(parts, None, 10, "y")) == {"a", "b"}
    unknown = tuple(replace(part, importance=0.0, needed=part.name != "c") for part in parts)
    assert important(Contract(unknown, None, 10, "y")) == {"a", "b"}


def test_sentences_of_a_batch_read_as_one(contract: Contract) -> None:
    p = np.random.default_rng(2).random(600)

    def said(raw: pd.DataFrame, prediction: np.ndarray = p) -> str:
        return report_batch(contract, type_frame(raw, FEATURES), prediction, None, PROBLEM).sentence

    raw = rows(seed=5).drop(columns="y")
    assert said(raw.drop(columns="big")) == \
        "This batch should not be scored: the column “big” is missing; the model leans on it."
    moved = raw.assign(big=raw["big"] + 8)
    assert said(moved) == "“big” changed since training; the predictions hardly moved."
    assert said(moved.assign(small=raw["small"] + 0.5), p**2) == \
        "“big” and “small” changed since training, and the predictions moved with them."
    one = raw.assign(big=[500.0, *raw["big"][1:]], c=["z", *raw["c"][1:]])
    found = " ".join(violation.sentence for violation in check_batch(contract, type_frame(one, FEATURES)))
    assert "1 value of “big” lies outside" in found
    assert "in 1 row, such as “z”" in found


def tabled(count: int, seed: int) -> tuple[pd.DataFrame, Contract]:
    """A table and its contract, with predictions as a model gives them that had not seen the rows."""
    raw = rows(count, seed)
    unseen = np.random.default_rng(1).beta(4, 4, count)
    return raw, make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, PROBLEM, unseen, {"big": 1.0})


@pytest.mark.parametrize("count", [600, 9000])
def test_training_rows_that_are_scored_are_known_again_and_not_judged(count: int) -> None:
    raw, made = tabled(count, 0)
    made = from_json(Contract, to_json(made))
    fitted = np.random.default_rng(2).beta(0.5, 0.5, 600)  # surer than before: the answers fit rows that were learned from
    some = raw.sample(600, random_state=3).astype({"big": "str"}).reset_index(drop=True)  # another order, as texts of a file
    report = report_batch(made, type_frame(some.drop(columns=["y", "after"]), FEATURES), fitted, some["y"], PROBLEM)
    assert report.status == "ok"
    assert report.prediction_drift is None
    assert report.learned > 0.99
    assert report.sentence == (
        "The batch looks as in training. These are rows that the model learned from: its answers fit them better than new rows. "
        "So answers are not compared here, and a score looks too good.")
    assert report.realised is not None
    assert not report.realised.trusted
    new = report_batch(made, type_frame(rows(600, 9), FEATURES), fitted, rows(600, 9)["y"], PROBLEM)
    assert (new.status, new.learned) == ("watch", 0.0)
    assert new.sentence == (
        "No single column changed much, but the predictions did. What was estimated without outcomes was wrong.")
    assert new.realised is not None
    assert new.realised.trusted
    mixed = pd.concat([some.iloc[:300], rows(300, 9)], ignore_index=True)
    told = report_batch(made, type_frame(mixed, FEATURES), fitted, None, PROBLEM)
    assert told.learned == pytest.approx(0.5, abs=0.12)
    assert "of these rows are ones that the model learned from" in told.sentence


def test_rows_that_are_alike_anyway_are_not_taken_for_training_rows() -> None:
    raw = rows(600).assign(big=np.repeat([40.0, 50.0, 60.0], 200), small=0.5)
    made = make_contract(type_frame(raw, COLUMNS).frame, COLUMNS, PROBLEM, np.full(600, 0.5), {})
    report = report_batch(made, type_frame(raw, FEATURES), np.full(600, 0.5), None, PROBLEM)
    assert np.isnan(report.learned)
    assert "learned from" not in report.sentence
    before = replace(made, learned=Learned())  # of a version that did not keep it
    assert np.isnan(report_batch(before, type_frame(raw, FEATURES), None, None, PROBLEM).learned)


def test_predictions_that_were_not_compared_are_not_said_to_have_stayed() -> None:
    raw, made = tabled(600, 0)
    moved = type_frame(raw.assign(big=raw["big"] + 8), FEATURES)
    assert report_batch(made, moved, None, None, PROBLEM).sentence == "“big” changed since training."


def test_quantiles_of_many_columns_are_taken_together_and_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, calls, quantile = np.random.default_rng(0), [], np.quantile
    frame = pd.DataFrame(rng.normal(size=(50, 300)), columns=[f"x{place}" for place in range(300)])
    frame["whole"], frame.loc[::7, "x3"] = rng.integers(0, 9, 50), np.nan
    columns = tuple(Column(name, "float", "number") for name in frame)
    monkeypatch.setattr(np, "quantile", lambda *asked, **how: calls.append(1) or quantile(*asked, **how))
    made = make_contract(frame, columns, PROBLEM, None, {})
    assert len(calls) < 10
    for part in made.columns:
        present = frame[part.name].dropna()
        assert part.quantiles == tuple(quantile(present, np.linspace(0, 1, 101)).tolist())
        assert part.missing_share == pytest.approx(1 - len(present) / 50)


def test_quantiles_of_many_rows_are_taken_of_few_columns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty columns of five million rows were 2.4 GB, and the same again for a copy."""
    monkeypatch.setattr(training_columns, "GRID_CELLS", 500)
    seen, quantile = [], np.quantile
    monkeypatch.setattr(np, "quantile", lambda block, *asked, **how: seen.append(block.shape) or quantile(block, *asked, **how))
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 7)), columns=list("abcdefg"))
    columns = tuple(Column(name, "float", "number") for name in frame)
    for rows, blocks in ((200, [(2, 200)] * 3 + [(1, 200)]), (50, [(7, 50)])):
        seen.clear()
        made = make_contract(frame.head(rows), columns, PROBLEM, None, {})
        assert seen == blocks
        assert [len(part.quantiles) for part in made.columns] == [101] * 7
    monkeypatch.setattr(training_columns, "GRID_CELLS", 10)
    seen.clear()
    make_contract(frame, columns, PROBLEM, None, {})
    assert seen == [(1, 200)] * 7
