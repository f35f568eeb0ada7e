"""Parts of rows: what is cross-fitted over few groups, and rows that are predicted some at a time."""
from __future__ import annotations

import numpy as np
import pytest

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
