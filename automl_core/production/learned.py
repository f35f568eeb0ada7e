"""Whether rows are ones that a model learned from: its answers fit those better than any new row, so they judge nothing.

Two people may be alike in all that a model needs. Where rows have ids, one is known again only by its id, too; where they have
none, rows that equal learned ones are taken for these only when nearly all of a batch do.

Training rows are not kept. What is kept are the least 2,000 of the numbers that rows are hashed to (a bottom-k sketch, Cohen and
Kaplan 2007): a batch’s rows whose number is no larger than the largest of these are a random sample of the batch, and each of
them is known or not. Only the columns that the model needs count, and the ids.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
    rows that another one equals, which a new row would do as often. `named` are the least numbers over the `ids` as well, where
    the rows have any (name and kind). `whole` and `all_named` say that none was left out."""

    columns: tuple[tuple[str, str], ...] = ()
    numbers: tuple[int, ...] = ()
    whole: bool = False
    twins: float = 0.0
    ids: tuple[tuple[str, str], ...] = ()
    named: tuple[int, ...] = ()
    all_named: bool = False


def remember(
    frame: pd.DataFrame, columns: tuple[tuple[str, str], ...], ids: tuple[tuple[str, str], ...] = (), most: int = MOST_KEPT
) -> Learned:
    """The sketch of typed training rows over columns (name and kind), and of the same with their ids; of at most so many rows."""
    if frame.empty or not columns:
        return Learned()
    numbers, counts = np.unique(row_numbers(frame, columns), return_counts=True)
    twins = float(counts[counts > 1].sum() / len(frame))
    made = Learned(columns, tuple(numbers[:most].tolist()), len(numbers) <= most, twins)
    if not ids:
        return made
    named = np.unique(row_numbers(frame, (*columns, *ids)))
    return replace(made, ids=ids, named=tuple(named[:most].tolist()), all_named=len(named) <= most)


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
    named = _by_ids(learned, frame)
    return not math.isnan(share_learned(learned, frame)) or (
        named is not None and (named.whole or not math.isnan(share_learned(named, frame))))


def rows_learned(learned: Learned, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) rows of a typed batch that are not to be judged.

    With ids: those whose values and ids are known again; where the sketch does not hold every training row all of them, once a
    tenth or more surely were learned from. Without: those that equal a learned row, once nearly all of the batch do.
    """
    named = _by_ids(learned, frame)
    if named is not None:
        return _equal(named, frame) if named.whole else np.full(len(frame), share_learned(named, frame) >= WORTH_TELLING)
    if share_learned(learned, frame) >= NEARLY_ALL:
        return _equal(learned, frame) if learned.whole else np.ones(len(frame), dtype=bool)
    return np.zeros(len(frame), dtype=bool)


def without_other_ids(learned: Learned, frame: pd.DataFrame) -> pd.DataFrame:
    """The typed batch, without its ids where nearly all of it equals learned rows and hardly any id does: it is the training
    table, numbered anew."""
    named = _by_ids(learned, frame)
    if named is None or not share_learned(learned, frame) >= NEARLY_ALL or share_learned(named, frame) >= WORTH_TELLING:
        return frame
    return frame.drop(columns=[name for name, _ in learned.ids])


def rows_in_doubt(learned: Learned, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) rows of a typed batch without ids that equal a learned one, as far as the sketch tells: they may be that one."""
    if _by_ids(learned, frame) is not None or not learned.numbers or not _has(learned.columns, frame):
        return np.zeros(len(frame), dtype=bool)
    return _equal(learned, frame)


def _equal(learned: Learned, frame: pd.DataFrame) -> NDArray[np.bool_]:
    return np.isin(row_numbers(frame, learned.columns), learned.numbers)


def _by_ids(learned: Learned, frame: pd.DataFrame) -> Learned | None:
    """The sketch in which ids count; None when it or the batch has none."""
    if not learned.named or not _has((*learned.columns, *learned.ids), frame):
        return None
    if any(frame[name].isna().all() for name, _ in learned.ids):
        return None
    return Learned((*learned.columns, *learned.ids), learned.named, learned.all_named)


def _has(columns: tuple[tuple[str, str], ...], frame: pd.DataFrame) -> bool:
    return {name for name, _ in columns} <= set(frame.columns)


def _usable(learned: Learned, frame: pd.DataFrame) -> bool:
    """Whether there is a sketch, of rows that are not too much alike, over columns that the batch has."""
    return bool(learned.numbers) and learned.twins <= MOST_TWINS and _has(learned.columns, frame)


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
