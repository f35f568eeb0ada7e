"""Outcomes as a person writes them, read as the target's own: numbers by its reading, classes by what their labels mean."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from automl_core.acting.spelling import number_of
from automl_core.data.infer import table_from_frame
from automl_core.data.schema import read_series
from automl_core.data.table import Column
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem
from automl_core.framing.suggestion import VAGUE, is_yes


def read_outcomes(text: pd.Series, problem: Problem, column: Column | None = None) -> pd.Series:
    """Cells (missing: None) as the target spells them: a class in any case and as any number alike, yes and no or 1 and 0 where
    one label means that; numbers by the reading of the target's `column`. What cannot be read is kept, or NaN."""
    if problem.task == "regression":
        return _numbers(text, column)
    spelled = {name.strip().casefold(): name for name in problem.classes}
    figures = {figure: name for name in reversed(problem.classes) if not math.isnan(figure := number_of(name.strip()))}
    meant = _meant(problem)

    def label(value: str) -> str:
        word = value.casefold()
        figure = number_of(word)
        if word in spelled:
            return spelled[word]
        if figure in figures:
            return figures[figure]
        word = {1.0: "1", 0.0: "0"}.get(figure, word)
        return meant.get(_meaning(word), value)

    return text.map(label, na_action="ignore")


def wanted_words(problem: Problem) -> str:
    """What to write in the column of outcomes."""
    if problem.task == "regression":
        return "Write numbers."
    return f"Write one of: {', '.join(quote(name) for name in problem.classes[:10])}."


def _numbers(text: pd.Series, column: Column | None) -> pd.Series:
    """By the column's own reading; by that of the file where it alone reads more, as after a sheet of another language."""
    guessed = table_from_frame(pd.DataFrame({"outcome": text}), "outcomes", kinds={"outcome": "float"}).frame["outcome"]
    guessed = guessed.astype("float64").set_axis(text.index)
    if column is None or column.kind not in ("int", "float"):
        return guessed
    own = pd.Series(read_series(text, replace(column, kind="float"))[0], index=text.index)
    return guessed if guessed.notna().sum() > own.notna().sum() else own


def _meant(problem: Problem) -> dict[str, str]:
    """The labels of two classes that mean yes and no; empty when their own words do not say which is which."""
    if len(problem.classes) != 2:
        return {}
    first, second = problem.classes
    sides = _meaning(first), _meaning(second)
    if set(sides) == {"yes", "no"}:
        return dict(zip(sides, problem.classes, strict=True))
    firm = ["" if name.strip().casefold() in VAGUE else side for name, side in zip(problem.classes, sides, strict=True)]
    if firm.count("") != 1 or "" not in sides:
        return {}
    side, other = ("".join(firm), "no" if "yes" in firm else "yes")
    return {side: first, other: second} if firm[0] else {side: second, other: first}


def _meaning(label: str) -> str:
    return {True: "yes", False: "no", None: ""}[is_yes(label)]
