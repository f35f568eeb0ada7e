"""The interval of a share of rows, and how many standard errors 95 % reach."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z = 1.959964  # of 95 %, in the figures of cards and explanations; scores of a search go by more digits (`score_interval.Z95`)


def wilson(share: float, rows: float) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): never outside 0 and 1, never without width. `rows` that go together may
    be worth fewer, and no whole number of them; less than one tells nothing."""
    low, high = wilson_ends(share, rows)
    return float(low), float(high)


def wilson_ends(share: Any, rows: float, z: float = Z) -> tuple[Floats, Floats]:
    """The same of a share, or of an array of them, that reaches `z` standard errors."""
    if rows < 1:
        return np.zeros_like(share, dtype=np.float64), np.ones_like(share, dtype=np.float64)
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * np.sqrt(np.maximum(share * (1 - share), 0) / rows + z * z / (4 * rows * rows))
    # rounding may not put the share itself outside
    return np.minimum(np.maximum(0.0, middle - reach), share), np.maximum(np.minimum(1.0, middle + reach), share)
