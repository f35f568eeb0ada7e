"""Which columns and levels the difference in composition comes from: the detailed Oaxaca-Blinder split on levels and bins.

The outcome is regressed on all levels at once, the group among them (the pooled model of Jann 2008, which keeps the group's own
effect out of the coefficients); a level's part is its difference in share times its coefficient against the column's average
(Yun 2005, so that no level is the yardstick). Intervals by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import Cells, conditions_of, holds, told_on
from automl_core.acting.gap import Amount, amount
from automl_core.data.table import Column
from automl_core.explaining.groups import column_groups

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_DUMMIES = 200
SAME = 0.5  # of the rows that two conditions hold for, from which on they speak of the same ones
RIDGE = 1.0  # one row's weight: keeps levels that two columns share from blowing up, too little to matter otherwise


@dataclass(frozen=True, slots=True)
class LevelPart:
    """One level (or bin): its share of the first and second group's rows, and its part of the composition."""

    condition: Condition
    share_first: float
    share_second: float
    part: Amount


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """One column's part of the composition, with its levels, the widest first; that of the columns that go along with it, `also`,
    is in both: the regression splits between them as chance has it what they say together."""

    column: str
    part: Amount
    levels: tuple[LevelPart, ...]
    also: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The column, and how many that go along with it are in its part."""
        return self.column + (f" + {len(self.also)} more" if self.also else "")


@dataclass(frozen=True, eq=False, slots=True)
class Levels:
    """The levels of all columns as 0/1 columns (n, k), and which column each belongs to. `names` are in order of how
    much they tell of the outcome; `alike` are groups of those that say much the same, as on the Explain page."""

    conditions: tuple[Condition, ...]
    design: Floats
    owners: NDArray[np.int64]
    names: tuple[str, ...]
    alike: tuple[tuple[str, ...], ...] = ()

    def rows(self, picked: Mask) -> Levels:
        """Some rows only."""
        return Levels(self.conditions, self.design[picked], self.owners, self.names, self.alike)

    def also(self, name: str) -> tuple[str, ...]:
        """The columns that go along with the first of its group; none of another column."""
        return next((group[1:] for group in self.alike if group[0] == name), ())

    def others(self, places: NDArray[np.int64]) -> tuple[str, ...]:
        """The columns of some levels, but that of the first."""
        names = dict.fromkeys(self.names[at] for at in self.owners[places].tolist())
        return tuple(names)[1:]

    @property
    def told(self) -> dict[int, NDArray[np.int64]]:
        """By the levels that are told: each with those levels of columns alike that hold for at least half of the rows that
        either holds for. A level of such a column that no other is like is told by itself."""
        first = {name: group[0] for group in self.alike for name in group}
        owner = [self.names[at] for at in self.owners.tolist()]
        made = {place: [place] for place, name in enumerate(owner) if first.get(name, name) == name}
        for place, name in enumerate(owner):
            if place not in made:
                there = np.array([at for at in made if owner[at] == first[name]])
                both, mine = self.design[:, place] @ self.design[:, there], self.design[:, place].sum()
                shared = both / np.maximum(mine + self.design[:, there].sum(axis=0) - both, 1.0)
                if shared.max(initial=0.0) >= SAME:
                    made[int(there[np.argmax(shared)])].append(place)
                else:
                    made[place] = [place]
        return {place: np.array(places, dtype=np.int64) for place, places in made.items()}


def make_levels(frame: pd.DataFrame, y: Floats, columns: tuple[Column, ...]) -> Levels:
    """Levels with 5 % of the rows or more and bins of equal size; at most 200, from the columns that tell most of the outcome."""
    cells = Cells(frame)
    found: list[tuple[float, str, tuple[Condition, ...], list[Mask]]] = []
    for column in columns:
        if not frame[column.name].notna().any():
            continue
        conditions = conditions_of(cells, column)
        masks = [holds(condition, cells) for condition in conditions]
        if masks:
            told = sum(float(mask.sum()) * (float(y[mask].mean()) - float(y.mean())) ** 2 for mask in masks if mask.any())
            found.append((told, column.name, conditions, masks))
    found.sort(key=lambda item: -item[0])
    kept: list[Condition] = []
    design: list[Mask] = []
    owners: list[int] = []
    names: list[str] = []
    for _, name, conditions, masks in found:
        if len(kept) + len(conditions) > MOST_DUMMIES:
            continue
        kept.extend(conditions)
        design.extend(masks)
        owners.extend([len(names)] * len(conditions))
        names.append(name)
    matrix = np.column_stack(design).astype(np.float64) if design else np.empty((len(frame), 0))
    return Levels(tuple(kept), matrix, np.asarray(owners, dtype=np.int64), tuple(names), column_groups(frame, tuple(names)))


@dataclass(frozen=True, eq=False, slots=True)
class MixParts:
    """The part of each level (k,) with its influence (n, k); of each whole column (c,) and (n, c), rows without a level among
    them; the shares of both groups (k,); and who is in the first (n,)."""

    values: Floats
    influence: Floats
    whole: Floats
    whole_influence: Floats
    share_first: Floats
    share_second: Floats
    first: Mask


def mix_parts(levels: Levels, y: Floats, first: Mask) -> MixParts:
    """Each level's part of the composition difference, first minus second."""
    design, rows = levels.design, len(y)
    share_first, share_second = design[first].mean(axis=0), design[~first].mean(axis=0)
    full = np.column_stack([design - design.mean(axis=0), first - first.mean(), np.ones(rows)])
    gram = full.T @ full
    gram[np.diag_indices_from(gram)] += RIDGE
    inverse = np.linalg.inv(gram)
    coefficient = inverse @ (full.T @ y)
    residual = y - full @ coefficient
    effect_influence = (rows * (full @ inverse) * residual[:, None])[:, : design.shape[1]]
    effect, shift = coefficient[: design.shape[1]].copy(), share_first - share_second
    share = float(first.mean())
    moved = np.where(first[:, None], (design - share_first) / share, -(design - share_second) / (1 - share))
    belongs = (levels.owners[:, None] == np.arange(len(levels.names))).astype(np.float64)
    whole, whole_influence = (shift * effect) @ belongs, (moved * effect + shift * effect_influence) @ belongs
    overall = design.mean(axis=0)
    for owner in range(len(levels.names)):  # against the column's average, rows without a level counting as zero
        mine = levels.owners == owner
        effect_influence[:, mine] -= (effect_influence[:, mine] @ overall[mine])[:, None]
        effect[mine] -= float(effect[mine] @ overall[mine])
    influence = moved * effect + shift * effect_influence
    return MixParts(shift * effect, influence, whole, whole_influence, share_first, share_second, first)


