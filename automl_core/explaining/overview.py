"""The whole model explained on a sample of rows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.words import join_words
from automl_core.explaining.classes import classes_by_interest
from automl_core.explaining.contributions import (
    Contributions,
    compares,
    explained_class,
    in_class,
    raw_parts,
    reference_rows,
)
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.explanation import LEAST_NAMED, MOST_NAMED, ColumnGroup, Explanation
from automl_core.explaining.groups import column_groups
from automl_core.explaining.honesty import grouped, line_name
from automl_core.explaining.importance import importances, shape
from automl_core.explaining.reference import Care, Reference
from automl_core.explaining.routes import by_itself, exact
from automl_core.explaining.words import percent, quote
from automl_core.framing.dependent import Codes
from automl_core.search.model import Model

SAMPLE = 2_000
LEAST_SAMPLE = 100
MOST_SEEN = 200_000  # rows of a table by which outcomes are told; a share of a twelfth of them is right to half a point
LEAST_CARE, MOST_CARE = Care(2, 1), Care(8, 16)
FIXED_CARE, FIXED_MIXTURES = Care(2, 4), 150_000  # some seconds of a model of usual size
PACE_ROWS = (1, 5, 15, 40)
PACE_SHARE = 0.1  # of the seconds: what a look at the pace may take
SECONDS = 8.0
CARE_SHARE, ROWS_SHARE = 0.7, 0.95  # of the seconds: what is spent on more care for each row, and what to reach all rows at all
LEAST_SHARE = 0.3  # of the seconds, however long it took to make the rows ready that a model is compared with
MOST_SHAPES = 15
MOST_CLASSES, MOST_LINES = 20, 20_000  # explained unasked, and columns of all of them together: an explanation is kept for each
OTHERS_SHARE = 0.3  # of the seconds: what the classes after the first may take together
Floats = NDArray[np.float64]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a model is explained: for these classes in this order (("",) for numbers), and in about how many seconds; `fixed`: with
    an effort that does not hang on the clock, so that the same rows and seed always give the same figures."""

    labels: tuple[str, ...]
    seed: int = 0
    seconds: float = SECONDS
    progress: Progress | None = None
    fixed: bool = False


