"""Which rows go together where effects are measured: those of a group, or exact copies of a row."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.statistics import group_codes
from automl_core.data.table import Column
from automl_core.explaining.words import count
from automl_core.framing.problem import COPIES_TOLD, Problem
from automl_core.framing.validation import copied_rows

MOST_UNLIKE = 0.1  # of the pairs of alike rows that chance would give different outcomes: copies have the same

Codes = NDArray[np.int64]


def together(
    frame: pd.DataFrame, y: NDArray[np.float64], columns: tuple[Column, ...], problem: Problem
) -> tuple[Codes | None, tuple[str, ...]]:
    """(n,) codes of rows that go together, None where each stands alone, and what is to be said of it: with copies of each row an
    effect would seem surer than it is."""
    if problem.group and problem.group in frame:
        return group_codes(frame[problem.group].to_numpy()), ()
    there = tuple(column for column in columns if column.name in frame)
    codes = copied_rows(frame, there, problem)
    repeats = 0 if codes is None else len(codes) - int(codes.max()) - 1
    if codes is None or repeats < COPIES_TOLD * len(frame) or _differ(codes, y):
        return None, ()
    return codes, (f"{count(repeats, 'row')} of {len(frame):,} repeat others in every column. How sure a card is counts "
                   "them once, its rows and money count all: remove them if they are there by mistake.",)


def _differ(codes: Codes, y: NDArray[np.float64]) -> bool:
    """Whether rows that are alike in all but the outcome differ in that as others do: then they are alike by chance, as in a
    table of few categories, or what happened to the same ones again."""
    values, kinds = np.unique(y, return_inverse=True)
    same, alike = (_pairs(np.unique(made, return_counts=True)[1]) for made in (codes * len(values) + kinds, codes))
    chance = 1 - float(np.sum((np.bincount(kinds) / len(y)) ** 2))
    return alike - same > MOST_UNLIKE * chance * alike


def _pairs(sizes: NDArray[np.int64]) -> float:
    wide = sizes.astype(np.float64)
    return float(np.sum(wide * (wide - 1)) / 2)
