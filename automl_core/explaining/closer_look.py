"""The nouns of a closer look: curves with their bands, pairs of columns, and where the model fails."""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.explaining.explanation import Units


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One place of a curve: the effect there with its 95 % band, the rows around it, and what was observed and predicted in them.

    `thin` marks fewer than 1 % of the rows; `variance` is that of the outcomes in them, `common` what groups of them add to
    that of their mean. `value` is the number (days since 1970 for dates), NaN for levels and for the rows without a number or
    date, which are the last point.
    """

    label: str
    effect: float
    low: float
    high: float
    rows: int
    observed: float
    predicted: float
    value: float = float("nan")
    thin: bool = False
    variance: float = float("nan")
    common: float = 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """How the prediction goes with one column, other columns kept as they are; effects are centred on 0, those of numbers and
    dates where they are known.

    `kind` is "number", "date" or "category"; `method` "ale" (accumulated local effects), "pdp" (partial dependence) or "levels".
    `lines` are single rows' curves over the points (for "pdp"). `of_class` says that a class is explained; None in curves that
    were kept before this was told apart.
    """

    column: str
    kind: str
    method: str
    points: tuple[CurvePoint, ...]
    units: Units
    sentence: str
    lines: tuple[tuple[float, ...], ...] = ()
    of_class: bool | None = None

    @property
    def in_points(self) -> bool:
        """Whether effects are percentage points: those of a class."""
        return self.units == "points" if self.of_class is None else self.of_class


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two columns whose effects do not add up: `h2` is Friedman's squared H, `strength` the size of what is beyond adding up (in
    log-odds for classes, else target units).

    `grid` (first's places x second's) is that part in display units.
    """

    first: str
    second: str
    h2: float
    strength: float
    first_labels: tuple[str, ...]
    second_labels: tuple[str, ...]
    grid: tuple[tuple[float, ...], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Interactions:
    """The pairs that stand above the null (at most three), of `looked_at` pairs."""

    pairs: tuple[Interaction, ...]
    looked_at: int
    sentence: str


@dataclass(frozen=True, slots=True)
class SpotCondition:
    """One condition of a group of rows: some levels, or a range from `low` to below `high` (NaN: open), or `gone`, that there is
    no value; its `values` are then “missing”, as a level may be called as well (None: not noted, in older records). `numbers`
    says that the values are those of a column of numbers (False in older records)."""

    column: str
    values: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    gone: bool | None = None
    numbers: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether it holds for rows without a value."""
        return self.values == ("missing",) if self.gone is None else self.gone


@dataclass(frozen=True, slots=True)
class WeakSpot:
    """A group of rows that the model predicts worse than the rest; all figures are those of the half that confirmed it.

    `loss_inside` and `loss_outside` are mean losses, `gap` their difference with its 95 % interval; `p` is corrected for all that
    were tested. `predicted` and `observed` are means inside, in display units.
    """

    conditions: tuple[SpotCondition, ...]
    rows: int
    loss_inside: float
    loss_outside: float
    gap: float
    low: float
    high: float
    p: float
    predicted: float
    observed: float
    sentence: str


@dataclass(frozen=True, slots=True)
class WeakSpots:
    """Where the model fails: confirmed groups, of so many looked at and tested. `loss` names the loss."""

    spots: tuple[WeakSpot, ...]
    looked_at: int
    tested: int
    loss: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What takes longer than a search can wait for: curves with bands, pairs of columns, and weak spots, of one run's model."""

    curves: tuple[Curve, ...]
    interactions: Interactions
    weak_spots: WeakSpots
    seconds: float
