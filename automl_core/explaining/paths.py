"""What trees say on the way from another row to the row, one column changing after the other, without being asked at each step.

A leaf is reached on one stretch of the way, so that each tree needs to meet only the few leaves between its first and its last,
where some sixty mixtures would be predicted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.orders import Orders
from automl_core.explaining.standing import Standing, met_wood
from automl_core.explaining.trees import Asked, Wood
from automl_core.search.model import Member

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Met:
    """A member whose trees are met, with the values of its leaves in a width that can be compiled, and what its cuts ask.

    `others` (b, slots) is what the cuts are compared with of the rows to compare with, `columns` (slots, m) what that hangs on
    (-1: none); `joint` (slots,) numbers the slots of features of several columns (-1: of one).
    """

    member: Member
    wood: Wood
    standing: Standing
    values: NDArray[Any]
    asked: Asked
    others: Floats
    joint: Places
    columns: Places

    def mine(self, rows: Floats) -> Floats:
        """(n, slots) what the cuts are compared with of encoded rows (n, p)."""
        stands = self.standing.seen_alone(self.member, self.wood, rows)
        return _compared(self.asked, stands[:, :, None], np.arange(len(self.joint)))[:, :, 0]

    def between(self, mixed: Floats) -> Floats:
        """(b, joined, 2**m) the same for slots of features of several columns, by which of the columns are taken from the row
        whose mixtures `Standing.mixed` made."""
        joined = np.flatnonzero(self.joint >= 0)
        return _compared(self.asked, self.standing.seen(self.member, self.wood, mixed), joined)


def met_by(standing: Standing, member: Member, wood: Wood) -> Met:
    """A member with its trees, made ready to be met."""
    asked = wood.asked()
    columns = np.ascontiguousarray(standing.columns_of(member)[asked.feature])
    several = (columns >= 0).sum(axis=1) > 1
    joint = np.where(several, np.cumsum(several) - 1, -1)
    stands = standing.seen_alone(member, wood, standing.others)
    at = _compared(asked, stands[:, :, None], np.arange(len(columns)))[:, :, 0]
    return Met(member, wood, standing, wood.leaves(), asked, np.ascontiguousarray(at), joint, columns)


def _compared(asked: Asked, stands: Floats, slots: Places) -> Floats:
    """(b, some, states) what the cuts of some slots are compared with, of what stands in features (b, f, states)."""
    from automl_core.explaining.path_kernel import answers

    out = np.empty((len(stands), len(slots), stands.shape[2]))
    some = (asked.instead[slots], asked.start[slots], asked.length[slots], asked.marks)
    answers(stands, asked.feature[slots], some, out)
    return out


def along(members: tuple[Met, ...], rows: Floats, orders: Orders) -> Iterator[Floats]:
    """For one member after the other (walks, d + 1, k) what it predicts on the way, ends included. `rows` (n, p) are encoded."""
    of_row = [np.flatnonzero(orders.row == number) for number in range(len(rows))]
    joined = [met for met in members if (met.joint >= 0).any()]
    once = joined[0].standing.mixed(rows[0]) if joined and len(rows) == 1 else None  # of many rows it would be gigabytes
    for met in members:
        k = met.wood.valued.classes * met.values.shape[1]
        sums = np.empty((len(orders.row), orders.rank.shape[1] + 1, k))
        for row, walks in zip(rows, of_row, strict=True):
            if len(walks):
                between = np.zeros((len(met.others), 0, 1))
                if met in joined:
                    between = met.between(met.standing.mixed(row) if once is None else once)
                sums[walks] = _sums(met, (met.mine(row[None])[0], between), (orders.other[walks], orders.rank[walks]))
        said = met.wood.said(sums.reshape(-1, k))
        yield said.reshape(*sums.shape[:2], said.shape[1] if said.ndim > 1 else 1)


def _sums(met: Met, answers: tuple[Floats, Floats], walks: tuple[Places, Places]) -> Floats:
    """(w, d + 1, outputs) of a row's walks: the numbers of the others, and the ranks of the columns."""
    from automl_core.explaining.path_kernel import along as add_along

    trees, classes = met.wood.valued.trees, met.wood.valued.classes
    out = np.zeros((len(walks[0]), classes * met.values.shape[1], walks[1].shape[1] + 2))
    add_along((trees.nodes, trees.roots), (met.values, classes), (met.others, *answers, met.joint, met.columns), walks, out)
    return out[:, :, :-1].transpose(0, 2, 1)


def open_paths(standing: Standing, members: tuple[Member, ...]) -> tuple[tuple[Met, ...], tuple[Member, ...]]:
    """The members whose trees can be met, made ready, and the rest of `members`."""
    woods = [(member, met_wood(standing.model, member)) for member in members]
    met = tuple(met_by(standing, member, wood) for member, wood in woods if wood is not None)
    return met, tuple(member for member, wood in woods if wood is None)
