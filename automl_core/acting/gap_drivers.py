"""What drives a gap: levels whose share differs, and groups in which the outcome itself differs more or less than elsewhere.

Both are looked for on one half of the rows and kept only when the other half confirms them, Benjamini-Hochberg over all that
were tested. All figures are those of the confirming half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import Cells, all_hold, told_on
from automl_core.acting.findings.segments import SMALLEST, Candidate, discover
from automl_core.acting.gap import Amount, amount
from automl_core.acting.mix import SAME, Levels, level_part, mix_parts
from automl_core.acting.statistics import benjamini_hochberg, gap_between
from automl_core.data.table import Column

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_TESTED = 10  # of each kind
HALF_SHARED = 1 / 3  # of the rows of either, where two groups of one size share half of theirs
ERROR = 0.025  # the other half of the 5 % belongs to the gap itself and its two parts


@dataclass(frozen=True, slots=True)
class Driver:
    """One confirmed reason of a gap.

    "mix": rows that `conditions` hold for are a larger or smaller share of the first group than of the second; `effect` is what
    that adds to the gap (of a column with two values: what both add, the other one being the mirror). "behaviour": among rows
    like each other that `conditions` hold for, the first group's outcome differs by `effect`, elsewhere by `elsewhere`. `p` is
    corrected for everything that was tested. What columns `also` say that go along with the one named is in it.
    """

    kind: Literal["mix", "behaviour"]
    conditions: tuple[Condition, ...]
    rows: int
    share_first: float
    share_second: float
    effect: Amount
    elsewhere: float
    p: float
    sentence: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drivers:
    """The confirmed drivers, the widest first, with how many were looked at and how many tested."""

    drivers: tuple[Driver, ...]
    looked_at: int
    tested: int


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Aligned rows: the frame, the outcome, who is in the first group, the split's scores, levels, who goes together, and the
    half that is looked at first."""

    frame: pd.DataFrame
    y: Floats
    first: Mask
    scores: Floats
    levels: Levels
    together: NDArray[np.generic] | None
    half: Mask

    def part(self, picked: Mask) -> Evidence:
        """Some rows only."""
        together = None if self.together is None else self.together[picked]
        frame = self.frame[picked].reset_index(drop=True)
        return Evidence(frame, self.y[picked], self.first[picked], self.scores[picked], self.levels.rows(picked), together,
                        self.half[picked])


def find_drivers(evidence: Evidence, columns: tuple[Column, ...]) -> Drivers:
    """Confirmed drivers; none when a half has too few rows of either group."""
    looking, checking = evidence.part(evidence.half), evidence.part(~evidence.half)
    smallest = min(int(part.first.sum()) for part in (looking, checking)), min(int((~p.first).sum()) for p in (looking, checking))
    if min(smallest) < SMALLEST:
        return Drivers((), 0, 0)
    mix, mix_looked = _mix_drivers(looking, checking)
    moved, moved_looked = _behaviour_drivers(looking, checking, columns)
    tested = [*mix, *moved]
    adjusted = benjamini_hochberg([driver.p for driver, _ in tested])
    kept = []
    for (driver, agrees), p in zip(tested, adjusted, strict=True):
        if agrees and p < ERROR:
            kept.append(replace(driver, p=p))
    kept.sort(key=lambda driver: (driver.kind, -abs(driver.effect.value)))
    return Drivers(tuple(kept), mix_looked + moved_looked, len(tested))


def drivers_told(found: Drivers, rows: pd.DataFrame) -> Drivers:
    """Drivers whose conditions have the words that all rows allow (see `told_on`), not only those of a half."""
    cells = Cells(rows)
    return replace(found, drivers=tuple(replace(one, conditions=told_on(one.conditions, cells)) for one in found.drivers))


def _mix_drivers(looking: Evidence, checking: Evidence) -> tuple[list[tuple[Driver, bool]], int]:
    levels = looking.levels
    if not levels.conditions:
        return [], 0
    parts = mix_parts(levels, looking.y, looking.first)
    again = mix_parts(checking.levels, checking.y, checking.first)
    told = _told_apart(levels, parts.share_first - parts.share_second)
    values = np.array([parts.values[places].sum() for places in told])
    error = np.array([parts.influence[:, places].sum(axis=1).std() for places in told]) / np.sqrt(len(looking.y))
    strength = np.abs(values) / np.where(error > 0, error, np.inf)
    made = []
    for at in np.argsort(-strength, kind="stable")[:MOST_TESTED].tolist():
        if strength[at] == 0:
            break
        places = told[at]
        level = level_part(checking.levels, again, places, checking.together)
        part, rows = level.part, int(checking.levels.design[:, places[0]].sum())
        driver = Driver("mix", (level.condition,), rows, level.share_first, level.share_second, part, 0.0, part.p,
                        also=levels.others(places))
        made.append((driver, part.value * values[at] > 0))
    return made, len(told)


