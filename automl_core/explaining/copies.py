"""Rows that say as much as one of them: those of a customer, or copies of a row where these are kept together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.copied import connected, copied_rows
from automl_core.framing.dependent import Codes, codes_of, together_in
from automl_core.framing.problem import Problem


def together_of(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Codes | None:
    """(n,) codes of the rows of a whole table that count as dependent: of one group or, where copies are kept on one side of
    every split, copies of each other (where both are asked for, of a chain of both); None when each stands alone."""
    groups = together_in(frame, problem.group)
    if not problem.copies_together:
        return groups
    copies = copied_rows(frame, tuple(column for column in columns if column.name in frame), problem)
    return groups if copies is None else copies if groups is None else codes_of(connected(codes_of(groups), codes_of(copies)))


def among(together: Codes | None, picked: NDArray[np.int64]) -> Codes | None:
    """The codes of some of these rows; None when each of them stands alone."""
    if together is None or not len(picked):
        return None
    codes = codes_of(together[picked])
    return codes if codes.max() < len(codes) - 1 else None
