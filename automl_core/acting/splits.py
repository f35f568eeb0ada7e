"""Candidate splits of a table's rows: numbers at quantiles, categories at levels and at sets of levels in the order of gain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import Cells, holds
from automl_core.data.table import Column
from automl_core.explaining.edges import short_between, short_edges

Floats = NDArray[np.float64]
Thin = NDArray[np.float32]
CUTS = 12
FINE_CUTS = 24  # among them the others
MOST_LEVELS = 30
LEAST_LEAF_SHARE = 0.03  # of the rows: fewer are no group
MOST_SPLITS = 120
MOST_SETS = 6  # of the levels of one column: of many levels chance makes wide sets, which would leave no room for other columns
MOST_SIDES = 1_000  # beyond which only the commonest levels are tried: each takes 4 bytes a row
COMMON_LEVELS = 8
Cut = tuple[int, ...]  # the places of the sides that make up its first side; its second is what is left of the column


@dataclass(frozen=True, eq=False, slots=True)
class Splits:
    """Candidate splits: `sides[2 j]` and `sides[2 j + 1]` are the two sides of one. The rows of each side are a sum of columns of
    `basis` (n, z): one of ones, the known rows of each column with gaps, and the first sides; `mix` (z, 2 k) says of which.
    `cells` are the rows themselves."""

    sides: tuple[Condition, ...]
    basis: Thin
    mix: Floats
    cells: Cells

    def finer(self, names: frozenset[str]) -> Splits:
        """Splits of some columns, their numbers cut at 23 quantiles."""
        return _split(self.cells, sorted(names), FINE_CUTS)

    def sums(self, weights: NDArray[np.generic]) -> Floats:
        """Sums of the `weights`, (n,) or (n, m), over each side: (2 k,) or (2 k, m)."""
        return np.asarray(self.mix.T @ (self.basis.T @ weights.astype(np.float32)), dtype=np.float64)

    def mixed(self, cuts: list[Cut]) -> Floats:
        """How the sides of the `cuts` are summed from the basis, (z, 2 cuts)."""
        out = np.empty((len(self.mix), 2 * len(cuts)))
        for place, cut in enumerate(cuts):
            out[:, 2 * place] = self.mix[:, cut].sum(axis=1)
            out[:, 2 * place + 1] = self.mix[:, cut[0]] + self.mix[:, cut[0] + 1] - out[:, 2 * place]
        return out

    def sides_of(self, cut: Cut) -> tuple[Condition, Condition]:
        """Both sides of a cut in words."""
        first, rest = self.sides[cut[0]], self.sides[cut[0] + 1]
        if len(cut) == 1:
            return first, rest
        names = tuple(self.sides[place].values[0] for place in cut)
        return Condition(first.column, names), Condition(first.column, tuple(one for one in rest.values if one not in names))


def make_splits(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Splits:
    """Numbers are cut at eleven quantiles and above each value that a twelfth of the rows have, categories at each level that
    has 3 % of the rows or more (of very many columns the eight most common ones)."""
    return _split(Cells(frame), [column.name for column in columns], CUTS)


def _split(cells: Cells, columns: list[str], cuts: int) -> Splits:
    frame = cells.frame
    sides = [side for name in columns for side in _column_sides(frame[name], name, cuts, MOST_LEVELS)]
    if len(sides) > MOST_SIDES:
        sides = [side for name in columns for side in _column_sides(frame[name], name, cuts, COMMON_LEVELS)]
    firsts = [holds(side, cells) for side in sides[::2]]
    gaps = {side.column: frame[side.column].notna().to_numpy(dtype=bool) for side in sides}
    known = [name for name, rows in gaps.items() if not rows.all()]
    masks = [np.ones(len(frame), dtype=bool), *(gaps[name] for name in known), *firsts]
    basis = np.empty((len(frame), len(masks)), dtype=np.float32, order="F")
    mix = np.zeros((len(masks), len(sides)))
    for place, mask in enumerate(masks):
        basis[:, place] = mask
    for place, side in enumerate(sides[::2]):
        own = 1 + len(known) + place
        mix[own, 2 * place], mix[own, 2 * place + 1] = 1, -1
        mix[1 + known.index(side.column) if side.column in known else 0, 2 * place + 1] += 1
    return Splits(tuple(sides), basis, mix, cells)


def _column_sides(series: pd.Series, name: str, most: int, levels_tried: int) -> list[Condition]:
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.dropna().to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        if not len(values):
            return []
        found, counts = np.unique(values, return_counts=True)
        few = len(found) <= most
        ordered = np.sort(values)
        cuts = short_edges(ordered, found[1:] if few else np.quantile(values, np.arange(1, most) / most), few)
        above = [] if few else _above_common(found, counts, most)
        # two edges with the same rows below them are one split, which chance would tell in the words of either
        inner = sorted({int(np.searchsorted(ordered, edge)): edge for edge in (*above, *cuts)}.values())
        return [Condition(name, (), *bounds) for edge in inner for bounds in ((math.nan, edge), (edge, math.nan))]
    levels = series.dropna().astype("str").value_counts()
    if not 2 <= len(levels) <= MOST_LEVELS:
        return []
    names = [str(level) for level in levels.index]
    tried = [level for level in names if levels[level] >= LEAST_LEAF_SHARE * len(series)][:levels_tried]
    if len(names) == 2:
        tried = tried[:1]
    sides = []
    for level in tried:
        sides += [Condition(name, (level,)), Condition(name, tuple(other for other in names if other != level))]
    return sides


def _above_common(found: Floats, counts: NDArray[np.int64], most: int) -> list[float]:
    """Edges just above those of the values `found` (u,), in order, that one of `most` rows has: of an amount that is 0 in nine of
    ten rows all quantiles are 0, and none parts these from the rest."""
    above = counts[::-1].cumsum()[::-1] - counts
    often = np.flatnonzero((counts >= counts.sum() / most) & (above >= LEAST_LEAF_SHARE * counts.sum()))
    return [short_between(float(found[place]), float(found[place + 1])) for place in often]


def candidates(splits: Splits, gain: Floats, count: Floats, names: frozenset[str] | None = None) -> list[Cut]:
    """At most 120 cuts (of the columns `names`, if given), those whose sides differ most in gain per row, by the sums of gains
    and rows on every side, (2 k,): the splits themselves, and for each category the sets of its levels in the order of their
    gain, among which is the best cut of its levels in two (Fisher 1958; Breiman et al. 1984)."""
    firsts = range(0, len(splits.sides), 2)
    cuts: list[Cut] = [(place,) for place in firsts if names is None or splits.sides[place].column in names]
    single: dict[str, list[int]] = {}
    for (place,) in cuts:
        if len(splits.sides[place].values) == 1:
            single.setdefault(splits.sides[place].column, []).append(place)
    means = gain / np.maximum(count, 1)
    for places in single.values():
        order = sorted(places, key=lambda place: -float(means[place]))
        most = min(len(places), len(splits.sides[places[0] + 1].values) - 1)
        sets = [tuple(order[:size]) for size in range(2, most + 1)]
        if len(sets) > MOST_SETS:
            sets = [sets[place] for place in np.sort(np.argsort(-_contrasts(sets, gain, count))[:MOST_SETS])]
        cuts += sets
    if len(cuts) <= MOST_SPLITS:
        return cuts
    return [cuts[place] for place in np.sort(np.argsort(-_contrasts(cuts, gain, count))[:MOST_SPLITS])]


def _contrasts(cuts: list[Cut], sums: Floats, counts: Floats) -> Floats:
    """How far apart the gains per row of each cut's sides are, in units of their chance."""
    places, first = np.concatenate(cuts), np.array([cut[0] for cut in cuts])
    starts = np.cumsum([0, *(len(cut) for cut in cuts[:-1])])
    gain, rows = np.add.reduceat(sums[places], starts), np.add.reduceat(counts[places], starts)
    other_gain = sums[first] + sums[first + 1] - gain
    other_rows = counts[first] + counts[first + 1] - rows
    apart = np.abs(gain / np.maximum(1.0, rows) - other_gain / np.maximum(1.0, other_rows))
    return np.asarray(apart * np.sqrt(np.maximum(0.0, np.minimum(rows, other_rows))), dtype=np.float64)
