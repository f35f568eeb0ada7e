"""What a feature is: one column of the matrix that models see."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FeatureKind = Literal["number", "category", "date", "text"]
DAYS = "days since 1970"  # what a date is as one number


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the matrix, made from the table's columns `sources`. `levels` name the codes 0.. of a category."""

    name: str
    sources: tuple[str, ...]
    kind: FeatureKind
    levels: tuple[str, ...] = ()


def is_days(feature: Feature) -> bool:
    """Whether it is a date as a number of days."""
    return feature.kind == "date" and feature.name.endswith(f"({DAYS})")
