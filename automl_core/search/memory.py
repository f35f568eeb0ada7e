"""How many rows of a wide table, and how many fits of them at once, the memory of this machine holds.

A process that wants more is ended by the system without a word, so what a search takes is reckoned before it begins: by the
table's numbers alone and the memory that there is at all, so that more time for a search goes on with the same rows.
"""
from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pandas as pd

from automl_core.errors import BadInput
from automl_core.search.plan import Plan

SHARE = 0.8  # of the machine's memory
LEAST_SHARE = 0.25  # for matrices, however much else there seems to be: small tables are never refused
HERE, FIT = 1.5, 3.0  # times the matrix, in this process and in each that fits: 1.3 and 2.2 were seen of 2,500 columns
FRAMES = 2.0  # of the table: as it is, and the rows that are drawn
PROGRAM, WORKER = 300_000_000, 150_000_000  # bytes of libraries
CELL = 8
LEAST_ROWS = 200
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # of a container


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this runs in."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in LIMITS:
        with suppress(OSError, ValueError):  # there is none, or it says “max”
            found.append(int(path.read_text()))
    return min(found)


def rows_that_fit(rows: int, features: int, frame: pd.DataFrame, plan: Plan) -> int:
    """How many of the rows can be learned from, one fit at a time. BadInput where hardly any can."""
    most = int(_for_matrices(frame, 1) / (CELL * max(features, 1) * _times(plan, 1)))
    if most < min(rows, LEAST_ROWS):
        raise BadInput(f"The columns of this table make {features:,} features, too many for the memory of this machine.",
                       "Leave columns out, or use a machine with more memory.")
    return min(rows, most)


def fits_at_once(rows: int, features: int, frame: pd.DataFrame, plan: Plan) -> int:
    """How many fits of these rows this machine holds beside each other: one at least, and no more than the plan has."""
    jobs = max(1, plan.jobs)
    while jobs > 1 and CELL * rows * features * _times(plan, jobs) > _for_matrices(frame, jobs):
        jobs -= 1
    return jobs


def crowded_sentence(rows: int, left_out: tuple[int, int], jobs: tuple[int, int]) -> str:
    """What is said before a search that memory limits: to some of the rows, or to fewer fits at once than the plan has; `jobs`
    are both. `left_out` rows are those that memory does not hold, and all that are left out. Empty where nothing is."""
    found = []
    unheld, missed = left_out
    if unheld:
        those = f"all {rows + unheld:,} rows" if unheld == missed else f"the {rows + unheld:,} rows that there is time for"
        found.append(f"The memory of this machine does not hold {those} with all their columns: "
                     f"{rows:,} of them, drawn at random, are learned from.")
    if jobs[0] < jobs[1]:
        found.append(f"The memory of this machine holds {jobs[0]} of {jobs[1]} fits at once, so fewer models are tried.")
    return " ".join(found)


def _for_matrices(frame: pd.DataFrame, jobs: int) -> float:
    whole = machine_bytes()
    frames = FRAMES * float(frame.memory_usage(index=False).sum())
    return max(SHARE * whole - frames - PROGRAM - WORKER * jobs, LEAST_SHARE * whole)


def _times(plan: Plan, jobs: int) -> float:
    """How many times the matrix is in the memory of this machine, as much as fits take for a moment counted too."""
    return HERE + (FIT * jobs if plan.executor == "local" else 0.0)
