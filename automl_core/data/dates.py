"""Which date format a column is written in: found from the shape of its texts, never mixed per row where the order is open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from automl_core.data.values import UNTIL, parse_date

SOON: Final = 5  # years ahead that a date of two digits for the year may well lie

_TIME: Final = re.compile(
    r"(?P<gap>[T ])(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2})?(?P<fraction>[.,]\d{1,9})?"
    r"(?P<noon> ?[AaPp]\.?[Mm]\.?)?(?P<zone> ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?$"
)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}$")
_ISO_COMPACT: Final = re.compile(r"(?:18|19|20|21)\d{2}(?:0\d|1[0-2])(?:[0-2]\d|3[01])$")
_ISO_COMPACT_TIME: Final = re.compile(r"\d{8}T\d{4}(?:\d{2})?Z?$")
_YEAR_FIRST: Final = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}$")
_NUMERIC: Final = re.compile(r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})$")
_MONTH: Final = r"(?P<month>[A-Za-z]{3,9})\.?"
_NAMED: Final = (
    (
        re.compile(rf"\d{{1,2}}(?P<mark>[ -]){_MONTH}(?P<comma>,?)[ -](?P<year>\d{{4}}|\d{{2}})$"),
        "%d{mark}{month}{comma}{mark}{year}",
    ),
    (
        re.compile(rf"{_MONTH}(?P<mark>[ -])\d{{1,2}}(?P<comma>,?)[ -](?P<year>\d{{4}}|\d{{2}})$"),
        "{month}{mark}%d{comma}{mark}{year}",
    ),
)
_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


@dataclass(frozen=True, slots=True)
class DateShape:
    """Formats to try in order, "|" between them; `guess` says in words what was chosen where the texts leave it open.

    `day_first` is what the texts themselves prove (None: nothing), so that one column can settle its neighbours.
    """

    formats: str
    share: float
    guess: str = ""
    day_first: bool | None = None


def find_date_format(texts: Sequence[str], counts: Sequence[int], day_first: bool | None = None) -> DateShape | None:
    """The format of a column from its distinct texts and how often each occurs; None when it holds no dates.

    A text counts as a date when it has a date's shape, so "2023-02-30" does not make a text column of dates. At least 95 % must
    have a shape, and half must be real dates. `day_first` settles 03/04 when nothing in this column does.
    """
    shapes = [date_shape(text) for text in texts]
    total = sum(counts)
    shaped = sum(count for shape, count in zip(shapes, counts, strict=True) if shape)
    if not total or shaped < 0.95 * total:
        return None
    weights: Counter[str] = Counter()
    for shape, count in zip(shapes, counts, strict=True):
        if shape:
            weights[shape] += count
    proven = _proven_order(texts, shapes)
    formats, guess = _in_words(weights, proven, day_first)
    tries = tuple(formats.split("|"))
    read = [parse_date(text, tries) for text in texts]
    real = sum(count for moment, count in zip(read, counts, strict=True) if moment is not None)
    if real < 0.5 * total or (_all_compact(texts) and real < 0.95 * total):
        return None
    if "%y" in formats:
        formats, years = _century(tries, texts)
        guess = " and ".join(filter(None, (guess, years)))
    return DateShape(formats, real / total, guess, proven)


def _century(tries: Sequence[str], texts: Sequence[str]) -> tuple[str, str]:
    """The formats with the last year that two digits may mean, where some would else mean a year to come, and what is said of it.

    Years of the last century beside years far ahead are those of births and the like: all of them are past. The last year is
    midway in the gap between both. Without any of the last century the years ahead may be meant, as terms of contracts are.
    """
    short = tuple(form for form in tries if "%y" in form)
    years = {moment.year for moment in (parse_date(text, short) for text in texts) if moment is not None}
    now = datetime.now(UTC).year
    ahead = {year for year in years if year > now}
    if max(years, default=0) <= now + SOON:
        return "|".join(tries), ""
    if min(years) >= 2000:
        return "|".join(tries), f"with years up to {max(years)} (two digits leave the century open)"
    last = max(now, (max(years - ahead) + min(ahead)) // 2)
    formats = "|".join(f"{form}{UNTIL}{last}" if "%y" in form else form for form in tries)
    return formats, f"with years from {last - 99} to {last} (two digits leave the century open)"


def date_shape(text: str) -> str:
    """ "" for no date; "iso"; a strptime pattern; or one with {ab} where day and month may stand in either order."""
    text = text.strip()
    if not 6 <= len(text) <= 40 or not (text[0].isdigit() or text[-1].isdigit() or text[-1] in "MmZ."):
        return ""
    if _ISO_COMPACT.match(text) or _ISO_COMPACT_TIME.match(text):
        return "iso"
    day, clock, simple = text, "", True
    found = _TIME.search(text)
    if found:
        day = text[: found.start()]
        clock, simple = _clock_pattern(found)
    if _ISO.match(day):
        return "iso" if simple else "%Y-%m-%d" + clock
    year_first = _YEAR_FIRST.match(day)
    if year_first:
        return "%Y{0}%m{0}%d".format(year_first[1]) + clock
    numeric = _NUMERIC.match(day)
    if numeric:
        if int(numeric["a"]) > 31 or int(numeric["b"]) > 31:
            return ""
        return "{ab}".replace("ab", numeric["mark"]) + ("%Y" if len(numeric["year"]) == 4 else "%y") + clock
    return _named_shape(day, clock)


def _named_shape(day: str, clock: str) -> str:
    for pattern, layout in _NAMED:
        found = pattern.match(day)
        if found:
            name = found["month"].lower()
            if name not in _MONTHS and name not in {month[:3] for month in _MONTHS}:
                return ""
            word = "%b" if len(name) == 3 else "%B"
            year = "%Y" if len(found["year"]) == 4 else "%y"
            return layout.format(mark=found["mark"], month=word, comma=found["comma"], year=year) + clock
    return ""


def _clock_pattern(found: re.Match[str]) -> tuple[str, bool]:
    """The strptime pattern of a time of day, and whether ISO 8601's own reader takes it."""
    noon, zone = found["noon"] or "", found["zone"] or ""
    pattern = found["gap"] + ("%I" if noon else "%H") + ":%M" + (":%S" if found["second"] else "")
    if found["fraction"]:
        pattern += found["fraction"][0] + "%f"
    if noon:
        pattern += (" " if noon[0] == " " else "") + "%p"
    if zone:
        pattern += (" " if zone[0] == " " else "") + ("%z" if "UTC" not in zone else "UTC")
    return pattern, len(found["hour"]) == 2 and not noon and "UTC" not in zone


