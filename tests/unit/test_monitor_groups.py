"""Rows that go together, in monitoring: a batch of few groups tells little, and raises no alarm for being of other groups."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.data.schema import type_frame
from automl_core.data.table import Column
from automl_core.framing.dependent import codes_of
from automl_core.framing.problem import Problem
from automl_core.production.alike import alike, rows_together, together_now
from automl_core.production.contract import Contract, copied_by, for_model
from automl_core.production.monitor import report_batch
from tests.promised import make_contract

PROBLEM = Problem("y", "regression", "rmse", group="customer")
COLUMNS = (
    *(Column(f"n{k}", "float", "number") for k in range(4)), *(Column(f"c{k}", "text", "category") for k in range(2)),
    Column("customer", "text", "id"), Column("y", "float", "number"),
)
FEATURES = tuple(column for column in COLUMNS if column.name != "y")


def customers(seed: int, groups: int, rows: int) -> pd.DataFrame:
    """So many rows of each customer: all columns but the last number are mostly the customer's own."""
    rng = np.random.default_rng(seed)
    own, who = rng.normal(size=(groups, 4)) * [1, 1, 1, 0], np.repeat(np.arange(groups), rows)
    frame = pd.DataFrame(own[who] + rng.normal(size=(groups * rows, 4)) * [0.3, 0.3, 0.3, 1], columns=[f"n{k}" for k in range(4)])
    for k in range(2):
        frame[f"c{k}"] = np.array(["a", "b", "c"])[rng.integers(0, 3, groups)][who]
    frame["customer"] = [f"{seed}-{one}" for one in who]
    return frame.assign(y=frame["n0"] + frame["n3"])


@cache
def contract() -> Contract:
    frame = type_frame(customers(0, 100, 50), COLUMNS).frame
    return make_contract(frame, COLUMNS, PROBLEM, frame["n0"].to_numpy() + frame["n3"].to_numpy(), {})


def drifted(batch: pd.DataFrame, known: Contract, problem: Problem = PROBLEM) -> set[str]:
    said = batch["n0"].to_numpy() + batch["n3"].to_numpy()
    report = report_batch(known, type_frame(batch.drop(columns="y"), FEATURES), said, None, problem)
    assert report.prediction_drift is not None
    found = {one.name for one in report.columns if one.drifted}
    return found | ({"prediction"} if report.prediction_drift.drifted else set())


def test_other_customers_are_no_drift() -> None:
    batches = [customers(1 + seed, 20, 50) for seed in range(10)]
    assert sum(bool(drifted(batch, contract())) for batch in batches) <= 1
    assert sum(bool(drifted(batch.drop(columns="customer"), contract())) for batch in batches) <= 1  # not said who is whose
    older = replace(contract(), group="", together=1.0)  # of a version that did not look at groups
    assert sum(bool(drifted(batch, older)) for batch in batches) >= 8


def test_what_changes_for_all_customers_is_seen() -> None:
    found = [drifted(batch.assign(n1=batch["n1"] + 1.5, n3=batch["n3"] + 0.4), contract())
             for batch in (customers(50 + seed, 20, 50) for seed in range(8))]
    assert sum("n1" in names for names in found) >= 7
    assert sum("n3" in names for names in found) >= 7, "rows of one customer have nothing of it in common: all 1,000 tell"


