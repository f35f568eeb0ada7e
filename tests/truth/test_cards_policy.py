"""Cards where only a rule of two conditions pays and moving everybody loses money (T4)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, assign, find_actions
from tests.truth.markets import sigmoid

COST, VALUE, LIFT = 12.0, 100.0, 0.25
SHAPES = {
    "two numbers": lambda frame: (frame["age"] > 45) & (frame["usage"] > 25),
    "two levels": lambda frame: (frame["flag"] == "yes") & (frame["plan"] == "basic"),
    "flag and number": lambda frame: (frame["flag"] == "yes") & (frame["usage"] > 25),
    "levels and number": lambda frame: (frame["region"] != "north") & (frame["age"] > 50),
    "one of two": lambda frame: (frame["age"] > 45) != (frame["usage"] > 25),
    "slope": lambda frame: ((frame["age"] - 45) / 12).clip(-2, 2),
}


def shares(shape: str, seed: int, rows: int = 5000) -> tuple[float, float]:
    """What the cards bring, and what moving everybody brings, of what the best rule would."""
    rng = np.random.default_rng((77, seed))
    frame = pd.DataFrame({
        "region": rng.choice(["north", "south", "east", "west"], rows),
        "plan": rng.choice(["basic", "plus", "max"], rows, p=[0.5, 0.3, 0.2]),
        "age": rng.normal(45, 12, rows).round(1), "usage": rng.gamma(3, 10, rows).round(1),
        "flag": rng.choice(["yes", "no"], rows, p=[0.4, 0.6]), "noise": rng.normal(size=rows),
    })  # fmt: skip
    age, flag = frame["age"].to_numpy() - 45, (frame["flag"] == "yes").to_numpy()
    stays = 1 - 0.8 * sigmoid(-0.3 + 0.02 * age - 0.015 * (frame["usage"].to_numpy() - 30) + 0.5 * flag)
    helped = np.clip(stays + LIFT * SHAPES[shape](frame).to_numpy(), 0.01, 0.99)
    had = rng.random(rows) < sigmoid(-0.4 + 0.03 * age - 0.6 * (frame["plan"] == "basic").to_numpy() + 0.3 * flag)
    frame["offer"] = np.where(had, "yes", "no")
    frame["churn"] = np.where(rng.random(rows) < np.where(had, helped, stays), "No", "Yes")
    found = find_actions(frame, "churn", "No", (Lever("offer", ("yes",), cost=COST),), options=Options(value=VALUE))
    gain, able = VALUE * (helped - stays) - COST, ~had
    best = float(gain[able & (gain > 0)].sum())
    picked = np.asarray(assign(found.cards, frame)) >= 0
    return float(gain[picked & able].sum()) / best, float(gain[able].sum()) / best


@pytest.mark.parametrize("shape", ["two numbers", "levels and number"])
def test_a_rule_of_two_conditions_is_found(shape: str) -> None:
    got, everybody = np.array([shares(shape, seed) for seed in range(2)]).T
    assert got.max() >= 0.85
    assert got.mean() >= 0.7
    assert (got > everybody).all()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_rule_of_two_conditions_is_found_full(shape: str) -> None:
    got, everybody = np.array([shares(shape, 500 + seed) for seed in range(16)]).T
    print(f"{shape}: {got.mean():.3f} of the best rule, everybody {everybody.mean():.2f}")
    assert got.mean() >= 0.85
    assert (got > everybody).mean() >= 0.95
