"""Whether raw means part from a curve by more than chance, also where rows go together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.closer_look import CurvePoint
from automl_core.framing.dependent import Codes

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
CLEARLY = 3.0  # times the variance that chance makes


def with_common(points: list[CurvePoint], place: Places, observed: Floats, together: Codes | None) -> list[CurvePoint]:
    """The points with what groups add to the variance of their means: the variance of groups' own parts, by how far each point's
    rows are of other groups than all rows are; `place` (n,) is the point of each row, -1 for none. NaN where each point has one
    group only, which does not tell."""
    known = (place >= 0) & np.isfinite(observed)
    if together is None or not known.any():
        return points
    cells, cell = np.unique(np.column_stack([place[known], together[known]]), axis=0, return_inverse=True)
    at, y, cell = cells[:, 0], observed[known], cell.ravel()
    sizes = np.bincount(cell)
    means = np.bincount(cell, y) / sizes
    within = float(((y - means[cell]) ** 2).sum()) / max(len(y) - len(cells), 1)
    many = np.bincount(at, minlength=len(points))
    middle = np.bincount(at, means, len(points)) / np.maximum(many, 1)
    freedom = int((many[many > 0] - 1).sum())
    spread = float(((means - middle[at]) ** 2).sum()) / freedom if freedom else math.nan
    own = max(0.0, spread - within * float((1 / sizes).mean())) if freedom else math.nan
    counts = np.zeros((len(points), int(together.max()) + 1))
    counts[at, cells[:, 1]] = sizes
    apart = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) - counts.sum(axis=0) / counts.sum()
    return [replace(point, common=own * float(off)) for point, off in zip(points, (apart**2).sum(axis=1), strict=True)]


def disagreement(points: list[CurvePoint], of_class: bool) -> str:
    """A sentence when the raw means go clearly another way than the model's effect: other columns explain the difference, or the
    model misses something. Means of few rows, or of few groups of rows, stray by chance: nothing is said when they stray no more
    than that."""
    known = [point for point in points if math.isfinite(point.observed)]
    if len(known) < 3:
        return ""
    weight = np.array([point.rows for point in known], dtype=np.float64)
    raw = np.array([point.observed for point in known])
    effect = np.array([point.effect for point in known])
    said = np.array([point.predicted for point in known])
    varies = _shares_vary(said) if of_class else np.array([point.variance for point in known])
    raw_span, effect_span = _spread(raw, weight), _spread(effect, weight)
    common = float((weight * np.array([point.common for point in known])).sum() / weight.sum())  # NaN: it is not known
    if not raw_span**2 >= CLEARLY * (_chance(weight, varies) + common):
        return ""
    if raw_span > 0 and _spread(raw - said, weight) > 0.5 * raw_span and raw_span > 2 * effect_span:
        return "The raw means move more than the model says: it may miss something here."
    if raw_span > 2 * effect_span and effect_span > 0:
        return "The raw means move more: a part of that belongs to other columns that go along with this one."
    return ""


def _shares_vary(said: Floats) -> Floats:
    """How outcomes vary at places where the predictions, in percent, are right, in squared points."""
    rate = np.clip(said / 100, 0.0, 1.0)
    return np.asarray(1e4 * rate * (1 - rate), dtype=np.float64)


def _chance(weight: Floats, varies: Floats) -> float:
    """The variance that means of so many rows have by chance where outcomes vary so (NaN for single rows, which do not tell)."""
    told = varies[np.isfinite(varies)]
    return float(told.mean() * len(varies) / weight.sum()) if len(told) else math.inf


def _spread(values: Floats, weight: Floats) -> float:
    total = weight.sum()
    mean = float((values * weight).sum() / total) if total else 0.0
    return math.sqrt(float((weight * (values - mean) ** 2).sum() / total)) if total else 0.0
