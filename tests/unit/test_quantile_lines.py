"""Quantile regression by lines: what a linear program finds, and the linear model in a search for a quantile."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem
from automl_core.search import FolderJournal, SearchData, quantile_lines, search
from automl_core.search.plan import Plan
from automl_core.search.quantile_lines import quantile_solver
from tests.unit.searching import fit_here


def made(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two columns; the spread grows with the first."""
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, (rows, 2))
    return x, 10 + 4 * x[:, 0] - 2 * x[:, 1] + (1 + 2 * x[:, 0]) * random.exponential(1, rows)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_a_linear_program_finds_the_same(alpha: float) -> None:
    from sklearn.linear_model import QuantileRegressor

    x, y = made(800, 3)
    weights = np.random.default_rng(1).integers(1, 4, len(y)).astype(float)
    coefficients, intercept = quantile_solver(x, y, weights, alpha, lambda: False)(1e6)
    exact = QuantileRegressor(quantile=alpha, alpha=0.0, solver="highs").fit(x, y, sample_weight=weights)

    def loss(said: np.ndarray) -> float:
        return float(np.average(np.maximum(alpha * (y - said), (alpha - 1) * (y - said)), weights=weights))

    assert loss(x @ coefficients[:, 0] + intercept) <= 1.001 * loss(exact.predict(x))
    assert np.allclose(coefficients[:, 0], exact.coef_, atol=0.15)


@pytest.mark.parametrize("alpha", [0.5, 0.9])
def test_a_step_is_the_same_by_rows_and_by_columns(alpha: float) -> None:
    """As many rows as columns or fewer, some of them twice: which way a step is solved does not show in what is predicted."""
    random = np.random.default_rng(4)
    x = (random.random((120, 150)) < 0.1).astype(float)
    x[60:80] = x[:20]
    y = 3.0 * x[:, 0] - 2.0 * x[:, 1] + random.exponential(1.0, 120)
    weights = random.integers(1, 4, 120).astype(float)
    pull, push, target = weights / (1e-4 + random.random(120)), (2 * alpha - 1) * weights, y - np.median(y)
    design = np.column_stack([x, np.ones(120)])
    for strength in (0.01, 1.0, 100.0):
        by_rows = quantile_lines._by_rows(x, target, push)(pull, strength)
        by_columns = quantile_lines._by_columns(design, target, push)(pull, strength)
        np.testing.assert_allclose(by_rows, by_columns, atol=1e-6 * np.abs(by_columns).max())
    narrow = quantile_solver(x[:, :100], y, weights, alpha, lambda: False)(1.0)
    padded = np.hstack([x[:, :100], np.zeros((120, 60))])  # columns of nothing make it wide, and change nothing
    wide = quantile_solver(padded, y, weights, alpha, lambda: False)(1.0)
    np.testing.assert_allclose(wide[0][:100], narrow[0], atol=1e-3)
    np.testing.assert_allclose(wide[1], narrow[1], atol=1e-3)


def test_the_ladder_of_a_quantile_has_a_linear_rung_that_covers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    x, y = made(1200, 5)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y})
    table = table_from_frame(frame.iloc[:600], "made")
    problem = Problem("y", "regression", "pinball", quantile=0.9)
    plan = Plan(budget_seconds=60, jobs=1, max_trials=3)
    found = search(SearchData(table.frame, table.columns, problem), plan, FolderJournal(tmp_path))
    assert "linear" in found.rungs
    said = found.rungs["linear"].predict_frame(frame.iloc[600:])
    assert 0.86 < float(np.mean(y[600:] <= said)) < 0.94
