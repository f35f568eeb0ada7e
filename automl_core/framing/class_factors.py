"""Labels of several classes tuned to their metric: what each class's probability counts times before the largest is taken.

The likeliest class is the best answer for accuracy alone: where every class counts the same, however rare it is, it hides those
that are rare.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import Floats, Truth, Weights, predicted_codes
from automl_core.framing.metrics import Metric
from automl_core.framing.score_interval import paired_difference

TUNED = ("balanced_accuracy", "f1_macro", "mcc")
LEAST_ROWS = 50
MOST_ROWS = 20_000  # that decide: more move a factor by less than one step of the grid
SWEEPS = 3
CLEAR = 2.0  # standard errors on the rows that factors are chosen by, which flatter them
STEPS = np.linspace(-2.0, 2.0, 33)  # of a factor's logarithm, from where it is
SMALL = 1e-12
GAIN = 1e-9  # of a score, below which a factor stays where it is


def tune_factors(
    metric: Metric, y: Truth, p: Floats, weights: Weights = None, most_rows: int = MOST_ROWS
) -> tuple[float, ...]:
    """The factors (k,) with the best score of out-of-fold probabilities (n, k), one class after the other: from those that make
    all classes as likely where recalls count, else from none. () where the metric asks for none, rows are few, or what is won is
    within two standard errors: there the likeliest class is as good."""
    seen = np.isfinite(p).all(axis=1)
    places = np.flatnonzero(seen)
    if metric.name not in TUNED or p.ndim != 2 or len(places) < LEAST_ROWS:
        return ()
    if len(places) > most_rows:
        places = np.sort(np.random.default_rng(0).choice(places, most_rows, replace=False))
    codes, logs = y[places].astype(np.int64), np.log(np.clip(p[places], SMALL, None))
    mass = np.ones(len(codes)) if weights is None else weights[places].astype(float)
    start = np.zeros(p.shape[1])
    if metric.name == "balanced_accuracy":
        shares = np.bincount(codes, weights=mass, minlength=p.shape[1]) / max(float(mass.sum()), SMALL)
        start = -np.log(np.maximum(shares, 1.0 / len(codes)))
    best = _climbed(metric, (codes, logs, mass), start)
    gain = paired_difference(metric, codes, logs + best, logs, 0, mass)  # of labels only: their order is all that counts
    if not gain.difference > CLEAR * gain.standard_error:
        return ()
    return tuple(float(factor) for factor in np.exp(best - best.mean()))


def _climbed(metric: Metric, rows: tuple[NDArray[np.int64], Floats, Floats], start: Floats) -> Floats:
    """The logarithms of factors (k,) that are reached from these: each in turn is put where the score is best."""
    codes, logs, mass = rows
    factors = start.copy()
    score = metric.score(codes, logs + factors, weights=mass)
    for _ in range(SWEEPS):
        before = score
        for place in range(len(start)):
            grid = factors[place] + STEPS
            scores = _at_factors(metric, rows, factors, place, grid)
            top = float(scores.max())
            if top > score + GAIN:
                best = np.flatnonzero(scores >= top - GAIN)
                factors[place] = grid[best[len(best) // 2]]  # the middle of a level top
                score = float(scores[best[len(best) // 2]])
        if score <= before + GAIN:
            break
    return factors


def _at_factors(metric: Metric, rows: tuple[NDArray[np.int64], Floats, Floats], factors: Floats, place: int,
                grid: Floats) -> Floats:
    """(grid,) scores where the class at `place` has these logarithms of its factor, from one look at the rows."""
    codes, logs, mass = rows
    classes = len(factors)
    raised = logs + factors
    raised[:, place] = -np.inf
    other = raised.argmax(axis=1)
    needed = np.searchsorted(grid, raised.max(axis=1) - logs[:, place], side="left")  # from this step on the class has the row

    def counted(counts: Floats) -> Floats:
        """(grid, k) mass of rows by what they would be called otherwise, of those that the class has at each step."""
        flat = np.bincount(needed * classes + other, weights=counts, minlength=(len(grid) + 1) * classes)
        taken: Floats = np.cumsum(flat.reshape(-1, classes), axis=0)
        return taken

    every, right = counted(mass), counted(mass * (other == codes))
    guess, both = every[-1] - every[:-1], right[-1] - right[:-1]
    guess[:, place] = every[:-1].sum(axis=1)
    both[:, place] = counted(mass * (codes == place))[:-1].sum(axis=1)
    truth = np.tile(np.bincount(codes, weights=mass, minlength=classes), (len(grid), 1))
    assert metric.combine is not None
    return metric.combine(np.hstack([truth, guess, both]) / max(float(mass.sum()), SMALL))


def labelled(p: Floats, factors: tuple[float, ...]) -> Floats:
    """(n, k) certainty of the class that each row is called."""
    return np.eye(p.shape[1])[predicted_codes(p, factors or 0.5)]
