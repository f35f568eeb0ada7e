"""Outcomes that came with scored rows, as the model was taught them: typed by its schema, cleaned by its recipe."""
from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import pandas as pd

from automl_core.cleaning.application import apply_recipe
from automl_core.cleaning.recipe import Recipe, RecipeStep
from automl_core.data.schema import type_frame
from automl_core.data.values import is_null_token
from automl_core.framing.validation import encode_target
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
