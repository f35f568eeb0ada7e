"""Money and rows that are short: the chosen set is the best there is, by brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.acting import applied, assign
from automl_core.acting.action import ActionCard
from automl_core.acting.budget import choose, choose_in_turn, expected_values
from automl_core.errors import BadInput


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 9)), min_size=0, max_size=9), st.integers(0, 25), st.integers(0, 5))
def test_the_chosen_set_is_the_best_there_is(rows: list[tuple[int, int]], budget: int, capacity: int) -> None:
    net, costs = np.array([float(row[0]) for row in rows]), np.array([float(row[1]) for row in rows])
    made = choose(net, costs, budget, capacity)
    best = 0.0
    for size in range(0, (capacity or len(rows)) + 1):
        for subset in itertools.combinations(range(len(rows)), size):
            if not budget or costs[list(subset)].sum() <= budget:
                best = max(best, float(net[list(subset)].sum()))
    assert made.value == pytest.approx(net[made.rows].sum())
    assert not budget or costs[made.rows].sum() <= budget
    assert not capacity or len(made.rows) <= capacity
    assert made.bound >= best - 1e-6
    assert made.value >= best / 2 - 1e-6
    if made.exact:
        assert made.value == pytest.approx(best)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 3).flatmap(lambda k: st.lists(
        st.lists(st.tuples(st.sampled_from([-5.0, 2.0, 3.0, 10.0, 15.0, 16.0, 31.0]), st.sampled_from([0, 1, 2, 10, 30])),
                 min_size=k, max_size=k), min_size=1, max_size=5)),
    st.sampled_from([0, 3, 10, 21, 40]), st.integers(0, 4), st.booleans(),
)  # fmt: skip
def test_of_several_options_a_row_the_best_plan_is_found_or_what_is_lost_is_known(
    rows: list[list[tuple[float, int]]], budget: int, capacity: int, uneven: bool
) -> None:
    """`uneven`: costs that are no whole amounts of anything, so that prices alone must do."""
    net = np.array([[option[0] for option in row] for row in rows])
    costs = np.array([[option[1] * (1.0 + 0.1234567 * uneven) for option in row] for row in rows])
    made = choose(net, costs, budget, capacity)
    best = 0.0
    for picks in itertools.product(range(-1, net.shape[1]), repeat=len(rows)):
        taken = [(row, option) for row, option in enumerate(picks) if option >= 0]
        if (capacity and len(taken) > capacity) or (budget and sum(costs[one] for one in taken) > budget):
            continue
        best = max(best, sum(float(net[one]) for one in taken))
    assert len(set(made.rows.tolist())) == len(made.rows) <= (capacity or len(rows))
    assert made.value == pytest.approx(net[made.rows, made.options].sum())
    assert made.cost == pytest.approx(costs[made.rows, made.options].sum())
    assert not budget or made.cost <= budget + 1e-6
    assert made.bound >= best - 1e-6
    assert made.value >= made.bound - max(net.max(), 0.0) - 1e-6
    assert made.value >= best / 2 - 1e-6
    if made.exact:
        assert made.value == pytest.approx(best)
    assert made.exact or uneven


def test_money_and_rows_are_short_at_once() -> None:
    """By worth per money the free rows filled the capacity, and by worth alone two dear ones took the budget: 428 of 3,000."""
    net = np.repeat([2.0, 15.0, 16.0], [1_000, 500, 50])
    costs = np.repeat([0.0, 10.0, 1_000.0], [1_000, 500, 50])
    made = choose(net, costs, budget=2_000.0, capacity=200)
    assert (made.value, made.cost, made.bound, made.exact) == (pytest.approx(3_000), 2_000, pytest.approx(3_000), True)
    rng = np.random.default_rng(5)
    net, costs = rng.gamma(2, 30, (3_000, 3)), rng.gamma(3, 7.123, (3_000, 3))
    large = choose(net, costs, budget=3_000.0, capacity=400)
    assert len(large.rows) <= 400
    assert 0.999 * large.bound <= large.value <= large.bound


def test_no_plan_spends_more_than_the_budget() -> None:
    """Hundreds of thousands are no multiples of 100 because they are nearly."""
    made = choose(np.array([5.0, 6.0, 1.0]), np.array([100_001.0, 200_002.0, 50_000.0]), budget=300_000.0)
    assert made.cost <= 300_000
    assert (sorted(made.rows), made.exact) == ([1, 2], True)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 9), st.booleans()), max_size=9), st.integers(0, 25),
       st.integers(0, 5))  # fmt: skip
def test_what_comes_first_is_chosen_as_if_it_were_alone_and_the_rest_fills_up(
    rows: list[tuple[int, int, bool]], budget: int, capacity: int
) -> None:
    net, costs = (np.array([float(row[place]) for row in rows]) for place in (0, 1))
    first = np.array([row[2] for row in rows], dtype=bool)
    made = choose_in_turn(net, costs, first, budget, capacity)
    alone = choose(np.where(first, net, np.nan), costs, budget, capacity)
    ahead = first[made.rows]
    assert list(made.rows[: len(alone.rows)]) == list(alone.rows)
    assert list(ahead) == sorted(ahead, reverse=True)
    assert made.value == pytest.approx(net[made.rows].sum())
    assert made.cost == pytest.approx(costs[made.rows].sum())
    assert not budget or made.cost <= budget * (1 + 1e-6)
    assert not capacity or len(made.rows) <= capacity
    assert made.bound >= made.value - 1e-6
    left = [row for row in np.flatnonzero(net > 0) if row not in made.rows]
    full = capacity and len(made.rows) == capacity
    assert full or not [row for row in left if not budget or costs[row] <= budget - made.cost]
    if not first.any() or first.all():
        assert list(made.rows) == list(choose(net, costs, budget, capacity).rows)


def test_unit_costs_are_exact_and_value_goes_before_probability() -> None:
    risk = np.array([0.9, 0.2, 0.5, 0.4])
    with pytest.raises(BadInput, match="do not belong together"):
        expected_values(risk, np.array([100.0, 2000.0]), 0.5, 10.0)
    net = expected_values(risk, np.array([100.0, 2000.0, 300.0, 300.0]), 0.5, 10.0)
    made = choose(net, np.full(4, 10.0), budget=20.0)
    assert made.exact
    assert list(made.rows) == [1, 2]
    assert list(choose(net, np.full(4, 10.0), capacity=1).rows) == [1]
    assert list(choose(net, np.zeros(4), budget=5.0).rows) == [1, 2, 3, 0]
    assert len(choose(net, np.full(4, 50.0), budget=20.0).rows) == 0
    with pytest.raises(BadInput):
        choose(net, np.full(4, -1.0))
    with pytest.raises(BadInput):
        choose(net, np.ones(3))


def test_large_knapsacks_say_what_is_lost_at_most() -> None:
    rng = np.random.default_rng(0)
    net, costs = rng.gamma(2, 30, 5000), rng.gamma(3, 7.123, 5000)
    made = choose(net, costs, budget=20_000.0)
    assert not made.exact
    assert 0.999 * made.bound <= made.value <= made.bound
    whole = choose(net, np.round(costs), budget=2_000.0)
    assert whole.exact


def _card(sources: tuple[str, ...], gain: float, cost: float, priced: bool) -> ActionCard:
    """A card for rows whose plan is one of `sources`, of which each gains so much, in money too where it is priced."""
    net = 2 * (gain - cost) if priced else math.nan
    return ActionCard("", "plan", "", "new", 2, 0.0, 0.0, gain, gain, gain, net, net, net, "C", 1.0, 0.0, "", better="up",
                      from_values=sources, cost=cost)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=5),
    st.lists(st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.integers(-3, 20), st.integers(0, 9)), max_size=3),
    st.none() | st.integers(0, 4), st.none() | st.integers(0, 20), st.booleans(),
)  # fmt: skip
def test_rows_that_get_cards_within_limits_are_the_best_there_are(
    plans: list[str], said: list[tuple[set[str], int, int]], capacity: int | None, budget: int | None, priced: bool
) -> None:
    cards = [_card(tuple(sorted(some)), gain, cost, priced) for some, gain, cost in said]
    frame = pd.DataFrame({"plan": plans})
    made = assign(cards, frame, capacity=capacity, budget=budget).tolist()
    if (capacity, budget) == (None, None):
        return

    def worth(picks: tuple[int, ...]) -> float:
        """What a choice brings together; below zero where it is not allowed."""
        taken = [(plan, said[pick]) for plan, pick in zip(plans, picks, strict=True) if pick >= 0]
        if any(plan not in card[0] for plan, card in taken) or (capacity is not None and len(taken) > capacity):
            return -math.inf
        if budget is not None and sum(card[2] for _, card in taken) > budget:
            return -math.inf
        return float(sum(card[1] - priced * card[2] for _, card in taken))

    best = max(worth(picks) for picks in itertools.product(range(-1, len(cards)), repeat=len(plans)))
    assert worth(tuple(made)) == pytest.approx(best)


def test_of_many_rows_the_budget_does_more_than_by_gain_or_by_gain_for_the_money() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"plan": rng.choice(list("abcdef"), 3_000)})
    cards = [_card(some, gain, cost, True) for some, gain, cost in (
        (("a", "b"), 50.0, 13.77), (("b", "c", "d"), 21.3, 3.01), (("d", "e"), 33.3, 9.998), (("f",), 8.0, 0.0))]  # fmt: skip
    means = np.array([frame["plan"].isin(card.from_values) for card in cards]).T
    net, costs = np.array([card.net_value / 2 for card in cards]), np.array([card.cost for card in cards])
    made = assign(cards, frame, capacity=900, budget=5_000.0)
    taken = made[made >= 0]
    assert len(taken) <= 900
    assert costs[taken].sum() <= 5_000
    assert means[made >= 0, taken].all()
    for order in (net, net / np.maximum(costs, 0.01)):
        worth, spent, free = 0.0, 0.0, np.ones(len(frame), dtype=bool)
        for place in np.argsort(-order).tolist():
            for row in np.flatnonzero(means[:, place] & free).tolist():
                if (~free).sum() < 900 and spent + costs[place] <= 5_000:
                    worth, spent, free[row] = worth + net[place], spent + costs[place], False
        assert net[taken].sum() >= worth
    after = applied(cards, frame, capacity=900, budget=5_000.0)
    assert ((after["plan"] == "new") == (made >= 0)).all()


def test_no_limit_is_none_and_nought_is_nothing() -> None:
    frame = pd.DataFrame({"plan": list("aabbc")}, index=[3, 3, 4, 4, 4])
    cards = [_card(("a",), 20.0, 5.0, True), _card(("b",), 3.0, 0.0, True)]
    assert assign(cards, frame).tolist() == assign(cards, frame, capacity=math.inf).tolist() == [0, 0, 1, 1, -1]  # type: ignore[arg-type]
    assert assign(cards, frame, capacity=0).tolist() == [-1] * 5
    assert assign(cards, frame, budget=0).tolist() == [-1, -1, 1, 1, -1]
    assert assign(cards, frame, capacity=1, budget=0.0).tolist() == [-1, -1, 1, -1, -1]
    assert assign(cards, frame, capacity=np.int64(3), budget=5).tolist() == [0, -1, 1, 1, -1]  # type: ignore[arg-type]
    assert assign([], frame, capacity=3).tolist() == [-1] * 5
    assert assign(cards, frame.head(0), capacity=3).tolist() == []
    for limits in ({"capacity": -1}, {"capacity": 1.5}, {"capacity": "3"}, {"capacity": True}, {"budget": -1.0},
                   {"budget": math.nan}):
        with pytest.raises(BadInput, match=f"“{next(iter(limits))}” is"):
            assign(cards, frame, **limits)  # type: ignore[arg-type]
