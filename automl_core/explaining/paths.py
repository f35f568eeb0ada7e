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
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """What a member's cuts are compared with: of the others (b, slots), and of the row (slots,).

    Slots of features of several columns have `between` (b, joined, 2**m), by which of the columns are taken from the row; `joint`
    (slots,) is their place there (-1: none), `columns` (slots, m) the columns of all slots (-1: none).
    """

    others: Floats
    row: Floats
    between: Floats
    joint: Places
    columns: Places


@dataclass(frozen=True, eq=False, slots=True)
class Met:
    """A member whose trees are met, with the values of its leaves in a width that can be compiled, and what its cuts ask.

    `others` (b, slots) is what the cuts are compared with of the rows to compare with.
    """

    member: Member
    wood: Wood
    standing: Standing
    values: NDArray[Any]
    asked: Asked
    others: Floats
    joint: Places
    columns: Places

    def answers(self, row: Floats, others: Floats) -> Answers:
        """For one encoded row (p,) and the rows to compare with (b, p)."""
        stands = self.standing.seen_alone(self.member, self.wood, row[None])
        joined = np.flatnonzero(self.joint >= 0)
        between = np.zeros((len(others), 0, 1))
        if len(joined):
            mixed = self.standing.seen(self.member, self.wood, self.standing.mixed(row, others))
            between = _compared(self.asked, mixed, joined)
        every = np.arange(len(self.joint))
        return Answers(self.others, _compared(self.asked, stands[:, :, None], every)[0, :, 0], between, self.joint, self.columns)


def met_by(standing: Standing, member: Member, wood: Wood, others: Floats) -> Met:
    """A member with its trees, made ready to be met against encoded rows (b, p)."""
    asked = wood.asked()
    columns = np.ascontiguousarray(standing.columns_of(member)[asked.feature])
    several = (columns >= 0).sum(axis=1) > 1
    joint = np.where(several, np.cumsum(several) - 1, -1)
    stands = standing.seen_alone(member, wood, others)
    at = _compared(asked, stands[:, :, None], np.arange(len(columns)))[:, :, 0]
    return Met(member, wood, standing, wood.leaves(), asked, np.ascontiguousarray(at), joint, columns)


def _compared(asked: Asked, stands: Floats, slots: Places) -> Floats:
    """(b, some, states) what the cuts of some slots are compared with, of what stands in features (b, f, states)."""
    from automl_core.explaining.path_kernel import answers

    out = np.empty((len(stands), len(slots), stands.shape[2]))
    some = (asked.instead[slots], asked.start[slots], asked.length[slots], asked.marks)
    answers(stands, asked.feature[slots], some, out)
    return out


@dataclass(frozen=True, eq=False, slots=True)
class Paths:
    """Members whose trees are met on the way from `others` (b, p), the encoded rows of the reference."""

    others: Floats
    met: tuple[Met, ...]

    def along(self, rows: Floats, orders: Orders) -> tuple[Floats, ...]:
        """For each member (walks, d + 1, k) what it predicts on the way, ends included. `rows` (n, p) are encoded."""
        found: list[list[Floats]] = [[] for _ in self.met]
        of_row = [np.flatnonzero(orders.row == number) for number in range(len(rows))]
        for row, walks in zip(rows, of_row, strict=True):
            for member, kept in zip(self.met, found, strict=True):
                kept.append(_sums(member, member.answers(row, self.others), (orders.other[walks], orders.rank[walks])))
        places = np.concatenate(of_row).argsort(kind="stable")
        made = []
        for member, parts in zip(self.met, found, strict=True):
            sums = np.concatenate(parts)[places]
            said = member.wood.said(sums.reshape(-1, sums.shape[2]))
            made.append(said.reshape(*sums.shape[:2], -1))
        return tuple(made)


def _sums(met: Met, answers: Answers, walks: tuple[Places, Places]) -> Floats:
    """(w, d + 1, outputs) of a row's walks: the numbers of the others, and the ranks of the columns."""
    from automl_core.explaining.path_kernel import along

    trees, classes = met.wood.valued.trees, met.wood.valued.classes
    out = np.zeros((len(walks[0]), classes * met.values.shape[1], walks[1].shape[1] + 2))
    slots = answers.others, answers.row, answers.between, answers.joint, answers.columns
    along((trees.nodes, trees.roots), (met.values, classes), slots, walks, out)
    return out[:, :, :-1].transpose(0, 2, 1)


def open_paths(stands: Standing, members: tuple[Member, ...], others: Floats) -> tuple[Paths, tuple[Member, ...]]:
    """The members whose trees can be met against rows (b, p) of the encoder's matrix, and the rest of `members`."""
    woods = [(member, met_wood(stands.model, member)) for member in members]
    met = tuple(met_by(stands, member, wood, others) for member, wood in woods if wood is not None)
    return Paths(others, met), tuple(member for member, wood in woods if wood is None)
