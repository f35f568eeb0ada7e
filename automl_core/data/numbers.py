"""How the numbers of a column are written: decimal mark, group mark, unit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from automl_core.data.table import Reading
from automl_core.data.values import is_null_token, parse_number

# Only known units are stripped: "A1" or "5B" are codes, not amounts.
UNITS: Final = (
    "€",
    "$",
    "£",
    "¥",
    "₹",
    "₽",
    "₩",
    "zł",
    "kr",
    "CHF",
    "EUR",
    "USD",
    "GBP",
    "JPY",
    "INR",
    "US$",
    "R$",
    "Rs",
    "Rs.",
    "%",
    "‰",
    "kg",
    "g",
    "mg",
    "t",
    "lb",
    "lbs",
    "oz",
    "km",
    "m",
    "cm",
    "mm",
    "mi",
    "ft",
    "in",
    "sqft",
    "m²",
    "km²",
    "m2",
    "m³",
    "l",
    "ml",
    "°C",
    "°F",
    "°",
    "h",
    "hrs",
    "min",
    "sec",
    "s",
    "ms",
    "days",
    "years",
    "yrs",
    "kWh",
    "kW",
    "Hz",
    "GHz",
    "MHz",
    "GB",
    "MB",
    "KB",
    "TB",
    "km/h",
    "mph",
    "kmpl",
    "km/kg",
    "bhp",
    "hp",
    "CC",
)
_UNIT_LOOKUP: Final = {unit.lower(): unit for unit in UNITS}
_STYLES: Final = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", " "), (".", "'"))
_AROUND: Final = re.compile(
    r"^[+-]?(?P<before>[^\d\s.,()+'-][^\d\s()+-]{0,4})?\s*[+-]?[\d.,' \u00a0\u202f]+\s*(?P<after>[^\d\s.,()+'-][^\s()+-]{0,4})?$"
)
_SPELLS: Final = re.compile(r"\d|inf|nan", re.IGNORECASE)  # no text without any of these is a number
_CODE: Final = re.compile(r"^(?:0\d+|\+\d{7,})$", re.MULTILINE)
# Only money stands before its number; a letter there makes a code.
_BEFORE: Final = frozenset(
    {"€", "$", "£", "¥", "₹", "₽", "₩", "chf", "eur", "usd", "gbp", "jpy", "inr", "us$", "r$", "rs", "rs.", "kr"}
)
MAX_SAMPLE: Final = 2000


@dataclass(frozen=True, slots=True)
class NumberShape:
    """A reading and the share of cells it can read."""

    reading: Reading
    share: float


def find_number_style(texts: Sequence[str], counts: Sequence[int], decimal: str = "") -> NumberShape | None:
    """The style under which the most cells are numbers, from distinct texts without null tokens; None when under half are.

    Codes are no numbers: leading zeros and telephone numbers make a column text. `decimal` is the mark that is tried first,
    because other columns tell it: 1,250 alone may be either.
    """
    if is_code(texts):
        return None
    plain = _share(texts, counts, Reading())
    if plain >= 1.0 and decimal != ",":  # a single 1.234.567 shows that 1.234 is more than one
        return NumberShape(Reading(), plain)
    step = max(1, len(texts) // MAX_SAMPLE)
    sample, sizes = texts[::step], counts[::step]
    told = sum(size for text, size in zip(sample, sizes, strict=True) if _SPELLS.search(text))
    if max(plain, told / max(1, sum(sizes))) < 0.5:
        return None  # at once: most columns of words are without a digit, whatever the style
    styles = sorted(_STYLES, key=lambda style: bool(decimal) and style[0] != decimal)
    units = dict.fromkeys(("", _common_unit(sample, sizes)))
    readings = [Reading(decimal=mark, thousands=group, unit=unit) for mark, group in styles for unit in units]
    shares = [_share(sample, sizes, reading) for reading in readings]
    top = max(shares)
    if max(top, plain) < 0.5:
        return None
    return _best([reading for reading, share in zip(readings, shares, strict=True) if share >= top - 1e-9], texts, counts)


def _best(readings: Sequence[Reading], texts: Sequence[str], counts: Sequence[int]) -> NumberShape:
    """The reading of most cells, the first of those alike; the others are tried where they read what the first cannot."""
    best = NumberShape(readings[0], _share(texts, counts, readings[0]))
    lost = [text for text in texts if parse_number(text, readings[0]) is None] if best.share < 1.0 else []
    for reading in readings[1:]:
        if any(parse_number(text, reading) is not None for text in lost):
            share = _share(texts, counts, reading)
            best = NumberShape(reading, share) if share > best.share + 1e-9 else best
    return best


def is_code(texts: Sequence[str]) -> bool:
    """Whether a leading zero or a telephone number shows that these digits are names, not amounts."""
    return _CODE.search("\n".join(texts)) is not None


def _share(texts: Sequence[str], counts: Sequence[int], reading: Reading) -> float:
    total = sum(counts)
    good = sum(count for text, count in zip(texts, counts, strict=True) if parse_number(text, reading) is not None)
    return good / total if total else 0.0


def _common_unit(texts: Sequence[str], counts: Sequence[int]) -> str:
    """The known unit that stands before or after at least 90 % of the cells; "" when none does."""
    found: Counter[str] = Counter()
    for text, count in zip(texts, counts, strict=True):
        if is_null_token(text):
            continue
        around = _AROUND.match(text.strip())
        if around:
            before, after = (around["before"] or "").lower(), (around["after"] or "").lower()
            unit = _UNIT_LOOKUP.get(before if before in _BEFORE else after) if not before or before in _BEFORE else None
            if unit:
                found[unit] += count
    if not found:
        return ""
    unit, count = found.most_common(1)[0]
    return unit if count >= 0.9 * sum(counts) else ""
