"""Whether rows are ones that a model learned from: its answers fit those better than any new row, so they judge nothing.

Training rows are not kept. What is kept are the least 2,000 of the numbers that rows are hashed to (a bottom-k sketch, Cohen and
Kaplan 2007): a batch’s rows whose number is no larger than the largest of these are a random sample of the batch, and each of
them is known or not. Only the columns that the model needs count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_KEPT = 2_000
LEAST_SEEN = 5
MOST_TWINS = 0.3
SURE = 3.29
WORTH_TELLING = 0.1
NEARLY_ALL = 0.9
BITS = 48  # a whole number of so many bits survives JSON wherever it is read


@dataclass(frozen=True, slots=True)
class Learned:
    """The least `numbers` of the training rows, ascending, over `columns` (name and kind); `twins` is the share of training
    rows that another one equals, which a new row would do as often."""

    columns: tuple[tuple[str, str], ...] = ()
    numbers: tuple[int, ...] = ()
    whole: bool = False
    twins: float = 0.0


def remember(frame: pd.DataFrame, columns: tuple[tuple[str, str], ...]) -> Learned:
    """The sketch of typed training rows over columns (name and kind)."""
    if frame.empty or not columns:
        return Learned()
    numbers, counts = np.unique(row_numbers(frame, columns), return_counts=True)
    twins = float(counts[counts > 1].sum() / len(frame))
    return Learned(columns, tuple(numbers[:MOST_KEPT].tolist()), len(numbers) <= MOST_KEPT, twins)


def share_learned(learned: Learned, frame: pd.DataFrame) -> float:
    """The share of a typed batch that the model learned from, about; NaN where too few rows, or too many alike, tell whether it
    is a tenth or more."""
    if not _usable(learned, frame):
        return math.nan
    found = row_numbers(frame, learned.columns)
    judged = found if learned.whole else found[found <= learned.numbers[-1]]
    if len(judged) < LEAST_SEEN:
        return math.nan
    known = float(np.isin(judged, learned.numbers).mean())
    low, high = ((bound - learned.twins) / (1 - learned.twins) for bound in _bounds(known, len(judged)))
    if low < WORTH_TELLING <= high:
        return math.nan
    return max(0.0, (known - learned.twins) / (1 - learned.twins))


def may_be_told(learned: Learned, frame: pd.DataFrame) -> bool:
    """Whether it is known of a typed batch that the model learned from it, or that it did not."""
    return not math.isnan(share_learned(learned, frame))


def rows_learned(learned: Learned, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) rows of a typed batch that are not to be judged: those known again, where the sketch holds every training row; else
    all, once a tenth or more of them surely were learned from, for which ones is not known."""
    if not _usable(learned, frame) or not learned.whole:
        return np.full(len(frame), share_learned(learned, frame) >= WORTH_TELLING)
    return np.isin(row_numbers(frame, learned.columns), learned.numbers)


def _usable(learned: Learned, frame: pd.DataFrame) -> bool:
    """Whether there is a sketch, of rows that are not too much alike, over columns that the batch has."""
    return bool(learned.numbers) and learned.twins <= MOST_TWINS and {name for name, _ in learned.columns} <= set(frame.columns)


def _bounds(share: float, rows: int) -> tuple[float, float]:
    """The 99.9 % interval of a share of so many rows (Wilson 1927): to say it of new rows would keep them from being judged."""
    square = SURE**2
    middle, reach = share + square / (2 * rows), SURE * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return (middle - reach) / (1 + square / rows), (middle + reach) / (1 + square / rows)


def learned_sentence(share: float) -> str:
    """Why a batch’s answers are not judged; empty where few or none of its rows were learned from."""
    if not share >= WORTH_TELLING:
        return ""
    which = ("These are rows that the model learned from" if share >= NEARLY_ALL
             else f"About {100 * share:.0f} % of these rows are ones that the model learned from")
    return f"{which}: its answers fit them better than new rows. So answers are not compared here, and a score looks too good."


def row_numbers(frame: pd.DataFrame, columns: tuple[tuple[str, str], ...]) -> NDArray[np.int64]:
    """One number a row, the same for the same values however their type was stored."""
    alike = pd.DataFrame({place: _alike(frame[name], kind) for place, (name, kind) in enumerate(columns)})
    hashed = pd.util.hash_pandas_object(alike, index=False).to_numpy(dtype=np.uint64)
    return (hashed >> np.uint64(64 - BITS)).astype(np.int64)


def _alike(values: pd.Series[Any], kind: str) -> NDArray[Any]:
    if kind in ("int", "float"):
        return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0 is 0
    if kind == "date":
        return values.astype("datetime64[us]").astype("int64").to_numpy()
    return values.astype("str").fillna("").to_numpy(dtype=object)
