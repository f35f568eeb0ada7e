"""What a card promises less than was measured: only what passes is shown, and chance favours what passes (the winner's curse).

It is the middle between what was measured and what is likeliest given that it passed, by the likelihood of a normal number that
is cut off from below (Zhong and Prentice 2008; Ghosh, Zou and Wright 2008). What passes by far stays as it is, and so do ranges.
"""

from __future__ import annotations

import math
from dataclasses import replace

from automl_core.acting.action import Grade
from automl_core.acting.effects import Effect, estimate_of
from automl_core.acting.grading import LEVEL, STEERED, Evidence

BY_NOTHING = 0.05  # errors; from here down the likeliest value runs off to minus infinity
FAR = 8.0  # errors beyond which having passed tells nothing
LUCK_TOLD = 0.05  # of what was measured: what is worth a word


def without_luck(told: Effect, found: Evidence, letter: Grade, stop: float, cost: float) -> Effect:
    """The effect, and its money, without what chance is likely to have added. `told` has the ranges that are shown, `found` the
    plain ones; the effect pays from `stop` on, its money from `cost` on. A pattern (D) passed nothing and stays as it is."""
    margin = math.inf if letter == "D" else passed_by(found, letter, stop, cost)
    if margin >= FAR:
        return told
    plain, priced = found.effect, told.money
    if priced is not None:
        assert plain.money is not None
        weak = _weak(plain.money.low, plain.money.high)
        priced = priced._replace(estimate=likely(priced.estimate, priced.error, margin, abs(cost), weak))
    made = likely(told.estimate, told.error, margin, abs(stop), _weak(plain.low, plain.high))
    return replace(told, estimate=made, money=priced)


def passed_by(found: Evidence, letter: Grade, stop: float, cost: float) -> float:
    """By how many errors an estimate passed all that it had to: it differs from nothing after correction, is worth its cost, and
    as a B stands against a strong hidden factor."""
    from scipy.special import ndtri

    effect = found.effect
    if effect.error <= 0:
        return math.inf
    weak = _weak(effect.low, effect.high)
    passed = [float(ndtri(LEVEL / 2) - ndtri(found.p / 2)), (weak - abs(stop)) / effect.error]
    if effect.money is not None and effect.money.error > 0:
        passed[1] = (_weak(effect.money.low, effect.money.high) - abs(cost)) / effect.money.error
    if letter == "B" and found.benchmark is not None:
        needed = estimate_of(min(STEERED * found.benchmark.strength, 1.0), effect.residual, effect.weight)
        passed.append((weak - needed) / effect.error)
    return max(0.0, min(passed))


def likely(measured: float, error: float, margin: float, floor: float, weak: float) -> float:
    """The middle between what was measured and what is likeliest given that it passed by so many errors, which is no less than
    the `floor` from which it pays; in size never below the `weak` end of its plain range."""
    size = abs(measured)
    likeliest = max(size - error * too_much(margin), floor)
    return math.copysign(min(size, max((size + likeliest) / 2, weak)), measured)


def too_much(margin: float) -> float:
    """By how many errors a number that is shown from a bound on is above the likeliest truth, when it passed by so many."""
    from scipy.optimize import brentq
    from scipy.special import log_ndtr

    if margin <= BY_NOTHING:
        return math.inf

    def shown(truth: float) -> float:
        """How far above the bound a shown number is in the mean, less the margin."""
        return truth + math.exp(-truth * truth / 2 - math.log(2 * math.pi) / 2 - float(log_ndtr(truth))) - margin

    return margin - float(brentq(shown, -2 / BY_NOTHING, margin))


def _weak(low: float, high: float) -> float:
    return 0.0 if low * high <= 0 else min(abs(low), abs(high))
