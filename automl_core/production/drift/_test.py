"""What a drift test is, and the words its results share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from automl_core.production.contract import ColumnContract
from automl_core.registry import Field

EFFECT_FLOOR = 0.1
SIGNIFICANCE = 0.05
LEAST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a batch lies from training: a standardised effect less what chance gives at this size, p, and both in words."""

    effect: float
    p: float
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class DriftTest:
    """One test. `compare(column, values, design)` takes the contract of one column, whose `rows` stand alone, the batch's
    present values (no missing ones), and how many of these tell as much as one that stands alone: 1 unless rows go together."""

    name: str
    title: str
    kinds: tuple[str, ...]
    compare: Callable[[ColumnContract, pd.Series[Any], float], Comparison]
    package: str = ""
    fields: tuple[Field, ...] = ()


def short(value: float) -> str:
    """A number with three significant digits."""
    if not math.isfinite(value):
        return "unknown"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def quoted(text: object) -> str:
    """A user's string between typographic quotes, at most 80 characters, on one line."""
    line = " ".join(str(text).split())
    return f"“{line if len(line) <= 80 else line[:79] + '…'}”"
