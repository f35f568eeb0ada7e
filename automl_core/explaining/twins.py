"""Columns the model uses but could do without: a model that never had the column is as good."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.copies import among, together_of
from automl_core.explaining.drops import compare
from automl_core.explaining.explanation import Explanation
from automl_core.explaining.refits import Past, Refit
from automl_core.framing.score_interval import Counting
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.portfolio import loss_options
from automl_core.search.worker import FAILURES, LARGEST_SEED

Floats = NDArray[np.float64]
MOST = 4
LEAST_SHARE = 0.05
KEPT = 0.25  # of what shuffling costs: a loss without the column below that is made up for by its twins
ROUNDS = 150


def replaceable(
    refit: Refit, past: Past, explanation: Explanation, drops: dict[tuple[str, ...], tuple[float, float, float]]
) -> tuple[str, ...]:
    """The columns of groups, up to four with a share of 5 % or more, whose loss a boosting without them does not feel.

    Two boostings learn from the half of `refit`, with and without the column, and are compared on the other half: the upper end
    of the loss's 90 % interval must stay below a quarter of what shuffling the column costs. One whose shuffling does not clearly
    hurt is replaceable anyway.
    """
    grouped = {name for group in explanation.groups for name in group.columns}
    tried = [item.column for item in explanation.importance
             if item.column in grouped and item.share >= LEAST_SHARE and (item.column,) in drops][:MOST]
    encoder = refit.model.encoder
    if not tried:
        return ()
    features = encoder.features[: encoder.plain]
    train, valid = (encoder.matrix(past.frame.iloc[part])[:, : encoder.plain] for part in (refit.train, refit.valid))
    problem = refit.model.problem
    learning, weights = (None if given is None else given[part] for given, part in (
        (past.learning_weights(problem), refit.train), (past.weights(problem), refit.valid)))
    options = {"learning_rate": 0.08, **loss_options(problem, "lightgbm")}
    judging = Counting(weights, among(together_of(past.frame, past.columns, problem), refit.valid))

    family = families().get("lightgbm")

    def predicted(kept: NDArray[np.int64]) -> Floats | None:
        request = FitRequest(train[:, kept], past.y[refit.train], tuple(features[place] for place in kept), problem.task,
                             max(2, len(problem.classes)), options, rounds=ROUNDS, seed=past.seed % LARGEST_SEED,
                             weights=learning)
        try:
            native = family.fit(request).native
        except FAILURES:
            return None
        return family.predict(native, valid[:, kept])

    found = [name for name in tried if drops[(name,)][1] <= 0]  # much used, but shuffling it does not clearly hurt
    before = predicted(np.arange(len(features)))
    if before is None:
        return ()
    for name in tried:
        kept = np.flatnonzero([feature.sources != (name,) for feature in features])
        if name in found or not len(kept):
            continue
        without = predicted(kept)
        if without is None:
            return ()
        loss, variance = compare(problem, past.y[refit.valid], before, without, judging, refit.model.read_at)
        if loss + 1.645 * variance**0.5 < KEPT * drops[(name,)][0]:
            found.append(name)
    return tuple(found)
