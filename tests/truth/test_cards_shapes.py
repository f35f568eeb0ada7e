"""Cards on tables unlike the market: numbers whose effect bends, levers given to whole shops, groups with few comparable rows,
levers that few have, and factors that are no straight line. A card's figures must hold for exactly the rows that `eligible`
marks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, eligible, find_actions, typed
from automl_core.acting.action import ActionCard, Actions
from automl_core.acting.checks import Checks, checked
from automl_core.acting.stage import Trial
from tests.truth.markets import sigmoid


@dataclass(frozen=True)
class Made:
    """A table, what to ask of it, and the true mean change of the outcome on the `rows` of a card."""

    frame: pd.DataFrame
    outcome: str
    good: str
    levers: tuple[Lever, ...]
    truth: Callable[[ActionCard, np.ndarray], float]
    roles: Roles = field(default_factory=Roles)
    value: float = 1.0
    idle: str = ""


def bent(seed: int, rows: int = 2500) -> Made:
    """`heat` is best at 206, `dose` helps less and less, `speed` does nothing; the outcome is skewed."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    heat, dose = 200 + 6 * a + rng.normal(0, 8, rows), np.exp(1 + 0.3 * b + rng.normal(0, 0.4, rows))
    speed = np.round(30 + 4 * a + 3 * b + rng.normal(0, 5, rows))

    def mean(heat: np.ndarray, dose: np.ndarray) -> np.ndarray:
        return np.asarray(50 - 0.06 * (heat - 206) ** 2 + 8 * np.log(dose) + 7 * a - 5 * b)

    y = mean(heat, dose) + rng.gamma(2, 5, rows)

    def truth(card: ActionCard, mask: np.ndarray) -> float:
        moved = (heat + card.step * (card.lever == "heat"), dose + card.step * (card.lever == "dose"))
        return float((mean(*moved) - mean(heat, dose))[mask].mean())

    frame = pd.DataFrame({"a": a, "b": b, "heat": heat, "dose": dose, "speed": speed, "output": y})
    return Made(frame, "output", "high", tuple(Lever(name, cost=0.2) for name in ("heat", "dose", "speed")), truth, idle="speed")


def shops(seed: int, rows: int = 3000, shops: int = 60, effect: float = -0.2) -> Made:
    """`layout` is decided for a whole shop and takes 20 points off; `sign` is decided for a whole shop, too, and does nothing."""
    rng = np.random.default_rng(seed)
    shop = rng.choice(shops, rows, p=rng.dirichlet(np.full(shops, 8.0)))
    lean, size = rng.normal(0, 0.06, shops), rng.normal(size=shops)
    new, big, x = rng.random(shops) < sigmoid(0.7 * size), rng.random(shops) < 0.5, rng.normal(size=rows)
    chance = np.clip(0.5 + lean[shop] + 0.06 * np.tanh(size[shop]) + 0.1 * np.tanh(x) + effect * new[shop], 0.01, 0.99)
    frame = pd.DataFrame({
        "shop": [f"shop {one}" for one in shop], "size": size[shop], "x": x, "layout": np.where(new[shop], "new", "old"),
        "sign": np.where(big[shop], "big", "small"), "bad": np.where(rng.random(rows) < chance, "yes", "no"),
    })
    levers = (Lever("layout", ("new",)), Lever("sign"))
    roles = Roles(group="shop")
    return Made(frame, "bad", "no", levers, lambda card, mask: effect * (card.lever == "layout"), roles, 10.0, "sign")


def apart(seed: int, rows: int = 3000) -> Made:
    """Few with a low `w` ever got the lever, and its effect grows with `w`; the outcome is money, skewed."""
    rng = np.random.default_rng(seed)
    w, c = rng.uniform(0, 10, rows), rng.normal(size=rows)
    has = rng.random(rows) < sigmoid(1.1 * (w - 5.5))
    base = np.exp(3 + 0.08 * w + 0.1 * c)
    lift = base * (np.exp(0.10 + 0.04 * w) - 1)
    y = (base + lift * has) * rng.gamma(4, 0.25, rows)
    frame = pd.DataFrame({"w": w, "c": c, "vip": np.where(has, "yes", "no"), "money": y})
    return Made(frame, "money", "high", (Lever("vip", ("yes",), cost=1.0),), lambda card, mask: float(lift[mask].mean()))


