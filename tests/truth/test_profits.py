"""The money of a decision where rows have weights: ranges are as wide as figures vary from table to table."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.acting.profit import ProfitCurve, profit_curve
from automl_core.framing.problem import Money

ROWS = 1000


def table(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and weights: drawn 1 or 10 whatever the outcome, or 10 for those that ended well, of whom a tenth was kept."""
    rng = np.random.default_rng(seed)
    if kind == "by chance":
        return (rng.random(ROWS) < 0.8).astype(float), np.where(rng.random(ROWS) < 0.5, 1.0, 10.0)
    y = (rng.random(ROWS) < 0.3 / (0.3 + 0.07)).astype(float)
    return y, np.where(y == 1, 1.0, 10.0)


MONEY = {"by chance": Money(true_positive=80.0, false_positive=-20.0), "thinned": Money(true_positive=80.0, false_positive=-10.0)}
WHOLE = {"by chance": 60.0, "thinned": 17.0}  # money of a row of the whole table, when all are acted on


def curve(seed: int, kind: str, together: np.ndarray | None = None) -> ProfitCurve:
    """That of a model that says the same of all rows, which are all acted on or none."""
    y, weights = table(seed, kind)
    return profit_curve(np.full(ROWS, 0.5), y, MONEY[kind], seed, together, weights)


@pytest.mark.parametrize("kind", ["by chance", "thinned"])
def test_ranges_of_weighted_rows_are_as_wide_as_their_money_varies(kind: str) -> None:
    """The draws varied in what they weigh, too, which is known: ranges were 40 % too wide where weights fall by chance, and 45 %
    too narrow where they go by the outcome."""
    money = []
    for seed in range(4000):
        y, weights = table(10_000 + seed, kind)
        money.append(np.average(np.where(y == 1, MONEY[kind].true_positive, MONEY[kind].false_positive), weights=weights))
    assert np.mean(money) == pytest.approx(WHOLE[kind], abs=0.5)
    varies = 2 * 1.96 * np.std(money)
    found = [(curve(seed, kind), table(seed, kind)[1].sum()) for seed in range(6)]
    assert np.mean([(one.points[-1].high - one.points[-1].low) / mass for one, mass in found]) == pytest.approx(varies, rel=0.1)
    assert np.mean([(one.honest_high - one.honest_low) / mass for one, mass in found]) == pytest.approx(varies, rel=0.1)


@pytest.mark.parametrize("kind", ["by chance", "thinned"])
def test_rows_that_stand_alone_are_groups_of_one(kind: str) -> None:
    alone, grouped = curve(0, kind).points[-1], curve(0, kind, np.arange(ROWS)).points[-1]
    assert alone.high - alone.low == pytest.approx(grouped.high - grouped.low, rel=0.15)


def test_weighted_ranges_hold_the_truth() -> None:
    """95 % of 200; fewer than 182 have a chance of 1 %. Those of thinned tables held it in 142."""
    held = 0
    for seed in range(200):
        one, mass = curve(seed, "thinned"), table(seed, "thinned")[1].sum()
        held += one.honest_low <= WHOLE["thinned"] * mass <= one.honest_high
    assert held >= 182
