"""Shapley values in the user's own columns and in units that can be read: probability points, or the target's own units."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.chance import row_seeds, same_seeds
from automl_core.explaining.classes import no_such_class
from automl_core.explaining.coalitions import enumerated
from automl_core.explaining.reference import LEAST_ALONE, MOST_ALONE, Care, Reference, open_reference, parted
from automl_core.explaining.routes import (
    Raw,
    by_itself,
    exact,
    exact_together,
    needs_background,
    spread_remainder,
)
from automl_core.search.family import link
from automl_core.search.model import Model

Floats = NDArray[np.float64]
POOL = 20  # rows predicted for each that is picked
BACKGROUND_ROWS = 100
ROUNDS = 8
FIXED_MIXTURES = 60_000
ROW_SECONDS = 0.033  # by the clock, for the parts of one row: what is left of 50 ms is for rows that take longer than others
EVERY_SECONDS = 0.1  # for all coalitions of up to eight columns: parts without chance are worth the wait


@dataclass(frozen=True, eq=False, slots=True)
class Contributions:
    """`base + phi.sum(axis=1) == prediction` to 1e-6: for classes x 100 (points), for numbers in the target's units.

    `phi` is (n, columns); `names` are the source columns; `label` is the class that is explained ("" for numbers). `doubt` (n,)
    is the share of a row's parts (their sizes added up) that sampling is likely to have got wrong: 0 where nothing was sampled.
    """

    phi: Floats
    base: float
    prediction: Floats
    names: tuple[str, ...]
    label: str
    doubt: Floats = field(default_factory=lambda: np.zeros(0))


def pick_background(model: Model, frame: pd.DataFrame, seed: int = 0, rows: int = BACKGROUND_ROWS) -> pd.DataFrame:
    """Rows that stand for the average customer: spread evenly over the ordered predictions of a cleaned frame, of each part the
    one nearest to its mean. Drawn by chance they were told 6 % apart from seed to seed where predictions are skewed."""
    if len(frame) <= rows:
        return frame
    generator = np.random.default_rng(seed)
    pool = np.sort(generator.choice(len(frame), min(len(frame), POOL * rows), replace=False))
    score = shown(model, model.predict_frame(frame.iloc[pool]), explained_class(model))
    strata = np.array_split(np.argsort(score, kind="stable"), rows)
    picked = [int(stratum[np.abs(score[stratum] - score[stratum].mean()).argmin()]) for stratum in strata]
    return frame.iloc[np.sort(pool[picked])]


def explained_class(model: Model, label: str = "") -> int:
    """The place of the class that is explained: the positive one, or the one named; 0 for numbers. BadInput when it has none of
    that name: another class's parts under it would mislead."""
    problem = model.problem
    if label and label not in problem.classes:
        raise no_such_class(problem, label)
    wanted = label or problem.positive
    return problem.classes.index(wanted) if wanted in problem.classes else 0


def shown(model: Model, prediction: Floats, place: int) -> Floats:
    """Predictions of the explained class between 0 and 1, or numbers as they are."""
    problem = model.problem
    if prediction.ndim == 2:
        return np.asarray(prediction[:, place], dtype=np.float64)
    turned = problem.task == "binary" and bool(problem.positive) and problem.classes[place] != problem.positive
    return 1.0 - prediction if turned else prediction


def reference_rows(model: Model, background: pd.DataFrame, seed: int = 0) -> Reference:
    """Cleaned rows to compare a model's predictions with, at most 100 picked of them, with all that is worked out once."""
    return open_reference(model, model.encoder.matrix(pick_background(model, background, seed)))


def compares(model: Model, few: Floats) -> bool:
    """Whether the model's parts are measured against other rows: all but those of trees alone. `few` are encoded rows."""
    return needs_background(model) or exact(model, few) is None


def contributions(
    model: Model, frame: pd.DataFrame, background: pd.DataFrame, seed: int = 0, label: str = "", rounds: int = ROUNDS
) -> Contributions:
    """Each column's part in each prediction of a typed, cleaned frame.

    Log-odds become probability points by the share rule: `(p - p_base) * phi_j / sum(phi)`, which adds up exactly.
    `background` (cleaned rows) is the reference of the routes that need one; where values must be sampled, each row's by
    `rounds` orders of the columns and their reverses, and each tree of a forest meets as many rows of the reference.
    """
    matrix = model.encoder.matrix(frame)
    reference = reference_rows(model, background, seed) if compares(model, matrix[:20]) else None
    return of_matrix(model, matrix, reference, Care(rounds, rounds), seed, label)


def of_matrix(
    model: Model, matrix: Floats, reference: Reference | None, care: Care, seed: int = 0, label: str = ""
) -> Contributions:
    """The same for rows that are encoded already; a reference is needed by all but trees that are alone."""
    return in_class(model, raw_parts(model, matrix, reference, care, seed), matrix, label)


def raw_parts(model: Model, matrix: Floats, reference: Reference | None, care: Care, seed: int = 0) -> Raw:
    """The parts of all classes at once, with what is predicted: `in_class` says what they mean for one of them."""
    raw = exact_together(model, matrix, None if reference is None else reference.matrix)
    if raw is None:
        raw = parted(_fitting(model, reference), matrix, care, row_seeds(matrix, seed))
    return replace(raw, prediction=model.predict_matrix(matrix)) if raw.prediction is None else raw


