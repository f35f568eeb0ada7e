"""Where copies are kept together they count once: in weak spots, between groups of a protected column, and in the whole table."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd

from automl_core.data.infer import table_from_frame
from automl_core.explaining import Fairness, Past, weak_spots, what_if_table
from automl_core.explaining.changes import TableChange
from automl_core.explaining.copies import together_of
from automl_core.explaining.depth import judged_rows
from automl_core.framing.problem import Problem
from automl_core.search.model import Model
from automl_core.workspace.fairness import Auditing
from tests.truth.explaining_data import fitted

NAMES = tuple(f"x{place}" for place in range(8))


def copied(seed: int, rows: int = 1000, each: int = 4) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows that are each in the table four times with the same outcome, which nothing tells."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 8)), columns=list(NAMES))
    frame["sex"] = pd.Series(rng.choice(["m", "f"], rows)).astype("str")
    place = rng.permutation(np.repeat(np.arange(rows), each))
    return frame.iloc[place].reset_index(drop=True), rng.integers(0, 2, rows).astype(np.float64)[place]


@cache
def model() -> Model:
    frame, y = copied(0)
    made = fitted(frame, y, "binary", "linear").model
    return replace(made, problem=replace(made.problem, copies_together=True))


def test_copies_do_not_confirm_the_group_that_they_found() -> None:
    """Every row is as hard as any other. The copies of a row lay on both sides: nearly every table had weak spots."""
    told = []
    for seed in range(12):
        frame, y = copied(seed)
        said = np.clip(0.5 + np.random.default_rng(seed).normal(0, 0.15, len(y)), 0.02, 0.98)
        said = pd.Series(said).groupby(pd.util.hash_pandas_object(frame, index=False)).transform("first").to_numpy()
        told.append(bool(weak_spots(judged_rows(model(), Past(frame, y, model().cleaned), said), NAMES).spots))
    assert np.mean(told) <= 0.17


def audited(seed: int) -> Fairness:
    """The audit of calibrated predictions by sex, of which nothing hangs on it."""
    frame, y = copied(seed)
    past = SimpleNamespace(positions=np.arange(len(y)), oof=np.full(len(y), 0.5), y=y)
    problem = model().problem
    goal = SimpleNamespace(open=lambda inputs: (frame, model().cleaned, problem, None), problem_of=lambda inputs: problem)
    search = SimpleNamespace(goal=goal, inputs=lambda run: None, predictions=lambda run: past)
    auditing = Auditing(cast(Any, None), cast(Any, search))
    return auditing.audit_of(cast(Any, SimpleNamespace(id="run", summary=None)), "sex")


def test_copies_are_no_proof_of_a_gap_between_groups() -> None:
    made = [audited(seed) for seed in range(40)]
    assert np.mean([one.residual.low == 0 for one in made]) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 40)
    rates = [group.observed for one in made for group in one.groups]
    assert np.mean([rate.low <= 0.5 <= rate.high for rate in rates]) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 80)


def test_the_range_of_a_change_of_the_whole_table_counts_copies_once() -> None:
    frame, _ = copied(3, 250)
    change = (TableChange("x0", "set", value="1"),)
    told = what_if_table(model(), frame, change, model().cleaned)
    alone = what_if_table(model(), frame.drop_duplicates(), change, model().cleaned)
    assert 0.9 < (told.high - told.low) / (alone.high - alone.low) < 1.1


def test_copies_beside_a_group_are_counted_as_folds_have_them() -> None:
    """Folds joined customers that share copies, and all figures of explaining counted the customers alone."""
    frame = pd.DataFrame({"who": [f"C{k // 2}" for k in range(40)], "a": np.arange(40.0), "b": np.arange(40) % 7 + 0.5})
    frame.loc[38, ["a", "b"]] = frame.loc[0, ["a", "b"]]
    columns = table_from_frame(frame.assign(y=0.0), "copies").columns
    problem = Problem("y", "regression", "rmse", group="who", copies_together=True)
    codes = together_of(frame, columns, problem)
    alone = together_of(frame, columns, replace(problem, copies_together=False))
    assert codes is not None
    assert alone is not None
    assert len(np.unique(alone)) == 20
    assert codes[0] == codes[1] == codes[38] == codes[39]
    assert len(np.unique(codes)) == 19
