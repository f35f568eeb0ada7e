"""What rows are compared on when an effect is estimated: given columns as numbers, categories as codes, missing as missing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.framing.simple_matrix import date_parts

Floats = NDArray[np.float64]
MOST_LEVELS = 50  # that models tell apart
LEAST_LEVEL_ROWS = 10  # of a further level
THIN = 0.1  # of the rows


@dataclass(frozen=True, eq=False, slots=True)
class Covariates:
    """`matrix` is (rows, columns) float64; `categorical` are the places of coded columns, `names` the source column of each: of
    all parts of a date that date. `wide` are the categories of more than 50 levels with the codes (rows,) of all that have ten
    rows or more: the matrix has the 50 commonest."""

    matrix: Floats
    categorical: tuple[int, ...]
    names: tuple[str, ...]
    wide: tuple[tuple[str, Floats], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Each source column once."""
        return tuple(dict.fromkeys(self.names))

    def without(self, name: str) -> Covariates:
        """All but one source column."""
        return self.at([place for place, other in enumerate(self.names) if other != name])

    def only(self, name: str) -> Covariates:
        """One source column alone, with all that has its name."""
        return self.at([place for place, other in enumerate(self.names) if other == name])

    def none(self) -> Covariates:
        """No column at all: rows as they are."""
        return self.at([])

    def at(self, kept: list[int]) -> Covariates:
        """The columns of the matrix at some places alone."""
        categorical = tuple(new for new, old in enumerate(kept) if old in self.categorical)
        names = tuple(self.names[place] for place in kept)
        return Covariates(self.matrix[:, kept], categorical, names, tuple(one for one in self.wide if one[0] in names))

    def rows(self, picked: NDArray[np.generic]) -> Covariates:
        """Some rows only."""
        wide = tuple((name, codes[picked]) for name, codes in self.wide)
        return Covariates(self.matrix[picked], self.categorical, self.names, wide)


def compared_columns(columns: Iterable[Column], problem: Problem, leave_out: tuple[str, ...]) -> tuple[Column, ...]:
    """Every usable column but `leave_out`, and but what the problem excludes. Free text and ids are not compared on."""
    skipped = {*problem.excluded, *leave_out, problem.group}
    return tuple(column for column in columns
                 if column.name not in skipped and problem.roles.get(column.name, column.role) in ("number", "category", "date"))


def make_covariates(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, leave_out: tuple[str, ...]) -> Covariates:
    """What rows of the frame (n rows) are compared on: the columns that `compared_columns` names."""
    parts: list[Floats] = []
    categorical: list[int] = []
    names: list[str] = []
    wide: list[tuple[str, Floats]] = []
    for column in compared_columns(columns, problem, leave_out):
        role, series = problem.roles.get(column.name, column.role), frame[column.name]
        if pd.api.types.is_datetime64_any_dtype(series.dtype):
            for values, coded in _of_date(series):
                categorical.extend([len(parts)] if coded else [])
                parts.append(values)
                names.append(column.name)
            continue
        by_level = role == "category" and column.kind in ("int", "float")  # as a branch that has a number for a name
        if pd.api.types.is_numeric_dtype(series.dtype) and not by_level:
            values = series.to_numpy(dtype=np.float64)
        else:
            counts = series.value_counts()
            kept = counts.index[(counts.to_numpy() >= LEAST_LEVEL_ROWS) | (np.arange(len(counts)) < MOST_LEVELS)]
            codes = pd.Categorical(series, categories=list(kept)).codes.astype(np.float64)
            values = np.where((codes < 0) | (codes >= MOST_LEVELS), math.nan, codes)
            if len(counts) > MOST_LEVELS:
                wide.append((column.name, np.where(codes < 0, math.nan, codes)))
            categorical.append(len(parts))
        parts.append(values)
        names.append(column.name)
    matrix = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return Covariates(np.asarray(matrix, dtype=np.float64), tuple(categorical), tuple(names), tuple(wide))


def thin_levels(frame: pd.DataFrame, covariates: Covariates) -> dict[str, float]:
    """The categories of which more than a tenth of the rows have levels that are not compared on, with that share."""
    shares = {name: float((np.isnan(codes) & frame[name].notna().to_numpy()).mean()) for name, codes in covariates.wide}
    return {name: share for name, share in shares.items() if share > THIN}


def _of_date(series: pd.Series) -> list[tuple[Floats, bool]]:
    """Days since 1970 (n,), and what returns: month, weekday and hour, where they differ and the days do not tell them already;
    with whether it is a code. A weekday is one: no line tells weekends."""
    days, month, weekday, *hour = date_parts(series)
    parts = [(days, False)]
    if series.dt.year.nunique() > 1:
        parts.append((month, False))
    if series.dt.day_of_week.nunique() > 1:
        parts.append((weekday, True))
    return [*parts, *((values, False) for values in hour)]
