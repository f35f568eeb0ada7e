"""A factor that nobody wrote down: no estimate can see it, so no card may claim more than grade C (T3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, find_actions
from tests.truth.markets import market, sigmoid

Design = Callable[[int], tuple[pd.DataFrame, tuple[Lever, ...]]]


def two_levers(seed: int) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """The market, with a factor behind both levers that is as strong as the known ones."""
    return market(seed, hidden=1.0).frame, (Lever("offer", ("yes",), cost=5.0), Lever("paper", cost=5.0))


def one_lever(seed: int) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """The same, but only one lever is named: nothing gives the factor away."""
    return two_levers(seed)[0].drop(columns="paper"), (Lever("offer", ("yes",), cost=5.0),)


def strong_effect(seed: int, effect: float = -0.28) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """A strong real effect, known factors, and a hidden one as strong as those."""
    rng = np.random.default_rng(seed)
    rows = 5000
    x, u = rng.normal(size=(rows, 4)), rng.normal(size=rows)
    new = rng.random(rows) < sigmoid(0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.8 * u)
    base = 0.5 - 0.12 * np.tanh(x[:, 0]) + 0.08 * np.tanh(x[:, 1]) - 0.12 * np.tanh(u)
    y = rng.random(rows) < np.clip(base + effect * new, 0.02, 0.98)
    frame = pd.DataFrame(x, columns=list("abcd")).assign(lever=np.where(new, "new", "old"), y=np.where(y, "Yes", "No"))
    return frame, (Lever("lever", ("new",), cost=5.0),)


def no_effect(seed: int) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """A lever that does nothing and seems to, because of the hidden factor."""
    return strong_effect(seed, 0.0)


def hardly_known(seed: int) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """What is known decides who got it a third as much as what is not: less than a correlation of 0.1 tells half of the time."""
    rng = np.random.default_rng((17, seed))
    rows = 5000
    x, u = rng.normal(size=(rows, 4)), rng.normal(size=rows)
    new = rng.random(rows) < sigmoid(0.25 * x[:, 0] + 0.7 * u)
    y = rng.random(rows) < np.clip(0.5 - 0.05 * x[:, 0] - 0.1 * np.tanh(u) - 0.1 * new, 0.01, 0.99)
    frame = pd.DataFrame(x, columns=list("abcd")).assign(lever=np.where(new, "new", "old"), y=np.where(y, "Yes", "No"))
    return frame, (Lever("lever", ("new",), cost=1.0),)


def a_number(seed: int) -> tuple[pd.DataFrame, tuple[Lever, ...]]:
    """A number that does nothing and seems to, because of a hidden factor as strong as the known ones."""
    rng = np.random.default_rng((23, seed))
    rows = 4000
    x, u = rng.normal(size=(rows, 4)), rng.normal(size=rows)
    price = 20 + 2 * (0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.8 * u + rng.normal(size=rows))
    y = rng.random(rows) < 0.5 - 0.12 * np.tanh(x[:, 0]) + 0.08 * np.tanh(x[:, 1]) - 0.12 * np.tanh(u)
    return pd.DataFrame(x, columns=list("abcd")).assign(price=price, y=np.where(y, "Yes", "No")), (Lever("price", cost=1.0),)


DESIGNS: tuple[Design, ...] = (two_levers, one_lever, strong_effect, no_effect, a_number)


def above_c(design: Design, seeds: range) -> float:
    """The share of runs with a card above grade C."""
    hits = 0
    for seed in seeds:
        frame, levers = design(seed)
        target = "churn" if "churn" in frame else "y"
        hits += any(card.grade in "AB" for card in find_actions(frame, target, "No", levers, options=Options(value=100.0)).cards)
    return hits / len(seeds)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.__name__)
def test_never_above_c(design: Design) -> None:
    assert above_c(design, range(2)) == 0


def test_cards_of_a_number_that_a_hidden_factor_fakes_tell_how_little_would_cancel_them() -> None:
    frame, levers = a_number(1)
    cards = find_actions(frame, "y", "No", levers, options=Options(value=100.0)).cards
    assert cards
    for card in cards:
        assert card.benchmark == "a"
        assert card.benchmark_strength > 0.03
        assert "A hidden factor only as strong as “a” would be enough to cancel it." in card.reasons
        assert "only as strong as “a”" in card.overturn


@pytest.mark.slow
@pytest.mark.parametrize("design", [*DESIGNS, hardly_known], ids=lambda one: one.__name__)
def test_never_above_c_full(design: Design) -> None:
    assert above_c(design, range(100)) <= 0.05