def of_row(model: Model, row: Floats, reference: Reference | None, label: str = "") -> Contributions:
    """The same for one encoded row (1, p), with as much care as 50 ms allow where values must be sampled.

    All coalitions of up to eight columns are gone through when that takes no longer than twice as much, or where no clock decides
    (`fixed_row_care`).
    """
    raw = exact(model, row, None if reference is None else reference.matrix)
    if raw is None:
        known = _fitting(model, reference)
        care = known.care or row_care(known)
        raw = parted(known, row, care, same_seeds(row, 0)) if care.rounds else enumerated(model, row, known.matrix)
    return in_class(model, raw, row, label)


def row_care(reference: Reference) -> Care:
    """What 50 ms allow for a row alone, by the pace of this machine just now; twice as much where that leaves nothing to
    chance."""
    if reference.enumerates(EVERY_SECONDS):
        return Care(0, 0, alone=True)
    return reference.affords_alone(ROW_SECONDS)


def fixed_row_care(reference: Reference) -> Care:
    """What a row alone gets where no clock may decide: as many orders as some 60,000 mixtures allow, half as many where members
    must be asked for each; trees meet every row compared with, and up to eight columns are gone through without chance."""
    if reference.enumerable:
        return Care(0, 0, alone=True)
    mixtures = FIXED_MIXTURES // (2 if reference.asked else 1)
    rounds = int(np.clip(mixtures // (2 * max(len(reference.model.sources) - 1, 1)), LEAST_ALONE.rounds, MOST_ALONE.rounds))
    return Care(rounds, MOST_ALONE.meetings, alone=True)


def _fitting(model: Model, reference: Reference | None) -> Reference:
    """The reference, made anew from its rows when it was made for another model: what was worked out holds for one alone."""
    assert reference is not None
    return reference if reference.model is model else open_reference(model, reference.matrix)


def in_class(model: Model, raw: Raw, matrix: Floats, label: str = "") -> Contributions:
    """Parts of all classes as those of one, in display units."""
    place = explained_class(model, label)
    prediction = shown(model, model.predict_matrix(matrix) if raw.prediction is None else raw.prediction, place)
    phi, base = _in_units(model, raw, place, prediction)
    name = model.problem.classes[place] if model.problem.task != "regression" else ""
    scale = 100.0 if name else 1.0
    doubt = np.zeros(len(phi)) if raw.doubt is None else raw.doubt[:, place] if raw.doubt.ndim == 2 else raw.doubt
    return Contributions(scale * phi, scale * base, scale * prediction, model.sources, name, doubt)


def needs_sampling(model: Model) -> bool:
    """Whether the model does not tell its own parts: blends, and kinds of model that cannot. It takes longer."""
    return not by_itself(model)


def _in_units(model: Model, raw: Raw, place: int, prediction: Floats) -> tuple[Floats, float]:
    problem = model.problem
    phi = raw.phi[:, :, place] if raw.phi.ndim == 3 else raw.phi
    if not raw.linked:
        base = float(raw.base[place]) if raw.base.ndim else float(raw.base)
        if raw.phi.ndim == 2 and problem.task == "binary" and problem.positive and problem.classes[place] != problem.positive:
            return -phi, 1.0 - base
        return phi, base
    start = link(problem.task, raw.base[None] if raw.base.ndim else raw.base.reshape(1))
    base = float(shown(model, start, place)[0])
    if raw.phi.ndim == 3:  # a class's probability depends on its lead over the other classes' scores
        others = [k for k in range(raw.phi.shape[2]) if k != place]
        weight = link(problem.task, raw.phi.sum(axis=1) + raw.base)[:, others]
        weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        phi = phi - np.einsum("ijk,ik->ij", raw.phi[:, :, others], weight)
    elif problem.positive and problem.classes[place] != problem.positive:
        phi = -phi
    if raw.phi.ndim == 2:
        return _probability_shares(phi, prediction - base, base), base
    return _shares(phi, prediction - base), base


def _probability_shares(phi: Floats, total: Floats, base: float) -> Floats:
    """The share rule for log-odds: its factor lies between 0 and 1/4 by the mean value theorem, so parts that cancel are safe."""
    summed = phi.sum(axis=1)
    flat = np.abs(summed) < 1e-7
    ratio = np.where(flat, base * (1 - base), total / np.where(flat, 1.0, summed))
    return np.asarray(phi * ratio[:, None], dtype=np.float64)


def _shares(phi: Floats, total: Floats) -> Floats:
    """The share rule for one class of several. Where the parts nearly cancel it would blow them up, so the remainder is spread
    by size instead: both add up to `total` exactly."""
    summed, size = phi.sum(axis=1), np.abs(phi).sum(axis=1)
    safe = (np.abs(summed) > 0.05 * size) & (summed * total > 0)
    ratio = np.where(safe, total / np.where(safe, summed, 1.0), 0.0)
    out = np.asarray(phi * ratio[:, None], dtype=np.float64)
    if not safe.all():
        loose = (float(np.median(ratio[safe])) if safe.any() else 1.0) * phi[~safe]
        out[~safe] = spread_remainder(loose, total[~safe])
    return out