def test_how_alike_rows_are_is_found() -> None:
    parts = {column.name: column for column in contract().columns}
    assert contract().together == 50
    assert parts["n0"].alike == pytest.approx(0.9, abs=0.06)
    assert parts["n3"].alike == pytest.approx(0.0, abs=0.02)
    assert parts["c0"].alike == 1.0
    assert contract().predictions is not None
    assert contract().predictions.alike == pytest.approx(0.48, abs=0.1)  # type: ignore[union-attr]
    assert from_json(Contract, to_json(contract())) == contract()
    many = customers(3, 300_000, 1)  # more rows than are looked at, of pairs
    together = codes_of(many.index.to_series() // 2)
    values = pd.Series(np.repeat(np.random.default_rng(0).normal(size=150_000), 2))
    assert alike(values, together) == pytest.approx(1.0, abs=0.01)
    assert alike(values, None) == alike(values, np.zeros(300_000, dtype=np.int64)) == 0.0
    assert (rows_together(together), rows_together(None)) == (2.0, 1.0)


def test_measured_intervals_hold_the_truth_where_rows_go_together() -> None:
    """20 shops of 50 rows whose errors are mostly the shop's: rows by themselves gave intervals that held it in 18 of 100."""
    held = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        batch = customers(100 + seed, 20, 50)
        errors = np.repeat(rng.normal(size=20), 50) + 0.3 * rng.normal(size=1000)
        typed = type_frame(batch.drop(columns="y"), FEATURES)
        report = report_batch(contract(), typed, np.zeros(1000), pd.Series(errors), PROBLEM)
        assert report.realised is not None
        held += report.realised.low <= np.sqrt(1.09) <= report.realised.high
    assert held >= 21


def test_rows_count_by_their_weights_where_the_batch_has_them() -> None:
    weighed = replace(PROBLEM, group="", weights="n3")
    batch = customers(7, 20, 50).assign(n3=np.where(np.arange(1000) % 2, 3.0, 1.0))
    truth = pd.Series(np.where(np.arange(1000) % 2, 2.0, 1.0))

    def measured(frame: pd.DataFrame) -> float:
        report = report_batch(contract(), type_frame(frame.drop(columns="y"), FEATURES), np.zeros(1000), truth, weighed)
        assert report.realised is not None
        return report.realised.value

    assert measured(batch) == pytest.approx(np.sqrt((3 * 4 + 1) / 4))
    assert measured(batch.drop(columns="n3")) == pytest.approx(np.sqrt(2.5))


COPIED = replace(PROBLEM, group="", copies_together=True)


def copied(seed: int, rows: int, times: int) -> pd.DataFrame:
    """So many different rows, each filed so many times under a number of its own."""
    once = customers(seed, rows, 1)
    frame = once.iloc[np.repeat(np.arange(rows), times)].reset_index(drop=True)
    return frame.assign(customer=[f"{seed}-{one}" for one in range(len(frame))])


@cache
def of_copies() -> Contract:
    frame = type_frame(copied(0, 500, 10), COLUMNS).frame
    return make_contract(frame, COLUMNS, COPIED, frame["n0"].to_numpy() + frame["n3"].to_numpy(), {})


def test_copies_that_are_kept_together_count_once_in_drift() -> None:
    """40 rows, each 25 times, drifted in nearly every batch; and what all rows have is seen all the same."""
    batches = [copied(1 + seed, 40, 25) for seed in range(10)]
    assert sum(bool(drifted(batch, of_copies(), COPIED)) for batch in batches) <= 1
    parts = tuple(replace(one, tells_copies=False) for one in of_copies().columns)
    single = replace(of_copies(), together=1.0, columns=parts)  # as it was
    assert sum(bool(drifted(batch, single, COPIED)) for batch in batches) >= 8
    moved = [drifted(batch.assign(n1=batch["n1"] + 1.5), of_copies(), COPIED) for batch in batches]
    assert sum("n1" in names for names in moved) >= 9
    assert from_json(Contract, to_json(of_copies())) == of_copies()
    alone = customers(0, 600, 1)
    assert copied_by(make_contract(type_frame(alone, COLUMNS).frame, COLUMNS, COPIED, None, {}).columns) == ()


def test_copies_that_are_kept_together_count_once_in_what_is_measured() -> None:
    """Rows by themselves gave intervals that held the truth in a third of the batches."""
    held = 0
    for seed in range(25):
        batch = copied(100 + seed, 40, 25)
        errors = np.repeat(np.random.default_rng(seed).normal(size=40), 25)
        typed = type_frame(batch.drop(columns="y"), FEATURES)
        report = report_batch(of_copies(), typed, np.zeros(1000), pd.Series(errors), COPIED)
        assert report.realised is not None
        held += report.realised.low <= 1.0 <= report.realised.high
    assert held >= 21


def test_a_batch_without_the_columns_that_tell_copies_is_taken_for_one_as_in_training() -> None:
    """Columns that a batch lacks are typed as empty: rows of few different values in the others all counted as copies, so that
    5,000 rows told as much as a dozen, and a drift of any size passed unseen."""
    model = for_model(of_copies(), ("c0", "c1"))
    rng = np.random.default_rng(4)
    raw = pd.DataFrame({"c0": rng.choice(["a", "b", "c"], 5000, p=[0.7, 0.2, 0.1]), "c1": rng.choice(["a", "b", "c"], 5000)})
    typed = type_frame(raw, FEATURES)
    assert together_now(model, typed.frame) == model.together
    report = report_batch(model, typed, np.zeros(5000), pd.Series(rng.normal(size=5000)), COPIED)
    assert {one.name for one in report.columns if one.drifted} == {"c0"}
    assert report.realised is not None
    assert report.realised.high - report.realised.low < 0.1  # that of a dozen is ten times as wide


def test_rows_of_a_large_batch_that_are_alike_by_chance_are_no_copies() -> None:
    """Three rows of 500 that repeat others mark all columns; of 100,000 rows of the same few values nearly all have a twin."""
    rng = np.random.default_rng(5)

    def rows(many: int) -> pd.DataFrame:
        return pd.DataFrame({f"n{k}": rng.integers(0, 10, many) * 1.0 for k in range(4)} | {
            "c0": rng.choice(["a", "b", "c"], many), "c1": "a", "customer": [f"c{one}" for one in range(many)],
            "y": np.arange(many) * 1.0})

    train = rows(500)
    train = type_frame(pd.concat([train, train.iloc[:3]]).reset_index(drop=True), COLUMNS).frame
    known = make_contract(train, COLUMNS, COPIED, None, {})
    assert copied_by(known.columns)
    assert together_now(known, type_frame(rows(100_000).drop(columns="y"), FEATURES).frame) == 1
    filed = pd.concat([rows(600)] * 5).reset_index(drop=True)
    assert together_now(known, type_frame(filed.drop(columns="y"), FEATURES).frame) == pytest.approx(5, abs=0.5)
