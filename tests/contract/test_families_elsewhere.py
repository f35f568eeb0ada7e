"""A family from elsewhere is explained as our own are: by what it says of itself, not by its name."""
from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest

from automl_core.explaining import Past, contributions
from automl_core.explaining.reference import open_reference
from automl_core.explaining.refits import kinds_used, refits, spec_of
from automl_core.explaining.shadows import noise_floor
from automl_core.framing.problem import Task
from automl_core.search.families import families
from automl_core.search.model import Model
from tests.unit.test_explaining_routes import COLUMNS, model, table, target

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.fixture(autouse=True)
def copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the linear and of the glass-box family under names of their own."""
    for name in ("linear", "ebm"):
        monkeypatch.setitem(families().plugins, f"{name} elsewhere", replace(families().get(name), name=f"{name} elsewhere"))


def renamed(own: Model, name: str) -> Model:
    return replace(own, members=tuple(
        replace(member, family=f"{name} elsewhere") if member.family == name else member for member in own.members))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["linear", "ebm"])
def test_the_parts_of_a_sum_are_measured_against_the_rows_to_compare_with(name: str, task: Task) -> None:
    own = model(task, (name,))
    frame, _ = table()
    one, other = (contributions(made, frame.head(10), frame, 0) for made in (own, renamed(own, name)))
    np.testing.assert_array_equal(one.phi, other.phi)
    np.testing.assert_array_equal(one.base, other.base)


@pytest.mark.parametrize("task", TASKS)
def test_terms_are_added_up_in_a_blend(task: Task) -> None:
    own = model(task, ("lightgbm", "linear"))
    matrix = own.encoder.matrix(table()[0].head(40))
    one, other = (open_reference(made, matrix) for made in (own, renamed(own, "linear")))
    assert len(one.terms) == len(other.terms) == 1
    assert [member.family for member in other.dark] == ["lightgbm"]
    np.testing.assert_array_equal(one.terms[0].others, other.terms[0].others)
    assert astuple(one.terms[0].finish) == astuple(other.terms[0].finish)


def test_it_is_fitted_again_and_compared_with_shuffled_columns_alike() -> None:
    frame, raw = table()
    past = Past(frame, target("regression", raw), COLUMNS)
    own = model("regression", ("linear",))
    other = renamed(own, "linear")
    assert spec_of(other, other.members[0], ()).exact
    assert kinds_used(other) == kinds_used(own)
    for one, two in zip(refits(own, past, 60.0, fits=2), refits(other, past, 60.0, fits=2), strict=True):
        np.testing.assert_array_equal(one.model.predict_frame(frame), two.model.predict_frame(frame))
    assert noise_floor(own, past) == noise_floor(other, past)
