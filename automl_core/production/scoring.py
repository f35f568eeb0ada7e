"""Scoring: the one path from raw rows to answers, for a table at once or one row, with a word on how far each can be trusted."""
from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.application import apply_recipe, apply_recipe_row
from automl_core.data.schema import RowTyper, header_of, label_places, row_typer, spelled, type_frame
from automl_core.data.table import Column
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.production.contract import Contract
from automl_core.production.row_checks import (
    Reasons,
    RowCheck,
    absent_words,
    gap_words,
    make_checks,
    mark_gaps,
    mark_unusual,
    missing_first,
    unusual_words,
)
from automl_core.search.family import Array
from automl_core.search.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """Scores raw rows (text, or typed values) with a model.

    Answers have the id columns that were given, `prediction`, `probability_<class>` or `low` and `high` (90 % conformal),
    `_quality` (ok, warn, reject) and `_reasons`. An id column with one of these names gets “_2” added. A rejected row lacks
    a column the model rests on, or has no value there as no other row, and gets no prediction.
    """

    model: Model
    contract: Contract
    id_columns: tuple[str, ...] = ()
    columns: tuple[Column, ...] = field(init=False)
    _ids: tuple[tuple[str, str, str], ...] = field(init=False, repr=False)
    _checks: tuple[RowCheck, ...] = field(init=False, repr=False)
    _type_row: RowTyper = field(init=False, repr=False)
    _names: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        used = set(self.model.sources)
        columns = tuple(column for column in self.model.columns if column.name in used)
        object.__setattr__(self, "columns", columns)
        headers = {column.name: header_of(column) for column in self.model.columns}
        shown = _shown_as(self.id_columns, self.model)
        object.__setattr__(self, "_ids", tuple((shown[name], name, headers.get(name, name)) for name in self.id_columns))
        object.__setattr__(self, "_checks", make_checks(self.model, self.contract, columns))
        object.__setattr__(self, "_type_row", row_typer(columns))
        object.__setattr__(self, "_names", frozenset([*self.id_columns, *(column.name for column in columns)]))

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One answer a row, in order, with the frame's index. BadInput when no column the model knows is there."""
        typed = type_frame(frame, self.columns)
        if len(typed.missing_columns) == len(self.columns):
            raise self._stranger("this table")
        cleaned = apply_recipe(self.model.recipe, typed.frame, scoring=True).frame
        prediction = self.model.predict_frame(cleaned)
        absent = set(typed.missing_columns)
        reasons: Reasons = defaultdict(list)
        rejected = False
        for check in self._checks:
            if check.name in absent:
                rejected = rejected or check.important
                for place in range(len(frame)):
                    reasons[place].append(absent_words(check))
                continue
            gaps = typed.frame[check.name].isna().to_numpy()
            lost = check.lost(len(frame), int(gaps.sum()))
            rejected = rejected or lost
            if gaps.any() and (lost or check.whole or typed.unreadable.get(check.name)):
                mark_gaps(frame.iloc[:, typed.places[check.name]].tolist(), gaps, check, reasons)
            mark_unusual(cleaned[check.name], check, reasons)
        answers = self._given_ids(frame) | self._answers(prediction, rejected) | _verdicts(reasons, rejected, len(frame))
        return pd.DataFrame(answers, index=frame.index)

    def predict_row(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """One answer with the same keys and values, by the fast path. BadInput when no known column is there."""
        return self._scored(spelled(mapping, self._names), "this row")

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers to the rows of one call, in order, as of a table: what other rows have and one has not is a missing value.
        BadInput with the number (from 0) of a row that has columns and none of the model's; where none has any, of the first."""
        told = [spelled(row, self._names) for row in rows]
        labels = set().union(*told)
        columns = [(check.name, check.header) for check in self._checks]
        columns = [pair for pair in (*columns, *(one[1:] for one in self._ids)) if labels.intersection(pair)]
        used = {label for check in self._checks for label in (check.name, check.header)} & labels
        filled = []
        for place, row in enumerate(told):
            if not used or (row and used.isdisjoint(row)):
                raise self._stranger(f"row {place}")
            if len(row) < len(labels):
                row = {**{name: None for name, header in columns if name not in row and header not in row}, **row}
            filled.append(row)
        lost = frozenset(check.name for check in self._checks if check.lost(len(filled), missing_first(check, filled)))
        return [self._scored(row, f"row {place}", lost) for place, row in enumerate(filled)]

    def _scored(self, mapping: Mapping[str, Any], called: str, lost: Container[str] = ()) -> dict[str, Any]:
        """The answer to a row that is spelled as the model's columns are; the `lost` ones have no value in the whole call."""
        row = self._type_row(mapping)
        cleaned = apply_recipe_row(self.model.recipe, row)
        reasons: list[str] = []
        rejected, absent = False, 0
        for check in self._checks:
            key = check.name if check.name in mapping else check.header
            if key not in mapping:
                absent += 1
                rejected = rejected or check.important
                reasons.append(absent_words(check))
                continue
            typed = row[check.name]
            if typed is None or typed != typed:
                sentence = gap_words(check, mapping[key], check.name in lost)
                rejected = rejected or check.name in lost
                if sentence:
                    reasons.append(sentence)
            sentence = unusual_words(check, cleaned.get(check.name))
            if sentence:
                reasons.append(sentence)
        if absent == len(self._checks):
            raise self._stranger(called)
        answer = {shown: mapping[key] for shown, name, header in self._ids for key in _found(name, header, mapping)}
        answer |= self._answer(self.model.predict_row(cleaned), rejected)
        answer["_quality"] = "reject" if rejected else "warn" if reasons else "ok"
        answer["_reasons"] = "; ".join(reasons)
        return answer

    def _given_ids(self, frame: pd.DataFrame) -> dict[str, Any]:
        """The id columns that are there, as answers call them; a header may be spelled as it was in training."""
        places = label_places(frame)
        return {shown: _as_given(frame.iloc[:, places[key]])
                for shown, name, header in self._ids for key in _found(name, header, places)}

    def _stranger(self, what: str) -> BadInput:
        """The refusal of data that has nothing to do with this model."""
        return BadInput(f"None of the columns this model uses is in {what}.",
                        f"It needs, among others, “{self.columns[0].name[:80]}”.")

    def _answers(self, prediction: Array, rejected: bool) -> dict[str, Any]:
        problem, n = self.model.problem, len(prediction)
        if problem.task == "regression":
            values = np.full(n, math.nan) if rejected else prediction
            assert self.model.bands is not None
            low, high = self.model.bands.around(values)
            return {"prediction": values, "low": low, "high": high}
        shares = _class_shares(self.model, prediction)
        if problem.task == "binary":
            codes = np.where(prediction >= self.model.threshold, problem.classes.index(problem.positive), _negative(self.model))
        else:
            codes = self.model.called(prediction)
        labels = np.array(problem.classes, dtype=object)[codes]
        if rejected:
            labels, shares = np.full(n, None, dtype=object), np.full_like(shares, math.nan)
        return {"prediction": labels} | {f"probability_{label}": shares[:, place] for place, label in enumerate(problem.classes)}

    def _answer(self, prediction: Any, rejected: bool) -> dict[str, Any]:
        problem, model = self.model.problem, self.model
        if problem.task == "regression":
            value = math.nan if rejected else float(prediction)
            assert model.bands is not None
            low, high = model.bands.around_one(value)
            return {"prediction": value, "low": low, "high": high}
        if problem.task == "binary":
            positive = prediction >= model.threshold
            label = problem.positive if positive else problem.classes[_negative(model)]
            shares = [prediction if item == problem.positive else 1.0 - prediction for item in problem.classes]
        else:
            label, shares = problem.classes[int(model.called(prediction[None, :])[0])], prediction
        answer: dict[str, Any] = {"prediction": None if rejected else label}
        for item, share in zip(problem.classes, shares, strict=True):
            answer[f"probability_{item}"] = math.nan if rejected else float(share)
        return answer


def _as_given(series: pd.Series[Any]) -> Array:
    """The cells of an id column as they came; days as texts, and what JSON and files have no word for as None."""
    if series.dtype.kind == "M":
        return np.array([to_text(value) for value in series.tolist()], dtype=object)
    if not isinstance(series.dtype, (np.dtype, pd.StringDtype)):
        series = series.astype(object).where(series.notna(), None)
    return series.to_numpy(dtype=object)


def _found(name: str, header: str, given: Container[str]) -> tuple[str, ...]:
    """The key a column is found under: its name, else its header in training; empty when it is not there."""
    return next(((key,) for key in (name, header) if key in given), ())


def _shown_as(names: tuple[str, ...], model: Model) -> dict[str, str]:
    """What id columns are called in the answers: as they are, with a number added where an answer is called so."""
    problem = model.problem
    parts = ("low", "high") if problem.task == "regression" else tuple(f"probability_{label}" for label in problem.classes)
    answers = {"prediction", *parts, "_quality", "_reasons"}
    shown: dict[str, str] = {}
    for name in names:
        taken = {*answers, *shown.values(), *(set(names) - {name})}
        free = (f"{name}_{number}" for number in itertools.count(2))
        shown[name] = name if name not in answers else next(one for one in free if one not in taken)
    return shown


def _negative(model: Model) -> int:
    """The place of the class that is not the positive one."""
    return next(place for place, label in enumerate(model.problem.classes) if label != model.problem.positive)


def _class_shares(model: Model, prediction: Array) -> Array:
    """(n, k) probabilities in the order of the classes."""
    if model.problem.task == "multiclass":
        return prediction
    shares = [prediction if label == model.problem.positive else 1.0 - prediction for label in model.problem.classes]
    return np.column_stack(shares)


def _verdicts(reasons: Reasons, rejected: bool, rows: int) -> dict[str, Any]:
    quality, told = ["reject" if rejected else "ok"] * rows, [""] * rows
    for place, found in reasons.items():
        quality[place] = "reject" if rejected else "warn"
        told[place] = "; ".join(found)
    return {"_quality": quality, "_reasons": told}