def waves(seed: int, rows: int = 2500) -> Made:
    """What steers lever and outcome is a wave and an interaction; the lever does nothing."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=(rows, 3)), rng.choice(list("stuv"), rows)
    wave = np.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1] * (kind == "s") + 0.4 * np.abs(x[:, 2])
    has = rng.random(rows) < sigmoid(1.1 * wave - 0.3)
    won = rng.random(rows) < sigmoid(1.1 * wave - 0.4)
    frame = pd.DataFrame(x, columns=list("abc")).assign(kind=kind, push=np.where(has, "yes", "no"), won=won)
    return Made(frame, "won", "True", (Lever("push", ("yes",)),), lambda card, mask: 0.0, idle="push")


def seldom(seed: int, rows: int = 5000) -> Made:
    """One in twenty is `vip`, which helps those who come often."""
    rng = np.random.default_rng(seed)
    x, visits, region = rng.normal(size=rows), rng.poisson(4, rows), rng.choice(["north", "south", "west"], rows)
    has, effect = rng.random(rows) < sigmoid(-3.1 + 0.5 * x), np.where(visits > 3, -0.2, -0.05)
    bad = rng.random(rows) < np.clip(0.45 - 0.08 * np.tanh(x) + effect * has, 0.01, 0.99)
    frame = pd.DataFrame({"x": x, "visits": visits, "region": region, "vip": np.where(has, "yes", "no"), "bad": bad})
    return Made(frame, "bad", "False", (Lever("vip", ("yes",), cost=5.0),), lambda card, mask: float(effect[mask].mean()),
                value=100.0)


def gappy(seed: int, rows: int = 4000) -> Made:
    """One in five did not tell their income, which decides who has `alert` and `app`, and so does that they did not; `app` does
    nothing."""
    rng = np.random.default_rng(seed)
    income, age = rng.normal(size=rows), rng.normal(45, 13, rows).round()
    gone = rng.random(rows) < sigmoid(-1.6 + 0.8 * income)
    alert = rng.random(rows) < sigmoid(-0.2 + np.where(gone, 1.2, 0.9 * income))
    app = rng.random(rows) < sigmoid(np.where(gone, -1.0, 0.8 * income))
    effect = np.where(age > 50, -0.2, -0.02)
    left = rng.random(rows) < np.clip(0.45 - np.where(gone, 0.15, 0.1 * np.tanh(income)) + effect * alert, 0.01, 0.99)
    frame = pd.DataFrame({
        "income": np.where(gone, np.nan, income), "age": age, "visits": rng.poisson(4, rows),
        "region": rng.choice(["north", "south", "west"], rows), "alert": np.where(alert, "Yes", "No"),
        "app": np.where(app, "yes", "no"), "left": np.where(left, "yes", "no"),
    })
    frame.loc[rng.random(rows) < 0.05, ["alert", "app"]] = None
    levers = (Lever("alert", ("Yes",), cost=4.0), Lever("app"))
    return Made(frame, "left", "no", levers, lambda card, mask: float(effect[mask].mean()), value=100.0, idle="app")


@dataclass
class Tally:
    cards: int = 0
    covered: int = 0
    idle: int = 0
    without: int = 0


@lru_cache(2)
def looked(design: Callable[[int], Made], seed: int) -> tuple[Made, Actions, list[tuple[str, float]]]:
    """A table, what is found on it, and which levers (with their steps) were tried to be broken."""
    asked: list[tuple[str, float]] = []

    def counting(trial: Trial, levers: tuple[str, ...], **given: Any) -> Checks:
        asked.append((trial.move.lever.column, trial.move.step))
        return checked(trial, levers, **given)

    made = design(seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys.modules["automl_core.acting.cards"], "checked", counting)
        found = find_actions(made.frame, made.outcome, made.good, made.levers, made.roles, Options(value=made.value, seed=seed))
    return made, found, asked


def run(design: Callable[[int], Made], seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        made, found, _ = looked(design, seed)
        frame = typed(made.frame).frame
        tally.idle += any(card.lever == made.idle for card in found.cards)
        tally.without += not any(card.lever != made.idle for card in found.cards)
        for card in found.cards:
            mask = eligible(card, frame)
            assert card.rows == mask.sum()
            if card.lever != made.idle:
                tally.cards += 1
                tally.covered += card.low <= made.truth(card, mask) <= card.high
    return tally


@pytest.mark.parametrize("design", [shops, apart, bent])  # what is found in the last one is asked about below
def test_figures_hold_for_the_rows_that_are_listed(design: Callable[[int], Made]) -> None:
    tally = run(design, range(8100, 8102))
    assert tally.cards >= 1
    assert tally.covered >= tally.cards - 1
    assert tally.idle <= 1


def test_numbers_are_tried_to_be_broken_and_only_what_is_shown() -> None:
    """What steers each number is named. Half a step up is a card of nearly the same rows as a whole one: nobody breaks it."""
    _, found, asked = looked(bent, 8100)
    assert {card.lever: card.benchmark for card in found.cards} == {"heat": "a", "dose": "b"}
    assert not [reason for card in found.cards for reason in card.reasons if "could be left out" in reason]
    assert len(asked) == len(set(asked)) == len(found.cards)


def test_what_one_row_in_twenty_has_is_not_strange() -> None:
    """Its rows are far from the others only because they are few: most of them are real, and like many that could join them."""
    made = seldom(8100)
    found = find_actions(made.frame, made.outcome, made.good, made.levers, made.roles, Options(value=made.value))
    assert found.cards
    assert all(card.support >= 0.7 for card in found.cards)


def test_too_few_shops_are_refused() -> None:
    made = shops(5, rows=1500, shops=7)
    found = find_actions(made.frame, made.outcome, made.good, made.levers, made.roles, Options(value=10.0))
    assert not found.cards
    told = (*found.notes, *(reason for card in found.patterns for reason in card.reasons))
    assert any("cannot be told from the groups" in one for one in told), told


@pytest.mark.slow
@pytest.mark.parametrize(("design", "least"), [(bent, 150), (shops, 50), (apart, 50), (seldom, 50), (gappy, 50)])
def test_figures_hold_for_the_rows_that_are_listed_full(design: Callable[[int], Made], least: int) -> None:
    # of intervals that cover 93 % forty tables show fewer than 90 % one time in six; a hundred, one time in ten
    tally = run(design, range(8200, 8300))
    assert tally.cards >= least
    assert tally.covered >= 0.9 * tally.cards
    assert tally.idle <= 0.05 * 100 + 1


@pytest.mark.slow
def test_waves_full() -> None:
    assert run(waves, range(8300, 8340)).idle <= 0.05 * 40 + 1
