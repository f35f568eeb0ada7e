"""Rows that repeat an earlier row in every column, found without comparing every column of every row."""
from __future__ import annotations

import numpy as np
import pandas as pd

FEW_COLUMNS = 6  # below, comparing them all costs no more
LOOKED_AT = 5_000
DISTINCT = 3


def repeats(frame: pd.DataFrame) -> np.ndarray:
    """Which of the rows (n,) equal an earlier row in every column; missing equals missing.

    Equal rows are equal in the columns that tell most rows apart, so only those that are get compared in all.
    """
    found = np.zeros(len(frame), dtype=bool)
    if len(frame.columns) < FEW_COLUMNS:
        return frame.duplicated().to_numpy() if len(frame.columns) else found
    some = frame.iloc[:: max(1, len(frame) // LOOKED_AT)]
    levels: list[int] = []
    for place in range(frame.shape[1]):
        levels.append(some.iloc[:, place].nunique())
        if levels.count(len(some)) == DISTINCT:
            break  # no column tells more rows apart than these, the first of their kind
    telling = frame.iloc[:, sorted(range(len(levels)), key=lambda place: -levels[place])[:DISTINCT]]
    alike = np.flatnonzero(telling.duplicated(keep=False).to_numpy())
    found[alike] = frame.iloc[alike].duplicated().to_numpy()
    return found
