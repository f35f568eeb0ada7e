"""The few columns that moved each prediction most, in words: for lists of rows, where a waterfall each would be too much."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.explaining.contributions import contributions
from automl_core.explaining.single import value_text
from automl_core.explaining.words import number
from automl_core.search.model import Model

REASONS = 3


def explain_rows(model: Model, frame: pd.DataFrame, background: pd.DataFrame, seed: int = 0) -> list[tuple[str, ...]]:
    """Up to three reasons for each typed, cleaned row, the strongest first, such as “Contract = Monthly (+12 points)”."""
    if frame.empty:
        return []
    made = contributions(model, frame, background, seed)
    unit = " points" if made.label else ""
    shown = frame[list(made.names)].astype(object)
    strongest = np.argsort(-np.abs(made.phi), axis=1, kind="stable")[:, :REASONS]
    reasons = []
    for row, places in enumerate(strongest.tolist()):
        reasons.append(tuple(
            f"{made.names[place]} = {value_text(shown.iat[row, place])} ({_signed(float(made.phi[row, place]))}{unit})"
            for place in places if made.phi[row, place] != 0.0))
    return reasons


def _signed(amount: float) -> str:
    text = number(amount, 2)
    return f"+{text}" if amount > 0 else text
