"""Action cards: honest grades, allowed moves only, and words that promise nothing."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import ActionCard, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.wording import BANNED
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (
    Column("offer", "text", "category"),
    Column("idle", "text", "category"),
    Column("price", "float", "number"),
    Column("age", "float", "number"),
    Column("size", "float", "number"),
    Column("y", "text", "category"),
)


class Scores:
    """Stands for a model: predicts the truth it was given."""

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        return np.clip(0.5 - 0.2 * (frame["offer"] == "new") - 0.02 * (frame["price"] < 9), 0, 1).to_numpy(dtype=float)


def inputs(rows: int = 3000, **goal: Any) -> CardInputs:
    rng = np.random.default_rng(0)
    age = rng.normal(size=rows)
    new = rng.random(rows) < 1 / (1 + np.exp(-age))
    frame = pd.DataFrame(
        {
            "offer": np.where(new, "new", "old"),
            "idle": np.where(rng.random(rows) < 1 / (1 + np.exp(-age)), "a", "b"),
            "price": rng.normal(10, 2, rows),
            "age": age,
            "size": rng.normal(size=rows),
        }
    )
    frame = frame.astype({"offer": "str", "idle": "str"})
    y = (rng.random(rows) < np.clip(0.5 - 0.2 * new - 0.05 * age, 0.02, 0.98)).astype(int)
    frame["y"] = pd.Series(np.where(y == 1, "Yes", "No")).astype("str")
    made = Goal("y", "No", value=100.0, levers=(Lever("offer", ("new",), cost=1.0), Lever("idle", ("a",))))
    model: Any = Scores()
    return CardInputs(model, frame, y, COLUMNS, PROBLEM, replace(made, **goal))


@pytest.fixture(scope="module")
def cards() -> tuple[ActionCard, ...]:
    return make_cards(inputs())


def test_real_lever_is_advice_and_idle_one_is_not(cards: tuple[ActionCard, ...]) -> None:
    by_lever = {card.lever: card for card in cards}
    real, idle = by_lever["offer"], by_lever["idle"]
    assert real.grade in "BC"
    assert real.low <= 0.2 <= real.high
    assert real.what_if == pytest.approx(0.2, abs=0.01)
    assert real.raw_gap > real.adjusted
    assert real.net_low < real.net_value < real.net_high
    assert real.net_value == pytest.approx(real.rows * (100 * real.adjusted - 1))
    assert "pilot" in real.next_step
    assert idle.grade == "D"
    assert idle.next_step == ""
    assert cards[0] == real


def test_words_promise_nothing(cards: tuple[ActionCard, ...]) -> None:
    for card in cards:
        text = f"{card.sentence} {card.overturn} {card.next_step}".lower()
        assert not [word for word in BANNED if re.search(rf"\b{word}\b", text)]
        assert "raw" not in text or "adjusted" in text


def test_forbidden_and_impossible_moves_make_no_card() -> None:
    assert make_cards(inputs(levers=())) == ()
    assert make_cards(inputs(levers=(Lever("offer", ("new",), forbidden=(("old", "new"),)),))) == ()
    assert make_cards(inputs(levers=(Lever("offer", ("unheard of",)),))) == ()
    assert make_cards(inputs(levers=(Lever("offer", ("old",), from_values=("nowhere",)),))) == ()
    with pytest.raises(BadInput):
        make_cards(inputs(levers=(Lever("missing", ("x",)),)))


def test_unwanted_direction_is_no_advice() -> None:
    (card,) = make_cards(inputs(good="Yes", levers=(Lever("offer", ("new",)),)))
    assert card.grade == "D"
    assert card.adjusted < 0
    assert card.what_if == pytest.approx(-0.2, abs=0.01)


def test_numeric_lever_never_above_c_and_no_money() -> None:
    (card,) = make_cards(inputs(value=0.0, levers=(Lever("price", step=-1.0),)))
    assert card.grade in "CD"
    assert math.isnan(card.net_value)
    assert card.to_value == "1 lower"
    (relative,) = make_cards(inputs(levers=(Lever("price", step=0.1, relative=True),)))
    assert relative.to_value == "10 % higher"


def test_relative_move_is_measured_on_the_rows_that_can_make_it() -> None:
    """Ten per cent of the dose of the rows that are told of, not of all: the highest ones cannot rise within the known range."""
    made = inputs(value=0.0, levers=(Lever("price", step=0.3, relative=True),))
    dose = made.frame["price"].to_numpy()
    y = (100 - 3.0 * dose) + np.random.default_rng(1).normal(size=len(dose))
    problem = Problem("y", "regression", "rmse")
    (card,) = make_cards(replace(made, problem=problem, y=y, goal=replace(made.goal, good="low")))
    low, high = np.quantile(dose, [0.05, 0.95])
    able = dose[(1.3 * dose >= low) & (1.3 * dose <= high)]
    assert card.rows == len(able)
    assert able.mean() < 0.9 * dose.mean()
    assert card.adjusted == pytest.approx(-3 * 0.3 * able.mean(), rel=0.05)


def test_large_whole_numbers_are_levers_too() -> None:
    made = inputs(levers=(Lever("size", ("1234567",), from_values=("1234500.5",)),))
    frame = made.frame.assign(size=np.random.default_rng(3).choice([1234567.0, 1234500.5], len(made.frame)))
    (card,) = make_cards(replace(made, frame=frame))
    assert card.to_value == "1234567"
    assert card.rows > 500


def test_number_target() -> None:
    made = inputs(good="low")
    problem = Problem("y", "regression", "rmse")
    y = 100 - 20.0 * (made.frame["offer"] == "new") - 5 * made.frame["age"]
    y = y.to_numpy() + np.random.default_rng(1).normal(size=len(y))
    card = make_cards(replace(made, problem=problem, y=y, goal=replace(made.goal, levers=made.goal.levers[:1])))[0]
    assert card.grade in "BC"
    assert card.adjusted == pytest.approx(-20, abs=1)
    assert card.net_value > 0
