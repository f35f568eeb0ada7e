"""Every route adds up in display units and is the value it claims to be: closed forms, enumeration, the library's own."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import contributions, explain, explain_row, pick_background
from automl_core.explaining.contributions import explained_class, shown
from automl_core.explaining.reference import paired
from automl_core.explaining.routes import exact, exact_together
from automl_core.framing.problem import Problem, Task
from automl_core.search import model as model_module
from automl_core.search.calibration import Calibration
from automl_core.search.codes import CodeSource, fit_codes
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.features import fit_encoder, with_codes
from automl_core.search.formulas import Formula, Formulas
from automl_core.search.log_target import to_log
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score

COLUMNS = (Column("a", "float", "number"), Column("b", "float", "number"), Column("c", "text", "category"),
           Column("d", "date", "date"), Column("e", "float", "number"), Column("y", "text", "category"))
PROBLEMS: dict[Task, Problem] = {
    "binary": Problem("y", "binary", "log_loss", ("No", "Yes"), "Yes"),
    "multiclass": Problem("y", "multiclass", "log_loss", ("a", "b", "c")),
    "regression": Problem("y", "regression", "rmse"),
}
ROUNDS = {"neural": 3}
OPTIONS: dict[str, dict[str, Any]] = {"extra_trees": {"trees": 10}, "random_forest": {"trees": 10}, "ebm": {"pairs": 2}}


def table(rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "a": np.where(rng.random(rows) < 0.1, math.nan, rng.normal(size=rows)), "b": rng.normal(size=rows),
        "c": pd.Series(rng.choice([f"l{n}" for n in range(14)], rows)).astype("str"),
        "d": pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), "D")).astype("datetime64[us]"),
        "e": rng.normal(size=rows)})
    level = frame["c"].str[1:].astype(int).to_numpy()
    raw = 1.5 * frame["a"].fillna(0) + frame["b"] * (level > 6) + 0.1 * level - 0.8 + rng.normal(size=rows) / 2
    return frame, raw.to_numpy()


def target(task: Task, raw: np.ndarray) -> np.ndarray:
    if task == "binary":
        return (raw > 0).astype(float)
    return np.digitize(raw, [-0.5, 1.0]).astype(float) if task == "multiclass" else np.exp(raw)


@cache
def model(task: Task, members: tuple[str, ...], logs: bool = False, learned: bool = False, bags: int = 1) -> Model:
    frame, raw = table()
    y = target(task, raw)
    encoder = fit_encoder(frame, COLUMNS[:-1], PROBLEMS[task])
    formulas = Formulas()
    classes = 3 if task == "multiclass" else 2
    if learned:
        plain = encoder.matrix(frame)
        coded = fit_codes(CodeSource(plain, encoder.features, {}, y, task, classes, PROBLEMS[task].classes), np.arange(len(y)))
        encoder = with_codes(encoder, coded.codes, coded.features)
        formulas = Formulas((Formula("product", (0, 1), Feature("a × b", ("a", "b"), "number")),))
    whole = np.hstack([encoder.matrix(frame), formulas.columns(encoder.matrix(frame))])
    made = []
    for name in members:
        request = FitRequest(whole, to_log(y) if logs else y, (*encoder.features, *formulas.features), task, classes,
                             OPTIONS.get(name, {}), rounds=ROUNDS.get(name, 15), bags=bags)
        native = families().get(name).fit(request).native
        made.append(Member(name, name, 1 / len(members), native, (), logs, 1.1 if logs else 1.0))
    return Model(PROBLEMS[task], COLUMNS, COLUMNS, Recipe(), encoder, tuple(made), Score(0.8, 0.7, 0.9), formulas=formulas)


def check(made_model: Model) -> None:
    frame = table()[0].head(15)
    made = contributions(made_model, frame, table()[0], 0)
    np.testing.assert_allclose(made.base + made.phi.sum(axis=1), made.prediction, atol=1e-6)
    scale = 1.0 if made_model.problem.task == "regression" else 100.0
    said = scale * shown(made_model, made_model.predict_frame(frame), explained_class(made_model))
    np.testing.assert_allclose(made.prediction, said, atol=1e-9)
    assert np.isfinite(made.phi).all()
    row = explain_row(made_model, frame.iloc[3].to_dict(), pick_background(made_model, table()[0]))
    assert row.base + sum(part.amount for part in row.contributions) == pytest.approx(row.prediction, abs=1e-6)
    assert row.prediction == pytest.approx(made.prediction[3], abs=1e-6)


FAMILIES = [name for name in ("lightgbm", "catboost", "xgboost", "linear", "ebm", "random_forest", "extra_trees", "neural",
                              "neighbours", "rule") if name in families().plugins]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_adds_up(family: str, task: Task) -> None:
    if task not in families().get(family).tasks:
        pytest.skip("not for this task")
    check(model(task, (family,)))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("members", [("lightgbm", "linear"), ("catboost", "extra_trees", "linear")])
def test_every_blend_adds_up(members: tuple[str, ...], task: Task) -> None:
    check(model(task, members))


def test_logarithms_bags_codes_formulas_and_calibration_add_up() -> None:
    check(model("regression", ("lightgbm",), logs=True))
    check(model("regression", ("lightgbm", "linear"), logs=True))
    check(model("regression", ("linear",), logs=True))
    check(model("binary", ("lightgbm",), bags=3))
    check(model("binary", ("lightgbm",), learned=True))
    check(model("binary", ("linear", "lightgbm"), learned=True))
    check(model("multiclass", ("catboost",), learned=True))
    check(replace(model("binary", ("lightgbm",)), calibration=Calibration(0.7, 0.3)))
    check(replace(model("binary", ("lightgbm", "linear")), calibration=Calibration(0.7, 0.3)))
    check(replace(model("multiclass", ("lightgbm",)), calibration=Calibration(1.4)))


def test_logarithms_take_the_exact_route() -> None:
    for family in ("lightgbm", "linear"):
        made = model("regression", (family,), logs=True)
        assert exact(made, made.encoder.matrix(table()[0].head(5))) is not None


def test_more_processors_than_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are dealt out to threads; a part without any would stop a library."""
    made = model("binary", ("lightgbm",))
    rows = made.encoder.matrix(table()[0].head(30))
    once = exact_together(made, rows)
    monkeypatch.setattr("automl_core.explaining.routes.os.cpu_count", lambda: 64)
    many = exact_together(made, rows)
    assert once is not None
    assert many is not None
    np.testing.assert_array_equal(once.phi, many.phi)


