"""Data in which effects add up: what a boosting of single cuts says, which cannot join two columns, and outcomes drawn by it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.copies import among, together_of
from automl_core.explaining.refits import LEAST_ROWS, Past
from automl_core.framing.dependent import Codes
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.log_target import from_log, to_log
from automl_core.search.model import Model
from automl_core.search.worker import FAILURES, LARGEST_SEED

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
STUMPS = {"num_leaves": 2, "learning_rate": 0.1, "rounds": 1000}
FOLDS = 5  # one is what the boosting is stopped early on


def added_up(
    model: Model, past: Past, train: Places, frame: pd.DataFrame, generator: np.random.Generator
) -> tuple[Floats, Places] | None:
    """What a boosting of single cuts that learned from `train` says of a frame's rows, and the fifth of `train` that it was only
    stopped early on; rows that go together are on one side. None when it cannot learn."""
    together = among(together_of(past.frame, past.columns, model.problem), train)
    if together is None or together.max() + 1 < FOLDS:
        order = generator.permutation(train)
        aside, kept = order[: len(order) // FOLDS], order[len(order) // FOLDS :]
    else:
        groups = generator.permutation(int(together.max()) + 1)
        held = np.isin(together, groups[: len(groups) // FOLDS])
        aside, kept = train[held], train[~held]
    encoder, problem, family = model.encoder, model.problem, families().get("lightgbm")
    learning, stopping, asked = (encoder.matrix(part)[:, : encoder.plain]
                                 for part in (past.frame.iloc[kept], past.frame.iloc[aside], frame))
    request = FitRequest(learning, past.y[kept], encoder.features[: encoder.plain], problem.task, max(2, len(problem.classes)),
                         STUMPS, valid_matrix=stopping, valid_y=past.y[aside], seed=past.seed % LARGEST_SEED)
    try:
        return family.predict(family.fit(request).native, asked), aside
    except FAILURES:
        return None


def additive_outcomes(model: Model, past: Past, draws: int) -> list[Floats]:
    """Outcomes (n,) as they would be if effects added up: residuals dealt out anew (numbers), or classes drawn anew.

    The residuals are those of the fifth that the boosting has not learned from: others would be too small, and models of such
    data would join columns less often by chance than the model does. Where rows go together each group has a part of its own,
    as large as it is in the data.
    """
    known = np.flatnonzero(np.isfinite(past.y))
    if len(known) < LEAST_ROWS:
        return []
    generator, problem = np.random.default_rng(past.seed), model.problem
    found = added_up(model, past, known, past.frame, generator)
    if found is None:
        return []
    said, aside = found
    together = together_of(past.frame, past.columns, problem)
    codes, alike = among(together, known), among(together, aside)
    logs = any(member.logs for member in model.members)
    if problem.task != "regression":
        ends = np.cumsum(said, axis=1)[:, :-1] if said.ndim == 2 else 1 - said[:, None]
        common = _common(past.y[aside], ends[aside], alike)
        drawn = [(_uniform(len(known), codes, common, generator)[:, None] > ends[known]).sum(axis=1) for _ in range(draws)]
    else:
        # of logarithms no number is below 0, and what is left over grows with the number: the means still add up
        said = to_log(np.maximum(said, 0.0)) if logs else said
        own, rest = _parted((to_log(past.y[aside]) if logs else past.y[aside]) - said[aside], alike)
        drawn = [said[known] + generator.choice(rest, len(known)) for _ in range(draws)]
        if codes is not None:
            drawn = [numbers + generator.choice(own, int(codes.max()) + 1)[codes] for numbers in drawn]
    made = []
    for numbers in drawn:
        y = np.full(len(past.y), np.nan)
        y[known] = from_log(numbers) if logs else numbers
        made.append(y)
    return made


def _parted(left: Floats, together: Codes | None) -> tuple[Floats, Floats]:
    """Residuals as a part of each group (g,) around 0 and a part of each row (n,), as large as the analysis of variance finds
    them."""
    if together is None or together.max() < 1:
        return np.zeros(1), left
    means = np.bincount(together, left) / np.bincount(together)
    rest = left - means[together]
    own, within = _variances(left, together)
    grown = math.sqrt(within / max(float((rest**2).mean()), 1e-300))
    return (means - means.mean()) * math.sqrt(own / max(float(means.var()), 1e-300)), left.mean() + rest * grown


def _variances(left: Floats, together: Codes) -> tuple[float, float]:
    """The variance of groups' own parts, and of rows within them."""
    sizes = np.bincount(together)
    means = np.bincount(together, left) / sizes
    within = float(((left - means[together]) ** 2).sum()) / max(len(left) - len(sizes), 1)
    return max(0.0, float(means.var(ddof=1)) - within * float((1 / sizes).mean())), within


def _common(y: Floats, ends: Floats, together: Codes | None) -> float:
    """How far rows of a group share what decides on their class: the correlation, of normal numbers cut at the `ends` (n, k - 1),
    with which classes are as much alike as they are."""
    from scipy.special import ndtri

    if together is None or together.max() < 1:
        return 0.0
    below = (y[:, None] <= np.arange(ends.shape[1])) - ends
    own = sum(_variances(column, together)[0] for column in below.T)
    steep = np.exp(-ndtri(np.clip(ends, 1e-6, 1 - 1e-6)) ** 2) / (2 * math.pi)
    return min(1.0, own / max(float(steep.mean(axis=0).sum()), 1e-300))


def _uniform(rows: int, together: Codes | None, common: float, generator: np.random.Generator) -> Floats:
    """(n,) numbers between 0 and 1, alike within groups."""
    from scipy.special import ndtr

    if together is None:
        return generator.random(rows)
    group = generator.standard_normal(int(together.max()) + 1)[together]
    found: Floats = ndtr(math.sqrt(common) * group + math.sqrt(1 - common) * generator.standard_normal(rows))
    return found
