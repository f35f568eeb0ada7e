"""A table with one real lever and an idle one, and what its action cards are made of."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_core.acting.action import ActionCard, Goal, Lever
from automl_core.acting.cards import CardInputs
from automl_core.data.table import Column
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (
    Column("offer", "text", "category"),
    Column("idle", "text", "category"),
    Column("price", "float", "number"),
    Column("age", "float", "number"),
    Column("size", "float", "number"),
    Column("y", "text", "category"),
)
NAMES = [field.name for field in fields(ActionCard) if field.default is MISSING]


class Scores:
    """Stands for a model: predicts the truth it was given."""

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        return np.clip(0.5 - 0.2 * (frame["offer"] == "new") - 0.02 * (frame["price"] < 9), 0, 1).to_numpy(dtype=float)


def inputs(rows: int = 3000, **goal: Any) -> CardInputs:
    rng = np.random.default_rng(0)
    age = rng.normal(size=rows)
    new = rng.random(rows) < 1 / (1 + np.exp(-age))
    frame = pd.DataFrame(
        {
            "offer": np.where(new, "new", "old"),
            "idle": np.where(rng.random(rows) < 1 / (1 + np.exp(-age)), "a", "b"),
            "price": rng.normal(10, 2, rows),
            "age": age,
            "size": rng.normal(size=rows),
        }
    )
    frame = frame.astype({"offer": "str", "idle": "str"})
    y = (rng.random(rows) < np.clip(0.5 - 0.2 * new - 0.05 * age, 0.02, 0.98)).astype(int)
    frame["y"] = pd.Series(np.where(y == 1, "Yes", "No")).astype("str")
    made = Goal("y", "No", value=100.0, levers=(Lever("offer", ("new",), cost=1.0), Lever("idle", ("a",))))
    model: Any = Scores()
    return CardInputs(model, frame, y, COLUMNS, PROBLEM, replace(made, **goal))
