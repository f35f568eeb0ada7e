"""The model that is asked what if where none is given: it sees what is known before the lever moves, and nothing else."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, applied, assign, find_actions
from automl_core.acting.action import Actions, Condition
from automl_core.acting.conditions import holds
from automl_core.acting.spelling import texts


def customers(rows: int = 3000) -> pd.DataFrame:
    """The offer brings 20 points, all through usage, which is measured after it; `ticket` numbers rows by what became of them."""
    random = np.random.default_rng(3)
    offer = random.random(rows) < 0.5
    usage = random.random(rows) < np.where(offer, 0.7, 0.3)
    stays = random.random(rows) < np.where(usage, 0.75, 0.25)
    return pd.DataFrame({
        "size": random.normal(50, 10, rows).round(1), "offer": np.where(offer, "yes", "no"),
        "usage": np.where(usage, "high", "low"),
        "ticket": stays + random.normal(0, 0.05, rows), "churn": np.where(stays, "No", "Yes"),
    })


@pytest.mark.parametrize("roles", [Roles(later=("usage",), id="ticket"), Roles(later=("usage", "ticket"))])
def test_what_is_measured_later_and_what_names_a_row_are_not_held_in_a_what_if(roles: Roles) -> None:
    (card,) = find_actions(customers(), "churn", "No", [Lever("offer", ("yes",))], roles, Options(value=100)).cards
    assert card.what_if == pytest.approx(-0.2, abs=0.06)
    assert card.what_if == pytest.approx(card.adjusted, abs=0.04)


def test_a_model_that_has_learned_from_what_comes_later_is_told_of() -> None:
    class Model:
        sources = ("size", "offer", "usage")

        def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
            return np.asarray(np.where(frame["usage"] == "high", 0.25, 0.75))

    def found(later: tuple[str, ...]) -> Actions:
        return find_actions(customers(), "churn", "No", [Lever("offer", ("yes",))], Roles(later=later, id="ticket"),
                            Options(value=100, model=Model()))

    (note,) = [note for note in found(("usage",)).notes if "the model has learned from it" in note]
    assert note.startswith("“usage” follows the change")
    assert not [note for note in found(()).notes if "has learned from" in note]


def test_a_date_as_a_lever_is_seen_by_the_model_that_is_asked_what_if() -> None:
    """It learned from no date, so the second of the three numbers was always 0."""
    random = np.random.default_rng(5)
    days = pd.to_datetime(["2024-05-01", "2024-05-01 12:00", "2024-07-01"], format="ISO8601")
    start = days[random.integers(0, 3, 1500)]
    stays = random.random(1500) < np.where(start == pd.Timestamp("2024-07-01"), 0.75, 0.5)
    frame = pd.DataFrame({"start": start, "size": random.normal(50, 10, 1500), "churn": np.where(stays, "No", "Yes")})
    found = find_actions(frame, "churn", "No", [Lever("start", (pd.Timestamp("2024-07-01"),))])
    made = [*found.cards, *found.patterns]
    assert {card.to_value for card in made} == {"2024-07-01"}
    assert all(card.what_if == pytest.approx(card.raw_gap, abs=0.08) for card in made)
    assert min(card.what_if for card in made) < -0.15
    whole = assign(found, frame)
    assert (whole >= 0).any()
    for row in (int(np.flatnonzero(start == day)[0]) for day in days[:2]):
        assert assign(found, frame.iloc[[row]])[0] == whole[row]
    assert (applied(found, frame)["start"][whole >= 0] == pd.Timestamp("2024-07-01")).all()


def test_a_day_is_spelled_alike_beside_moments_and_alone() -> None:
    days = pd.Series(pd.to_datetime(["2024-05-01", None, "2024-05-01 12:30"], format="ISO8601"))
    assert texts(days).tolist()[0::2] == ["2024-05-01", "2024-05-01 12:30:00"]
    assert texts(days).isna().tolist() == [False, True, False]
    assert texts(days.iloc[1:2]).isna().all()
    frame = days.to_frame("day")
    assert holds(Condition("day", ("2024-05-01",)), frame).tolist() == [True, False, False]
    assert holds(Condition("day", ("2024-05-01",)), frame.head(1)).tolist() == [True]
