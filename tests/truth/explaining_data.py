"""Tables whose truth is known, and small models of them, for the tests of explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import Past
from automl_core.framing.problem import Problem, Task
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score, Trial

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Made:
    """A fitted model with the rows it learned from."""

    model: Model
    past: Past


def problem_of(task: Task) -> Problem:
    if task == "binary":
        return Problem("y", "binary", "log_loss", ("No", "Yes"), "Yes")
    return Problem("y", "regression", "rmse")


def fitted(frame: pd.DataFrame, y: Floats, task: Task, family: str = "lightgbm", options: dict[str, Any] | None = None,
           rounds: int = 80) -> Made:
    """A model of one family on columns of numbers, dates and texts."""
    kinds = {str(name): frame[name].dtype.kind for name in frame}
    columns = tuple(Column(name, "float", "number") if kind == "f" else Column(name, "date", "date") if kind == "M" else
                    Column(name, "text", "category") for name, kind in kinds.items())
    problem = problem_of(task)
    encoder = fit_encoder(frame, columns, problem)
    request = FitRequest(encoder.matrix(frame), y, encoder.features, task, options=options or {}, rounds=rounds)
    native = families().get(family).fit(request).native
    model = Model(problem, columns, columns, Recipe(), encoder, (Member(family, family, 1.0, native),), Score(0, 0, 0))
    trial = Trial("x", family, family, options or {}, "finished", 0.0, 0.0, 0.0, rounds=(rounds,))
    return Made(model, Past(frame, y, columns, (trial,)))


def logit(raw: Floats, generator: np.random.Generator) -> Floats:
    """Outcomes 1 or 0 with these log-odds."""
    return (generator.random(len(raw)) < 1 / (1 + np.exp(-raw))).astype(np.float64)
