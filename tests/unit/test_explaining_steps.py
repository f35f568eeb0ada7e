"""What steps make of a number: what a person would write, whoever asks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import linear
from automl_core.acting.action import Lever
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, setting_of
from automl_core.acting.row_moves import moves_of
from automl_core.acting.shift import Dose, Shift, shift_scores
from automl_core.explaining import Allowed
from automl_core.explaining.steps import steps_from


def test_steps_of_a_tenth_from_three_tenths_end_at_nothing() -> None:
    """The third one was −5.6e-17 for the flip and 0 for the ways of one row."""
    lever = Allowed("x", step=-0.1)
    found = steps_from(lever, 0.3, np.array([0.0, 1.0]), 5)
    assert found.tolist() == [0.2, 0.1, 0.0, -0.1, -0.2]
    assert math.copysign(1.0, found[2]) == 1.0
    assert steps_from(lever, 0.3, np.array([0.1, np.nan])).tolist() == found.tolist()  # five wherever they end
    assert steps_from(lever, 1.0, np.array([0.1, np.nan])).tolist()[-1] == 0.1  # and more while similar rows reach as far
    moves = moves_of(Lever("x", step=-0.1, low=0.0), {"x": 0.3}, pd.DataFrame({"x": [0.0, 1.0]}))
    assert [move.value for move in moves] == found.tolist()[:3]


def test_a_share_goes_the_way_of_the_lever_or_nowhere() -> None:
    share = Allowed("x", step=0.1, relative=True)
    assert steps_from(share, 100.0, np.array([200.0]), 2).tolist() == [110.0, 120.0]
    assert steps_from(Allowed("x", step=0.1, relative=True, direction="down"), 100.0, np.array([]), 2).tolist() == [90.0, 80.0]
    assert [len(steps_from(share, here, np.array([200.0]))) for here in (0.0, -5.0)] == [0, 0]


def test_outcomes_are_asked_for_at_the_numbers_that_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row was judged at 0.3 and its outcome was asked for at 0.30000000000000004."""
    rng = np.random.default_rng(0)
    dose = rng.integers(1, 9, 200) / 10
    case = Comparison(rng.normal(size=200), np.ones(200, dtype=bool), np.ones(200, dtype=bool),
                      Covariates(rng.normal(size=(200, 1)), (), ("z",)), False)
    asked: list[float] = []
    plain = linear.standard
    monkeypatch.setattr(linear, "standard", lambda values: asked.extend(values.tolist()) or plain(values))
    setting = setting_of(case)
    asked.clear()
    made = Dose(dose, np.ones(200, dtype=bool), np.full(200, 0.5), np.zeros(200), 0.1, 1.0)
    shift_scores(setting, made, (Shift(np.full(200, 0.1), np.ones(200, dtype=bool)),))
    doses = asked[:400]  # of each row as it is and as it would be; the rest is made of these
    assert doses[:200] == dose.tolist()
    assert doses[200:] == [float(f"{one + 0.1:.6g}") for one in dose.tolist()]
