"""Promised over delivered (T9): outcomes, money, and the plan that people hold against the till, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from automl_core import Trained, train
from automl_core.acting import Lever, Options, PlanInputs, eligible, find_actions, plan_actions
from automl_core.acting.action import ActionCard, Goal
from automl_core.search.model import Model
from tests.truth.markets import Market, market
from tests.unit.searching import fit_here

COST, VALUE, CAPACITY = 12.0, 100.0, 500
LEVERS = (Lever("offer", ("yes",), cost=COST), Lever("paper", cost=COST))
GOAL = Goal("churn", "No", value=VALUE, capacity=CAPACITY, levers=LEVERS)


@dataclass
class Kept:
    """Promised and delivered: outcomes and net money of cards, net money of plans; how many cards these are."""

    cards: int = 0
    outcomes: tuple[float, float] = (0.0, 0.0)
    money: tuple[float, float] = (0.0, 0.0)
    planned: tuple[float, float] = (0.0, 0.0)

    @property
    def ratios(self) -> tuple[float, float, float]:
        """Promised over delivered of each."""
        outcomes, money, planned = (promised / delivered for promised, delivered in (self.outcomes, self.money, self.planned))
        return outcomes, money, planned


@cache
def searched(seed: int, trials: int) -> Trained:
    """A search on a market of the same kind: the rows that are planned are none that its model has seen."""
    return train(market(50_000 + seed, steered=0.0).frame, "churn", {"trials": trials, "seed": 0})


def planned(made: Market, cards: tuple[ActionCard, ...], model: Model) -> tuple[float, float]:
    """Net money of a plan of 500 rows of a fresh market, as it promises and as it truly comes: the rows are picked for what the
    model says of them, so its errors are picked, too."""
    frame = made.frame.drop(columns="churn")
    plan = plan_actions(cards, PlanInputs(model, frame, model.columns, model.predict_frame(frame), GOAL))
    places = {card.id: place for place, card in enumerate(cards)}
    chosen = np.full(len(frame), -1)
    for action in plan.actions:
        chosen[action.row] = places[action.card]
    assert (chosen >= 0).sum() <= CAPACITY
    return plan.net, made.gain(chosen, cards, VALUE, COST)


def kept(seeds: range, trials: int = 8) -> Kept:
    """Over markets in which the offer was handed out nearly at random: cards of grade B."""
    tally = Kept()
    for seed in seeds:
        made = market(seed, steered=0.0)
        found = find_actions(made.frame, "churn", "No", LEVERS, options=Options(value=VALUE))
        cards = tuple(card for card in found.cards if card.grade == "B")
        for card in cards:
            rows = np.where(np.asarray(eligible(card, made.frame), dtype=bool), 0, -1)
            told = (card.adjusted * card.rows, made.effect(card) * card.rows)
            tally.outcomes = (tally.outcomes[0] + told[0], tally.outcomes[1] + told[1])
            tally.money = (tally.money[0] + card.net_value, tally.money[1] + made.gain(rows, (card,), VALUE, COST))
        tally.cards += len(cards)
        if cards:
            promised, came = planned(market(seed + 90_000, steered=0.0), cards, searched(seed // 6, trials).bundle.model)
            tally.planned = (tally.planned[0] + promised, tally.planned[1] + came)
    return tally


def test_grade_b_delivers_what_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes were looked at alone, and no plan."""
    fit_here(monkeypatch)
    found = kept(range(3), trials=3)
    assert found.cards >= 2
    assert all(0.8 <= ratio <= 1.2 for ratio in found.ratios), found.ratios


@pytest.mark.slow
def test_promises_full() -> None:
    found = kept(range(60))
    print(f"promised over delivered: {found.ratios}, {found.cards} cards")
    assert found.cards >= 20
    assert all(0.8 <= ratio <= 1.2 for ratio in found.ratios), found.ratios
