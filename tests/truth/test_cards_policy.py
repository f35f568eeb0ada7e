"""Cards where only a rule of two conditions pays and moving everybody loses money (T4)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, assign, find_actions
from automl_core.acting.splits import make_splits
from automl_core.acting.stage import Stage
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


def by_fee(seed: int, compared: bool) -> tuple[float, float]:
    """The same for an offer that helps all alike, where what a customer pays says whom it is worth it for; `compared`: rows are
    compared on what they pay, else on the plan that goes with it."""
    rng, rows = np.random.default_rng((78, seed)), 3000
    plan = rng.choice(["basic", "max"], rows)
    fee = np.where(plan == "max", 400.0, 20.0) * rng.uniform(0.8, 1.2, rows)
    age = rng.normal(45, 12, rows)
    had = rng.random(rows) < sigmoid(0.03 * (age - 45))
    churn = rng.random(rows) < 0.5 - 0.2 * had + 0.005 * (age - 45)
    frame = pd.DataFrame({"fee": fee, "age": age, "plan": plan, "offer": np.where(had, "yes", "no"),
                          "churn": np.where(churn, "Yes", "No")})
    roles = Roles() if compared else Roles(never=("fee",))
    found = find_actions(frame, "churn", "No", (Lever("offer", ("yes",), cost=20.0),), roles, Options(value_column="fee"))
    gain, able = 0.2 * fee - 20.0, ~had
    best = float(gain[able & (gain > 0)].sum())
    picked = np.asarray(assign(found.cards, frame)) >= 0
    return float(gain[picked & able].sum()) / best, float(gain[able].sum()) / best


def test_groups_are_looked_for_by_what_their_own_rows_are_worth() -> None:
    """By the mean of the table everybody paid: small customers cost more than they bring."""
    got, everybody = np.array([by_fee(seed, True) for seed in range(2)]).T
    assert got.min() >= 0.95
    assert (got > everybody).all()
    assert by_fee(0, False)[0] > 0  # nothing is lost where rows are not compared on it


def test_rows_that_cannot_be_moved_do_not_say_what_those_that_can_are_worth() -> None:
    """Those who have the offer are large customers; by the mean of all, an offer to anyone paid."""
    stage = Stage(pd.DataFrame(index=range(4)), np.zeros(4), True, *[np.zeros(4, dtype=np.int64)] * 3, None, make_splits(
        pd.DataFrame(index=range(4)), ()), -500.0, True, 0, values=np.array([40.0, 60.0, 950.0, 950.0]))
    able = np.array([True, True, False, False])
    assert stage.worths(able) == -50.0
    assert list(np.atleast_1d(replace(stage, compared=True).worths(able))) == [-40.0, -60.0, -950.0, -950.0]
    assert replace(stage, values=None).worths(able) == -500.0
