"""Drift against the training rows that does not cry wolf: an alert needs significance and an effect.

One file here is one test, a module-level `TEST`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from automl_core.framing.comparison import holm
from automl_core.framing.dependent import design
from automl_core.production.alike import standing, together_now
from automl_core.production.contract import ColumnContract, ColumnDrift, Contract
from automl_core.production.drift._test import EFFECT_FLOOR, LEAST_ROWS, SIGNIFICANCE, Comparison, DriftTest, quoted
from automl_core.production.drift.quantiles import GRID, as_numbers, narrowness
from automl_core.registry import Registry, discover

__all__ = ["EFFECT_FLOOR", "LEAST_ROWS", "SIGNIFICANCE", "Comparison", "DriftTest", "compare", "compare_column", "drift_tests"]

ONE = "has", "differs", "looks"
# they are no column of the table: nobody who reads this named one “prediction”
PREDICTIONS = "The predictions", "have", "differ", "look"


@cache
def drift_tests() -> Registry[DriftTest]:
    """The tests that are plugged in."""
    return discover("automl_core.production.drift", "TEST")


def compare(
    contract: Contract, frame: pd.DataFrame, predictions: pd.Series[Any] | None
) -> tuple[tuple[ColumnDrift, ...], ColumnDrift | None]:
    """Each needed column of a typed batch against training, and the predictions with a key of their own.

    A column has drifted when its p passes Holm's correction over all columns at 5 % and its effect is at least 0.1. Columns
    that cannot be compared (text, ids, all missing, fewer than 100 present rows) are left out; the result is by importance
    times effect, the largest first. Rows of one group count as the fewer, the more alike they were in training. A date that is
    later than in training has not drifted: new rows are.
    """
    together = together_now(contract, frame)

    def compared(column: ColumnContract, values: pd.Series[Any]) -> ColumnDrift | None:
        return compare_column(standing(column, contract), values, design(column.alike, together))

    found = [compared(column, frame[column.name]) for column in contract.columns if column.needed and column.name in frame]
    later = {column.name for column in contract.columns if column.kind == "date" and _is_later(column, frame)}
    columns = [
        *_judged([one for one in found if one is not None and one.name not in later]),
        *_judged([one for one in found if one is not None and one.name in later], later=True),
    ]
    prediction = None
    if predictions is not None and contract.predictions is not None:
        made = compared(contract.predictions, predictions)
        if made is not None:
            wider = replace(made, effect=made.effect * narrowness(contract.predictions.quantiles))
            prediction = _judged([wider], PREDICTIONS)[0]
    return tuple(sorted(columns, key=lambda one: (not one.drifted, -one.effect * max(one.importance, 0.01)))), prediction


def compare_column(column: ColumnContract, values: pd.Series[Any], design: float = 1.0) -> ColumnDrift | None:
    """One column without correction (`drifted` False), or None when it cannot be compared; so many values tell as much as one."""
    present = values.dropna()
    comparable = column.role in ("number", "category", "date") and (len(column.quantiles) == GRID or bool(column.levels))
    if not comparable or len(present) < LEAST_ROWS:
        return None
    kind = "text" if column.levels else column.kind
    for test in drift_tests().available():
        if kind in test.kinds:
            made = test.compare(column, present, design)
            return ColumnDrift(column.name, test.name, made.effect, made.p, False, column.importance, "", made.then, made.now)
    return None


def _is_later(column: ColumnContract, frame: pd.DataFrame) -> bool:
    """Whether the middle of a date lies later than in training."""
    if column.name not in frame or len(column.quantiles) != GRID:
        return False
    days = as_numbers(frame[column.name])
    return bool(len(days)) and float(np.median(days)) > column.quantiles[GRID // 2]


def _judged(
    found: list[ColumnDrift], said: tuple[str, str, str, str] | None = None, later: bool = False
) -> list[ColumnDrift]:
    """`later`: these are dates, and moved on."""
    adjusted = holm({one.name: one.p for one in found})
    out = []
    for one in found:
        significant = adjusted[one.name] <= SIGNIFICANCE
        drifted = significant and one.effect >= EFFECT_FLOOR
        sentence = _sentence(one, drifted, significant, said or (quoted(one.name), *ONE))
        if drifted and later:
            sentence = f"{quoted(one.name)} is later than in training, as new rows are: {one.then} in training, {one.now} now."
        out.append(replace(one, drifted=drifted and not later, sentence=sentence))
    return out


def _sentence(one: ColumnDrift, drifted: bool, significant: bool, said: tuple[str, str, str, str]) -> str:
    subject, has, differs, looks = said
    if drifted:
        return f"{subject} {has} changed: {one.then} in training, {one.now} now."
    if significant:
        return f"{subject} {differs} by more than chance, but too little to matter."
    return f"{subject} {looks} as in training."
