"""The door of decisions: a list by expected value from a frame alone, held against what a hand counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Roles, Terms, decisions_of, measure_uplift, segments_of
from automl_core.acting.decisions import middle_of
from automl_core.errors import BadInput

TERMS = Terms(value_column="fee", contact_cost=6.0, save_rate=0.25, capacity=120)


def customers(rows: int = 1200, open_rows: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers and the chance of each to leave, which goes with “age”; the last ones have no outcome yet."""
    rng = np.random.default_rng(3)
    age = rng.uniform(0, 1, rows)
    chance = 0.05 + 0.5 * age
    left = np.where(rng.random(rows) < chance, "Yes", "No").astype(object)
    left[rows - open_rows:] = None
    made = {"id": [f"C{place:05d}" for place in range(rows)], "age": age, "fee": rng.choice([10.0, 90.0], rows), "left": left,
            "after": left == "Yes"}
    return pd.DataFrame(made, index=range(500, 500 + rows)), chance


def test_the_list_goes_by_expected_value_and_its_rivals_are_what_a_hand_counts() -> None:
    frame, chance = customers()
    found = decisions_of(frame, "left", "No", TERMS, chance, Roles(never=("after",)))
    worth = 0.25 * chance * frame["fee"].to_numpy() - 6.0
    best = np.argsort(-worth)[:120]
    assert sorted(row.row for row in found.actions.rows) == sorted(best.tolist())
    assert set(best.tolist()) != set(np.argsort(-chance)[:120].tolist())
    assert found.table["id"].tolist() == [frame["id"].iloc[row.row] for row in found.actions.rows]
    assert found.actions.expected_value == pytest.approx(worth[best].sum())
    bad, fee = (frame["left"] == "Yes").to_numpy(), frame["fee"].to_numpy()
    came = 0.25 * bad * fee - 6.0
    made = found.decision
    assert made.value == pytest.approx(came[best].sum())
    rivals = {rival.name: rival.value for rival in made.rivals}
    assert rivals["As many at random"] == pytest.approx(came.mean() * 120)
    assert rivals["Everyone"] == pytest.approx(came.sum())
    assert rivals["By risk alone"] == pytest.approx(came[np.argsort(-chance)[:120]].sum())
    assert "The simple rule" in rivals
    assert made.break_even == pytest.approx(6.0 * 120 / (bad * fee)[best].sum())
    assert {one.save_rate: one.value for one in made.sensitivity}[0.5] == pytest.approx(0.5 * (bad * fee)[best].sum() - 720)
    assert made.low < made.value < made.high
    assert found.counted == "“left” = “Yes”"


def test_predictions_may_be_a_frame_of_classes_or_be_left_out() -> None:
    frame, chance = customers()
    given = decisions_of(frame, "left", "No", TERMS, chance).actions
    named = pd.DataFrame({"No": 1 - chance, "Yes": chance})
    said = {"value_column": "fee", "contact_cost": 6.0, "save_rate": 0.25, "capacity": 120}
    assert decisions_of(frame, "left", "No", said, named).actions.rows == given.rows
    assert decisions_of(frame, "left", "Yes", TERMS, chance).actions.rows != given.rows  # then who stays is at risk
    alone = decisions_of(frame, "left", "No", TERMS, roles={"never": ["after"]})
    random = next(rival for rival in alone.decision.rivals if rival.name == "As many at random")
    assert random.low > 0
    assert len({row.row for row in alone.actions.rows} & {row.row for row in given.rows}) > 80


def test_rows_without_an_outcome_come_first_and_the_others_judge() -> None:
    frame, chance = customers(1200, 200)
    found = decisions_of(frame, "left", "No", TERMS, chance)
    assert found.actions.unknown > 0
    first = [row.row >= 1000 for row in found.actions.rows]
    assert first == sorted(first, reverse=True)
    assert found.decision.rows == 120
    past = decisions_of(frame.iloc[:1000], "left", "No", TERMS, chance[:1000])
    assert found.decision.value == pytest.approx(past.decision.value)


def test_numbers_several_classes_and_money_left_out() -> None:
    frame, chance = customers()
    sold = frame.assign(sold=100 * chance + np.random.default_rng(0).normal(0, 5, len(frame)))
    numbers = decisions_of(sold, "sold", "high", {"value": 2.0, "contact_cost": 1.0, "capacity": 50}, 100 * chance)
    assert sorted(row.row for row in numbers.actions.rows) == sorted(np.argsort(chance)[:50].tolist())
    assert (numbers.counted, numbers.decision.curve) == ("“sold”", None)
    kind = np.where(chance < 0.2, "a", np.where(chance < 0.4, "b", "c"))
    classes = decisions_of(frame.assign(kind=kind), "kind", "a", {"capacity": 50}, (kind == "a") * 0.9)
    assert all(kind[row.row] != "a" for row in classes.actions.rows)
    assert np.isnan(classes.actions.expected_value)
    assert classes.counted == "“kind” = “a”"


def test_the_table_says_which_row_each_is_and_what_was_predicted_of_it() -> None:
    """`row` was there only where no column names a row, and of several classes stood one less the prediction."""
    frame, chance = customers()
    kind = np.where(chance < 0.2, "a", np.where(chance < 0.4, "b", "c"))
    several, two, plain = (decisions_of(frame.assign(kind=kind), "kind", "a", {"capacity": 50}, chance),
                           decisions_of(frame, "left", "No", TERMS, chance),
                           decisions_of(frame.drop(columns="id"), "left", "No", TERMS, chance))
    for found in (several, two, plain):
        assert found.table["row"].tolist() == [row.row for row in found.actions.rows]
        assert found.table["prediction"].tolist() == pytest.approx(chance[found.table["row"]].tolist())
        assert found.table["prediction"].tolist() == [row.prediction for row in found.actions.rows]
    assert two.table.columns.tolist() == ["rank", "row", "id", "prediction", "expected_value"]
    assert several.actions.rows[0].row == int(np.argmin(chance))


