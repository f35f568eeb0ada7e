"""Missing cells get one value: a typical one learned from the data, or one the user names."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.step import CleaningStep, Options, is_text, need_column, replace_column
from automl_core.data.table import Row
from automl_core.data.values import is_missing
from automl_core.errors import BadInput
from automl_core.registry import Field

HOWS = ("typical", "mean", "most_common", "value")


def learn(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`value`: the median of a number or date, the most common text; or the mean, or the named value."""
    series = need_column(frame, column)
    how = str(options.get("how", "typical"))
    if how not in HOWS:
        raise BadInput(f"“{how[:80]}” is no way to fill missing values.", f"Choose one of: {', '.join(HOWS)}.")
    if how == "value":
        return {"how": how, "value": _named(series, column, options.get("value")), "date": series.dtype.kind == "M"}
    present = series.dropna()
    if present.empty:
        raise BadInput(f"“{column[:80]}” has no value to learn from.", "Drop the column or name a value.")
    return {"how": how, "value": _typical(present, how), "date": series.dtype.kind == "M"}


def _typical(present: pd.Series, how: str) -> Any:
    if is_text(present) or how == "most_common":
        counts = present.value_counts()
        value = min(counts.index[counts == counts.iloc[0]])
    elif present.dtype.kind == "M":
        value = present.sort_values().iloc[(len(present) - 1) // 2]
    else:
        value = present.mean() if how == "mean" else present.median()
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False).isoformat()
    return str(value) if isinstance(value, str) else float(value)


def _named(series: pd.Series, column: str, value: Any) -> Any:
    if value is None or value == "":
        raise BadInput(f"No value was named to fill “{column[:80]}” with.", "Name one.")
    try:
        if is_text(series):
            return str(value)
        if series.dtype.kind == "M":
            return datetime.fromisoformat(str(value)).replace(tzinfo=None).isoformat()
        return float(value)
    except ValueError:
        raise BadInput(f"“{str(value)[:80]}” does not fit the column “{column[:80]}”.", "Name a value of its kind.") from None


def apply(frame: pd.DataFrame, column: str, options: Options) -> tuple[pd.DataFrame, int]:
    series = frame[column]
    empty = series.isna().to_numpy()
    if not empty.any():
        return frame, 0
    value = options["value"]
    if is_text(series):
        cells: Any = pd.Series(np.where(empty, str(value), series.to_numpy(dtype=object)), index=series.index).astype("str")
    elif series.dtype.kind == "M":
        cells = np.where(empty, np.datetime64(datetime.fromisoformat(str(value)), "us"), series.to_numpy())
    else:
        cells = np.where(empty, float(value), series.to_numpy(dtype=float))
    return replace_column(frame, column, cells), int(empty.sum())


def apply_row(row: Row, column: str, options: Options) -> None:
    if column not in row or not is_missing(row[column]):
        return
    value = options["value"]
    row[column] = datetime.fromisoformat(str(value)) if options.get("date") else value


STEP = CleaningStep(
    "fill_missing", "Fill missing values", learn, apply, apply_row,
    fields=(
        Field("how", "Fill with", "choice", "typical", HOWS, help="Typical is the median of numbers and the most common text"),
        Field("value", "This value", "text", ""),
    ),
)
