"""Cells of a file on their way out of the process that reads it, each of the type it has there: a number that came as a number
must not be read again by the marks of another file's texts. Parquet has one type a column, so a mixed one goes as several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

from automl_core.data.values import is_missing, naive_datetime, to_text

_PARTS: Final[tuple[tuple[str, type, str], ...]] = (
    ("t", str, "str"), ("b", bool, "boolean"), ("i", int, "Int64"), ("f", float, "float64"), ("d", datetime, "datetime64[us]"))
_EXACT: Final = 2**53  # whole numbers up to here are floats without loss


def packed(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells as columns of one type each, called by their column's place and the letter of the type."""
    parts = {
        f"{place}{letter}": part
        for place in range(frame.shape[1])
        for letter, part in _parts(frame.iloc[:, place].reset_index(drop=True))
    }
    return pd.DataFrame(parts, index=pd.RangeIndex(len(frame)))


def unpacked(parts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns that were packed, under these names; one of several types holds Python objects, missing ones None."""
    found: dict[int, list[pd.Series[Any]]] = {}
    for label in parts.columns:
        found.setdefault(int(label[:-1]), []).append(parts[label])
    data = {place: some[0] if len(some) == 1 else _mixed(some) for place, some in sorted(found.items())}
    return pd.DataFrame(data, index=parts.index).set_axis(pd.Index(names, dtype=object), axis=1)


def _mixed(parts: Sequence[pd.Series[Any]]) -> pd.Series[Any]:
    cells = np.full(len(parts[0]), None, dtype=object)
    for part in parts:
        there = part.notna().to_numpy()
        cells[there] = part[there].astype(object).to_numpy()
    return pd.Series(cells, index=parts[0].index)


def _parts(series: pd.Series[Any]) -> Iterator[tuple[str, pd.Series[Any]]]:
    dtype = series.dtype
    if isinstance(dtype, pd.StringDtype):
        yield "t", series
        return
    if dtype.kind in "biuf" or (isinstance(dtype, np.dtype) and dtype.kind == "M"):
        yield "n", series.astype("float64") if dtype == np.float16 else series  # which Parquet may not know
        return
    cells = [_plain(value) for value in series.tolist()]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int, float} and all(abs(cell) < _EXACT for cell in cells if type(cell) is int):
        cells, kinds = [float(cell) if type(cell) is int else cell for cell in cells], {float}
    for letter, kind, target in _PARTS:
        if kind in kinds or (kind is str and not kinds):
            yield letter, pd.Series([cell if type(cell) is kind else None for cell in cells], dtype=target)


def _plain(value: Any) -> Any:
    """A cell as text, truth, number or moment of plain Python; None where it is missing."""
    if isinstance(value, str):
        return str(value) or None
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if -(2**63) <= value < 2**63 else to_text(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, Decimal):
        return _plain(int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, (date, np.datetime64)):
        return naive_datetime(value)
    return to_text(value)
