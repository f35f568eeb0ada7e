"""The rows that a quick look at a large table takes: at random, and of a rare class more than its share, so that it is seen."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.columns import usable_columns
from automl_core.framing.metric_rows import Floats
from automl_core.framing.problem import Problem
from automl_core.framing.validation import encode_target, row_weights

MOST_CELLS = 450_000
MOST_ROWS, FEWEST_ROWS = 20_000, 2_000
OF_A_CLASS = 200  # rows that are drawn of a rare class, where it has them


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """Rows with a usable target in their order and their `y` (n,). `counts` (n,) is how many rows of the table each stands for
    (None: all for as many); `every` (rows,) is the target of all rows that could have been drawn."""

    frame: pd.DataFrame
    y: NDArray[np.generic]
    counts: Floats | None = None
    every: NDArray[np.generic] | None = None

    @property
    def given(self) -> NDArray[np.generic]:
        """(rows,) the target of the whole table."""
        return self.y if self.every is None else self.every

    def weights(self, problem: Problem) -> Floats | None:
        """(n,) how much rows count so that what is drawn speaks for the table, with mean 1; None when all count the same."""
        weights = row_weights(self.frame, problem)
        if self.counts is None:
            return weights
        both = self.counts * (1.0 if weights is None else weights)
        return np.asarray(both / both.mean(), dtype=np.float64)


def draw_rows(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, seed: int, effort: float = 1.0
) -> Drawn:
    """The rows with a usable target, or of a large table as many as this effort goes through."""
    y, keep = encode_target(frame[problem.target], problem)
    kept = frame[keep]
    most = int(np.clip(most_rows(columns, problem, effort), FEWEST_ROWS, MOST_ROWS))
    if len(y) <= most:
        return Drawn(kept.reset_index(drop=True), y)
    chosen, counts = draw(y, problem, most, np.random.default_rng(seed))
    return Drawn(kept.iloc[chosen].reset_index(drop=True), y[chosen], counts, y)


def draw(
    y: NDArray[np.generic], problem: Problem, most: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], Floats | None]:
    """(most,) sorted places of the rows drawn of `y` (n,), and how many rows each stands for (None: all for as many).

    A class of which chance would give too few is drawn on its own: of 600 positives among 300,000 rows a sample of 4,500 held
    nine, which tell nothing.
    """
    if problem.task == "regression":
        return np.sort(random.choice(len(y), most, replace=False)), None
    codes = y.astype(np.int64)
    rows = np.bincount(codes, minlength=len(problem.classes))
    least = np.minimum(rows, min(OF_A_CLASS, most // (2 * len(rows))))
    rare = most * rows / len(y) < least
    if not rare.any():
        return np.sort(random.choice(len(y), most, replace=False)), None
    others = np.flatnonzero(~rare[codes])
    chosen = [random.choice(others, most - int(least[rare].sum()), replace=False)]
    chosen += [random.choice(np.flatnonzero(codes == k), int(least[k]), replace=False) for k in np.flatnonzero(rare)]
    places = np.sort(np.concatenate(chosen))
    stands = np.where(rare, rows / np.maximum(least, 1), len(others) / len(chosen[0]))
    return places, np.asarray(stands[codes[places]], dtype=np.float64)


def most_rows(columns: tuple[Column, ...], problem: Problem, effort: float) -> float:
    """How many rows, those of repeats counted again, this effort goes through."""
    used = usable_columns(columns, problem)
    width = max(1, sum(40 if column.role == "text" else 3 if column.kind == "date" else 1 for column in used))
    return effort * MOST_CELLS / width / max(1.0, len(problem.classes) / 2)
