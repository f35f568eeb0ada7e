"""What takes longer than a search can wait for, in one go: curves with bands, pairs of columns, and weak spots."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.closer_look import Evidence
from automl_core.explaining.contributions import explained_class, shown
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.curves import curve
from automl_core.explaining.explanation import Explanation
from automl_core.explaining.interactions import interactions
from automl_core.explaining.overview import mixed_outcomes, outcomes_shown, stratified
from automl_core.explaining.refits import Past
from automl_core.explaining.swap import open_rows
from automl_core.explaining.weak_spots import Judged, weak_spots
from automl_core.search.model import Model

Floats = NDArray[np.float64]
CURVE_ROWS = 1_000
CURVES = 12
Progress = Callable[[float, str], None]


def evidence(
    model: Model, past: Past, oof: Floats, explanation: Explanation, seconds: float, progress: Progress | None = None
) -> Evidence:
    """Curves of the twelve columns used most, interactions and weak spots, for the class that the explanation speaks of. `oof`
    are out-of-fold predictions of `past`'s rows."""
    tell = progress or (lambda fraction, sentence: None)
    began = time.monotonic()
    names = tuple(item.column for item in explanation.importance if item.share > 0)
    label = explanation.label
    observed = outcomes_shown(model, past.y, explained_class(model, label))
    picked = stratified(mixed_outcomes(model, past.y), CURVE_ROWS, past.seed)
    rows = open_rows(model, past.frame.iloc[picked], label)
    tell(0.0, "Following the columns used most.")
    curves = tuple(curve(rows, name, observed[picked], seed=past.seed) for name in names[:CURVES])
    tell(0.3, "Looking for rows the model predicts badly.")
    spots = weak_spots(judged_rows(model, past, oof, label), names)
    tell(0.4, "Looking for columns that depend on each other.")
    left = max(1.0, seconds - (time.monotonic() - began))
    pairs = interactions(rows, past, names, left, lambda share, words: tell(0.4 + 0.6 * share, words))
    return Evidence(curves, pairs, spots, time.monotonic() - began)


def judged_rows(model: Model, past: Past, oof: Floats, label: str = "") -> Judged:
    """Past rows with what was predicted and observed of a class, in display units; those without an outcome left out."""
    known = np.flatnonzero(np.isfinite(past.y))
    place = explained_class(model, label)
    scale = 1.0 if model.problem.task == "regression" else 100.0
    predicted, observed = scale * shown(model, oof[known], place), outcomes_shown(model, past.y[known], place)
    frame = past.frame.iloc[known].reset_index(drop=True)
    given = past.weights(model.problem)
    together = among(together_of(past.frame, past.columns, model.problem), known)
    weights, named = None if given is None else given[known], model.problem.classes[place] if model.problem.classes else ""
    return Judged(frame, oof[known], past.y[known], predicted, observed, model.problem, past.seed, weights, named, together)
