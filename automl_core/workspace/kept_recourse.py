"""How many rows at risk can be brought to the goal, and at what cost: worked out with the cards, kept for one model and goal."""
from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from automl_core import acting
from automl_core.acting.action import Goal
from automl_core.acting.recourse_many import RecourseSummary, SummaryAsk
from automl_core.search.model import Model
from automl_core.workspace.context import Context, fingerprint
from automl_core.workspace.views import Run

SECONDS = 20.0  # then no other row is begun
LOOKING = "Looking how many rows can be brought to the goal, and at what cost."


def keep_recourse(
    context: Context, run: Run, goal: Goal, model: Model, frame: pd.DataFrame, progress: Callable[[float], None]
) -> None:
    """Work out and keep the summary of a run's cleaned rows."""
    made = acting.recourse_summary(model, frame, goal, SummaryAsk(seed=run.plan.seed, seconds=SECONDS, progress=progress))
    context.save("recourse", run.project_id, made, parent_id=run.id + _mark(goal))


def kept_recourse(context: Context, run: Run, goal: Goal) -> RecourseSummary | None:
    """The summary that was kept for a run and what this goal wants and allows; None where none was."""
    return context.latest("recourse", run.project_id, RecourseSummary, parent_id=run.id + _mark(goal))


def _mark(goal: Goal) -> str:
    return fingerprint(goal.outcome, goal.good, list(goal.levers), goal.currency)
