"""The nouns of what a model uses, and of one row: in the user's own columns, in probability points or target units."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

Units = str  # "points" (probability x 100) for classes, the target's name for numbers
LEAST_DOUBT = 0.01  # a smaller part of what was sampled is not worth a sentence
LEAST_NAMED, MOST_NAMED = 0.01, 3  # share of a column that the first sentence names, and how many it names
EARLIER_DOUBT = re.compile(r" The parts of a row are estimates: about [\d.]+ % of their size may be off\.")


@dataclass(frozen=True, slots=True)
class Importance:
    """How much the model uses one source column.

    `share` is mean |SHAP| over all columns' (sums to 1); `mean_abs` the same in display units; `drop` the loss of score when
    the column is shuffled on out-of-sample rows, with its 95 % interval (NaN when not measured). Ranks are the 5-95 % range over
    bootstrap samples of the rows and, where they were made, over models fitted again on halves of the rows.
    `direction` is a word for numbers: "higher raises", "higher lowers", "mixed", or "" for other columns. `evidence` False says
    that shuffled columns are used as much, or that the score does not fall without it; `replaceable` that a model without the
    column is as good.
    """

    column: str
    share: float
    mean_abs: float
    rank_low: int
    rank_high: int
    stable: bool
    direction: str = ""
    drop: float = float("nan")
    drop_low: float = float("nan")
    drop_high: float = float("nan")
    evidence: bool = True
    replaceable: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The column, as a group has its own."""
        return (self.column,)


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Columns that say much the same (they go together at 0.7 or more), counted as one: the parts of a row are added up first,
    and their values are shuffled together. `evidence` as of a column, True for what was kept before groups were judged."""

    columns: tuple[str, ...]
    share: float
    mean_abs: float
    drop: float = float("nan")
    drop_low: float = float("nan")
    drop_high: float = float("nan")
    evidence: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns, the strongest first."""
        return self.columns


@dataclass(frozen=True, slots=True)
class ShapePoint:
    """One bin or level of one column: its rows, the observed mean outcome, and how far the outcomes of these
    differ from each other (standard deviation; NaN: not known). `level` says whether it is a value of the column, which may
    be called “missing” or “others”, or stands for those without one, or with a rare one (None: kept by an earlier version)."""

    label: str
    rows: int
    observed: float
    value: float = float("nan")
    spread: float = float("nan")
    level: bool | None = None

    @property
    def known(self) -> bool:
        """Whether it is a bin or level of the column, and not the rest or what has no value."""
        return self.label not in ("others", "missing") if self.level is None else self.level

    @property
    def gone(self) -> bool:
        """Whether its rows have no value."""
        return self.label == "missing" and not self.known


@dataclass(frozen=True, slots=True)
class Shape:
    """How outcomes go with the value of one column. `kind` is "number" or "category"."""

    column: str
    kind: str
    points: tuple[ShapePoint, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole model explained on a sample of `rows`. `base` is the mean prediction in display units.

    `doubt` is the part of a row's contributions that sampling is likely to have got wrong, the mean over rows: 0 means exact.
    """

    importance: tuple[Importance, ...]
    shapes: tuple[Shape, ...]
    base: float
    units: Units
    rows: int
    label: str
    sentence: str
    groups: tuple[ColumnGroup, ...] = ()
    floor: float = 0.0
    metric: str = ""
    refits: int = 0
    measured: str = ""
    doubt: float = 0.0

    @property
    def drivers(self) -> tuple[Importance | ColumnGroup, ...]:
        """The lines that may be named as what the answers hang on, the largest first: used, and not without evidence by a closer
        look."""
        return tuple(item for item in self.lines if item.share > 0 and item.evidence)

    @property
    def lines(self) -> tuple[Importance | ColumnGroup, ...]:
        """Columns and groups of columns as they are read, the largest first: a column of a group stands in its group alone."""
        inside = {name for group in self.groups for name in group.columns}
        every: list[Importance | ColumnGroup] = [*(item for item in self.importance if item.column not in inside), *self.groups]
        return tuple(sorted(every, key=lambda item: -item.mean_abs))

    @property
    def in_points(self) -> bool:
        """Whether amounts are percentage points: those of a class. The units cannot say, for a number may be called “points”."""
        return bool(self.label)

    @property
    def doubt_sentence(self) -> str:
        """What sampling left open in single rows; empty where it is not worth telling."""
        estimate = f"In a single row the parts are estimates, off by about {100 * self.doubt:.0f} % of all their sizes together"
        return f"{estimate}; the mean over the rows is surer." if self.doubt >= LEAST_DOUBT else ""


def said_once(explanation: Explanation) -> Explanation:
    """The same without what earlier versions wrote of sampling into its sentence: `doubt_sentence` says it."""
    sentence = EARLIER_DOUBT.sub("", explanation.sentence)
    return explanation if sentence == explanation.sentence else replace(explanation, sentence=sentence)


@dataclass(frozen=True, slots=True)
class Sureness:
    """How past rows with about this prediction turned out: `rows` of them, predicted from `near_low` to `near_high`.

    For classes `rate` is the share that was so (in points), with its 95 % interval; for numbers `low` and `high` hold nine of
    ten outcomes and `rate` is the mean of the like rows. `rows` is 0 where a bundle alone is asked about a number: it knows
    how far off such predictions are, and no past rows.
    """

    rows: int
    near_low: float
    near_high: float
    rate: float
    low: float
    high: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past row like this one: its place in the cleaned table, how alike it is (0 to 1), its prediction and its outcome."""

    position: int
    likeness: float
    prediction: float
    outcome: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowContext:
    """What stands around one prediction: how sure it is, the nearest past cases over `columns`, what is unusual in the row."""

    sureness: Sureness | None
    columns: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One column's part in one prediction, in display units, with the value it had."""

    column: str
    value: str
    amount: float


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """Why one row got its prediction: `base` plus all amounts is `prediction`, in display units.

    `base` is what the model says where nothing is known of a row: the mean prediction of the rows it is compared with, or, where
    trees or sums of terms tell their own parts, their expected number, of classes expected log-odds made a probability.
    `doubt` is the part of the amounts (their sizes added up) that sampling is likely to have got wrong: 0 means exact.
    """

    prediction: float
    base: float
    contributions: tuple[Contribution, ...]
    units: Units
    label: str
    sentence: str
    doubt: float = 0.0

    @property
    def in_points(self) -> bool:
        """Whether amounts are percentage points: those of a class."""
        return bool(self.label)

    @property
    def doubt_sentence(self) -> str:
        """What sampling left open; empty where it is not worth telling."""
        size = f"the parts are off by about {100 * self.doubt:.0f} % of all their sizes together, small ones by more of their own"
        return f"How the prediction is divided among the columns is an estimate: {size}." if self.doubt >= LEAST_DOUBT else ""
