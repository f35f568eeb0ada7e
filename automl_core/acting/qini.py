"""How well an order of rows concentrates the gain of a treatment: uplift curve, its area, Qini, and the effect at the top."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.profit_draws import by_lot

Floats = NDArray[np.float64]
DRAWS = 300
SHARES = (0.1, 0.2, 0.3, 0.5)
POINTS = 50


@dataclass(frozen=True, slots=True)
class UpliftPart:
    """The mean effect on the `share` of rows ranked first, with its 95 % range."""

    share: float
    rows: int
    effect: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Gain per row of the whole table when the `share` ranked first is treated, with its 95 % band, and for a random share."""

    share: float
    gain: float
    low: float
    high: float
    random: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """`auuc` is the area under the curve of gain by share, `qini` what of it lies above random treatment; 95 % ranges by the
    bootstrap. A Qini range above zero says that the order is worth something."""

    auuc: float
    auuc_low: float
    auuc_high: float
    qini: float
    qini_low: float
    qini_high: float
    parts: tuple[UpliftPart, ...]
    curve: tuple[CurvePoint, ...]


def judge_ranking(
    scores: Floats, psi: Floats, folds: NDArray[np.int64], groups: NDArray[np.generic] | None = None, seed: int = 0
) -> Ranking:
    """The ranking of rows by `scores` (n,), judged by doubly robust effects `psi` (n,) of models that saw neither.

    Rows whose score is NaN are not ranked; they count in the mean effect, where every curve ends. Scores of different folds come
    from different models, so rows are ordered by their rank within the fold. Rows of one score in a fold count with the mean
    effect of all of these: what the first of them in the file gain says nothing of the order. The bootstrap draws whole `groups`;
    its range holds when no row had a part in a model that ranks a row which had a part in its own.
    """
    judged = np.isfinite(scores)
    rank, tie = np.full(len(scores), np.inf), np.zeros(len(scores), dtype=np.int64)
    for fold in np.unique(folds[judged]):
        inside = np.flatnonzero((folds == fold) & judged)
        order = np.argsort(np.argsort(-scores[inside], kind="stable"), kind="stable")
        rank[inside] = (order + 0.5) / len(inside)
        tie[inside] = tie.max() + 1 + np.unique(scores[inside], return_inverse=True)[1]
    ordered = np.argsort(rank, kind="stable")
    ranked, gain, tie = int(judged.sum()), psi[ordered], tie[ordered]
    codes = np.arange(len(gain)) if groups is None else np.unique(groups, return_inverse=True)[1][ordered]
    random = np.random.default_rng(seed)
    areas, tops, lines = [], [], []
    grid = np.linspace(0, 1, POINTS + 1)
    for draw in range(DRAWS + 1):
        weight = np.ones(len(gain)) if draw == 0 else _drawn(codes, random)
        share, curve = _curve(_alike(gain[:ranked], weight[:ranked], tie[:ranked]), weight[:ranked])
        curve = curve + share * (float(np.average(gain, weights=weight)) - curve[-1])
        area = float(np.trapezoid(curve, share))
        areas.append((area, area - curve[-1] / 2))
        at = np.interp(SHARES, share, curve)
        tops.append(at / np.array(SHARES))
        lines.append(np.interp(grid, share, curve))
    area_low, area_high = np.quantile(np.array(areas[1:]), [0.025, 0.975], axis=0)
    top_low, top_high = np.quantile(np.array(tops[1:]), [0.025, 0.975], axis=0)
    line_low, line_high = np.quantile(np.array(lines[1:]), [0.025, 0.975], axis=0)
    parts = tuple(
        UpliftPart(share, round(share * len(gain)), float(tops[0][k]), float(top_low[k]), float(top_high[k]))
        for k, share in enumerate(SHARES)
    )
    points = tuple(
        CurvePoint(float(x), float(lines[0][k]), float(line_low[k]), float(line_high[k]), float(x * lines[0][-1]))
        for k, x in enumerate(grid)
    )
    return Ranking(
        areas[0][0], float(area_low[0]), float(area_high[0]), areas[0][1], float(area_low[1]), float(area_high[1]), parts, points
    )


def by_gain(scores: Floats) -> NDArray[np.int64]:
    """The places of the rows that have a score, from the highest to the lowest, those of one score as chance has them."""
    known = np.flatnonzero(np.isfinite(scores))
    return known[np.lexsort((by_lot(len(known)), -scores[known]))]


def widened(ranking: Ranking, mean: tuple[float, float], order: float = 0.0) -> Ranking:
    """The ranking with ranges as much wider as that of the `mean` effect (its two ends) is than the draws have it, in proportion
    to the rows treated, and the Qini's reaching `order` to either side at least."""
    last, qini = ranking.curve[-1], ranking.qini
    down, up = max(0.0, last.low - mean[0]), max(0.0, mean[1] - last.high)
    parts = tuple(replace(part, low=part.low - down, high=part.high + up) for part in ranking.parts)
    curve = tuple(replace(at, low=at.low - at.share * down, high=at.high + at.share * up) for at in ranking.curve)
    return replace(
        ranking, parts=parts, curve=curve, auuc_low=ranking.auuc_low - down / 2, auuc_high=ranking.auuc_high + up / 2,
        qini_low=min(ranking.qini_low, qini - order), qini_high=max(ranking.qini_high, qini + order),
    )  # fmt: skip


def _drawn(codes: NDArray[np.int64], random: np.random.Generator) -> Floats:
    """How often each row is drawn when whole groups are drawn with replacement."""
    size = int(codes.max()) + 1
    times = np.bincount(random.integers(0, size, size), minlength=size)
    return times[codes].astype(np.float64)


def _alike(gain: Floats, weight: Floats, tie: NDArray[np.int64]) -> Floats:
    """(n,) the weighted mean gain of the rows of the same `tie` (n,); 0 where none of them was drawn."""
    weights = np.bincount(tie, weight)
    means = np.bincount(tie, weight * gain) / np.where(weights > 0, weights, 1.0)
    return np.asarray(means[tie], dtype=np.float64)


def _curve(gain: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Shares treated and gain per row of the table, from none to all."""
    total = weight.sum()
    share = np.concatenate([[0.0], np.cumsum(weight) / total])
    return share, np.concatenate([[0.0], np.cumsum(weight * gain) / total])
