"""PastRows rows like one row: the nearest ones by Gower's distance, with the row itself left out."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining.similar import SIMILAR, PastRows, nearest_rows
from automl_core.explaining.swap import as_numbers

NAMES = ("when", "what", "size", "count", "same", "lever")
MODEL: Any = SimpleNamespace(sources=NAMES)


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "when": pd.to_datetime("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), unit="D"),
        "what": rng.choice(["a", "b", "c", "nan"], rows), "size": np.round(rng.lognormal(0, 2, rows), 2),
        "count": rng.poisson(2, rows), "same": 1.0, "lever": rng.normal(size=rows)})
    frame["what"] = frame["what"].astype("str")
    for name in ("when", "what", "size"):
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame


def row_of(frame: pd.DataFrame, place: int) -> dict[str, Any]:
    values = {name: frame[name].iloc[place] for name in NAMES}
    return {name: None if pd.isna(value) else value.item() if isinstance(value, np.number) else value
            for name, value in values.items()}


def by_hand(frame: pd.DataFrame, row: dict[str, Any]) -> list[int]:
    """The places of the nearest rows, each distance worked out as its definition has it."""
    total = np.zeros(len(frame))
    for name in NAMES[:-1]:
        series, value = frame[name], row[name]
        if value is None:
            total += series.notna()
        elif name == "what":
            total += [other is None or pd.isna(other) or other != value for other in series]
        else:
            numbers = as_numbers(series)
            spread = float(np.nanquantile(numbers, 0.95) - np.nanquantile(numbers, 0.05)) or 1.0
            here = as_numbers(pd.Series([value]))[0]
            total += [1.0 if math.isnan(other) else min(abs(other - here) / spread, 1.0) for other in numbers]
    return np.argsort(total, kind="stable")[:SIMILAR].tolist()


@pytest.mark.parametrize("rows", [SIMILAR + 1, 900])
def test_the_nearest_rows_are_those_of_the_definition_whoever_is_left_out(rows: int) -> None:
    frame = table(rows)
    past = PastRows(frame)
    for place in (0, 7, 150, rows - 1):
        row, rest = row_of(frame, place), frame.drop(index=place)
        mine = nearest_rows(MODEL, row, ("lever",), rest.reset_index(drop=True))
        found = past.nearest(MODEL, row, ("lever",), place)
        assert place not in found
        assert rest.index[mine.index].tolist() == found.tolist()  # the row itself changes no scale either
        if rows > SIMILAR + 1:
            assert by_hand(rest.reset_index(drop=True), row) == mine.index.tolist()


def test_few_rows_are_all_alike() -> None:
    frame = table(SIMILAR)
    assert PastRows(frame).nearest(MODEL, row_of(frame, 3), ()).tolist() == [*range(SIMILAR)]
    assert PastRows(frame).nearest(MODEL, row_of(frame, 3), (), 3).tolist() == [place for place in range(SIMILAR) if place != 3]


def test_a_column_of_nothing_or_of_what_no_row_has_tells_no_rows_apart() -> None:
    frame = table(600).assign(size=np.nan)
    row = row_of(frame, 5)
    places = PastRows(frame).nearest(MODEL, row, ("lever",))
    for other in (row | {"size": 3.0}, row | {"same": math.inf}):
        assert PastRows(frame).nearest(MODEL, other, ("lever",)).tolist() == places.tolist()
