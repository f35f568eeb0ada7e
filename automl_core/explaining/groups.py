"""Columns that say much the same: how strongly each pair goes together, and groups of those that do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CUT = 0.7
MOST_ROWS = 2_000
MOST_COLUMNS = 300
MOST_LEVELS = 60


def association(frame: pd.DataFrame, names: tuple[str, ...], seed: int = 0) -> Floats:
    """(k, k) how strongly each pair of columns goes together, 0 to 1, on at most 2,000 rows.

    Two numbers (or dates): Spearman's rank correlation without its sign. Two categories: Cramer's V without its bias (Bergsma
    2013). A number and a category: the correlation ratio of the ranks without its bias (Kelley 1935's epsilon). A column that is
    constant goes with nothing.
    """
    if len(frame) > MOST_ROWS:
        frame = frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), MOST_ROWS, replace=False))]
    numbers = [place for place, name in enumerate(names) if _ordered(frame[name])]
    others = [place for place in range(len(names)) if place not in set(numbers)]
    out = np.eye(len(names))
    ranks = pd.DataFrame({place: _ranks(frame[names[place]]) for place in numbers})
    if numbers:
        found = np.nan_to_num(ranks.corr(min_periods=10).abs().to_numpy(), nan=0.0)
        out[np.ix_(numbers, numbers)] = found
    codes = {place: _codes(frame[names[place]]) for place in others}
    values = ranks[numbers].to_numpy(dtype=np.float64)
    tables = _side_by_side([codes[place] for place in others])
    for index, place in enumerate(others[:-1]):
        rest = others[index + 1 :]
        out[place, rest] = out[rest, place] = _cramer(codes[place], tables, index + 1)
    for place in others:
        if numbers:
            out[place, numbers] = out[numbers, place] = _ratios(codes[place], values)
    np.fill_diagonal(out, 1.0)
    return out


def column_groups(frame: pd.DataFrame, names: tuple[str, ...], seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """Groups of two columns or more that go together at 0.7 on average (average linkage); at most the first 300 columns."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names = names[:MOST_COLUMNS]
    if len(names) < 2 or len(frame) < 20:
        return ()
    distance = 1.0 - np.clip(association(frame, names, seed), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    labels = fcluster(linkage(squareform((distance + distance.T) / 2, checks=False), "average"), 1.0 - CUT, "distance")
    found: dict[int, list[str]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        found.setdefault(label, []).append(name)
    return tuple(tuple(members) for members in found.values() if len(members) > 1)


def _ordered(series: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_datetime64_any_dtype(series.dtype)


def _ranks(series: pd.Series) -> pd.Series:
    return series.reset_index(drop=True).rank()


def _codes(series: pd.Series) -> NDArray[np.int64]:
    """(n,) codes of the levels, the rarest together; -1 for missing."""
    codes, levels = pd.factorize(series.astype("str").where(series.notna()))
    if len(levels) > MOST_LEVELS:
        common = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable")
        place = np.full(len(levels), MOST_LEVELS - 1)
        place[common[: MOST_LEVELS - 1]] = np.arange(MOST_LEVELS - 1)
        codes = np.where(codes < 0, -1, place[codes])
    return np.asarray(codes, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """Where tables with each of k columns lie when they are counted at once: `cells` (k, n) the place of each row, `width` where
    a value is missing; each column's places begin at its `starts` and are as many as its `sizes`."""

    cells: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    width: int


def _side_by_side(columns: list[NDArray[np.int64]]) -> _Tables:
    sizes = np.array([int(codes.max(initial=0)) + 1 for codes in columns], dtype=np.int64)
    starts, width = np.cumsum(sizes) - sizes, int(sizes.sum())
    cells = np.array([np.where(codes < 0, width, codes + start) for codes, start in zip(columns, starts, strict=True)])
    return _Tables(cells, starts, sizes, width)


def _cramer(first: NDArray[np.int64], tables: _Tables, since: int) -> Floats:
    """(k,) Cramer's V of a column with each of those `since` a place: one count for all of them, for pairs are many."""
    here, cells = first >= 0, tables.cells[since:]
    if not here.all():
        first, cells = first[here], cells[:, here]
    height, begins = int(first.max(initial=0)) + 1, int(tables.starts[since])
    counts = np.bincount((first * (tables.width + 1) + cells).ravel(), minlength=height * (tables.width + 1))
    table = counts.reshape(height, -1)[:, begins:-1].astype(np.float64)
    starts, sizes = tables.starts[since:] - begins, tables.sizes[since:]
    across, down = np.add.reduceat(table, starts, axis=1), table.sum(axis=0)  # (height, k) and (width,) sums of each table
    rows = across.sum(axis=0)
    expected = np.repeat(across / np.maximum(rows, 1), sizes, axis=1) * down
    off = np.divide((table - expected) ** 2, expected, out=np.zeros_like(table), where=expected > 0).sum(axis=0)
    phi = np.add.reduceat(off, starts) / np.maximum(rows, 1)
    r, k, free = (across > 0).sum(axis=0), np.add.reduceat((down > 0).astype(np.int64), starts), np.maximum(rows - 1, 1)
    phi = np.maximum(0.0, phi - (r - 1) * (k - 1) / free)
    least = np.minimum(r - (r - 1) ** 2 / free, k - (k - 1) ** 2 / free) - 1
    told = (rows >= 10) & (np.minimum(r, k) >= 2) & (least > 0)
    found: Floats = np.sqrt(np.minimum(1.0, np.divide(phi, least, out=np.zeros(len(phi)), where=told)))
    return found


def _ratios(codes: NDArray[np.int64], values: Floats) -> Floats:
    """(m,) correlation ratio of a column of levels with each column of values (n, m)."""
    here = codes >= 0
    code, value = codes[here], values[here]
    known = np.isfinite(value)
    rows = known.sum(axis=0)
    centred = np.where(known, value - np.where(known, value, 0.0).sum(axis=0) / np.maximum(rows, 1), 0.0)
    belongs = (code == np.arange(codes.max(initial=0) + 1)[:, None]).astype(np.float64)
    counts = belongs @ known.astype(np.float64)
    groups, total = (counts > 0).sum(axis=0), (centred**2).sum(axis=0)
    means = (belongs @ centred) / np.maximum(counts, 1)
    told = (rows >= 10) & (total > 0) & (groups >= 2) & (rows > groups)
    inside = total - (counts * means**2).sum(axis=0)
    explained = 1.0 - np.divide(inside, total, out=np.ones_like(total), where=told) * (rows - 1) / np.maximum(rows - groups, 1)
    return np.where(told, np.sqrt(np.maximum(0.0, explained)), 0.0)
