"""Intervals around predicted numbers: how far the truth lay from predictions of about this size, on rows not seen.

Split-conformal with bins of the prediction (Mondrian; Vovk et al. 2005; Bostrom and Johansson 2020): where errors grow with the
number, the interval grows with it, and in each bin it holds as often as it says. No end lies where no outcome can: cut off there,
an interval holds the same outcomes.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.search.feature import Array

COVERAGE = 0.9
ROWS_A_BIN = 150
MOST_BINS = 10
LEAST_ROWS = 60  # where one row in twenty is below nought, a third of tables of 20 rows show none, and one in twenty of 60
WHOLES = (1.0, 100.0)  # what shares are parts of
CLEAR = 0.05  # of rows that have the whole: a count that came to a hundred twice is no share


@dataclass(frozen=True, slots=True)
class Bands:
    """For each bin of the prediction, what is added to it for the lower and for the upper end.

    `edges` (b - 1,) are the bins' inner limits, rising; `below` and `above` are (b,). Ends are no lower than `least` and no
    higher than `most` (None: wherever they come to lie, as in all models of before these were noted). Of a prediction that lies
    beyond they are around where it would have to be: around itself they could both be cut off to the same number.
    """

    edges: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    least: float | None = None
    most: float | None = None

    def around(self, prediction: Array) -> tuple[Array, Array]:
        """The lower and the upper ends (n,) of the 90 % intervals."""
        bins, (least, most) = np.searchsorted(np.array(self.edges), prediction, side="right"), self._limits()
        near = np.clip(prediction, least, most)
        return np.clip(near + np.array(self.below)[bins], least, most), np.clip(near + np.array(self.above)[bins], least, most)

    def around_one(self, prediction: float) -> tuple[float, float]:
        """The same for one number."""
        place, (least, most) = sum(edge <= prediction for edge in self.edges), self._limits()
        near = min(max(prediction, least), most)  # what is no number stays none: comparisons with it fail
        low, high = near + self.below[place], near + self.above[place]
        return min(max(low, least), most), min(max(high, least), most)

    def _limits(self) -> tuple[float, float]:
        return -math.inf if self.least is None else self.least, math.inf if self.most is None else self.most


def bounded(bands: Bands, y: Array) -> Bands:
    """The bands within what outcomes like these (n,) can be: not below 0 where none is negative, and where they are shares from
    nothing to the whole (of 1 or 100, each of the two more than once) not above that. Whole numbers are shares where a clear part
    of the rows has the hundred; whether nothing but 0 and 1 is a count of what is seldom they do not tell. A prediction that lies
    beyond is left as it is, outside its interval."""
    if len(y) < LEAST_ROWS or not float(y.min()) >= 0.0:
        return bands
    top = float(y.max())
    full = int(np.count_nonzero(y == top))
    shares = top in WHOLES and min(int(np.count_nonzero(y == 0.0)), full) > 1
    if shares and (y == np.floor(y)).all():
        shares = top > 1.0 and full >= CLEAR * len(y)
    return replace(bands, least=0.0, most=top if shares else None)


def fit_bands(y: Array, prediction: Array, weights: Array | None = None) -> Bands:
    """Bands from outcomes (n,), out-of-fold predictions (n,) and weights (n,) of the same rows.

    Each side misses a twentieth, so a lopsided error gets a lopsided interval, which always holds the prediction itself, also
    one of an outer quantile. On fewer than 20 rows the widest error counts.
    """
    bins = int(np.clip(len(y) // ROWS_A_BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(prediction, np.arange(1, bins) / bins)) if bins > 1 else np.zeros(0)
    place = np.searchsorted(edges, prediction, side="right")
    below, above = [], []
    for number in range(len(edges) + 1):
        inside = place == number if (place == number).any() else np.ones(len(y), dtype=bool)
        errors = (y - prediction)[inside]
        share = min(1.0, (0.5 + COVERAGE / 2) * (1 + 1 / len(errors)))
        above.append(max(0.0, _quantile(errors, share, weights, inside)))
        below.append(min(0.0, -_quantile(-errors, share, weights, inside)))
    return Bands(tuple(edges.tolist()), tuple(below), tuple(above))


def _quantile(errors: Array, share: float, weights: Array | None, inside: NDArray[np.bool_]) -> float:
    """The smallest error that at least `share` of the rows (by weight) do not exceed."""
    if weights is None:
        return float(np.quantile(errors, share, method="higher"))
    return float(np.quantile(errors, share, method="inverted_cdf", weights=weights[inside]))
