"""What a card promises, of estimates that are only shown when they pass: near the truth in the mean, where what was measured is
not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, eligible, find_actions
from automl_core.acting.luck import likely
from automl_core.framing.shares import Z

TABLES = 40


@pytest.mark.parametrize("bound", [1.96, 2.5, 4.0])
def test_the_promise_is_near_the_truth_where_half_or_more_are_shown(bound: float) -> None:
    """And nearer than what was measured where fewer are."""
    generator = np.random.default_rng(17)
    for truth in (bound - 0.5, bound, bound + 1, bound + 2, bound + 4):
        drawn = truth + generator.normal(size=6000)
        shown = drawn[drawn > bound]
        promised = np.array([likely(value, 1.0, value - bound, 0.0, max(value - Z, 0.0)) for value in shown]).mean() / truth
        if truth >= bound:
            assert 0.93 < promised < 1.15
        else:
            assert abs(promised - 1) < 0.6 * (shown.mean() / truth - 1)
    assert shown.mean() / truth < 1.01  # what is always shown is measured right, and stays so
    assert promised > 0.985


@pytest.mark.slow
def test_weak_effects_by_lot_bring_what_grade_b_promises() -> None:
    """A change that chance handed out, whose effect is three or four errors: money with many zeros and a heavy tail, and shares
    whose gain is not much more than its cost."""
    sums: dict[str, list[tuple[float, float]]] = {"money": [], "share": []}
    for seed in range(TABLES):
        for kind, found in sums.items():
            found += _kept(kind, seed)
    for kind, found in sums.items():
        promised, came = np.array(found).sum(axis=0)
        print(f"{kind}: {promised / came:.2f} of {len(found)} cards of grade B")
        assert len(found) >= 8
        assert 0.8 <= promised / came <= 1.2


def _kept(kind: str, seed: int) -> list[tuple[float, float]]:
    """Promised and true net money of the cards of grade B of one table."""
    generator = np.random.default_rng((seed, 91))
    rows, cost = 6000, 1.0
    x = generator.normal(size=(rows, 3))
    had = generator.random(rows) < 0.5
    frame = pd.DataFrame(x.round(3), columns=list("abc")).assign(offer=np.where(had, "yes", "no"))
    if kind == "money":
        buys, size, value, good = 0.35 + 0.08 * np.tanh(x[:, 0]), np.exp(3 + 0.3 * x[:, 0] + 0.32), 1.0, "high"
        gain = 0.12 * size
        spent = np.exp(3 + 0.3 * x[:, 0] + 0.8 * generator.normal(size=rows))
        frame["y"] = np.where(generator.random(rows) < buys + 0.12 * had, spent, 0.0).round(2)
    else:
        gain, value, good = np.full(rows, 0.05), 50.0, "yes"
        frame["y"] = np.where(generator.random(rows) < 0.4 + 0.1 * np.tanh(x[:, 0]) + gain * had, "yes", "no")
    cards = find_actions(frame, "y", good, [Lever("offer", ("yes",), cost=cost)], options=Options(value=value)).cards
    kept = [card for card in cards if card.grade == "B"]
    return [(card.net_value, float((value * gain - cost)[np.asarray(eligible(card, frame), dtype=bool)].sum())) for card in kept]
