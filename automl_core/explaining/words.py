"""Numbers and names in words: the same rounding and quoting in every sentence of explaining, acting and reporting."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeVar

from automl_core.data.words import NOTHING as NOTHING
from automl_core.data.words import interval as interval
from automl_core.data.words import is_nothing as is_nothing
from automl_core.data.words import little
from automl_core.data.words import percent as percent

Form = TypeVar("Form")
LONGEST = 80
MOST_ALIKE = 6  # significant digits of the largest number, with the decimals of others
NO_CHANGE = "no measurable change"
Write = Callable[..., str]  # a value in words, and with a second number in finer ones


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


def numbers_alike(values: Sequence[float]) -> tuple[str, ...]:
    """Numbers that stand side by side, with the same decimals: 0.500, 0.864, 0.860. The largest gets three significant digits,
    the smallest two at least; one that the largest would need more than six for is written by itself."""
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    if not sizes or max(sizes) >= 1e15 or min(sizes) < 1e-6:
        return tuple(number(value) for value in values)
    first = math.floor(math.log10(max(sizes)))
    needed = {size: 1 - math.floor(math.log10(size)) for size in sizes}
    places = max(0, 2 - first, *(each for each in needed.values() if each + first < MOST_ALIKE))

    def write(value: float) -> str:
        alone = not math.isfinite(value) or needed.get(abs(value), 0) > places
        return number(value) if alone else f"{value:,.{places}f}".replace("-", "−")

    return tuple(map(write, values))


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


def told_by(forms: Iterable[Form], write: Callable[[Form], Iterable[str]], different: int) -> tuple[str, ...]:
    """What the first of the `forms` writes that tells as many apart as are `different`; the last one where none does."""
    labels: tuple[str, ...] = ()
    for form in forms:
        labels = tuple(write(form))
        if len(set(labels)) == different:
            break
    return labels


def apart(values: list[float]) -> tuple[str, ...]:
    """Values of an axis in words, with as many digits as tell different ones apart."""
    forms: tuple[Callable[[float], str], ...] = (axis_value, edge, lambda value: number(value, 12))
    return told_by(forms, lambda write: map(write, values), len(set(values)))


def ranges_apart(ends: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Ranges of an axis in words, “12 to 15”, with as few digits as tell them apart."""
    return told_by((3, 4, 5, 6, 9, 12),
                   lambda digits: (span(axis_value(low, digits), axis_value(high, digits)) for low, high in ends), len(set(ends)))


def span(low: str, high: str) -> str:
    """Two ends of a range of an axis, “12 to 15”; “12” where they read alike."""
    return low if low == high else f"{low} to {high}"


def axis_value(value: float, digits: int = 3) -> str:
    """A column's value as a place on an axis: rounded as by `number`, without a mark in whole numbers of four digits."""
    return edge(value) if 1000 <= value < 10_000 and float(value).is_integer() else number(value, digits)


def rounded(value: float, digits: int = 2) -> float:
    """The value with `digits` significant digits, for amounts that are estimates anyway."""
    if not math.isfinite(value) or value == 0:
        return value
    return float(round(value, digits - 1 - math.floor(math.log10(abs(value)))))


def told_apart(first: float, second: float, write: Write = percent) -> tuple[str, str]:
    """Two values as `write` has them, by default shares as percentages, with one or two decimals more where they differ and would
    read alike: 36.1 %, 35.5 %."""
    plain_words = write(first), write(second)
    if first == second or plain_words[0] != plain_words[1] or not math.isfinite(first + second):
        return plain_words
    usual = 3 if write is number else 0  # of a number all digits are said, not those beyond the usual ones
    for more in (1, 2):
        finer = write(first, usual + more), write(second, usual + more)
        if finer[0] != finer[1]:
            return finer
    return plain_words


def points(share: float, more: int = 0) -> str:
    """A difference of shares in percentage points, without its sign's word: 12.6 points, 0.04 points."""
    return f"{little(abs(100 * share), 1 + more)} points" if math.isfinite(share) else "unknown"


def signed(value: float, write: Write) -> str:
    """A change with its sign, as `write` has its size: +3.1 points; what is written as nothing, or as under what is shown, has
    no sign."""
    text = write(abs(value))
    return text if is_nothing(text) else f"{'+' if value > 0 else '−'}{text}"


def change_range(low: float, high: float, write: Write, side: Callable[[float], str]) -> str:
    """The range of a change whose direction was said: “2.0 to 10.0 points”, and across nothing both ends with theirs: “1.0 points
    less to 3.0 points more”. `side` names the direction of an end."""
    near, far = sorted((low, high), key=abs)
    if low * high < 0:
        return " to ".join(f"{write(abs(end))} {side(end)}" for end in (near, far))
    return interval(*told_apart(abs(near), abs(far), write))


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
