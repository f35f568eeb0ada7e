"""The attempts to break what was found about one move, and the evidence with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from automl_core.acting.aside import Aside, told_by
from automl_core.acting.controls import NOT_ASKED, Control, ControlsAsked, moved_control
from automl_core.acting.grading import Evidence
from automl_core.acting.refutations import (
    Benchmark,
    is_steered,
    levers_go_together,
    placebo_passes,
    random_cause_passes,
    small_effect,
    strongest_observed,
)
from automl_core.acting.stage import Trial
from automl_core.acting.statistics import too_few_to_tell


@dataclass(frozen=True, slots=True)
class Checks:
    """The attempts to break one move, made once whatever its groups."""

    placebo: bool
    random_cause: bool | None = None
    benchmark: Benchmark | None = None
    together: str = ""
    steered: bool = False
    clearly: bool = False
    few: bool = False
    asked: ControlsAsked = NOT_ASKED
    aside: str = ""


def with_checks(found: Evidence, made: Checks) -> Evidence:
    """The evidence with the attempts to break it."""
    return replace(found, placebo=made.placebo, random_cause=made.random_cause, benchmark=made.benchmark, together=made.together,
                   steered=made.steered, clearly=made.clearly, few=made.few, control=made.asked.moved, aside=made.aside)


def checked(
    trial: Trial, levers: tuple[str, ...], controls: tuple[Control, ...] = (), aside: tuple[Aside, ...] = ()
) -> Checks:
    """Try to break one move; `levers` are the columns of all levers of the goal, this one among them, `controls` outcomes that
    none of them can change, and `aside` columns that rows are not compared on."""
    everyone = np.ones(len(trial.rows), dtype=bool)
    placebo = placebo_passes(trial.scores, everyone)
    asked = moved_control(trial.case, controls) if placebo else NOT_ASKED
    if trial.scores.randomised or not placebo:
        return Checks(placebo, asked=asked)
    small = small_effect(trial.case)
    return Checks(True, random_cause_passes(trial.case, trial.root, small), strongest_observed(trial.case, trial.root, small),
                   levers_go_together(trial.case, levers), is_steered(trial.scores),
                   is_steered(trial.scores, clearly=True), too_few_to_tell(int(trial.scores.region.sum())), asked,
                   told_by(trial.scores, aside))
