"""The policy tree on gains that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.conditions import any_hold, describe, told_on
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


@pytest.mark.parametrize(("zeros", "scale"), [(0.925, 900.0), (0.7, 900.0), (0.925, 0.003)])
def test_an_amount_that_is_mostly_nought_is_cut_above_it(zeros: float, scale: float) -> None:
    """All its quantiles are 0, or the nearest one leaves out the smallest amounts: no group could be told by it, or a part."""
    rng = np.random.default_rng(1)
    claims = np.where(rng.random(6000) < zeros, 0.0, rng.uniform(0.01 * scale, scale, 6000))
    frame = pd.DataFrame({"claims": claims, "idle": rng.normal(size=6000)})
    everyone, gain = np.ones(6000, dtype=bool), np.where(claims > 0, 2.0, -1.0) + rng.normal(0, 1, 6000)
    leaves = fit_policy(make_splits(frame, (Column("claims", "float", "number"), Column("idle", "float", "number"))),
                        Objective(gain, everyone, everyone, 100))
    assert (any_hold(leaves, frame) == (claims > 0)).all()


@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0, np.nan], [0.0, 1.0, np.inf]])
def test_yes_and_no_are_told_by_their_value(values: list[float]) -> None:
    """Of a yes/no column it was said “is below 1”."""
    paid = pd.Series(np.resize(np.array(values), 4000))
    inside, everyone = (paid == 1).to_numpy(), np.ones(4000, dtype=bool)
    frame = pd.DataFrame({"paid": paid})
    gain = np.where(inside, 2.0, -1.0) + np.random.default_rng(3).normal(0, 1, 4000)
    leaves = fit_policy(make_splits(frame, (Column("paid", "int", "number"),)), Objective(gain, everyone, everyone, 100))
    assert len(leaves) == 1
    if np.inf in values:  # what is neither has to be on one side
        assert (any_hold(leaves, frame) & ~np.isinf(paid.to_numpy()) == inside).all()
    else:
        assert [describe(one) for one in told_on(leaves[0], frame)] == ["“paid” is 1"]
        assert (any_hold(leaves, frame) == inside).all()


def test_levels_of_a_wide_category_can_be_a_group() -> None:
    """None of 25 even levels has 5 % of the rows, so nobody or everybody was moved."""
    rng = np.random.default_rng(2)
    city = rng.choice([f"c{k:02d}" for k in range(25)], 8000, p=[*[0.046] * 5, *[0.0385] * 20])
    frame = pd.DataFrame({"city": city})
    inside = frame["city"].isin([f"c{k:02d}" for k in range(5)]).to_numpy()
    everyone, gain = np.ones(8000, dtype=bool), np.where(inside, 2.0, -1.0) + rng.normal(0, 1, 8000)
    leaves = fit_policy(make_splits(frame, (Column("city", "text", "category"),)), Objective(gain, everyone, everyone, 200))
    assert (any_hold(leaves, frame) == inside).all()
