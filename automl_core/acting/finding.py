"""What a kind of finding is: a plug-in that looks for one sort of pattern and confirms it on rows it has not seen.

One file in findings/ is one kind, a module-level `FINDING`; `find_segments` runs all that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Segment, SegmentSearch
from automl_core.acting.outcome import make_outcome
from automl_core.data.table import Column
from automl_core.explaining.words import counted_alike
from automl_core.framing.problem import Problem
from automl_core.registry import Field, Registry, discover

Find = Callable[[pd.DataFrame, NDArray[np.generic], tuple[Column, ...], Problem, int], SegmentSearch]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding. `find(frame, y, columns, problem, seed)` takes aligned rows and gives confirmed segments only."""

    name: str
    title: str
    find: Find
    package: str = ""
    fields: tuple[Field, ...] = ()


@cache
def finding_kinds() -> Registry[FindingKind]:
    """The kinds that are plugged in."""
    return discover("automl_core.acting.findings", "FINDING")


def find_segments(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int = 0
) -> SegmentSearch:
    """What every kind of finding confirms, the widest difference first; `frame` and `y` are aligned.

    A group that two kinds find is told once. Where none could be looked at, `note` says why. Counts of
    what was looked at and tested are those of all kinds together; each kind corrects for its own.
    """
    outcome = make_outcome(y, problem)
    searches = [kind.find(frame, y, columns, problem, seed) for kind in finding_kinds().available()]
    told: dict[frozenset[str], Segment] = {}
    for search in searches:
        for segment in search.segments:
            told.setdefault(frozenset(map(repr, segment.conditions)), segment)
    segments = tuple(sorted(told.values(), key=lambda segment: -abs(segment.difference)))
    looked_at, tested = (sum(getattr(search, name) for search in searches) for name in ("looked_at", "tested"))
    why = next((search.note for search in searches if search.note), "")
    note = counted_alike(problem.weights) if looked_at else why
    return SegmentSearch(segments, looked_at, tested, outcome.label, outcome.unit, outcome.is_rate, note)
