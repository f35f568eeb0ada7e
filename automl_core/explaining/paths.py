"""What trees say on the way from another row to the row, one column changing after the other, without being asked at each step.

A leaf is reached on one stretch of the way, so that each tree needs to meet only the few leaves between its first and its last,
where some sixty mixtures would be predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.orders import Orders
from automl_core.explaining.standing import Standing, met_wood
from automl_core.explaining.trees import Asked, Wood
from automl_core.search.model import Member

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Met:
    """A member whose trees are met, with the values of its leaves in a width that can be compiled, and what its cuts ask."""

    member: Member
    wood: Wood
    values: NDArray[Any]
    asked: Asked

    def answers(self, standing: Standing, mixed: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """What the cuts are compared with (b, slots, 2**m), and the columns that it hangs on (slots, m), for one row whose
        mixtures `Standing.mixed` made."""
        from automl_core.explaining.path_kernel import answers

        stands = standing.seen(self.member, self.wood, mixed)
        feature, *asked = self.asked
        out = np.empty((len(stands), len(feature), stands.shape[2]))
        answers(stands, feature, tuple(asked), out)
        return out, standing.columns_of(self.member)[feature]


@dataclass(frozen=True, eq=False, slots=True)
class Paths:
    """Members whose trees are met on the way; the others (b, p) are those of the reference."""

    standing: Standing
    others: Floats
    met: tuple[Met, ...]

    def along(self, rows: Floats, orders: Orders) -> tuple[Floats, ...]:
        """For each member (walks, d + 1, k) what it predicts on the way, ends included. `rows` (n, p) are encoded."""
        found: list[list[Floats]] = [[] for _ in self.met]
        of_row = [np.flatnonzero(orders.row == number) for number in range(len(rows))]
        for row, walks in zip(rows, of_row, strict=True):
            mixed = self.standing.mixed(row, self.others)
            for member, kept in zip(self.met, found, strict=True):
                answers = member.answers(self.standing, mixed)
                kept.append(self._sums(member, answers, (orders.other[walks], orders.rank[walks])))
        places = np.concatenate(of_row).argsort(kind="stable")
        made = []
        for member, parts in zip(self.met, found, strict=True):
            sums = np.concatenate(parts)[places]
            said = member.wood.said(sums.reshape(-1, sums.shape[2]))
            made.append(said.reshape(*sums.shape[:2], -1))
        return tuple(made)

    def _sums(
        self, met: Met, slots: tuple[Floats, NDArray[np.int64]], walks: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> Floats:
        """(w, d + 1, outputs) of a row's walks."""
        from automl_core.explaining.path_kernel import along

        trees = met.wood.valued.trees
        out = np.zeros((len(walks[0]), met.wood.valued.classes * met.values.shape[1], walks[1].shape[1] + 2))
        along((trees.nodes, trees.roots), (met.values, met.wood.valued.classes), slots, walks, out)
        return out[:, :, :-1].transpose(0, 2, 1)


def open_paths(stands: Standing, members: tuple[Member, ...], others: Floats) -> tuple[Paths, tuple[Member, ...]]:
    """The members whose trees can be met against rows (b, p) of the encoder's matrix, and the rest of `members`."""
    woods = [(member, met_wood(stands.model, member)) for member in members]
    met = tuple(met_by(member, wood) for member, wood in woods if wood is not None)
    return Paths(stands, others, met), tuple(member for member, wood in woods if wood is None)


def met_by(member: Member, wood: Wood) -> Met:
    """A member with its trees, made ready."""
    return Met(member, wood, wood.leaves(), wood.asked())
