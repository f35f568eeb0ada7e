"""Values as the texts a person writes, and texts as the numbers they spell: one spelling for levers, conditions and files."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeGuard

import numpy as np
import pandas as pd

from automl_core.data.values import to_text


def holds_numbers(values: pd.Series) -> bool:
    """Whether a column holds numbers, and not yes and no."""
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def texts(series: pd.Series) -> pd.Series:
    """Values as the texts a person writes: whole numbers without a decimal point, midnights as a day, whatever other rows hold;
    missing stays missing."""
    if holds_numbers(series):
        return series.map(spelled, na_action="ignore").astype("str")
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series.map({value: to_text(value) for value in series.dropna().unique()}).astype("str")
    return series.astype("str")


def spelled(value: float) -> str:
    """A number as a person writes it: no decimal point when it is whole, and what is whole already with all its digits."""
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    number = float(value)
    return str(int(number)) if number.is_integer() else f"{number:.15g}"


def is_number(value: object) -> TypeGuard[float]:
    """Whether what somebody gave is a number: yes and no are none, though Python counts with them."""
    return isinstance(value, Real) and not isinstance(value, bool)


def number_of(text: str) -> float:
    """The number a text spells, NaN when it spells none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def respelled(value: object) -> str:
    """A text that spells a number as `texts` writes that number, and any other as it is."""
    text = str(value)
    number = number_of(text)
    if math.isnan(number):
        return text
    try:
        return str(int(text))  # a float holds no more than the first sixteen digits
    except ValueError:
        return spelled(number)
