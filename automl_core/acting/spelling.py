"""Values as the texts a person writes, and the numbers that texts spell."""

from __future__ import annotations

import math

import pandas as pd


def texts(series: pd.Series) -> pd.Series:
    """Values as the texts a person writes: whole numbers without a decimal point; missing stays missing."""
    if holds_numbers(series):
        return series.map(spelled, na_action="ignore").astype("str")
    return series.astype("str")


def spelled(value: float) -> str:
    """A number as a person writes it: no decimal point when it is whole."""
    number = float(value)
    return str(int(number)) if number.is_integer() else f"{number:.15g}"


def number_of(text: str) -> float:
    """The number a text spells, NaN when it spells none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def holds_numbers(values: pd.Series) -> bool:
    """Whether a column holds numbers, and not yes and no."""
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
