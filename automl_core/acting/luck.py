"""What is taken off an estimate because only what passes is shown, and chance favours what passes (the winner's curse).

A card tells the middle between what was measured and what is likeliest given that it passed, by the likelihood of a normal
number that is cut off from below (Zhong and Prentice 2008; Ghosh, Zou and Wright 2008), and no less than the weak end of its
plain range. What passes by far stays as it is, and so do ranges. That five parts of the rows must agree is not counted: with it,
what is truly three errors was told a sixth too small, without it a fourteenth too large.
"""

from __future__ import annotations

import math
from dataclasses import replace

from automl_core.acting.action import Grade
from automl_core.acting.effects import Effect, estimate_of
from automl_core.acting.grading import LEVEL, STEERED, Evidence

BY_NOTHING = 0.05  # errors; from here down the likeliest value runs off to minus infinity
FAR = 8.0  # errors beyond which having passed tells nothing
LUCK_TOLD = 0.05  # of what is left after costs: what is worth a word


def without_luck(told: Effect, found: Evidence, letter: Grade, stop: float, cost: float) -> Effect:
    """The effect, and its money, without what chance is likely to have added. `told` has the ranges that are shown, `found` the
    plain ones; the effect pays from `stop` on, its money from `cost` on. A pattern (D) passed nothing, and where chance decided
    who got the change its effect is told as measured."""
    plain, priced = found.effect, told.money
    if letter == "D" or found.randomised:
        return told
    weak, passed = _weak(plain.low, plain.high), [_by_chance(found)]
    if letter == "B" and found.benchmark is not None:
        needed = estimate_of(min(STEERED * found.benchmark.strength, 1.0), plain.residual, plain.weight)
        passed.append(_errors(weak - needed, plain.error))
    if priced is None or plain.money is None:
        margin = min(*passed, _errors(weak - abs(stop), plain.error))
        return replace(told, estimate=likely(told.estimate, plain.error, margin, abs(stop), weak))
    least = _weak(plain.money.low, plain.money.high)
    margin = min(*passed, _errors(least - abs(cost), priced.error))
    priced = priced._replace(estimate=likely(priced.estimate, priced.error, margin, abs(cost), least))
    return replace(told, estimate=likely(told.estimate, plain.error, min(passed), 0.0, weak), money=priced)


def is_told(measured: Effect, told: Effect, stop: float, cost: float) -> bool:
    """Whether what was taken off is worth a word: of the effect beyond `stop`, where it begins to pay, or of its money."""
    def much(before: float, after: float, least: float) -> bool:
        return abs(before - after) > LUCK_TOLD * (abs(before) - abs(least))

    if measured.money is not None and told.money is not None and much(measured.money.estimate, told.money.estimate, cost):
        return True
    return much(measured.estimate, told.estimate, stop)


def likely(measured: float, error: float, margin: float, floor: float, weak: float) -> float:
    """The middle between what was measured and what is likeliest given that it passed by so many errors, which is no less than
    the `floor` from which it pays; in size never below the `weak` end of its plain range."""
    if margin >= FAR:
        return measured
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


def _by_chance(found: Evidence) -> float:
    """By how many errors it differs from nothing beyond what had to be, after correction for all that was tried: that divides the
    level, and does not take away from what was seen. Of a group p is that of its proof: what just passed that was favoured."""
    from scipy.special import ndtri

    seen = found.effect.p
    if seen <= 0 or found.p <= 0:
        return math.inf
    return float(ndtri(min(LEVEL * seen / found.p, LEVEL) / 2) - ndtri(seen / 2))


def _errors(beyond: float, error: float) -> float:
    return max(0.0, beyond / error) if error > 0 else math.inf


def _weak(low: float, high: float) -> float:
    return 0.0 if low * high <= 0 else min(abs(low), abs(high))
