"""What is looked at in each value of a row that is scored, and what is said of it."""
from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.cells import UNREADABLE, CellReader, cell_reader
from automl_core.data.days import day_of, days_of
from automl_core.data.schema import header_of
from automl_core.data.table import Column
from automl_core.production.contract import ColumnContract, Contract, important, is_lost
from automl_core.search.model import Model

SHOWN = 40

Reasons = defaultdict[int, list[str]]  # by the places of the rows that have any


@dataclass(frozen=True, slots=True, eq=False)
class RowCheck:
    """What is looked at in one used column: its range in training (days have no end), or its known levels, of which training may
    have had `more`."""

    name: str
    column: Column
    read: CellReader
    important: bool
    header: str
    low: float
    high: float
    levels: frozenset[object] | None
    promise: ColumnContract | None
    more: bool

    def lost(self, rows: int, missing: int) -> bool:
        """Whether the model rests on the column and it did not arrive: it has no value in any of so many rows."""
        return self.important and self.promise is not None and is_lost(self.promise, rows, missing)

    @property
    def whole(self) -> bool:
        """Whether the model rests on the column and it had no gap in training."""
        return self.important and self.promise is not None and self.promise.rows > 0 and self.promise.missing_share == 0


def make_checks(model: Model, contract: Contract, columns: tuple[Column, ...]) -> tuple[RowCheck, ...]:
    """What is looked at in each of the columns that the model uses, in their order."""
    known = {column.name: column for column in contract.columns}
    blocks = {block.source: block for block in model.encoder.blocks}
    vital = important(contract)
    checks = []
    for column in columns:
        promise, block = known.get(column.name), blocks[column.name]
        low, high, levels, more = -math.inf, math.inf, None, False
        if block.kind in ("number", "date") and promise is not None and len(promise.quantiles) > 1:
            low = promise.quantiles[0]
            high = promise.quantiles[-1] if block.kind == "number" else math.inf  # later dates are what new rows have
        if block.kind == "category" and block.column_kind in ("bool", "text"):
            listed = promise.levels if promise is not None else {}
            levels, more = frozenset(block.levels) | frozenset(listed), not listed or "" in listed
        header = header_of(column)
        checks.append(RowCheck(column.name, column, cell_reader(column), column.name in vital, header, low, high, levels,
                               promise, more))
    return tuple(checks)


def mark_gaps(cells: list[Any], gaps: NDArray[np.bool_], check: RowCheck, reasons: Reasons) -> None:
    """Add what is to be said of each missing value of the typed column."""
    lost = check.lost(len(gaps), int(gaps.sum()))
    for place in np.flatnonzero(gaps).tolist():
        sentence = gap_words(check, cells[place], lost)
        if sentence:
            reasons[place].append(sentence)


def gap_words(check: RowCheck, cell: Any, lost: bool) -> str:
    """What is to be said of a cell that has no value, or an empty string."""
    name = _short(check.name)
    if check.read(cell) is UNREADABLE:
        kind = {"int": "number", "float": "number", "date": "date"}.get(check.column.kind, "value")
        return f"the value in “{name}” is no {kind}"
    if lost:
        return f"the column “{name}” is empty in every row, and the model rests on it"
    return f"the value in “{name}” is missing, which it never was in training" if check.whole else ""


def missing_first(check: RowCheck, rows: Sequence[Mapping[str, Any]]) -> int:
    """In how many rows, from the first on, the column has no value."""
    cells = (row.get(check.name, row.get(check.header)) for row in rows)
    return sum(1 for _ in itertools.takewhile(lambda cell: check.read(cell) in (None, UNREADABLE), cells))


def mark_unusual(series: pd.Series[Any], check: RowCheck, reasons: Reasons) -> None:
    """Add a reason for each value outside what training had."""
    if check.levels is not None:
        suspects = series.notna().to_numpy() & ~series.isin(list(check.levels)).to_numpy()
    elif series.dtype.kind == "M":
        days = days_of(series)
        suspects = (days < check.low) | (days > check.high)
    elif series.dtype.kind in "if":
        values = series.to_numpy(dtype=np.float64)
        suspects = (values < check.low) | (values > check.high)
    else:
        return
    for place in np.flatnonzero(suspects).tolist():
        value = series.iloc[place]
        sentence = unusual_words(check, value.to_pydatetime() if isinstance(value, pd.Timestamp) else value)
        if sentence:
            reasons[place].append(sentence)


def unusual_words(check: RowCheck, value: Any) -> str:
    """What is unusual about one cleaned value, or an empty string."""
    if value is None or value != value:
        return ""
    if check.levels is not None:
        why = "is not among the levels the model knows" if check.more else "was not seen in training"
        return "" if value in check.levels else f"“{_short(str(value))}” in “{_short(check.name)}” {why}"
    if isinstance(value, str):
        return ""
    number = day_of(value) if isinstance(value, datetime) else float(value)
    if check.low <= number <= check.high:
        return ""
    shown = value.date().isoformat() if isinstance(value, datetime) else f"{number:g}"
    return f"{shown} in “{_short(check.name)}” is outside what training had"


def absent_words(check: RowCheck) -> str:
    """What is to be said of a row that has no such column."""
    return f"the column “{_short(check.name)}” is missing" + (", and the model rests on it" if check.important else "")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
