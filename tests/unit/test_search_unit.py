"""Targets far from nought, or of a tiny or huge spread: learned as well as any other, and said in their own unit."""
from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.production import load_bundle, write_bundle
from automl_core.search.codes import CodeSource, fit_codes
from automl_core.search.families import families
from automl_core.search.family import FitRequest, Fitted
from automl_core.search.feature import Feature
from automl_core.search.formula_lab import FormulaSource, fit_formulas
from automl_core.search.log_target import pays
from automl_core.search.unit import USUAL, Unit, unit_of, unit_stored
from automl_core.search.worker import FitTask, run_fit
from tests.unit.modelling import make_contract, make_model

NAMES = ("lightgbm", "xgboost", "catboost", "extra_trees", "rule", "linear", "ebm", "neural", "neighbours")
UNITS = {"far": Unit(1e9, 1.0), "tiny": Unit(3e-9, 1e-9), "huge": Unit(-5e60, 1e52)}
OPTIONS: dict[str, dict[str, Any]] = {
    "lightgbm": {"rounds": 60, "learning_rate": 0.2}, "xgboost": {"rounds": 60, "learning_rate": 0.2, "max_depth": 3},
    "catboost": {"rounds": 60, "learning_rate": 0.3, "depth": 4}, "extra_trees": {"trees": 20, "min_samples_leaf": 3},
    "ebm": {"rounds": 300, "pairs": 0}, "neural": {"epochs": 30}}
FEATURES = (Feature("x", ("x",), "number"), Feature("shop", ("shop",), "category", tuple("abcdefghijklmnop")))


def rows() -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) features, and numbers of spread 3 or so, of which 1 is noise."""
    random = np.random.default_rng(4)
    matrix = np.column_stack([random.normal(size=700), random.integers(0, 16, 700).astype(float)])
    return matrix, 3 * matrix[:, 0] + 0.1 * matrix[:, 1] + random.normal(size=700)


MATRIX, PLAIN = rows()


@cache
def fitted(name: str, unit: str, final: bool = False) -> Fitted:
    y = UNITS[unit].back(PLAIN) if unit else PLAIN
    valid = {} if final else {"valid_matrix": MATRIX[500:], "valid_y": y[500:], "stages": True}
    return families().get(name).fit(FitRequest(
        MATRIX[:500], y[:500], FEATURES, "regression", options=OPTIONS.get(name, {}), rounds=20 if final else 0, **valid))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", NAMES)
def test_it_learns_as_well_in_any_unit(name: str, unit: str) -> None:
    """1e9 + 3 x + noise had labels that were all the same in 32 bits, and a spread of 1e-9 was none to trees."""
    family, given = families().get(name), UNITS[unit]
    usual, found = fitted(name, ""), fitted(name, unit)
    error = np.sqrt(np.mean(np.square(family.predict(usual.native, MATRIX[500:]) - PLAIN[500:])))
    said = family.predict(found.native, MATRIX[500:])
    again = (said - given.middle) / given.spread
    assert np.sqrt(np.mean(np.square(again - PLAIN[500:]))) < 1.05 * error
    stored = family.load(family.save(found.native))
    np.testing.assert_array_equal(family.predict(stored, MATRIX[500:]), said)
    for place in range(5):
        far = abs(family.predict_row(stored, MATRIX[500 + place]) - said[place])
        assert far <= 1e-6 * given.spread + 1e-12 * abs(said[place])
    if family.contributions is not None:
        phi, base = family.contributions(stored, MATRIX[500:])
        told = (base - given.middle + phi.sum(axis=1)) / given.spread
        np.testing.assert_allclose(told, again, atol=1e-5)
    if found.stages is not None:
        last = (found.stages.predictions[found.stages.rounds.index(max(
            stage for stage in found.stages.rounds if stage <= found.rounds))] - given.middle) / given.spread
        assert np.sqrt(np.mean(np.square(last - PLAIN[500:]))) < 1.2 * error


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_numbers_are_learned_as_they_are(name: str) -> None:
    found = fitted(name, "")
    assert found.stages is None or found.stages.predictions.dtype == np.float32
    assert getattr(found.native, "unit", USUAL) == USUAL
    assert getattr(found.native, "value", np.zeros(0, dtype=np.float32)).dtype == np.float32


@pytest.mark.parametrize(("y", "usual"), [
    (PLAIN, True), (2000 + 10 * PLAIN, True), (1e5 * (30 + PLAIN), True), (0.01 * PLAIN, True), (np.full(9, 0.1) + 1e-17, True),
    (np.exp(3 * PLAIN), True), (1e9 + PLAIN, False), (1e-6 * PLAIN, False), (1e15 * PLAIN, False), (np.zeros(0), True)])
def test_only_numbers_that_do_not_suit_are_turned(y: np.ndarray, usual: bool) -> None:
    unit = unit_of(y)
    assert unit.usual == usual
    np.testing.assert_allclose(unit.back(unit.into(y)), y, rtol=1e-12)
    assert usual or 0.7 < np.std(unit.into(y)) < 1.5
    assert unit_stored(json.loads(json.dumps(unit.stored))) == unit
    phi = np.array([[0.5, -0.25]])
    parts, base = unit.contributions(phi, 2.0)
    np.testing.assert_allclose(base + parts.sum(axis=1), unit.back(2.0 + phi.sum(axis=1)), rtol=1e-12)


def test_one_odd_row_moves_no_other() -> None:
    """The middle is the median's, and nought where nought is near: what the other rows say is kept."""
    unit = unit_of(np.append(PLAIN, 1e18))
    assert (unit.middle, unit.spread > 1e12) == (0.0, True)
    np.testing.assert_allclose(unit.back(unit.into(PLAIN).astype(np.float32).astype(float)), PLAIN, rtol=1e-6)