def every_class(model: Model, y: NDArray[np.generic], seed: int = 0, seconds: float = SECONDS) -> Asked:
    """Asks for the class of most interest and as many others as are worth keeping."""
    most = max(1, min(MOST_CLASSES, MOST_LINES // max(len(model.sources), 1)))
    return Asked(classes_by_interest(model.problem, y)[:most], seed, seconds)


def explain(
    model: Model, frame: pd.DataFrame, y: NDArray[np.generic], seed: int = 0, progress: Progress | None = None,
    seconds: float = SECONDS,
) -> Explanation:
    """Importance and shapes from Shapley values of a stratified sample of 2,000 rows; of several classes for the one of most
    interest.

    It takes about `seconds`: where values are sampled a slow model gets less care a row, and only one too slow for that gets
    fewer rows, 100 at least. `frame` is typed and cleaned, aligned with `y` (class codes, or numbers; NaN when unknown).
    """
    return explain_classes(model, frame, y, Asked(classes_by_interest(model.problem, y)[:1], seed, seconds, progress))[0]


def explain_classes(model: Model, frame: pd.DataFrame, y: NDArray[np.generic], asked: Asked) -> tuple[Explanation, ...]:
    """The same for several classes, from the same rows and the same parts: the first of them, and of the others those that there
    is time for."""
    tell, seed, seconds = asked.progress or (lambda fraction, sentence: None), asked.seed, asked.seconds
    tell(0.0, "Choosing rows to explain.")
    began = time.thread_time()
    few = model.encoder.matrix(frame.iloc[:PACE_ROWS[-1]])
    reference = reference_rows(model, frame, seed) if compares(model, few[:1]) else None
    left = max(seconds - (time.thread_time() - began), LEAST_SHARE * seconds)
    rows = min(SAMPLE, len(frame))
    limit, care = _fixed(model, reference, rows) if asked.fixed else _affordable(model, few, reference, rows, left)
    picked = stratified(mixed_outcomes(model, y), limit, seed)
    sample = frame.iloc[picked].reset_index(drop=True)
    tell(0.1, f"Explaining {len(sample):,} rows.")
    matrix = model.encoder.matrix(sample)
    raw = raw_parts(model, matrix, reference, care, seed)
    tell(0.8, "Ordering the columns.")
    wide = stratified(mixed_outcomes(model, y), MOST_SEEN, seed)
    table = frame.iloc[wide]
    alike = column_groups(sample, model.sources, seed)
    together = among(together_of(frame, model.cleaned, model.problem), picked)
    found: list[Explanation] = []
    for label in asked.labels:
        if len(found) == 1:
            began = time.thread_time()
        if len(found) > 1 and not asked.fixed and time.thread_time() - began > OTHERS_SHARE * seconds:
            break
        shared = _Shared(table, outcomes_shown(model, y[wide], explained_class(model, label)), alike, together, seed)
        found.append(_explanation(model, sample, in_class(model, raw, matrix, label), shared))
    return tuple(found)


def mixed_outcomes(model: Model, y: NDArray[np.generic]) -> Floats:
    """(n,) outcomes by which rows are spread: of several classes each one's share is kept."""
    return np.asarray(y, dtype=np.float64) if model.problem.task == "multiclass" else outcomes_shown(
        model, y, explained_class(model))


class _Shared(NamedTuple):
    """What the explanations of all classes go by: a table with its outcomes, columns that say the same, rows that go together."""

    table: pd.DataFrame
    observed: Floats
    alike: tuple[tuple[str, ...], ...]
    together: Codes | None
    seed: int


def _explanation(model: Model, sample: pd.DataFrame, made: Contributions, shared: _Shared) -> Explanation:
    """One class, or number, explained by the parts of a sample."""
    ordered = importances(made, sample, shared.seed, shared.together)
    used = [one for one in ordered if one.share > 0][:MOST_SHAPES]
    shapes = tuple(shape(one.column, sample[one.column], shared.table[one.column], shared.observed) for one in used)
    units = "points" if made.label else model.problem.target
    doubt = float(np.nan_to_num(made.doubt).mean()) if len(sample) else 0.0
    told = Explanation(ordered, shapes, float(made.prediction.mean()), units, len(sample), made.label, "",
                       grouped(made, shared.alike), doubt=doubt)
    return replace(told, sentence=_sentence(model, told))


def _affordable(
    model: Model, few: Floats, reference: Reference | None, rows: int, seconds: float
) -> tuple[int, Care]:
    """How many rows the model's route gets through in that time, by its pace on a few, and the care for each of them.

    The pace is this thread's own: other work on the machine must not change an explanation.
    """
    worked = min(os.cpu_count() or 1, 2) * seconds
    if not len(few) or not rows:
        return SAMPLE, LEAST_CARE
    if by_itself(model) and (reference is None or exact(model, few[:1], reference.matrix) is not None):
        pace = _pace(lambda part: exact(model, part, None if reference is None else reference.matrix), few, PACE_SHARE * seconds)
        return int(np.clip(ROWS_SHARE * worked / max(pace, 1e-9), LEAST_SAMPLE, SAMPLE)), LEAST_CARE
    assert reference is not None
    least = reference.lone + LEAST_CARE.rounds * reference.pace + LEAST_CARE.meetings * reference.meeting_seconds()
    rows = int(np.clip(min(rows, ROWS_SHARE * worked / max(least, 1e-9)), LEAST_SAMPLE, SAMPLE))
    return rows, reference.affords(rows, CARE_SHARE * worked, LEAST_CARE, MOST_CARE)


def _fixed(model: Model, reference: Reference | None, rows: int) -> tuple[int, Care]:
    """The same for an effort that is counted in mixtures and not in seconds."""
    if reference is None or not rows or not reference.samples:
        return SAMPLE, FIXED_CARE
    turn = 2 * max(len(model.sources) - 1, 1)
    rows = int(np.clip(min(rows, FIXED_MIXTURES // (FIXED_CARE.rounds * turn)), LEAST_SAMPLE, SAMPLE))
    return rows, replace(FIXED_CARE, rounds=int(np.clip(FIXED_MIXTURES // (rows * turn), FIXED_CARE.rounds, MOST_CARE.rounds)))


def _pace(work: Callable[[Floats], object], few: Floats, seconds: float) -> float:
    """Seconds of this thread for a row, by as many of the few as should not take longer than `seconds`.

    One row says little where most of its time is not the row's: unless it alone takes long, some more are looked at.
    """
    pace = 0.0
    for rows in PACE_ROWS:
        if pace > 2 * seconds or (rows > PACE_ROWS[1] and pace * rows > seconds):
            break
        part = few[:rows]
        began = time.thread_time()
        work(part)
        pace = (time.thread_time() - began) / len(part)
    return pace


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


def _sentence(model: Model, made: Explanation) -> str:
    """The strongest columns, or groups of them, as the chart has them."""
    subject = f"{quote(model.problem.target)} = {quote(made.label)}" if made.label else quote(model.problem.target)
    top = [one for one in made.lines[:MOST_NAMED] if one.share >= LEAST_NAMED]
    if not top:
        return f"No column moves the prediction of {subject}."
    names = join_words([line_name(one) for one in top])
    share = percent(sum(one.share for one in top))
    groups = sum(isinstance(one, ColumnGroup) for one in top)
    verb = "carries" if len(top) == 1 and not groups else "carry"
    alike = " Columns joined by “+” say much the same and count as one." if groups else ""
    found = f"{names} {verb} {share} of what moves the prediction of {subject}.{alike}"
    return f"{found} This tells what goes together, not what brings it about."
