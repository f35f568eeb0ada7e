"""Copies of rows that a random split would put on both sides; of very many rows a part tells, with all copies of its rows."""
from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from automl_core.data.table import Column
from automl_core.framing.columns import usable_columns
from automl_core.framing.copied import copied_rows
from automl_core.framing.problem import Leak, Problem

TWINS_AMBER, TWINS_RED = 0.01, 0.05
MOST_ROWS = 100_000  # that are compared: a million of twenty columns took eight seconds
LOOKED_AT, FEWEST_VALUES, MOST_OF_ONE = 10_000, 1_000, 0.01  # rows that say whether a column tells rows apart, and what it needs


def find_twins(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> list[Leak]:
    """Copies of a row that a random split would put on both sides; of very many rows their number is an estimate. Those that are
    kept together are told, and are no reason for doubt: no split tears them apart."""
    part = _with_all_copies(frame[[column.name for column in usable_columns(columns, problem)]])
    groups = copied_rows(part, columns, problem)
    if groups is None:
        return []
    share = float((np.bincount(groups)[groups] > 1).mean())
    if share < TWINS_AMBER:
        return []
    if problem.copies_together:
        kept = "; copies are kept on one side of every split."
    elif problem.time or problem.group:
        kept = "."
    else:
        kept = ". If copies will not come again in new data, keep them together: scores are too good otherwise."
    said = f"{100 * share:.0f} % of the rows have an exact copy{kept}"
    severity: Literal["amber", "red"] = "red" if share > TWINS_RED and not problem.copies_together else "amber"
    if problem.time or problem.group or problem.copies_together:
        return [Leak("", "copied_rows", severity, said)]
    repeats = len(groups) - len(np.unique(groups))
    if len(part) < len(frame):
        repeats = _two_digits(repeats * len(frame) / len(part))
    return [Leak("", "copied_rows", severity, said, repeats, len(frame))]


def _with_all_copies(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, or of very many rows those with some values of one column that tells rows apart: of each row among them all
    copies are, so that their share is that of the table, where a random part would hardly hold two of a pair."""
    several = math.ceil(len(frame) / MOST_ROWS)
    if several <= 1:
        return frame
    quick = sorted(frame, key=lambda name: frame[name].dtype.kind not in "iufM")  # numbers take a tenth of the time of text
    key = next((name for name in quick if _tells_apart(frame[name])), None)
    if key is None:
        return frame
    hashes = pd.util.hash_pandas_object(frame[key], index=False).to_numpy()
    return frame.iloc[np.flatnonzero((hashes % several == 0) & frame[key].notna().to_numpy())].reset_index(drop=True)


def _tells_apart(series: pd.Series) -> bool:
    """Whether a column has many values, none of them in many rows, by rows from all over the table."""
    some = series.iloc[:: max(1, len(series) // LOOKED_AT)].dropna()
    counts = some.value_counts()
    return len(counts) >= FEWEST_VALUES and int(counts.iloc[0]) <= MOST_OF_ONE * len(some) and 2 * len(some) >= LOOKED_AT


def _two_digits(value: float) -> int:
    return int(float(f"{value:.1e}"))
