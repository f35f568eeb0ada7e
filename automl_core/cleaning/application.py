"""Applying a recipe: to a training table, to new data and to one row, with the same result."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.cleaning.recipe import Finding, Recipe, RecipeStep
from automl_core.cleaning.step import CleaningStep, Options
from automl_core.data.table import Column, Kind, Row
from automl_core.errors import BadInput
from automl_core.registry import Registry, discover


@cache
def cleaning_steps() -> Registry[CleaningStep]:
    """The kinds of steps that are plugged in."""
    return discover("automl_core.cleaning.steps", "STEP")


@dataclass(frozen=True, eq=False, slots=True)
class Cleaned:
    """A cleaned frame (RangeIndex), the steps with their effects counted on it, and each row's place before: `positions` (n,)."""

    frame: pd.DataFrame
    steps: tuple[RecipeStep, ...]
    positions: NDArray[np.int64]


def apply_recipe(recipe: Recipe, frame: pd.DataFrame, scoring: bool = False) -> Cleaned:
    """The frame after every step in order. With `scoring`, steps for training only (those that drop rows) are left out.

    A step whose column is not there changes nothing: the schema, not the recipe, judges missing columns.
    """
    work = _Work(frame.reset_index(drop=True))
    done = []
    for step in recipe.steps:
        kind = cleaning_steps().get(step.kind)
        if (scoring and not kind.scoring) or not (kind.whole_table or work.has(step.column)):
            done.append(replace(step, changed=0, rows_removed=0))
            continue
        changed, removed = work.whole(kind, step) if kind.whole_table else work.one(kind, step)
        done.append(replace(step, changed=0 if kind.drops_rows else changed, rows_removed=removed))
    current = work.frame()
    positions = current.index.to_numpy(dtype=np.int64)
    return Cleaned(current.reset_index(drop=True), tuple(done), positions)


class _Work:
    """A frame under its steps. A step on one column gets that column alone and the frame is put together once, because on a
    table of thousands of columns putting it together is what costs."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._new: dict[str, pd.Series] = {}
        self._gone: set[str] = set()

    def has(self, column: str) -> bool:
        return column in self._frame.columns and column not in self._gone

    def whole(self, kind: CleaningStep, step: RecipeStep) -> tuple[int, int]:
        """One step on the whole frame: how many cells it changed and rows it removed."""
        before = self.frame()
        after, changed = kind.apply(before, step.column, step.options)
        self._frame = after
        return changed, len(before) - len(after)

    def one(self, kind: CleaningStep, step: RecipeStep) -> tuple[int, int]:
        """One step on its column: how many cells it changed and rows it removed."""
        name = step.column
        before = (self._new[name] if name in self._new else self._frame[name]).to_frame()
        after, changed = kind.apply(before, name, step.options)
        removed = len(before) - len(after)
        if removed:
            self._frame = self.frame().loc[after.index]
        if name not in after.columns:
            self._new.pop(name, None)
            self._gone.add(name)
        elif after is not before and not removed:
            self._new[name] = after[name]
        return changed, removed

    def frame(self) -> pd.DataFrame:
        """The frame as it is by now, its columns in their order."""
        if self._new or self._gone:
            names = self._frame.columns[~self._frame.columns.isin(self._gone)]
            untouched = self._frame[names[~names.isin(self._new)]]
            joined = pd.concat([untouched, pd.DataFrame(self._new, index=untouched.index)], axis=1) if self._new else untouched
            self._frame = joined[names].set_axis(names, axis=1)
            self._new, self._gone = {}, set()
        return self._frame


def apply_recipe_row(recipe: Recipe, row: Row) -> Row:
    """One typed row after every step that scoring uses; the row given is left as it is."""
    cleaned = dict(row)
    for step in recipe.steps:
        kind = cleaning_steps().get(step.kind)
        if kind.scoring and step.column in cleaned:
            kind.apply_row(cleaned, step.column, step.options)
    return cleaned


def new_step(kind: str, column: str, options: Options, why: str, frame: pd.DataFrame) -> RecipeStep:
    """A step that has learned from `frame` what it needs and counted its effect on it; BadInput when it does not apply."""
    plugin = cleaning_steps().get(kind)
    if not plugin.whole_table:
        if column not in frame.columns:
            raise BadInput(f"There is no column “{column[:80]}” to clean.", "Choose one of the table's columns.")
        frame = frame[column].to_frame()
    learned = plugin.learn(frame, column, options)
    step = RecipeStep(_step_id(kind, column, learned), kind, column, learned, why)
    return apply_recipe(Recipe((step,)), frame).steps[0]


def _step_id(kind: str, column: str, options: dict[str, Any]) -> str:
    """The same step on the same column has the same id, so a replay and a test find it again."""
    text = json.dumps([kind, column, options], sort_keys=True, default=str)
    return f"step_{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def safe_fixes(findings: tuple[Finding, ...]) -> tuple[RecipeStep, ...]:
    """The fixes that “fix all safe” applies, ordered so that none undoes another: missing marks, spaces, spellings, kinds."""
    order = ("mark_missing", "trim_spaces", "merge_spellings", "to_number", "to_date", "drop_rows_without_target", "drop_column")
    steps = [finding.fix for finding in findings if finding.safe and finding.fix is not None]
    return tuple(sorted(steps, key=lambda step: order.index(step.kind) if step.kind in order else len(order)))


def columns_after(recipe: Recipe, columns: tuple[Column, ...], frame: pd.DataFrame, rows: int = -1) -> tuple[Column, ...]:
    """The columns of the cleaned `frame`: dropped ones gone, changed ones described anew, counts refreshed.

    `columns` are those before the recipe, of the table of `rows` rows that `frame` was (-1: of another one): where none of them
    went, columns that no step touched still have their counts. A role the user chose survives as long as its column keeps its
    kind.
    """
    touched, fewer = {step.column for step in recipe.steps}, len(frame) != rows
    found = []
    for column in columns:
        if column.name in frame.columns and (fewer or column.name in touched):
            series = frame[column.name]
            described = _describe(series, column) if column.name in touched else column
            found.append(replace(described, missing=int(series.isna().sum()), distinct=int(series.nunique())))
        elif column.name in frame.columns:
            found.append(column)
    return tuple(found)


def _describe(series: pd.Series, before: Column) -> Column:
    from automl_core.data.infer import table_from_frame

    kind = _kind(series, before.kind)
    after = table_from_frame(series.to_frame(), "", kinds={before.name: kind}).columns[0]
    role = before.role if kind == before.kind and after.role not in ("constant", "empty") else after.role
    return replace(before, kind=kind, role=role, examples=after.examples)


def _kind(series: pd.Series, before: Kind) -> Kind:
    letter = series.dtype.kind
    if letter == "M":
        return "date"
    if letter in "iu":
        return "int"
    if letter == "f":
        present = series.dropna()
        return "int" if before == "int" and bool((present % 1 == 0).all()) else "float"
    return "bool" if before == "bool" and series.nunique() <= 2 else "text"
