"""The nouns of lists: a row to act on, and all of them under a capacity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One row to act on, in order of expected worth. `row` is its position among the rows that were ranked, `id` its own id when
    it has one, else its row of the cleaned table, counted from 0. In sums it counts as `counts` rows such as it."""

    rank: int
    row: int
    id: str
    prediction: float
    expected_value: float
    reasons: tuple[str, ...] = ()
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class ActionList:
    """The rows to act on under a capacity. Money is NaN when no money was given.

    `expected_outcomes` is the sum of the chosen rows' risk and `mean_risk` the mean risk of all it could take: for classes, the
    risk of a row is the probability that it does not end as the goal's good class. `limited_by` names the limit of the goal that
    keeps some rows out ("the limit of 300 rows"); it is empty when none does. `takes_everyone` says that the list has all rows:
    there is nothing to compare it with. `ranked` rows were looked at; `in_pilots` others were not, as running pilots have them.
    `unknown` of the listed rows have no outcome yet: they come first. Where the list is of such rows alone, all that it is
    compared with is of the `open` rows without an outcome, too (0: of all that were ranked).
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
    limited_by: str = ""
    takes_everyone: bool = False
    ranked: int = 0
    unknown: int = 0
    in_pilots: int = 0
    open: int = 0

    @property
    def mixed(self) -> bool:
        """Whether rows of known outcomes follow those without one: the list as a whole is not in order of risk."""
        return self.unknown > self.open
