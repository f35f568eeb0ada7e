"""Segments: groups under one or two conditions whose outcome differs from the rest.

Found on one half of the rows and confirmed on the other, then once more with the halves swapped, with Benjamini-Hochberg over
what was tested at 2.5 % each way: searching and testing on the same rows calls noise a finding in nearly every run. Two ways at
half the error cannot be wrong more often than one way at the whole (union bound), and find more, because either half may be the
one that shows a group. All figures are those of the half that confirmed a segment; where rows belong to groups (customers), their
errors count a group's rows as dependent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import TOO_FEW, Condition, Segment, SegmentSearch
from automl_core.acting.conditions import (
    SMALLEST_LEVEL,
    Cells,
    Mask,
    all_hold,
    conditions_of,
    describe_all,
    holds,
    told_on,
    usable,
)
from automl_core.acting.copies import together
from automl_core.acting.finding import FindingKind
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.acting.statistics import Gap, benjamini_hochberg, gap_between
from automl_core.data.table import Column
from automl_core.explaining.spot_conditions import PAIR_GAIN
from automl_core.explaining.words import change_range, number, points
from automl_core.framing.dependent import Codes
from automl_core.framing.problem import Problem

MOST_TESTED = 10  # each way: 20 in all
MOST_SINGLE = 120
MOST_PAIRS = 200
SMALLEST = 50
SMALLEST_SHARE = 0.02
FALSE_DISCOVERY = 0.025  # each way: 5 % in all
MOST_ROWS = 100_000
TWINS = 0.8  # two candidates whose rows overlap this much are one finding: of four bins only one at a time is a condition

FEW_ROWS = f"{TOO_FEW}: it takes {4 * SMALLEST} with an outcome."
UNEVEN = ("The rows go together in too few or too uneven groups to find something on one half and confirm it on the other: each "
          f"half needs {2 * SMALLEST} rows with an outcome.")
NO_GROUP = (f"No column parts the rows into groups of {SMALLEST} or more, and of {number(100 * SMALLEST_LEVEL)} % or more, in "
            "each half, so no group was looked at.")


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """A group worth testing: its rows (of the half that was looked at), its difference there, and the size of that against
    chance."""

    conditions: tuple[Condition, ...]
    mask: Mask
    difference: float
    strength: float


def find_groups(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int = 0
) -> SegmentSearch:
    """Confirmed segments, the widest difference first. `frame` and `y` have the same rows in the same order.

    Rows of one group (`problem.group`), or copies of a row, stay in one half, and intervals and tests are clustered by it. Above
    100,000 rows a random sample is used. Where no group could be looked at, `note` says why.
    """
    outcome, every = make_outcome(y, problem), Cells(frame)
    generator = np.random.default_rng(seed)
    frame, values = _known_rows(frame, outcome.values, generator)
    alike = together(frame, values, columns, problem).codes
    first = first_half(len(frame), alike, generator)
    if min(int(first.sum()), int((~first).sum())) < 2 * SMALLEST:
        return SegmentSearch((), 0, 0, outcome.label, outcome.unit, outcome.is_rate,
                             FEW_ROWS if len(frame) < 4 * SMALLEST else UNEVEN)
    described, cells = usable(columns, problem), Cells(frame)
    kept: list[tuple[Segment, Mask]] = []
    looked_at = tested = 0
    for looking in (first, ~first):
        found, seen = discover(frame[looking], values[looking], described, MOST_TESTED)
        looked_at, tested = looked_at + seen, tested + len(found)
        found = [replace(one, conditions=told_on(one.conditions, every)) for one in found]
        checking = None if alike is None else alike[~looking]
        for segment in _confirm(frame[~looking], values[~looking], found, outcome, checking):
            mask = all_hold(segment.conditions, cells)
            if all(_overlap(mask, other) < TWINS for _, other in kept):
                kept.append((segment, mask))
    segments = tuple(sorted((segment for segment, _ in kept), key=lambda segment: -abs(segment.difference)))
    note = "" if looked_at else NO_GROUP
    return SegmentSearch(segments, looked_at, tested, outcome.label, outcome.unit, outcome.is_rate, note)


def _known_rows(
    frame: pd.DataFrame, values: NDArray[np.float64], generator: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    known = np.flatnonzero(np.isfinite(values))
    if len(known) > MOST_ROWS:
        known = np.sort(generator.choice(known, MOST_ROWS, replace=False))
    return frame.iloc[known].reset_index(drop=True), values[known]


def first_half(rows: int, alike: Codes | None, generator: np.random.Generator) -> Mask:
    """(n,) a random half of the rows; those that go together by the codes `alike` (n,) stay together."""
    if alike is None:
        return np.asarray(generator.permutation(rows) < rows / 2, dtype=bool)
    units = int(alike.max(initial=-1)) + 2
    picked = generator.permutation(units) < units / 2
    return np.asarray(picked[alike], dtype=bool)


def discover(
    frame: pd.DataFrame, values: NDArray[np.float64], columns: tuple[Column, ...], most: int = MOST_TESTED
) -> tuple[list[Candidate], int]:
    """At most `most` candidates, strongest first, and how many conditions and pairs were looked at."""
    smallest = max(SMALLEST, SMALLEST_SHARE * len(frame))
    singles: list[Candidate] = []
    cells = Cells(frame)
    for column in columns:
        for condition in conditions_of(cells, column):
            made = _candidate((condition,), holds(condition, cells), values, smallest)
            if made is not None:
                singles.append(made)
    singles.sort(key=lambda c: -c.strength)
    pairs, pair_count = _pairs(singles[:MOST_SINGLE], values, smallest)
    chosen: list[Candidate] = []
    for candidate in sorted([*singles, *pairs], key=lambda c: -c.strength):
        if all(_overlap(candidate.mask, other.mask) < TWINS for other in chosen):
            chosen.append(candidate)
        if len(chosen) == most:
            break
    return chosen, len(singles) + pair_count


def _candidate(conditions: tuple[Condition, ...], mask: Mask, values: NDArray[np.float64], smallest: float) -> Candidate | None:
    inside = int(mask.sum())
    if inside < smallest or len(mask) - inside < smallest:
        return None
    difference = float(values[mask].mean() - values[~mask].mean())
    error = float(values.std()) * np.sqrt(1 / inside + 1 / (len(mask) - inside))
    return Candidate(conditions, mask, difference, abs(difference) / error if error > 0 else 0.0)


def _pairs(singles: list[Candidate], values: NDArray[np.float64], smallest: float) -> tuple[list[Candidate], int]:
    """The strongest pairs of conditions on different columns that beat both of their conditions alone, and how many pairs with
    rows enough there were. Counts and sums of all pairs come from two matrix products."""
    rows, spread = len(values), float(values.std())
    if len(singles) < 2 or spread == 0:
        return [], 0
    masks = np.stack([single.mask for single in singles]).astype(np.float32)
    counts = (masks @ masks.T).astype(np.float64)
    sums = (masks * (values - values.mean()).astype(np.float32)) @ masks.T
    names = np.array([single.conditions[0].column for single in singles], dtype=object)
    enough = (counts >= smallest) & (rows - counts >= smallest) & (names[:, None] != names[None, :])
    first, second = np.nonzero(np.triu(enough, 1))
    inside = counts[first, second]
    gap = sums[first, second].astype(np.float64) * (1 / inside + 1 / (rows - inside))
    strength = np.abs(gap) / (spread * np.sqrt(1 / inside + 1 / (rows - inside)))
    alone = np.abs([single.difference for single in singles])
    worth = np.flatnonzero(np.abs(gap) >= PAIR_GAIN * np.maximum(alone[first], alone[second]))
    pairs = []
    for place in worth[np.argsort(-strength[worth], kind="stable")][:MOST_PAIRS].tolist():
        one, other = singles[first[place]], singles[second[place]]
        conditions = (*one.conditions, *other.conditions)
        pairs.append(Candidate(conditions, one.mask & other.mask, float(gap[place]), float(strength[place])))
    return pairs, len(first)


def _overlap(a: Mask, b: Mask) -> float:
    """Jaccard index; two complements count as one finding, too, because they say the same thing twice."""
    both, either = int((a & b).sum()), int((a | b).sum())
    jaccard = both / either if either else 0.0
    return max(jaccard, 1.0) if both == 0 and either == len(a) else jaccard


def _confirm(
    frame: pd.DataFrame, values: NDArray[np.float64], found: list[Candidate], outcome: Outcome, alike: Codes | None
) -> tuple[Segment, ...]:
    tested: list[tuple[Candidate, int, Gap]] = []
    cells = Cells(frame)
    for candidate in found:
        mask = all_hold(candidate.conditions, cells)
        if min(int(mask.sum()), int((~mask).sum())) >= 5:
            tested.append((candidate, int(mask.sum()), gap_between(values, mask, alike)))
    adjusted = benjamini_hochberg([gap.p for _, _, gap in tested])
    kept = []
    for (candidate, rows, gap), p in zip(tested, adjusted, strict=True):
        if p < FALSE_DISCOVERY and gap.difference * candidate.difference > 0:
            kept.append(
                Segment(
                    candidate.conditions,
                    rows,
                    gap.first,
                    gap.second,
                    gap.difference,
                    gap.low,
                    gap.high,
                    p,
                    _sentence(candidate.conditions, rows, gap, outcome),
                )
            )
    kept.sort(key=lambda segment: -abs(segment.difference))
    return tuple(kept)


def _sentence(conditions: tuple[Condition, ...], rows: int, gap: Gap, outcome: Outcome) -> str:
    word = "more" if gap.difference > 0 else "less"
    span = change_range(gap.low, gap.high, points if outcome.is_rate else number, lambda end: "more" if end > 0 else "less")
    first, second = outcome.levels(gap.first, gap.second)
    measure = f"have {outcome.label}" if outcome.is_rate else f"is the mean of {outcome.label}"
    return (
        f"Where {describe_all(conditions)}, {first} {measure}, elsewhere {second}: "
        f"{outcome.gap(gap.difference)} {word} (95 % range {span}, on the rows that checked it: {rows:,} in the group)."
    )


FINDING = FindingKind(name="segments", title="Groups whose outcome differs", find=find_groups)
