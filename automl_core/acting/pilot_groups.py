"""Rows that go together in a pilot: by how much more of them are needed, and how many groups.

Rows of one group are alike, so a pilot that deals whole groups needs 1 + (m - 1) * ICC times the rows of one that deals single
rows (Donner and Klar 2000, chapter 5; with groups of unequal size m is the mean weighted by size). With few groups the spread
between them is itself hardly known, which the degrees of freedom of Welch and Satterthwaite take into account.

A mean lies nearer to the groups that pull it most, the large ones, so their squared distances from it are corrected by as much as
they are too small (Bell and McCaffrey 2002, with groups whose rows are all alike as the model: corrected as for rows that are not
alike, with the freedom of groups of one size, intervals beside one large house held the truth in 85 to 86 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.profit_draws import by_lot
from automl_core.framing.dependent import design, likeness, rows_of_group

Floats = NDArray[np.float64]
STRATA = 10
LEAST_SIDE = 4  # units of each side in a stratum
FEWEST_GROUPS = 6  # on each side: with fewer, what sets two groups apart passes for an effect
LEAST_GROUPS = 8  # drawn on each side where there are so many: a fifth may be lost


@dataclass(frozen=True, slots=True)
class Together:
    """Rows that go to one side as whole groups: how many `groups` of the `column`, the mean `rows` of one, and the `design`
    effect: how many times the rows of a pilot of single rows are needed."""

    column: str
    groups: int
    rows: float
    design: float


def rows_together(
    column: str, codes: NDArray[np.int64], values: Floats, alike: float | None = None
) -> Together | None:
    """The groups `codes` (n,) of rows with the outcomes `values` (n, NaN when unknown); None when every row stands alone.
    `alike` is their intraclass correlation where other rows tell it."""
    codes = np.unique(codes, return_inverse=True)[1]
    groups = int(codes.max(initial=-1)) + 1
    if groups == len(codes):
        return None
    alike = likeness(values, codes) if alike is None else alike
    return Together(column, groups, len(codes) / groups, design(alike, rows_of_group(codes)))


def told_by_strata(values: Floats, risk: Floats, parts: int) -> float:
    """The share of the variance of outcomes `values` (n,) between so many parts of equal size by `risk` (n,), 0 to 1: what a
    draw inside such strata takes out of the error of its comparison. Rows of one risk are parted by chance, as the draw parts
    them: their order in the file may be that of the outcomes."""
    rows = len(values)
    if rows <= parts or parts < 2:
        return 0.0
    codes = np.empty(rows, dtype=np.int64)
    codes[np.lexsort((by_lot(rows), risk))] = np.arange(rows) * parts // rows
    means = np.bincount(codes, values) / np.bincount(codes)
    whole = float(values.var(ddof=1))
    within = float(((values - means[codes]) ** 2).sum()) / (rows - parts)
    return min(max(1 - within / whole, 0.0), 0.99) if whole > 0 else 0.0


def strata_of(side: float) -> int:
    """Strata of a draw whose smaller side has so many units: ten, or fewer so that each side of each has four."""
    return max(1, min(STRATA, int(side) // LEAST_SIDE))


def freedom(variances: tuple[float, float], units: tuple[float, float], strata: int) -> float:
    """Degrees of freedom of a difference of two sides by the variance of each side's mean and its units (Satterthwaite 1946)."""
    rest = sum(variance**2 / max(1.0, side - strata) for variance, side in zip(variances, units, strict=True))
    return sum(variances) ** 2 / rest if rest > 0 else max(1.0, sum(units) - 2 * strata)


def correction(pull: Floats) -> Floats:
    """What the squared distances of groups (g,) from their mean are too small by, where each is the share `pull` of it: as large
    as for rows that are all alike within a group, or not alike at all, whichever is more. 1 for a group that is all of it."""
    left = 1 - 2 * pull + np.minimum(pull, (pull**2).sum())
    return np.asarray(1 / np.where(left > 1e-12, left, 1.0), dtype=np.float64)


def model_freedom(means: list[tuple[float, Floats]]) -> float:
    """Degrees of freedom of the corrected variance of a sum of means, each given by what it counts and by its groups' shares of
    it (g,), were rows of a group all alike (Bell and McCaffrey 2002): groups less means where all are of one size, else fewer."""
    expected, spread = 0.0, 0.0
    for counts, pull in means:
        own, squares = correction(pull), pull**2
        whole = squares.sum()  # the variance of the mean where that of a group is 1
        expected += counts**2 * float((own * squares * (1 - 2 * pull + whole)).sum())
        shared, back = own * pull, float((own * squares).sum())
        cross = float((squares * shared).sum())
        part = (squares**2 * own * (own + 2 * (back - 2 * shared))).sum() + (back * whole) ** 2 - 4 * back * whole * cross
        spread += counts**4 * float(part + 2 * whole * (squares * shared**2).sum() + 2 * cross**2)
    return expected**2 / spread if spread > 0 else 1.0


def design_freedom(treated: float, held: float, together: Together | None) -> float:
    """The same before the outcomes are known, for sides of so many rows; infinite when rows stand alone."""
    if together is None or min(treated, held) < 1:
        return math.inf
    units = max(1.0, treated / together.rows), max(1.0, held / together.rows)
    return freedom((1 / units[0], 1 / units[1]), units, strata_of(min(units)))
