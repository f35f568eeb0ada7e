"""What choosing is worth: each fold is predicted by what the other folds would have chosen.

Picking the best of many by the rows it is then judged by flatters it (Cawley and Talbot 2010; Varma and Simon 2006). So the
choice, weights and all, is made once more for each fold without it, and only what that gives on the fold is reported.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.search.calibration import parts_of
from automl_core.search.ensemble import blend, rows_to_judge
from automl_core.search.family import Array
from automl_core.search.offers import Ballot, Offer, make_offers, rungs

MOST_ROWS = 20_000  # above, choosing among some dozens flatters by less than can be seen
CHOICE_ROWS = 4_000


def is_nested(rows: int) -> bool:
    """Whether the choice is made anew without each fold: of so many rows."""
    return 1 < rows <= MOST_ROWS


def nested_rungs(ballot: Ballot, fold_of: NDArray[np.int64], offers: tuple[Offer, ...]) -> dict[str, Array]:
    """Out-of-fold predictions (n,) or (n, k) of every rung of the ladder, chosen without the fold they are for.

    `fold_of` (n,) is the fold of each row of the ballot; of one fold two halves are made. On many rows the rungs of `offers` as
    they are.
    """
    plain = {name: offer.prediction for name, offer in rungs(offers).items()}
    if not is_nested(len(fold_of)):
        return plain
    part_of = parts_of(fold_of, ballot.groups)
    random, most = np.random.default_rng(ballot.seed), rows_to_judge(ballot.judge, ballot.predictions, MOST_ROWS)
    nested = {name: prediction.copy() for name, prediction in plain.items()}
    for part in np.unique(part_of):
        inside = np.flatnonzero(part_of == part)
        others = np.flatnonzero(part_of != part)
        if len(others) > most:
            others = np.sort(random.choice(others, most, replace=False))
        found = rungs(make_offers(ballot.on(others), CHOICE_ROWS))
        for name in nested:
            weights = found[name].weights
            nested[name][inside] = blend(weights, {key: ballot.predictions[key][inside] for key in weights})
    return nested
