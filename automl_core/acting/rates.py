"""What the difference of two shares, or of two means, tells where few rows differ.

A side on which nobody has the outcome, or everybody, brings no variance of its own, and one with a handful hardly any. Its error
is that of both sides taken together, and its range at least that of Newcombe (1998, method 10), which has a width there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.shares import Z, wilson_ends

Floats = NDArray[np.float64]
FEW = 10  # rows unlike the others of their side: with fewer, the variance that they show is too small by chance too often


@dataclass(frozen=True, slots=True)
class Range:
    """A difference with its 95 % interval and two-sided p."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Two shares, how many rows that stand alone each of them is worth, and the degrees of freedom of their errors."""

    first: float
    second: float
    rows: tuple[float, float]
    freedom: float = math.inf


def newcombe(first: Any, second: Any, rows: tuple[float, float], z: float = Z) -> tuple[Floats, Floats]:
    """How far below and above the difference of two shares (numbers, or arrays of them) its range reaches (Newcombe 1998, method
    10), by default that of 95 %."""
    (low, high), (least, most) = wilson_ends(first, rows[0], z), wilson_ends(second, rows[1], z)
    down, up = np.hypot(first - low, most - second), np.hypot(high - first, second - least)
    return np.asarray(down, dtype=np.float64), np.asarray(up, dtype=np.float64)


def error_of_both(first: Any, second: Any, rows: tuple[float, float]) -> Floats:
    """The error of the difference of two shares if both sides had the share that they have together."""
    whole = (first * rows[0] + second * rows[1]) / (rows[0] + rows[1])
    return np.asarray(np.sqrt(np.maximum(whole * (1 - whole), 0) * (1 / rows[0] + 1 / rows[1])), dtype=np.float64)


def unlike(values: Floats) -> int:
    """How many values are not the commonest one: rows with the rarer outcome of two, or customers who bought anything."""
    return len(values) - int(np.unique(values, return_counts=True)[1].max(initial=0))


def reach_of(freedom: float) -> float:
    """How many standard errors 95 % reach."""
    from scipy.special import stdtrit

    return Z if math.isinf(freedom) else float(stdtrit(freedom, 0.975))


def chance_beyond(errors: float, freedom: float) -> float:
    """The chance of a difference of so many standard errors or more, to either side."""
    from scipy.special import ndtr, stdtr

    return float(2 * (ndtr(-abs(errors)) if math.isinf(freedom) else stdtr(freedom, -abs(errors))))


def tested_by(told: Range, error: float, freedom: float) -> Range:
    """A range whose p is no smaller than by an error that a test holds it against: the end towards zero follows."""
    reach = reach_of(freedom) * error
    p = max(told.p, chance_beyond(told.value / error, freedom)) if error > 0 else told.p
    low = min(told.low, told.value - reach) if told.value > 0 else told.low
    high = max(told.high, told.value + reach) if told.value < 0 else told.high
    return Range(told.value, low, high, p)


def as_wide_as(told: Range, error: float, freedom: float = math.inf) -> Range:
    """A range no narrower at either end than by such an error, with a p no smaller."""
    reach, tested = reach_of(freedom) * error, tested_by(told, error, freedom)
    return Range(told.value, min(told.low, told.value - reach), max(told.high, told.value + reach), tested.p)


def no_surer(told: Range, shares: Shares) -> Range:
    """The range of a difference of shares (adjusted, perhaps), each end no nearer than Newcombe's of the raw `shares`, tested by
    the error of both sides together, too. It holds zero where p is 0.05 or more, and only there."""
    from scipy.optimize import brentq

    down, up = newcombe(shares.first, shares.second, shares.rows, reach_of(shares.freedom))
    p, far = told.p, 60.0

    def short(z: float) -> float:
        return float(newcombe(shares.first, shares.second, shares.rows, z)[0 if told.value > 0 else 1]) - abs(told.value)

    if short(far) > 0:  # else even a range of all that is sure leaves zero out
        p = max(p, chance_beyond(brentq(short, 1e-9, far), shares.freedom) if short(1e-9) < 0 else 1.0)
    wide = Range(told.value, min(told.low, told.value - float(down)), max(told.high, told.value + float(up)), p)
    return tested_by(wide, float(error_of_both(shares.first, shares.second, shares.rows)), shares.freedom)
