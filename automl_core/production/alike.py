"""How alike rows of one group are, column by column: 20 shops of 50 rows tell as much of a shop’s size as 20 rows.

A distribution over rows of groups varies as one over fewer rows: by 1 + (rows of a group - 1) times the intraclass correlation
(Kish 1965), which is kept for each column of training. So it holds for batches whose groups are larger or smaller.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from automl_core.framing.copied import COPIES_ALLOWED, connected, rows_alike, told_from_chance
from automl_core.framing.dependent import Codes, design, likeness_of, rows_of_group, together_in
from automl_core.production.contract import ColumnContract, Contract, copied_by, copied_in

MOST_ROWS = 20_000  # that are looked at: more make it no surer, and each column is sorted


def alike(values: pd.Series[Any], together: Codes | None) -> float:
    """The intraclass correlation of a column within groups of rows `together` (n,), from 0 to 1, by the analysis of variance:
    of the ranks of numbers and dates, of the levels of anything else. 0 where rows stand alone or are all of one group."""
    if together is None:
        return 0.0
    if len(values) > MOST_ROWS:
        drawn = _drawn(len(values))
        values, together = values.iloc[drawn], together[drawn]
    known = values.notna().to_numpy()
    groups = np.unique(together[known], return_inverse=True)[1]
    sizes = np.bincount(groups).astype(np.float64)
    explained, middle, whole = _sums(values[known], groups, sizes)
    return likeness_of(explained - middle, whole - explained, sizes)


@lru_cache(maxsize=4)
def _drawn(rows: int) -> Codes:
    """The same rows for each column of a table."""
    return np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))


def _sums(values: pd.Series[Any], groups: Codes, sizes: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float, float]:
    """Sums of squares of the groups' means, of the mean, and of the values: of ranks, or of the indicators of all levels."""
    if values.dtype.kind in "iufM":
        ranks = values.rank().to_numpy(dtype=np.float64) - (len(values) + 1) / 2  # their mean, ties or not
        return float((np.bincount(groups, ranks) ** 2 / sizes).sum()), 0.0, float((ranks**2).sum())
    codes, labels = pd.factorize(values.astype("str"))
    pairs, counts = np.unique(groups * len(labels) + codes, return_counts=True)
    explained = float((counts.astype(np.float64) ** 2 / sizes[pairs // len(labels)]).sum())
    return explained, float((np.bincount(codes).astype(np.float64) ** 2).sum()) / len(codes), float(len(codes))


def rows_together(together: Codes | None) -> float:
    """How many rows the group of a row has, on average over rows; 1 where each stands alone."""
    return 1.0 if together is None else rows_of_group(together)


def going_together(frame: pd.DataFrame, group: str, copied: tuple[str, ...] = ()) -> Codes | None:
    """Codes (n,) of the rows of a frame that go together: by its column `group`, as copies of one another in the columns `copied`
    (none: copies are rows as others are), or by a chain of both. None when each stands alone. Where more than a few are alike,
    they are copies only if chance would not have it so: of rows of few different values, most have a twin in a large batch."""
    groups, names = together_in(frame, group), list(copied)
    if not set(names) <= set(frame.columns) or not names:
        return groups
    copies, firsts = rows_alike(frame, names)
    repeats = len(frame) - len(firsts)
    if not repeats or (repeats > COPIES_ALLOWED * len(frame) and not told_from_chance(frame[names], copies, firsts)):
        return groups
    return copies if groups is None else connected(groups, copies)


def standing(column: ColumnContract, contract: Contract) -> ColumnContract:
    """The same column, of as many rows that stand alone as its rows tell as much as."""
    return replace(column, rows=max(1, round(column.rows / design(column.alike, contract.together))))


def together_now(contract: Contract, frame: pd.DataFrame) -> float:
    """How many rows the group of a batch's row has, on average. Where it does not say which rows go together, it is taken for
    one whose groups are as large as in training."""
    copied = copied_in(contract.columns, frame)
    unsaid = contract.group and not (contract.group in frame and frame[contract.group].notna().any())
    if unsaid or (copied_by(contract.columns) and not copied):
        return min(contract.together, len(frame))
    return rows_together(going_together(frame, contract.group, copied))
