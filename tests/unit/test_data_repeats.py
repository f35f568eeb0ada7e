"""Rows that repeat an earlier one are the same ones that comparing every column of every row finds."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.data import repeats as module
from automl_core.data.repeats import repeats


@pytest.mark.parametrize("columns", [0, 1, 5, 6, 12])
def test_the_same_as_comparing_all(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 7)
    random = np.random.default_rng(columns)
    for levels in (1, 2, 3):
        values = {f"c{k}": random.integers(0, levels, 120).astype(float) for k in range(columns)}
        frame = pd.DataFrame(values, index=np.arange(120) * 3)
        if columns > 1:
            frame.loc[frame.index[::4], "c0"] = np.nan
            frame["c1"] = frame["c1"].map({0.0: "a", 1.0: None, 2.0: "b"})
        expected = frame.duplicated().to_numpy() if columns else np.zeros(120, dtype=bool)
        assert np.array_equal(repeats(frame), expected)


def test_sorted_rows_and_rows_that_all_differ() -> None:
    frame = pd.DataFrame({f"c{k}": np.repeat(np.arange(3_000), 2) // (k + 1) for k in range(8)})
    assert repeats(frame).sum() == 3_000
    frame["id"] = np.arange(6_000)
    assert not repeats(frame).any()
    assert not repeats(frame.iloc[:0]).any()
