"""A student's score is that of rows that nobody who taught it has seen: where there is nothing to learn it is at chance."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem
from automl_core.search import FolderJournal, SearchData, search
from automl_core.search.plan import Plan
from tests.unit.searching import fit_here

ROWS = 300
PROBLEM = Problem("target", "binary", "roc_auc", ("No", "Yes"), "Yes")
PLAN = Plan(600, 1, folds=4, max_trials=4, families=("lightgbm", "extra_trees", "linear"), student=True)


def student_of(seed: int, folder: Path) -> float:
    """The area that is reported of the student of a coin. Every three rows are alike, so that who has seen one of them says its
    outcome of the others."""
    random = np.random.default_rng(seed)
    alike = random.permutation(ROWS) // 3
    frame = pd.DataFrame({f"number {k}": random.normal(0, 1, ROWS)[alike] + random.normal(0, 0.001, ROWS) for k in range(4)})
    frame["target"] = np.where(random.random(ROWS) < 0.5, "Yes", "No")
    table = table_from_frame(frame, "coin")
    outcome = search(SearchData(table.frame, table.columns, PROBLEM), PLAN, FolderJournal(folder / str(seed)))
    found = [offer for offer in outcome.summary.ladder if "student" in (offer.name, *offer.also)]
    return found[0].score.mean if found else np.nan


@pytest.mark.slow  # what is said to who is judged by a fold is held to the bit in tests/unit/test_search_student.py
def test_the_student_of_a_coin_is_at_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taught by fits that have seen the rows that judge it, it had 0.529 in the mean of 16 coins where this is 0.480 (not to know
    the other two of three alike is a little worse than chance). One seed strays by 0.04."""
    fit_here(monkeypatch)
    found = [student_of(seed, tmp_path) for seed in range(10)]
    known = [one for one in found if np.isfinite(one)]
    assert len(known) >= 5
    assert abs(float(np.mean(known)) - 0.5) < 0.045, found
    assert float(np.mean(known)) < 0.51, found
