"""What a model predicts when a lever is moved: the second of a card's three numbers, and never more than an association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.outcome import Outcome
from automl_core.acting.trees import ONE_AT_A_TIME
from automl_core.data.table import Column
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]
MOST_ROWS = 2_000
MOST_LEVELS = 50
ROUNDS = 150
Predict = Callable[[pd.DataFrame], Floats]


class Predicts(Protocol):
    """A model of the outcome: `predict_frame` of a typed and cleaned frame, as `search.model.Model` has it."""

    def predict_frame(self, frame: pd.DataFrame) -> NDArray[np.float64]: ...


def predictor(model: Predicts, problem: Problem, outcome: Outcome) -> Predict:
    """The model's prediction of what the outcome counts, (n,)."""

    def predict(frame: pd.DataFrame) -> Floats:
        told = np.asarray(model.predict_frame(frame), dtype=np.float64)
        return told[:, problem.classes.index(outcome.chosen)] if told.ndim == 2 else told

    return predict


def held_words(model: Predicts | None, later: tuple[str, ...]) -> str:
    """What is said where a given model has learned from what is measured after a lever; empty where it has not or is mute."""
    seen = [name for name in later if name in getattr(model, "sources", ())]
    if not seen:
        return ""
    names, follow, they = ", ".join(map(quote, seen)), *(("follows", "it") if len(seen) == 1 else ("follow", "them"))
    return (f"{names} {follow} the change, and the model has learned from {they}. What it predicts keeps {they} as before, so it "
            "may show less than the change does.")


def quick_predictor(frame: pd.DataFrame, outcome: Outcome, columns: tuple[Column, ...]) -> Predict:
    """A small boosted model of the outcome by these columns, for when no trained one is given."""
    import lightgbm

    names = [column.name for column in columns]
    levels = {name: _levels(frame[name]) for name in names}
    coded = [place for place, name in enumerate(names) if levels[name] is not None]

    def encode(rows: pd.DataFrame) -> Floats:
        parts = [_encoded(rows[name], levels[name]) for name in names]
        return np.column_stack(parts) if parts else np.zeros((len(rows), 1))

    options: dict[str, Any] = {
        "objective": "binary" if outcome.is_rate else "regression",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": int(np.clip(len(frame) // 50, 10, 60)),
        "num_threads": 1,
        "verbose": -1,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
    }
    data = lightgbm.Dataset(encode(frame), outcome.values, categorical_feature=coded, params={"verbose": -1})
    with ONE_AT_A_TIME:
        booster = lightgbm.train(options, data, ROUNDS)
    return lambda rows: np.asarray(booster.predict(encode(rows), num_threads=1), dtype=np.float64)


def _levels(series: pd.Series) -> list[str] | None:
    return None if pd.api.types.is_numeric_dtype(series.dtype) else [str(v) for v in series.value_counts().index[:MOST_LEVELS]]


def _encoded(series: pd.Series, levels: list[str] | None) -> Floats:
    if levels is None:
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    codes, found = pd.factorize(series)  # -1 where missing, which takes the last of the places
    place_of = {level: float(place) for place, level in enumerate(levels)}
    return np.array([*(place_of.get(str(value), np.nan) for value in found), np.nan])[codes]


@dataclass(frozen=True, eq=False, slots=True)
class WhatIf:
    """The mean change of the prediction when rows are changed."""

    predict: Predict

    def __call__(self, before: pd.DataFrame, after: pd.DataFrame) -> float:
        """On the rows given, 2,000 of more by chance (the first ones of a file may be its oldest); NaN without rows."""
        if not len(before):
            return float("nan")
        if len(before) > MOST_ROWS:
            drawn = np.sort(np.random.default_rng(0).choice(len(before), MOST_ROWS, replace=False))
            before, after = before.iloc[drawn], after.iloc[drawn]
        return float((self.predict(after) - self.predict(before)).mean())
