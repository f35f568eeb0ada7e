"""Boosters over many rows at once: as tables or masks of their trees where that is faster than their library."""
from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from threading import Lock

from automl_core.search.boosted_rows import PackedBoosters
from automl_core.search.family import Array
from automl_core.search.masked import MaskedBoosters, mask
from automl_core.search.tabled import TabledBoosters, tabulate

MANY_ROWS = 20_000  # from which on it pays to make tables or masks of trees
FEW_PROCESSORS = 4  # with more of them the library, in as many threads, is faster
MAKING, ALONE = Lock(), Lock()  # tables are thousands of short calls: two threads of them take turns, and longer than one

Batched = TabledBoosters | MaskedBoosters


def batched(boosters: PackedBoosters) -> Batched | None:
    """The boosters for batches of many rows, as tables of small trees or as masks; None where trees are too large."""
    return tabulate(boosters) or mask(boosters)


def raw_of_many(matrix: Array, form: Callable[[], Batched | None]) -> Array | None:
    """(n, classes) raw scores of a matrix (n, features) by the `form` that is made when it is asked for first; None for what the
    library does faster."""
    if len(matrix) < MANY_ROWS or (os.cpu_count() or 1) > FEW_PROCESSORS:
        return None
    with MAKING:
        found = form()
    if found is None:
        return None
    with ALONE if isinstance(found, TabledBoosters) else nullcontext():
        return found.raw(matrix)
