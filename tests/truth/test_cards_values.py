"""Cards of levers with many values, some of which are better than others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Actions, Options, assign, find_actions
from tests.truth.markets import sigmoid

PLANS = ["a", "b", "c", "d", "e"]
GAINS = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.3, "e": 0.2}


def plans(seed: int, gains: dict[str, float], rows: int = 6000) -> tuple[pd.DataFrame, Actions]:
    """Customers of five plans, of which older ones have the last more often, and the cards of the plan."""
    rng = np.random.default_rng((91, seed))
    age = rng.normal(45, 12, rows).round(1)
    late = rng.random(rows) < sigmoid(0.04 * (age - 45))
    early = rng.choice(PLANS, rows, p=[0.25, 0.2, 0.2, 0.2, 0.15])
    plan = np.where(late, rng.choice(PLANS, rows, p=[0.15, 0.2, 0.2, 0.2, 0.25]), early)
    frame = pd.DataFrame({"age": age, "region": rng.choice(["north", "south", "east"], rows), "plan": plan})
    stays = 0.4 + 0.004 * (age - 45) + frame["plan"].map(gains).to_numpy()
    frame["churn"] = np.where(rng.random(rows) < stays.clip(0.01, 0.99), "No", "Yes")
    return frame, find_actions(frame, "churn", "No", ("plan",), options=Options(value=100.0))


def test_nobody_is_moved_from_the_best_of_five_values() -> None:
    """All sources of a target are one move when there are many: those at a better value were moved with the others."""
    frame, found = plans(0, GAINS)
    then = np.array([card.to_value for card in found.cards] + [""])[assign(found, frame)]
    assert not np.any(then[frame["plan"] == "d"])
    now = frame["plan"].map(GAINS).to_numpy()
    brought = np.where(then == "", 0.0, pd.Series(then).map(GAINS) - now).sum()
    assert brought >= 0.95 * (0.3 - now).sum()
    for card in found.cards:  # what it promises its rows get
        rows = frame["plan"].isin(card.from_values)
        truth = -float((GAINS[card.to_value] - frame["plan"][rows].map(GAINS)).mean())
        assert card.low <= truth <= card.high


@pytest.mark.slow
def test_a_lever_of_five_values_that_does_nothing_shows_no_card() -> None:
    """Which sources are left out is picked by what they bring: chance must not make an effect of it."""
    shown = [bool(plans(seed, dict.fromkeys(PLANS, 0.0), 2000)[1].cards) for seed in range(100, 140)]
    print(f"shown: {np.mean(shown):.3f}")
    assert np.mean(shown) <= 0.05
