"""Segments under the null: at most 5 % of runs may confirm anything (20 candidates tested in each)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.findings.segments import find_groups
from automl_core.data.table import Column
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (*(Column(f"n{k}", "float", "number") for k in range(5)), *(Column(f"c{k}", "text", "category") for k in range(5)))


def noise(seed: int, rows: int) -> tuple[pd.DataFrame, np.random.Generator]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"n{k}": rng.normal(size=rows) for k in range(5)})
    for k in range(5):
        frame[f"c{k}"] = pd.Series(rng.choice(list("abcd"), rows)).astype("str")
    return frame, rng


@pytest.mark.parametrize("runs", [40, pytest.param(400, marks=pytest.mark.slow)])
def test_pure_noise_confirms_nothing(runs: int) -> None:
    false = 0
    for seed in range(runs):
        frame, rng = noise(seed, 1500)
        y = (rng.random(1500) < 0.27).astype(int)
        false += bool(find_groups(frame, y, COLUMNS, PROBLEM, seed).segments)
    assert false <= 0.05 * runs + 2 * np.sqrt(0.05 * 0.95 * runs)


def test_planted_segment_is_confirmed_with_an_honest_interval() -> None:
    runs, found, covered = 15, 0, 0
    for seed in range(runs):
        frame, rng = noise(1000 + seed, 4000)
        inside = frame["c0"].eq("a") & frame["c1"].isin(["a"])
        y = (rng.random(4000) < np.where(inside, 0.55, 0.25)).astype(int)
        for segment in find_groups(frame, y, COLUMNS, PROBLEM, seed).segments:
            if {c.column for c in segment.conditions} == {"c0", "c1"}:
                found += 1
                covered += segment.low <= 0.30 <= segment.high
                break
    assert found >= 0.9 * runs
    assert covered >= 0.8 * found


def customers(seed: int, each: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Noise whose rows come from customers: columns are theirs, and so is most of the chance; nothing goes with anything."""
    rng = np.random.default_rng(seed)
    people = 1600 // each
    frame, _ = noise(seed, people)
    lean = rng.beta(0.6, 1.4, people)
    who = np.repeat(np.arange(people), rng.poisson(each - 1, people) + 1)
    rows = frame.iloc[who].reset_index(drop=True).assign(customer=who)
    return rows, (rng.random(len(rows)) < lean[who]).astype(int)


def false_runs(seeds: range, each: int) -> int:
    grouped = replace(PROBLEM, group="customer")
    columns = (*COLUMNS, Column("customer", "int", "id"))
    return sum(bool(find_groups(*customers(seed, each), columns, grouped, seed).segments) for seed in seeds)


def test_rows_of_one_customer_are_not_independent() -> None:
    runs = 24
    assert false_runs(range(runs), 8) <= 0.05 * runs + 2 * np.sqrt(0.05 * 0.95 * runs)
    naive = sum(bool(find_groups(*customers(seed, 8), COLUMNS, PROBLEM, seed).segments) for seed in range(10))
    assert naive >= 5  # without the group column the same noise is called a finding


@pytest.mark.slow
@pytest.mark.parametrize("each", [3, 8, 20])
def test_clustered_noise_confirms_nothing(each: int) -> None:
    assert false_runs(range(1000, 1200), each) <= 0.05 * 200 + 2 * np.sqrt(0.05 * 0.95 * 200)


def test_a_segment_of_customers_is_found_with_an_honest_interval() -> None:
    runs, found, covered = 15, 0, 0
    for seed in range(runs):
        frame, rng = noise(3000 + seed, 900)
        lean = np.clip(rng.beta(2, 6, 900) + 0.3 * frame["c0"].eq("a").to_numpy(), 0, 1)
        truth = lean[frame["c0"].eq("a")].mean() - lean[~frame["c0"].eq("a")].mean()
        who = np.repeat(np.arange(900), 5)
        rows = frame.iloc[who].reset_index(drop=True).assign(customer=who)
        y = (rng.random(len(rows)) < lean[who]).astype(int)
        grouped = replace(PROBLEM, group="customer")
        for segment in find_groups(rows, y, COLUMNS, grouped, seed).segments:
            if [c.column for c in segment.conditions] == ["c0"] and segment.conditions[0].values == ("a",):
                found += 1
                covered += segment.low <= truth <= segment.high
    assert found >= 0.9 * runs
    assert covered >= 0.8 * found
