"""Columns that say much the same: how strongly each pair goes together, and groups of those that do."""

from __future__ import annotations

import math

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
    for index, place in enumerate(others):
        for other in others[index + 1 :]:
            out[place, other] = out[other, place] = _cramer(codes[place], codes[other])
        for number in numbers:
            out[place, number] = out[number, place] = _ratio(codes[place], ranks[number].to_numpy(dtype=np.float64))
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


def _cramer(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    known = (first >= 0) & (second >= 0)
    rows = int(known.sum())
    if rows < 10:
        return 0.0
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first[known], second[known]), 1.0)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, k = table.shape
    if min(r, k) < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / rows
    phi = float(((table - expected) ** 2 / expected).sum()) / rows
    phi = max(0.0, phi - (r - 1) * (k - 1) / (rows - 1))
    least = min(r - (r - 1) ** 2 / (rows - 1), k - (k - 1) ** 2 / (rows - 1)) - 1
    return math.sqrt(min(1.0, phi / least)) if least > 0 else 0.0


def _ratio(codes: NDArray[np.int64], values: Floats) -> float:
    known = (codes >= 0) & np.isfinite(values)
    rows = int(known.sum())
    if rows < 10:
        return 0.0
    code, value = codes[known], values[known]
    counts = np.bincount(code)
    groups = int((counts > 0).sum())
    total = float(((value - value.mean()) ** 2).sum())
    if total == 0 or groups < 2 or rows <= groups:
        return 0.0
    means = np.bincount(code, weights=value) / np.maximum(counts, 1)
    inside = float(((value - means[code]) ** 2).sum())
    explained = 1.0 - inside / total * (rows - 1) / (rows - groups)
    return math.sqrt(max(0.0, explained))
