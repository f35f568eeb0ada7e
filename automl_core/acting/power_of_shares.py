"""The chance that two shares are seen to differ, counted over the outcomes that may come: few of them follow no normal curve.

By the rule of `compare_sides`: a side without an event brings no variance, so the small side of a pilot with a rare outcome
must show more than the normal formula says, and where it has the larger share it shows it more often. So it is with groups of
rows, too, while a side has few rows with the rarer outcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.pilot_groups import Together, design_freedom, strata_of
from automl_core.acting.rates import FEW, error_of_both, newcombe, reach_of
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
MOST_COUNTS = 100  # of each side: where more may come, neighbours are taken together
RARE = 15.0  # rows with the rarer outcome that one side has to have, on average, for the normal curve to do


def few_expected(shares: tuple[float, float], rows: tuple[float, float]) -> bool:
    """Whether the normal formula is not to be trusted: a side has few rows with the rarer outcome, or the sides are unequal."""
    rare = min(min(share, 1 - share) * size for share, size in zip(shares, rows, strict=True))
    return rare < RARE or abs(rows[0] - rows[1]) > 0.02 * sum(rows)


def chance_counted(shares: tuple[float, float], rows: tuple[float, float], together: Together | None = None) -> float:
    """The chance that a comparison of so many rows, treated and held, shows that their shares differ, and which of them is the
    larger. Rows that go together count as so many fewer that stand alone, and as surely as their groups tell the error."""
    design = 1.0 if together is None else together.design
    sizes = round(max(2.0, rows[0] / design)), round(max(2.0, rows[1] / design))
    units = sizes if together is None else (rows[0] / together.rows, rows[1] / together.rows)
    (first, often), (second, seldom) = (_counts(size, share) for size, share in zip(sizes, shares, strict=True))
    a, b = first[:, None] / sizes[0], second[None, :] / sizes[1]
    seen = _own(a, b, sizes, units)
    reach = reach_of(design_freedom(rows[0], rows[1], together))
    fewest = np.minimum(*(np.minimum(share, 1 - share) * size for share, size in zip((a, b), rows, strict=True)))
    seen &= _both(a, b, sizes, reach) | (together is not None and fewest >= FEW)
    return float((often[:, None] * seldom[None, :])[seen & ((a > b) == (shares[0] > shares[1]))].sum())


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


def _own(first: Floats, second: Floats, sizes: tuple[int, int], units: tuple[float, float]) -> NDArray[np.bool_]:
    """Whether shares (a, 1) and (1, b) are told apart by the error of each side, as so many units that stand alone tell it."""
    parts = strata_of(min(units))
    own = [share * (1 - share) / max(size - 1, 1) for share, size in zip((first, second), sizes, strict=True)]
    rest = sum(one**2 / max(1.0, unit - parts) for one, unit in zip(own, units, strict=True))
    freedom = np.maximum(1.0, (own[0] + own[1]) ** 2 / np.maximum(rest, 1e-300))
    return np.asarray(np.abs(first - second) > _student(freedom) * np.sqrt(own[0] + own[1]), dtype=bool)


def _both(first: Floats, second: Floats, sizes: tuple[int, int], reach: float) -> NDArray[np.bool_]:
    """Whether they are by the error of both sides together, which 95 % reach so many of, and by Newcombe's range."""
    gap, rows = np.abs(first - second), (float(sizes[0]), float(sizes[1]))
    down, up = newcombe(first, second, rows, reach)
    wide = gap > np.where(first > second, down, up)
    return np.asarray(wide & (gap > reach * error_of_both(first, second, rows)), dtype=bool)


def _student(freedom: Floats) -> Floats:
    """How many errors 95 % reach (Fisher's series for Student's t, which is near enough from five degrees of freedom)."""
    free = np.maximum(freedom, 3.0)
    return np.asarray(Z + (Z**3 + Z) / (4 * free) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * free**2), dtype=np.float64)
