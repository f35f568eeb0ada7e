"""The model that a search hands over: recipe, features and weighted members, scoring tables and single rows."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column, Row
from automl_core.framing.problem import Problem
from automl_core.search.families import families
from automl_core.search.family import Array, Family
from automl_core.search.features import Encoder, Feature
from automl_core.search.plan import Score


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One fitted estimator of a model and its share; shares sum to 1. `native` is the family's own form."""

    family: str
    label: str
    weight: float
    native: Any
    kind: Family = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", families().get(self.family))


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model and all it needs to score.

    `columns` is the schema of the raw table, `cleaned` are its columns after `recipe`, `encoder` turns cleaned rows into the
    matrix. Predictions of members are averaged: probabilities for classes, values for numbers. `threshold` is the
    probability of the positive class from which a row is called positive; `half_width` the 90 % split-conformal half width for
    numbers (NaN when unknown); `score` the out-of-fold score.
    """

    problem: Problem
    columns: tuple[Column, ...]
    cleaned: tuple[Column, ...]
    recipe: Recipe
    encoder: Encoder
    members: tuple[Member, ...]
    score: Score
    threshold: float = 0.5
    half_width: float = math.nan

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.encoder.features

    @property
    def sources(self) -> tuple[str, ...]:
        """The cleaned columns the model uses, in the encoder's order."""
        return self.encoder.sources

    def predict_matrix(self, matrix: Array) -> Array:
        """Predictions of an encoded matrix (n, p): (n,) probabilities of the positive class, (n, k) or (n,) numbers."""
        return _blend([(member.weight, member.kind.predict(member.native, matrix)) for member in self.members])

    def predict_frame(self, frame: pd.DataFrame) -> Array:
        """Predictions of a typed and cleaned frame that has all `sources`."""
        return self.predict_matrix(self.encoder.matrix(frame))

    def predict_row(self, row: Row) -> Any:
        """The prediction of one typed and cleaned row: a float, or (k,) class probabilities."""
        encoded = self.encoder.row(row)
        if len(self.members) == 1 and self.members[0].weight == 1.0:
            return self.members[0].kind.predict_row(self.members[0].native, encoded)
        return sum(member.weight * member.kind.predict_row(member.native, encoded) for member in self.members)

    def contributions(self, matrix: Array) -> tuple[Array, Any] | None:
        """`(phi, base)` in raw space when there is one member and its family can tell, else None (see `Family.contributions`)."""
        explain: Callable[[Any, Array], tuple[Array, Any]] | None = self.members[0].kind.contributions
        return explain(self.members[0].native, matrix) if len(self.members) == 1 and explain is not None else None


def _blend(parts: list[tuple[float, Array]]) -> Array:
    if len(parts) == 1 and parts[0][0] == 1.0:
        return parts[0][1]
    total: Array = np.sum([weight * prediction for weight, prediction in parts], axis=0)
    return total
