"""The interval of a share of rows."""

from __future__ import annotations

import math


def wilson(hits: float, rows: float) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): never outside 0 and 1, never without width. `rows` that go together may
    be worth fewer, and no whole number of them."""
    if rows < 1:
        return 0.0, 1.0
    z = 1.959964
    share = hits / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, middle - reach), min(1.0, middle + reach)
