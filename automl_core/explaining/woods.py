"""Forests explained by walking their trees: Shapley values of their own predictions against rows to compare with, without chance.

Interventional TreeSHAP (Lundberg et al. 2020), in which the features made from one source column change sides together. The work
grows with trees times rows compared with; where that is too much each tree meets some of them, spread evenly, other ones than the
next tree: every pair is as likely, so the values are unbiased, and their error is told.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds, draws
from automl_core.explaining.threads import shared
from automl_core.search.forest import Forest
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
TRIED_ROWS, TRIED = 3, 4  # rows and meetings by which the pace is measured
LEAST_MEETINGS = 2
NORMAL_MEAN = 0.8  # the mean size of a normal error of spread 1


@dataclass(frozen=True, eq=False, slots=True)
class Woods:
    """A member's forest with the rows (b, p) to compare with; `source` (p,) tells the column each feature is made from.

    `pace` is the seconds of one processor that a row takes when each tree meets one of the others.
    """

    member: Member
    forest: Forest
    value: NDArray[np.float32]
    others: NDArray[np.float32]
    source: NDArray[np.int64]
    weights: Floats
    columns: int
    pace: float = 0.0


def can_walk(model: Model, member: Member) -> bool:
    """Whether a member is a forest of features that are each made from one column, and the compiler is there."""
    alone = all(len(feature.sources) == 1 for feature in model.seen_by(member))
    thin = isinstance(member.native, Forest) and member.native.value.dtype != np.float64  # sums here are of 32 bits
    return thin and not member.logs and alone and find_spec("numba") is not None


def open_woods(model: Model, member: Member, whole: Floats) -> Woods:
    """A member's forest made ready to be walked against rows (b, p) of all the model's features, in the order they are met."""
    forest: Forest = member.native
    names = {name: place for place, name in enumerate(model.sources)}
    source = np.array([names[feature.sources[0]] for feature in model.seen_by(member)], dtype=np.int64)
    d = min(len(names), forest.depth)  # columns that can be settled on one path
    weights = np.array([[math.factorial(a) * math.factorial(b) / math.factorial(a + b + 1) for b in range(d + 1)]
                        for a in range(d + 1)])
    value = np.ascontiguousarray(forest.value, dtype=np.float32)
    made = Woods(member, forest, value, _seen(member, forest, whole), source, weights, len(names))
    rows = made.others[np.linspace(0, len(made.others) - 1, TRIED_ROWS).astype(np.int64)]
    starts = np.zeros(len(rows))
    _add(made, rows[:1], slice(None), (1, starts))  # compiled, if it was not
    began = time.thread_time()
    _add(made, rows, slice(None), (TRIED, starts))
    pace = (time.thread_time() - began) / (TRIED_ROWS * TRIED)
    return replace(made, pace=pace)


def walked(woods: Woods, whole: Floats, meetings: int, seeds: Seeds) -> tuple[Floats, Floats]:
    """`(phi, error)`: (n, d, k) parts of the member's predictions of rows (n, p) by source column, and their standard errors.

    Each tree meets `meetings` of the b rows compared with; all of them leave nothing to chance, and the error is 0. `seeds` (n,)
    are the rows' own.
    """
    b, trees = len(woods.others), len(woods.forest.roots)
    meetings = min(max(meetings, min(LEAST_MEETINGS, b)), b)
    rows = _seen(woods.member, woods.forest, whole)
    starts = draws(seeds, 1)[:, 0] if meetings < b else np.zeros(len(rows))
    threads = max(1, min(os.cpu_count() or 1, trees))
    if len(rows) >= 2 * threads:
        parts = np.array_split(np.arange(len(rows)), threads)
        jobs: list[tuple[Any, slice]] = [(part, slice(None)) for part in parts]
    else:
        cuts = np.linspace(0, trees, threads + 1).astype(int)
        jobs = [(np.arange(len(rows)), slice(int(a), int(z))) for a, z in pairwise(cuts)]
    sums = np.zeros((len(rows), 2, woods.columns, woods.value.shape[1]))
    made = shared(lambda job: _add(woods, rows[job[0]], job[1], (meetings, starts[job[0]])), jobs)
    for (places, _), part in zip(jobs, made, strict=True):
        sums[places] += part
    scale = woods.member.scale / trees
    phi = scale * sums.sum(axis=1) / meetings
    if meetings == b:
        return phi, np.zeros_like(phi)
    apart = scale * (sums[:, 0] - sums[:, 1]) / meetings  # each half is a mean over half as many meetings, and half of the whole
    return phi, np.abs(apart) / NORMAL_MEAN * math.sqrt(1 - meetings / b)


def _add(woods: Woods, rows: NDArray[np.float32], trees: slice, design: tuple[int, Floats]) -> Floats:
    from automl_core.explaining.walk_kernel import walk

    forest = woods.forest
    first = trees.start or 0
    sums = np.zeros((len(rows), 2, woods.columns, woods.value.shape[1]))
    walk((forest.roots[trees], forest.feature, forest.threshold, forest.left, forest.right, woods.value), rows, woods.others,
         (woods.source, woods.weights), (first, design[0], design[1]), sums)
    return sums


def _seen(member: Member, forest: Forest, whole: Floats) -> NDArray[np.float32]:
    return np.ascontiguousarray(forest.sees(whole[:, member.inputs] if member.inputs else whole))
