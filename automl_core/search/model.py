"""The model that a search hands over: recipe, features and weighted members, scoring tables and single rows."""
from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.cleaning.application import apply_recipe, apply_recipe_row
from automl_core.cleaning.recipe import Recipe
from automl_core.data.schema import type_frame, type_row
from automl_core.data.table import Column, Row
from automl_core.framing.metric_rows import Cut, MiddleStep, predicted_codes
from automl_core.framing.problem import Problem
from automl_core.search.bands import Bands
from automl_core.search.calibration import Calibration
from automl_core.search.families import families
from automl_core.search.family import Array, Family
from automl_core.search.feature import Feature
from automl_core.search.features import Encoder
from automl_core.search.formulas import Formulas
from automl_core.search.log_target import from_log
from automl_core.search.plan import Score

NO_FORMULAS = Formulas()
ROWS_AT_ONCE = 50_000  # of a member and a thread
MANY_ROWS = 10_000  # from which on rows are predicted in as many threads as there are processors

@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One fitted estimator of a model and its share; shares sum to 1. `native` is the family's own form.

    `inputs` are the places of the features it sees among the model's; empty means all. One that learned logarithms has them
    turned back, times `scale`.
    """

    family: str
    label: str
    weight: float
    native: Any
    inputs: tuple[int, ...] = ()
    logs: bool = False
    scale: float = 1.0
    kind: Family = field(init=False, repr=False)
    _places: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", np.array(self.inputs, dtype=np.int64))
        object.__setattr__(self, "kind", families().get(self.family))

    def predict(self, matrix: Array) -> Array:
        """Predictions of the model's whole matrix (n, p)."""
        found = self.kind.predict(self.native, matrix[:, self.inputs] if self.inputs else matrix)
        return self.scale * from_log(found) if self.logs else found

    def predict_row(self, row: Array) -> Any:
        """The prediction of the model's whole row (p,)."""
        found = self.kind.predict_row(self.native, row[self._places] if self.inputs else row)
        return self.scale * float(from_log(np.asarray(found))) if self.logs else found

    def contributions(self, matrix: Array) -> tuple[Array, Any] | None:
        """`(phi, base)` of `Family.contributions` over all the model's features: those it does not see get zeros. Or None."""
        if self.kind.contributions is None or self.logs:
            return None  # parts of a logarithm do not add up to the number
        if not self.inputs:
            explained: tuple[Array, Any] = self.kind.contributions(self.native, matrix)
            return explained
        part, base = self.kind.contributions(self.native, matrix[:, self.inputs])
        phi = np.zeros((len(matrix), matrix.shape[1], *part.shape[2:]))
        phi[:, self.inputs] = part
        return phi, base


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model and all it needs to score.

    `columns` is the schema of the raw table, `cleaned` are its columns after `recipe`, `encoder` turns cleaned rows into a
    matrix, to which `formulas` add columns. Predictions of members are averaged: probabilities for classes, values for numbers.
    `threshold` is the probability of the positive class from which a row is called positive, `factors` are what those of several
    classes count times where the largest is called (() when each counts once); `middle` says that they are steps of a scale of
    which the middle one is called, as in all models of scales but the older ones; `bands` are the 90 % intervals of
    numbers, `calibration` what turns the mean of the members into probabilities that hold; `score` the out-of-fold score.
    `judged_at` is the probability that the score is read at where amounts of money set the threshold and another metric of labels
    judges; None where it is the threshold, and in older models.
    """

    problem: Problem
    columns: tuple[Column, ...]
    cleaned: tuple[Column, ...]
    recipe: Recipe
    encoder: Encoder
    members: tuple[Member, ...]
    score: Score
    threshold: float = 0.5
    bands: Bands | None = None
    formulas: Formulas = NO_FORMULAS
    calibration: Calibration | None = None
    factors: tuple[float, ...] = ()
    middle: bool = False
    judged_at: float | None = None

    @property
    def cut(self) -> Cut:
        """What labels are made by: the factors of several classes, the middle of steps, or the threshold of two."""
        return MiddleStep(self.factors) if self.middle else self.factors or self.threshold

    @property
    def read_at(self) -> Cut:
        """What labels are made by where the score is read."""
        return self.cut if self.judged_at is None else self.judged_at

    def called(self, shares: Array) -> NDArray[np.int64]:
        """(n,) places of the classes that rows with these probabilities (n, k) of several are called."""
        return predicted_codes(shares, self.cut)

    @property
    def features(self) -> tuple[Feature, ...]:
        """What members see: the encoder's features, then the formulas'."""
        return self.encoder.features + self.formulas.features

    def seen_by(self, member: Member) -> tuple[Feature, ...]:
        """The features that a member sees, in its order."""
        return tuple(self.features[place] for place in member.inputs) if member.inputs else self.features

    @property
    def sources(self) -> tuple[str, ...]:
        """The cleaned columns the model uses, in the encoder's order."""
        return self.encoder.sources

    def extended(self, matrix: Array) -> Array:
        """An encoder's matrix with the columns of the formulas."""
        return np.hstack([matrix, self.formulas.columns(matrix)]) if self.formulas.items else matrix

    def predict_matrix(self, matrix: Array) -> Array:
        """Predictions of an encoder's matrix (n, p): (n,) probabilities of the positive class, (n, k) or (n,) numbers."""
        if not len(matrix):
            return np.zeros((0, len(self.problem.classes)) if self.problem.task == "multiclass" else 0)
        blended = self.blend(self.extended(matrix))
        return self.calibration.apply(blended) if self.calibration else blended

    def blend(self, whole: Array) -> Array:
        """What the members say together of a matrix of all `features`, before it is calibrated."""
        threads = os.cpu_count() or 1
        if len(whole) < MANY_ROWS or threads == 1:
            return _blend([(member.weight, member.predict(whole)) for member in self.members])
        blocks = np.array_split(whole, max(threads, len(whole) // ROWS_AT_ONCE))
        with ThreadPoolExecutor(threads) as pool:
            parts = [[pool.submit(member.predict, block) for member in self.members] for block in blocks]
            try:
                return np.concatenate([
                    _blend([(member.weight, part.result()) for member, part in zip(self.members, said, strict=True)])
                    for said in parts])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def predict_frame(self, frame: pd.DataFrame) -> Array:
        """Predictions of a typed and cleaned frame that has all `sources`."""
        return self.predict_matrix(self.encoder.matrix(frame))

    def predict_row(self, row: Row) -> Any:
        """The prediction of one typed and cleaned row: a float, or (k,) class probabilities."""
        encoded = self.encoder.row(row)
        if self.formulas.items:
            encoded = np.append(encoded, self.formulas.cells(encoded.tolist()))
        single = len(self.members) == 1 and self.members[0].weight == 1.0
        blended = (self.members[0].predict_row(encoded) if single
                   else sum(member.weight * member.predict_row(encoded) for member in self.members))
        return self.calibration.apply_row(blended) if self.calibration else blended

    def contributions(self, matrix: Array) -> tuple[Array, Any] | None:
        """`(phi, base)` in raw space over `features` when there is one member and its family can tell, else None."""
        found = self.members[0].contributions(self.extended(matrix)) if len(self.members) == 1 else None
        if found is None or self.calibration is None:
            return found
        phi, base = found
        return self.calibration.slope * phi, self.calibration.slope * base + self.calibration.shift


def _blend(parts: list[tuple[float, Array]]) -> Array:
    if len(parts) == 1 and parts[0][0] == 1.0:
        return parts[0][1]
    total: Array = np.sum([weight * prediction for weight, prediction in parts], axis=0)
    return total


def cleaned_rows(model: Model, raw: pd.DataFrame) -> pd.DataFrame:
    """Rows (n, columns) as the model sees them: typed by its schema, cleaned by its recipe, none dropped."""
    return apply_recipe(model.recipe, type_frame(raw, model.columns).frame, scoring=True).frame


def cleaned_row(model: Model, raw: Mapping[str, Any]) -> Row:
    """One row likewise."""
    return apply_recipe_row(model.recipe, type_row(raw, model.columns))
