"""What a card tells less than was measured: by how much it passed, how far it may go, and that a card says so."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from automl_core.acting import Lever, Options, Roles, find_actions
from automl_core.acting.action import Grade
from automl_core.acting.effects import Effect, Money, estimate_of, robustness_value
from automl_core.acting.grading import STEERED, Evidence
from automl_core.acting.luck import is_told, likely, too_much, without_luck
from automl_core.acting.refutations import Benchmark
from automl_core.acting.wording import JUST_PASSED
from automl_core.framing.shares import Z
from tests.unit.test_acting_crossing import table


def effect(estimate: float, error: float = 0.01, money: float = math.nan) -> Effect:
    """One whose money, if any, is so much and as sure."""
    ends = (estimate - Z * error, estimate + Z * error)
    share = error / abs(estimate)
    priced = None if math.isnan(money) else Money(money, money * (1 - Z * share), money * (1 + Z * share), abs(money) * share)
    return Effect(estimate, *ends, 1e-4, error, 0.0, 1.0, np.ones(3, dtype=bool), 5, 0.2, 4.0, 900, money=priced)


def found(
    estimate: float, p: float = 1e-40, strength: float = math.nan, money: float = math.nan, seen: float = 1e-40
) -> Evidence:
    """Evidence of an effect, with the p value that was `seen` and the corrected one."""
    benchmark = None if math.isnan(strength) else Benchmark("x", strength)
    return Evidence(replace(effect(estimate, money=money), p=seen), p, True, True, benchmark=benchmark)


@pytest.mark.parametrize("estimate", [-0.03, 0.4, 1e-9])
def test_the_estimate_of_a_robustness_value_is_its_inverse(estimate: float) -> None:
    assert estimate_of(robustness_value(estimate, 0.2, 4.0), 0.2, 4.0) == pytest.approx(abs(estimate))
    assert estimate_of(1.0, 0.2, 4.0) == math.inf


def taken(evidence: Evidence, letter: Grade, stop: float = 0.0, cost: float = 0.0) -> float:
    """How many errors are taken off the effect."""
    made = without_luck(evidence.effect, evidence, letter, stop, cost)
    return abs(evidence.effect.estimate - made.estimate) / evidence.effect.error


def off(margin: float) -> float:
    return too_much(margin) / 2


def test_the_nearest_of_all_that_it_had_to_pass_counts() -> None:
    assert taken(found(0.1), "C") == 0.0
    assert taken(found(-0.05), "C", -0.02) == pytest.approx(off(3 - Z))
    assert taken(found(0.1, seen=0.01, p=0.02), "C") == pytest.approx(off(2.5758 - 2.2414), abs=1e-3)  # 2.5 % were asked
    assert taken(found(0.1, seen=0.01, p=0.01), "C") == pytest.approx(off(2.5758 - Z), abs=1e-3)
    needed = robustness_value(0.05, 0.2, 4.0) / STEERED
    assert taken(found(0.1, strength=needed), "B") == pytest.approx(off(5 - Z))
    assert taken(found(0.1, strength=needed), "C") == 0.0  # a C did not pass that


def test_what_passed_by_far_nothing_or_by_lot_stays_as_it_is() -> None:
    plain = effect(0.2)
    assert without_luck(plain, found(0.2), "B", 0.0, 0.0).estimate == 0.2
    assert without_luck(plain, found(0.2, p=0.9, seen=0.5), "D", 0.0, 0.0).estimate == 0.2
    lot = replace(found(0.03, p=0.04, seen=0.04), randomised=True)
    assert without_luck(effect(0.03), lot, "A", 0.0, 0.0).estimate == 0.03  # measured is what was measured
    nearly = without_luck(effect(0.1), found(0.1), "B", 0.0, 0.0)
    assert 0.0999 < nearly.estimate <= 0.1
    certain = replace(effect(0.1), error=0.0)
    assert without_luck(certain, replace(found(0.1), effect=certain), "C", 0.0, 0.0).estimate == 0.1


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_effect_is_taken_towards_what_it_had_to_pass_and_no_further_than_its_weak_end(sign: float) -> None:
    plain = effect(sign * 0.03)
    made = without_luck(plain, found(sign * 0.03, p=0.0027, seen=0.0027), "C", 0.0, 0.0)
    assert 0.015 < abs(made.estimate) < 0.03
    assert math.copysign(1.0, made.estimate) == sign
    assert (made.low, made.high) == (plain.low, plain.high)
    barely = without_luck(plain, found(sign * 0.03, p=0.0499, seen=0.0499), "C", 0.0, 0.0)
    assert abs(barely.estimate) == pytest.approx(0.015)  # half of nothing and of what was measured
    costly = without_luck(plain, found(sign * 0.03), "C", sign * 0.0102, 0.0)
    assert abs(costly.estimate) == pytest.approx((0.03 + 0.0102) / 2)
    sure = effect(sign * 0.1)
    strong = found(sign * 0.1, strength=robustness_value(0.08, 0.2, 4.0) / STEERED)
    assert abs(without_luck(sure, strong, "B", 0.0, 0.0).estimate) == pytest.approx(0.1 - 0.01 * Z)


def test_money_is_taken_by_its_own_margin() -> None:
    """What each row's outcome is worth may be near its cost where the effect is near nothing that it had to pass."""
    plain = effect(-0.1, money=-6.0)
    made = without_luck(plain, found(-0.1, money=-6.0), "C", 0.0, -4.6)
    assert made.money is not None
    assert made.estimate == -0.1
    assert abs(made.money.estimate) == pytest.approx((6 + max(6 - 1.2 * off(1.4 / 0.6 - Z), 4.6)) / 2)
    assert is_told(plain, made, 0.0, -4.6)
    strong = found(-0.1, money=-6.0, strength=robustness_value(0.08, 0.2, 4.0) / STEERED)  # what both had to stand against
    barely = without_luck(plain, strong, "B", 0.0, 0.0)
    assert barely.money is not None
    assert barely.money.estimate / -6.0 == pytest.approx(barely.estimate / -0.1)
    assert abs(barely.estimate) < 0.09
    small = without_luck(effect(-0.1), found(-0.1), "C", -0.07, 0.0)  # a fiftieth of all, more of what is left after costs
    assert abs(small.estimate) > 0.95 * 0.1
    assert is_told(effect(-0.1), small, -0.07, 0.0)
    assert not is_told(effect(-0.1), small, 0.0, 0.0)


