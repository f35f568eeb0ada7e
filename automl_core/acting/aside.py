"""Columns that rows are not compared on, such as free text, and whether they tell all the same who got a change: then past data
allow a check that the estimate fails, whatever hidden factors it would stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.special import ndtri

from automl_core.acting.covariates import compared_columns
from automl_core.acting.not_compared import MOST_NAMED
from automl_core.acting.scores import Scores
from automl_core.acting.spelling import texts
from automl_core.data.table import Column
from automl_core.data.words import few_of
from automl_core.explaining.words import quote
from automl_core.framing.dependent import codes_of
from automl_core.framing.problem import Problem

LEAST_ROWS = 30  # that have a mark, and that have it not: of fewer the normal approximation is none
MOST_MARKS = 300  # of a column, the commonest first
PARTS = 10  # of a number or a date, as equal as its values allow
LEVEL = 0.01  # of all marks of all columns together, where nothing of them tells who got the change
LEAST_TOLD = 0.03  # a correlation below that hides nothing that matters
_WORD = re.compile(r"\w+")
_HEADS = (1, 2, 3, 4)  # how many signs of an id are looked at from its beginning


@dataclass(frozen=True, eq=False, slots=True)
class Aside:
    """One column that rows are not compared on: `marks` (rows, marks) say what each row has of it, 1 or 0."""

    name: str
    marks: csr_matrix


def set_aside(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, left_out: tuple[str, ...], asked: tuple[str, ...]
) -> tuple[Aside, ...]:
    """What rows of the frame are not compared on and could have been known before: texts, ids, and what must not be used.
    `left_out` are the columns that the goal keeps out of the comparison, `asked` those of them that come later or are asked
    another way, and the levers."""
    compared = {column.name for column in compared_columns(columns, problem, left_out)}
    skipped = {*compared, *asked, *problem.later, problem.target, problem.weights, problem.group, problem.time}
    found = []
    for column in columns:
        if column.name in skipped or column.name not in frame:
            continue
        marks = _marks(frame[column.name], problem.roles.get(column.name, column.role))
        if marks.shape[1]:
            found.append(Aside(column.name, marks))
    return tuple(found)


def told_by(scores: Scores, aside: tuple[Aside, ...]) -> str:
    """The column among those set aside that tells who has the new value (or how high a number is) beyond what the columns tell
    that rows are compared on; empty where none does.

    Asked of every mark: whether its rows got the change more or less often than their cross-fitted chances say, rows of one group
    summed first. The level is shared by all marks (Bonferroni), and associations too small to matter do not count.
    """
    rows = np.flatnonzero(scores.region)
    if not aside or not len(rows):
        return ""
    got = scores.new.astype(np.float64) if scores.dose is None else scores.dose
    left = (got - scores.chance)[rows]
    codes = np.arange(len(rows)) if scores.groups is None else codes_of(scores.groups[rows])
    to_group = csr_matrix((np.ones(len(rows)), (codes, np.arange(len(rows)))))
    limit = float(-ndtri(LEVEL / 2 / sum(one.marks.shape[1] for one in aside)))
    for one in aside:
        marks = one.marks[rows]
        have = np.asarray(marks.sum(axis=0)).ravel()
        enough = (have >= LEAST_ROWS) & (len(rows) - have >= LEAST_ROWS)
        if not enough.any():
            continue
        share = have / len(rows)
        pulls, whole = csr_matrix(to_group @ csr_matrix(marks.multiply(left[:, None]))), np.bincount(codes, left)
        told = np.asarray(pulls.sum(axis=0)).ravel() - share * left.sum()
        squares = np.asarray(pulls.multiply(pulls).sum(axis=0)).ravel()
        both = np.asarray(pulls.multiply(whole[:, None]).sum(axis=0)).ravel()
        error = np.sqrt(np.maximum(squares - 2 * share * both + share**2 * float(whole @ whole), 1e-12))
        spread = float(left.std()) * np.sqrt(share * (1 - share)) * len(rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            if (enough & (np.abs(told) > limit * error) & (np.abs(told) > LEAST_TOLD * spread)).any():
                return one.name
    return ""


def text_notes(columns: Iterable[Column], problem: Problem, left_out: Iterable[str]) -> tuple[str, ...]:
    """That free texts are not compared on, which a card's figures do not show."""
    hidden = {*problem.excluded, problem.group, *left_out}
    names = [column.name for column in columns
             if problem.roles.get(column.name, column.role) == "text" and column.name not in hidden]
    if not names:
        return ()
    verb, it = ("is", "it") if len(names) == 1 else ("are", "them")
    return (f"{few_of([*map(quote, names)], MOST_NAMED)} {verb} free text: rows were not compared on {it}.",)


def _marks(series: pd.Series, role: str) -> csr_matrix:
    """(rows, marks) the words of a text, the parts and the beginnings of an id, the levels of a category, tenths of a number or a
    date, and that a value is missing; only what enough rows have and enough have not."""
    gone = series.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        blocks = [_tenths(series.astype("int64").to_numpy().astype(np.float64), gone)]
    elif pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        blocks = [_tenths(series.to_numpy(dtype=np.float64, na_value=np.nan), gone)]
    else:
        blocks = [_spelled(texts(series).where(~gone, "").astype(str).tolist(), role)]
    marks = hstack([*blocks, csr_matrix(gone[:, None].astype(np.float64))]).tocsr()
    have = np.asarray(marks.sum(axis=0)).ravel()
    kept = np.flatnonzero((have >= LEAST_ROWS) & (len(series) - have >= LEAST_ROWS))
    return marks[:, kept[np.argsort(-have[kept], kind="stable")][:MOST_MARKS]]


def _tenths(values: NDArray[np.float64], gone: NDArray[np.bool_]) -> csr_matrix:
    known = np.unique(values[~gone])
    if not len(known):
        return csr_matrix((len(values), 0))
    cuts = np.unique(np.quantile(values[~gone], np.arange(1, PARTS) / PARTS)) if len(known) > PARTS else known[1:]
    part = np.searchsorted(cuts, np.where(gone, known[0], values), side="right")
    return csr_matrix(((~gone).astype(np.float64), (np.arange(len(values)), part)), shape=(len(values), len(cuts) + 1))


def _spelled(values: list[str], role: str) -> csr_matrix:
    places: dict[str, int] = {}
    rows: list[int] = []
    marks: list[int] = []
    for row, value in enumerate(values):
        text = value.casefold().strip()
        said = {text} if role == "category" else set(_WORD.findall(text))
        if role == "id":
            said |= {f"{text[:size]}…" for size in _HEADS if len(text) > size}
        for mark in said - {""}:
            rows.append(row)
            marks.append(places.setdefault(mark, len(places)))
    return csr_matrix((np.ones(len(rows)), (rows, marks)), shape=(len(values), len(places)))
