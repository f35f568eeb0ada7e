"""Whether a pair's joint effect helps to predict rows that it was not learned from, beyond effects that add up.

A model and an additive boosting learn from one half of the rows. On the other half, the pair's surface (the model's joint effect
without both single ones) is tested as one more term of the additive model: a score test with a robust variance (White 1980), in
which the additive answer's slope and both columns' single effects are free. What rows of a group bring is summed before it is
squared. The halves change places, both results are added up,
and p values are corrected for all pairs looked at (Holm 1979): the share of tables of additive data in which any pair passes is
5 % at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.copies import among
from automl_core.framing.dependent import Codes, root_of_sums

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
LEVEL = 0.05
LEAST_ROWS = 40
LEAST_SPREAD = 0.02  # of a probability's p * (1 - p)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Rows not learned from: `y` (n,) 0 or 1 or numbers, `additive` (n,) what the additive model says of them (probabilities or
    numbers), `together` (n,) which of them belong to one group (None: each stands alone)."""

    y: Floats
    additive: Floats
    numbers: bool
    together: Codes | None = None

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
        error = root_of_sums(part, None)
        alone = float(part.sum()) / error if error > 1e-12 else 0.0
        codes = among(self.together, np.flatnonzero(known))
        return alone if codes is None or not alone else min(alone, *_by_groups(rest, weighted, root, codes), key=abs)


def _by_groups(rest: Floats, free: Floats, root: Floats, together: Codes) -> list[float]:
    """The same where rows go together, as standard normal numbers: once as if rows of a group shared all their error, once as if
    they shared none. Few groups whose columns' effects are free leave residuals that are too small: what the sum of squares lacks
    under each of both is made up for, and Student's t has the freedom that is left (Bell and McCaffrey 2002)."""
    from scipy.special import ndtri, stdtr

    right, (vectors, values, _) = rest[:, 0], np.linalg.svd(free, full_matrices=False)
    basis = vectors[:, values > 1e-9 * values.max()]
    many = int(together.max()) + 1
    moved, spread = (np.column_stack([np.bincount(together, of * column, many) for column in basis.T]) for of in (right, root))
    shared = np.bincount(together, right * root, many)
    mixed = np.diag(shared) - moved @ spread.T
    own = np.bincount(together, right**2, many)
    total, error = float((rest[:, 0] * rest[:, 1]).sum()), root_of_sums(rest[:, 0] * rest[:, 1], together)
    found = []
    for truth, held in ((float((shared**2).sum()), mixed @ mixed.T), (float(own.sum()), np.diag(own) - moved @ moved.T)):
        trace = float(np.trace(held))
        if truth < 1e-9 * float(own.sum()):
            continue  # the surface is the same sum in each group: what they share cancels out
        if trace < 1e-9 * truth or error < 1e-12:
            found.append(0.0)
            continue
        freedom = trace**2 / float((held**2).sum())
        reached = total / (error * math.sqrt(max(1.0, truth / trace)))
        found.append(float(np.clip(math.copysign(1.0, reached) * -ndtri(stdtr(freedom, -abs(reached))), -30, 30)))
    return found


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
