"""What raises no alarm in monitoring, for it comes with every batch, and what must be seen all the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.data.schema import type_frame
from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.production.contract import Contract
from automl_core.production.monitor import make_contract, report_batch

PROBLEM = Problem("y", "regression", "rmse")


def promise(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Contract:
    return make_contract(type_frame(frame, columns).frame, columns, PROBLEM, None, {})


def days(first: str, count: int, span: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"since": (pd.Timestamp(first) + pd.to_timedelta(rng.integers(0, span, count), "D")).astype(str)})


def test_later_dates_are_what_new_rows_have() -> None:
    columns = (Column("since", "date", "date"),)
    known = promise(days("2024-01-01", 600), columns)
    later = report_batch(known, type_frame(days("2025-01-01", 300), columns), None, None, PROBLEM)
    assert later.status == "ok"
    assert later.columns[0].sentence == (
        "“since” is later than in training, as new rows are: median 2024-06-06 in training, median 2025-06-12 now.")
    assert not later.columns[0].drifted
    back = report_batch(known, type_frame(days("2022-01-01", 300), columns), None, None, PROBLEM)
    assert (back.status, back.columns[0].drifted) == ("act", True)
    same = report_batch(known, type_frame(days("2024-01-02", 300), columns), None, None, PROBLEM)
    assert same.columns[0].sentence == "“since” looks as in training."
