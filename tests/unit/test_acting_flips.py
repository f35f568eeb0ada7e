"""Whether groups could be chance, by searches on turned signs: what is kept together, when it stops, and what two tests make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automl_core.acting import flips, move_groups
from automl_core.acting.crossing import PARTS, rules_of_all
from automl_core.acting.flips import FLIPS, Turned, both, chances
from automl_core.acting.policy import Objective
from automl_core.acting.scores import Scores
from automl_core.acting.splits import Splits, make_splits
from automl_core.acting.stage import Stage
from automl_core.data.table import Column
from tests.unit.test_acting_crossing import COLUMNS, groups_of, table

ROWS = 1200


def made(seed: int, effect: float) -> tuple[Splits, Objective, Turned, np.ndarray]:
    """Gains that are `effect` from 42 years on, and nothing elsewhere."""
    frame, generator = table(seed, ROWS)
    old = (frame["age"] >= 42).to_numpy()
    psi = effect * old + generator.normal(0, 4, ROWS)
    everyone = np.ones(ROWS, dtype=bool)
    splits = make_splits(frame, (Column("age", "float", "number"), Column("region", "text", "category")))
    return splits, Objective(psi - 0.2, everyone, everyone, 100), Turned(psi, np.full(ROWS, 0.2)), old


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_group_that_works_is_no_chance_and_one_that_does_not_is(place: int) -> None:
    for effect, held in ((2.0, True), (0.0, False)):
        splits, objective, turned, old = made(3, effect)
        (p,) = chances(splits, objective, turned, place, [old], 0)
        assert (p < 1e-3) == held
    splits, objective, turned, old = made(3, 2.0)
    assert chances(splits, objective, turned, place, [old, ~old], 0)[1] > 0.2  # beside it the rest is judged by itself


def test_it_stops_when_chance_finds_as_much_and_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    splits, objective, turned, old = made(5, 0.0)
    searches: list[int] = []

    def counted(*args: Any) -> Any:
        searches.append(1)
        return rules_of_all(*args)

    monkeypatch.setattr(flips, "rules_of_all", counted)
    first = chances(splits, objective, turned, 1, [~old], 7)
    assert flips.ENOUGH <= len(searches) < FLIPS
    assert first == chances(splits, objective, turned, 1, [~old], 7) != chances(splits, objective, turned, 1, [~old], 8)


def test_rows_of_a_group_are_turned_alike() -> None:
    """Ten rows of a house say the same: by themselves they would seem ten times as many."""
    splits, objective, turned, _ = made(1, 0.0)
    generator = np.random.default_rng(4)
    codes = generator.permutation(np.arange(ROWS) // 10)
    luck = generator.normal(0, 4, ROWS // 10)[codes]
    picked = np.isin(codes, np.flatnonzero(np.bincount(codes, luck) > 0)[:30])
    alone = replace(turned, psi=luck)
    objective = replace(objective, gain=luck - 0.2)
    (apart,), (together,) = (chances(splits, objective, one, 3, [picked], 0) for one in (alone, replace(alone, codes=codes)))
    assert together > 2 * apart


def test_two_tests_are_no_surer_than_the_surer_one_and_not_much_less() -> None:
    assert both(0.01, 0.01) == pytest.approx(0.01)
    assert both(1e-4, 0.5) == pytest.approx(2e-4, rel=1e-3) == both(0.5, 1e-4)
    assert both(1.0, 1e-6) == pytest.approx(2e-6, rel=0.05)
    assert both(1.0, 1.0) == pytest.approx(1.0, abs=0.002)
    for one, other in ((0.03, 0.2), (1e-12, 1e-9), (0.9, 0.4)):
        assert min(one, other) <= both(one, other) <= 2 * min(one, other)


def test_signs_are_turned_where_halves_leave_a_doubt_and_rows_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clear group is told by the halves alone, at twice their p value."""
    asked: list[int] = []

    def no_chance(*args: Any) -> list[float]:
        asked.append(len(args[4]))
        return [1e-6] * len(args[4])

    monkeypatch.setattr(move_groups, "chances", no_chance)
    frame, generator = table(4, ROWS)
    noise = generator.normal(0, 4, ROWS)
    told = {}
    for name, gain, most in (("clear", 3.0, ROWS), ("doubtful", 0.9, ROWS), ("many", 0.9, ROWS - 1)):
        asked.clear()
        monkeypatch.setattr(move_groups, "MOST_ROWS", most)
        found = groups_of(frame, np.where(frame["age"] >= 42, gain, -0.5) + noise)
        told[name] = bool(asked), min(one.effect.p for one in found)
    assert [asked for asked, _ in told.values()] == [False, True, False]
    assert told["doubtful"][1] < 1e-4 < 1e-3 < told["many"][1]


@pytest.mark.parametrize("numeric", [False, True])
def test_rows_without_comparable_ones_prove_nothing(numeric: bool) -> None:
    """What the outcome model says of them is no measurement: off alike, it would seem surer than any chance."""
    frame, generator = table(1, ROWS)
    everyone, alike = np.ones(ROWS, dtype=bool), np.arange(ROWS) % 3 > 0
    own, none, ones = np.where(alike, generator.normal(0, 4, ROWS), 5.0), np.zeros(ROWS), np.ones(ROWS)
    old = np.arange(ROWS) % 2 == 0
    scores = Scores(own, own, ones, old, alike & old, everyone, ~old, ones, ones, ones, none, none, np.arange(ROWS) % 5, None)
    stage = Stage(frame, own, False, *[np.arange(ROWS) % PARTS] * 3, None, make_splits(frame, COLUMNS), -2.0, False, 0)
    turned = move_groups._turned(replace(scores, dose=ones if numeric else None), stage, 0.0)
    assert turned is not None
    np.testing.assert_array_equal(turned.psi != 0, alike | ~old | numeric)
    assert float((turned.psi * own).max()) <= 0  # less of it is wanted


@pytest.mark.parametrize(("ending", "changed", "asked"),
                         [(0.4, 0.4, True), (0.5, 0.3, True), (0.03, 0.5, True), (0.05, 0.08, False), (0.95, 0.1, False)])
def test_lopsided_scores_are_not_turned(ending: float, changed: float, asked: bool) -> None:
    """Of rare outcomes a group without any of them seemed surer than chance could make it, in 15 of 17 tables without effect."""
    generator = np.random.default_rng(2)
    had, lost = generator.random(6000) < changed, generator.random(6000) < ending
    left = lost - ending
    assert flips.lopsided(np.where(had, left / changed, -left / (1 - changed))) != asked
