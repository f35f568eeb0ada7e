"""All combinations of a row's allowed changes, in the order in which they are tried, and what the model says of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.row_moves import Move
from automl_core.explaining.combined import Combined, combined
from automl_core.explaining.swap import coded_as, feature_places
from automl_core.search.model import Model

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
Grid = list[tuple[Move, ...]]
BATCH = 2048
FEW = 2048  # combinations are asked one by one: that takes a blend some 0.2 s


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Combinations (n, levers), cheapest first: 0 leaves a lever, else it is the number of the lever's move, from 1 on.

    `cost`, `changes` and `steps` (n,) are what they are ordered by, `columns` (n,) the levers that change, as bits. `complete`
    says that these are all combinations.
    """

    grid: Grid
    picks: Picks
    cost: Floats
    changes: Picks
    steps: Picks
    complete: bool

    @property
    def columns(self) -> Picks:
        return np.asarray((self.picks > 0) @ (1 << np.arange(self.picks.shape[1])), dtype=np.int64)

    def moves(self, place: int) -> tuple[Move, ...]:
        """The changes of one combination."""
        return tuple(moves[pick - 1] for moves, pick in zip(self.grid, self.picks[place].tolist(), strict=True) if pick)

    def batches(self) -> Iterator[NDArray[np.int64]]:
        """Places, in order, so many at once that combinations of equal effort are never parted."""
        keys = np.column_stack([self.cost, self.changes, self.steps])
        ends = np.append(np.flatnonzero((keys[1:] != keys[:-1]).any(axis=1)) + 1, len(keys))
        start = 0
        while start < len(keys):
            end = int(ends[np.searchsorted(ends, min(start + BATCH, len(keys)))])
            yield np.arange(start, end)
            start = end


def ways_of(grid: Grid, most: int, limit: int) -> Ways:
    """All combinations of at most so many moves of different levers, cheapest first, then those of fewer changes and steps. Where
    there are more than the limit, as many of the first moves of each lever as there is room for (see `spread`)."""
    found: list[Picks] = [np.zeros((0, len(grid)), dtype=np.int64)]
    complete, many = True, 0
    for count in range(1, min(most, len(grid)) + 1):
        sizes = [len(moves) for moves in grid]
        longest = max(sizes)
        while longest and many + _size(sizes, count) > limit:
            complete, longest = False, longest - 1
            sizes = [min(size, longest) for size in sizes]
        for chosen in combinations(range(len(grid)), count):
            each = np.indices([sizes[lever] for lever in chosen]).reshape(count, -1).T + 1
            picks = np.zeros((len(each), len(grid)), dtype=np.int64)
            picks[:, chosen] = each
            found.append(picks)
            many += len(each)
    picks = np.concatenate(found)
    cost, steps = np.zeros(len(picks)), np.zeros(len(picks), dtype=np.int64)
    for lever, moves in enumerate(grid):
        cost += np.array([0.0, *(move.cost for move in moves)])[picks[:, lever]]
        steps += np.array([0, *(move.steps for move in moves)])[picks[:, lever]]
    cost, changes = np.round(cost, 9), (picks > 0).sum(axis=1)
    order = np.lexsort((steps, changes, cost))
    return Ways(grid, picks[order], cost[order], changes[order], steps[order], complete)


def _size(sizes: list[int], count: int) -> int:
    return sum(math.prod(chosen) for chosen in combinations(sizes, count))


class Asked:
    """What the model says of combinations of one row: one by one where they are few, else to within `CLOSE`."""

    def __init__(self, combined: Combined, ways: Ways) -> None:
        self.combined, self.ways = combined, ways
        self.few = len(ways.picks) <= FEW

    def near(self, places: NDArray[np.int64]) -> Any:
        """Predictions of combinations at these places."""
        return self.exactly(places) if self.few else self.combined.near(self.ways.picks[places])

    def exactly(self, places: NDArray[np.int64]) -> Any:
        """The same as the model says it wherever it scores."""
        return self.combined.asked(self.ways.picks[places])

    def now(self) -> Any:
        """The prediction (1, ...) of the row as it is, as near as those of combinations."""
        as_it_is = np.zeros((1, len(self.ways.grid)), dtype=np.int64)
        return self.combined.asked(as_it_is) if self.few else self.combined.near(as_it_is)


def changed(model: Model, row: Floats, grid: Grid, like: pd.DataFrame) -> Combined:
    """An encoded row (p,) with what the moves of each lever make of it; `like` are rows of the table that it is from."""
    rows = []
    for moves in grid:
        name, values = moves[0].column, pd.Series([move.value for move in moves], dtype=object)
        coded = np.tile(row, (len(moves) + 1, 1))
        coded[1:, feature_places(model, name)] = coded_as(model, like[name], values)
        rows.append(coded)
    return combined(model, row, tuple(rows))


def alone(grid: Grid) -> Picks:
    """(n, levers) each move by itself, lever after lever."""
    sizes = [len(moves) for moves in grid]
    picks = np.zeros((sum(sizes), len(grid)), dtype=np.int64)
    picks[np.arange(len(picks)), np.repeat(np.arange(len(grid)), sizes)] = [1 + place for size in sizes for place in range(size)]
    return picks
