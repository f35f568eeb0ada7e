"""The few columns that moved each prediction most, in words: for lists of rows, where a waterfall each would be too much."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.contributions import (
    ROUNDS,
    compares,
    in_class,
    raw_parts,
    reference_rows,
)
from automl_core.explaining.reference import Care
from automl_core.explaining.routes import Raw
from automl_core.explaining.single import value_text
from automl_core.explaining.words import number, quote, signed
from automl_core.framing.problem import Problem
from automl_core.search.model import Model

REASONS = 3
Floats = NDArray[np.float64]


def explain_rows(
    model: Model, frame: pd.DataFrame, background: pd.DataFrame, seed: int = 0, unless: str = ""
) -> list[tuple[str, ...]]:
    """Up to three reasons for each typed, cleaned row, the strongest first, such as “Contract = Monthly (+12 points)”.

    Of two classes they speak of the positive one. Of several they speak of the chance that a row is not of the class `unless`, by
    which a list ranks the rows; without that of the class that each row is called. Where a list is for the class `unless`, and
    what they speak of is not just the other one of two, they name it: “(+12 points not to end as “gold”)”.
    """
    if frame.empty:
        return []
    phi = _parts(model, frame, background, seed, unless)
    unit = f" points{_ending(model.problem, unless)}" if model.problem.task != "regression" else ""
    shown = frame[list(model.sources)].astype(object)
    strongest = np.argsort(-np.abs(phi), axis=1, kind="stable")[:, :REASONS]
    reasons = []
    for row, places in enumerate(strongest.tolist()):
        reasons.append(tuple(
            f"{model.sources[place]} = {value_text(shown.iat[row, place])} ({signed(float(phi[row, place]), _short)}{unit})"
            for place in places if phi[row, place] != 0.0))
    return reasons


def _parts(model: Model, frame: pd.DataFrame, background: pd.DataFrame, seed: int, unless: str) -> Floats:
    """(n, columns) the parts of what is said of each row, of whichever class that is."""
    matrix = model.encoder.matrix(frame)
    reference = reference_rows(model, background, seed) if compares(model, matrix[:20]) else None
    raw = raw_parts(model, matrix, reference, Care(ROUNDS, ROUNDS), seed)
    if model.problem.task != "multiclass":
        return in_class(model, raw, matrix).phi
    if unless:
        return -in_class(model, raw, matrix, unless).phi
    assert raw.prediction is not None
    likeliest, phi = model.called(raw.prediction), np.zeros((len(frame), len(model.sources)))
    for place in np.unique(likeliest).tolist():
        mine = likeliest == place
        phi[mine] = in_class(model, _of_rows(raw, mine), matrix[mine], model.problem.classes[place]).phi
    return phi


def _ending(problem: Problem, unless: str) -> str:
    """Which ending the points of a list for the class `unless` are of, where one could read them the wrong way round: of several
    classes, and of two where the one that is predicted is the wanted one."""
    if not unless or (problem.task == "binary" and unless != problem.positive):
        return ""
    return f" {'' if problem.task == 'binary' else 'not '}to end as {quote(unless)}"


def _of_rows(raw: Raw, rows: NDArray[np.bool_]) -> Raw:
    """The parts of some of the rows."""
    doubt, prediction = (None if one is None else one[rows] for one in (raw.doubt, raw.prediction))
    return replace(raw, phi=raw.phi[rows], doubt=doubt, prediction=prediction)


def _short(amount: float) -> str:
    return number(amount, 2)
