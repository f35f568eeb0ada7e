"""Raw contributions of a model's features, by the exact route its member allows.

A model of one member of trees or terms: the family's own exact Shapley values. Everything else (blends, families without
contributions) goes by `reference.parted`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.threads import shared
from automl_core.search.family import link
from automl_core.search.log_target import from_log
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
Part = TypeVar("Part")
THREAD_ROWS = 20


@dataclass(frozen=True, eq=False, slots=True)
class Raw:
    """Shapley values by source column: `phi` (n, columns) or (n, columns, k), `base` a float or (k,). `linked` says that they
    live in the model's raw space (log-odds, class scores) and not in predictions; `doubt` (n,) or (n, k) is the part of a row's
    contributions that is likely to be off where they were sampled; None where nothing was left to chance. `prediction`, (n,) or
    (n, k), is what the model says of the rows, where it was asked."""

    phi: Floats
    base: Floats
    linked: bool
    doubt: Floats | None = None
    prediction: Floats | None = None


def exact(model: Model, matrix: Floats, background: Floats | None = None) -> Raw | None:
    """Exact contributions summed over the features of each source column, or None when no exact route exists.

    Models that are sums of terms are measured against the mean of `background` (rows of the encoder's matrix), not against
    zero: for a linear model this is the closed form `weight * (x - mean)`. A member that learned logarithms, or whose numbers
    are bounded, is explained before that step, and its parts are stretched so that they add up to the number.
    """
    if not by_itself(model):
        return None
    (member,) = model.members
    explained = of_member(model, member, model.extended(matrix), None if background is None else model.extended(background))
    if explained is None:
        return None
    phi, base = (member.weight * part for part in explained)
    if model.calibration is not None:  # its raw scores are stretched and shifted, and their parts with them
        phi, base = model.calibration.slope * phi, model.calibration.slope * base + model.calibration.shift
    return Raw(by_source(model, phi), base, linked=model.problem.task != "regression")


def exact_together(model: Model, matrix: Floats, background: Floats | None = None) -> Raw | None:
    """`exact`, many rows in as many threads as there are processors."""
    if not by_itself(model):
        return None
    parts = _threaded(lambda part: exact(model, part, background), matrix)
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    return Raw(np.concatenate([part.phi for part in found]), found[0].base, found[0].linked)


def _threaded(work: Callable[[Floats], Part], matrix: Floats) -> list[Part]:
    """Few rows are not split: deep trees take seconds for a part before they come to rows."""
    threads = os.cpu_count() or 1
    if len(matrix) < THREAD_ROWS or threads == 1:
        return [work(matrix)]
    return shared(work, np.array_split(matrix, min(threads, len(matrix))))


def by_itself(model: Model) -> bool:
    """Whether the model tells its own parts: one member that can. Those of several would be of different kinds, each member's
    against a reference of its own."""
    return len(model.members) == 1 and model.members[0].kind.contributions is not None


def needs_background(model: Model) -> bool:
    """Whether the model's parts are measured against rows to compare with; trees carry their own reference."""
    return not by_itself(model) or any(member.kind.additive for member in model.members)


def of_member(model: Model, member: Member, whole: Floats, reference: Floats | None) -> tuple[Floats, Floats] | None:
    """One member's parts over all features: log-odds, class scores, or numbers in the target's own units."""
    task = model.problem.task
    plain = replace(member, logs=False, scale=1.0)  # parts before the exponential
    explained = plain.contributions(whole)
    if explained is None:
        return None
    phi, base = np.asarray(explained[0], dtype=np.float64), np.asarray(explained[1], dtype=np.float64)
    if reference is not None and member.kind.additive:
        found = plain.contributions(reference)
        assert found is not None
        mean = np.asarray(found[0], dtype=np.float64).mean(axis=0)
        phi, base = phi - mean, base + mean.sum(axis=0)
    prediction = member.predict(whole)
    raw = base + phi.sum(axis=1)
    if np.allclose(link(task, raw), prediction, atol=1e-6, rtol=1e-6):
        return phi, base
    if task != "regression":
        return None  # a family that calibrates its output has no exact route in its raw space
    start = member.scale * from_log(base) if member.logs else base
    ends = (member.scale * from_log(raw) if member.logs else raw) - start
    return _stretched(phi, np.where(np.isclose(ends, prediction - start), ends, prediction - start)), start


def _stretched(phi: Floats, total: Floats) -> Floats:
    """Parts stretched to another total: after a rising function (an exponential, a bound) each keeps its sign and its share."""
    summed, size = phi.sum(axis=1), np.abs(phi).sum(axis=1)
    safe = (np.abs(summed) > 1e-9 * np.maximum(size, 1e-300)) & (summed * total >= 0)
    ratio = np.where(safe, total / np.where(safe, summed, 1.0), 0.0)
    out: Floats = phi * ratio[:, None]
    if not safe.all():
        out[~safe] = spread_remainder(phi[~safe] * 0.0, total[~safe])
    return out


def by_source(model: Model, phi: Floats) -> Floats:
    """Sums over the features made from one column (exact: Shapley values add up); a formula's share goes to its columns alike."""
    names = {name: place for place, name in enumerate(model.sources)}
    out = np.zeros((phi.shape[0], len(names), *phi.shape[2:]))
    for place, feature in enumerate(model.features):
        for source in feature.sources:
            out[:, names[source]] += phi[:, place] / len(feature.sources)
    return out


def spread_remainder(phi: Floats, total: Floats) -> Floats:
    """Contributions whose sum is exactly `total`: the sampling remainder goes to columns by their size."""
    size = np.abs(phi)
    whole = size.sum(axis=1, keepdims=True)
    share = np.where(whole > 1e-12, size / np.maximum(whole, 1e-12), 1.0 / phi.shape[1])
    out: Floats = phi + share * (total - phi.sum(axis=1))[:, None]
    return out
