"""Levers on rows: which rows of a table a card is about, and what moving a lever makes of a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard
from automl_core.acting.conditions import all_hold

Mask = NDArray[np.bool_]


def texts(series: pd.Series) -> pd.Series:
    """Values as the texts a person writes: whole numbers without a decimal point; missing stays missing."""
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        return series.map(_spelled, na_action="ignore").astype("str")
    return series.astype("str")


def _spelled(value: float) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else f"{number:.15g}"


def eligible(card: ActionCard, frame: pd.DataFrame) -> Mask:
    """(n,) rows of a typed and cleaned frame that the card is about: in its group, and at a value that would be changed."""
    mask = all_hold(card.conditions, frame) if card.conditions else np.ones(len(frame), dtype=bool)
    if card.from_values:
        mask = mask & np.asarray(texts(frame[card.lever]).isin(card.from_values), dtype=bool)
    else:
        mask = mask & np.asarray(frame[card.lever].notna(), dtype=bool)
    return np.asarray(mask, dtype=bool)
