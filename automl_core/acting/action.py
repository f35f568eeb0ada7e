"""The nouns of cards: segments, levers, goals, and who should change what. Those of lists are in `action_list`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

Grade = Literal["A", "B", "C", "D"]
Direction = Literal["", "up", "down"]
MOST_LEVERS = 8  # besides the treatment of an experiment
MOST_DAYS = 3650  # until a change shows
MOST_ROWS = 1_000_000_000  # that somebody can act on
TOO_FEW = "There are too few rows to find groups on one half and confirm them on the other"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a segment: the column is one of `values`, or lies in [`low`, `high`) for numbers. Where rows have but one
    value between these limits, words tell `only` that."""

    column: str
    values: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    only: str = field(default="", compare=False, kw_only=True)


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
    """The confirmed segments and how many candidates were looked at. `is_rate` says that the outcome is a share of rows; None in
    searches that were kept before this was told apart from a number of that name. `note` says what is not taken into account, or
    why no group was looked at."""

    segments: tuple[Segment, ...]
    looked_at: int
    tested: int
    outcome: str
    units: str
    is_rate: bool | None = None
    note: str = ""

    @property
    def why_none(self) -> str:
        """Why no group was looked at; few rows in searches that were kept before `note` said it."""
        return self.note or f"{TOO_FEW}."

    @property
    def in_points(self) -> bool:
        """Whether differences are shown as percentage points."""
        return self.units in ("points", "share of rows") if self.is_rate is None else self.is_rate


