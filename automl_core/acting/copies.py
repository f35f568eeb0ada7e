"""Which rows go together where effects are measured: those of a group, or exact copies of a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.explaining.copies import together_of
from automl_core.explaining.words import count
from automl_core.framing.copied import copied_rows
from automl_core.framing.dependent import Codes
from automl_core.framing.problem import COPIES_TOLD, Problem

MOST_UNLIKE = 0.1  # of the pairs of alike rows that chance would give different outcomes: copies have the same

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Together:
    """Rows that count as one: the `codes` (n,) of a group or of copies, None where each stands alone. `once` (n,) marks one row
    of each copy where a table with groups has copies, too: chance dealt that row, and its copies only repeat it. `said` is what
    is to be said of copies, empty for groups."""

    codes: Codes | None = None
    once: Mask | None = None
    said: str = ""


def together(frame: pd.DataFrame, y: NDArray[np.float64], columns: tuple[Column, ...], problem: Problem) -> Together:
    """Which rows go together: with copies of each row an effect would seem surer than it is. They are looked for, and believed
    without being asked for only where their outcomes `y` (n,) are the same, too."""
    named = together_of(frame, columns, problem)
    grouped = bool(problem.group and problem.group in frame)
    codes = named if problem.copies_together and not grouped else _believed(frame, y, columns, problem)
    if grouped:
        return Together(named, None if codes is None else _first(codes))
    if codes is None:
        return Together()
    repeats = len(codes) - int(codes.max()) - 1
    said = f"{count(repeats, 'row')} of {len(frame):,} repeat others in every column that rows are compared on."
    return Together(codes, None, said)


def _believed(frame: pd.DataFrame, y: NDArray[np.float64], columns: tuple[Column, ...], problem: Problem) -> Codes | None:
    """(n,) codes of the rows that are copies of each other, within a group where rows have one; None where hardly any is."""
    codes = copied_rows(frame, tuple(column for column in columns if column.name in frame), problem)
    if codes is None:
        return None
    if problem.group and problem.group in frame:
        groups = pd.factorize(frame[problem.group], use_na_sentinel=False)[0]
        codes = pd.factorize(codes * (int(groups.max()) + 1) + groups)[0].astype(np.int64)
    repeats = len(codes) - int(codes.max()) - 1
    return None if repeats < COPIES_TOLD * len(frame) or _differ(codes, y) else codes


def _first(codes: Codes) -> Mask:
    """(n,) the first row of each code."""
    made = np.zeros(len(codes), dtype=bool)
    made[np.unique(codes, return_index=True)[1]] = True
    return made


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