def test_it_is_smooth_and_never_adds() -> None:
    margins = np.linspace(0, 9, 91)
    told = np.array([likely(2.0, 0.4, margin, 0.0, 0.5) for margin in margins])
    assert (np.diff(told) >= -1e-9).all()
    assert told.max() <= 2.0
    assert np.abs(np.diff(told)).max() < 0.4  # no cliff: a tenth of an error more never adds an error
    assert too_much(0.0) == math.inf


def test_a_card_that_passed_by_little_says_so_and_one_that_passed_by_far_does_not() -> None:
    """By lot: the middle of the range is what was measured."""
    generator = np.random.default_rng(5)
    said = {}
    for gain in (0.06, 0.3):
        frame = table(5, 1200)[0]
        had = generator.random(1200) < 0.5
        lost = generator.random(1200) < 0.5 - gain * had
        frame = frame.assign(offer=np.where(had, "new", "old"), y=np.where(lost, "yes", "no"))
        (card,) = find_actions(frame, "y", "no", [Lever("offer", ("new",))], options=Options(value=100.0)).cards
        middle = (card.low + card.high) / 2
        said[gain] = JUST_PASSED in card.overturn or "tells less" in card.overturn
        assert (abs(card.adjusted) < 0.95 * abs(middle)) == said[gain]
        told = re.search(r" Measured: ([\d.]+) points less\. The card", card.overturn)
        assert (told is not None) == said[gain]
        assert told is None or 0.01 * float(told[1]) > 1.05 * abs(card.adjusted)
        assert card.then == pytest.approx(card.now + card.adjusted)
        assert card.net_value == pytest.approx(card.rows * 100 * -card.adjusted)
    assert said == {0.06: True, 0.3: False}


def test_what_was_measured_by_lot_is_told_as_measured() -> None:
    generator = np.random.default_rng(8)
    frame = table(5, 2400)[0]
    had = generator.random(2400) < 0.5
    lost = generator.random(2400) < 0.5 - 0.06 * had
    frame = frame.assign(offer=np.where(had, "new", "old"), y=np.where(lost, "yes", "no"))
    told = {}
    for roles in (Roles(), Roles(experiment="offer")):
        (card,) = find_actions(frame, "y", "no", [Lever("offer", ("new",))], roles, Options(value=100.0)).cards
        told[card.grade] = "less than was measured" in card.overturn, abs(card.adjusted) < 0.98 * abs(card.low + card.high) / 2
    assert told == {"B": (True, True), "A": (False, False)}
