"""The nouns of what-if: one row or the whole table with other values, in the user's own columns, in points or target units."""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.explaining.explanation import RowExplanation, Units


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One row with some values changed: the prediction before and after, both explained; `unusual` names unseen values."""

    before: RowExplanation
    after: RowExplanation
    changed: tuple[str, ...]
    unusual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change of one or two columns that turns the decision: `changes` are (column, now, then)."""

    changes: tuple[tuple[str, str, str], ...]
    before: float
    after: float
    cost: float
    tried: int
    sentence: str


@dataclass(frozen=True, slots=True)
class TableChange:
    """One change of a column in every row: "percent" and "add" for numbers, "set" a value (a level, or a number as text)."""

    column: str
    how: str
    amount: float = 0.0
    value: str = ""


@dataclass(frozen=True, slots=True)
class TableWhatIf:
    """The whole table with a change: what the model would say. Means and quantiles are in display units.

    `flips_up` and `flips_down` count rows whose decision turns, of `rows` asked: with several classes to the one that is told of,
    and to any other. `outside` are rows whose new value lies beyond what was seen. `before` and `after` are histograms over
    `edges`; NaN `low`/`high` bound the mean change (95 %). `in_points` says that a class is predicted.
    """

    rows: int
    changed: int
    mean_before: float
    mean_after: float
    low: float
    high: float
    flips_up: int
    flips_down: int
    outside: int
    edges: tuple[float, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    units: Units
    sentence: str
    warning: str
    in_points: bool = True
