"""The public door of recourse: a model that was handed over, a row as it comes, and what may be changed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from automl_core.acting.action import Goal, Lever
from automl_core.acting.asked import levers_of, orders_of, spelled_levers
from automl_core.acting.goal import check_goal, good_of
from automl_core.acting.mappings import of_kind
from automl_core.acting.own_names import Names, names_of
from automl_core.acting.recourse import Recourse, RecourseAsk, recourse
from automl_core.acting.recourse_many import RecourseSummary, SummaryAsk
from automl_core.acting.recourse_summary import recourse_summary
from automl_core.data.schema import header_of, label_places
from automl_core.data.table import Origin, Row, Table, find_column
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.search.model import Model, cleaned_row, cleaned_rows


def recourse_for(
    model: object, row: Mapping[Any, Any] | pd.Series | pd.DataFrame, past: pd.DataFrame, good: object,
    levers: Sequence[Lever | Mapping[str, Any] | Hashable], ask: RecourseAsk | Mapping[str, Any] | None = None,
) -> Recourse:
    """Ways for one row to reach the `good` outcome by what may be changed: up to three, cheapest first.

    `model` is what `automl_core.production.load_bundle` opened, or a model. `row` is one row as it comes (a dictionary, a row of
    a frame, or a frame of one row), `past` are rows to compare it with: only values that rows like it have are proposed. `good`
    and `levers` are those of `find_actions`. `ask` names the probability (or number) to reach, and how many changes may be made
    together; without it that is what turns the model's answer. What is said is what the model expects, and no measured effect.

    BadInput when the model knows none of the columns, a lever is none of its columns, or as `find_actions` says.
    """
    made = _model(model)
    ask = of_kind(ask, RecourseAsk, "ask")
    names, asked = _asked(made, past, levers)
    one = _row(made, row)
    cleaned = cleaned_rows(made, past)  # takes seconds of many rows
    return recourse(made, one, _goal(made, good, asked, (past, names, cleaned)), cleaned, ask)


def recourse_summary_for(
    model: object, frame: pd.DataFrame, good: object, levers: Sequence[Lever | Mapping[str, Any] | Hashable],
    ask: SummaryAsk | Mapping[str, Any] | None = None,
) -> RecourseSummary:
    """How many rows of a frame that lack the `good` outcome by the model now can be brought to it by what may be changed, at what
    cost, and what each change does alone: `recourse_for` of up to 300 of them, drawn by chance, each compared with the others.

    `model`, `good` and `levers` are those of `recourse_for`; `frame` has rows as they come. `ask` has the `seed` that draws them,
    how many `rows` to look at, and after how many `seconds` to begin no other; its `ways` is the `ask` of `recourse_for`.
    BadInput as there. A frame without a row to look at gives an empty summary, whose sentence says so.
    """
    made = _model(model)
    ask = of_kind(ask, SummaryAsk, "ask")
    ask = replace(ask, ways=of_kind(ask.ways, RecourseAsk, "ways"))
    names, asked = _asked(made, frame, levers)
    cleaned = cleaned_rows(made, frame)
    return recourse_summary(made, cleaned, _goal(made, good, asked, (frame, names, cleaned)), ask)


def _model(given: object) -> Model:
    made = getattr(given, "model", given)
    if not isinstance(made, Model):
        raise BadInput(f"“model” is {quote(type(given).__name__)}, which is no model.", "Give what load_bundle opened.")
    return made


def _asked(
    model: Model, past: pd.DataFrame, levers: Sequence[Lever | Mapping[str, Any] | Hashable]
) -> tuple[Names, tuple[Lever, ...]]:
    """The names of a frame's columns and the levers that are asked for; BadInput when the model knows none of the columns, or a
    lever is none of its columns."""
    names, places = names_of(past), label_places(past)
    if not any(column.name in places or header_of(column) in places for column in model.columns):
        raise _stranger(model, "table")
    asked = levers_of(levers, names)
    for lever in asked:
        find_column(model.cleaned, lever.column)
    return names, asked


def _goal(model: Model, good: object, levers: tuple[Lever, ...], rows: tuple[pd.DataFrame, Names, pd.DataFrame]) -> Goal:
    """The goal, its values spelled as the model has them; `rows` are the frame as it came, its names, and cleaned."""
    past, names, cleaned = rows
    meant = spelled_levers(levers, Table(cleaned, model.cleaned, Origin("past rows")), orders_of(past, names))
    goal = Goal(model.problem.target, good_of(good, model.problem), levers=meant)
    check_goal(goal, model.problem, model.cleaned)
    return goal


def _row(model: Model, row: object) -> Row:
    """One row as the model sees it; BadInput when it is none, or holds nothing that the model knows."""
    if isinstance(row, pd.DataFrame) and len(row) == 1:
        row = row.iloc[0]
    if not isinstance(row, (Mapping, pd.Series)):
        raise BadInput(f"“row” is {quote(type(row).__name__)}, which is no single row.", "Give a dictionary or a row of a frame.")
    named = {str(label): value for label, value in row.items()}
    known = {name for column in model.columns for name in (column.name, column.original_name)}
    if not known & set(named):
        raise _stranger(model, "row")
    return cleaned_row(model, named)


def _stranger(model: Model, what: str) -> BadInput:
    return BadInput(f"None of the columns this model uses is in this {what}.",
                    f"It needs, among others, {quote(model.sources[0] if model.sources else model.problem.target)}.")
