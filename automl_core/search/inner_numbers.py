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


@lru_cache(maxsize=20_000)
def numbers_in(text: str, marks: bool = True) -> tuple[float, ...]:
    """The first two numbers in a text, which stays in memory: give no long one. A comma before exactly three digits parts
    thousands, any other is a decimal point.

    With `marks`, of two kinds of mark in a number the last is the decimal one where it stands once: 1.234,56 is 1,234.56. Models
    of before read it without.
    """
    found = []
    for match in NUMBER.findall(text)[:MOST]:
        plain = THOUSANDS.sub("", match).replace(",", ".")
        if marks and "." in match and "," in match:
            last, other = (".", ",") if match.rfind(".") > match.rfind(",") else (",", ".")
            plain = match.replace(other, "").replace(last, ".") if match.count(last) == 1 else plain
        whole, *parts = plain.split(".")
        value = float(f"{whole}.{parts[0]}" if len(parts) == 1 else plain.replace(".", ""))  # several points part thousands
        found.append(value if abs(value) <= LARGEST else math.nan)
    return tuple(found)


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


def inner_columns(series: pd.Series[Any], count: int, marks: bool = True) -> Array:
    """(n, count) the numbers of each text; NaN where there are fewer."""
    places, texts = pd.factorize(series)
    table = np.full((len(texts) + 1, count), math.nan)
    for place, text in enumerate(texts.tolist()):
        table[place] = inner_cell(text, count, marks)
    out: Array = table[places]  # a missing text has place -1: the last row
    return out


def inner_cell(text: str | None, count: int, marks: bool = True) -> list[float]:
    """The same of one text."""
    found = numbers_in(str(text)[:LOOKED_AT], marks)[:count] if text is not None else ()
    return [*found, *[math.nan] * (count - len(found))]
