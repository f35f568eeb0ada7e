"""One value: a text to a number or a date under a known reading, and whatever a library gave to a text.

Only the standard library and numpy are used here: this module travels with every exported model.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from automl_core.data.table import Reading

# Spellings that mean "no value" in a column of numbers or dates (compared stripped and in lower case).
NULL_TOKENS: Final = frozenset(
    {
        "",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "null",
        "none",
        "nan",
        "nil",
        "-",
        "--",
        "?",
        ".",
        "..",
        "missing",
        "unknown",
        "(null)",
        "\\n",
        "#null!",
        "#div/0!",
        "#value!",
        "#ref!",
        "#name?",
        "#num!",
        "nat",
        "k.a.",
        "#n/v",
    }
)
TRUE_WORDS: Final = frozenset({"yes", "y", "true", "t", "on", "ja", "oui", "sí", "sim"})
FALSE_WORDS: Final = frozenset({"no", "n", "false", "f", "off", "nein", "non", "não"})
# Words of a date format beyond strptime: counts of days or seconds instead of a calendar date.
EXCEL_SERIAL: Final = "excel"
EPOCH_SECONDS: Final = "epoch_s"
EPOCH_MILLIS: Final = "epoch_ms"

UNTIL: Final = "~"  # before the last year that the two digits of a year may mean: %d.%m.%y~2027

_SPACES: Final = " \t\r\n\u00a0\u202f\u2009\u2007\u200b\ufeff"
_TRANSLATE: Final = {
    0x2212: "-",
    0x2013: "-",
    0xFF0D: "-",
    0xFE63: "-",
    0xFF0B: "+",
    0xFF0E: ".",
    0xFF0C: ",",
    0x066B: ".",
    0x066C: ",",
    0x2019: "'",
    0x00A0: " ",
    0x202F: " ",
    0x2009: " ",
    0x2007: " ",
    0x200B: None,
    0xFEFF: None,
    0x200E: None,
    0x200F: None,
}
_GROUPS: Final = {  # none begins with a nought: 0,125 is no 125
    mark: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{2,3}})*{re.escape(mark)}\d{{3}}") for mark in (",", ".", " ", "'")
}
_FLOAT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_EXCEL_DAY_ZERO: Final = datetime(1899, 12, 30)
_EPOCH: Final = datetime(1970, 1, 1)


def is_null_token(text: str) -> bool:
    """Whether the text means "no value" in a column of numbers or dates; blanks alone do not, they count as coerced."""
    folded = text.strip(_SPACES).lower()
    return folded in NULL_TOKENS and (folded != "" or text == "")


def is_missing(value: object) -> bool:
    """None, NaN, NaT and pandas.NA."""
    if value is None:
        return True
    if isinstance(value, str):
        return False
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    return type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, np.datetime64) and bool(np.isnat(value)))


def parse_number(text: str, reading: Reading) -> float | None:
    """The number a text spells under `reading`, or None. Infinities come back as such; “nan” as NaN.

    Knows group marks, a decimal comma, a stripped unit, accountants' parentheses for negatives, and digits, signs and spaces of
    other scripts. Underscores, which Python's own `float` takes for group marks, are refused.
    """
    if reading.decimal == "." and not reading.thousands and not reading.unit:
        try:
            value = float(text)
        except ValueError:
            pass
        else:
            return None if "_" in text else value
    return _parse_decorated(text, reading)


def _parse_decorated(text: str, reading: Reading) -> float | None:
    plain = text.translate(_TRANSLATE).strip(_SPACES)
    negative = len(plain) > 2 and plain[0] == "(" and plain[-1] == ")"
    if negative:
        plain = plain[1:-1].strip()
    if reading.unit:
        plain = _without_unit(plain, reading.unit)
    if reading.thousands and reading.thousands in plain:
        whole, point, rest = plain.partition(reading.decimal)
        digits = whole.lstrip("+-")
        if reading.thousands in rest or not _GROUPS[reading.thousands].fullmatch(digits):
            return None
        plain = whole.replace(reading.thousands, "") + point + rest
    if reading.decimal != ".":
        if "." in plain:
            return None
        plain = plain.replace(reading.decimal, ".")
    if not _FLOAT.fullmatch(plain):
        return None
    value = float(plain)
    return -value if negative else value


def _without_unit(text: str, unit: str) -> str:
    """The text without the unit before or after it; a sign may stand before the unit."""
    sign, body = (text[0], text[1:]) if text[:1] in ("-", "+") else ("", text)
    folded, wanted = body.lower(), unit.lower()
    if folded.startswith(wanted):
        return sign + body[len(unit) :].strip()
    if folded.endswith(wanted):
        return sign + body[: -len(unit)].strip()
    return text


def parse_date(text: str, formats: tuple[str, ...]) -> datetime | None:
    """The moment a text spells under the first format that fits, in UTC without a zone, or None. "" is ISO 8601."""
    text = text.strip(_SPACES)
    for pattern in formats:
        moment = _parse_one(text, pattern)
        if moment is not None:
            return moment
    return None


def _parse_one(text: str, pattern: str) -> datetime | None:
    try:
        if pattern == "":
            moment = datetime.fromisoformat(text)
        elif pattern in (EXCEL_SERIAL, EPOCH_SECONDS, EPOCH_MILLIS):
            return date_of_number(float(text), pattern)
        else:
            pattern, _, last = pattern.partition(UNTIL)
            moment = datetime.strptime(text, pattern)
            if last and moment.year > int(last):
                moment = moment.replace(year=moment.year - 100)
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def date_of_number(value: float, pattern: str) -> datetime | None:
    """A count of days since 1899-12-30 (spreadsheets) or of (milli)seconds since 1970 as a moment; None outside the calendar."""
    try:
        if pattern == EXCEL_SERIAL:
            return _EXCEL_DAY_ZERO + timedelta(days=value)
        return _EPOCH + timedelta(seconds=value / 1000 if pattern == EPOCH_MILLIS else value)
    except (ValueError, OverflowError):
        return None


def to_text(value: object) -> str | None:
    """The text of any cell: whole floats without ".0", midnights as a date alone, missing as None, "" as None."""
    if isinstance(value, str):
        return str(value) if value != "" else None
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = naive_datetime(value) if isinstance(value, np.datetime64) else value.item()
    if isinstance(value, Decimal):  # a database's number: 5.00 is 5, and long ones keep their digits
        whole = value.is_finite() and value == value.to_integral_value()
        return str(int(value)) if whole else to_text(float(value)) if value.is_finite() else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, datetime):
        moment = naive_datetime(value)
        if moment is None:
            return None
        return moment.date().isoformat() if moment.time() == time() else moment.isoformat(sep=" ")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace") or None
    return str(value) or None


def naive_datetime(value: object) -> datetime | None:
    """A library's date or moment as a plain datetime in UTC without a zone, cut to microseconds; None when it is none."""
    if isinstance(value, np.datetime64):
        item = value.astype("datetime64[us]").item()
        return item if isinstance(item, datetime) else None
    if isinstance(value, datetime):
        if type(value).__name__ == "NaTType":
            return None
        to_python = getattr(value, "to_pydatetime", None)
        plain: datetime = to_python(warn=False) if to_python is not None else value
        return plain if plain.tzinfo is None else plain.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return None
