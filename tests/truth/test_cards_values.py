"""Cards where values count: levers with many, some better than others, and groups by prices such as 4.99."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Actions, Lever, Options, assign, find_actions
from automl_core.acting.conditions import conditions_of, holds
from automl_core.acting.splits import make_splits
from automl_core.data.table import Column
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


@pytest.mark.parametrize("prices", [
    (4.99, 9.99, 19.99, 29.99), (9.99, 29.99), (19.99, 49.99), (49.5, 99.5, 199.5), (0.0, 1 / 3, 2 / 3), (1.0, 2.0, 5.0),
    (0.1, 0.2, 0.30000000000000004), tuple(9.99 + 10 * step for step in range(6)),
])
def test_every_two_prices_can_be_told_apart(prices: tuple[float, ...]) -> None:
    """Edges were rounded beyond the price they stand for: 9.99 lay below 10.0, and 30.0 above all."""
    frame = pd.DataFrame({"fee": np.repeat(prices, 50)})
    splits = make_splits(frame, (Column("fee", "float", "number"),))
    below = {int(holds(side, frame).sum()) // 50 for side in splits.sides[::2]}
    assert below == set(range(1, len(prices)))
    sizes = [int(holds(one, frame).sum()) for one in conditions_of(frame, Column("fee", "float", "number"))]
    assert sum(sizes) == len(frame)
    assert min(sizes) >= 50
    assert max(sizes) <= 50 * max(1, len(prices) - 2)


def test_a_price_that_many_pay_among_many_numbers_is_on_its_own_side() -> None:
    generator = np.random.default_rng(4)
    fee = np.concatenate([np.full(400, 9.99), generator.uniform(3, 9, 300), generator.uniform(11, 300, 300)])
    frame = pd.DataFrame({"fee": fee})
    found = make_splits(frame, (Column("fee", "float", "number"),)).sides[::2]
    assert 300 in {int(holds(side, frame).sum()) for side in found}


def test_an_offer_that_works_at_the_lowest_price_alone_is_for_those_who_pay_it() -> None:
    rng, rows = np.random.default_rng(92), 3000
    fee = rng.choice([4.99, 9.99, 19.99, 29.99], rows)
    age = rng.normal(45, 12, rows).round(1)
    had = rng.random(rows) < sigmoid(0.03 * (age - 45))
    churn = rng.random(rows) < 0.6 - 0.4 * had * (fee == 4.99) + 0.003 * (age - 45)
    frame = pd.DataFrame({"fee": fee, "age": age, "offer": np.where(had, "yes", "no"), "churn": np.where(churn, "Yes", "No")})
    found = find_actions(frame, "churn", "No", (Lever("offer", ("yes",), cost=12.0),), options=Options(value=100.0))
    gain = np.where(fee == 4.99, 28.0, -12.0)
    assert gain[assign(found, frame) >= 0].sum() >= 0.85 * gain[~had & (gain > 0)].sum()


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_counts_are_cut_at_counts_and_no_split_stands_twice(gap: int) -> None:
    """“calls is 0.5 or more” stood beside “1 or more”: the same rows, and the odd one was taken."""
    rng = np.random.default_rng((94, gap))
    calls = np.concatenate([np.repeat([gap, gap + 1.0, gap + 2, gap + 3], [900, 300, 250, 200]), rng.integers(0, 31, 350)])
    frame = pd.DataFrame({"calls": calls})
    splits = make_splits(frame, (Column("calls", "int", "number"),))
    for made in (splits, splits.finer(frozenset({"calls"}))):
        edges = [side.high for side in made.sides[::2]]
        assert all(edge.is_integer() for edge in edges)
        assert gap + 1.0 in edges
        below = [int(holds(side, frame).sum()) for side in made.sides[::2]]
        assert len(set(below)) == len(below)
