"""Ranges of sums and shares hold the truth where rows go together and where they are few: the one rule that all figures go by."""
from __future__ import annotations

import math

import numpy as np
import pytest

from automl_core.acting.effects import _bounds, _total_error
from automl_core.acting.profit import gains
from automl_core.framing.dependent import effective, rows_worth, sum_error, sum_reach

RUNS = 400
FLOOR = 0.95 - 2 * math.sqrt(0.95 * 0.05 / RUNS)


def customers(rng: np.random.Generator, people: int, uneven: bool) -> np.ndarray:
    """Who each row is of: 20 rows each, or some many more than others."""
    return np.repeat(np.arange(people), np.minimum(5 * rng.zipf(1.8, people), 100) if uneven else np.full(people, 20))


@pytest.mark.parametrize(("people", "uneven", "weighed"), [
    (4, False, False), (10, True, False), (20, False, True), (20, True, True), (150, True, True), (300, False, False)])
def test_a_sum_of_rows_that_go_together_is_as_sure_as_its_groups(people: int, uneven: bool, weighed: bool) -> None:
    """Half of all spread is between customers. Row by row, the most of these ranges missed the truth."""
    held = np.zeros(2)
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        who = customers(rng, people, uneven)
        counts = rng.gamma(1, 1, people)[who] if weighed else np.ones(len(who))
        counts *= len(who) / counts.sum()
        values = rng.normal(size=people)[who] + rng.normal(size=len(who))
        total = float((counts * values).sum())
        parts = counts * (values - total / len(who))
        held += [abs(total) <= sum_reach(parts, codes, counts) for codes in (who, None)]
    assert held[0] / RUNS >= FLOOR
    assert held[1] / RUNS < 0.75


@pytest.mark.parametrize("rows", [3, 5, 12, 200])
def test_a_sum_of_few_rows_is_no_surer_than_it_is(rows: int) -> None:
    """With 1.96 errors to a side, five rows held the truth in 88 %; one row tells nothing of the next."""
    values = np.random.default_rng(rows).normal(size=(5 * RUNS, rows))
    reach = np.array([sum_reach(one) for one in values])
    assert 0.935 <= np.mean(np.abs(values.sum(axis=1)) <= reach) <= 0.965
    assert sum_reach(values[0], np.arange(rows)) == pytest.approx(reach[0], rel=1e-12)  # each a group of its own
    assert sum_reach(values[0], np.zeros(rows, dtype=np.int64)) == sum_reach(values[0, :1]) == math.inf


@pytest.mark.parametrize(("people", "share", "uneven", "weighed"), [
    (10, 0.5, False, False), (40, 0.1, False, True), (40, 0.5, True, True), (150, 0.02, True, False), (400, 0.3, False, True)])
def test_lift_holds_the_rate_where_rows_are_of_few_customers(people: int, share: float, uneven: bool, weighed: bool) -> None:
    """Where few customers hold what is looked for, the spread of their sums alone held the truth in 79 %."""
    held, runs = 0, 300
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        who = customers(rng, people, uneven)
        y = rng.random(len(who)) < rng.beta(share, 1 - share, people)[who]
        weights = rng.gamma(1, 1, len(who)) if weighed else None
        part = gains(rng.random(len(who)), y, 1, who, weights)[-1]
        held += part.low <= share <= part.high
    assert held / runs >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / runs)


def test_codes_of_a_part_of_the_rows_count_as_codes_of_all() -> None:
    rng = np.random.default_rng(0)
    who, hits = np.repeat(np.arange(30), 10), (rng.random(300) < rng.random(30).repeat(10)).astype(float)
    assert rows_worth(hits, 7 * who + 3) == pytest.approx(rows_worth(hits, who), rel=1e-12)
    assert 10 < rows_worth(hits, who) < 200


def test_an_effect_of_few_customers_who_have_most_rows_is_as_sure_as_they_are() -> None:
    """Counted as they are, 22 customers of whom two have two thirds of the rows gave intervals that held the truth in 89 %."""
    codes = np.repeat(np.arange(22), [200, 200, *[10] * 20])
    worth, held = effective(np.ones(len(codes)), codes), 0
    for seed in range(1500):
        rng = np.random.default_rng(seed)
        told = rng.normal(size=22)[codes] + rng.normal(size=len(codes))
        error = _total_error(told - told.mean(), codes) / len(codes)
        low, high, _ = _bounds(float(told.mean()), error, int(worth))
        held += low <= 0 <= high
    assert held / 1500 >= 0.915
    told -= told.mean()
    assert _total_error(told, codes) == sum_error(told, codes)
    assert _total_error(told, None) == sum_error(told)
    within = np.tile([1.0, -1.0], len(codes) // 2)  # pairs of one customer that cancel out
    assert _total_error(within, codes) == sum_error(within) > sum_error(within, codes)
