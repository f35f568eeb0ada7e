"""Other values in one column of rows that are encoded already: only that column is encoded again."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import DAY, days_of
from automl_core.explaining.contributions import explained_class, shown
from automl_core.explaining.words import told_by
from automl_core.search.codes import LevelMeans
from automl_core.search.features import Encoder
from automl_core.search.model import Model

Floats = NDArray[np.float64]
PACE_ROWS = 100
MOMENTS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
CELLS = 4_000_000  # of a matrix predicted at once


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Typed, cleaned rows with the encoder's matrix (n, p) of them; `place` is the class that is explained. `seen` are all rows
    that there are, where these are some of them."""

    model: Model
    frame: pd.DataFrame
    matrix: Floats
    place: int
    seen: pd.DataFrame | None = None

    @property
    def scale(self) -> float:
        """What a prediction is multiplied by to be shown: 100 for classes."""
        return 1.0 if self.model.problem.task == "regression" else 100.0

    def take(self, places: NDArray[np.int64]) -> Rows:
        """Some of the rows."""
        frame = self.frame.iloc[places].reset_index(drop=True)
        return replace(self, frame=frame, matrix=self.matrix[places], seen=self.frame if self.seen is None else self.seen)

    def predict(self, matrix: Floats) -> Floats:
        """(m,) predictions of a matrix in display units, a part at a time."""
        most = max(1, CELLS // max(matrix.shape[1], 1))
        parts = [matrix[start : start + most] for start in range(0, len(matrix), most)]
        found = [shown(self.model, self.model.predict_matrix(part), self.place) for part in parts]
        return self.scale * np.concatenate(found) if found else np.zeros(0)


    def affordable(self, seconds: float) -> int:
        """How many rows can be predicted in that time, by the pace of a hundred; all there ever are when it has no end."""
        if not math.isfinite(seconds) or not len(self.matrix):
            return sys.maxsize
        matrix = np.resize(self.matrix, (PACE_ROWS, self.matrix.shape[1]))
        began = time.thread_time()
        self.predict(matrix)
        return int(seconds / max((time.thread_time() - began) / PACE_ROWS, 1e-7))


def open_rows(model: Model, frame: pd.DataFrame, label: str = "") -> Rows:
    """A typed, cleaned frame, encoded."""
    frame = frame.reset_index(drop=True)
    return Rows(model, frame, model.encoder.matrix(frame), explained_class(model, label))


def feature_places(model: Model, name: str) -> NDArray[np.int64]:
    """Where the features of a column lie in the encoder's matrix."""
    return np.flatnonzero([feature.sources == (name,) for feature in model.encoder.features]).astype(np.int64)


def coded(rows: Rows, name: str, values: pd.Series) -> Floats:
    """(m, q) the features of a column for other values of it: numbers, levels or dates as the column holds them."""
    return coded_as(rows.model, rows.frame[name], values)


def coded_as(model: Model, like: pd.Series, values: pd.Series) -> Floats:
    """(m, q) the features of a column, of which `like` are some rows, for values that it could hold."""
    name = str(like.name)
    return _only(model.encoder, name).matrix(pd.DataFrame({name: cast(like, values)}))


def _only(encoder: Encoder, name: str) -> Encoder:
    """The part of an encoder that one column goes through."""
    mine = [place for place, feature in enumerate(encoder.features) if feature.sources == (name,)]
    codes = tuple(replace(code, place=mine.index(code.place)) if isinstance(code, LevelMeans) else code
                  for code in encoder.codes if code.source == name)
    return replace(
        encoder, blocks=tuple(block for block in encoder.blocks if block.source == name), codes=codes,
        texts={source: coder for source, coder in encoder.texts.items() if source == name},
        features=tuple(encoder.features[place] for place in mine), plain=sum(place < encoder.plain for place in mine))


def cast(series: pd.Series, values: pd.Series) -> pd.Series:
    """Values with the dtype that a column of `series`' kind can hold."""
    return values.reset_index(drop=True).astype(_dtype(series))


def _dtype(series: pd.Series) -> Any:
    return "float64" if pd.api.types.is_integer_dtype(series.dtype) else series.dtype


def with_values(rows: Rows, name: str, features: Floats) -> Floats:
    """The rows' matrix with other features (n, q) or (q,) of one column."""
    out = rows.matrix.copy()
    out[:, feature_places(rows.model, name)] = features
    return out


def is_date(series: pd.Series) -> bool:
    """Whether a column holds dates."""
    return bool(pd.api.types.is_datetime64_any_dtype(series.dtype))


def is_number(series: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(series.dtype))


def as_numbers(series: pd.Series) -> Floats:
    """(n,) numbers, or days since 1970 for dates; NaN is missing."""
    if is_date(series):
        return days_of(series)
    return series.to_numpy(dtype=np.float64, na_value=math.nan)


def from_numbers(series: pd.Series, numbers: Floats) -> pd.Series:
    """Numbers as values of the column."""
    return as_dates(numbers) if is_date(series) else pd.Series(numbers)


def as_dates(days: Floats) -> pd.Series:
    """Days since 1970 as dates."""
    return pd.Series(pd.to_datetime(np.round(days * DAY).astype("int64"), unit="us")).astype("datetime64[us]")


def moments(dates: pd.Series) -> tuple[str, ...]:
    """Dates in words, with minutes and seconds where days do not tell them apart."""
    return told_by(MOMENTS, dates.dt.strftime, dates.nunique())
