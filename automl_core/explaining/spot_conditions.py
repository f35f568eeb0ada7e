"""Conditions that groups of rows are told by: bins of numbers, levels, and what is missing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.closer_look import SpotCondition
from automl_core.explaining.edges import short_edges
from automl_core.explaining.swap import as_numbers, is_number
from automl_core.explaining.words import edge, number, quote

Mask = NDArray[np.bool_]
BINS = 4
LEVEL_SHARE = 0.05
PAIR_GAIN = 1.25  # a second condition must widen what is told by a quarter to be worth its words


def conditions_of(series: pd.Series) -> list[SpotCondition]:
    """Four bins of equal size, halves and the rest of each, or the levels with 5 % of the rows or more; and what is missing."""
    name, rows = str(series.name), max(1, len(series))
    found: list[SpotCondition] = []
    if is_number(series) and series.nunique() > BINS:
        values = as_numbers(series)
        known = values[np.isfinite(values)]
        cuts = short_edges(np.sort(known), np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else []
        ends = [math.nan, *cuts, math.nan]
        found = [SpotCondition(name, (), low, high) for a, low in enumerate(ends[:-1]) for high in ends[a + 1 :]
                 if not (math.isnan(low) and math.isnan(high))]
    else:
        shares = series.dropna().value_counts() / rows
        numbers = is_number(series)
        texts = [_level(float(v)) if numbers else str(v) for v in shares.index]
        found = [SpotCondition(name, (text,), gone=False, numbers=numbers) for text, share in zip(texts, shares, strict=True)
                 if LEVEL_SHARE <= share <= 1 - LEVEL_SHARE]
    if LEVEL_SHARE <= float(series.isna().mean()) <= 1 - LEVEL_SHARE:
        found.append(SpotCondition(name, ("missing",), gone=True))
    return found


def _level(value: float) -> str:
    """One of few numbers in full; whole ones of four digits stand without a mark, for they may be years."""
    return edge(value) if value.is_integer() and abs(value) < 1e6 else number(value, 12)


def holds(condition: SpotCondition, frame: pd.DataFrame) -> Mask:
    """The rows a condition holds for."""
    series = frame[condition.column]
    if condition.is_gone:
        return np.asarray(series.isna(), dtype=bool)
    if condition.values:
        texts = series.map(lambda v: _level(float(v))) if is_number(series) else series.astype("str")
        return np.asarray(texts.isin(condition.values) & series.notna(), dtype=bool)
    values = as_numbers(series)
    mask = np.isfinite(values)
    if not math.isnan(condition.low):
        mask &= values >= condition.low
    if not math.isnan(condition.high):
        mask &= values < condition.high
    return np.asarray(mask, dtype=bool)


def all_hold(conditions: tuple[SpotCondition, ...], frame: pd.DataFrame) -> Mask:
    """The rows all conditions hold for."""
    mask = np.ones(len(frame), dtype=bool)
    for condition in conditions:
        mask &= holds(condition, frame)
    return mask


def describe(condition: SpotCondition) -> str:
    """A condition in words."""
    name = quote(condition.column)
    if condition.is_gone:
        return f"{name} is missing"
    if condition.values:
        return f"{name} is {' or '.join(value if condition.numbers else quote(value) for value in condition.values)}"
    low, high = edge(condition.low), edge(condition.high)
    if math.isnan(condition.low):
        return f"{name} is below {high}"
    return f"{name} is {low} or more" if math.isnan(condition.high) else f"{name} is from {low} to below {high}"
