"""What a model says of one row under each combination of a few other values: forests and boosters by boxes, the rest as asked.

Seventy thousand combinations take a blend ten seconds and more, though all but a few columns stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.trees import wood_of
from automl_core.search.boxes import moving_in, sums_over
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
_Things = tuple[int, ...]
CLOSE = 1e-5  # boxes add in another order than libraries do, of which one adds in 32 bits


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """One encoded row (p,), and for each thing that may change the row's other values: (k + 1, p), the first as it is.

    `parts` keeps for each member what it said of all combinations of the same things, by those things.
    """

    model: Model
    row: Floats
    changed: tuple[Floats, ...]
    parts: tuple[dict[_Things, Floats | None], ...]

    def matrix(self, picks: Picks) -> Floats:
        """(n, p) the row with what is picked (n, things): 0 leaves a thing as it is."""
        out = np.tile(self.row, (len(picks), 1))
        for thing, rows in enumerate(self.changed):
            moves = np.flatnonzero(((rows != self.row) & ~(np.isnan(rows) & np.isnan(self.row))).any(axis=0))
            out[:, moves] = rows[picks[:, thing]][:, moves]
        return out

    def asked(self, picks: Picks) -> Any:
        """Predictions of picks (n, things), asked one by one."""
        return self.model.predict_matrix(self.matrix(picks))

    def near(self, picks: Picks) -> Any:
        """The same to within `CLOSE`, and quickly for many. Combinations that no tree tells apart get the very same answer."""
        whole, bits = self.model.extended(self.matrix(picks)), (picks > 0) @ (1 << np.arange(picks.shape[1]))
        alike = {tuple(np.flatnonzero(picks[where[0]]).tolist()): where
                 for where in (np.flatnonzero(bits == one) for one in np.unique(bits))}
        total: Any = 0.0
        for member, kept in zip(self.model.members, self.parts, strict=True):
            total = total + member.weight * self._said(member, kept, whole, (picks, alike))
        return self.model.calibration.apply(total) if self.model.calibration else total

    def _said(
        self, member: Member, kept: dict[_Things, Floats | None], whole: Floats, asked: tuple[Picks, dict[_Things, Picks]]
    ) -> Floats:
        """(n,) or (n, classes) what a member says of picks, which change the things by which their places are named."""
        picks, alike = asked
        found, rest = [], []
        for things, where in alike.items():
            if things not in kept:
                kept[things] = self._boxed(member, things)
            over = kept[things]
            if over is None:
                rest.append(where)
            else:
                found.append((where, over[tuple(picks[where][:, thing] - 1 for thing in things)]))
        if rest:
            places = np.concatenate(rest)
            found.append((places, member.predict(whole[places])))
        said = np.empty((len(picks), *found[0][1].shape[1:]))
        for where, some in found:
            said[where] = some
        return said

    def _boxed(self, member: Member, things: _Things) -> Floats | None:
        """(k1, k2, ...) or (k1, k2, ..., classes) what a member says of all values of these things; None where it is quicker, or
        the only way, to ask."""
        wood = wood_of(member) if things else None
        if wood is None:
            return None

        def seen(rows: Floats) -> Floats:
            whole = self.model.extended(rows)
            seen = wood.sees(whole[:, member.inputs] if member.inputs else whole)
            return np.array([wood.slots(one) for one in seen])

        moving = moving_in(seen(self.row[None, :])[0], [seen(self.changed[thing])[1:] for thing in things])
        if moving is None:
            return None
        sums = sums_over(wood.valued, seen(self.row[None, :])[0], moving)
        found = wood.said(sums.reshape(-1, sums.shape[-1]))
        return found.reshape(*sums.shape[:-1], *found.shape[1:])


def combined(model: Model, row: Floats, changed: tuple[Floats, ...]) -> Combined:
    """Nothing is asked yet: see `Combined`."""
    return Combined(model, row, changed, tuple({} for _ in model.members))
