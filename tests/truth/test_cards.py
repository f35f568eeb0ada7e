"""Action cards on made-up markets whose truth is known: coverage, idle levers, policy value, promised against delivered.

The short versions run by default; the full ones (200 seeds) are marked slow. Figures of a full run are in the changelog.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from automl_core.acting import Lever, Options, assign, find_actions
from automl_core.acting.action import Actions
from tests.truth.markets import Market, market

COST, VALUE = 12.0, 100.0
LEVERS = (Lever("offer", ("yes",), cost=COST), Lever("paper", cost=COST))


def actions(made: Market, levers: tuple[Lever, ...] = LEVERS) -> Actions:
    return find_actions(made.frame, "churn", "No", levers, options=Options(value=VALUE))


def oracle(made: Market) -> tuple[float, float]:
    """The best net money that a policy on the contract can bring, and that of moving everybody."""
    able = (made.frame["offer"] == "no").to_numpy()
    gain = VALUE * (made.chance["no"] - made.chance["yes"]) - COST
    monthly = (made.frame["contract"] == "monthly").to_numpy()
    best = sum(max(0.0, float(gain[able & part].sum())) for part in (monthly, ~monthly))
    return best, float(gain[able].sum())


@dataclass
class Tally:
    """What many seeds gave."""

    cards: int = 0
    covered: int = 0
    idle: int = 0
    share: float = 0.0
    above_everybody: int = 0
    above_c: int = 0
    shown: int = 0


def run(seeds: range, **truth: float | bool) -> Tally:
    tally = Tally()
    for seed in seeds:
        made = market(seed, **truth)  # type: ignore[arg-type]
        found = actions(made)
        for card in found.cards:
            tally.idle += card.lever == "paper"
            if card.lever == "offer":
                tally.cards += 1
                tally.covered += card.low <= made.effect(card) <= card.high
        got = made.gain(assign(found.cards, made.frame), found.cards, VALUE, COST)
        best, everybody = oracle(made)
        tally.share += got / best if best else float(got >= 0)
        tally.above_everybody += got > everybody
        tally.above_c += any(card.grade in "AB" for card in found.cards)
        tally.shown += bool(found.cards)
    return tally


def test_cards_are_right_about_whom_to_move_and_by_how_much() -> None:
    seeds = range(3)
    tally = run(seeds)
    assert tally.cards >= len(seeds)
    assert tally.covered >= tally.cards - 1
    assert tally.share / len(seeds) >= 0.85
    assert tally.above_everybody >= len(seeds) - 1
    assert tally.idle <= 1


def test_nothing_is_shown_where_nothing_works() -> None:
    assert run(range(4), null=True).shown <= 1


@pytest.mark.slow
def test_cards_full() -> None:
    """T1 and T4: coverage 90 to 99 %, the idle lever in 5 % or less, policy value 85 % of the oracle's and above everybody's."""
    tally = run(range(200))
    assert 0.90 <= tally.covered / tally.cards <= 0.99
    assert tally.idle / 200 <= 0.05
    assert tally.share / 200 >= 0.85
    assert tally.above_everybody / 200 >= 0.95


@pytest.mark.slow
def test_null_full() -> None:
    """T5: any card in 5 % of the runs or less where no lever does anything."""
    assert run(range(1000, 1200), null=True).shown / 200 <= 0.05


def promised_over_delivered(seeds: range) -> tuple[float, int]:
    """Promised over delivered outcomes of grade B cards and their number, when the offer was handed out nearly at random."""
    promised = delivered = 0.0
    number = 0
    for seed in seeds:
        made = market(seed, steered=0.0)
        for card in actions(made).cards:
            if card.grade == "B":
                number += 1
                promised += card.adjusted * card.rows
                delivered += made.effect(card) * card.rows
    return promised / delivered if delivered else float("nan"), number


def test_grade_b_delivers_what_it_promises() -> None:
    """T9."""
    ratio, number = promised_over_delivered(range(4))
    assert number >= 2
    assert 0.8 <= ratio <= 1.2


@pytest.mark.slow
def test_promises_full() -> None:
    ratio, number = promised_over_delivered(range(60))
    assert number >= 20
    assert 0.8 <= ratio <= 1.2


@pytest.mark.slow
def test_same_seed_same_cards() -> None:
    """Each time tests/unit/test_acting_cards.py asks twice at the door, on fewer rows."""
    made = market(3, rows=2500)
    first, second = actions(made), actions(made)
    assert [card.id for card in first.cards] == [card.id for card in second.cards]
    assert np.array_equal(assign(first.cards, made.frame), assign(second.cards, made.frame))
