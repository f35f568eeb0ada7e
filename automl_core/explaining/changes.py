"""The nouns of what-if: one row or the whole table with other values, in the user's own columns, in points or target units."""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.explaining.explanation import RowExplanation, Units
from automl_core.explaining.words import interval, money, number, points, signed, told_apart


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One row with some values changed: the prediction before and after, both explained; `unusual` names unseen values."""

    before: RowExplanation
    after: RowExplanation
    changed: tuple[str, ...]
    unusual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change of one or two columns that turns the decision: `changes` are (column, now, then), `cost` is its size.
    Where levers have costs it is the cheapest one, for `money` (NaN: not known). Not `known`: no row like it has such a value."""

    changes: tuple[tuple[str, str, str], ...]
    before: float
    after: float
    cost: float
    tried: int
    sentence: str
    money: float = float("nan")
    known: bool = True


def cheapest_words(found: Flip, currency: str) -> str:
    """Says among which changes a flip is the cheapest: values that no similar row has are tried only where no other one turns the
    decision."""
    which = "Of changes to values that similar rows have" if found.known else "Of all changes tried"
    return f"{which}, it is the cheapest that turns it: {money(found.money, currency)}."


@dataclass(frozen=True, slots=True)
class TableChange:
    """One change of a column in every row: "percent" (of those above zero) and "add" for numbers, "set" a value (a level, or a
    number as text)."""

    column: str
    how: str
    amount: float = 0.0
    value: str = ""


@dataclass(frozen=True, slots=True)
class TableWhatIf:
    """The whole table with a change: what the model would say. Means and quantiles are in display units.

    `flips_up` and `flips_down` count rows whose decision turns, of `rows` asked: with several classes to the one that is told of,
    and to any other. `outside` are rows whose new value lies beyond what was seen. `before` and `after` are histograms over
    `edges`; `low` and `high` bound the mean change (95 %) as rows come and go: those that are asked and, where the range is
    `of_model`, those that it learned from, too. `in_points` says that a class is predicted.
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
    of_model: bool = False

    @property
    def range_words(self) -> str:
        """What the range covers."""
        if self.of_model:
            return ("by chance of the rows asked and of those that the model learned from: that a model of this kind may be "
                    "wrong altogether is not in it")
        return "by chance of rows alone: how far the model is right is not in it"

    @property
    def means(self) -> tuple[str, str, str]:
        """The mean before, the mean after and the change, in words whose digits agree: 27.82 %, 27.41 %, −0.41 points."""
        move = self.mean_after - self.mean_before
        if not self.in_points:
            return *told_apart(self.mean_before, self.mean_after, number), signed(move, number)
        told = signed(move / 100, points)
        places = len(told.removesuffix(" points").partition(".")[2])
        first = round(self.mean_before, places)
        second = round(first + round(move, places), places)  # of three rounded figures the last one gives way
        if "under" in told or told[:1] not in "+−" or not (0 < first < 100 and 0 < second < 100):
            return *told_apart(self.mean_before / 100, self.mean_after / 100), told
        return f"{first:.{places}f} %", f"{second:.{places}f} %", told

    @property
    def move_range(self) -> str:
        """The 95 % range of the mean change: −0.52 to −0.30 points; unknown where its rows are worth fewer than two groups."""
        if not self.in_points:
            return interval(*told_apart(
                self.low, self.high, lambda end, more=0: signed(end, lambda size: number(size, 3 + more))))
        return interval(*told_apart(
            self.low / 100, self.high / 100, lambda end, more=0: signed(end, lambda size: points(size, more))))