def column_parts(levels: Levels, parts: MixParts, together: NDArray[np.generic] | None) -> tuple[ColumnPart, ...]:
    """The parts of whole columns, the widest first."""
    made, told = [], levels.told
    copied = {name for group in levels.alike for name in group[1:]}  # told with one that they go along with
    for owner, name in enumerate(levels.names):
        if name in copied:
            continue
        also = levels.also(name)
        owners = [owner, *(levels.names.index(other) for other in also)]
        inner = [level_part(levels, parts, places, together) for place, places in told.items() if levels.owners[place] in owners]
        whole = amount(float(parts.whole[owners].sum()), parts.whole_influence[:, owners].sum(axis=1), together, parts.first)
        inner.sort(key=lambda item: -abs(item.part.value))
        made.append(ColumnPart(name, whole, tuple(inner), also))
    return tuple(sorted(made, key=lambda item: -abs(item.part.value)))


def level_part(levels: Levels, parts: MixParts, places: NDArray[np.int64], together: NDArray[np.generic] | None) -> LevelPart:
    """The part of the first of some levels, with what the others add to it."""
    made = amount(float(parts.values[places].sum()), parts.influence[:, places].sum(axis=1), together, parts.first)
    first = int(places[0])
    return LevelPart(levels.conditions[first], float(parts.share_first[first]), float(parts.share_second[first]), made)


def parts_told(parts: tuple[ColumnPart, ...], rows: pd.DataFrame) -> tuple[ColumnPart, ...]:
    """Parts whose conditions have the words that all rows allow (see `told_on`), not only those that were drawn."""
    cells = Cells(rows)

    def told(level: LevelPart) -> LevelPart:
        return replace(level, condition=told_on((level.condition,), cells)[0])

    return tuple(replace(part, levels=tuple(map(told, part.levels))) for part in parts)
