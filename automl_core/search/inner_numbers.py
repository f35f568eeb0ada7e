"""Numbers inside texts: the 23.4 of “23.4 kmpl”, the 190 and the 2000 of “190Nm@ 2000rpm”."""
from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from automl_core.search.feature import Array

MOST = 2  # numbers of one text that become columns
LEAST_SHARE, LEAST_DISTINCT = 0.8, 8
SAMPLE = 5_000
LOOKED_AT = 200  # characters of a text
LARGEST = 3.0e38  # some libraries keep 32-bit floats
NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*")
THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")


# a number parted in thousands, the last of them whole; of commas all but that may part hundreds, as in India
_GROUPS = {mark: re.compile(rf"-?(?!0)\d{{1,3}}({re.escape(mark)}\d{{{least},3}})*{re.escape(mark)}\d{{3}}")
           for mark, least in ((".", 3), (",", 2))}
_OTHER = {".": ",", ",": "."}
MARKS, GROUPS = 1, 2  # how models read numbers with marks; those of long ago have 0


@lru_cache(maxsize=20_000)
def numbers_in(text: str, marks: int = GROUPS) -> tuple[float, ...]:
    """The first two numbers in a text, which stays in memory: give no long one. What is too large is NaN.

    A comma parts thousands where three digits follow and no nought leads (1,234), as do several marks of a kind (1.234.567). Of
    two kinds the last is the decimal mark where it stands once (1.234,56). Any other comma is one, too, and other marks part
    numbers: 24.12.2023 has three, and so has version 2.10.3.

    Models of before read as they learned: with `MARKS` alone whatever comes before three digits is thousands, and several points
    always, and without marks two kinds are not told apart.
    """
    found: list[float] = []
    for match in NUMBER.findall(text)[:MOST]:
        found += _parted(match) if marks >= GROUPS else [_as_before(match, bool(marks))]
    return tuple(value if abs(value) <= LARGEST else math.nan for value in found[:MOST])


def _parted(match: str) -> list[float]:
    """The numbers in digits with marks between them."""
    last = "." if match.rfind(".") > match.rfind(",") else ","
    other = _OTHER[last]
    if other in match:
        whole, _, rest = match.rpartition(last)
        if last not in whole and _GROUPS[other].fullmatch(whole):
            return [float(f"{whole.replace(other, '')}.{rest}")]
        return [number for part in match.split(",") for number in _parted(part)]
    if match.count(last) == 1:
        thousands = last == "," and _GROUPS[","].fullmatch(match)
        return [float(match.replace(",", "" if thousands else "."))]
    return [float(match.replace(last, ""))] if _GROUPS[last].fullmatch(match) else [float(part) for part in match.split(last)]


def _as_before(match: str, marks: bool) -> float:
    plain = THOUSANDS.sub("", match).replace(",", ".")
    if marks and "." in match and "," in match:
        last, other = (".", ",") if match.rfind(".") > match.rfind(",") else (",", ".")
        plain = match.replace(other, "").replace(last, ".") if match.count(last) == 1 else plain
    whole, *parts = plain.split(".")
    return float(f"{whole}.{parts[0]}" if len(parts) == 1 else plain.replace(".", ""))


def count_numbers(series: pd.Series[Any]) -> int:
    """How many numbers of a column's texts are worth a column each: 0, 1 or 2.

    Nearly all texts must have it, and it must take several values: then its order says more than the texts' names do.
    """
    texts = series.dropna()
    texts = texts if len(texts) <= SAMPLE else texts.sample(SAMPLE, random_state=0)
    found = [numbers_in(str(text)[:LOOKED_AT]) for text in texts.tolist()]
    for place in range(MOST):
        values = [numbers[place] for numbers in found if len(numbers) > place]
        if len(values) < LEAST_SHARE * max(len(found), 1) or len(set(values)) < LEAST_DISTINCT:
            return place
    return MOST


def inner_columns(series: pd.Series[Any], count: int, marks: int = GROUPS) -> Array:
    """(n, count) the numbers of each text; NaN where there are fewer."""
    places, texts = pd.factorize(series)
    table = np.full((len(texts) + 1, count), math.nan)
    for place, text in enumerate(texts.tolist()):
        table[place] = inner_cell(text, count, marks)
    out: Array = table[places]  # a missing text has place -1: the last row
    return out


def inner_cell(text: str | None, count: int, marks: int = GROUPS) -> list[float]:
    """The same of one text."""
    found = numbers_in(str(text)[:LOOKED_AT], marks)[:count] if text is not None else ()
    return [*found, *[math.nan] * (count - len(found))]
