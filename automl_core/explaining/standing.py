"""What stands in each feature of a row's mixtures with others, by which of the feature's own columns are taken from the row.

Of a feature made from one column that is the other's value or the row's; of a formula of two columns there are four.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.trees import Wood, wood_of
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
JOINED = 3  # columns that one feature may be made from: a cut on it is looked at for each set of them
ALL = 1  # the place of the set of all columns


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """The sets (s, d) of columns taken from the row that must be looked at, the first none and the second all.

    `columns` (q, m) are those of each feature (-1: none), `place` (q, 2**m) the set for each choice of them. `source` (p,) is the
    column of each encoded feature, `others` (b, p) are the encoded rows to compare with.
    """

    model: Model
    others: Floats
    sets: NDArray[np.bool_]
    columns: Places
    place: Places
    source: Places

    def mixed(self, row: Floats) -> Floats:
        """(s, b, q) the mixtures of one encoded row (p,) with the others for all sets, with formulas."""
        found = np.where(self.sets[:, None, self.source], row, self.others[None])
        return self.model.extended(found.reshape(-1, len(row))).reshape(len(self.sets), len(self.others), -1)

    def seen(self, member: Member, wood: Wood, mixed: Floats) -> Floats:
        """(b, f, 2**m) what a member's trees see in its f features, of `mixed`."""
        own = np.array(member.inputs) if member.inputs else np.arange(mixed.shape[2])
        sets, others = mixed.shape[:2]
        found = wood.sees(mixed[:, :, own].reshape(sets * others, -1)).reshape(sets, others, -1)
        stands = found[self.place[own], :, np.arange(len(own))[:, None]]  # (f, 2**m, b)
        return np.ascontiguousarray(stands.transpose(2, 0, 1), dtype=np.float64)

    def seen_alone(self, member: Member, wood: Wood, rows: Floats) -> Floats:
        """(n, f) the same of encoded rows (n, p) as they are."""
        whole = self.model.extended(rows)
        return np.asarray(wood.sees(whole[:, member.inputs] if member.inputs else whole), dtype=np.float64)

    def columns_of(self, member: Member) -> Places:
        """(f, m) the columns of a member's features."""
        return self.columns[list(member.inputs)] if member.inputs else self.columns


def standing(model: Model, others: Floats) -> Standing:
    """Worked out once for a model and rows to compare with (b, p). Features of more than `JOINED` columns are left out: members
    that see them are asked."""
    names = {name: place for place, name in enumerate(model.sources)}
    made = [[names[name] for name in feature.sources] if len(feature.sources) <= JOINED else [] for feature in model.features]
    width = max(1, *(len(own) for own in made))
    columns = np.full((len(made), width), -1, dtype=np.int64)
    place = np.zeros((len(made), 1 << width), dtype=np.int64)
    sets: dict[tuple[int, ...], int] = {}
    for number, own in enumerate(made):
        columns[number, : len(own)] = own
        for state in range(1, 1 << len(own)):
            taken = tuple(column for bit, column in enumerate(own) if state >> bit & 1)
            place[number, state] = ALL if len(taken) == len(own) else sets.setdefault(taken, ALL + 1 + len(sets))
    inside = np.zeros((ALL + 1 + len(sets), len(names)), dtype=bool)
    inside[ALL] = True
    for taken, at in sets.items():
        inside[at, list(taken)] = True
    source = np.array([names[feature.sources[0]] for feature in model.encoder.features], dtype=np.int64)
    return Standing(model, others, inside, columns, place, source)


def met_wood(model: Model, member: Member) -> Wood | None:
    """A member's trees where they need not be asked for every mixture; None for other members."""
    joined = any(len(feature.sources) > JOINED for feature in model.seen_by(member))
    return None if joined or find_spec("numba") is None else wood_of(member)
