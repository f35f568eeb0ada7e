"""What kind of values a raw column holds, and under which reading: found by looking, or as the user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.cells import cell_reader
from automl_core.data.dates import find_date_format
from automl_core.data.numbers import find_number_style, is_code
from automl_core.data.plain import plain_numbers
from automl_core.data.schema import fast_floats, is_text, uniques
from automl_core.data.table import Column, Kind, Reading
from automl_core.data.values import EPOCH_MILLIS, EPOCH_SECONDS, EXCEL_SERIAL, FALSE_WORDS, TRUE_WORDS, is_null_token

_SHARE: Final = 0.95  # of the cells of a column of numbers must be numbers
_BOOL_NULLS: Final = frozenset({"na", "n/a", "null", "nan", "#n/a"})
_SAMPLE: Final = 2000
_QUICK: Final = 50  # texts from which reading all at once is quicker than one by one


@dataclass(frozen=True, slots=True)
class _Texts:
    """The distinct texts of a column, in order of appearance, and how often each occurs."""

    codes: npt.NDArray[np.intp]
    texts: list[str]
    counts: list[int]


@dataclass(frozen=True, eq=False, slots=True)
class Guess:
    """A column's kind and reading, with what the user is to be told of them; `day_first` is what its dates say of the order."""

    kind: Kind
    reading: Reading
    note: str = ""
    warning: str = ""
    day_first: bool | None = None
    values: npt.NDArray[Any] | None = None  # already read, when finding the kind took reading them


def guess_kind(series: pd.Series[Any], name: str, wanted: Kind | None, day_first: bool | None, decimal: str = "") -> Guess:
    """The kind of a column, `wanted` where the user named it. `day_first` decides dates that could be read both ways, and
    `decimal`, a mark, numbers likewise."""
    if wanted is not None:
        return _forced(series, name, wanted, day_first, decimal)
    if (
        (isinstance(series.dtype, np.dtype) and series.dtype.kind == "b")
        or str(series.dtype) == "boolean"
        or _is_boolean_object(series)
    ):
        return Guess("bool", Reading())
    if pd.api.types.is_integer_dtype(series.dtype):
        return _big_or_int(series)
    if pd.api.types.is_float_dtype(series.dtype):
        return Guess("float", Reading())
    if series.dtype.kind == "M" or (series.dtype == object and not is_text(series)):
        return Guess("date", Reading())
    if not is_text(series):
        return Guess("text", Reading())
    if decimal == ",":  # what is a plain number elsewhere may have marks between thousands
        return _guess_text(_texts(series), name, day_first, decimal)
    return _plain(series) or _guess_text(_texts(series), name, day_first)


def _is_boolean_object(series: pd.Series[Any]) -> bool:
    return series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) == "boolean"


def _big_or_int(series: pd.Series[Any]) -> Guess:
    big = len(series) > 0 and bool(series.abs().max() >= 2**53)
    if big and (bool(series.isna().any()) or int(series.max()) >= 2**63):
        return Guess("text", Reading(), note="whole numbers too long for exact arithmetic, kept as text")
    return Guess("int", Reading())


def _plain(series: pd.Series[Any]) -> Guess | None:
    """The verdict for a long column of plain numbers, without making a text of each cell; None when it takes a closer look."""
    found = plain_numbers(series, _QUICK)
    return None if found is None else Guess(found.kind, Reading(), values=found.values)


