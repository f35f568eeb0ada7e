"""Numbers and names in words: the same rounding and quoting in every sentence of explaining, acting and reporting."""

from __future__ import annotations

import math
import unicodedata
from datetime import date

LONGEST = 80
NO_CHANGE = "no measurable change"
LEAST_POINTS = 5e-5  # less than this is what arithmetic loses


def plain(text: object) -> str:
    """A user's string as one line without control or invisible formatting characters, at most 80 characters."""
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in str(text))
    line = "".join(c for c in line if unicodedata.category(c) != "Cf").strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def quote(text: object) -> str:
    """A user's string, cut and cleaned as by `plain`, between typographic quotes."""
    return f"“{plain(text)}”"


def number(value: float, digits: int = 3) -> str:
    """A number with at most `digits` significant digits below its integer part, with thin thousands: 12,300, 4.57, 0.0123."""
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    if abs(value) >= 1e15 or abs(value) < 1e-6:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def count(value: float, noun: str = "", plural: str = "") -> str:
    """A whole number in full, with a noun in the right number: 1 row, 7,043 rows."""
    text = f"{int(value):,}"
    if not noun:
        return text
    return f"{text} {noun if int(value) == 1 else plural or noun + 's'}"


def id_text(value: object) -> str:
    """What names a row, as its file has it: whole numbers have no decimals, though a gap in their column makes them decimal."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def edge(value: float) -> str:
    """A bound as it is used, six significant digits: whole numbers of four digits stand without a mark, for they may be years."""
    return f"{value:.0f}" if 1000 <= value < 10_000 and float(value).is_integer() else number(value, 6)


def apart(values: list[float]) -> tuple[str, ...]:
    """Values of an axis in words, with as many digits as tell different ones apart."""
    for write in (axis_value, edge, lambda value: number(value, 12)):
        texts = tuple(write(value) for value in values)
        if len(set(texts)) == len(set(values)):
            break
    return texts


def axis_value(value: float) -> str:
    """A column's value as a place on an axis: rounded as by `number`, without a mark in whole numbers of four digits."""
    return edge(value) if 1000 <= value < 10_000 and float(value).is_integer() else number(value)


def rounded(value: float, digits: int = 2) -> float:
    """The value with `digits` significant digits, for amounts that are estimates anyway."""
    if not math.isfinite(value) or value == 0:
        return value
    return float(round(value, digits - 1 - math.floor(math.log10(abs(value)))))


def percent(share: float) -> str:
    """A share between 0 and 1 as a percentage: 26.5 % below 99.5, 0.4 % for little, 100 % only for all."""
    if not math.isfinite(share):
        return "unknown"
    value = 100 * share
    whole = value in (0, 100) or 10 <= abs(value) < 99.5
    text = f"{value:.0f}" if whole else f"{value:.1f}".replace("100.0", "over 99.9")
    return f"{text.replace('-', '−')} %"


def told_apart(first: float, second: float) -> tuple[str, str]:
    """Two shares as percentages, with one or two decimals more where they differ and would read alike: 36.1 %, 35.5 %."""
    plain_words = percent(first), percent(second)
    if first == second or plain_words[0] != plain_words[1] or not math.isfinite(first + second):
        return plain_words
    for places in (1, 2):
        finer = f"{100 * first:.{places}f} %", f"{100 * second:.{places}f} %"
        if finer[0] != finer[1]:
            return finer
    return plain_words


def points(share: float) -> str:
    """A difference of shares in percentage points, without its sign's word: 12.6 points, 0.02 points for little."""
    value = abs(100 * share)
    places = -math.floor(math.log10(value)) if LEAST_POINTS <= value < 0.05 else 1
    return f"{value:.{places}f} points"


def is_nothing(text: str) -> bool:
    """Whether a written amount holds no digit but zeros."""
    return not any(digit in text for digit in "123456789")


def money(value: float, currency: str) -> str:
    """An amount with two or three significant digits: € 14,000; without a currency the number alone."""
    if not math.isfinite(value):
        return "unknown"
    sign = "−" if value < 0 else ""
    amount = number(abs(rounded(value, 3)))
    return f"{sign}{currency} {amount}" if currency else f"{sign}{amount}"


def level_name(level: float) -> str:
    """What a quantile is called: the median, or the 90 % quantile."""
    return "median" if level == 0.5 else f"{number(100 * level)} % quantile"


def counted_alike(weights: str) -> str:
    """Says that the column of weights is not used; empty where there is none."""
    return f"Rows count alike here, whatever {quote(weights)} says." if weights else ""


def day(moment: date) -> str:
    """A day in full: 3 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def short_day(moment: date) -> str:
    """A day where there is little room: 3 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}"


def interval(low: str, high: str) -> str:
    """Two written bounds as one range: “12 % to 18 %” with the unit once when both carry it."""
    for unit in (" %", " points"):
        if low.endswith(unit) and high.endswith(unit):
            return f"{low.removesuffix(unit)} to {high}"
    return f"{low} to {high}"