def test_linear_is_the_closed_form_against_the_mean() -> None:
    frame, _ = table()
    for task in ("binary", "regression"):
        made = model(task, ("linear",))
        matrix, reference = made.encoder.matrix(frame.head(30)), made.encoder.matrix(frame.tail(100))
        found = exact(made, matrix, reference)
        assert found is not None
        contribute = made.members[0].kind.contributions
        assert contribute is not None
        parts, start = contribute(made.members[0].native, matrix)
        others, _ = contribute(made.members[0].native, reference)
        centred = parts - others.mean(axis=0)
        masks = [[feature.sources == (name,) for feature in made.features] for name in made.sources]
        by_column = np.column_stack([centred[:, mask].sum(axis=1) for mask in masks])
        np.testing.assert_allclose(found.phi, by_column, atol=1e-9)
        raw = start + others.sum(axis=1).mean()
        assert float(found.base) == pytest.approx(float(raw))
        mean = exact(made, reference, reference)
        assert mean is not None
        np.testing.assert_allclose(mean.phi.mean(axis=0), 0, atol=1e-9)


def test_one_hot_sum_is_the_native_block() -> None:
    """A linear model's one-hot columns of one source, added up, are what the source's block adds to the raw score."""
    frame, _ = table()
    made = model("binary", ("linear",))
    matrix, reference = made.encoder.matrix(frame.head(30)), made.encoder.matrix(frame.tail(100))
    found = exact(made, matrix, reference)
    assert found is not None
    place = made.sources.index("c")
    spot = [n for n, feature in enumerate(made.features) if feature.sources == ("c",)]

    def raw(part: np.ndarray) -> np.ndarray:
        p = made.predict_matrix(part)
        return np.log(p / (1 - p))

    for row in range(5):
        swapped = np.repeat(matrix[row : row + 1], len(reference), axis=0)
        swapped[:, spot] = reference[:, spot]
        assert found.phi[row, place] == pytest.approx(float((raw(matrix[row : row + 1]) - raw(swapped)).mean()), abs=1e-6)


