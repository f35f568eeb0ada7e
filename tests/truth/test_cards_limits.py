"""No card ever proposes a move that was not allowed (T2), whatever the table and the limits; and none promises (banned words)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.acting import Lever, eligible
from automl_core.acting.action import ActionCard
from automl_core.acting.levers import handed_on, moved
from automl_core.acting.moves import category_moves, movable, numeric_moves, steps_of
from automl_core.acting.pilot_files import _set_to
from automl_core.acting.shift import Dose, Shift

CARD = ActionCard("", "price", "", "", 0, *[0.0] * 8, "B", 0.0, 0.0, "")
PLANS = ("basic", "plus", "pro", "max")


def table(seed: int, rows: int = 1500) -> pd.DataFrame:
    """Four plans, a price and a yes/no lever that all move the outcome."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=rows)
    plan = rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    price = 20 + 3 * age + rng.normal(0, 4, rows)
    alert = rng.random(rows) < 0.5
    chance = np.clip(0.6 - 0.12 * plan + 0.015 * (price - 20) - 0.15 * alert - 0.05 * age, 0.02, 0.98)
    return pd.DataFrame(
        {
            "age": age,
            "plan": np.array(PLANS)[plan],
            "price": price,
            "alert": alert,
            "gender": rng.choice(["f", "m"], rows),
            "y": np.where(rng.random(rows) < chance, "Yes", "No"),
        }
    )


pairs = st.lists(st.tuples(st.sampled_from(PLANS), st.sampled_from(PLANS)).filter(lambda p: p[0] != p[1]), max_size=6)
plans = st.lists(st.sampled_from(PLANS), max_size=3, unique=True)


@settings(max_examples=300, deadline=None)
@given(to=plans, source=plans, forbidden=pairs)
def test_category_moves_keep_to_the_lever(to: list[str], source: list[str], forbidden: list[tuple[str, str]]) -> None:
    lever = Lever("plan", tuple(to), tuple(source), forbidden=tuple(forbidden))
    for move in category_moves(lever, table(0)["plan"]):
        assert not to or move.to in to
        for value in move.from_values:
            assert value != move.to
            assert (value, move.to) not in forbidden
            assert not source or value in source


spellings = st.builds(lambda number, spell: spell(number), st.integers(1, 4), st.sampled_from([str, float, "{}.0".format, int]))
SEATS = pd.Series(np.tile([1.0, 2.0, 3.0, 4.0, math.nan], 60))


@settings(max_examples=200, deadline=None)
@given(to=st.lists(spellings, max_size=3), source=st.lists(spellings, max_size=3),
       forbidden=st.lists(st.tuples(spellings, spellings), max_size=6))
def test_moves_between_numbers_keep_to_the_lever_however_it_spells_them(to: list[Any], source: list[Any], forbidden: Any) -> None:
    lever = Lever("seats", tuple(to), tuple(source), forbidden=tuple(forbidden))
    banned, ends, starts = {(float(a), float(b)) for a, b in forbidden}, set(map(float, to)), set(map(float, source))
    allowed = {(a, b) for a in (1.0, 2.0, 3.0, 4.0) for b in (1.0, 2.0, 3.0, 4.0) if a != b and (a, b) not in banned}
    allowed = {(a, b) for a, b in allowed if (not ends or b in ends) and (not starts or a in starts)}
    assert {(float(value), float(move.to)) for move in category_moves(lever, SEATS) for value in move.from_values} == allowed


@settings(max_examples=300, deadline=None)
@given(
    step=st.one_of(st.just(math.nan), st.floats(-20, 20, allow_nan=False)),
    relative=st.booleans(),
    direction=st.sampled_from(["", "up", "down"]),
    limits=st.tuples(st.floats(0, 40), st.floats(0, 40)).map(sorted),
)
def test_numeric_moves_keep_to_the_lever(step: float, relative: bool, direction: str, limits: list[float]) -> None:
    lever = Lever("price", step=step, relative=relative, direction=direction, low=limits[0], high=limits[1])  # type: ignore[arg-type]
    dose = table(0)["price"].to_numpy() - 15  # some are negative, so a share of them goes the other way
    for move in numeric_moves(lever, dose, 3.0):
        rows = movable(move, dose)
        after = (dose + steps_of(move, dose))[rows]
        assert ((after >= limits[0]) & (after <= limits[1])).all()
        change = after - dose[rows]
        assert direction != "up" or (change >= 0).all()  # a step can be too small to change a number
        assert direction != "down" or (change <= 0).all()


