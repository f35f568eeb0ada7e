"""Every drift test that is plugged in keeps the same promises."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from automl_core.production.contract import ColumnContract
from automl_core.production.drift import DriftTest, drift_tests
from automl_core.production.training_columns import column_in_training

ROWS = 2000
TESTS = [(test, kind) for test in drift_tests().plugins.values() for kind in test.kinds]


def values(kind: str, rows: int, shift: bool = False, seed: int = 0) -> pd.Series:
    rng = np.random.default_rng(seed)
    if kind == "date":
        start = pd.Timestamp("2027-01-01" if shift else "2026-01-01")
        return pd.Series(start + pd.to_timedelta(rng.integers(0, 90, rows), "D")).astype("datetime64[us]")
    if kind in ("int", "float"):
        numbers = rng.normal(100 if shift else 50, 10, rows)
        return pd.Series(numbers.round().astype(np.int64) if kind == "int" else numbers)
    names = ["yes", "no"] if kind == "bool" else ["a", "b", "c", "d"]
    weights = np.arange(1, len(names) + 1, dtype=float)[:: -1 if shift else 1] ** 2
    return pd.Series(rng.choice(names, rows, p=weights / weights.sum())).astype("str")


def contract(kind: str) -> ColumnContract:
    role = "category" if kind in ("bool", "text") else "date" if kind == "date" else "number"
    return column_in_training("x", kind, role, values(kind, ROWS), 0.5, True)


def test_nothing_is_broken() -> None:
    assert not drift_tests().broken
    assert {kind for _, kind in TESTS} == {"int", "float", "date", "bool", "text"}


@pytest.mark.parametrize(("test", "kind"), TESTS, ids=lambda value: getattr(value, "name", value))
def test_same_rows_are_no_drift(test: DriftTest, kind: str) -> None:
    made = test.compare(contract(kind), values(kind, ROWS))
    assert made.effect < 0.02
    assert made.p > 0.5
    assert made.then
    assert made.now


@pytest.mark.parametrize(("test", "kind"), TESTS, ids=lambda value: getattr(value, "name", value))
def test_a_large_change_is_seen(test: DriftTest, kind: str) -> None:
    made = test.compare(contract(kind), values(kind, 300, shift=True))
    assert made.effect > 0.1
    assert made.p < 1e-6


@pytest.mark.parametrize(("test", "kind"), TESTS, ids=lambda value: getattr(value, "name", value))
def test_strange_batches_give_numbers(test: DriftTest, kind: str) -> None:
    known = contract(kind)
    for batch in (values(kind, 1), pd.concat([values(kind, 1)] * 200, ignore_index=True)):
        made = test.compare(known, batch)
        assert math.isfinite(made.effect)
        assert made.effect >= 0
        assert 0 <= made.p <= 1
        assert made == test.compare(known, batch)