@dataclass(frozen=True, slots=True)
class Lever:
    """A column the user can change. `to` holds the values that may be set; an empty `from_values` means any.

    A numeric lever has a `step` instead (a share of the value when `relative`), may only go up or down when `direction` says so,
    and never leaves [`low`, `high`] (NaN: no limit). `cost` is money per row, `unit_cost` that for each unit that its number
    goes; `days` until the change shows.
    With neither `to` nor `step`, the values (or steps) that the rows themselves show are tried, at most eight.
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
    unit_cost: float = 0.0

    @property
    def told_cost(self) -> float:
        """Money for changing one row, as far as the lever alone tells: a step that is no share says how far."""
        far = 0.0 if self.relative or math.isnan(self.step) else abs(self.step)
        return self.cost + self.unit_cost * far


@dataclass(frozen=True, slots=True)
class Goal:
    """What the user wants from acting. `good` is the wanted class, or "low"/"high" for a number.

    `given` is known before the lever is moved; `never` is used nowhere; `later` is measured only after the lever, so adjusting
    for it would take away a part of the effect itself (it is neither compared on nor used to describe a group). Neither is a
    `negative_control`, which no lever can change, as last year's outcome: who seems to change it earns C at best. `experiment`
    names a column whose value was drawn by chance: that lever needs no comparing of like with like. A `contact_cost` of 0 means
    that nobody gave one, as in goals of before that could be said, unless `contact_free` says that acting on a row costs nothing.
    `value_column` names the column that says what a good outcome of a row is worth, in place of one `value` for all: list, plan
    and cards go by it, pilots by what their card brings, and an experiment by its mean over all, which `value` then is; rows
    without a value count with `value_middle`, the median of the whole table (see `worth.valued`).
    `save_range` is the 95 % range of a `save_rate` that a pilot measured; empty while it is an assumption.
    """

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
    later: tuple[str, ...] = ()
    experiment: str = ""
    contact_free: bool = False
    value_column: str = ""
    save_range: tuple[float, ...] = ()
    value_middle: float | None = None
    negative_control: tuple[str, ...] = ()

    @property
    def priced(self) -> bool:
        """Whether it says what a good outcome is worth."""
        return self.value > 0 or bool(self.value_column)

    @property
    def cost_given(self) -> bool:
        """Whether somebody said what acting on a row costs."""
        return self.contact_free or self.contact_cost != 0

    @property
    def dearest(self) -> Lever | None:
        """The lever that costs most; None where none costs anything."""
        return max((lever for lever in self.levers if lever.told_cost > 0), key=lambda lever: lever.told_cost, default=None)

    @property
    def row_cost(self) -> float:
        """Money for acting on a row of the list: what was given, else what the dearest lever costs, 0 where no cost is known."""
        dearest = self.dearest
        return self.contact_cost if self.cost_given or dearest is None else dearest.told_cost


@dataclass(frozen=True, slots=True)
class Change:
    """A second lever that a card moves together with its first one; its number, if it is one, goes `distance` in the mean, and
    each unit of that costs `unit_cost`, which is in the `cost` as far as the mean goes."""

    lever: str
    from_values: tuple[str, ...]
    to_value: str
    cost: float = 0.0
    distance: float = float("nan")
    unit_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class ActionCard:
    """Who, what to change, worth how much, how sure.

    `raw_gap`, `what_if`, `adjusted`, `low` and `high` are changes of what `counted` names: the share of rows of the positive
    class in yes/no tasks (of the wanted class with more classes), as a share between -1 and 1; or the number itself. `better`
    says whether more or less of it is wanted, so a card that lowers churn has negative figures and `better` is "down".
    `low` and `high` are the 95 % range, wider where the group is the best of several, but then not beyond where it just pays,
    and of a share not beyond none and all; `adjusted` is less than the middle where the card only just passed (see `luck`).
    `now` and `then` are the mean of `counted` before and after, on the rows of the card. `p` is corrected for all tests made;
    `tested_rows` are the rows that the effect rests on (each fold where the others would have put the group).
    `support` is the share of the eligible rows that have comparable ones, `robustness` how strong a hidden factor must be to
    cancel the effect (0 to 1), `firm_robustness` the same for the weak end of the plain range, which the grade and `overturn` go
    by, `benchmark` the strongest known column and `benchmark_strength` how strong one like it would be.
    Money is NaN when the goal has none. `conditions` (all hold), `from_values` and `step` say again, for a program, who is meant
    and what changes: `eligible` picks the rows of any table by them. `id` is a hash of those, with the limits and the forbidden
    moves that matter, but not of costs: the same card of a later run, or at another price, has the same one. `also` are further
    levers moved together; `cost` is that of the first one alone, and money goes by `whole_cost`. A numeric lever never leaves
    [`lowest`, `highest`] (NaN: no limit). `forbidden` are moves
    (lever, from, to) that no row makes. When not all of a group has rows to be compared with, `alike` says
    in parts (one must hold) which rows do: only these are meant. Once a pilot has ended its figures are those `measured` there.
    `gain`, `gain_low` and `gain_high` are the effect in the wanted direction: more is better whatever is counted. `is_rate` says
    that `counted` is a share of rows; None in cards that were kept before this was told apart from a number of that name.
    `worth` is what a good outcome of its rows is worth in the mean, where a column says it of each row (else NaN). `distance` is
    how far the first lever's number goes in the mean (NaN: it is none); `cost` is the mean, too, where a unit has its price, the
    `unit_cost` (0: none, and in cards kept before it was told).
    The `whole_` figures are those of everybody whom the move is for, of whom the card may have picked a group: `whole_rows` (0 in
    cards kept before these were told) and the three numbers with the 95 % range. `whole_sentence` tells them; it is empty where
    the card is about everybody.
    `drawn` says that chance decided in the data who has the change, whatever the grade (False in cards kept before it was told).
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
    counted: str = ""
    better: Direction = ""
    now: float = float("nan")
    then: float = float("nan")
    p: float = float("nan")
    tested_rows: int = 0
    benchmark: str = ""
    benchmark_strength: float = float("nan")
    reasons: tuple[str, ...] = ()
    days: int = 0
    lowest: float = float("nan")
    highest: float = float("nan")
    also: tuple[Change, ...] = ()
    alike: tuple[tuple[Condition, ...], ...] = ()
    measured: bool = False
    forbidden: tuple[tuple[str, str, str], ...] = ()
    is_rate: bool | None = None
    worth: float = float("nan")
    firm_robustness: float = float("nan")
    whole_rows: int = 0
    whole_raw_gap: float = float("nan")
    whole_what_if: float = float("nan")
    whole_adjusted: float = float("nan")
    whole_low: float = float("nan")
    whole_high: float = float("nan")
    whole_sentence: str = ""
    distance: float = float("nan")
    unit_cost: float = 0.0
    drawn: bool = False

    @property
    def in_points(self) -> bool:
        """Whether the figures are shares of rows (“Churn” = “Yes”) and not amounts."""
        return "” = “" in self.counted if self.is_rate is None else self.is_rate

    @property
    def whole_cost(self) -> float:
        """Money per row for all levers that are moved together."""
        return self.cost + sum(one.cost for one in self.also)

    @property
    def names(self) -> frozenset[str]:
        """The columns that it moves or describes its rows by."""
        described = [*self.conditions, *(condition for part in self.alike for condition in part)]
        return frozenset({self.lever, *(one.lever for one in self.also), *(condition.column for condition in described)})

    @property
    def is_tested(self) -> bool:
        """Whether its figures were measured where chance decided: in an experiment, or in a pilot however it ended."""
        return self.grade == "A" or self.measured

    @property
    def by_chance(self) -> bool:
        """Whether its figures are of rows that chance gave the change or not, whatever a check then said of it."""
        return self.is_tested or self.drawn

    @property
    def own_reasons(self) -> list[str]:
        """Why the grade is not a better one, without what is said anyway of what would overturn the card."""
        return [one for one in self.reasons if not self.overturn.startswith(one.partition(" would be enough")[0])]

    @property
    def gain(self) -> float:
        """The adjusted effect in the wanted direction: above zero is better."""
        return self.adjusted if self.better == "up" else -self.adjusted

    @property
    def gain_low(self) -> float:
        """The cautious end of the gain's 95 % range."""
        return self.low if self.better == "up" else -self.high

    @property
    def gain_high(self) -> float:
        """The hopeful end of the gain's 95 % range."""
        return self.high if self.better == "up" else -self.low


@dataclass(frozen=True, slots=True)
class Actions:
    """What acting found: cards of grade A to C, best first, at most seven; and `patterns` of grade D, which are not advice.

    `tested` hypotheses were corrected for; `rows` have a known outcome, of which so many were `drawn` by chance to be compared
    (0: all were). `notes` say what was left out or sampled.
    """

    cards: tuple[ActionCard, ...]
    patterns: tuple[ActionCard, ...] = ()
    tested: int = 0
    rows: int = 0
    notes: tuple[str, ...] = ()
    drawn: int = 0
