"""What a table holds, column by column, in figures a page can draw without touching the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from automl_core.data.repeats import repeats
from automl_core.data.table import Column, Kind, Role, Table
from automl_core.data.values import to_text

BINS: Final = 12
LEVELS: Final = 10


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. Numbers are in the column's units; dates are ISO texts in `first` and `last`, seconds since 1970 elsewhere.

    `edges` has one more entry than `counts`; `levels` are the most frequent texts with their counts.
    """

    name: str
    kind: Kind
    role: Role
    missing: int
    distinct: int
    minimum: float = math.nan
    maximum: float = math.nan
    mean: float = math.nan
    median: float = math.nan
    counts: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    levels: tuple[tuple[str, int], ...] = ()
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """`missing` counts all missing cells; `duplicates` the rows that repeat an earlier one exactly."""

    rows: int
    missing: int
    duplicates: int
    columns: tuple[ColumnProfile, ...]


def profile(table: Table) -> Profile:
    """The profile of a typed table."""
    columns = tuple(_profile(table.frame[column.name], column) for column in table.columns)
    duplicates = int(repeats(table.frame).sum()) if table.rows and len(table.columns) <= 1000 else 0
    return Profile(table.rows, sum(column.missing for column in columns), duplicates, columns)


def _profile(series: pd.Series[Any], column: Column) -> ColumnProfile:
    present = series.dropna()
    missing, distinct = len(series) - len(present), int(present.nunique())
    head = (column.name, column.kind, column.role, missing, distinct)
    if not len(present):
        return ColumnProfile(*head)
    if column.kind in ("bool", "text"):
        top = present.value_counts().head(LEVELS)
        return ColumnProfile(*head, levels=tuple((str(label)[:80], int(count)) for label, count in top.items()))
    values = present.to_numpy()
    first = last = ""
    if column.kind == "date":
        first, last = to_text(values.min()) or "", to_text(values.max()) or ""
        values = values.astype("datetime64[us]").astype(np.int64) / 1e6
    values = values.astype(np.float64)
    counts, edges = histogram(values)
    return ColumnProfile(
        *head, float(values.min()), float(values.max()), float(values.mean()), float(np.median(values)),
        counts=counts, edges=edges, first=first, last=last,
    )  # fmt: skip


def histogram(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """12 equal bins between the extremes; whole numbers with few values get one bin each, centred on them."""
    low, high = float(values.min()), float(values.max())
    if high - low < BINS and bool(np.all(values == np.floor(values))):
        edges = np.arange(low - 0.5, high + 1.0)
    else:
        edges = np.linspace(low, high, BINS + 1)
        if not bool(np.all(np.diff(edges) > 0)):  # values too close for twelve different edges
            return (len(values),), (low, high)
    counts, _ = np.histogram(values, bins=edges)
    return tuple(int(count) for count in counts), tuple(float(edge) for edge in edges)
