"""Features as columns of a design: standardised, softly clipped numbers and one-hot levels, for models that add and multiply."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automl_core.search.family import Array
from automl_core.search.feature import Feature

MAX_ONE_HOT = 40
SQUASH = 5.0
STRAIGHT = 2.0  # how many times the farthest value a straight number's width is: it is clipped by half a percent at most


@dataclass(frozen=True, slots=True)
class Scale:
    """How one feature becomes columns of the design.

    A number: z = (x - centre) / width, softly clipped at 5, then max(z - knot, 0) for each knot; a category: one column for
    each of `codes`. `gap` says that a further column marks missing values.
    """

    category: bool
    centre: float = 0.0
    width: float = 1.0
    knots: tuple[float, ...] = ()
    codes: tuple[int, ...] = ()
    gap: bool = False

    @property
    def columns(self) -> int:
        return (len(self.codes) if self.category else 1 + len(self.knots)) + self.gap


def learn_scale(values: Array, feature: Feature, bends: int = 0, straight: bool = False) -> Scale:
    """The scale of one feature from its values (n,); `bends` asks for so many knots at quantiles, `straight` for a width by which
    none of these values is clipped."""
    present = values[~np.isnan(values)]
    gap = len(present) < len(values)
    if feature.kind == "category":
        codes, counts = np.unique(present.astype(np.int64), return_counts=True)
        kept = codes[np.argsort(-counts, kind="stable")][:MAX_ONE_HOT]
        return Scale(True, codes=tuple(int(code) for code in sorted(kept)), gap=gap)
    if not len(present):
        return Scale(False, gap=gap)
    low, centre, high = (float(value) for value in np.quantile(present, (0.25, 0.5, 0.75)))
    width = (high - low) / 1.35 or float(np.std(present)) or 1.0
    if straight:
        width = max(width, STRAIGHT * float(np.abs(present - centre).max()))
    knots: tuple[float, ...] = ()
    if bends:
        z = squashed(present, centre, width)
        cuts = np.unique(np.quantile(z, np.linspace(0, 1, bends + 2)[1:-1]))
        knots = tuple(float(cut) for cut in cuts if z.min() < cut < z.max())
    return Scale(False, centre, width if math.isfinite(width) else 1.0, knots, gap=gap)


def squashed(values: Array, centre: Array | float, width: Array | float) -> Array:
    """Standardised numbers, softly clipped at 5."""
    z = (values - centre) / width
    out: Array = z / np.sqrt(1.0 + np.square(z / SQUASH))
    return out


def design_of(scales: tuple[Scale, ...], matrix: Array) -> Array:
    """(n, d) columns of all scales."""
    out = np.zeros((len(matrix), sum(scale.columns for scale in scales)))
    start = 0
    for number, scale in enumerate(scales):
        values = matrix[:, number]
        missing = np.isnan(values)
        if scale.category:
            for place, code in enumerate(scale.codes):
                out[:, start + place] = values == code
        else:
            z = np.where(missing, 0.0, squashed(np.where(missing, scale.centre, values), scale.centre, scale.width))
            out[:, start] = z
            for place, knot in enumerate(scale.knots):
                out[:, start + 1 + place] = np.where(missing, 0.0, np.maximum(z - knot, 0.0))
        if scale.gap:
            out[:, start + scale.columns - 1] = missing
        start += scale.columns
    return out