def _told_apart(levels: Levels, shift: Floats) -> list[NDArray[np.int64]]:
    """What the mix is told by: each level with those of columns that go along, but both levels of a column with no others
    together, for one says what the other does; the one that the first group has more of comes first."""
    told, each = [], levels.told
    for owner in range(len(levels.names)):
        places = np.array([place for place in each if levels.owners[place] == owner], dtype=np.int64)
        mirrored = len(places) == 2 and bool((levels.design[:, places].sum(axis=1) == 1).all())
        if mirrored:
            places = places[np.argsort(-shift[places])]
            others = [place for first in places.tolist() for place in each[first][1:].tolist()]
            told.append(np.array([*places.tolist(), *others], dtype=np.int64))
        else:
            told += [each[place] for place in places.tolist()]
    return told


def _behaviour_drivers(
    looking: Evidence, checking: Evidence, columns: tuple[Column, ...]
) -> tuple[list[tuple[Driver, bool]], int]:
    known, fresh = np.isfinite(looking.scores), np.isfinite(checking.scores)
    most = 5 * MOST_TESTED  # some of them are copies
    found, looked_at = discover(looking.frame[known].reset_index(drop=True), looking.scores[known], columns, most)
    made = []
    cells = Cells(checking.frame)
    for candidate, also in _without_copies(found, looking.levels.alike)[:MOST_TESTED]:
        mask = all_hold(candidate.conditions, cells)
        inside, outside = mask & fresh, ~mask & fresh
        if min(int(inside.sum()), int(outside.sum())) < SMALLEST // 2:
            continue
        together = checking.together
        gap = gap_between(checking.scores[fresh], mask[fresh], None if together is None else together[fresh])
        mine = checking.scores[inside]
        effect = amount(gap.first, mine - gap.first, None if together is None else together[inside], checking.first[inside])
        if not np.isfinite(effect.low):  # too few of those that go together are in it
            continue
        shares = float(mask[checking.first].mean()), float(mask[~checking.first].mean())
        driver = Driver("behaviour", candidate.conditions, int(mask.sum()), *shares, effect, gap.second, gap.p, also=also)
        made.append((driver, gap.difference * candidate.difference > 0))
    return made, looked_at


def _without_copies(found: list[Candidate], alike: tuple[tuple[str, ...], ...]) -> list[tuple[Candidate, tuple[str, ...]]]:
    """The candidates, strongest first, each with the columns that go along with those it names; without those that speak of much
    the same rows as one that names other columns `alike`. Of these the column that is named first speaks for its group."""
    groups, speaker = {name: group for group in alike for name in group}, dict[str, str]()
    for candidate in found:
        for condition in candidate.conditions:
            speaker.setdefault(groups.get(condition.column, (condition.column,))[0], condition.column)
    named = [[condition.column for condition in candidate.conditions] for candidate in found]
    meant = [sorted({groups.get(name, (name,))[0] for name in names}) for names in named]
    speaks = [all(name in speaker.values() for name in names) for names in named]
    kept: list[int] = []
    for place in sorted(range(len(found)), key=lambda place: not speaks[place]):
        if not any(meant[other] == meant[place] and set(named[other]) != set(named[place])
                   and _same_rows(found[other].mask, found[place].mask) for other in kept):
            kept.append(place)
    return [(found[place], tuple(dict.fromkeys(
        other for name in named[place] for other in groups.get(name, ()) if other not in named[place]))) for place in sorted(kept)
    ]


def _same_rows(one: Mask, other: Mask) -> bool:
    """Whether two groups share half of their rows; where one takes most of what the other leaves, they say the same, too."""
    return _shared(one, other) >= HALF_SHARED or min(_shared(one, ~other), _shared(~one, other)) >= SAME


def _shared(one: Mask, other: Mask) -> float:
    return float((one & other).sum()) / max(1, int((one | other).sum()))
