"""Typing: every column of a raw frame gets its kind, its reading and its role, and every changed cell is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from automl_core.data.cells import UNREADABLE, cell_reader
from automl_core.data.kinds import Guess, guess_kind
from automl_core.data.marks import decimal_told, is_as_told, open_mark, open_words
from automl_core.data.names import clean_names
from automl_core.data.roles import role_of_numbers, role_of_text
from automl_core.data.schema import is_text, read_series
from automl_core.data.table import Column, Kind, Origin, Role, Table
from automl_core.data.values import is_missing, to_text

_SAMPLE: Final = 2000  # texts that a role is told from


def table_from_frame(
    frame: pd.DataFrame, name: str, origin: Origin | None = None, kinds: Mapping[str, Kind] | None = None
) -> Table:
    """Types a frame in memory: text columns are read, other columns keep their dtype's kind. Column names become unique texts.

    `kinds` overrules the detection for columns named in it.
    """
    names, originals, warnings = clean_names([str(label) for label in frame.columns])
    wanted = kinds or {}
    drafts: dict[int, tuple[Column, Any]] = {}
    guesses: dict[int, Guess] = {}
    marks: dict[int, str | None] = {}
    day_first: bool | None = None
    for place, (label, (_, cells)) in enumerate(zip(names, frame.items(), strict=True)):
        series = _prepared(cells)
        guess = guesses[place] = guess_kind(series, label, wanted.get(label), None)
        if guess.day_first is not None:
            day_first = guess.day_first if day_first in (None, guess.day_first) else day_first
        marks[place] = open_mark(series, guess)
        drafts[place] = _typed(series, label, originals[place], guess)
        guesses[place] = replace(guess, values=None)
    decimal = decimal_told(marks, guesses)
    for place, label in enumerate(names):  # what a column leaves open its neighbours may settle
        guess, mark = guesses[place], marks[place]
        again = day_first is not None and "nothing in the column" in guess.warning
        other = bool(mark and decimal) and not is_as_told(mark or "", guess, decimal)
        if again or other:
            series = _prepared(frame.iloc[:, place])
            guess = guess_kind(series, label, wanted.get(label), day_first, decimal if other else "")
            drafts[place] = _typed(series, label, originals[place], guess)
        warnings += [guess.warning] if guess.warning else []
        if mark and (other or not decimal):
            warnings.append(open_words(label, mark, guess, decimal))
    data = {names[place]: values for place, (_, values) in drafts.items()}
    typed = pd.DataFrame(data, index=pd.RangeIndex(len(frame)), columns=names)
    columns = tuple(column for column, _ in drafts.values())
    return Table(typed, columns, origin or Origin(name=name), tuple(warnings))


def retyped(table: Table, kinds: Mapping[str, Kind]) -> Table:
    """A table in memory with other kinds for the columns named in `kinds`; the others stay as they were read."""
    frame, columns = table.frame.copy(deep=False), []
    told = [words for words in table.warnings if not any(f"“{name[:80]}”" in words for name in kinds)]
    for column in table.columns:
        if column.name in kinds:
            alone = table_from_frame(table.frame[[column.name]], table.origin.name, kinds=kinds)
            frame[column.name] = alone.frame.iloc[:, 0]
            told += alone.warnings
            new = replace(alone.columns[0], original_name=column.original_name)
            if {column.kind, new.kind} == {"int", "float"}:  # new rows are written as those that were read
                new = replace(new, reading=column.reading, note=column.note)
            column = new
        columns.append(column)
    return replace(table, frame=frame, columns=tuple(columns), warnings=tuple(told))


def _prepared(series: pd.Series[Any]) -> pd.Series[Any]:
    """Categories, dates in objects and mixed objects as text or as plain dtypes that the rest knows."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        plain = series.cat.categories.dtype
        if plain.kind in "iub" and bool(series.isna().any()):  # plain whole numbers and truths have no gaps
            plain = pd.api.types.pandas_dtype({"i": "Int64", "u": "UInt64", "b": "boolean"}[plain.kind])
        series = series.astype(plain)
    if series.dtype != object or is_text(series):
        return series
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred == "integer" or (inferred == "decimal" and _are_long(series)):
        try:  # with gaps, too, every digit is kept: a float would make two long numbers one
            cells = [None if is_missing(value) else int(value) for value in series.tolist()]
            return pd.Series(cells, dtype="Int64" if None in cells else "int64", index=series.index)
        except (ValueError, TypeError, OverflowError):
            return pd.Series([to_text(value) for value in series.tolist()], dtype="str", index=series.index)
    if inferred in ("floating", "mixed-integer-float", "decimal"):
        try:
            numbers = pd.to_numeric(series)
        except (ValueError, TypeError, OverflowError):
            numbers = None
        if numbers is not None and numbers.dtype.kind in "if":
            return numbers
    if inferred == "boolean":
        return series
    if inferred in ("datetime", "date", "datetime64"):
        return series
    return pd.Series([to_text(value) for value in series.tolist()], dtype="str", index=series.index)


def _are_long(series: pd.Series[Any]) -> bool:
    """Whether decimals are all whole and some of them too long for a float."""
    values = series.dropna().tolist()
    whole = all(value.is_finite() and value == value.to_integral_value() for value in values)
    return whole and any(abs(value) >= 2**53 for value in values)


def _typed(series: pd.Series[Any], name: str, original: str, guess: Guess) -> tuple[Column, Any]:
    """The finished column and its canonical values."""
    draft = Column(name, guess.kind, "category", original_name=original, reading=guess.reading, note=guess.note)
    values, coerced = read_series(series, draft) if guess.values is None else (guess.values, 0)
    missing = int(pd.isna(values).sum())
    found = _distinct(values)
    role = _role(name, guess.kind, values, (found, missing))
    if role == "id" and guess.reading.unit:  # an amount with a unit numbers no rows
        role = "number"
    bad = _bad_examples(series, draft) if coerced else ()
    return replace(
        draft, role=role, missing=missing, distinct=len(found), examples=_examples(found, guess.kind), coerced=coerced,
        coerced_examples=bad,
    ), values


def _distinct(values: Any) -> Any:
    """The different values that are there, in order of appearance."""
    found = pd.unique(values)
    return found[~pd.isna(found)]


def _examples(found: Any, kind: Kind) -> tuple[str, ...]:
    """Five of the different values as texts (bool: all its labels)."""
    shown = found[: 20 if kind == "bool" else 5]
    shown = shown if kind == "date" else shown.tolist()
    texts = [to_text(value) or "" for value in shown]
    return tuple(text if kind == "bool" else text[:80] for text in texts)


def _role(name: str, kind: Kind, values: Any, told: tuple[Any, int]) -> Role:
    """The role by the values, those that are different (`told`) and how many are missing."""
    found, missing = told
    distinct = len(found)
    if distinct == 0:
        return "empty"
    if distinct == 1 and missing == 0 and len(values) > 1:
        return "constant"
    if kind in ("int", "float"):
        return role_of_numbers(name, kind, values, distinct, missing)
    if kind == "date":
        return "date"
    if kind == "bool":
        return "category"
    texts = found[:: max(1, distinct // _SAMPLE)][:_SAMPLE].tolist()
    return role_of_text(name, texts, distinct, len(values) - missing)


def _bad_examples(series: pd.Series[Any], column: Column) -> tuple[str, ...]:
    read = cell_reader(column)
    bad = (value for value in pd.unique(series.dropna()) if read(value) is UNREADABLE)
    return tuple(str(value)[:80] for value, _ in zip(bad, range(5), strict=False))
