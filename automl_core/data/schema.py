"""New data to a known schema: a frame at once or one row at a time, with the same answer to the bit.

Only the standard library, numpy and pandas are used here: this module travels with every exported model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.cells import UNREADABLE, CellReader, cell_reader
from automl_core.data.names import clean_names, printable
from automl_core.data.table import Column, Reading, Row
from automl_core.data.values import is_null_token

_SMALL = 2000

RowTyper = Callable[[Mapping[str, Any]], Row]


@dataclass(frozen=True, eq=False, slots=True)
class Typed:
    """New data in a schema's columns and order.

    `unreadable` counts, per column that has any, the cells that were not of its kind and became missing. `missing_columns` were
    absent and are all missing in `frame`; `extra_columns` were there and are left out. `places` are where the others were found.
    """

    frame: pd.DataFrame
    unreadable: dict[str, int]
    missing_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)


def type_frame(raw: pd.DataFrame, columns: tuple[Column, ...]) -> Typed:
    """`raw` (text, or already typed) to `columns`, rows in order; labels may be spelled as in the file that was learned from."""
    places = label_places(raw)
    data: dict[str, Any] = {}
    unreadable: dict[str, int] = {}
    absent: list[str] = []
    used: dict[str, int] = {}
    for column in columns:
        place_found = places.get(column.name, places.get(header_of(column), -1))
        if place_found < 0:
            absent.append(column.name)
            data[column.name] = _all_missing(column, len(raw))
            continue
        used[column.name] = place_found
        data[column.name], bad = read_series(raw.iloc[:, place_found], column)
        if bad:
            unreadable[column.name] = bad
    frame = pd.DataFrame(data, index=pd.RangeIndex(len(raw)), columns=[column.name for column in columns])
    taken = set(used.values())
    extra = tuple(str(label) for place, label in enumerate(raw.columns) if place not in taken)
    return Typed(frame, unreadable, tuple(absent), extra, used)


def label_places(raw: pd.DataFrame) -> dict[str, int]:
    """Where columns are, by their labels with and without the spaces around them; by the names that files get, “x” and “x_2”, if
    labels are alike but for those, or blank, and by these also where pandas has told them apart, as “x” and “x.1”."""
    return _places([str(label) for label in raw.columns])


def spelled(raw: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
    """A row by all the labels that a table with its keys is read by; as it is where all these names are there, or no others."""
    keys = raw.keys()
    if names.issubset(keys) or names.issuperset(keys):
        return raw
    cells = [raw[key] for key in keys]
    return {label: cells[place] for label, place in _places_of_keys(tuple(map(str, keys))).items()}


@lru_cache(maxsize=64)
def _places_of_keys(keys: tuple[str, ...]) -> dict[str, int]:
    return _places(keys)


def _places(labels: Sequence[str]) -> dict[str, int]:
    plain = [printable(label) for label in labels]
    counts = Counter(plain)
    alike = [counts[text] > 1 or not text for text in plain]
    names = clean_names(labels)[0] if any(alike) else labels
    unlike = {label: place for place, label in enumerate(labels) if not alike[place]}
    trimmed = {plain[place]: place for place in unlike.values()}
    apart = {}
    for place, label in enumerate(plain):
        base, _, number = label.rpartition(".")
        if base in plain and number.isdecimal():
            apart[f"{base}_{int(number) + 1}"] = place
    return apart | trimmed | unlike | {name: place for place, name in enumerate(names) if alike[place]}


def header_of(column: Column) -> str:
    """How new data may spell the column: as in the file learned from, unless another column had that label before it."""
    original = column.original_name
    repeated = original == printable(original) and re.fullmatch(rf"{re.escape(original)}_\d+", column.name) is not None
    return column.name if repeated or not original else original


def type_row(raw: Mapping[str, Any], columns: tuple[Column, ...]) -> Row:
    """One row to `columns`: the same values `type_frame` gives, as plain Python values. Fast: no pandas is touched."""
    return row_typer(columns)(spelled(raw, frozenset(column.name for column in columns)))


@lru_cache(maxsize=256)
def row_typer(columns: tuple[Column, ...]) -> RowTyper:
    """`type_row` for these columns, with everything that can be prepared once prepared; of rows as `spelled` gives them."""
    plan = [
        (
            column.name,
            header_of(column),
            cell_reader(column),
            math.nan if column.kind in ("int", "float") else None,
        )
        for column in columns
    ]

    def type_one(raw: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, original, read, missing in plan:
            value = read(raw[name] if name in raw else raw.get(original))
            row[name] = missing if value is None or value is UNREADABLE else value
        return row

    return type_one


def read_series(series: pd.Series[Any], column: Column) -> tuple[Any, int]:
    """The column's canonical array of `series` and how many cells were unreadable."""
    if column.kind in ("int", "float"):
        return _read_numbers(series, column)
    if column.kind == "date":
        return _read_dates(series, column)
    return _read_text(series, column)


def is_text(series: pd.Series[Any]) -> bool:
    """Whether every cell that is not missing is a str."""
    if isinstance(series.dtype, pd.StringDtype):
        return True
    return series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty")


