"""The unit a number is learned in where its own does not suit libraries of 32 bits and fixed thresholds.

Of 1,000,000,003.2 they keep no digit after the point, and a spread of a billionth they take for none. What they learned is
turned back before anybody sees it; targets that fit are learned as they are, to the bit.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.family import FitRequest, Stages
from automl_core.search.feature import Array

FAR = 1e4  # spreads from nought, from where on 32 bits keep too few digits of what lies between
LEAST, MOST = 1e-3, 1e12  # of spreads that all libraries tell from nothing, and whose squares they add up
NOISE = 1e-14  # of the middle: a spread that is the rounding of one number


@dataclass(frozen=True, slots=True)
class Unit:
    """Numbers are learned as (y - middle) / spread; the usual unit changes nothing."""

    middle: float = 0.0
    spread: float = 1.0

    @property
    def usual(self) -> bool:
        """Whether numbers are learned as they are."""
        return self == USUAL

    def into(self, y: Array) -> Array:
        """The numbers in this unit."""
        return y if self.usual else (y - self.middle) / self.spread

    def back(self, raw: Array) -> Array:
        """Numbers in this unit as what they are."""
        return raw if self.usual else self.middle + self.spread * raw

    def stages(self, stages: Stages | None) -> Stages | None:
        """Predictions along the way as what they are, in 64 bits where 32 keep too few digits."""
        if stages is None or self.usual:
            return stages
        return replace(stages, predictions=self.back(stages.predictions.astype(np.float64)))

    def contributions(self, phi: Array, base: float) -> tuple[Array, float]:
        """What columns (n, p) add to a base, both in this unit, as what they are: parts have no middle."""
        return self.spread * phi, self.middle + self.spread * base

    @property
    def stored(self) -> list[float]:
        """What is kept of it with a model: nothing of the usual unit."""
        return [] if self.usual else [self.middle, self.spread]


USUAL = Unit()


def unit_stored(found: Sequence[float]) -> Unit:
    """The unit of which `Unit.stored` was kept; models of before kept none."""
    return Unit(*found)


def unit_of(y: Array) -> Unit:
    """The unit that suits these numbers: the usual one but for a middle far from nought, or a spread far from one. Its spread is
    a power of two, so that nothing is rounded where the middle stays."""
    if not len(y):
        return USUAL
    middle, spread = float(np.median(y)), float(np.std(y))
    if not np.isfinite(spread) or spread <= NOISE * abs(middle):
        return USUAL
    far = is_far(middle, spread)
    return Unit(middle if far else 0.0, 2.0 ** round(math.log2(spread))) if far or not LEAST <= spread <= MOST else USUAL


def is_far(middle: float, spread: float) -> bool:
    """Whether numbers lie so far from nought, for how far they lie apart, that their size says nothing more of them."""
    return abs(middle) > FAR * spread


def in_unit(request: FitRequest) -> tuple[FitRequest, Unit]:
    """The request with its numbers in the unit that suits them, and that unit; classes have none."""
    unit = unit_of(request.y) if request.task == "regression" else USUAL
    if unit.usual:
        return request, unit
    own = replace(request, y=unit.into(request.y), valid_y=None if request.valid_y is None else unit.into(request.valid_y))
    request.let_go()  # the other has the matrix
    return own, unit


def staged(predictions: Any, task: str, y: Array) -> NDArray[Any]:
    """Predictions along the way as they are kept: in 32 bits, where those hold them."""
    return np.asarray(predictions).astype(np.float32 if task != "regression" or unit_of(y).usual else np.float64)
