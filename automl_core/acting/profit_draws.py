"""Rows in the order of what is at stake, their money when they are acted on, and what bootstrap samples of them bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Money

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
DRAWS = 500


@dataclass(frozen=True, eq=False, slots=True)
class Ranked:
    """Rows (n,) with the `probability` that models which had not seen them gave (or another score that ranks them), their outcome
    `y` of 0 and 1, the `mass` that each stands for, and codes of those that go `together` (None: each stands alone). `worth` (n,)
    is what each saves when it is acted on and `y` is 1, in place of the matrix's one amount (None: that)."""

    probability: Floats
    y: Floats
    mass: Floats
    together: Codes | None
    worth: Floats | None = None

    def only(self, rows: NDArray[np.generic]) -> Ranked:
        """Those of a mask or of places."""
        return Ranked(self.probability[rows], self.y[rows], self.mass[rows],
                      None if self.together is None else self.together[rows], None if self.worth is None else self.worth[rows])

    def money(self, money: Money) -> tuple[Floats, Floats]:
        """Each row's money when it is acted on, and when it is not, times what it stands for."""
        acted, left = _worth(self.y, money, self.mass)
        if self.worth is None:
            return acted, left
        return self.mass * (self.worth * self.y + money.false_positive), left

    @property
    def order(self) -> NDArray[np.int64]:
        """Places from the highest probability to the lowest, those of one probability as chance has them (see `by_lot`)."""
        return np.lexsort((by_lot(len(self.y)), -self.probability))


def by_lot(rows: int) -> Floats:
    """(n,) what decides between rows that nothing else tells apart, the same each time. Their order in the file must not: it may
    be that of their outcomes, and the first of them would bring what no ranking can."""
    return np.random.default_rng(0).random(rows)


def _worth(y: Floats, money: Money, mass: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """Each row's money when it is acted on, and when it is not, times what it stands for."""
    acted = np.where(y == 1, money.true_positive, money.false_positive)
    left = np.where(y == 1, money.false_negative, money.true_negative)
    return mass * acted, mass * left


def drawn_profits(ranked: Ranked, cuts: Floats, money: Money, random: np.random.Generator) -> Floats:
    """(draws, cuts) profits of bootstrap samples, brought to what there is: how much that is, is known. `cuts` fall. What rows
    drawn one by one from a cell weigh together is as good as normal, given how many they are."""
    cell = np.searchsorted(-cuts, -ranked.probability, side="left")  # first cut that acts on the row; len(cuts) when none does
    size, mass = len(cuts) + 1, ranked.mass
    cells = 2 * cell + ranked.y.astype(np.int64)
    if ranked.worth is not None:
        return _drawn_worths(ranked, cell, money, random)[:, : len(cuts)]
    if ranked.together is None:
        counts = np.bincount(cells, minlength=2 * size)
        drawn = random.multinomial(len(cells), counts / counts.sum(), size=DRAWS).astype(np.float64)
        if np.ptp(mass) or mass[0] != 1:
            mean, square = (np.bincount(cells, one, 2 * size) / np.maximum(counts, 1) for one in (mass, mass**2))
            spread = np.sqrt(np.maximum(square - mean**2, 0.0))
            drawn = drawn * mean + np.sqrt(drawn) * spread * random.normal(size=drawn.shape)
    else:
        drawn = _drawn_together(cells, ranked.together, mass, 2 * size, random)
    drawn *= mass.sum() / drawn.sum(axis=1, keepdims=True)
    drawn = drawn.reshape(DRAWS, size, 2)
    acted, left = _worth(np.array([0.0, 1.0]), money)
    gained = (drawn @ (acted - left)).cumsum(axis=1)[:, : len(cuts)]
    profits: Floats = (drawn @ left).sum(axis=1, keepdims=True) + gained
    return profits


def _drawn_worths(ranked: Ranked, cell: Codes, money: Money, random: np.random.Generator) -> Floats:
    """(draws, cuts) the same where rows have a worth of their own, which no count of a cell tells: sums of the rows drawn."""
    acted, left = ranked.money(money)
    size, groups = int(cell.max(initial=0)) + 2, np.arange(len(cell)) if ranked.together is None else ranked.together
    profits, many = np.empty((DRAWS, size)), int(groups.max()) + 1
    for draw in range(DRAWS):
        times = np.bincount(random.integers(many, size=many), minlength=many)[groups]
        even = ranked.mass.sum() / max(float((times * ranked.mass).sum()), 1e-300)
        profits[draw] = even * (np.bincount(cell, times * (acted - left), size).cumsum() + (times * left).sum())
    return profits


def _drawn_together(
    cells: NDArray[np.int64], together: Codes, mass: Floats, size: int, random: np.random.Generator
) -> Floats:
    """(draws, size) how much of each cell whole groups bring that are drawn with return."""
    groups = int(together.max()) + 1
    drawn = np.empty((DRAWS, size))
    for draw in range(DRAWS):
        times = np.bincount(random.integers(groups, size=groups), minlength=groups)
        drawn[draw] = np.bincount(cells, times[together] * mass, minlength=size)
    return drawn