def test_quantiles_and_means_of_several_fits_are_in_its_own_unit() -> None:
    for name in ("lightgbm", "xgboost", "catboost", "rule", "linear"):
        family, y = families().get(name), 1e9 + PLAIN
        request = FitRequest(MATRIX, y, FEATURES, "regression", rounds=40, bags=2,
                             options={**OPTIONS.get(name, {}), "loss": "quantile", "alpha": 0.8})
        said = family.predict(family.fit(request).native, MATRIX)
        assert np.mean(y <= said) == pytest.approx(0.8, abs=0.06), name


def test_a_fit_of_the_search_keeps_all_digits() -> None:
    given = {"matrix": MATRIX, "y": 1e9 + PLAIN, "train0": np.arange(700) < 500, "valid0": np.arange(700) >= 500}
    for name in ("lightgbm", "linear"):
        task = FitTask(name, name, OPTIONS.get(name, {}), 0, FEATURES, "regression", 2, 4e9)
        result = run_fit(given, task)
        assert not result.error
        assert result.stages is not None
        for said in (result.prediction, result.stages.predictions[-1]):
            assert np.sqrt(np.mean(np.square(said - given["y"][500:]))) < 1.4


def test_what_is_learned_with_the_target_keeps_its_digits_in_32_bits() -> None:
    source = CodeSource(MATRIX, FEATURES, {}, 1e9 + PLAIN, "regression")
    found, plain = (fit_codes(replace(source, y=y), np.arange(700), 0).values.astype(np.float32)[:, 0]
                    for y in (source.y, PLAIN))
    assert np.corrcoef(found, plain)[0, 1] > 0.999
    assert not pays(1e9 + np.exp(PLAIN))
    assert pays(np.exp(PLAIN))
    formed = fit_formulas(FormulaSource(MATRIX, FEATURES, source.y, "regression"), np.arange(700), 0, kept=np.float32)
    usual = fit_formulas(FormulaSource(MATRIX, FEATURES, PLAIN, "regression"), np.arange(700), 0, kept=np.float32)
    assert len(formed.formulas.items) == len(usual.formulas.items)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "rule"])
def test_a_bundle_says_what_the_model_says(name: str, tmp_path: Path) -> None:
    """Programs of before, which would leave a unit out, do not open it."""
    model, table = make_model("regression", (name,))
    matrix, y = model.encoder.matrix(table.frame), 1e9 + table.frame["value"].to_numpy(dtype=np.float64)
    native = families().get(name).fit(FitRequest(matrix, y, model.encoder.features, "regression", rounds=30)).native
    there = replace(model, members=(replace(model.members[0], native=native),))
    write_bundle(tmp_path / "m.zip", there, make_contract(there, table), "", {})
    found = load_bundle(tmp_path / "m.zip").model
    said = found.predict_frame(table.frame)
    np.testing.assert_array_equal(said, there.predict_frame(table.frame))
    assert np.corrcoef(said, y)[0, 1] > 0.6  # a rule has four answers
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        written = json.loads(archive.read("manifest.json"))["format"]
    assert written == {"xgboost": 6, "catboost": 6, "rule": 7}.get(name, 4)  # a rule tells low numbers from missing ones
