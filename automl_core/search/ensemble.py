"""Greedy ensemble selection (Caruana et al. 2004) on out-of-fold predictions, bagged on few rows (Caruana et al. 2006)."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metrics import Metric
from automl_core.search.family import Array

STEPS = 25  # more bring nothing (TabRepo)
MEMBERS = 4
LEAST_WEIGHT = 0.05
ROWS = 20_000
FEW_ROWS, FEW_MEMBERS = 5_000, 6
LEAST_JUDGED = 500
LEAST_OF_A_CLASS = 500  # rows of each class that decide where there are as many: twenty of a rare one are chance
BAGS, BAG_SHARE, BAG_STEPS, BAG_ROWS, FIELD = 20, 0.5, 15, 2_000, 15


@dataclass(frozen=True, slots=True, eq=False)
class Electorate:
    """Who decides: rows with their truth `y` (n,), how much each counts (n,) (None: the same), and the metric they judge by."""

    judge: Metric
    y: Array
    weights: Array | None = None
    seed: int = 0

    def quality(self, prediction: Array) -> float:
        """The score, greater is better."""
        return self.judge.sign * self.judge.score(self.y, prediction, weights=self.weights)

    def on(self, rows: NDArray[np.int64]) -> Electorate:
        """The same of some of the rows."""
        return replace(self, y=self.y[rows], weights=None if self.weights is None else self.weights[rows])


def rows_to_judge(judge: Metric, predictions: Mapping[str, Array], most: int) -> int:
    """How many rows decide where at most `most` do: the area of several classes takes a sort for each, so there fewer."""
    example = next(iter(predictions.values()), np.zeros(0))
    classes = example.shape[1] if example.ndim == 2 else 2
    return most if judge.area is None else max(LEAST_JUDGED, 2 * most // max(classes, 2))


def members_for(rows: int) -> int:
    """How many members an ensemble may have: on few rows more, for no single one can be told to be the best there."""
    return FEW_MEMBERS if rows <= FEW_ROWS else MEMBERS


def bagged_weights(voters: Electorate, predictions: Mapping[str, Array], members: int = FEW_MEMBERS) -> dict[str, float]:
    """Weights (sum 1) of at most `members`: the mean over 20 greedy choices, each by other rows among half of the 15 best.

    For few rows, where a single greedy choice follows the chance of the rows that decide. The rows, at most 2,000, are drawn with
    replacement.
    """
    random = np.random.default_rng(voters.seed)
    scores = {key: voters.quality(part) for key, part in predictions.items()}
    field = sorted((key for key in scores if np.isfinite(scores[key])), key=lambda key: -scores[key])[:FIELD]
    most = min(len(voters.y), rows_to_judge(voters.judge, predictions, BAG_ROWS))
    total: Counter[str] = Counter()
    for _ in range(BAGS if len(field) > 1 else 0):
        rows = np.sort(random.integers(0, len(voters.y), most))
        some, drawn = voters.on(rows), random.random(len(field)) < BAG_SHARE
        parts = {key: predictions[key][rows] for key, taken in zip(field, drawn, strict=True) if taken}
        if any(np.isfinite(some.quality(part)) for part in parts.values()):  # rows of one class alone judge nothing
            total.update(greedy_weights(some, parts, members, steps=BAG_STEPS))
    if not total:
        return greedy_weights(voters, predictions, members)
    kept = dict(total.most_common(members))
    whole = sum(kept.values())
    return {key: weight / whole for key, weight in kept.items()}


def greedy_weights(
    voters: Electorate, predictions: Mapping[str, Array], members: int = MEMBERS, most_rows: int = ROWS, steps: int = STEPS
) -> dict[str, float]:
    """Weights (sum 1) of at most `members`: with replacement, the best prefix, small weights dropped.

    On more than `most_rows` a sample decides (see `sampled`).
    """
    parts, most_rows = dict(predictions), rows_to_judge(voters.judge, predictions, most_rows)
    if len(voters.y) > most_rows:
        voters, rows = sampled(voters, next(iter(parts.values())).ndim, most_rows)
        parts = {key: prediction[rows] for key, prediction in predictions.items()}
    scores = {key: voters.quality(part) for key, part in parts.items()}
    usable = sorted((key for key in scores if np.isfinite(scores[key])), key=lambda key: -scores[key])
    if not usable:
        return {next(iter(predictions)): 1.0}
    chosen = [usable[0]]
    total, best_score, best_length = parts[usable[0]].copy(), scores[usable[0]], 1
    for _ in range(steps - 1):
        used = set(chosen)
        open_keys = [key for key in usable if key in used] if len(used) >= members else usable
        gains = {key: voters.quality((total + parts[key]) / (len(chosen) + 1)) for key in open_keys}
        key = max(gains, key=lambda name: (gains[name], name in used))
        chosen.append(key)
        total += parts[key]
        if gains[key] > best_score + 1e-12 * min(1.0, abs(best_score)):  # an error may be a number of any size
            best_score, best_length = gains[key], len(chosen)
    counts = Counter(chosen[:best_length])
    kept = {key: count for key, count in counts.items() if count / best_length >= LEAST_WEIGHT}
    whole = sum(kept.values())
    return {key: count / whole for key, count in kept.items()}


def sampled(voters: Electorate, dimensions: int, most: int) -> tuple[Electorate, NDArray[np.int64]]:
    """About `most` rows drawn at random, and their places; predictions of several classes have two `dimensions`.

    Where that leaves few rows of a rare class, more of them are drawn and count less: in the mean the judge says the same.
    """
    random, y = np.random.default_rng(voters.seed), voters.y
    labels, counts = np.unique(y, return_counts=True) if dimensions == 2 or np.isin(y, (0, 1)).all() else (y[:0], np.zeros(0))
    share = most * counts / len(y)
    least = np.minimum(counts, min(LEAST_OF_A_CLASS, most // max(2 * len(labels), 1)))
    if (share >= least).all():
        rows = np.sort(random.choice(len(y), most, replace=False))
        return voters.on(rows), rows
    wanted = np.minimum(counts, np.maximum(least, np.round(share))).astype(np.int64)
    rows = np.sort(np.concatenate([
        random.choice(np.flatnonzero(y == label), many, replace=False) for label, many in zip(labels, wanted, strict=True)]))
    some = voters.on(rows)
    counted = (counts / wanted)[np.searchsorted(labels, some.y)]
    return replace(some, weights=counted if some.weights is None else some.weights * counted), rows


def blend(weights: Mapping[str, float], predictions: Mapping[str, Array]) -> Array:
    """The weighted mean of the members' predictions."""
    total: Array = np.sum([weight * predictions[key] for key, weight in weights.items()], axis=0)
    return total