def test_a_number_that_was_not_predicted_is_no_risk_of_that_row_and_leaves_the_others_theirs() -> None:
    """The first rows have no prediction where a model was judged by later ones: the median of all was none then, and with it
    the risk of every row, so that no list was worth a contact, or a random one was the best."""
    frame, chance = customers()
    sold = frame.assign(sold=100 * chance)
    terms = {"value": 2.0, "contact_cost": 1.0, "capacity": 50, "save_rate": 0.5}
    told = np.where(np.arange(len(frame)) < 100, np.nan, 100 * chance)
    best = 100 + np.argsort(chance[100:])[:50]
    found = decisions_of(sold, "sold", "high", terms, told)
    assert sorted(row.row for row in found.actions.rows) == sorted(best.tolist())
    away = np.median(100 * chance[100:]) - 100 * chance[best]
    assert found.actions.expected_value == pytest.approx((0.5 * 2.0 * away - 1.0).sum())
    assert found.decision.value == pytest.approx(found.actions.expected_value)  # what came is what was told
    free = decisions_of(sold, "sold", "high", {"capacity": 50}, told)
    assert sorted(row.row for row in free.actions.rows) == sorted(best.tolist())
    weights = np.where(np.arange(len(told)) < 100, 7.0, 1.0)
    assert middle_of(told, weights) == pytest.approx(middle_of(told), rel=0.01)


@pytest.mark.parametrize(("changed", "words"), [
    ({"good": None}, "not said which outcome is good"), ({"good": "Maybe"}, "Maybe"),
    ({"terms": {"capacity": 0}}, "“capacity” is 0"),
    ({"terms": {"budget": 0}}, "“budget” is 0"), ({"terms": {"save_rates": 0.2}}, "“save_rates” is no part of “terms”"),
    ({"terms": {"save_rate": 2.0}}, "2"), ({"terms": {"contact_cost": "dear"}}, "“contact_cost” is “dear”"),
    ({"terms": {"value": 1.0, "value_column": "fee"}}, "one value for all rows and a column"),
    ({"terms": {"value_column": "fees"}}, "no column “fees”"), ({"predictions": [0.5]}, "has 1,200 rows"),
    ({"predictions": np.full(1200, 1.5)}, "above 1"), ({"predictions": ["x"] * 1200}, "no numbers"),
    ({"predictions": pd.DataFrame({"Yes": np.zeros(1200)})}, "a column for each class"),
    ({"outcome": "gone"}, "no column “gone”"), ({"predictions": [None] * 1200}, "No row has a prediction"),
    ({"outcome": "age", "good": "high", "predictions": [np.inf] + [0.5] * 1199}, "infinite"),
])
def test_what_does_not_fit_is_refused_with_a_sentence(changed: dict[str, Any], words: str) -> None:
    frame, chance = customers()
    asked = {"outcome": "left", "good": "No", "terms": TERMS, "predictions": chance} | changed
    with pytest.raises(BadInput, match=words):
        decisions_of(frame, **asked)


def test_no_refused_limit_is_told_to_be_another_that_is_refused() -> None:
    """Of −1 it was said to give “0 for none”, and of 0 that this leaves no row. What is free needs no budget."""
    frame, chance = customers()
    for name, hint in (("capacity", "a whole number of rows above 0"), ("budget", "an amount above 0")):
        for limit in (-1, 0):
            with pytest.raises(BadInput) as refused:
                decisions_of(frame, "left", "No", {"value": 700.0, "contact_cost": 12.0, name: limit}, chance)
            assert f"Give {hint}, or None for no limit." in str(refused.value)
    free = decisions_of(frame, "left", "No", {"value": 700.0, "contact_cost": 0.0, "budget": 0.0}, chance)
    assert free.actions.rows == decisions_of(frame, "left", "No", {"value": 700.0, "contact_cost": 0.0}, chance).actions.rows


def test_a_seed_is_a_whole_number_wherever_it_is_asked_for() -> None:
    """3.0 passed the check of all doors and ended in most of them in a TypeError."""
    frame, _ = customers()
    frame["offer"] = np.where(np.random.default_rng(1).random(len(frame)) < 0.5, "yes", "no")
    told = [decisions_of(frame, "left", "No", Terms(value=700.0, capacity=10, seed=seed), roles={"never": ["after"]}).actions.rows
            for seed in (3, 3.0)]  # type: ignore[arg-type]
    assert told[0] == told[1]
    roles = {"never": ["after", "id"]}
    effects = [measure_uplift(frame, "left", "offer", roles, seed=seed) for seed in (3, 3.0)]  # type: ignore[arg-type]
    assert effects[0].effect == effects[1].effect
    assert segments_of(frame, "left", "No", roles, 3.0) == segments_of(frame, "left", "No", roles, 3)  # type: ignore[arg-type]
    for ask in (lambda: measure_uplift(frame, "left", "offer", roles, seed=2.5), lambda: segments_of(frame, "left", seed=True)):
        with pytest.raises(BadInput, match="“seed” is"):
            ask()
