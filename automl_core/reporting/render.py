"""A report as one HTML page: no script, nothing fetched, every user string escaped; prints on one A4 sheet."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.explaining.words import day
from automl_core.reporting.report import Bar, Report

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a drawn chart, all in per cent of its width."""

    label: str
    text: str
    at: float
    low: float
    high: float
    own: bool


def environment() -> Environment:
    """The templates, with every user string escaped and the filter `tied`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["tied"] = _tied
    return made


def render(report: Report) -> str:
    """The page, as one HTML text."""
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            drivers=_bars(report.driver_bars),
            ladder=_dots(report.ladder_bars),
            made=day(report.made_at),
        )
    )


def _tied(text: str) -> str:
    """The text without invisible formatting characters, and with numbers and their units kept on one line."""
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf"))
    return re.sub(r"(?<=[€$£¥]) (?=[\d−])|(?<=\d) (?=(?:%|points|rows)\b|%)", "\u00a0", text)


def _bars(bars: tuple[Bar, ...]) -> list[Mark]:
    """Bars from zero: the longest fills the width."""
    longest = max((bar.value for bar in bars), default=0.0) or 1.0
    return [
        Mark(bar.label, bar.text, round(100 * bar.value / longest, 2), 0.0, 0.0, place == 0) for place, bar in enumerate(bars)
    ]


def _dots(bars: tuple[Bar, ...]) -> list[Mark]:
    """Dots with intervals between the lowest and the highest bound: positions, not lengths, so they need no zero."""
    bounds = [value for bar in bars for value in (bar.value, bar.low, bar.high) if math.isfinite(value)]
    if not bounds:
        return []
    low, high = min(bounds), max(bounds)
    width = (high - low) or 1.0

    def place(value: float, otherwise: float) -> float:
        return round(3 + 94 * ((value if math.isfinite(value) else otherwise) - low) / width, 2)

    return [
        Mark(
            bar.label,
            bar.text,
            place(bar.value, low),
            place(bar.low, bar.value),
            place(bar.high, bar.value),
            number == len(bars) - 1,
        )
        for number, bar in enumerate(bars)
        if math.isfinite(bar.value)
    ]