def enumerated(made: Model, row: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Exact interventional Shapley values of the shown prediction by all coalitions of source columns."""
    spots = [np.flatnonzero([f.sources == (name,) for f in made.encoder.features]) for name in made.sources]
    place, d = explained_class(made), len(spots)
    coalitions = [frozenset(chosen) for size in range(d + 1) for chosen in combinations(range(d), size)]
    mixed = np.tile(background, (len(coalitions), 1, 1))
    for part, coalition in zip(mixed, coalitions, strict=True):
        for column in coalition:
            part[:, spots[column]] = row[spots[column]]
    told = shown(made, made.predict_matrix(mixed.reshape(-1, background.shape[1])), place)
    value = dict(zip(coalitions, told.reshape(len(coalitions), -1).mean(axis=1).tolist(), strict=True))
    phi = np.zeros(d)
    for column in range(d):
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            for coalition in combinations([other for other in range(d) if other != column], size):
                phi[column] += weight * (value[frozenset((*coalition, column))] - value[frozenset(coalition)])
    return phi


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_blends_agree_with_enumeration(task: Task) -> None:
    frame, _ = table()
    made = model(task, ("lightgbm", "linear"))
    background = pick_background(made, frame)
    picked = frame.iloc[:40]
    truth = 100 * np.array([enumerated(made, row, made.encoder.matrix(background)) for row in made.encoder.matrix(picked)])
    found = contributions(made, picked, background, 0)
    share = np.abs(found.phi).mean(axis=0) / np.abs(found.phi).mean(axis=0).sum()
    wanted = np.abs(truth).mean(axis=0) / np.abs(truth).mean(axis=0).sum()
    assert np.abs(share - wanted).max() < 0.02
    for number in range(5):
        one = {part.column: part.amount for part in explain_row(made, picked.iloc[number].to_dict(), background).contributions}
        told = np.array([one[name] for name in made.sources])
        assert np.abs(told - truth[number]).sum() < 0.02 * np.abs(truth[number]).sum()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_many_rows_are_predicted_in_threads_as_few_are(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    made = model(task, ("lightgbm", "catboost", "xgboost", "linear", "ebm", "extra_trees", "neural"))
    matrix = np.tile(made.encoder.matrix(table()[0]), (30, 1))
    alone = made.predict_matrix(matrix)
    monkeypatch.setattr(model_module, "MANY_ROWS", 100)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    np.testing.assert_allclose(made.predict_matrix(matrix), alone, rtol=1e-12)


def test_one_row_of_a_wide_blend_is_near_enumeration() -> None:
    """Paired orders against all coalitions of seven columns, as they are used for blends of more than eight."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(1000, 7)), columns=list("abcdefg"))
    columns = tuple(Column(name, "float", "number") for name in frame)
    encoder = fit_encoder(frame, columns, PROBLEMS["binary"])
    matrix = encoder.matrix(frame)
    y = (matrix[:, :4].sum(axis=1) + matrix[:, 0] * matrix[:, 1] / 2 + generator.logistic(size=1000) > 0).astype(float)
    members = []
    for name in ("lightgbm", "linear"):
        native = families().get(name).fit(FitRequest(matrix, y, encoder.features, "binary", rounds=60)).native
        members.append(Member(name, name, 0.5, native))
    made = Model(PROBLEMS["binary"], columns, columns, Recipe(), encoder, tuple(members), Score(0.8, 0.7, 0.9))
    background = matrix[:100]
    apart = []
    for place in range(200, 212):
        truth = enumerated(made, matrix[place], background)
        found = paired(made, matrix[place : place + 1], background, 400, 0)
        assert float(found.base) + found.phi.sum() == pytest.approx(float(made.predict_matrix(matrix[place : place + 1])[0]))
        apart.append(np.abs(found.phi[0] - truth).sum() / np.abs(truth).sum())
    assert np.mean(apart) <= 0.02


def test_twins_get_the_same() -> None:
    """A blend that takes two columns alike: with the same values in both their parts are equal, and a dummy gets nothing."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=300)
    frame = pd.DataFrame({"a": a, "b": rng.permutation(a), "dummy": np.zeros(300)})
    columns = tuple(Column(name, "float", "number") for name in frame)
    encoder = fit_encoder(frame, columns, PROBLEMS["binary"])
    matrix = encoder.matrix(frame)
    y = (matrix[:, 0] + matrix[:, 1] > 0).astype(float)
    family = families().get("lightgbm")
    native = family.fit(FitRequest(matrix, y, encoder.features, "binary", rounds=20)).native
    members = tuple(Member("lightgbm", "x", 0.5, native, inputs) for inputs in ((0, 1, 2), (1, 0, 2)))
    made = Model(PROBLEMS["binary"], columns, columns, Recipe(), encoder, members, Score(0.8, 0.7, 0.9))
    twins = frame.assign(b=frame["a"])
    for place in range(5):
        parts = {part.column: part.amount for part in explain_row(made, twins.iloc[place].to_dict(), twins).contributions}
        assert parts["a"] == pytest.approx(parts["b"], abs=1e-9)
        assert parts["dummy"] == pytest.approx(0, abs=1e-9)
    many = contributions(made, twins, twins, 0)
    assert abs(float((many.phi[:, 0] - many.phi[:, 1]).mean())) < 0.02 * float(np.abs(many.phi).mean(axis=0).max())
    assert np.abs(many.phi[:, 2]).max() < 1e-9 + 0.02 * np.abs(many.phi).max()


def test_equal_to_the_shap_library_on_lightgbm() -> None:
    shap = pytest.importorskip("shap")
    import lightgbm

    frame, raw = table()
    columns = tuple(column for column in COLUMNS if column.name in ("a", "b", "e"))
    encoder = fit_encoder(frame, columns, PROBLEMS["binary"])
    matrix, y = encoder.matrix(frame), (raw > 0).astype(float)
    family = families().get("lightgbm")
    native = family.fit(FitRequest(matrix, y, encoder.features, "binary", rounds=40)).native
    made = Model(PROBLEMS["binary"], columns, columns, Recipe(), encoder, (Member("lightgbm", "x", 1.0, native),), Score(0, 0, 0))
    found = exact(made, matrix[:100])
    assert found is not None
    assert isinstance(native.boosters[0], lightgbm.Booster)
    values = shap.TreeExplainer(native.boosters[0]).shap_values(matrix[:100])
    values = values[1] if isinstance(values, list) else values
    np.testing.assert_allclose(found.phi, values, atol=1e-6)


def test_empty_and_odd_tables() -> None:
    """A class that is alone, columns without values, booleans as text, one row: an explanation, never an exception."""
    made = model("binary", ("lightgbm",))
    frame, raw = table()
    odd = frame.head(30).assign(a=math.nan, d=pd.NaT)
    odd["d"] = odd["d"].astype("datetime64[us]")
    for part, y in ((frame.head(1), np.ones(1)), (odd, np.ones(30)), (frame.head(50), np.full(50, math.nan))):
        explained = explain(made, part.reset_index(drop=True), y, 0)
        assert sum(item.share for item in explained.importance) == pytest.approx(1) or len(part) == 1
    assert len(raw)
