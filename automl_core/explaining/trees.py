"""Members made of trees, as all that is asked of them leaf by leaf sees them: what nodes compare, and what sums of leaves say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.boxes import Valued
from automl_core.search.families import lightgbm, xgboost
from automl_core.search.family import link
from automl_core.search.forest import Forest, finished
from automl_core.search.log_target import from_log
from automl_core.search.model import Member

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Asked(NamedTuple):
    """What the cuts of each slot ask of its `feature` (slots,): a number with what stands `instead` of a missing one, or a
    category. Of that `length` (slots,; 0: a number) tells how many marks there are from `start` on: 0 where a code goes left, the
    last for all others."""

    feature: Places
    instead: Floats
    start: Places
    length: Places
    marks: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Wood:
    """A member's trees. `sees` are its inputs (n, p) as cuts compare them, `slots` what stands in each slot for one such row,
    `asked` what the slots ask, `told` the predictions of sums over the trees (n, outputs)."""

    member: Member
    valued: Valued
    sees: Callable[[Floats], Floats]
    slots: Callable[[Floats], Floats]
    asked: Callable[[], Asked]
    told: Callable[[Floats], Floats]

    def leaves(self) -> NDArray[Any]:
        """(nodes, c) what its leaves say, in a width that can be compiled."""
        values = self.valued.values
        return values.astype(np.float32) if values.dtype == np.float16 else values

    def said(self, sums: Floats) -> Floats:
        """(n,) or (n, classes) what the member predicts where its trees add up to (n, outputs)."""
        found = self.told(sums)
        return self.member.scale * from_log(found) if self.member.logs else found


def wood_of(member: Member) -> Wood | None:
    """A forest's or a booster's trees; None for other members."""
    native = member.native
    if isinstance(native, Forest):
        return Wood(member, Valued(native.packed, native.value), lambda rows: native.sees(rows).astype(np.float64),
                    lambda row: row, lambda: _numbers(len(native.fill)), lambda sums: finished(native, sums / len(native.roots)))
    if not isinstance(native, lightgbm.Trees | xgboost.Trees):
        return None
    packed = native.packed

    def told(sums: Floats) -> Floats:
        raw = sums / len(packed.rounds)
        said = link(native.task, raw if native.task == "multiclass" else raw[:, 0])
        return native.unit.back(said) if isinstance(native, xgboost.Trees) else said

    return Wood(member, Valued(packed.trees, packed.values[:, None], packed.classes),
                xgboost.numbers if isinstance(native, xgboost.Trees) else lambda rows: rows, packed.slots,
                lambda: _asked(packed), told)


def _numbers(features: int) -> Asked:
    """One slot a feature, whose values are never missing."""
    none = np.zeros(features, dtype=np.int64)
    return Asked(np.arange(features), np.zeros(features), none, none, np.zeros(0, dtype=np.uint8))


def _asked(packed: PackedBoosters) -> Asked:
    """The slots of `PackedBoosters.slots`, question by question."""
    own, stands = np.arange(packed.features), (-np.inf, np.inf, 0.0)
    feature, length, marks = [own] * len(stands), [0 * own] * len(stands), [np.zeros(0, dtype=np.uint8)]
    for one, table in packed.questions:
        feature.append(np.full(table.shape[1], one))
        length.append(np.full(table.shape[1], table.shape[0]))
        marks.append(table.T.ravel())
    lengths = np.concatenate(length)
    instead = np.zeros(len(lengths))
    instead[: len(stands) * packed.features] = np.repeat(stands, packed.features)
    return Asked(np.concatenate(feature), instead, np.cumsum(lengths) - lengths, lengths, np.concatenate(marks))
