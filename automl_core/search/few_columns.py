"""Lines over few of very many columns: where columns are as many as rows, a line over all of them mostly learns chance."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.family import Array

FEW = "few"  # the option that asks for such a line
COUNTS = (5, 10, 20, 40, 80, 160)  # how many features may tell: the validation rows choose
Solve = Callable[[float], tuple[Array, Array]]
Begin = Callable[[Array], Solve]


def strongest_first(x: Array, y: Array, weights: Array, columns: tuple[int, ...], task: Task) -> NDArray[np.int64]:
    """Places of the features, the one that goes most with the target first: by the largest correlation that one of its `columns`
    of the design x (n, d) has with it, or with a class."""
    truth = np.eye(int(y.max()) + 1)[y.astype(np.int64)] if task == "multiclass" else y[:, None]
    share = weights / weights.sum()
    off = truth - share @ truth
    # from sums of the design as it is: a centred copy of it in every worker would take as much memory again
    spread = np.sqrt(np.maximum(np.einsum("i,ij,ij->j", share, x, x) - np.square(share @ x), 0.0))
    size = spread[:, None] * np.sqrt(share @ np.square(off))
    told = np.abs(np.divide(x.T @ (share[:, None] * off), size, out=np.zeros_like(size), where=size > 1e-12)).max(axis=1)
    starts = np.cumsum([0, *columns])[:-1]
    filled = np.array(columns) > 0
    best = np.zeros(len(columns))
    best[filled] = np.maximum.reduceat(told, starts[filled])
    return np.argsort(-best, kind="stable")


def over_few(x: Array, order: NDArray[np.int64], columns: tuple[int, ...], begin: Begin) -> Callable[[int], tuple[Array, Array]]:
    """Coefficients (d, k) and intercept (k,) by the place of a count in `COUNTS`: those of all other features are 0.

    `begin` gives what solves for a strength on the columns of a design.
    """
    feature = np.repeat(np.arange(len(columns)), columns)

    def at(place: int) -> tuple[Array, Array]:
        mine = np.isin(feature, order[:COUNTS[place]])
        few, intercept = begin(np.ascontiguousarray(x[:, mine]))(1.0)
        coefficients = np.zeros((x.shape[1], few.shape[1]))
        coefficients[mine] = few
        return coefficients, intercept

    return at
