"""Outcomes that came with scored rows, as the model was taught them: typed by its schema, cleaned by its recipe."""
from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import pandas as pd

from automl_core.cleaning.application import apply_recipe
from automl_core.cleaning.recipe import Recipe, RecipeStep
from automl_core.data.schema import header_of, label_places, type_frame
from automl_core.data.values import is_null_token, to_text
from automl_core.errors import BadInput
from automl_core.framing.validation import encode_target
from automl_core.production.bundle import id_columns
from automl_core.search.model import Model

READERS = ("to_number", "to_date")  # steps that leave what they cannot read out without a word


def outcomes_in(model: Model, raw: pd.DataFrame) -> tuple[pd.Series[Any] | None, int]:
    """The outcomes of a table's rows (n,), and how many were given that cannot be read; None where it has no such column."""
    problem = model.problem
    typed = type_frame(raw, tuple(column for column in model.columns if column.name == problem.target))
    if not typed.places:
        return None, 0

    def after(steps: Iterable[RecipeStep]) -> pd.Series[Any]:
        return apply_recipe(Recipe(tuple(steps)), typed.frame, scoring=True).frame[problem.target]

    steps = [step for step in model.recipe.steps if step.column == problem.target]
    outcomes, given = after(steps), after(takewhile(lambda step: step.kind not in READERS, steps))
    lost = given.notna().to_numpy() & ~encode_target(outcomes, problem)[1]
    meant = [text for text in given[lost].astype("str") if not is_null_token(text)]
    return outcomes, typed.unreadable.get(problem.target, 0) + len(meant)


def beside(model: Model, batch: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """The rows of `told`, as many as the batch has, in the batch's order: by the id columns that both have, else as they stand.
    Where they are not the same, what spreadsheets do to an id (a dropped zero, “.0”) does no harm as long as ids stay unlike.
    BadInput where the ids are others all the same."""
    names, here, there = [], label_places(batch), label_places(told)
    pairs, ids = [], set(id_columns(model))
    for column in model.columns:
        if column.name in ids:
            one, other = (places.get(column.name, places.get(header_of(column))) for places in (here, there))
            if one is not None and other is not None:
                mine, theirs = _texts(batch.iloc[:, one]), _texts(told.iloc[:, other])
                if any(mine) and any(theirs):
                    names.append(column.name)
                    pairs.append((mine, theirs))
    wanted, given = (list(zip(*some, strict=True)) for some in zip(*pairs, strict=True)) if pairs else ([], [])
    if wanted != given and sorted(wanted) != sorted(given):
        alike = [[tuple(map(_as_kept, key)) for key in keys] for keys in (wanted, given)]
        if all(len(set(keys)) == len(keys) for keys in alike):
            wanted, given = alike
    if wanted == given:
        return told
    name = f"“{names[0][:80]}”"
    hint = "Export them in the order of the batch, or leave that column out of them."
    if sorted(wanted) != sorted(given):
        raise BadInput(f"The {name} of the outcomes is not that of the batch in every row.", hint)
    places = {key: place for place, key in enumerate(given)}
    if len(places) < len(given):
        raise BadInput(f"A {name} occurs more than once, so the outcomes cannot be joined by it.", hint)
    return told.iloc[[places[key] for key in wanted]].reset_index(drop=True)


def _as_kept(text: str) -> str:
    """An id as a spreadsheet keeps it."""
    short = text.removeprefix("'").removesuffix(".0")
    return short.lstrip("0") or short[-1:]


def _texts(cells: pd.Series[Any]) -> list[str]:
    return [(to_text(cell) or "").strip() for cell in cells.tolist()]