@settings(max_examples=200, deadline=None)
@given(
    step=st.sampled_from([-5.0, -0.5, -0.1, 0.1, 0.5, 1.0, 10.0]),
    relative=st.booleans(),
    hit=st.sets(st.integers(0, 60)),
    spell=st.sampled_from([str, "{:.9g}".format, "{:.12f}".format]),
    others=st.lists(st.tuples(st.integers(-30, 30), st.sampled_from([0.3, 2.05, 77.0])), max_size=5),
)
def test_steps_make_no_forbidden_move(
    step: float, relative: bool, hit: set[int], spell: Callable[[float], str], others: list[tuple[int, float]]
) -> None:
    """`movable` says which rows a card is measured on, and `eligible` which it is for: plans, files and pilots ask it."""
    dose = np.arange(-30, 31) / 10
    after = dose * (1 + step) if relative else dose + step
    pairs = [(spell(dose[place]), spell(float(f"{after[place]:.9g}"))) for place in hit]
    pairs += [(str(now / 10), str(now / 10 + apart)) for now, apart in others  # no step makes it: 0.6 to 0.9 is half more
              if abs(after[now + 30] - now / 10 - apart) > 1e-6]
    lever = Lever("price", step=step, relative=relative, forbidden=tuple(pairs))
    (move,) = numeric_moves(lever, dose, 3.0)
    expected = [place not in hit and (not relative or now > 0) for place, now in enumerate(dose.tolist())]
    assert movable(move, dose).tolist() == expected
    card = replace(CARD, step=step, relative=relative, forbidden=tuple(("price", a, b) for a, b in pairs))
    assert eligible(card, pd.DataFrame({"price": dose})).tolist() == expected
    assert eligible(replace(card, forbidden=()), pd.DataFrame({"price": dose})).sum() == (30 if relative else 61)


@pytest.mark.parametrize(("now", "step", "relative", "low", "high"), [
    (100.0, 0.1, True, math.nan, 110.0), (0.2, 0.1, False, 0.0, 0.3), (0.3, -0.1, False, 0.2, 1.0),
    (0.1 * 3, -0.1, False, 0.2, 1.0),
    (100.1, -100.0, False, 0.1, math.nan), (2e-6, 1e-6, False, math.nan, 3e-6), (0.6, 0.05, True, 0.63, 0.63),
    (0.2, 0.1, False, 0.1 * 3, math.nan), (123456789012345.0, 1.0, False, 123456789012346.0, 123456789012346.0),
])  # fmt: skip
def test_a_step_that_ends_at_a_limit_is_within_it(now: float, step: float, relative: bool, low: float, high: float) -> None:
    """0.2 + 0.1 is a little more than 0.3 for a computer, and 100 * 1.1 than 110: a card was measured on rows that it did not
    mean, or no row was moved to the limit. What is set is the number as it is written."""
    dose = np.array([now])
    (move,) = numeric_moves(Lever("price", step=step, relative=relative, low=low, high=high), dose, 1.0)
    frame = pd.DataFrame({"price": dose})
    card = replace(CARD, step=step, relative=relative, lowest=low, highest=high)
    ends = (-1e300 if math.isnan(low) else low, 1e300 if math.isnan(high) else high)
    made = Dose(dose, np.array([True]), dose, dose, *ends)
    assert movable(move, dose).all()
    assert Shift(steps_of(move, dose), np.array([True])).within(made).moved.all()
    assert eligible(card, frame).all()
    set_to = moved(card, frame, np.array([True]))["price"].iloc[0]
    assert set_to == float(f"{set_to:.13g}") or set_to.is_integer()
    assert _set_to(card, frame["price"]).tolist() == [handed_on(set_to)]


def test_rows_at_a_named_number_are_those_that_show_it() -> None:
    (move,) = numeric_moves(Lever("price", from_values=("0.3",), step=0.1), np.array([0.3]), 1.0)
    assert movable(move, np.array([0.1 * 3, 0.3, 0.31])).tolist() == [True, True, False]
