"""Shapley values of one row by all coalitions of its columns, without chance: up to eight of them are 256 sets.

What a model says of the row's mixtures with a hundred others would be 25,600 predictions. Boosters and forests are not asked for
them: in each tree the two rows part only where a cut lies between their values, so the few leaves that mixtures can reach are met
once, and each adds its value to all sets of columns that lead there.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.routes import Raw, spread_remainder
from automl_core.explaining.standing import Standing, met_wood, standing
from automl_core.explaining.threads import PROCESSORS, shared
from automl_core.explaining.trees import Wood
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
STEP_CELLS = 100_000  # of the mixtures that are predicted at once
TRIED_SETS = 8  # of columns, by which it is told what all take


def enumerated(model: Model, row: Floats, background: Floats) -> Raw:
    """Interventional Shapley values of one encoded row (1, p) against rows to compare with (b, p): `2**d` mixtures with each of
    them, d columns (Shapley 1953; Lundberg and Lee 2017)."""
    d = len(model.sources)
    mixtures = _Mixtures(model, row[0], background)
    total: Any = 0.0
    for member in model.members:
        total = total + member.weight * mixtures.said(member)
    if model.calibration is not None:
        total = model.calibration.apply(total)
    worth = total.reshape(1 << d, len(background), *total.shape[1:]).mean(axis=1)
    taken = np.array([place.bit_count() for place in range(1 << d)])
    weights = np.array([math.factorial(k) * math.factorial(d - k - 1) / math.factorial(d) for k in range(d)])
    phi = []
    for place in range(d):
        without = np.flatnonzero(np.arange(1 << d) >> place & 1 == 0)
        gain = worth[without + (1 << place)] - worth[without]
        phi.append(np.tensordot(weights[taken[without]], gain, axes=1))
    prediction = model.predict_matrix(row)
    parts = np.stack(phi)[None]
    if parts.ndim == 2:
        parts = spread_remainder(parts, prediction - worth[0])  # a library that adds in 32 bits is off by its rounding
    else:
        apart = prediction - worth[0]
        parts = np.stack([spread_remainder(parts[:, :, k], apart[:, k]) for k in range(parts.shape[2])], axis=2)
    return Raw(parts, worth[0], linked=False, prediction=prediction)


def seconds_unmet(model: Model, row: Floats, background: Floats) -> float:
    """Seconds by the clock that the members which must be asked for every mixture would take, by a few of them."""
    sets = min(1 << len(model.sources), TRIED_SETS)
    some = _Mixtures(model, row[0], background).of(np.arange(sets))
    unmet = [member for member in model.members if met_wood(model, member) is None]
    began = time.perf_counter()
    for member in unmet:
        member.predict(some)
    return (time.perf_counter() - began) * (1 << len(model.sources)) / sets / PROCESSORS


@dataclass(frozen=True, eq=False)  # without slots: what not every model needs is made when it is needed
class _Mixtures:
    """Those of one encoded row (p,) with others (b, p): set after set of the columns that are taken from the row, each with all
    others."""

    model: Model
    row: Floats
    others: Floats

    @cached_property
    def standing(self) -> Standing:
        """What stands in features."""
        return standing(self.model, self.others)

    @cached_property
    def few(self) -> Floats:
        """(s, b, q) the mixtures that tell it."""
        return self.standing.mixed(self.row)

    def of(self, sets: Places) -> Floats:
        """(sets * b, q) the mixtures of some sets, with formulas."""
        inside = (sets[:, None] >> self.standing.source & 1 == 1)[:, None, :]
        mixed = np.where(inside, self.row, self.others[None])
        return self.model.extended(mixed.reshape(-1, len(self.row)))

    def said(self, member: Member) -> Floats:
        """(2**d * b,) or (2**d * b, classes) what a member says of all."""
        wood = met_wood(self.model, member)
        if wood is not None:
            return wood.said(self._met(member, wood))
        sets, each = 1 << len(self.model.sources), len(self.others) * max(len(self.model.features), 1)
        most = max(1, STEP_CELLS // each)
        blocks = [np.arange(start, min(start + most, sets)) for start in range(0, sets, most)]
        return np.concatenate(shared(lambda block: member.predict(self.of(block)), blocks))

    def _met(self, member: Member, wood: Wood) -> Floats:
        """(2**d * b, outputs) sums over the trees of a member."""
        from automl_core.explaining.coalition_kernel import add

        d, b, valued = len(self.model.sources), len(self.others), wood.valued
        trees = valued.trees.nodes, valued.trees.roots
        signs = np.array([1.0 - 2.0 * (place.bit_count() % 2) for place in range(1 << d)])
        values = wood.leaves()
        out = np.zeros((b, valued.classes * values.shape[1], 1 << d))
        states, columns = self.standing.seen(member, wood, self.few), self.standing.columns_of(member)
        feature, *asked = wood.asked()
        slots = states, columns, feature, tuple(asked)
        cuts = np.linspace(0, b, min(os.cpu_count() or 1, b) + 1).astype(int).tolist()
        shared(lambda part: add(trees, (values, valued.classes, signs), slots, part, out), list(pairwise(cuts)))
        for column in range(d):  # sums over all subsets
            halves = out.reshape(b, out.shape[1], -1, 2, 1 << column)
            halves[:, :, :, 1] += halves[:, :, :, 0]
        return out.transpose(2, 0, 1).reshape(-1, out.shape[1])
