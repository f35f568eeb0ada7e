"""Learning the logarithm of a number, and back.

The exponential of a mean of logarithms is less than the mean: predictions are scaled by the factor that fits outcomes best (after
Duan 1983), learned from rows that the model had not seen.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.feature import Array
from automl_core.search.unit import is_far, unit_of

OPTION = "target"
LOG = "log"
MIN_SKEW = 1.0
MOST = 700.0  # the exponential of more is no number


def is_log(options: Mapping[str, Any]) -> bool:
    """Whether a candidate with these options learns logarithms."""
    return options.get(OPTION) == LOG


def family_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are the family's own."""
    return {name: value for name, value in options.items() if name != OPTION}


def to_log(y: Array) -> Array:
    """log(1 + y) of numbers that are not negative."""
    return np.log1p(y)


def from_log(prediction: Array) -> Array:
    """The numbers whose logarithms were predicted, none below 0."""
    out: Array = np.maximum(np.expm1(np.minimum(prediction, MOST)), 0.0)
    return out


def best_scale(y: Array, prediction: Array) -> float:
    """The factor (least squares, between 0.5 and 2) that predictions are multiplied by."""
    square = float(np.square(prediction).sum())
    return float(np.clip(float((y * prediction).sum()) / square, 0.5, 2.0)) if np.isfinite(square) and square > 0 else 1.0


def pays(y: Array) -> bool:
    """Whether a logarithm is worth a try: no number below 0, a long tail above that the logarithm shortens. It shortens none
    far from nought.

    The logarithm of 1 + y hardly bends where all numbers are far below 1: there it is to shorten the tail by half of what it
    would in a unit that suits them.
    """
    if len(y) < 20 or float(y.min()) < 0 or is_far(float(np.median(y)), float(np.std(y))):
        return False
    plain, bent = _skew(y), abs(_skew(to_log(y)))
    if plain <= MIN_SKEW or bent >= plain:
        return False
    middle = float(np.median(y[y > 0]))
    return middle >= 1 or plain - bent >= 0.5 * (plain - abs(_skew(to_log(y / middle))))


def to_code(y: Array, rows: NDArray[np.int64]) -> Array:
    """What codes of a number are learned from, which are kept in 32 bits: logarithms where these rows say that they pay, else the
    number in the unit that suits it."""
    return to_log(y) if pays(y[rows]) else unit_of(y[rows]).into(y)


def _skew(values: Array) -> float:
    spread = float(np.std(values))
    return float(np.mean(((values - values.mean()) / spread) ** 3)) if spread > 0 else 0.0
