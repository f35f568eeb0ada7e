"""A small boosting that learned what part of a model says of mixtures of rows: its own Shapley values are known without chance.

It need not be good: it carries most of the spread, and what it gets wrong is sampled (a control variate: nothing is biased).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.orders import Orders
from automl_core.explaining.paths import Paths
from automl_core.explaining.standing import Standing
from automl_core.explaining.woods import Woods, open_woods, walked
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.model import Member

Floats = NDArray[np.float64]
LEARNED = 2_500  # mixtures that it is learned from
LEAVES, RATE, LEAST = 15, 0.1, 10
ROUNDS, MOST_TREES = 150, 300  # of one output, and of all together: each row meets them all


@dataclass(frozen=True, eq=False, slots=True)
class RoughCopy:
    """One boosting of numbers an output, times `weight`."""

    paths: Paths
    woods: tuple[Woods, ...]
    weight: float

    def parts(self, rows: Floats) -> Floats:
        """(n, d, k) its Shapley values for encoded rows (n, p)."""
        every, threads = len(self.paths.others), 1 if len(rows) == 1 else 0  # a thread takes longer to start than it would save
        seeds = np.zeros(len(rows), dtype=np.uint64)
        return self.weight * np.concatenate([walked(one, rows, every, seeds, threads)[0] for one in self.woods], axis=2)

    def along(self, rows: Floats, orders: Orders) -> Floats:
        """(walks, d + 1, k) what it says on the way, ends included."""
        return self.weight * np.concatenate(self.paths.along(rows, orders), axis=2)


def rough_copy(standing: Standing, values: Floats, mixed: Floats, others: Floats, weight: float) -> RoughCopy | None:
    """Learned from values (m, k) at encoded mixtures (m, p); None where they are no numbers to learn from, or the compiler is
    missing."""
    if find_spec("numba") is None or not np.isfinite(values).all():
        return None
    encoded = standing.model.encoder.features
    features = tuple(replace(feature, kind="number") for feature in encoded)
    settings = {"num_leaves": LEAVES, "learning_rate": RATE, "min_data_in_leaf": LEAST}
    rounds = min(ROUNDS, MOST_TREES // values.shape[1])
    members = []
    for output in values.T:
        request = FitRequest(mixed, output, features, "regression", options=settings, rounds=max(rounds, 1))
        native = families().get("lightgbm").fit(request).native
        members.append(Member("lightgbm", "copy", 1.0, native, tuple(range(len(encoded)))))
    woods = tuple(open_woods(standing, member, others, LEAVES, 1.0) for member in members)
    return RoughCopy(Paths(others, tuple(wood.met for wood in woods)), woods, weight)
