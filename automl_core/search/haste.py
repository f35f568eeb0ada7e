"""Faster learning rates where time is short for the rows: a boosting that would be cut off half-way learns in larger steps."""
from __future__ import annotations

import math
from dataclasses import replace

from automl_core.framing.problem import Task
from automl_core.search.families import families
from automl_core.search.plan import Candidate
from automl_core.search.portfolio import candidate_key

MOST = 2.0  # times the learning rate; more costs more than is lost by being cut off
WORTH = 1.15  # below, a table of names with other rates is not worth it


def hastened(
    candidates: tuple[Candidate, ...], pace: float, fixed: tuple[str, ...], task: Task
) -> tuple[Candidate, ...]:
    """The candidates with learning rates for this pace; those whose keys are `fixed`, and their twins, stay as they are.

    `pace` is the time of a usual fit of LightGBM as a share of what one fit will have. A family's rate grows with the square root
    of how much longer than that its fits should take: half of what is lacking comes from larger steps, the rest is cut off.
    """
    changed: dict[str, str] = {}
    found = []
    for candidate in candidates:
        factor = _factor(candidate, pace, task)
        if candidate.key in fixed or candidate.twin in fixed or factor < WORTH:
            found.append(candidate)
            continue
        options = candidate.options | {"learning_rate": round(candidate.options["learning_rate"] * factor, 4)}
        if "patience" in options:
            options["patience"] = max(10, round(options["patience"] / factor))
        key = candidate_key(candidate.family, options, candidate.view, candidate.coded)
        changed[candidate.key] = key
        found.append(replace(candidate, key=key, label=f"{candidate.label}, in larger steps", options=options))
    return tuple(replace(candidate, twin=changed.get(candidate.twin, candidate.twin)) for candidate in found)


def _factor(candidate: Candidate, pace: float, task: Task) -> float:
    family = families().get(candidate.family)
    if not family.hastens or "learning_rate" not in candidate.options:
        return 1.0
    return min(MOST, math.sqrt(max(1.0, pace * family.work(candidate.options, task))))
