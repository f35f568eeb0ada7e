"""Trees explained by walking them: Shapley values of sums of their leaves against rows to compare with, without chance.

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

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds, draws
from automl_core.explaining.leaf_tables import shapley_weights
from automl_core.explaining.paths import Met, met_by
from automl_core.explaining.standing import Standing
from automl_core.explaining.threads import shared
from automl_core.explaining.trees import wood_of
from automl_core.search.forest import Forest
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
TRIED_ROWS, TRIED = 3, 4  # rows and meetings by which the pace is measured
LEAST_MEETINGS = 1
NORMAL_MEAN = 0.8  # the mean size of a normal error of spread 1


@dataclass(frozen=True, eq=False, slots=True)
class Woods:
    """Trees with the weights of Shapley by how many columns are of the row and of the other. The parts of their leaves' sums are
    stretched by `scale`.

    `pace` is the seconds of one processor that a row takes when each tree meets one of the others.
    """

    met: Met
    weights: Floats
    scale: float
    pace: float = 0.0

    @property
    def member(self) -> Member:
        """Whose trees they are."""
        return self.met.member

    @property
    def trees(self) -> int:
        """How many there are."""
        return self.met.wood.valued.trees.roots


def can_walk(model: Model, member: Member) -> bool:
    """Whether a member is a forest of features that are each made from one column, and the compiler is there."""
    alone = all(len(feature.sources) == 1 for feature in model.seen_by(member))
    return isinstance(member.native, Forest) and not member.logs and alone and find_spec("numba") is not None


def open_woods(standing: Standing, member: Member, depth: int, scale: float) -> Woods:
    """A member's trees, of that depth at most, made ready to be walked against the others, in the order they are met.
    Its prediction is `scale` times the sum of its trees, but for a constant."""
    wood = wood_of(member)
    assert wood is not None
    d = min(len(standing.model.sources), depth)  # columns that can be settled on one path
    return Woods(met_by(standing, member, wood), shapley_weights(d), scale)


def paced(woods: Woods) -> Woods:
    """With the pace, as a few rows show it."""
    others = woods.met.standing.others
    rows = others[np.linspace(0, len(others) - 1, TRIED_ROWS).astype(np.int64)]
    starts = np.zeros(len(rows))
    _add(woods, rows[:1], (0, woods.trees), (1, starts))  # compiled, if it was not
    began = time.thread_time()
    _add(woods, rows, (0, woods.trees), (TRIED, starts))
    return replace(woods, pace=(time.thread_time() - began) / (TRIED_ROWS * TRIED))


def walked(woods: Woods, rows: Floats, meetings: int, seeds: Seeds, threads: int = 0) -> tuple[Floats, Floats]:
    """`(phi, error)`: (n, d, k) parts of encoded rows (n, p) by source column, and their standard errors.

    Each tree meets `meetings` of the b rows compared with; all of them leave nothing to chance, and the error is 0. By a single
    one half of the trees stands against the other half, so that what trees differ in counts as error, too: a fifth too much is
    told. `seeds` (n,) are the rows' own. No `threads`: one a processor.
    """
    b, trees = len(woods.met.others), woods.trees
    meetings = min(max(meetings, min(LEAST_MEETINGS, b)), b)
    starts = draws(seeds, 1)[:, 0] if meetings < b else np.zeros(len(rows))
    threads = max(1, min(threads or os.cpu_count() or 1, trees))
    if len(rows) >= 2 * threads:
        jobs = [(part, (0, trees)) for part in np.array_split(np.arange(len(rows)), threads)]
    else:
        cuts = np.linspace(0, trees, threads + 1).astype(int).tolist()
        jobs = [(np.arange(len(rows)), cut) for cut in pairwise(cuts)]
    made = shared(lambda job: _add(woods, rows[job[0]], job[1], (meetings, starts[job[0]])), jobs)
    sums = np.zeros((len(rows), *made[0].shape[1:]))
    for (places, _), part in zip(jobs, made, strict=True):
        sums[places] += part
    phi = woods.scale * sums.sum(axis=1) / meetings
    if meetings == b:
        return phi, np.zeros_like(phi)
    # each half is a mean over half as many meetings, and half of the whole
    apart = woods.scale * (sums[:, 0] - sums[:, 1]) / meetings
    return phi, np.abs(apart) / NORMAL_MEAN * math.sqrt(1 - meetings / b)


def _add(woods: Woods, rows: Floats, trees: tuple[int, int], design: tuple[int, Floats]) -> Floats:
    """(n, 2, d, k) sums over some trees, in two halves of the meetings."""
    from automl_core.explaining.walk_kernel import walk

    met = woods.met
    said = met.values, met.wood.valued.classes
    meetings, starts = design
    columns = np.ascontiguousarray(met.columns[:, 0])
    sums = np.zeros((len(rows), 2, len(met.standing.model.sources), said[1] * met.values.shape[1]))
    for number, row in enumerate(rows):
        slots = met.others, met.mine(row[None])[0], columns
        walk((met.wood.valued.trees.nodes, *trees), said, slots, woods.weights, (meetings, float(starts[number])), sums[number])
    return sums