def _texts(series: pd.Series[Any]) -> _Texts:
    codes, texts = uniques(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    return _Texts(codes, texts, counts)


def _guess_text(found: _Texts, name: str, day_first: bool | None, decimal: str = "") -> Guess:
    """The kind of a text column. The order matters: dates before numbers, because 20230131 is both."""
    if len(found.texts) > _QUICK and decimal != ",":
        quick = _quick_float(found)
        if quick is not None:
            return quick
    kept = [place for place, text in enumerate(found.texts) if not is_null_token(text)]
    texts = [found.texts[place] for place in kept]
    counts = [found.counts[place] for place in kept]
    tokens = tuple(text for text in found.texts if text and is_null_token(text))[:20]
    if not texts:  # nothing but "NA" and the like: an empty column
        return Guess("text", Reading(null_tokens=tokens))
    if len(texts) <= 6 and _is_bool(found):
        return Guess("bool", Reading(null_tokens=tuple(token for token in tokens if token.strip().lower() in _BOOL_NULLS)))
    # A cheap look decides for most columns; the full column is read only when the sample looks like it.
    shape = find_date_format(texts[:200], counts[:200], day_first)
    if shape is not None:
        shape = find_date_format(texts, counts, day_first)
        if shape is not None and not (_is_digits(texts) and len(texts) < 3):
            warning = f"The dates in “{name[:80]}” were read {shape.guess}." if shape.guess else ""
            return Guess(
                "date", Reading(date_format=shape.formats, null_tokens=tokens), warning=warning, day_first=shape.day_first
            )
    complete = not tokens and "" not in found.texts and not bool((found.codes < 0).any())
    return _guess_number(texts, counts, tokens, complete, decimal)


def _quick_float(found: _Texts) -> Guess | None:
    """The verdict for a long column of plain decimal numbers, by far the most frequent kind; None when it takes a closer look."""
    texts = found.texts
    numbers = fast_floats(texts)
    if numbers is None:
        return None
    missing = np.isnan(numbers)
    if bool(np.all(numbers[~missing] == np.floor(numbers[~missing]))) or is_code(texts):
        return None
    tokens = tuple(texts[place] for place in np.flatnonzero(missing)[:20] if texts[place])
    return Guess("float", Reading(null_tokens=tokens), values=np.append(numbers, np.nan)[found.codes])


def _is_digits(texts: Sequence[str]) -> bool:
    return all(text.strip().isdigit() for text in texts)


def _is_bool(found: _Texts) -> bool:
    words = {text.strip().lower() for text in found.texts} - _BOOL_NULLS - {""}
    return len(words) == 2 and len(words & TRUE_WORDS) == 1 and len(words & FALSE_WORDS) == 1


def _guess_number(
    texts: list[str], counts: list[int], tokens: tuple[str, ...], complete: bool, decimal: str = ""
) -> Guess:
    blank = [not text.strip() for text in texts]
    real = [text for text, is_blank in zip(texts, blank, strict=True) if not is_blank]
    sizes = [count for count, is_blank in zip(counts, blank, strict=True) if not is_blank]
    if not real:
        return Guess("text", Reading())
    head = find_number_style(real[:_SAMPLE], sizes[:_SAMPLE], decimal)
    if head is None or is_code(real):
        return Guess(
            "text",
            Reading(),
            note="codes with leading zeros, kept as text" if head is None and _is_digits(real) and is_code(real) else "",
        )
    style = find_number_style(real, sizes, decimal) if len(real) > _SAMPLE else head
    if style is None or style.share < _SHARE:
        return Guess("text", Reading())
    reading = replace(style.reading, null_tokens=tokens)
    read = cell_reader(Column("", "float", "number", reading=reading))
    values = [value for value in map(read, real) if isinstance(value, float)]
    if not values:
        return Guess("text", Reading())
    whole = all(value.is_integer() for value in values) and not any(
        "." in text or "e" in text.lower() for text in real if reading.decimal == "."
    )
    note = f"the unit “{reading.unit}” was left out" if reading.unit else ""
    if reading.unit == "%":
        note = "percent sign left out: 5 stands for 5 %"
    if whole and max(abs(value) for value in values) >= 2.0**53:
        return _big(real, complete and not any(blank))
    return Guess("int" if whole else "float", reading, note=note)


def _big(real: list[str], complete: bool) -> Guess:
    """Whole numbers beyond 2**53 stay numbers only when no cell is missing and they fit 64 bits."""
    if not complete or any(not text.strip().lstrip("+-").isdigit() or abs(int(text)) >= 2**63 for text in real):
        return Guess("text", Reading(), note="whole numbers too long for exact arithmetic, kept as text")
    return Guess("int", Reading())


def _forced(series: pd.Series[Any], name: str, wanted: Kind, day_first: bool | None, decimal: str = "") -> Guess:
    """The user's kind, with the reading that suits it best."""
    if wanted in ("text", "bool"):
        return Guess(wanted, Reading())
    if not is_text(series):
        return Guess(
            wanted, Reading(date_format=_counted_format(series) if wanted == "date" and series.dtype.kind in "iuf" else "")
        )
    found = _texts(series)
    kept = [
        (text, count) for text, count in zip(found.texts, found.counts, strict=True) if text.strip() and not is_null_token(text)
    ]
    tokens = tuple(text for text in found.texts if text and is_null_token(text))[:20]
    texts, counts = [text for text, _ in kept], [count for _, count in kept]
    if wanted == "date":
        dated = [(text, count) for text, count in kept if find_date_format([text], [1]) is not None]
        shape = find_date_format([text for text, _ in dated], [count for _, count in dated], day_first) if dated else None
        if shape is None:
            numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
            return Guess("date", Reading(date_format=_counted_format(numbers), null_tokens=tokens))
        warning = f"The dates in “{name[:80]}” were read {shape.guess}." if shape.guess else ""
        return Guess("date", Reading(date_format=shape.formats, null_tokens=tokens), warning=warning, day_first=shape.day_first)
    style = find_number_style(texts, counts, decimal)
    return Guess(wanted, replace(style.reading if style else Reading(), null_tokens=tokens))


def _counted_format(numbers: pd.Series[Any]) -> str:
    """Which count of time numbers of this size are: days of a spreadsheet, seconds or milliseconds since 1970; else ISO."""
    middle = float(numbers.median()) if numbers.notna().any() else 0.0
    if 10_000 <= middle <= 80_000:
        return EXCEL_SERIAL
    if 1e8 <= middle < 1e10:
        return EPOCH_SECONDS
    return EPOCH_MILLIS if 1e11 <= middle < 1e13 else ""
