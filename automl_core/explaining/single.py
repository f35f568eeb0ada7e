"""One prediction explained, and explained again after some values were changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.schema import type_row
from automl_core.data.table import Column, Row, find_column
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining.changes import WhatIf
from automl_core.explaining.contributions import Floats, compares, of_row
from automl_core.explaining.explanation import Contribution, RowExplanation
from automl_core.explaining.reference import Reference, open_reference
from automl_core.explaining.words import edge, number, percent, quote, told_apart
from automl_core.search.model import Model

WORTH_TELLING = 0.2  # of the largest part: what is smaller is no second reason


def explain_row(
    model: Model, row: Row, background: pd.DataFrame, label: str = "", reference: Reference | None = None
) -> RowExplanation:
    """Why one typed, cleaned row gets its prediction; the largest parts first. `background` are cleaned rows to compare with,
    `reference` (of `reference_rows`) what was worked out for them already: a row then takes 50 ms, and up to 100 where that is
    what leaves nothing to chance."""
    encoded = encode_row(model, row)[None, :]
    if reference is None and compares(model, encoded):
        reference = open_reference(model, model.encoder.matrix(background))
    made = of_row(model, encoded, reference, label)
    phi = made.phi[0]
    prediction = float(made.prediction[0])
    parts = [Contribution(name, value_text(row.get(name)), float(phi[place])) for place, name in enumerate(made.names)]
    parts.sort(key=lambda part: -abs(part.amount))
    units = "points" if made.label else model.problem.target
    return RowExplanation(
        prediction, made.base, tuple(parts), units, made.label, _sentence(model, prediction, made.base, parts, made.label),
        float(made.doubt[0]),
    )


def likeliest(model: Model, row: Row) -> str:
    """The class that the model calls one typed, cleaned row, of several; "" for two classes, where the positive one
    is spoken of, and for numbers."""
    if model.problem.task != "multiclass":
        return ""
    return model.problem.classes[int(model.called(model.predict_matrix(encode_row(model, row)[None, :]))[0])]


def encode_row(model: Model, row: Row) -> Floats:
    """(p,) one typed, cleaned row as the encoder's matrix has it."""
    return model.encoder.row({name: None if is_missing(row.get(name)) else row.get(name) for name in model.sources})


def what_if(
    model: Model, row: Row, changes: Mapping[str, Any], background: pd.DataFrame, reference: Reference | None = None,
    before: RowExplanation | None = None,
) -> WhatIf:
    """The cleaned row before and after `changes` (texts as a person types them, or typed values); `before` when it was explained
    already.

    BadInput as `with_changes` says.
    """
    changed, moved, unusual = with_changes(model, row, changes, model.cleaned, background)
    if reference is None and compares(model, encode_row(model, row)[None, :]):
        reference = open_reference(model, model.encoder.matrix(background))
    before = before or explain_row(model, row, background, "", reference)
    return WhatIf(before, explain_row(model, changed, background, before.label, reference), moved, unusual)


def with_changes(
    model: Model, row: Row, changes: Mapping[str, Any], columns: tuple[Column, ...], background: pd.DataFrame
) -> tuple[Row, tuple[str, ...], tuple[str, ...]]:
    """The row with `changes` (as `what_if` takes them), the columns that are not as before, and those of a value never or rarely
    seen.

    BadInput when a column is unknown or unused by the model, or a value cannot be read as the column's kind.
    """
    changed = dict(row)
    for name, value in changes.items():
        column = find_column(columns, name)
        if name not in model.sources:
            raise BadInput(f"The model does not use {quote(name)}.", "Change a column that it uses.")
        typed = type_row({name: value}, (column,))[name]
        if is_missing(typed) and not is_missing(value) and str(value).strip():
            raise BadInput(
                f"{quote(value)} cannot be read as a value of {quote(name)}.", f"Give a value such as {_example(column)}."
            )
        changed[name] = typed
    moved = tuple(name for name in changes if not _same(row.get(name), changed[name]))
    return changed, moved, tuple(name for name in moved if _unusual(model, name, changed[name], background))


def row_frame(model: Model, row: Row, background: pd.DataFrame) -> pd.DataFrame:
    """One typed row as a frame of the model's columns, with the dtypes of `background` (whole numbers as float64)."""
    columns = {}
    for name in model.sources:
        dtype = background[name].dtype
        columns[name] = pd.Series([row.get(name)], dtype="float64" if pd.api.types.is_integer_dtype(dtype) else dtype)
    return pd.DataFrame(columns)


def value_text(value: object) -> str:
    """A typed value as a person would write it."""
    if is_missing(value):
        return "missing"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if (value.hour, value.minute, value.second) == (0, 0, 0) else "%Y-%m-%d %H:%M")
    if isinstance(value, (int, float, np.number)):
        return edge(float(value))
    return str(value)


def is_missing(value: object) -> bool:
    """Whether a typed value is none."""
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _same(a: object, b: object) -> bool:
    return (is_missing(a) and is_missing(b)) or a == b


def _unusual(model: Model, name: str, value: object, background: pd.DataFrame) -> bool:
    if is_missing(value):
        return not bool(background[name].isna().any())
    series = background[name]
    if model.encoder.has_levels(name):
        return not model.encoder.level_known(name, float(value) if isinstance(value, int) else value)
    if pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_datetime64_any_dtype(series.dtype):
        known: Any = series.dropna()
        return len(known) > 0 and not bool(known.min() <= value <= known.max())
    return False


def _example(column: Column) -> str:
    if column.examples:
        return quote(column.examples[0])
    return "“2026-01-31”" if column.kind == "date" else "“12.5”"


def _sentence(model: Model, prediction: float, base: float, parts: list[Contribution], label: str) -> str:
    subject = f"{quote(model.problem.target)} = {quote(label)}" if label else quote(model.problem.target)
    scale, write = (100, percent) if label else (1, number)
    said, start = told_apart(prediction / scale, base / scale, write)
    head = f"{subject} is predicted at {said}"
    if said == start:
        return f"{head}, as where nothing is known of a row."
    side = "above" if prediction > base else "below"
    head = f"{head}, {side} the {start} that the model says where nothing is known of a row"
    towards, against = ([part for part in parts if part.amount * (prediction - base) * way > 0] for way in (1, -1))
    if not towards:
        return f"{head}."
    told = [part for part in towards[:2] if abs(part.amount) >= WORTH_TELLING * abs(towards[0].amount)]
    words = f"{head}, mostly because {_named(told)}"
    if against and abs(against[0].amount) >= abs(prediction - base):
        words += f", though {_named(against[:1])} pulls the other way"
    return f"{words}."


def _named(parts: list[Contribution]) -> str:
    return join_words([f"{quote(part.column)} = {quote(part.value)}" for part in parts])
