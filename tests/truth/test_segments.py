"""Segments under the null: at most 5 % of runs may confirm anything (20 candidates tested in each)."""

from __future__ import annotations

import numpy as np
import pandas as pd

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


def test_pure_noise_confirms_nothing() -> None:
    runs, false = 80, 0
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
