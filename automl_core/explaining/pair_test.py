"""Whether a pair's joint effect helps to predict rows that it was not learned from, beyond effects that add up.

A model and an additive boosting learn from one half of the rows. On the other half, the pair's surface (the model's joint effect
without both single ones) is tested as one more term of the additive model: a score test with a robust variance (White 1980), in
which the additive answer's slope and both columns' single effects are free. The halves change places, both results are added up,
and p values are corrected for all pairs looked at (Holm 1979): the share of tables of additive data in which any pair passes is
5 % at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
LEVEL = 0.05
LEAST_ROWS = 40
LEAST_SPREAD = 0.02  # of a probability's p * (1 - p)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Rows not learned from: `y` (n,) 0 or 1 or numbers, `additive` (n,) what the additive model says of them (probabilities or
    numbers)."""

    y: Floats
    additive: Floats
    numbers: bool

    def z(self, surface: Floats, first: Places, second: Places) -> float:
        """How many standard errors the surface's slope lies above 0; `first` and `second` (n,) are the rows' places in it, -1 for
        none."""
        known = (first >= 0) & (second >= 0)
        if known.sum() < LEAST_ROWS:
            return 0.0
        a, b, said, y = first[known], second[known], self.additive[known], self.y[known]
        spread = np.ones(len(y)) if self.numbers else np.maximum(said * (1 - said), LEAST_SPREAD)
        share = np.clip(said, 1e-6, 1 - 1e-6)
        raw = said if self.numbers else np.log(share / (1 - share))
        free = np.column_stack([raw, np.eye(surface.shape[0])[a], np.eye(surface.shape[1])[b]])
        root = np.sqrt(spread)
        both = np.column_stack([surface[a, b] * root, (y - said) / root])
        weighted = free * root[:, None]
        rest = both - weighted @ np.linalg.lstsq(weighted, both, rcond=None)[0]
        part = rest[:, 0] * rest[:, 1]
        error = math.sqrt(float((part**2).sum()))
        return float(part.sum()) / error if error > 1e-12 else 0.0


def confirmed(found: Mapping[tuple[int, int], Sequence[float]]) -> frozenset[tuple[int, int]]:
    """The pairs whose halves together pass, of all in `found`: from the smallest p on, until one fails."""
    from scipy.special import ndtr

    together = {pair: sum(values) / math.sqrt(max(len(values), 1)) for pair, values in found.items()}
    ordered = sorted(together, key=lambda pair: -together[pair])
    kept = []
    for place, pair in enumerate(ordered):
        if float(ndtr(-together[pair])) * (len(ordered) - place) > LEVEL:
            break
        kept.append(pair)
    return frozenset(kept)
