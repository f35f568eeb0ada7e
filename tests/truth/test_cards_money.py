"""The money of cards where a column says what a good outcome of each row is worth, and the effect goes with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Actions, Lever, Options, Roles, eligible, find_actions, typed
from automl_core.acting.action import Goal
from automl_core.acting.pilots import promised_money
from tests.truth.markets import sigmoid


def by_fee(seed: int, falls: bool, rows: int = 4000) -> tuple[Actions, pd.DataFrame, np.ndarray]:
    """An offer that helps customers of 20 by 40 points and those of 400 not at all (or the other way round); what cards are
    found, the table, and the true worth of moving each row."""
    rng = np.random.default_rng((93, seed))
    fee = rng.uniform(20, 400, rows).round(2)
    age = rng.normal(45, 12, rows).round(1)
    had = rng.random(rows) < sigmoid(0.03 * (age - 45))
    share = (400 - fee) / 380 if falls else (fee - 20) / 380
    churn = rng.random(rows) < 0.55 + 0.004 * (age - 45).clip(-25, 25) - 0.4 * share * had
    frame = pd.DataFrame({"fee": fee, "age": age, "offer": np.where(had, "yes", "no"), "churn": np.where(churn, "Yes", "No")})
    found = find_actions(frame, "churn", "No", (Lever("offer", ("yes",)),), Roles(), Options(value_column="fee"))
    return found, frame, fee * 0.4 * share


@pytest.mark.parametrize("falls", [True, False])
def test_money_of_a_card_sums_what_each_row_is_worth_times_its_own_effect(falls: bool) -> None:
    """The mean worth times the mean effect was 1.4 of the truth where small customers are helped most."""
    found, frame, worth = by_fee(1, falls)
    assert found.cards
    for card in found.cards:
        truth = float(worth[eligible(card, typed(frame).frame)].sum())
        assert 0.8 <= card.net_value / truth <= 1.2
        assert card.net_low <= truth <= card.net_high
        goal = Goal("churn", "No", value=210.0, value_column="fee")
        assert promised_money(card, goal, True, card.rows) == pytest.approx((card.net_value, card.net_low, card.net_high))
        assert card.worth == pytest.approx(frame["fee"][eligible(card, typed(frame).frame)].mean(), rel=0.05)
    assert found.notes[0].startswith("Money of a card counts each row’s own change with its own “fee”. The list takes one ")
    assert "of the same rows they may say more or less" in found.notes[0]


@pytest.mark.slow
def test_money_ranges_cover_the_truth() -> None:
    covered, ratios = [], []
    for seed in range(100, 140):
        found, frame, worth = by_fee(seed, seed % 2 == 0, 2500)
        for card in found.cards:
            truth = float(worth[eligible(card, typed(frame).frame)].sum())
            covered.append(card.net_low <= truth <= card.net_high)
            ratios.append(card.net_value / truth)
    print(f"{np.mean(covered):.3f} of {len(covered)} ranges, promised over true {np.mean(ratios):.2f}")
    assert len(covered) >= 35
    assert np.mean(covered) >= 0.9
    assert 0.9 <= np.mean(ratios) <= 1.1
