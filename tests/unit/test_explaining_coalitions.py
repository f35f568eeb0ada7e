"""One row of up to eight columns: parts without chance, as plain enumeration has them, and trees that need not be asked."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import coalitions, fixed_row_care, open_reference, pick_background, row_care
from automl_core.explaining.coalitions import enumerated
from automl_core.explaining.contributions import of_row
from automl_core.explaining.reference import Reference
from automl_core.explaining.standing import met_wood
from automl_core.framing.problem import Task
from automl_core.search.calibration import Calibration
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.features import fit_encoder
from automl_core.search.formulas import Formula, Formulas
from automl_core.search.log_target import to_log
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score
from tests.unit.test_explaining_routes import PROBLEMS, model, table
from tests.unit.test_explaining_routes import enumerated as plain_enumeration

TREES = [name for name in ("lightgbm", "xgboost", "extra_trees", "random_forest", "ordered") if name in families().plugins]


def asked_for_all(made: Model, row: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The same by predictions of the whole model alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coalitions, "met_wood", lambda model, member: None)
        return enumerated(made, row, others).phi


def check(made: Model, rows: int = 3, others: int = 20) -> None:
    """All columns' parts against predictions of all mixtures, and for two classes against another program of them."""
    matrix = made.encoder.matrix(table()[0])
    for place in range(rows):
        row, against = matrix[place : place + 1], matrix[-others:]
        found = enumerated(made, row, against)
        truth = asked_for_all(made, row, against)
        np.testing.assert_allclose(found.phi, truth, atol=2e-6 * float(np.abs(truth).max()))
        if made.problem.task == "binary":
            np.testing.assert_allclose(found.phi[0], plain_enumeration(made, row[0], against), atol=1e-6)
        np.testing.assert_allclose(found.base + found.phi.sum(axis=1), made.predict_matrix(row), atol=1e-12)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", TREES)
def test_what_trees_say_of_mixtures_is_what_they_predict(family: str, task: Task) -> None:
    """Missing numbers, dates of several features and levels that are asked for as sets, in every kind of tree."""
    if task not in families().get(family).tasks:
        pytest.skip("not for this task")
    made = model(task, (family,))
    assert (met_wood(made, made.members[0]) is None) == (family == "ordered")
    check(made)


def test_blends_bags_logarithms_codes_formulas_and_calibration() -> None:
    every = ("lightgbm", "xgboost", "extra_trees", "linear", "catboost")
    check(replace(model("binary", every), calibration=Calibration(0.6, 0.4)))
    check(replace(model("multiclass", ("lightgbm", "extra_trees")), calibration=Calibration(1.4)))
    check(model("binary", ("lightgbm",), bags=3))
    check(model("regression", ("lightgbm", "extra_trees"), logs=True))
    joined = model("binary", ("lightgbm", "extra_trees"), learned=True)
    assert any(len(feature.sources) == 2 for feature in joined.features)  # a cut on it hangs on two columns at once
    assert all(met_wood(joined, member) for member in joined.members)
    check(joined)


def wide(task: Task, names: tuple[str, ...], rounds: int = 40) -> tuple[Model, np.ndarray]:
    """Eight columns of 1,500 rows, two of them levels, and a formula of two columns; members see different features."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1_500, 6)), columns=list("abcdef"))
    frame["g"], frame["h"] = rng.choice(list("uvwxyz"), 1_500), rng.choice(list("mno"), 1_500)
    frame.loc[rng.random(1_500) < 0.1, "a"] = math.nan
    columns = tuple(Column(name, "float", "number") if name in "abcdef" else Column(name, "text", "category") for name in frame)
    encoder = fit_encoder(frame, columns, PROBLEMS[task])
    matrix = encoder.matrix(frame)
    raw = np.nan_to_num(matrix[:, 0]) + matrix[:, 1] * matrix[:, 2] + np.sin(2 * matrix[:, 3]) + rng.logistic(size=1_500)
    y = (raw > 0).astype(float) if task == "binary" else to_log(np.exp(raw))
    formulas = Formulas((Formula("product", (1, 2), Feature("b × c", ("b", "c"), "number")),))
    whole = np.hstack([matrix, formulas.columns(matrix)])
    features, members = (*encoder.features, *formulas.features), []
    for place, name in enumerate(names):
        seen = tuple(range(len(features) - place % 2))
        request = FitRequest(whole[:, seen], y, tuple(features[one] for one in seen), task, rounds=rounds, seed=place)
        native = families().get(name).fit(request).native
        logs = task == "regression"
        members.append(Member(name, name, 1 / len(names), native, seen, logs, 1.2 if logs else 1.0))
    made = Model(PROBLEMS[task], columns, columns, Recipe(), encoder, tuple(members), Score(0.8, 0.7, 0.9), formulas=formulas)
    return made, matrix


@pytest.mark.parametrize(("task", "names"), [
    ("binary", ("lightgbm", "lightgbm", "extra_trees", "linear")), ("regression", ("extra_trees", "random_forest")),
    ("regression", ("lightgbm", "catboost", "linear"))])
def test_one_row_of_eight_columns_is_the_enumeration(
    task: Task, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a page explains it, where the clock allows, and as the command does, whatever the clock says; 2 % were asked."""
    made, matrix = wide(task, names)
    if task == "binary":
        made = replace(made, calibration=Calibration(0.8, 0.1))
    reference = open_reference(made, matrix[-100:])
    assert reference.every < math.inf
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: made.enumerable)  # however busy this machine is
    assert row_care(reference) == fixed_row_care(reference)
    found = of_row(made, matrix[:1], reference)
    truth = asked_for_all(made, matrix[:1], reference.matrix) * (100 if task == "binary" else 1)
    np.testing.assert_allclose(found.phi, truth, atol=1e-6 * float(np.abs(truth).max()))
    assert float(found.doubt[0]) == 0


def test_where_all_coalitions_would_take_long_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then orders are drawn, and the row tells how far off that is."""
    made, matrix = wide("binary", ("lightgbm", "linear"), rounds=10)
    monkeypatch.setattr("automl_core.explaining.reference.seconds_unmet", lambda *arguments: 1.0)
    reference = open_reference(made, matrix[-100:])
    assert reference.every == math.inf
    assert row_care(reference).rounds > 0
    assert float(of_row(made, matrix[:1], reference).doubt[0]) > 0


def test_the_rows_compared_with_have_the_mean_of_all_whatever_the_seed() -> None:
    """Of skewed numbers it strayed by 6 % from seed to seed, and a row was told to lie just below a base that is far above it."""
    made, frame = model("regression", ("linear",), logs=True), table(6_000, 5)[0]
    truth = float(made.predict_frame(frame).mean())
    means = [float(made.predict_frame(pick_background(made, frame, seed)).mean()) for seed in range(8)]
    assert max(abs(mean / truth - 1) for mean in means) < 0.06, means
    assert float(np.std(means)) / truth < 0.035
