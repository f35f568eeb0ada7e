"""The policy tree on gains that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.acting.conditions import any_hold
from automl_core.acting.policy import Objective, fit_policy
from automl_core.acting.splits import make_splits
from automl_core.data.table import Column

LEVELS = ["north", "south", "east", "west", "middle"]


def test_levels_are_taken_together_where_only_together_they_gain() -> None:
    generator = np.random.default_rng(0)
    rows = 4000
    frame = pd.DataFrame(
        {"region": generator.choice(LEVELS, rows), "age": generator.normal(40, 10, rows), "idle": generator.normal(size=rows)}
    )
    inside = frame["region"].isin(["south", "west"]) & (frame["age"] >= 40)
    gain = np.where(inside, 2.0, -1.0) + generator.normal(0, 2, rows)
    looked = np.arange(rows) % 2 == 0
    everyone = np.ones(rows, dtype=bool)
    splits = make_splits(
        frame, (Column("region", "text", "category"), Column("age", "float", "number"), Column("idle", "float", "number"))
    )
    leaves = fit_policy(splits, Objective(gain, everyone, looked, 50))
    (leaf,) = leaves
    assert {frozenset(condition.values) for condition in leaf if condition.column == "region"} == {frozenset({"south", "west"})}
    assert (any_hold(leaves, frame) == inside).mean() > 0.97


def test_nobody_is_moved_where_every_row_loses() -> None:
    frame = pd.DataFrame({"age": np.linspace(20, 60, 1000)})
    rows = np.ones(1000, dtype=bool)
    splits = make_splits(frame, (Column("age", "float", "number"),))
    assert fit_policy(splits, Objective(np.full(1000, -1.0), rows, rows, 50)) == ()
