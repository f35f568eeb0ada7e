"""Gaps in a number: forests use the column whatever its unit, and take no small number for a missing one."""
from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.production import load_bundle, write_bundle
from automl_core.search import forest
from automl_core.search.families import families
from automl_core.search.family import FitRequest, Fitted
from automl_core.search.feature import Feature
from tests.unit.modelling import make_contract, make_model
from tests.unit.test_search_unit import OPTIONS

UNITS = {"years": (1950.0, 64.0), "days": (19_500.0, 512.0), "rates": (0.0, 1 / 16), "parts of a thousand": (1e-3, 2.0**-10),
         "balances": (-(2.0**20), 2.0**21)}


def fit(name: str, matrix: np.ndarray, y: np.ndarray, task: Any = "regression") -> Fitted:
    features = tuple(Feature(f"x{number}", (f"x{number}",), "number") for number in range(matrix.shape[1]))
    return families().get(name).fit(FitRequest(matrix, y, features, task, options=OPTIONS.get(name, {})))


def shares(rows: int, seed: int, telling: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 3) numbers from 0 to 1; the first says what comes of it and has gaps, which tell nothing unless `telling`."""
    random = np.random.default_rng(seed)
    matrix = random.integers(0, 1025, (rows, 3)) / 1024
    y = np.sin(6 * matrix[:, 0]) + 0.3 * random.normal(size=rows)
    gaps = random.random(rows) < 0.05
    matrix[gaps, 0] = np.nan
    return matrix, np.where(gaps & telling, 3.0, y)


def error(unit: tuple[float, float], telling: bool) -> float:
    (matrix, y), (new, truth) = shares(800, 1, telling), shares(2_000, 2, telling)
    found = fit("extra_trees", unit[0] + unit[1] * matrix, y).native
    return float(np.sqrt(np.mean(np.square(families().get("extra_trees").predict(found, unit[0] + unit[1] * new) - truth))))


@pytest.mark.parametrize("telling", [False, True])
@pytest.mark.parametrize("unit", UNITS)
def test_a_forest_uses_a_number_with_gaps_in_any_unit(unit: str, telling: bool) -> None:
    """Of the cuts of a year with one gap 3 in 100 fell among the years, for gaps lay at -1."""
    usual = error((0.0, 1.0), telling)
    assert error(UNITS[unit], telling) == pytest.approx(usual, rel=0.01)
    assert usual < 0.5


@pytest.mark.parametrize("name", ["extra_trees", "random_forest", "rule"])
@pytest.mark.parametrize("start", [0.0, -5.0, 1e-9, 1e9, -3e38])
def test_what_is_below_all_numbers_is_not_missing(name: str, start: float) -> None:
    """A balance of -50, where all were from 0 on, was answered as a missing one."""
    random = np.random.default_rng(3)
    matrix = np.column_stack([start + max(abs(start), 1.0) * random.random(1_000), random.random(1_000)])
    matrix[::10, 0] = np.nan
    y = (random.random(1_000) < np.where(np.isnan(matrix[:, 0]), 0.9, 0.1)).astype(float)
    family, found = families().get(name), fit(name, matrix, y, "binary").native
    least, missing = float(np.nanmin(matrix[:, 0])), np.array([[np.nan, 0.5]])
    lower = np.array([[least - max(1.0, abs(least) / 20) * 50 ** (start > -1e38), 0.5]])
    said = family.predict(found, lower)
    assert said == family.predict(found, np.array([[least, 0.5]]))
    assert said < 0.5 < family.predict(found, missing) or name == "extra_trees"
    assert family.predict_row(found, lower) == pytest.approx(said[0], abs=1e-9)
    np.testing.assert_array_equal(family.predict(family.load(family.save(found)), lower), said)


def test_forests_of_before_answer_as_they_did_and_programs_of_before_refuse_new_ones(tmp_path: Path) -> None:
    """Bundles of forests that know of no lowest number stay as they are; with one they have format 7."""
    model, table = make_model("binary", ("extra_trees",))
    member, contract = model.members[0], make_contract(model, table)
    family, matrix = member.kind, np.full((3, len(model.features)), -50.0)
    matrix[1:] = np.random.default_rng(0).random((2, len(model.features)))
    before = replace(member.native, lowest=None, stored=b"")
    assert all(b"lowest" not in content for content in family.save(before).values())
    for native, known in ((before, forest.filled(matrix, before.fill)), (member.native, member.native.sees(matrix))):
        again = family.load(family.save(native))
        np.testing.assert_array_equal(again.sees(matrix), known)
        path = tmp_path / "model.zip"
        write_bundle(path, replace(model, members=(replace(member, native=native),)), contract, "# Card", {})
        with zipfile.ZipFile(path) as archive:
            assert json.loads(archive.read("manifest.json"))["format"] == (7 if native is member.native else 4)
        opened = load_bundle(path).model.members[0].native
        np.testing.assert_array_equal(family.predict(opened, matrix), family.predict(native, matrix))
    assert not np.array_equal(before.sees(matrix), member.native.sees(matrix))