def _proven_order(texts: Sequence[str], shapes: Sequence[str]) -> bool | None:
    """True when a first part above 12 occurs, False for a second part above 12, None for neither; the more frequent when both."""
    first = second = 0
    for text, shape in zip(texts, shapes, strict=True):
        if shape.startswith("{"):
            found = re.match(r"(\d{1,2})[-/.](\d{1,2})", text.strip())
            if found:
                first += int(found[1]) > 12
                second += int(found[2]) > 12
    return None if first == second else first > second


def _in_words(weights: Counter[str], proven: bool | None, neighbours: bool | None) -> tuple[str, str]:
    formats: list[str] = []
    guess = ""
    for shape, _ in weights.most_common(6):
        if not shape.startswith("{"):
            formats.append("" if shape == "iso" else shape)
            continue
        mark = shape[1]
        order = proven if proven is not None else neighbours
        if order is None:
            order = mark != "/"
            guess = f"as {'day before month' if order else 'month before day'} (nothing in the column says which)"
        elif proven is None:
            guess = f"as {'day before month' if order else 'month before day'}, like the other dates in this table"
        days = f"%d{mark}%m{mark}" if order else f"%m{mark}%d{mark}"
        formats.append(days + shape[3:])
    return "|".join(formats), guess


def _all_compact(texts: Sequence[str]) -> bool:
    return all(text.strip().isdigit() for text in texts)
