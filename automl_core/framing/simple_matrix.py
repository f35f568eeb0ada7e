"""Two plain design matrices for the ladder: codes and numbers for trees, one-hot and standardised for a linear model.

Both are learned without looking at the target, once for all folds.
"""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.days import days_of
from automl_core.data.table import Column
from automl_core.framing.metric_rows import Floats

MOST_WORDS = 120
WORD_ROWS = 0.01
RARE = 0.01
LARGEST = 3.0e38
MOST_ONE_HOT = 400
MOST_ASKED = 12
_WORD = re.compile(r"\w[\w’'-]+")


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """What one column of `questions` asks: is this column's number above a cut, or is it (does it hold) this level."""

    column: str
    level: str = ""
    word: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class SimpleMatrix:
    """`trees` (n, p) with NaN for missing, each made from the column in `named`; `linear` (n, q) without; `questions` (n, r) what
    a readable rule may ask about."""

    trees: Floats
    linear: Floats
    questions: Floats
    asked: tuple[Question, ...]
    named: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class _Blocks:
    trees: list[Floats]
    linear: list[Floats]
    questions: list[tuple[Question, Floats]]


def simple_matrix(frame: pd.DataFrame, columns: tuple[Column, ...]) -> SimpleMatrix:
    """The matrices of these columns, by their roles: number, date, category, text."""
    blocks: list[_Blocks] = []
    left = MOST_ONE_HOT
    for column in columns:
        blocks.append(_blocks(frame[column.name], column, left > 0))
        left -= len(blocks[-1].linear)
    questions = [pair for block in blocks for pair in block.questions]
    return SimpleMatrix(
        _stack([piece for block in blocks for piece in block.trees], len(frame)),
        _stack([piece for block in blocks for piece in block.linear][:MOST_ONE_HOT], len(frame)),
        _stack([values for _, values in questions], len(frame)),
        tuple(question for question, _ in questions),
        tuple(column.name for column, block in zip(columns, blocks, strict=True) for _ in block.trees),
    )


def _stack(pieces: list[Floats], rows: int) -> Floats:
    return np.column_stack(pieces) if pieces else np.zeros((rows, 0))


def _blocks(series: pd.Series, column: Column, in_linear: bool = True) -> _Blocks:
    """One column's pieces; those for a linear model only if it still takes any."""
    letter = series.dtype.kind
    if letter == "M":
        parts = date_parts(series)
        return _Blocks(parts, [piece for part in parts if in_linear for piece in _standardised(part)], [])
    if letter in "iuf":
        values = finite(series.to_numpy(dtype=float))
        linear: list[Floats] = []
        if in_linear:
            linear = _one_hot(pd.factorize(series)[0]) if column.role == "category" else _standardised(values)
        return _Blocks([values], linear, [(Question(column.name), values)])
    if column.role == "text":
        length, words = _words(series)
        pieces = [length, *words.values()]
        return _Blocks(pieces, [piece for values in pieces if in_linear for piece in _standardised(values)],
                       [(Question(column.name, word, word=True), values) for word, values in words.items()])
    codes, levels = _by_frequency(series)
    # of two levels, asking for the rarer says it all
    asked = list(enumerate(levels[:MOST_ASKED]))[1 if len(levels) == 2 else 0:]
    questions = [(Question(column.name, level), (codes == place).astype(float)) for place, level in asked]
    return _Blocks([np.where(codes < 0, np.nan, codes).astype(float)], _one_hot(codes) if in_linear else [], questions)


def finite(values: Floats) -> Floats:
    """The values with infinities as missing, and held to what 32-bit numbers can carry: some libraries use these."""
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)


def date_parts(series: pd.Series) -> list[Floats]:
    """Days since 1970, month and weekday; the hour when the times of day differ."""
    parts = [series.dt.month, series.dt.day_of_week]
    if series.dt.hour.nunique() > 1:
        parts.append(series.dt.hour)
    return [days_of(series), *(part.to_numpy(dtype=float) for part in parts)]


def _by_frequency(series: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Codes with 0 for the most common level (ties by letter), -1 for missing; and the levels."""
    counts = series.value_counts()
    order = sorted(counts.index, key=lambda level: (-int(counts[level]), str(level)))
    codes: NDArray[np.int64] = pd.Categorical(series, categories=order).codes.astype(np.int64)
    return codes, [str(level) for level in order]


def _one_hot(codes: NDArray[np.int64]) -> list[Floats]:
    """One column for each level with at least 1 % of the rows, missing among them; rarer ones share the zero row."""
    levels, counts = np.unique(codes, return_counts=True)
    wanted = levels[counts >= max(2, RARE * len(codes))]
    return [(codes == level).astype(float) for level in wanted]


def _standardised(values: Floats) -> list[Floats]:
    """Centred and scaled, missing at the mean with a flag beside it; long tails are also given as a signed logarithm."""
    missing = np.isnan(values)
    present = values[~missing]
    if len(present) == 0 or present.min() == present.max():
        return [missing.astype(float)] if 0 < missing.sum() < len(values) else []
    pieces = [_scaled(values, missing)]
    low, middle, high = np.quantile(present, [0.01, 0.5, 0.99])
    if high - middle > 4 * (middle - low) or middle - low > 4 * (high - middle):
        pieces.append(_scaled(np.sign(values) * np.log1p(np.abs(values)), missing))
    if missing.any():
        pieces.append(missing.astype(float))
    return pieces


def _scaled(values: Floats, missing: NDArray[np.bool_]) -> Floats:
    mean, spread = values[~missing].mean(), values[~missing].std()
    # a few extreme values would otherwise rule a linear fit
    return np.where(missing, 0.0, np.clip((values - mean) / (spread or 1.0), -8, 8))


def _words(series: pd.Series) -> tuple[Floats, dict[str, Floats]]:
    """Number of words, and presence of each of the commonest words."""
    found = [set(_WORD.findall(text.lower())) if isinstance(text, str) else set() for text in series]
    counts = Counter(word for words in found for word in words)
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]  # sets have another order in each process
    wanted = [word for word, count in common if count >= max(5, WORD_ROWS * len(series))]
    place = {word: i for i, word in enumerate(wanted)}
    flags = np.zeros((len(wanted), len(found)))
    for row, words in enumerate(found):
        for word in words & place.keys():
            flags[place[word], row] = 1.0
    return np.array([float(len(words)) for words in found]), dict(zip(wanted, flags, strict=True))
