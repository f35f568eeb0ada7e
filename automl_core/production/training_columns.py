"""What the columns of a typed training table look like: the part of the contract that needs no model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.table import Column
from automl_core.framing.columns import usable_columns
from automl_core.framing.copied import copied_names
from automl_core.framing.dependent import Codes
from automl_core.framing.problem import Problem
from automl_core.production.alike import alike, going_together
from automl_core.production.contract import ColumnContract
from automl_core.production.drift.quantiles import GRID, as_numbers

MOST_LEVELS = 200
GRID_CELLS = 4_000_000  # that are sorted at once: 32 MB


def columns_in_training(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, dropped: Collection[str] = ()
) -> tuple[ColumnContract, ...]:
    """All columns but the target, of a typed table before cleaning; what the recipe has `dropped` is not needed. How important
    they are is not known yet."""
    unneeded = {*problem.excluded, *([problem.group] if problem.group else [])}
    used = tuple(column for column in usable_columns(columns, problem) if column.name in frame and column.name not in dropped)
    copied = copied_names(frame, used, problem)
    together, parts = going_together(frame, problem.group, copied), []
    cells = {str(name): values for name, values in frame.items()}
    grids = _complete_grids(cells)
    for column in columns:
        if column.name == problem.target or column.name not in cells:
            continue
        role = problem.roles.get(column.name, column.role)
        needed = column.name not in unneeded and column.name not in dropped and role not in ("id", "constant", "empty")
        unreadable = column.coerced / max(1, len(frame))
        if column.name in grids and column.kind in ("int", "float"):
            made = ColumnContract(column.name, column.kind, role, 0.0, len(frame), 0.0, grids[column.name], {}, needed)
        else:
            made = column_in_training(column.name, column.kind, role, cells[column.name], 0.0, needed)
            if "" in made.levels and together is not None:
                made = _by_halves(made, cells[column.name], together)
        compared = together is not None and needed and role != "text"
        parts.append(replace(made, unreadable_share=unreadable, alike=alike(cells[column.name], together) if compared else 0.0,
                             tells_copies=column.name in copied))
    return tuple(parts)


def with_importance(parts: tuple[ColumnContract, ...], importance: dict[str, float]) -> tuple[ColumnContract, ...]:
    """The same with each column's share in the model's explanation; 0 where it has none."""
    return tuple(replace(part, importance=importance.get(part.name, 0.0)) for part in parts)


def _complete_grids(cells: dict[str, pd.Series[Any]]) -> dict[str, tuple[float, ...]]:
    """The quantiles of columns of numbers without a gap, many columns at once where rows are few: for one alone the call
    takes longer than the work."""
    numbers = {name: values.to_numpy() for name, values in cells.items() if values.dtype.kind in "iuf" and len(values)}
    names = [name for name, values in numbers.items() if values.dtype.kind != "f" or bool(np.isfinite(values).all())]
    grids: dict[str, tuple[float, ...]] = {}
    together = max(1, GRID_CELLS // max((len(values) for values in numbers.values()), default=1))
    for some in (names[start:start + together] for start in range(0, len(names), together)):
        block = np.array([numbers[name] for name in some], dtype=np.float64)
        block.sort(axis=1)
        found = np.quantile(block, np.linspace(0, 1, GRID), axis=1, overwrite_input=True).T  # no copy: it is one already
        grids |= {name: tuple(quantiles) for name, quantiles in zip(some, found.tolist(), strict=True)}
    return grids


def column_in_training(
    name: str, kind: str, role: str, values: pd.Series[Any], importance: float, needed: bool
) -> ColumnContract:
    """The contract of one column of training values, or of predictions."""
    rows = len(values)
    missing = float(values.isna().mean()) if rows else 0.0
    quantiles: tuple[float, ...] = ()
    levels: dict[str, float] = {}
    if kind in ("int", "float", "date"):
        numbers = as_numbers(values)
        if len(numbers):
            quantiles = tuple(float(value) for value in np.quantile(numbers, np.linspace(0, 1, GRID)))
    elif role == "category":
        shares = values.dropna().astype("str").value_counts(normalize=True)
        levels = {str(level): float(share) for level, share in shares.items()} if len(shares) <= MOST_LEVELS else {"": 1.0}
    made = ColumnContract(name, kind, role, missing, rows, importance, quantiles, levels, needed)
    return _by_halves(made, values, np.arange(rows)) if "" in levels else made


def _by_halves(made: ColumnContract, values: pd.Series[Any], together: Codes) -> ColumnContract:
    """The commonest levels of a column that has more than are listed: chosen on one half of the rows, by groups `together` (n,),
    while the other half tells how common they are. Where the same rows do both, those that chance made common are chosen, and
    new rows always have fewer of them."""
    first = np.random.default_rng(0).permutation(int(together.max()) + 1)[together] % 2 == 0
    texts = values.astype("str").where(values.notna())
    names = texts[first].value_counts().head(MOST_LEVELS).index
    shares = texts[~first].value_counts(normalize=True)
    levels = {str(name): float(shares.get(name, 0.0)) for name in names}
    return replace(made, rows=int((~first).sum()), levels={**levels, "": max(0.0, 1 - sum(levels.values()))})
