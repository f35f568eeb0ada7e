"""Labels of several classes tuned to their metric: what each class's probability counts times before the largest is taken.

The likeliest class is the best answer for accuracy alone: where every class counts the same, however rare it is, it hides those
that are rare. So does the middle step of a scale.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import Cut, Floats, MiddleStep, Truth, Weights, predicted_codes
from automl_core.framing.metrics import Metric
from automl_core.framing.score_interval import Counting

TUNED = ("balanced_accuracy", "f1_macro", "mcc")
LEAST_ROWS = 50
MOST_ROWS = 20_000  # that decide: more move a factor by less than one step of the grid
MUCH_CLASSES = 100  # from which on fewer rows decide, so that rows times classes stay as many
MANY_CLASSES = 10  # from which on one number decides for all: new rows are called better by it, and it takes no time
SWEEPS = 3
SURE = 0.975  # that something is won on the rows that factors are chosen by, which flatter them
BLOCKS = 40  # of rows, each left out in turn to see how sure it is
STEPS = np.linspace(-2.0, 2.0, 33)  # of a factor's logarithm, from where it is
POWERS = np.linspace(0.0, 1.5, 13)  # of the inverse of a class's share
SMALL = 1e-12
GAIN = 1e-9  # of a score, below which a factor stays where it is
Codes = NDArray[np.int64]


class Rows(NamedTuple):
    """Classes (n,), logarithms of probabilities (n, k), how much rows count (n,), and whether the middle step is called."""

    codes: Codes
    logs: Floats
    mass: Floats
    middle: bool

    def called(self, factors: Floats) -> Codes:
        """(n,) what rows are called with these logarithms of factors (k,)."""
        raised = self.logs + factors
        return predicted_codes(np.exp(raised - raised.max(axis=1, keepdims=True)), MiddleStep()) if self.middle \
            else predicted_codes(raised)


def tune_factors(
    metric: Metric, y: Truth, p: Floats, weights: Weights | Counting = None, most_rows: int = MOST_ROWS
) -> tuple[float, ...]:
    """The factors (k,) with the best score of out-of-fold probabilities (n, k), one class after the other: from those that make
    all classes as likely where recalls count, else from none. Of many classes, and of steps that are called by their middle, they
    are the best power of their inverse shares. () where the metric asks for none, rows are few, or what is won is not sure: there
    labels without are as good."""
    seen = np.isfinite(p).all(axis=1)
    places = np.flatnonzero(seen)
    if metric.name not in TUNED or p.ndim != 2 or len(places) < LEAST_ROWS:
        return ()
    most = max(LEAST_ROWS, most_rows * MUCH_CLASSES // max(p.shape[1], MUCH_CLASSES))
    if len(places) > most:
        places = np.sort(np.random.default_rng(0).choice(places, most, replace=False))
    counting = weights if isinstance(weights, Counting) else Counting(weights)
    codes, logs = y[places].astype(np.int64), np.log(np.clip(p[places], SMALL, None))
    mass = np.ones(len(codes)) if counting.weights is None else counting.weights[places].astype(float)
    rows, even = Rows(codes, logs, mass, metric.decision.middle), _evening(codes, mass, p.shape[1])
    if rows.middle or p.shape[1] > MANY_CLASSES:
        best = max(POWERS, key=lambda power: _scores(metric, rows, power * even)[0]) * even
    else:
        best = _climbed(metric, rows, even if metric.name == "balanced_accuracy" else np.zeros(p.shape[1]))
    blocks = _blocks(len(codes), None if counting.groups is None else counting.groups[places])
    if not _surely_better(metric, rows, best, blocks):
        return ()
    return tuple(float(factor) for factor in np.exp(best - best.mean()))


def _evening(codes: Codes, mass: Floats, classes: int) -> Floats:
    """The logarithms of factors (k,) that make all classes as likely: of the inverses of their shares."""
    shares = np.bincount(codes, weights=mass, minlength=classes) / max(float(mass.sum()), SMALL)
    even: Floats = -np.log(np.maximum(shares, 1.0 / len(codes)))
    return even


def _blocks(rows: int, groups: Codes | None) -> Codes:
    """(n,) the block of each row, at random; rows of one group are of one block. Where all are of one, each stands alone."""
    known = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if known is None or not known.any():
        known = np.arange(rows)
    blocks: Codes = (np.random.default_rng(0).permutation(int(known.max()) + 1) % BLOCKS)[known]
    return blocks


def _surely_better(metric: Metric, rows: Rows, factors: Floats, blocks: Codes) -> bool:
    """Whether labels by these factors score higher than without by more than chance explains: by how far what is won moves
    where each block of rows is left out in turn (the jackknife of Tukey 1958)."""
    from scipy.special import stdtrit

    won = np.subtract(*(_scores(metric, rows, some, blocks) for some in (factors, np.zeros(len(factors)))))
    several = len(won) - 1
    error = np.sqrt((several - 1) / several * np.square(won[1:] - won[1:].mean()).sum())
    return bool(won[0] > GAIN and won[0] > stdtrit(several - 1, SURE) * error)


def _scores(metric: Metric, rows: Rows, factors: Floats, blocks: Codes | None = None) -> Floats:
    """The score by these factors' logarithms, and those without each of the blocks in turn."""
    codes, mass, classes, called = rows.codes, rows.mass, len(factors), rows.called(factors)
    first = np.zeros(len(codes), dtype=np.int64) if blocks is None else blocks
    many = int(first.max()) + 1
    parts = [np.bincount(first * classes + found, weights=counts, minlength=many * classes).reshape(many, classes)
             for found, counts in ((codes, mass), (called, mass), (codes, mass * (called == codes)))]
    table, total = np.hstack(parts), parts[0].sum(axis=1)
    whole, every = table.sum(axis=0), float(total.sum())
    if blocks is not None:
        table, total = np.vstack([whole, whole - table]), np.append(every, every - total)
    assert metric.combine is not None
    return metric.combine(np.maximum(table, 0.0) / np.maximum(total, SMALL)[:, None])


def _climbed(metric: Metric, rows: Rows, start: Floats) -> Floats:
    """The logarithms of factors (k,) that are reached from these: each in turn is put where the score is best."""
    factors = start.copy()
    score = float(_scores(metric, rows, factors)[0])
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


def _at_factors(metric: Metric, rows: Rows, factors: Floats, place: int, grid: Floats) -> Floats:
    """(grid,) scores where the class at `place` has these logarithms of its factor, from one look at the rows."""
    codes, logs, mass, _ = rows
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


def labelled(p: Floats, cut: Cut) -> Floats:
    """(n, k) certainty of the class that each row is called."""
    return np.eye(p.shape[1])[predicted_codes(p, cut or 0.5)]


def labelled_by_others(metric: Metric, y: Truth, p: Floats, parts: Codes, weights: Weights | Counting = None,
                       most_rows: int = MOST_ROWS) -> Floats:
    """(n, k) labels by the factors that are best on the other parts of the rows: their own would flatter them. `parts` (n,) are
    the folds, say."""
    counting, said = weights if isinstance(weights, Counting) else Counting(weights), np.empty(p.shape)
    for part in np.unique(parts):
        mine = parts == part
        others = Counting(*(None if one is None else one[~mine] for one in counting))
        factors = tune_factors(metric, y[~mine], p[~mine], others, most_rows)
        said[mine] = labelled(p[mine], MiddleStep(factors) if metric.decision.middle else factors)
    return said
