"""The report: values frozen when it is made, rendered later without looking anything up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a small chart: a label, a length and the words beside it."""

    label: str
    value: float
    text: str
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class Section:
    """A short section: its title and its sentences."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The one-page report for a manager. Every text is ready to be read; none is looked up at rendering time.

    `answer` is one sentence; `money` is empty when no money was given; `drivers`, `segments` and `actions` are sentences;
    `sure` says how sure and on what it rests; `limits` what could be wrong; `next_step` the one thing to do. `figures` are the
    three or so numbers at the top, each with its label; `sections` are there only when the work behind them was done.
    """

    id: str
    title: str
    project: str
    made_at: datetime
    answer: str
    money: str
    drivers: tuple[str, ...]
    driver_bars: tuple[Bar, ...]
    segments: tuple[str, ...]
    actions: tuple[str, ...]
    sure: tuple[str, ...]
    limits: tuple[str, ...]
    next_step: str
    ladder_bars: tuple[Bar, ...]
    facts: tuple[tuple[str, str], ...]
    version: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    ladder_title: str = ""
    sections: tuple[Section, ...] = ()
