"""What a step makes of numbers, and whether they stay within limits: one answer for all who measure or carry out a move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DIGITS = 14  # of the sixteen that a number has: the last ones are what arithmetic in decimals loses
MOST_DECIMALS = 22  # larger powers of ten are not exact


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
    return out
