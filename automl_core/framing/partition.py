"""Simple answers: tables of group averages over one or two columns, and a depth-two tree.

Every one is a partition of the rows with one answer a part, so all are chosen alike: by their leave-one-out error inside the
training rows, which costs one pass (a part's answer without a row follows from its sum and count).
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.metric_rows import Floats

SMOOTHING = 20.0
BANDS = 8
MOST_LEVELS = 50
BEST_FOR_PAIRS = 5

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Grouping:
    """A column cut into parts: `codes` (n,) the part of each row, `labels` the parts in words."""

    column: str
    codes: Codes
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """Group averages learned on training rows: `values` (parts, k) are the smoothed answers, `counts` (parts,) their rows."""

    groupings: tuple[Grouping, ...]
    values: Floats
    counts: Floats
    loss: float

    def predict(self, rows: NDArray[np.int64]) -> Floats:
        """(len(rows), k) answers."""
        answers: Floats = self.values[part_codes(self.groupings)[rows]]
        return answers


def make_groupings(frame: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[Grouping, ...]:
    """Columns as parts: categories of 2 to 50 levels as they are, numbers and dates in up to eight bands of equal rows."""
    made = (_grouping(frame[column.name], column) for column in columns if column.role != "text")
    return tuple(grouping for grouping in made if grouping is not None)


def _grouping(series: pd.Series, column: Column) -> Grouping | None:
    missing = series.isna().to_numpy()
    if series.dtype.kind in "iufM" and not (column.role == "category" or _few(series.to_numpy()[~missing])):
        codes, labels = _bands(series, missing)
    else:
        codes, levels = pd.factorize(series, sort=True)
        labels = [_short(level) for level in levels]
    codes = codes.astype(np.int64)
    if missing.any():
        codes = np.where(missing, len(labels), codes)
        labels = [*labels, "missing"]
    if not 2 <= len(labels) <= MOST_LEVELS:
        return None
    return Grouping(column.name, codes, tuple(labels))


def _few(present: NDArray[Any]) -> bool:
    """Whether there are no more values than bands; most often the first rows tell."""
    return len(pd.unique(present[: 8 * BANDS])) <= BANDS and len(pd.unique(present)) <= BANDS


def _short(level: object) -> str:
    if isinstance(level, (float, np.floating)):
        return f"{float(level):.6g}"
    return str(level)[:80]


def _bands(series: pd.Series, missing: NDArray[np.bool_]) -> tuple[Codes, list[str]]:
    """Parts between the eighths of the values, each edge belonging to the part below it."""
    dates = series.dtype.kind == "M"
    values = series.to_numpy().astype("datetime64[us]").astype(np.int64) if dates else series.to_numpy(dtype=float)
    present = values[~missing]
    present = present[np.isfinite(present)]
    places = (np.linspace(0, 1, BANDS + 1)[1:-1] * (len(present) - 1)).astype(np.int64)  # the quantiles at or below
    edges = np.unique(np.partition(present, places)[places]) if len(present) else np.array([])
    edges = edges[edges < present.max()] if len(present) else edges
    shown = [str(np.datetime64(int(edge), "us").astype("datetime64[D]")) if dates else f"{edge:.6g}" for edge in edges]
    if not shown:
        return np.zeros(len(values), dtype=np.int64), ["any"]
    labels = [f"up to {shown[0]}", *(f"{a} to {b}" for a, b in pairwise(shown)), f"over {shown[-1]}"]
    return np.searchsorted(edges, values, side="left").astype(np.int64), labels


def part_codes(groupings: Sequence[Grouping]) -> Codes:
    """(n,) the part of each row in one grouping or in the cross of several."""
    codes = groupings[0].codes
    for grouping in groupings[1:]:
        codes = codes * len(grouping.labels) + grouping.codes
    return codes


def learn_table(
    groupings: tuple[Grouping, ...], rows: NDArray[np.int64], targets: Floats, weights: Floats | None = None
) -> Table:
    """Smoothed group means of `targets` (len(rows), k) and their leave-one-out squared error (for classes: Brier's).

    m-estimate with m = 20: a part of few rows is drawn to the overall mean (Micci-Barreca 2001). `weights` (len(rows),) say how
    much each row counts.
    """
    codes = part_codes(groupings)[rows]
    parts = math.prod(len(grouping.labels) for grouping in groupings)
    counts = np.bincount(codes, minlength=parts).astype(float)
    own = np.ones(len(rows)) if weights is None else weights
    mass, mine = np.bincount(codes, weights=own, minlength=parts), targets * own[:, None]
    sums = np.column_stack([np.bincount(codes, weights=mine[:, k], minlength=parts) for k in range(targets.shape[1])])
    prior = np.average(targets, axis=0, weights=weights)
    left_out = (sums[codes] - mine + SMOOTHING * prior) / (mass[codes] - own + SMOOTHING)[:, None]
    loss = float(np.average(((targets - left_out) ** 2).sum(axis=1), weights=weights))
    return Table(groupings, (sums + SMOOTHING * prior) / (mass + SMOOTHING)[:, None], counts, loss)


def rank_tables(
    groupings: tuple[Grouping, ...], rows: NDArray[np.int64], targets: Floats, weights: Floats | None = None
) -> list[Table]:
    """The table over each column alone, the one of least leave-one-out error on these rows first."""
    return sorted((learn_table((grouping,), rows, targets, weights) for grouping in groupings), key=lambda table: table.loss)


def choose_table(
    groupings: tuple[Grouping, ...], rows: NDArray[np.int64], targets: Floats, weights: Floats | None = None
) -> Table | None:
    """The best table over one column or a pair of the best five, by leave-one-out error on these rows; None without columns."""
    return best_table(rank_tables(groupings, rows, targets, weights), rows, targets, weights)


def best_table(
    singles: list[Table], rows: NDArray[np.int64], targets: Floats, weights: Floats | None = None
) -> Table | None:
    """What `choose_table` chooses, where the tables over single columns are there already."""
    if not singles:
        return None
    best = [table.groupings[0] for table in singles[:BEST_FOR_PAIRS]]
    pairs = [learn_table(pair, rows, targets, weights) for pair in combinations(best, 2)]
    chosen = min(pairs, key=lambda table: table.loss, default=singles[0])
    # a second column must earn its place, or the table is only harder to read
    return chosen if chosen.loss < 0.99 * singles[0].loss else singles[0]
