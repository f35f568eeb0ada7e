"""What a confirmed segment amounts to, how steady it is, and, when there is a model, why its outcome differs.

The why is the difference of the model's mean contributions (SHAP) inside and outside, column by column. What the model does not
account for is said to be not explained, never spread over the columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Segment, SegmentSearch
from automl_core.acting.conditions import Cells, all_hold
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.explaining import Contributions, contributions
from automl_core.explaining.routes import exact
from automl_core.explaining.words import percent
from automl_core.framing.problem import Problem
from automl_core.search.model import Model

FOLDS = 5
MOST_REASONS = 6
LEAST_ROWS = 20
FAST_SAMPLE, SLOW_SAMPLE = 2000, 300


@dataclass(frozen=True, eq=False, slots=True)
class SampledContributions:
    """A model's contributions (m, columns) for the rows of the frame at `positions` (m,)."""

    contributions: Contributions
    positions: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reason:
    """One column's part of a segment's difference, in outcome units (a share between 0 and 1, or the target's units)."""

    column: str
    part: float


@dataclass(frozen=True, slots=True)
class SegmentStory:
    """A confirmed segment on all rows with an outcome: `segment` has the figures of those that checked it.

    `rows` are its rows among all (0 in what earlier versions kept), `share_rows` is its share of them, `share_outcome` its share
    of what `of_all` says (NaN for numbers below zero; earlier versions kept no `of_all`), `explained` the share of the outcome's
    variance that the segment tells, `same_sign` the folds (of 5) in which it differs the same way.
    `reasons` (widest first) plus `others` plus `not_explained` is the segment's difference; without a model there are none and
    `not_explained` is NaN.
    """

    segment: Segment
    share_rows: float
    share_outcome: float
    explained: float
    same_sign: int
    reasons: tuple[Reason, ...]
    others: float
    not_explained: float
    sentence: str
    of_all: str = ""
    rows: int = 0


def tell_segments(
    frame: pd.DataFrame, y: NDArray[np.generic], problem: Problem, search: SegmentSearch,
    sampled: SampledContributions | None = None, seed: int = 0,
) -> tuple[SegmentStory, ...]:
    """The confirmed segments with what they amount to, in the same order; `frame` (n rows) and `y` (n) are aligned.

    `sampled` must speak of the outcome that is counted: `counted_class` names it.
    """
    outcome = make_outcome(y, problem)
    known = np.isfinite(outcome.values)
    fold = np.random.default_rng(seed).permutation(len(frame)) % FOLDS
    cells = Cells(frame)
    return tuple(_story(segment, all_hold(segment.conditions, cells), known, fold, outcome, sampled)
                 for segment in search.segments)


def counted_class(y: NDArray[np.generic], problem: Problem) -> str:
    """The class whose rate segments speak of; empty for numbers."""
    counted = make_outcome(y, problem).label
    return next((name for name in problem.classes if make_outcome(y, problem, name).label == counted), "")


def _story(
    segment: Segment, mask: NDArray[np.bool_], known: NDArray[np.bool_], fold: NDArray[np.int64], outcome: Outcome,
    sampled: SampledContributions | None,
) -> SegmentStory:
    inside, values = mask[known], outcome.values[known]
    share = float(inside.mean()) if len(inside) else math.nan
    total = float(values.sum())
    countable = bool(len(values)) and float(values.min()) >= 0 and total > 0
    share_outcome = float(values[inside].sum()) / total if countable else math.nan
    signs = []
    for part in range(FOLDS):
        here = fold[known] == part
        one, other = values[here & inside], values[here & ~inside]
        signs.append(bool(len(one) and len(other)) and (one.mean() - other.mean()) * segment.difference > 0)
    reasons, others, left = _why(segment, mask, sampled, 100.0 if outcome.is_rate else 1.0)
    explained = _explained(inside, values)
    words = f"Of all rows {percent(share)} are in the group"
    of_all = f"of all {outcome.label}" if outcome.is_rate else f"of the sum of {outcome.label}"
    if math.isfinite(share_outcome):
        words += f", with {percent(share_outcome)} {of_all}"
    words += f"; it differs the same way in {sum(signs)} of {FOLDS} parts of them."
    return SegmentStory(segment, share, share_outcome, explained, sum(signs), reasons, others, left, words, of_all,
                        int(inside.sum()))


def _explained(inside: NDArray[np.bool_], values: NDArray[np.float64]) -> float:
    spread = float(values.var()) if len(values) else 0.0
    if spread == 0 or not inside.any() or inside.all():
        return 0.0
    share = float(inside.mean())
    return share * (1 - share) * float(values[inside].mean() - values[~inside].mean()) ** 2 / spread


def _why(
    segment: Segment, mask: NDArray[np.bool_], sampled: SampledContributions | None, scale: float
) -> tuple[tuple[Reason, ...], float, float]:
    if sampled is None:
        return (), 0.0, math.nan
    inside = mask[sampled.positions]
    if min(int(inside.sum()), int((~inside).sum())) < LEAST_ROWS:
        return (), 0.0, math.nan
    phi = sampled.contributions.phi
    parts = (phi[inside].mean(axis=0) - phi[~inside].mean(axis=0)) / scale
    order = np.argsort(-np.abs(parts), kind="stable")
    reasons = tuple(Reason(sampled.contributions.names[place], float(parts[place])) for place in order[:MOST_REASONS])
    others = float(parts[order[MOST_REASONS:]].sum())
    return reasons, others, segment.difference - float(parts.sum())


def ask_model(model: Model, frame: pd.DataFrame, label: str, seed: int = 0) -> SampledContributions:
    """The model's contributions for a random sample of a typed, cleaned frame: 2,000 rows, 300 when they must be sampled.

    `label` is the class that segments speak of ("" for numbers).
    """
    fast = exact(model, model.encoder.matrix(frame.head(20))) is not None
    rows = min(len(frame), FAST_SAMPLE if fast else SLOW_SAMPLE)
    positions = np.sort(np.random.default_rng(seed).choice(len(frame), rows, replace=False))
    sample = frame.iloc[positions].reset_index(drop=True)
    return SampledContributions(contributions(model, sample, frame, seed, label), positions)
