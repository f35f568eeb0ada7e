"""How long one row takes whoever calls a model: from a row as it is sent to its answer, checks and interval among it."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from automl_core.data.table import Column, Table
from automl_core.data.values import UNTIL
from automl_core.production import Scorer
from automl_core.production.bundle import id_columns
from automl_core.production.contract import Contract
from automl_core.search.model import Model
from automl_core.search.plan import RunSummary

CALLS, ENOUGH = 100, 50
SECONDS, MOST_SECONDS = 0.1, 0.3  # for a model with that many calls at least, and without: 5 ms a call make them
WARM = 3  # calls that fill caches
WARM_SHARE = 0.3  # of the time, after which no other call fills any
Ask = Callable[[Mapping[str, Any]], Any]


def with_times(summary: RunSummary, models: Mapping[str, Model], contract: Contract, table: Table,
               most: float = math.inf) -> RunSummary:
    """The summary with what one row takes each model of the ladder, and the one handed over, measured in so many seconds at most
    for all of them."""
    rows = sent_rows(table, contract.target)
    each = min(MOST_SECONDS, most / len(models))
    found = {name: row_ms(Scorer(model, contract, id_columns(model)).predict_row, rows, each) for name, model in models.items()}
    ladder = tuple(replace(offer, row_ms_p50=found[offer.name][0], row_ms_p95=found[offer.name][1]) for offer in summary.ladder)
    chosen = next(offer for offer in ladder if offer.chosen)
    return replace(summary, ladder=ladder, row_ms_p50=chosen.row_ms_p50, row_ms_p95=chosen.row_ms_p95,
                   sentence=f"{summary.sentence} One row takes {chosen.row_ms_p50:.2g} ms.")


def row_seconds(models: int) -> float:
    """What `row_ms` of so many models takes at most, but for a last call."""
    return MOST_SECONDS * models


def row_ms(ask: Ask, rows: list[dict[str, Any]], most: float = MOST_SECONDS) -> tuple[float, float]:
    """Median and 95 % quantile of the milliseconds of a call, from as many as there is time for."""
    first = time.perf_counter()
    for row in rows[:WARM]:
        ask(row)
        if time.perf_counter() - first > WARM_SHARE * most:
            break
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < CALLS:
        start = time.perf_counter()
        ask(rows[len(times) % len(rows)])
        end = time.perf_counter()
        times.append(end - start)
        if end - began > (min(SECONDS, most) if len(times) >= ENOUGH else most):
            break
    p50, p95 = np.quantile(times, [0.5, 0.95]) * 1000.0
    return float(p50), float(p95)


def sent_rows(table: Table, target: str) -> list[dict[str, Any]]:
    """The first rows as a caller has them, without the outcome: plain values, dates as they are written in the file."""
    columns = [column for column in table.columns if column.name != target and column.name in table.frame]
    names = [column.name for column in columns]
    if not names:
        return []  # nothing can be sent
    first = table.frame.head(CALLS)[names]
    cells = first.astype(object).to_numpy(copy=True)  # all columns at once: of thousands one by one takes half a second
    cells[first.isna().to_numpy()] = None
    for place, column in enumerate(columns):
        if column.kind == "date":
            cells[:, place] = [_written(moment, column) for moment in cells[:, place]]
    return [dict(zip(names, row, strict=True)) for row in cells.tolist()]


def _written(moment: Any, column: Column) -> str | None:
    form = column.reading.date_format.split("|")[0].partition(UNTIL)[0]
    return None if moment is None else moment.strftime(form) if "%" in form else moment.isoformat()
