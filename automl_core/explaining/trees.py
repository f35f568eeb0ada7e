"""Members made of trees, as all that is asked of them leaf by leaf sees them: what nodes compare, and what sums of leaves say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.search.boxes import Valued
from automl_core.search.families import lightgbm, xgboost
from automl_core.search.family import link
from automl_core.search.forest import Forest, finished
from automl_core.search.log_target import from_log
from automl_core.search.model import Member

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Wood:
    """A member's trees. `slots` are what cuts are compared with, (n, slots) of rows of its inputs (n, p), `features(slots)` which
    input each is made from, `told` the predictions of sums over the trees (n, outputs)."""

    member: Member
    valued: Valued
    slots: Callable[[Floats], Floats]
    features: Callable[[int], Places]
    told: Callable[[Floats], Floats]

    def said(self, sums: Floats) -> Floats:
        """(n,) or (n, classes) what the member predicts where its trees add up to (n, outputs)."""
        found = self.told(sums)
        return self.member.scale * from_log(found) if self.member.logs else found


def wood_of(member: Member) -> Wood | None:
    """A forest's or a booster's trees; None for other members."""
    native = member.native
    if isinstance(native, Forest):
        return Wood(member, Valued(native.packed, native.value), lambda rows: native.sees(rows).astype(np.float64), np.arange,
                    lambda sums: finished(native, sums / len(native.roots)))
    if not isinstance(native, lightgbm.Trees | xgboost.Trees):
        return None
    packed = native.packed

    def told(sums: Floats) -> Floats:
        raw = sums / len(packed.rounds)
        said = link(native.task, raw if native.task == "multiclass" else raw[:, 0])
        return native.unit.back(said) if isinstance(native, xgboost.Trees) else said

    known = xgboost.numbers if isinstance(native, xgboost.Trees) else (lambda rows: rows)
    return Wood(member, Valued(packed.trees, packed.values[:, None], packed.classes),
                lambda rows: packed.slots_of(known(rows)), lambda slots: packed.feature_of()[:slots], told)
