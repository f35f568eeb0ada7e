"""Small models for the tests of scoring and bundles, built without a search."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Table
from automl_core.framing.problem import Problem
from automl_core.framing.validation import encode_target
from automl_core.production.contract import ColumnContract, Contract
from automl_core.search.bands import Bands
from automl_core.search.calibration import Calibration
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score

SMALL: dict[str, dict[str, Any]] = {
    "lightgbm": {"rounds": 30}, "catboost": {"rounds": 30}, "extra_trees": {"trees": 10}, "ebm": {"rounds": 100}, "linear": {}}


def make_frame(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Customers with every kind of column, as text, with gaps; `churned`, `tier` and `value` can be predicted."""
    random = np.random.default_rng(seed)
    tenure = random.integers(0, 72, rows)
    charge = random.normal(65, 30, rows).round(2)
    contract = random.choice(["Month-to-month", "One year", "Two year"], rows)
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1500, rows), unit="D")
    risk = charge / 30 - tenure / 20 + 2 * (contract == "Month-to-month") + random.normal(0, 1, rows)
    words = ["late", "happy", "broken", "call", "again", "slow", "fine", "thanks"]
    note = [" ".join(random.choice(words, 6)) for _ in range(rows)]
    frame = pd.DataFrame({
        "customer id": [f"C-{number:05d}" for number in range(rows)], "tenure": tenure.astype(str), "charge": charge.astype(str),
        "contract": contract, "active": random.choice(["Yes", "No"], rows), "since": since.strftime("%Y-%m-%d"), "note": note,
        "churned": np.where(risk > 2, "Yes", "No"), "tier": np.select([risk > 3, risk > 1], ["gold", "silver"], "bronze"),
        "value": (100 * risk).round(1).astype(str)})
    for name, share in (("charge", 0.05), ("contract", 0.05), ("since", 0.05)):
        frame.loc[random.random(rows) < share, name] = ""
    return frame


PROBLEMS = {
    "binary": Problem("churned", "binary", "roc_auc", ("No", "Yes"), "Yes", never=("tier", "value")),
    "multiclass": Problem("tier", "multiclass", "log_loss", ("bronze", "gold", "silver"), never=("churned", "value")),
    "regression": Problem("value", "regression", "rmse", never=("churned", "tier")),
}


def make_model(task: str = "binary", names: tuple[str, ...] = ("lightgbm", "linear")) -> tuple[Model, Table]:
    """A model of the named families with equal weights, and the table it learned from."""
    table = table_from_frame(make_frame(), "customers")
    problem = PROBLEMS[task]
    encoder = fit_encoder(table.frame, table.columns, problem)
    y, _ = encode_target(table.frame[problem.target], problem)
    matrix = encoder.matrix(table.frame)
    members = []
    for name in names:
        family = families().get(name)
        classes = max(2, len(problem.classes))
        request = FitRequest(matrix, y.astype(float), encoder.features, problem.task, classes, SMALL.get(name, {}), rounds=30)
        members.append(Member(name, family.title, 1 / len(names), family.fit(request).native))
    bands = Bands((0.0, 100.0), (-10.0, -20.0, -42.0), (5.0, 20.0, 84.0)) if task == "regression" else None
    calibration = Calibration(1.3) if task == "multiclass" else Calibration(0.8, 0.2) if task == "binary" else None
    return Model(problem, table.columns, table.columns, Recipe(), encoder, tuple(members), Score(0.8, 0.7, 0.9), 0.4, bands,
                 calibration=calibration), table


def make_contract(model: Model, table: Table) -> Contract:
    """What the training rows looked like; `tenure` and `charge` are important."""
    columns = []
    shares = {"tenure": 0.6, "charge": 0.3, "contract": 0.1}
    for column in model.columns:
        if column.name not in model.sources:
            continue
        series = table.frame[column.name]
        quantiles: tuple[float, ...] = ()
        levels: dict[str, float] = {}
        if series.dtype.kind == "M":
            days = series.dropna().astype("datetime64[us]").astype("int64") / 86_400_000_000
            quantiles = tuple(np.quantile(days, np.linspace(0, 1, 101)))
        elif series.dtype.kind in "if":
            quantiles = tuple(np.quantile(series.dropna(), np.linspace(0, 1, 101)))
        elif column.role != "text":
            levels = {str(level): float(share) for level, share in series.value_counts(normalize=True).items()}
        columns.append(ColumnContract(column.name, column.kind, column.role, float(series.isna().mean()), len(series),
                                      shares.get(column.name, 0.0), tuple(float(value) for value in quantiles), levels))
    return Contract(tuple(columns), None, table.rows, model.problem.target)
