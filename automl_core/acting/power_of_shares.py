"""The chance that two shares are seen to differ, counted over the outcomes that may come: few of them follow no normal curve.

By the rule of `compare_sides`: a side without an event brings no variance, so the small side of a pilot with a rare outcome
must show more than the normal formula says, and where it has the larger share it shows it more often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.pilot_groups import strata_of
from automl_core.acting.rates import Z, error_of_both, newcombe

Floats = NDArray[np.float64]
MOST_COUNTS = 100  # of each side: where more may come, neighbours are taken together
RARE = 15.0  # rows with the rarer outcome that one side has to have, on average, for the normal curve to do


def few_expected(shares: tuple[float, float], rows: tuple[float, float]) -> bool:
    """Whether the normal formula is not to be trusted: a side has few rows with the rarer outcome, or the sides are unequal."""
    rare = min(min(share, 1 - share) * size for share, size in zip(shares, rows, strict=True))
    return rare < RARE or abs(rows[0] - rows[1]) > 0.02 * sum(rows)


def chance_counted(shares: tuple[float, float], rows: tuple[float, float]) -> float:
    """The chance that a comparison of so many rows that stand alone, treated and held, shows that their shares differ, and which
    of them is the larger."""
    sizes = round(max(2.0, rows[0])), round(max(2.0, rows[1]))
    (first, often), (second, seldom) = (_counts(size, share) for size, share in zip(sizes, shares, strict=True))
    seen = _seen(first[:, None] / sizes[0], second[None, :] / sizes[1], sizes)
    right = (first[:, None] / sizes[0] > second[None, :] / sizes[1]) == (shares[0] > shares[1])
    return float((often[:, None] * seldom[None, :])[seen & right].sum())


def _counts(size: int, share: float) -> tuple[Floats, Floats]:
    """How many rows may have the outcome, and the chance of each count."""
    from scipy.special import bdtr

    spread = 6 * np.sqrt(size * share * (1 - share)) + 6
    least, most = max(0, int(size * share - spread)), min(size, int(size * share + spread) + 1)
    step = -(-(most - least + 1) // MOST_COUNTS)
    ends = np.minimum(np.arange(least, most + step, step) + step - 1, size).astype(np.float64)
    ends = np.unique(ends)
    starts = np.concatenate([[float(least)], ends[:-1] + 1])
    return (starts + ends) / 2, np.diff(bdtr(ends, size, share), prepend=bdtr(least - 1.0, size, share) if least else 0.0)


def _seen(first: Floats, second: Floats, sizes: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether shares (a, 1) and (1, b) are told apart: by the error of each side, by that of both together, and by Newcombe's
    range."""
    parts = strata_of(min(sizes))
    gap = np.abs(first - second)
    own = [share * (1 - share) / max(size - 1, 1) for share, size in zip((first, second), sizes, strict=True)]
    rest = sum(one**2 / max(1, size - parts) for one, size in zip(own, sizes, strict=True))
    freedom = np.maximum(1.0, (own[0] + own[1]) ** 2 / np.maximum(rest, 1e-300))
    down, up = newcombe(first, second, (float(sizes[0]), float(sizes[1])))
    wide = gap > np.where(first > second, down, up)
    tested = gap > Z * error_of_both(first, second, (float(sizes[0]), float(sizes[1])))
    return np.asarray(wide & tested & (gap > _student(freedom) * np.sqrt(own[0] + own[1])), dtype=bool)


def _student(freedom: Floats) -> Floats:
    """How many errors 95 % reach (Fisher's series for Student's t, which is near enough from five degrees of freedom)."""
    free = np.maximum(freedom, 3.0)
    return np.asarray(Z + (Z**3 + Z) / (4 * free) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * free**2), dtype=np.float64)
