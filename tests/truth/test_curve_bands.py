"""Bands of curves hold what other customers would show: what hangs on the customer is known as often as there are customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining.closer_look import Curve
from automl_core.explaining.curves import curve
from automl_core.explaining.swap import open_rows
from tests.truth.explaining_data import Made
from tests.truth.test_explaining import formula_model

CUSTOMERS, EACH = 25, 40


def table(seed: int) -> pd.DataFrame:
    """The effect of x, and of the level c, is the customer's own: z, the same in all of its rows, and 0.5 on average."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(CUSTOMERS), EACH)
    return pd.DataFrame({"x": rng.uniform(-1, 1, len(who)), "z": rng.normal(0.5, 1, CUSTOMERS)[who],
                         "b": rng.integers(0, 2, len(who)).astype(float), "who": [f"c{place}" for place in who]})


def model() -> Made:
    return formula_model(lambda matrix: (matrix[:, 0] + matrix[:, 2]) * matrix[:, 1], table(0)[["x", "z", "b"]])


def told(made: Made, seed: int, name: str, method: str) -> Curve:
    frame = table(seed)
    known = replace(made.model, problem=replace(made.model.problem, group="who"))
    object.__setattr__(known, "members", made.model.members)
    return curve(open_rows(known, frame), name, np.zeros(len(frame)), method)


@pytest.mark.parametrize(("name", "method"), [("x", "ale"), ("x", "pdp"), ("b", "pdp")])
def test_bands_hold_the_truth_where_rows_are_of_few_customers(name: str, method: str) -> None:
    """Counted row by row a band held the truth in a third to a half of the tables."""
    made, runs, held = model(), 60, 0
    for seed in range(runs):
        points = told(made, seed, name, method).points
        middle = float(np.average([point.value for point in points], weights=[point.rows for point in points]))
        last = points[-1]
        held += last.low <= 0.5 * (last.value - middle) <= last.high
    assert held / runs >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / runs)


def test_one_customer_tells_nothing_of_others() -> None:
    made = model()
    frame = table(1).assign(who="c0")
    known = replace(made.model, problem=replace(made.model.problem, group="who"))
    object.__setattr__(known, "members", made.model.members)
    for method in ("ale", "pdp"):
        points = curve(open_rows(known, frame), "x", np.zeros(len(frame)), method).points
        assert np.isnan([point.low for point in points]).all()
