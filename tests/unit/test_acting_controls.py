"""Outcomes that no lever can change: a card whose lever seems to, goes by something that is not recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Options,
    Roles,
    find_actions,
)
from automl_core.acting.action import Lever
from automl_core.acting.controls import ControlsAsked, controls_of, moved_control, unmoved_notes
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, Effect
from automl_core.acting.grading import Evidence, grade


@pytest.mark.parametrize("seen", [False, True])
def test_what_no_lever_can_change_gives_a_hidden_factor_away(seen: bool) -> None:
    """Who was steady got the offer, stayed this year and stayed last year. Where it is not recorded who is, the offer seems to
    have kept people last year, before it was made; where it is, it does not."""
    rng = np.random.default_rng(6)
    rows = 2000
    steady, age = rng.normal(size=rows), rng.normal(size=rows)
    new = rng.random(rows) < 1 / (1 + np.exp(-steady - 0.5 * age))
    y, last = (rng.random(rows) < np.clip(0.45 - 0.1 * steady - 0.25 * effect, 0.02, 0.98) for effect in (new, 0))
    frame = pd.DataFrame({"offer": np.where(new, "new", "old"), "age": age})
    frame = frame.assign(y=np.where(y, "Yes", "No"), last=np.where(last, "Yes", "No"), **({"steady": steady} if seen else {}))
    lever = Lever("offer", ("new",), cost=1.0)
    found = find_actions(frame, "y", "No", [lever], Roles(negative_control=("last",)), Options(100.0))
    assert found.cards
    for card in found.cards:
        assert "last" not in card.names
        assert any("It seems to change “last”, too" in reason for reason in card.reasons) == (not seen)
        assert seen or card.grade == "C"
    assert ("No card here was seen to change “last”, as none can." in found.notes) == seen
    unasked = find_actions(frame, "y", "No", [lever], Roles(never=("last",)), Options(100.0))
    assert not [note for note in unasked.notes if "as none can" in note]


def test_what_could_not_be_compared_is_not_said_to_be_unmoved() -> None:
    """One control that can be asked, one that is always the same, and one that is known of 40 rows with the offer alone."""
    rng = np.random.default_rng(7)
    x, new, rows = rng.normal(size=1500), rng.random(1500) < 0.5, 1500
    y = np.where(rng.random(rows) < 0.5 - 0.25 * new, "Yes", "No")
    seldom = np.where(np.cumsum(new) <= 40, rng.normal(size=rows), np.nan) * np.where(new, 1.0, np.nan)
    frame = pd.DataFrame({"offer": np.where(new, "new", "old"), "x": x, "y": y, "before": rng.normal(size=rows), "same": 0.0,
                          "seldom": seldom})  # fmt: skip
    names = ("before", "same", "seldom")
    found = find_actions(frame, "y", "No", [Lever("offer", ("new",))], Roles(negative_control=names))
    assert found.cards
    assert "No card here was seen to change “before”, as none can." in found.notes
    assert "Whether each card seems to change “same” or “seldom” could not be asked" in " ".join(found.notes)
    moved = (ControlsAsked("same", names),)
    assert unmoved_notes(names, ()) == unmoved_notes((), (ControlsAsked(),)) == unmoved_notes(names, moved) == ()
    assert len(unmoved_notes(("same",), (ControlsAsked("", ("same",)), ControlsAsked()))) == 1


def test_a_card_of_an_experiment_that_moves_what_it_cannot_is_no_a() -> None:
    effect = Effect(-0.2, -0.3, -0.1, 1e-6, 0.05, -0.2, 1.0, np.ones(9, dtype=bool), 5, 0.2, 4.0, 900)
    sound = Evidence(effect, 1e-6, True, True, randomised=True, placebo=True)
    assert grade(sound)[0] == "A"
    letter, reasons = grade(replace(sound, control="last"))
    assert (letter, len(reasons)) == ("C", 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["category", "number"])
def test_a_control_that_chance_moves_is_named_in_few_cases(kind: str) -> None:
    """Of sixteen tables without a hidden factor, each with two controls."""
    named = 0
    for seed in range(16):
        rng = np.random.default_rng((41, seed))
        x = rng.normal(size=(500, 2))
        dose = x[:, 0] + rng.normal(size=500)
        frame = pd.DataFrame({"n": x[:, 0] + rng.normal(size=500), "t": np.where(x[:, 0] + rng.normal(size=500) > 0, "a", "b")})
        new, known = dose > 0, np.ones(500, dtype=bool)
        case = Comparison(np.zeros(500), ~new, new, Covariates(x, (), ("p", "q")), False, seed=seed)
        if kind == "number":
            case = replace(case, old=known, new=known, dose=dose, step=np.full(500, 0.3))
        named += moved_control(case, controls_of(frame, ("n", "t"))).moved != ""
        hidden = replace(case, covariates=case.covariates.only("q"))
        assert moved_control(hidden, controls_of(frame, ("n", "t"))).moved == "n"
    assert named <= 3
