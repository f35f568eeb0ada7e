"""The nouns of the explaining step. Everything is in the user's own columns, and in probability points or target units."""

from __future__ import annotations

from dataclasses import dataclass

Units = str  # "points" (probability x 100) for classes, the target's name for numbers


@dataclass(frozen=True, slots=True)
class Importance:
    """How much the model uses one source column.

    `share` is mean |SHAP| over all columns' (sums to 1); `mean_abs` the same in display units; `drop` the loss of score when
    the column is shuffled on out-of-sample rows (NaN when not measured). Ranks are the 5-95 % range over bootstrap samples.
    `direction` is a word for numbers: "higher raises", "higher lowers", "mixed", or "" for other columns.
    """

    column: str
    share: float
    mean_abs: float
    rank_low: int
    rank_high: int
    stable: bool
    direction: str = ""
    drop: float = float("nan")


@dataclass(frozen=True, slots=True)
class ShapePoint:
    """One bin or level of one column: its mean contribution, the observed mean outcome and its rows."""

    label: str
    rows: int
    contribution: float
    observed: float
    value: float = float("nan")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the contribution of one column goes with its value. `kind` is "number" or "category"."""

    column: str
    kind: str
    points: tuple[ShapePoint, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole model explained on a sample of `rows`. `base` is the mean prediction in display units."""

    importance: tuple[Importance, ...]
    shapes: tuple[Shape, ...]
    base: float
    units: Units
    rows: int
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """One column's part in one prediction, in display units, with the value it had."""

    column: str
    value: str
    amount: float


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """Why one row got its prediction: `base` plus all amounts is `prediction`, in display units."""

    prediction: float
    base: float
    contributions: tuple[Contribution, ...]
    units: Units
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One row with some values changed: the prediction before and after, both explained; `unusual` names unseen values."""

    before: RowExplanation
    after: RowExplanation
    changed: tuple[str, ...]
    unusual: tuple[str, ...] = ()
