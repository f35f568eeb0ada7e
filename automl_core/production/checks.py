"""What is checked on a batch before its statistics: columns, readability, missing values, ranges, levels and units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.schema import Typed
from automl_core.framing.dependent import design
from automl_core.production.alike import standing, together_now
from automl_core.production.contract import ColumnContract, Contract, Violation, important, is_lost
from automl_core.production.drift._test import LEAST_ROWS, quoted, short
from automl_core.production.drift.quantiles import as_numbers

UNREADABLE_SHARE = 0.02
UNSEEN_SHARE = 0.05
OUTSIDE_SHARE = 0.01
SURE = 0.01
FEW = 3  # cells: a share means nothing before so many of them
UNITS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001, 0.453592, 2.20462, 2.54, 0.393701, 1.609344, 0.621371)


def check_batch(contract: Contract, typed: Typed) -> tuple[Violation, ...]:
    """Every way a batch, typed by the schema, breaks the contract, the gravest first."""
    if len(typed.frame) == 0:
        return (Violation("", "empty", "refuse", 0, "The batch has no rows."),)
    found = _column_violations(contract, typed)
    unread = typed.unreadable.get(contract.target, 0)
    if unread:
        found.append(_unread_outcomes(contract.target, unread, len(typed.frame)))
    vital, together = important(contract), together_now(contract, typed.frame)
    present = [column for column in contract.columns
               if column.needed and column.name in typed.frame and column.name not in typed.missing_columns]
    for column in present:
        missing = int(typed.frame[column.name].isna().sum()) if column.name in vital else 0
        unread = typed.unreadable.get(column.name, 0)
        if not unread and is_lost(column, len(typed.frame), missing):
            sentence = f"The column {quoted(column.name)} is empty in every row; the model leans on it."
            found.append(Violation(column.name, "missing_column", "refuse", missing, sentence))
            continue
        few = _Few(design(column.alike, together), len(present))
        found.extend(_value_violations(standing(column, contract), typed.frame[column.name], unread, few))
    order = {"refuse": 0, "warn": 1, "note": 2}
    return tuple(sorted(found, key=lambda violation: order[violation.severity]))


@dataclass(frozen=True, slots=True)
class _Few:
    """How many rows of the batch tell as much as one that stands alone, and how many columns are looked at."""

    design: float
    columns: int


def _unread_outcomes(target: str, unread: int, rows: int) -> Violation:
    grave = unread > UNREADABLE_SHARE * rows and unread >= FEW
    sentence = (f"{unread:,} of {rows:,} outcomes in {quoted(target)} cannot be read as in training and "
                f"{'does' if unread == 1 else 'do'} not count.")
    return Violation(target, "unreadable_outcome", "warn" if grave else "note", unread, sentence)


def _column_violations(contract: Contract, typed: Typed) -> list[Violation]:
    found = []
    vital = important(contract)
    for column in contract.columns:
        if column.needed and column.name in typed.missing_columns:
            grave = column.name in vital
            tail = "the model leans on it" if grave else "rows are scored as if it were missing"
            found.append(
                Violation(
                    column.name,
                    "missing_column",
                    "refuse" if grave else "warn",
                    1,
                    f"The column {quoted(column.name)} is missing; {tail}.",
                )
            )
    for name in typed.extra_columns:
        if name == contract.target:
            sentence = f"{quoted(name)} is the outcome itself; it is not used for scoring."
        else:
            sentence = f"The column {quoted(name)} was not there in training and is ignored."
        found.append(Violation(name, "extra_column", "note", 1, sentence))
    return found


def _value_violations(column: ColumnContract, values: pd.Series[Any], unreadable: int, few: _Few) -> list[Violation]:
    rows, name = len(values), quoted(column.name)
    found = []
    if unreadable:
        usual = column.unreadable_share * rows  # blanks in a column of numbers, which training had as well
        more = unreadable > usual + 3 * math.sqrt(usual)
        grave = unreadable > UNREADABLE_SHARE * rows and unreadable >= FEW and more
        found.append(
            Violation(
                column.name,
                "unreadable",
                "refuse" if grave else "warn" if more else "note",
                unreadable,
                f"{unreadable:,} of {rows:,} values of {name} cannot be read as in training.",
            )
        )
    missing = int(values.isna().sum()) - unreadable
    share = column.missing_share
    allowed = share + 3 * math.sqrt(share * (1 - share) / rows) + 0.02
    if missing > allowed * rows and missing >= FEW:
        found.append(
            Violation(
                column.name,
                "missing_values",
                "warn",
                missing,
                f"{missing:,} of {rows:,} values of {name} are missing, in training {100 * share:.1f} %.",
            )
        )
    if column.levels:
        found.extend(_unseen(column, values))
    elif column.quantiles and column.role in ("number", "date"):
        found.extend(_outside(column, values, few))
    return found


def _unseen(column: ColumnContract, values: pd.Series[Any]) -> list[Violation]:
    texts = values.dropna().astype("str")
    if column.role != "category" or "" in column.levels:  # then training had more levels than the contract lists
        return []
    unseen = texts[~texts.isin(list(column.levels))]
    if unseen.empty:
        return []
    grave = len(unseen) > _usually_unseen(column, len(texts)) * len(values) and len(unseen) >= FEW
    return [
        Violation(
            column.name,
            "unseen_level",
            "warn" if grave else "note",
            len(unseen),
            f"{quoted(column.name)} has values not seen in training in {len(unseen):,} {'row' if len(unseen) == 1 else 'rows'}, "
            f"such as {quoted(unseen.iloc[0])}.",
        )
    ]


def _usually_unseen(column: ColumnContract, rows: int) -> float:
    """The share of rows that may have levels that training had not: as many of its own rows had a level alone (Good 1953)."""
    known = max(1, round(column.rows * (1 - column.missing_share)))
    alone = min(1.0, sum(round(share * known) <= 1 for share in column.levels.values()) / known)
    return UNSEEN_SHARE + alone + 3 * math.sqrt(alone * (1 - alone) * (1 / max(1, rows) + 1 / known))


def _outside(column: ColumnContract, values: pd.Series[Any], few: _Few) -> list[Violation]:
    now, then = as_numbers(values), np.asarray(column.quantiles, dtype=np.float64)
    if not len(now):
        return []
    factor = unit_change(now, then) if column.role == "number" else 0.0
    if factor:
        return [
            Violation(
                column.name,
                "unit",
                "warn",
                len(now),
                f"{quoted(column.name)} looks like another unit: values are about {short(factor)} times those of training.",
            )
        ]
    widened = 0.2 * float(then[75] - then[25])
    outside = int(((now < then[0] - widened) | (now > then[100] + widened)).sum())
    if not outside or column.role == "date":  # later dates are what new rows have
        return []
    grave = outside > OUTSIDE_SHARE * len(values) and outside >= FEW and _by_chance(column, outside, len(now), few) <= SURE
    return [
        Violation(
            column.name,
            "out_of_range",
            "warn" if grave else "note",
            outside,
            f"{outside:,} {'value' if outside == 1 else 'values'} of {quoted(column.name)} "
            f"{'lies' if outside == 1 else 'lie'} outside {short(float(then[0]))} to {short(float(then[100]))}, "
            "the range of training.",
        )
    ]


def _by_chance(column: ColumnContract, outside: int, rows: int, few: _Few) -> float:
    """The chance, shared by all columns, that so many of a batch's `rows` lie beyond the least and the largest of training when
    nothing has changed. A row is as likely to lie in any of the gaps between training's (Wilks 1942), two of which these are."""
    from scipy.stats import betabinom

    known = max(2, round(column.rows * (1 - column.missing_share)))
    drawn = max(1, round(rows / few.design))
    beyond = min(drawn, math.floor(outside / few.design))
    return float(betabinom.sf(beyond - 1, drawn, 2, known - 1)) * few.columns


def unit_change(now: np.ndarray[Any, np.dtype[np.float64]], then: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The factor that turns training's values into the batch's, when it is that of a unit and the shapes agree; else 0."""
    middle = float(then[50])
    if len(now) < LEAST_ROWS or middle == 0 or then[75] == then[25]:
        return 0.0
    quantiles = np.quantile(now, np.linspace(0, 1, 101))
    ratio = float(quantiles[50]) / middle
    near = [factor for factor in UNITS if abs(ratio / factor - 1) < 0.1]
    if not near or np.ptp(quantiles[5:96]) == 0:
        return 0.0
    alike = float(np.corrcoef(quantiles[5:96], then[5:96])[0, 1])
    spread = float(quantiles[75] - quantiles[25]) / float(then[75] - then[25])
    return near[0] if alike > 0.98 and abs(spread / near[0] - 1) < 0.25 else 0.0
