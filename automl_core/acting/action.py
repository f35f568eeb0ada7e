"""The nouns of the acting step: segments, levers, cards, and the list of rows to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["A", "B", "C", "D"]
Direction = Literal["", "up", "down"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a segment: the column is one of `values`, or lies in [`low`, `high`) for numbers."""

    column: str
    values: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class Segment:
    """A group whose outcome differs from the rest, found on one half of the rows and confirmed on the other.

    All figures are those of the confirming half: the mean outcome (a rate between 0 and 1, or target units) inside and
    outside, the difference with its 95 % interval, and p after correction for everything that was looked at.
    """

    conditions: tuple[Condition, ...]
    rows: int
    inside: float
    outside: float
    difference: float
    low: float
    high: float
    p: float
    sentence: str


@dataclass(frozen=True, slots=True)
class SegmentSearch:
    """The confirmed segments and how many candidates were looked at."""

    segments: tuple[Segment, ...]
    looked_at: int
    tested: int
    outcome: str
    units: str


@dataclass(frozen=True, slots=True)
class Lever:
    """A column the user can change. `to` holds the values that may be set; an empty `from_values` means any.

    A numeric lever has a `step` instead (a share of the value when `relative`), may only go up or down when `direction` says so,
    and never leaves [`low`, `high`] (NaN: no limit). `cost` is money per row; `days` until the change shows.
    """

    column: str
    to: tuple[str, ...] = ()
    from_values: tuple[str, ...] = ()
    step: float = float("nan")
    relative: bool = False
    cost: float = 0.0
    forbidden: tuple[tuple[str, str], ...] = ()
    direction: Direction = ""
    low: float = float("nan")
    high: float = float("nan")
    days: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """What the user wants from acting. `good` is the wanted class, or "low"/"high" for a number."""

    outcome: str
    good: str
    value: float = 0.0
    capacity: int = 0
    budget: float = 0.0
    given: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    levers: tuple[Lever, ...] = ()
    save_rate: float = 0.2
    contact_cost: float = 0.0
    currency: str = "€"


@dataclass(frozen=True, slots=True)
class ActionCard:
    """Who, what to change, worth how much, how sure. Effects are changes of the wanted outcome's rate (or of the number).

    `conditions` (all hold), `from_values` and `step` say again, for a program, who is meant and what changes: `eligible` picks
    the rows of any table by them. `id` is a hash of those: the same card of a later run has the same one.
    """

    who: str
    lever: str
    from_value: str
    to_value: str
    rows: int
    raw_gap: float
    what_if: float
    adjusted: float
    low: float
    high: float
    net_value: float
    net_low: float
    net_high: float
    grade: Grade
    support: float
    robustness: float
    sentence: str
    overturn: str = ""
    next_step: str = ""
    id: str = ""
    conditions: tuple[Condition, ...] = ()
    from_values: tuple[str, ...] = ()
    step: float = float("nan")
    relative: bool = False
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One row to act on, in order of expected worth. `row` is its position in the table, `id` its own id when it has one."""

    rank: int
    row: int
    id: str
    prediction: float
    expected_value: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionList:
    """The rows to act on under a capacity. Money is NaN when no money was given.

    `expected_outcomes` is the sum of the chosen rows' risk and `mean_risk` the mean risk of all rows: for classes, the risk of a
    row is the probability that it does not end as the goal's good class.
    """

    rows: tuple[ActionRow, ...]
    capacity: int
    expected_value: float
    low: float
    high: float
    random_value: float
    everyone_value: float
    expected_outcomes: float
    sentence: str
    assumptions: tuple[str, ...] = ()
    mean_risk: float = float("nan")
