"""The groups of a protected column: levels and few whole numbers as they are, other numbers in four bins of equal size, rare
levels together."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.fairness_figures import Fairness
from automl_core.explaining.words import edge, quote

MOST_GROUPS = 8
BINS = 4
MISSING, OTHER = "(missing)", "(other)"
_LIKELY = re.compile(
    r"(?:^|[\s_.-])(?:sex|gender|race|ethnic\w*|age|religion|nationality|disab\w*|marital\w*|citizen\w*|veteran|pregnan\w*|birth\w*"
    r"|senior\w*)(?:$|[\s_.-])|gender|ethnic|SeniorCitizen", re.I)


def likely_protected(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Columns whose names speak of what laws protect. A hint: the user declares."""
    return tuple(column.name for column in columns if _LIKELY.search(column.name) and column.role in ("number", "category"))


def protected_groups(series: pd.Series, role: str = "number") -> NDArray[np.object_]:
    """A group label for each row. Numbers that are used as a category, and whole ones of up to eight values, are levels: codes
    have no order to cut them by. BadInput for dates: they have no groups."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise BadInput(f"{quote(series.name)} holds dates.", "Choose a column with groups, or make an age of the date.")
    missing = series.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = bool((numbers[np.isfinite(numbers)] % 1 == 0).all())
        if role != "category" and series.nunique() > (MOST_GROUPS if whole else BINS):
            labels = _binned(numbers)
        else:
            labels = np.array([edge(float(value)) if value == value else "" for value in series], dtype=object)
    else:
        labels = series.astype("str").to_numpy(dtype=object)
    labels = np.where(missing, MISSING, labels).astype(object)
    counts = pd.Series(labels[~missing], dtype="object").value_counts()
    if len(counts) > MOST_GROUPS:
        kept = set(counts.index[: MOST_GROUPS - 1])
        labels = np.array([label if label in kept or label == MISSING else OTHER for label in labels], dtype=object)
    return np.asarray(labels, dtype=object)


def in_order(made: Fairness, series: pd.Series, labels: NDArray[np.object_]) -> Fairness:
    """The same with the groups of a number from low to high, rare levels and those without a value last; other groups stay as
    they are."""
    if not pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype):
        return made
    low = series.astype("float64").groupby(labels.astype("str")).min().fillna(np.inf)
    low[low.index == OTHER] = np.finfo(np.float64).max
    return replace(made, groups=tuple(sorted(made.groups, key=lambda group: float(low.get(group.group, np.inf)))))


def _binned(values: NDArray[np.float64]) -> NDArray[np.object_]:
    known = values[np.isfinite(values)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="higher"))
    cuts = cuts[(cuts > known.min()) & (cuts <= known.max())]
    if not len(cuts):  # most rows hold the least value: those above it are the other group
        cuts = np.array([known[known > known.min()].min()])
    inner = [f"{edge(float(low))} to below {edge(float(high))}" for low, high in pairwise(cuts)]
    names = [f"below {edge(float(cuts[0]))}", *inner, f"{edge(float(cuts[-1]))} or more"]
    places = np.searchsorted(cuts, np.nan_to_num(values, nan=float(cuts[0])), side="right")
    return np.array(names, dtype=object)[places]