def uniques(series: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Codes (-1 missing) and the distinct texts of a series of text, in order of appearance."""
    if len(series) > _SMALL:
        codes, found = pd.factorize(series, use_na_sentinel=True)
        return codes, [str(text) for text in found.tolist()]
    cells = series.tolist()  # for a short column plain Python is several times faster, which ten thousand columns feel
    texts = [cell for cell in dict.fromkeys(cells) if isinstance(cell, str)]
    places = dict(zip(texts, range(len(texts)), strict=True))
    return np.fromiter(map(places.get, cells, repeat(-1)), dtype=np.intp, count=len(cells)), texts


def as_number_column(numbers: npt.NDArray[np.float64], kind: str) -> npt.NDArray[Any]:
    """int64 when the kind is int and every value is there and whole, else float64."""
    if (
        kind == "int"
        and len(numbers)
        and bool(np.all(np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < 2.0**53)))
    ):
        return numbers.astype(np.int64)
    return numbers + 0.0  # no negative zero, as in single rows


def parse_texts(
    texts: Sequence[str], reading: Reading, read: CellReader
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Numbers of distinct texts, NaN where missing or unreadable, and which were unreadable."""
    plain = reading.decimal == "." and not reading.thousands and not reading.unit and all(map(is_null_token, reading.null_tokens))
    if plain and len(texts) > 50:
        numbers = fast_floats(texts)
        if numbers is not None:
            return numbers, np.zeros(len(texts), dtype=bool)
    values = [read(text) for text in texts]
    bad = np.fromiter((value is UNREADABLE for value in values), dtype=bool, count=len(values))
    numbers = np.array([value if isinstance(value, float) else math.nan for value in values], dtype=np.float64)
    return numbers, bad


def fast_floats(texts: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """All texts by Python's own float at once, or None when one of them needs a closer look."""
    if "_" in "".join(texts):
        return None
    cells = np.array(texts, dtype=object)
    here = np.ones(len(texts), dtype=bool)
    numbers = np.full(len(texts), math.nan)
    for attempt in (1, 2):
        try:
            numbers[here] = cells[here].astype(np.float64)
        except ValueError:
            if attempt == 2:
                return None
            here = np.array([text != "" and not (len(text) < 10 and is_null_token(text)) for text in texts], dtype=bool)
        else:
            break
    return numbers if bool(np.all(np.isfinite(numbers[here]))) else None


def _read_numbers(series: pd.Series[Any], column: Column) -> tuple[npt.NDArray[Any], int]:
    if is_text(series):
        codes, texts = uniques(series)
        numbers, bad = parse_texts(texts, column.reading, cell_reader(column))
        values = np.append(numbers, math.nan)[codes]
        wrong = int(np.append(bad, False)[codes].sum())
        whole = _big_integers(codes, texts, values) if column.kind == "int" else None
        return (whole if whole is not None else as_number_column(values, column.kind)), wrong
    if column.kind == "int" and isinstance(series.dtype, np.dtype) and _fits_int64(series):
        return series.to_numpy().astype(np.int64), 0
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_complex_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=math.nan)
        infinite = np.isinf(values)
        values = np.where(infinite, math.nan, values)
        return as_number_column(values, column.kind), int(infinite.sum())
    cells, wrong = _one_by_one(series, column)
    values = np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return as_number_column(values, column.kind), wrong


def _fits_int64(series: pd.Series[Any]) -> bool:
    return series.dtype.kind == "i" or (series.dtype.kind == "u" and (len(series) == 0 or int(series.max()) < 2**63))


def _big_integers(codes: npt.NDArray[np.intp], texts: list[str], values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64] | None:
    """Exact integers where floats would round (2**53 and beyond) and no cell is missing; None otherwise."""
    if not len(values) or bool(np.isnan(values).any()) or float(np.abs(values).max()) < 2.0**53:
        return None
    try:
        exact = np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    return exact[codes]


def _read_dates(series: pd.Series[Any], column: Column) -> tuple[npt.NDArray[np.datetime64], int]:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    if series.dtype.kind == "M":
        return series.to_numpy().astype("datetime64[us]"), 0
    if is_text(series):
        codes, texts = uniques(series)
        read = cell_reader(column)
        values = [read(text) for text in texts]
        bad = np.array([value is UNREADABLE for value in values] + [False], dtype=bool)
        moments = [value if isinstance(value, datetime) else None for value in values]
        return np.array([*moments, None], dtype="datetime64[us]")[codes], int(bad[codes].sum())
    cells, wrong = _one_by_one(series, column)
    return np.array(cells, dtype="datetime64[us]"), wrong


def _read_text(series: pd.Series[Any], column: Column) -> tuple[pd.Series[Any], int]:
    """Text cells are never unreadable: any value has a text."""
    if is_text(series):
        tokens = ["", *column.reading.null_tokens]
        text = series.astype("str") if series.dtype != "str" else series
        gaps = text.isin(tokens)
        return (text.mask(gaps) if gaps.any() else text).reset_index(drop=True), 0
    cells, _ = _one_by_one(series, column)
    return pd.Series(cells, dtype="str"), 0


def _one_by_one(series: pd.Series[Any], column: Column) -> tuple[list[Any], int]:
    read = cell_reader(column)
    cells = [read(value) for value in series.tolist()]
    wrong = sum(cell is UNREADABLE for cell in cells)
    return ([None if cell is UNREADABLE else cell for cell in cells] if wrong else cells), wrong


def _all_missing(column: Column, rows: int) -> Any:
    if column.kind in ("int", "float"):
        return np.full(rows, math.nan)
    if column.kind == "date":
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
    return pd.Series([None] * rows, dtype="str")
