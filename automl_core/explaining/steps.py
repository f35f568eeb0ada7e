"""What a step makes of numbers, and whether they stay within limits: one answer for all who try, measure or carry out a move."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DIGITS = 14  # of the sixteen that a number has: the last ones are what arithmetic in decimals loses
MOST_DECIMALS = 22  # larger powers of ten are not exact
FIRST_STEPS = 5  # of one row: tried and told of wherever they end
MOST_STEPS = 40  # of one row


class Stepping(Protocol):
    """A lever that moves a number by a `step` (a share of the number when `relative`), the way of its sign unless `direction`,
    "up" or "down", says another."""

    @property
    def step(self) -> float: ...
    @property
    def relative(self) -> bool: ...
    @property
    def direction(self) -> str: ...


def steps_from(lever: Stepping, here: float, near: Floats, most: int = MOST_STEPS) -> Floats:
    """(k,) what one, two and up to `most` steps of a lever make of the number `here`: the first five wherever they end, more
    while similar rows, whose numbers are `near` (m,), reach as far. None where a step would go nowhere, or is a share of a number
    below zero, which would go the other way."""
    size = abs(lever.step * here) if lever.relative else abs(lever.step)
    if size == 0 or (lever.relative and here < 0):
        return np.array([])
    side = {"up": 1.0, "down": -1.0}.get(lever.direction, math.copysign(1.0, lever.step))
    counts = np.arange(1, most + 1, dtype=np.float64)
    after = stepped(np.full(most, here, dtype=np.float64), side * size * counts)
    known = near[np.isfinite(near)]
    last = float(np.max(side * known)) if len(known) else side * here
    return np.asarray(after[(counts <= FIRST_STEPS) | (side * after <= last)], dtype=np.float64)


def stepped(dose: Floats, step: Floats | float) -> Floats:
    """(n,) the numbers after a `step` of each, or one for all, as a person would write them: 0.2 and 0.1 make 0.3, not
    0.30000000000000004, and a tenth more than 100 is 110. NaN stays NaN."""
    raw = np.asarray(dose + step, dtype=np.float64)
    return _cut(raw, np.maximum(np.abs(dose), np.abs(raw)))


def neat(values: Floats) -> Floats:
    """(n,) the numbers without what arithmetic in decimals lost of them."""
    return _cut(values, np.abs(values))


def kept_within(after: Floats, low: float, high: float) -> NDArray[np.bool_]:
    """(n,) whether numbers that a step made are neither below `low` nor above `high` (NaN: no limit there)."""
    least, most = neat(np.array([low, high], dtype=np.float64))
    return np.asarray(~(after < least) & ~(after > most), dtype=bool)


def _cut(raw: Floats, scale: Floats) -> Floats:
    """Numbers rounded to 14 digits of their `scale`; whole ones, and those below a billionth, stay as they are."""
    known = np.isfinite(raw) & np.isfinite(scale) & (scale > 0) & (raw != np.rint(raw))
    out = raw.astype(np.float64)
    decimals = DIGITS - 1 - np.floor(np.log10(scale, where=known, out=np.zeros_like(out)))
    known &= (decimals >= 0) & (decimals <= MOST_DECIMALS)
    unit = np.array([float(f"1e{power}") for power in range(MOST_DECIMALS + 1)])[np.where(known, decimals, 0).astype(np.int64)]
    np.divide(np.rint(raw * unit, where=known, out=np.zeros_like(out)), unit, where=known, out=out)
    return np.asarray(out + 0.0, dtype=np.float64)  # −0 is 0
