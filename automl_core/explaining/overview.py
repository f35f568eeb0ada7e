"""The whole model explained on a sample of rows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.contributions import ROUNDS, Contributions, contributions, explained_class
from automl_core.explaining.explanation import Explanation, Importance
from automl_core.explaining.honesty import find_groups
from automl_core.explaining.importance import importances, shape
from automl_core.explaining.routes import exact
from automl_core.explaining.words import join_words, percent, quote
from automl_core.search.model import Model

SAMPLE = 2_000
SLOW_SAMPLE = 400  # for models whose contributions must be sampled by permutation
LEAST_SAMPLE = 60
FEW_ROWS, FEW_ROUNDS = 40, 3  # for a model so slow that even that takes its time
LEAST_EXACT = 100
PACE_ROWS = 40
SECONDS = 5.0
MOST_SHAPES = 15
Floats = NDArray[np.float64]
Progress = Callable[[float, str], None]


def explain(
    model: Model, frame: pd.DataFrame, y: NDArray[np.generic], seed: int = 0, progress: Progress | None = None,
    seconds: float = SECONDS,
) -> Explanation:
    """Importance and shapes from Shapley values of a stratified sample: 2,000 rows, or up to 400 when they must be sampled.

    It takes about `seconds`; a slow model is explained on fewer rows, 40 at least. `frame` is typed and cleaned, aligned
    with `y` (class codes, or numbers; NaN when unknown).
    """
    tell = progress or (lambda fraction, sentence: None)
    tell(0.0, "Choosing rows to explain.")
    place = explained_class(model)
    observed = outcomes_shown(model, y, place)
    limit, rounds = _affordable(model, frame, seconds)
    picked = stratified(observed, limit, seed)
    sample, seen = frame.iloc[picked].reset_index(drop=True), observed[picked]
    tell(0.1, f"Explaining {len(sample):,} rows.")
    made = contributions(model, sample, frame, seed, rounds=rounds)
    tell(0.8, "Ordering the columns.")
    ordered = importances(made, sample, seed)
    used = [one for one in ordered if one.share > 0][:MOST_SHAPES]
    shapes = tuple(shape(one.column, sample[one.column], made.phi[:, made.names.index(one.column)], seen) for one in used)
    units = "points" if made.label else model.problem.target
    groups = find_groups(sample, made, seed)
    return Explanation(ordered, shapes, float(made.prediction.mean()), units, len(sample), made.label,
                       _sentence(model, made, ordered), groups)


def _affordable(model: Model, frame: pd.DataFrame, seconds: float) -> tuple[int, int]:
    """The rows that the model's route gets through in that time, by the pace of a few, and the rounds for each of them."""
    few = model.encoder.matrix(frame.iloc[:PACE_ROWS])
    if not len(few):
        return SAMPLE, ROUNDS
    began = time.perf_counter()
    if exact(model, few) is not None:
        pace = (time.perf_counter() - began) / len(few)
        threads = min(os.cpu_count() or 1, 2)
        return int(np.clip(0.6 * threads * seconds / max(pace, 1e-9), LEAST_EXACT, SAMPLE)), ROUNDS
    matrix = model.encoder.matrix(frame.iloc[:SLOW_SAMPLE])
    matrix = np.repeat(matrix, max(1, 2_000 // max(len(matrix), 1)), axis=0)
    began = time.perf_counter()
    model.predict_matrix(matrix)
    pace = (time.perf_counter() - began) / len(matrix)
    rows = 0.8 * seconds / max(pace * 2 * (len(model.sources) + 1), 1e-9)  # with one round
    rounds = ROUNDS if rows >= LEAST_SAMPLE * ROUNDS else FEW_ROUNDS
    return int(np.clip(rows / rounds, FEW_ROWS if rounds == FEW_ROUNDS else LEAST_SAMPLE, SLOW_SAMPLE)), rounds


def stratified(observed: Floats, rows: int, seed: int) -> NDArray[np.int64]:
    """Positions of at most `rows` rows with the whole table's mix of outcomes, in order."""
    if len(observed) <= rows:
        return np.arange(len(observed))
    generator = np.random.default_rng(seed)
    order = np.lexsort((generator.random(len(observed)), np.nan_to_num(observed, nan=-np.inf)))
    step = len(observed) / rows
    places = (np.arange(rows) * step + generator.random() * step).astype(np.int64)
    return np.sort(order[np.minimum(places, len(observed) - 1)])


def outcomes_shown(model: Model, y: NDArray[np.generic], place: int) -> Floats:
    """(n,) outcomes in display units: 100 or 0 for the explained class or another, numbers as they are, NaN when unknown."""
    values = np.asarray(y, dtype=np.float64)
    problem = model.problem
    if problem.task == "regression":
        return values
    if problem.task == "binary":
        positive = not problem.positive or problem.classes[place] == problem.positive
        return 100.0 * (values if positive else 1.0 - values)
    return np.where(np.isfinite(values), 100.0 * (values == place), np.nan)


def _sentence(model: Model, made: Contributions, ordered: tuple[Importance, ...]) -> str:
    subject = f"{quote(model.problem.target)} = {quote(made.label)}" if made.label else quote(model.problem.target)
    top = [one for one in ordered[:3] if one.share >= 0.01]
    if not top:
        return f"No column moves the prediction of {subject}."
    names = join_words([quote(one.column) for one in top])
    share = percent(sum(one.share for one in top))
    verb = "carries" if len(top) == 1 else "carry"
    found = f"{names} {verb} {share} of what moves the prediction of {subject}."
    return f"{found} This tells what goes together, not what brings it about."
