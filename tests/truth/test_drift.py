"""Drift that does not cry wolf: false alarms in at most 5 % of batches, meaningless shifts ignored, real ones seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.production.contract import Contract
from automl_core.production.drift import compare
from tests.promised import make_contract

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (
    *(Column(f"n{k}", "float", "number") for k in range(8)),
    *(Column(f"k{k}", "int", "number") for k in range(4)),
    Column("zero", "float", "number"),
    *(Column(f"c{k}", "text", "category") for k in range(6)),
)


def rows(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"n{k}": rng.lognormal(size=count) if k % 2 else rng.normal(size=count) for k in range(8)})
    for k in range(4):
        frame[f"k{k}"] = rng.poisson(0.5 + 3 * k, count)
    frame["zero"] = np.where(rng.random(count) < 0.6, 0.0, rng.exponential(size=count))
    for k in range(6):
        levels = 2 + 6 * k
        weights = 1 / np.arange(1, levels + 1)
        frame[f"c{k}"] = pd.Series(rng.choice([f"l{j}" for j in range(levels)], count, p=weights / weights.sum())).astype("str")
    return frame


def reference() -> Contract:
    frame = rows(0, 5000)
    return make_contract(frame, COLUMNS, PROBLEM, np.random.default_rng(9).beta(2, 5, 5000), {})


def alarms(contract: Contract, frame: pd.DataFrame) -> set[str]:
    return {one.name for one in compare(contract, frame, None)[0] if one.drifted}


def test_no_drift_no_alarm() -> None:
    contract, runs, sizes = reference(), 20, (100, 200, 500, 2000)
    false = [sum(bool(alarms(contract, rows(1000 + count + seed, count))) for seed in range(runs)) for count in sizes]
    assert max(false) <= 0.05 * runs + 2, false
    assert sum(false) <= 8, false  # 5 % of 80 batches, and two standard errors


def test_meaningless_shift_in_many_rows_is_ignored() -> None:
    contract = reference()
    frame = rows(77, 20_000)
    frame["n0"] += 0.03
    assert alarms(contract, frame) == set()


def test_real_shifts_are_seen() -> None:
    contract, seen, runs = reference(), 0, 20
    for seed in range(runs):
        frame = rows(500 + seed, 500)
        frame["n0"] += 0.35
        seen += "n0" in alarms(contract, frame)
    assert seen >= 0.9 * runs
    half = rows(3, 500)
    half["n2"] += 0.5
    half.loc[half.index[:150], "c3"] = "l0"
    assert alarms(contract, half) == {"n2", "c3"}


def test_predictions_have_a_key_of_their_own() -> None:
    contract, rng = reference(), np.random.default_rng(1)
    frame = rows(4, 1000)
    same = compare(contract, frame, pd.Series(rng.beta(2, 5, 1000)))[1]
    moved = compare(contract, frame, pd.Series(rng.beta(3, 4, 1000)))[1]
    assert same is not None
    assert not same.drifted
    assert moved is not None
    assert moved.drifted
