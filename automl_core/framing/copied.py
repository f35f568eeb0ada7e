"""Rows that a model sees as identical: which are copies, and which groups they hold together."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.columns import usable_columns
from automl_core.framing.problem import Problem

Positions = NDArray[np.int64]
COPIES_ALLOWED = 0.01
FEWEST, FEWEST_ASKED = 50, 10  # different rows among copies, and where copies are to be kept together


def copied_rows(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Positions | None:
    """(n,) group of the rows that a model sees as identical when over 1 % are copies, or any where the problem keeps copies
    together; else None.

    Only usable columns count: a copy with an id or an outcome of its own is still a copy.

    In a table of few categories identical rows are no copies but its nature, and holding all of them out would hide a whole
    cell from training. So copies are only believed when there are ten times more equal pairs than independent columns would
    give, and enough different rows to split. As few as 1 % hide nothing.
    """
    n, names, asked = len(frame), [column.name for column in usable_columns(columns, problem)], problem.copies_together
    if not names:
        return None
    codes, firsts = rows_alike(frame, names)
    repeats = n - len(firsts)
    if repeats <= COPIES_ALLOWED * n:
        return codes if asked and repeats else None
    if len(firsts) < max(FEWEST_ASKED if asked else FEWEST, 0.05 * n):
        return None
    return codes if told_from_chance(frame[names], codes, firsts if asked else None) else None


def told_from_chance(frame: pd.DataFrame, codes: Positions, firsts: Positions | None) -> bool:
    """Whether rows of the same codes (n,), alike in all columns of the frame, make ten times more pairs than independent columns
    would give. For `firsts` see `_alike_by_chance`."""
    n, sizes = len(frame), np.bincount(codes).astype(float)
    pairs = float((sizes * (sizes - 1)).sum()) / 2
    log_chance = sum(float(np.log(max(_alike_by_chance(frame[name], firsts), 1e-12))) for name in frame)
    return pairs > 10 * n * (n - 1) / 2 * float(np.exp(max(log_chance, -700)))


def _alike_by_chance(series: pd.Series[Any], firsts: Positions | None) -> float:
    """The share of pairs of rows that have the same value. A column that tells most of the different rows, at `firsts`, apart
    says it by these alone: by all rows the copies themselves would seem to be chance."""
    counts = series.iloc[firsts].value_counts(dropna=False).to_numpy(dtype=float) if firsts is not None else np.zeros(0)
    if len(counts) > 0.5 * counts.sum():
        return float((counts * (counts - 1)).sum() / (counts.sum() * max(counts.sum() - 1, 1)))
    shares = series.value_counts(normalize=True, dropna=False).to_numpy(dtype=float)
    return float((shares**2).sum())


def copied_names(frame: pd.DataFrame, used: tuple[Column, ...], problem: Problem) -> tuple[str, ...]:
    """The columns, of those that are `used`, by which copies are known that the problem keeps together; none where it does not,
    or where they are not told from chance."""
    if not problem.copies_together or copied_rows(frame, used, problem) is None:
        return ()
    return tuple(column.name for column in used)


def copies_not_kept(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> str:
    """A sentence where copies were to be kept together and cannot be told from rows that are alike by chance; else empty."""
    names = [column.name for column in usable_columns(columns, problem)]
    if not problem.copies_together or not names or copied_rows(frame, columns, problem) is not None:
        return ""
    repeats = len(frame) - len(rows_alike(frame, names)[1])
    if not repeats:
        return ""
    return (f"Copies are not kept together: {repeats:,} of {len(frame):,} rows repeat others, as rows of few different values do "
            "by chance. Held out together, whole cases would never be learned.")


def connected(groups: Positions, copies: Positions) -> Positions:
    """(n,) codes 0.. of the rows that a chain of `groups` (n,) and `copies` (n,), both codes 0.., holds together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    several = int(groups.max()) + 1
    nodes = several + int(copies.max()) + 1
    links = coo_array((np.ones(len(groups), dtype=np.int8), (groups, several + copies)), shape=(nodes, nodes))
    found = connected_components(links.tocsr(), directed=False)[1]
    return pd.factorize(found[groups])[0].astype(np.int64)


def rows_alike(frame: pd.DataFrame, names: list[str]) -> tuple[Positions, Positions]:
    """(n,) codes of rows that are the same in these columns, and the first row of each code."""
    codes, _ = pd.factorize(pd.util.hash_pandas_object(frame[names], index=False))
    return codes.astype(np.int64), np.unique(codes, return_index=True)[1].astype(np.int64)
