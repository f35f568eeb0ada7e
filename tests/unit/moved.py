"""Rows with changes made in a table, as a person would make them: what encoded rows are held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.acting.row_moves import Move


def moved(base: pd.DataFrame, combos: list[tuple[Move, ...]]) -> pd.DataFrame:
    """One row for each combination: the base row with its moves made."""
    frame = base.loc[np.zeros(len(combos), dtype=np.int64)].reset_index(drop=True)
    for name in dict.fromkeys(move.column for combo in combos for move in combo):
        values = frame[name].astype(object).to_numpy(copy=True)
        for place, combo in enumerate(combos):
            for move in combo:
                if move.column == name:
                    values[place] = move.value
        frame[name] = pd.Series(values, index=frame.index).astype(base[name].dtype)
    return frame
