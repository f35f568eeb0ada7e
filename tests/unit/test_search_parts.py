"""Parts of rows: what is cross-fitted over few groups, and rows that are predicted some at a time."""
from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from automl_core.search.families import families, neural
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.formula_lab import FormulaSource, _parts
from automl_core.search.text import Terms
from automl_core.search.text_scores import TextTarget, fit_text_scores


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_a_text_is_no_name_for_the_rows_whose_others_are_all_alike(side: float) -> None:
    """Two of three groups had one outcome: rows of the third got a score of -10, which no new row has, even where all had it."""
    random = np.random.default_rng(0)
    mixed = (random.random(100) < 0.5).astype(float)
    y = np.concatenate([np.full(100, side), mixed, np.full(100, side)])
    places = np.where(random.random(300) < 0.8, y, 1 - y).astype(np.int32)  # a word for each outcome
    terms = Terms(np.arange(301), places, np.ones(300, dtype=np.float32), 2)
    _, values, _ = fit_text_scores("note", terms, TextTarget(y, "binary", 2), np.arange(300), np.repeat([0, 1, 2], 100))
    share = y.mean()
    assert values[100:200, 0] == pytest.approx(np.full(100, np.log(share / (1 - share))))
    assert np.ptp(values[:100, 0]) > 0.5


@pytest.mark.parametrize("groups", [2, 3, 7])
def test_groups_are_never_all_in_one_part(groups: int) -> None:
    """Of two they were one time in five: a cross of categories was a constant while it was learned, and a mean for new rows."""
    rows = np.arange(10, 210)
    belongs = np.random.default_rng(0).integers(0, groups, 220) * 3
    source = FormulaSource(np.zeros((220, 1)), (Feature("x", ("x",), "number"),), np.zeros(220), "regression", groups=belongs)
    for seed in range(40):
        parts = _parts(source, rows, np.random.default_rng(seed))
        assert len(np.unique(parts)) == min(groups, 5)
        assert all(len(np.unique(parts[belongs[rows] == one])) == 1 for one in np.unique(belongs))


@pytest.mark.parametrize("name", ["neural", "neighbours"])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_rows_to_predict_are_never_all_spread_out_in_memory(name: str, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 30 categories with 40 levels each row has 1,200 columns: 100,000 of them were 1 GB."""
    monkeypatch.setattr(neural, "MAX_CELLS", 400_000)
    random = np.random.default_rng(0)
    levels = tuple(f"l{place:02d}" for place in range(40))
    features = tuple(Feature(f"c{place}", (f"c{place}",), "category", levels) for place in range(30))
    matrix = random.integers(0, 40, (3_005, 30)).astype(float)
    y = (matrix[:, 0] // 14).astype(float)
    family, first = families().get(name), slice(0, 400)
    more = {"valid_matrix": matrix[400:], "valid_y": y[400:], "stages": True}
    tracemalloc.start()
    fitted = family.fit(FitRequest(matrix[first], y[first], features, task, 3, options={"epochs": 2}, **more))  # type: ignore[arg-type]
    said = family.predict(fitted.native, matrix)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.8 * 3_005 * 1_200 * 8
    rows = [0, 15, 16, 332, 1_000, 3_004]
    one = [family.predict_row(fitted.native, matrix[row]) for row in rows]
    np.testing.assert_allclose(said[rows], one, atol=1e-9)
    assert family.predict(fitted.native, matrix[:0]).shape == said[:0].shape
