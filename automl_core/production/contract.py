"""The data contract: what a new batch must look like, learned from the training rows and carried in the bundle."""
from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from automl_core.production.learned import Learned
from automl_core.search.plan import Score

READING = "reading"  # the kind of what could not be read of a file
FEWEST_EMPTY = 30  # rows without a value from which a column counts as one that is not there
OFTEN_MISSING = 0.5  # of the training rows: then no gap says anything
IMPORTANT_SHARE = 0.8  # columns that together carry this share of the explanation are what a model rests on


@dataclass(frozen=True, slots=True)
class ColumnContract:
    """What one column looked like in training.

    `quantiles` are 101 equidistant quantiles (numbers, and dates in days since 1970); `levels` the share of each level kept
    (bool and text, at most 200; the rest under ""), of so many `rows`; `importance` the column's share in the model's
    explanation; `alike` how much rows of one group have in common (0 to 1; 0 where rows stand alone). Rows that are the same in
    all columns that `tells_copies` are copies, which the search kept together; no column does where it did not.
    """

    name: str
    kind: str
    role: str
    missing_share: float
    rows: int
    importance: float = 0.0
    quantiles: tuple[float, ...] = ()
    levels: dict[str, float] = field(default_factory=dict)
    needed: bool = True
    unreadable_share: float = 0.0
    alike: float = 0.0
    tells_copies: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of a model: its columns, its predictions on training rows as one more column (out of fold, or the own ones of
    a rule and of a model that sees few different rows), what tells rows that it learned from, and the `score` that it reached in
    its search (None: not known; an opened bundle has its model's), read at the probability `judged_at` (None: at the threshold).

    Rows that share a value of the column `group` go together, and copies where columns tell them: `together` of them on average
    over rows (1: each stands alone)."""

    columns: tuple[ColumnContract, ...]
    predictions: ColumnContract | None
    rows: int
    target: str
    learned: Learned = field(default_factory=Learned)
    score: Score | None = None
    group: str = ""
    together: float = 1.0
    judged_at: float | None = None


def copied_by(columns: Iterable[ColumnContract]) -> tuple[str, ...]:
    """The columns by which copies are known that go together; none where they do not."""
    return tuple(column.name for column in columns if column.tells_copies)


def important(contract: Contract) -> frozenset[str]:
    """The columns that together carry 80 % of the importance; all needed ones when importance is unknown."""
    needed = sorted((column for column in contract.columns if column.needed), key=lambda column: -column.importance)
    total = sum(column.importance for column in needed)
    if total <= 0:
        return frozenset(column.name for column in needed)
    names, carried = [], 0.0
    for column in needed:
        if carried >= IMPORTANT_SHARE * total:
            break
        names.append(column.name)
        carried += column.importance
    return frozenset(names)


def copied_in(columns: Iterable[ColumnContract], frame: pd.DataFrame) -> tuple[str, ...]:
    """The same for a typed batch: none where it came without one of them, be that missing or empty, as its rows may then be the
    same in the others and be no copies."""
    told = [column for column in columns if column.tells_copies]
    lost = (column.missing_share < OFTEN_MISSING and (column.name not in frame or bool(frame[column.name].isna().all()))
            for column in told)
    return () if any(lost) else copied_by(told)


def is_lost(column: ColumnContract, rows: int, missing: int) -> bool:
    """Whether so many missing values in so many rows say that the column did not arrive: chance empties none of these."""
    return missing == rows >= FEWEST_EMPTY and column.missing_share < OFTEN_MISSING


def for_model(contract: Contract, sources: Collection[str]) -> Contract:
    """The same contract for a model of these columns: only they are needed, whatever the search had to choose from."""
    return replace(contract, columns=tuple(replace(column, needed=column.name in sources) for column in contract.columns))


@dataclass(frozen=True, slots=True)
class Violation:
    """One way a batch breaks the contract. `refuse` means it must not be scored."""

    column: str
    kind: str
    severity: Literal["note", "warn", "refuse"]
    count: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far one column of a batch lies from training. `effect` is standardised; `drifted` needs both p and effect."""

    name: str
    test: str
    effect: float
    p: float
    drifted: bool
    importance: float
    sentence: str
    then: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric estimated without outcomes, or realised with them. `trusted` is False until outcomes agreed with it."""

    metric: str
    value: float
    low: float
    high: float
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What monitoring says of one batch. `learned` is the share of its rows that the model learned from (NaN: not known)."""

    status: Literal["ok", "watch", "act"]
    rows: int
    contract: tuple[Violation, ...]
    columns: tuple[ColumnDrift, ...]
    prediction_drift: ColumnDrift | None
    estimate: Estimate | None
    realised: Estimate | None
    sentence: str
    learned: float = float("nan")

    @property
    def reading(self) -> tuple[str, ...]:
        """What could not be read of the batch's file, in sentences."""
        return tuple(item.sentence for item in self.contract if item.kind == READING)


def with_reading(report: BatchReport, warnings: Collection[str]) -> BatchReport:
    """The same report with what was said when the batch's file was read."""
    notes = [Violation("", READING, "note", 0, sentence) for sentence in warnings]
    return replace(report, contract=(*report.contract, *notes))
