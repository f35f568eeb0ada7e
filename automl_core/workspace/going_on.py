"""Whether more time for a search goes on with its fits, or begins it anew (docs/adr/0006)."""
from __future__ import annotations

from dataclasses import replace

from automl_core import search as search_step
from automl_core.search.plan import Plan
from automl_core.search.prepared import prepare
from automl_core.workspace.context import Context
from automl_core.workspace.goal import Framing, Inputs
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.views import Run

MOST_CELLS = 1_000_000  # two seconds; a larger table is not encoded just to say so


def with_more(plan: Plan, spent: float, seconds: float) -> Plan:
    """The plan that goes on for `seconds` after `spent` of them, on the rows and folds that the first budget decided."""
    return replace(plan, budget_seconds=spent + seconds, max_trials=0, first_seconds=plan.first_seconds or plan.budget_seconds,
                   spent_seconds=spent)


def spent_of(context: Context, run: Run) -> float:
    """The seconds that a run has taken, and what went on from it since and was cancelled or killed: that time is gone, and the
    time that is added is not to pay for it."""
    return max(summary_of(run).fit_seconds, _journal_of(context, run).spent())


def begins_anew(context: Context, goal: Framing, run: Run) -> bool:
    """True when no fit of a run's journal counts any more: this version encodes or splits its table in another way, or they are
    gone. False, too, where the table is too large to be encoded for an answer."""
    inputs = Inputs(run.table, run.recipe, run.problem)
    frame, columns, problem, recipe = goal.open(inputs)
    if frame.size > MOST_CELLS:
        return False
    data = search_step.SearchData(frame, columns, problem, recipe, goal.data.table_of(inputs.table).columns)
    plan = with_more(run.plan, 0.0, run.plan.budget_seconds)
    return not _journal_of(context, run).notes(prepare(data, plan).fingerprint)


def _journal_of(context: Context, run: Run) -> search_step.FolderJournal:
    return search_step.FolderJournal(context.store.folder(run.project_id, f"search-{run.journal or run.job_id}"))
