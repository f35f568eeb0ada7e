"""A small boosting that learned what part of a model says of mixtures of rows: its own Shapley values are known without chance.

It need not be good: it carries most of the spread, and what it gets wrong is sampled (a control variate: nothing is biased).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.leaf_tables import LeafTables, leaf_tables
from automl_core.explaining.orders import Orders
from automl_core.explaining.paths import along, met_by
from automl_core.explaining.standing import Standing
from automl_core.explaining.trees import wood_of
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.model import Member

Floats = NDArray[np.float64]
LEARNED = 2_500  # mixtures that it is learned from
LEAVES, DEPTH, RATE, LEAST = 15, 6, 0.1, 10  # of a depth for which tables of its leaves are small
ROUNDS, MOST_TREES, LEAST_ROUNDS = 150, 300, 10  # of an output; of all together, which each row meets; where they are many
COLUMN_ROUNDS = 8  # few columns need few trees


@dataclass(frozen=True, eq=False, slots=True)
class RoughCopy:
    """One boosting of numbers an output, times `weight`."""

    outputs: tuple[LeafTables, ...]
    weight: float

    def parts(self, rows: Floats) -> Floats:
        """(n, d, k) its Shapley values for encoded rows (n, p)."""
        return self.weight * np.stack([one.parts(rows) for one in self.outputs], axis=2)

    def along(self, rows: Floats, orders: Orders) -> Floats:
        """(walks, d + 1, k) what it says on the way, ends included."""
        return self.weight * np.concatenate(list(along(tuple(one.met for one in self.outputs), rows, orders)), axis=2)


def rough_copy(standing: Standing, members: tuple[Member, ...], values: Floats, mixed: Floats, weight: float) -> RoughCopy | None:
    """Learned from values (m, k) of `members` at encoded mixtures (m, p); None where they are no numbers to learn from, or the
    compiler is missing. It sees the columns that they see."""
    if find_spec("numba") is None or not np.isfinite(values).all():
        return None
    model = standing.model
    seen = {name for member in members for feature in model.seen_by(member) for name in feature.sources}
    places = tuple(place for place, feature in enumerate(model.encoder.features) if feature.sources[0] in seen)
    features = tuple(replace(model.encoder.features[place], kind="number") for place in places)
    settings = {"num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": RATE, "min_data_in_leaf": LEAST}
    rounds = max(LEAST_ROUNDS, min(ROUNDS, MOST_TREES // values.shape[1], COLUMN_ROUNDS * len(seen)))
    made = []
    for output in values.T:
        request = FitRequest(mixed[:, places], output, features, "regression", options=settings, rounds=rounds)
        native = families().get("lightgbm").fit(request).native
        member = Member("lightgbm", "copy", 1.0, native, places)
        wood = wood_of(member)
        assert wood is not None
        made.append(leaf_tables(met_by(standing, member, wood)))
    return RoughCopy(tuple(made), weight)
