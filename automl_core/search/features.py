"""The features a model sees: typed columns to one float64 matrix, the same for a table and a row.

Blocks are learned without the target; codes, at the end of the matrix, with it.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.days import day_of, days_of
from automl_core.data.table import Column, Kind, Row
from automl_core.errors import BadInput
from automl_core.framing.columns import unused_words, usable_columns
from automl_core.framing.problem import Problem
from automl_core.search.codes import Code, LevelMeans
from automl_core.search.feature import DAYS, Array, Feature, FeatureKind
from automl_core.search.inner_numbers import GROUPS, count_numbers, inner_cell, inner_columns
from automl_core.search.letters import Letters, Levels, find_lettered
from automl_core.search.text import Terms, TextCoder, fit_text

LARGEST = 3.0e38  # some libraries keep 32-bit floats: a larger number would become infinite there
COMMON_LEVELS = 500  # of each category, and more where there are: the rarer ones follow these, the commonest first
MOST_LEVELS = 10_000  # of the categories with more than those, together: what a fit takes and a bundle weighs grows with them
LEVEL_CLASSES = 1_000_000  # a level's usual outcome is a number for each class
DATE_PARTS = ("year", "month", "day", "weekday", DAYS)
ORDINALS = ("first", "second")
CELLS_AT_ONCE = 2_000_000  # of numbers that are taken from a frame: 16 MB


@dataclass(frozen=True, slots=True)
class Block:
    """How one column of the table becomes features. Levels seen once, unseen or beyond the most common count as missing; the 500
    most common come first, by name, then the others, by their rows.

    `inner` is how many numbers inside its texts are taken out; a column of levels can have such a block before its own. `marks`
    says how marks in these are read, see `numbers_in`: models of before read them in other ways.
    """

    source: str
    kind: FeatureKind
    column_kind: Kind
    levels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    inner: int = 0
    marks: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Blocks in order, with the text coders of text blocks by column name, then codes. Needs numpy and pandas only.

    `plain` counts the features of the blocks: those of the codes follow. `_files` are what `encoder_files` made, by codes, for
    all encoders with these blocks.
    """

    blocks: tuple[Block, ...]
    texts: dict[str, TextCoder] = field(default_factory=dict)
    features: tuple[Feature, ...] = ()
    codes: tuple[Code, ...] = ()
    plain: int = 0
    _places: dict[str, dict[Any, float]] = field(default_factory=dict)
    _files: dict[tuple[int, ...], tuple[tuple[Code, ...], dict[str, bytes]]] = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The table's columns that are used."""
        return tuple(dict.fromkeys(block.source for block in self.blocks))

    def matrix(self, frame: pd.DataFrame, terms: dict[str, Terms] | None = None) -> Array:
        """(rows, features) of a typed, cleaned frame that has all `sources`; NaN is missing. `terms` are its own, if known."""
        out = np.empty((len(frame), len(self.features)), dtype=np.float64)
        start = 0
        terms = self.terms(frame) if terms is None else terms
        for some in _together(self.blocks, CELLS_AT_ONCE // max(1, len(frame))):
            coded = (self._column(some[0], frame[some[0].source], terms) if len(some) == 1 else
                     _bounded(frame[[block.source for block in some]].to_numpy(dtype=np.float64, na_value=math.nan)))
            out[:, start:start + coded.shape[1]] = coded
            start += coded.shape[1]
        for code in self.codes:
            columns = _coded(code, out, frame, terms)
            out[:, start:start + columns.shape[1]] = columns
            start += columns.shape[1]
        return out

    def terms(self, frame: pd.DataFrame) -> dict[str, Terms]:
        """The weighted terms of every text column."""
        found = {}
        for name, coder in self.texts.items():
            series = frame[name]
            cells = zip(series.tolist(), series.isna().tolist(), strict=True)
            found[name] = coder.table([None if missing else text for text, missing in cells])
        return found

    def row(self, row: Row) -> Array:
        """(features,) of one typed, cleaned row: the same numbers as `matrix` gives."""
        values: list[float] = []
        terms: dict[str, Any] = {}
        for block in self.blocks:
            values.extend(self._cell(block, row.get(block.source), terms))
        for code in self.codes:
            values.extend(_coded_cell(code, values, row, terms))
        return np.array(values, dtype=np.float64)

    def has_levels(self, source: str) -> bool:
        """Whether a column is a category for the model, be its levels texts or numbers."""
        return source in self._places

    def level_known(self, source: str, value: object) -> bool:
        """Whether a category's value has a code of its own; True for columns that are not categories."""
        places = self._places.get(source)
        return places is None or value in places

    def _column(self, block: Block, series: pd.Series[Any], terms: dict[str, Terms]) -> Array:
        if block.inner:
            return inner_columns(series, block.inner, block.marks)
        if block.kind == "number":
            return _bounded(series.to_numpy(dtype=np.float64, na_value=math.nan))[:, None]
        if block.kind == "category":
            return _codes(series, block, self._places[block.source])[:, None]
        if block.kind == "date":
            return _date_columns(series, block.parts)
        return self.texts[block.source].columns(series, terms[block.source])

    def _cell(self, block: Block, value: Any, terms: dict[str, Any]) -> list[float]:
        if block.inner:
            return inner_cell(value, block.inner, block.marks)
        if block.kind == "number":
            number = math.nan if value is None else float(value)
            return [min(max(number, -LARGEST), LARGEST) if math.isfinite(number) else math.nan]
        if block.kind == "category":
            return [math.nan if value is None else self._places[block.source].get(value, math.nan)]
        if block.kind == "date":
            return [math.nan] * len(block.parts) if value is None else [_date_part(value, part) for part in block.parts]
        coder = self.texts[block.source]
        terms[block.source] = coder.cells(value)
        return coder.cell(value, terms[block.source])


def _together(blocks: tuple[Block, ...], most: int) -> Iterator[list[Block]]:
    """The blocks in order, one by one, but up to `most` numbers that follow each other at once: of thousands, taking one by one
    from a frame takes longer than the work."""
    waiting: list[Block] = []
    for block in blocks:
        number = block.kind == "number" and not block.inner
        if waiting and not (number and len(waiting) < most):
            yield waiting
            waiting = []
        if number:
            waiting.append(block)
        else:
            yield [block]
    if waiting:
        yield waiting


def fit_encoder(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, seed: int = 0) -> Encoder:
    """Learn the encoding of every column a model may use. BadInput when none is left."""
    blocks: list[Block] = []
    texts: dict[str, TextCoder] = {}
    for column in usable_columns(columns, problem):
        inner = count_numbers(frame[column.name]) if column.kind == "text" else 0
        if inner:
            blocks.append(Block(column.name, "number", column.kind, inner=inner, marks=GROUPS))
        block, coder = _learn(frame[column.name], column, seed)
        if block is not None:
            blocks.append(block)
        if coder is not None:
            texts[column.name] = coder
    wide = sum(len(block.levels) > COMMON_LEVELS for block in blocks)
    most = max(COMMON_LEVELS, min(MOST_LEVELS // max(wide, 1), LEVEL_CLASSES // max(len(problem.classes), 1)))
    blocks = [replace(block, levels=block.levels[:most]) for block in blocks]
    if not blocks:
        unused = unused_words(columns, problem)
        raise BadInput(f"No column is left to predict from{': ' if unused else ''}{unused}.", "Use more columns, allow some that "
                       "are never to be used, or change on the data page what a column is used as.")
    return assemble(tuple(blocks), texts)


def letter_columns(frame: pd.DataFrame, encoder: Encoder) -> dict[str, Levels]:
    """The levels of those categories whose letters may say more than their names, by column."""
    return find_lettered({block.source: frame[block.source] for block in encoder.blocks
                          if block.kind == "category" and block.column_kind not in ("int", "float")})


def assemble(blocks: tuple[Block, ...], texts: dict[str, TextCoder]) -> Encoder:
    """The encoder of these blocks, without codes."""
    features: list[Feature] = []
    places: dict[str, dict[Any, float]] = {}
    for block in blocks:
        own = (block.source,)
        if block.inner:
            features.extend(Feature(f"{block.source} ({ORDINALS[place]} number)", own, "number") for place in range(block.inner))
        elif block.kind == "number":
            features.append(Feature(block.source, own, "number"))
        elif block.kind == "category":
            features.append(Feature(block.source, own, "category", block.levels))
            places[block.source] = {_level(text, block.column_kind): float(code) for code, text in enumerate(block.levels)}
        elif block.kind == "date":
            features.extend(Feature(f"{block.source} ({part})", own, "date") for part in block.parts)
        else:
            features.extend(Feature(f"{block.source} ({name})", own, "text") for name in texts[block.source].names)
    return Encoder(blocks, texts, tuple(features), (), len(features), places)


def with_codes(encoder: Encoder, codes: tuple[Code, ...], features: tuple[Feature, ...]) -> Encoder:
    """The encoder with codes after its blocks."""
    return replace(encoder, codes=codes, features=encoder.features[:encoder.plain] + features)


def _coded(code: Code, matrix: Array, frame: pd.DataFrame, terms: dict[str, Terms]) -> Array:
    if isinstance(code, LevelMeans):
        return code.columns(matrix)
    return code.columns(frame[code.source]) if isinstance(code, Letters) else code.columns(terms[code.source])


def _coded_cell(code: Code, values: list[float], row: Row, terms: dict[str, Any]) -> list[float]:
    if isinstance(code, LevelMeans):
        return code.cell(values[code.place])
    return code.cell(row.get(code.source)) if isinstance(code, Letters) else code.cell(terms[code.source])


def _level(text: str, kind: Kind) -> Any:
    """A stored level as the value a typed cell holds."""
    return float(text) if kind in ("int", "float") else text


def _learn(series: pd.Series[Any], column: Column, seed: int) -> tuple[Block | None, TextCoder | None]:
    numeric = column.kind in ("int", "float")
    if column.kind == "date":
        timed = bool((series.dropna().dt.normalize() != series.dropna()).any())
        return Block(column.name, "date", column.kind, parts=DATE_PARTS + (("hour",) if timed else ())), None
    if column.role == "text" and not numeric:
        coder = fit_text(series.dropna().tolist(), seed)
        if coder is not None:
            return Block(column.name, "text", column.kind), coder
    if numeric and column.role != "category":
        return Block(column.name, "number", column.kind), None
    counts = series.value_counts()
    names = [repr(float(level)) if numeric else str(level) for level in counts[counts >= 2].head(MOST_LEVELS).index]
    levels = (*sorted(names[:COMMON_LEVELS]), *names[COMMON_LEVELS:])
    return (Block(column.name, "category", column.kind, levels) if levels else None), None


def _bounded(values: Array) -> Array:
    clipped: Array = np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), math.nan)
    return clipped


def _codes(series: pd.Series[Any], block: Block, places: dict[Any, float]) -> Array:
    if block.column_kind in ("int", "float"):
        return np.array([places.get(value, math.nan) for value in series.to_numpy(dtype=np.float64, na_value=math.nan).tolist()])
    place, values = pd.factorize(series)  # each value is looked up once
    coded: Array = np.array([*(places.get(value, math.nan) for value in values.tolist()), math.nan])[place]
    return coded


def _date_columns(series: pd.Series[Any], parts: tuple[str, ...]) -> Array:
    moments = series.astype("datetime64[us]")
    missing = moments.isna().to_numpy()
    accessor = moments.dt
    values: dict[str, Any] = {
        "year": accessor.year, "month": accessor.month, "day": accessor.day, "weekday": accessor.weekday, "hour": accessor.hour,
        DAYS: days_of(moments),
    }
    out = np.column_stack([np.asarray(values[part], dtype=np.float64) for part in parts])
    out[missing] = math.nan
    return out


def _date_part(moment: datetime, part: str) -> float:
    if part == DAYS:
        return day_of(moment)
    return float(moment.weekday() if part == "weekday" else getattr(moment, part))

