"""The job of a search: search, hand over, explain, and keep what came of it."""
from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from automl_core import framing
from automl_core import search as search_step
from automl_core.codec import to_json
from automl_core.errors import ClarionError, Conflict
from automl_core.explaining import every_class, explain_classes
from automl_core.jobs import Job, JobWatch
from automl_core.search.plan import Plan, Trial
from automl_core.workspace.goal import Inputs
from automl_core.workspace.headstart import Aside, Headstart
from automl_core.workspace.ranked import Predictions
from automl_core.workspace.row_times import row_seconds, with_times
from automl_core.workspace.run_files import columns_of, keep, metadata_of, write_rung
from automl_core.workspace.search import Searching
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.views import Run

EXPLAIN_SECONDS, EXPLAIN_SHARE = 5.0, 0.06
LEAST_EXPLAINING = 0.4  # of that, where the search took longer than its part
FINISH_EXPLAINING = 0.4  # seconds at most, where somebody waits for the model
FINISH_ROWS = 0.3  # seconds at most for what one row takes, all models together
KEEPING_SECONDS = 0.0005  # a column, for what is written of it after the search: bundles of the ladder, and their contract
NO_START = Headstart()


def explaining_seconds(plan: Plan, gone: float = 0.0) -> float:
    """What explaining may take of a search's own time, of which so much is gone: less where the rest took more than its part."""
    most = min(EXPLAIN_SECONDS, EXPLAIN_SHARE * plan.new_seconds)
    return min(most, max(plan.new_seconds - gone, LEAST_EXPLAINING * most))


def run_search(
    search: Searching, job: Job, inputs: Inputs, plan: Plan, watch: JobWatch, start: Headstart = NO_START
) -> Run:
    """The job: search, hand over, explain, write the bundles and keep the run. A `rung` that the job names is handed over.

    A part of its own time is kept back for explaining, less when the search took some of it. A job that names a `journal`
    goes on from the fits of that job. Where an attempt before this one has kept its run, that is the one.
    """
    earlier = _kept(search, job.project_id, job.id)
    if earlier is not None:
        return _as_asked(search, earlier)
    began, journal = time.monotonic(), str(job.body.get("journal", job.id))
    explaining = explaining_seconds(plan)
    frame, columns, problem, recipe = search.goal.open(inputs)
    framing.check_judged(frame, problem)
    keeping = KEEPING_SECONDS * len(columns) + time.monotonic() - began
    own = max(plan.new_seconds - start.spent - explaining - keeping, 0.3 * plan.new_seconds)
    within = replace(plan, budget_seconds=plan.spent_seconds + own, first_seconds=plan.first_seconds or plan.budget_seconds)
    folder = search.context.store.folder(job.project_id, f"search-{journal}")
    schema = search.goal.data.table_of(inputs.table).columns
    data = search_step.SearchData(frame, columns, problem, recipe, schema)
    contract = Aside(lambda: columns_of(search.goal, inputs, problem, recipe))
    watching = SearchWatch(watch, start.beside, timed=plan.timed)
    # an attempt that was taken for lost hears it and gives the journal back: the next one waits, for it has no other end
    fits = search_step.FolderJournal(folder, math.inf) if watch.fenced else search_step.FolderJournal(folder)
    outcome = search_step.search(data, within, fits, watching, start.workers)
    watch.progress(0.97, "Explaining the model in your own columns.", float("nan"))
    rows = frame.iloc[outcome.positions].reset_index(drop=True)
    seconds = explaining_seconds(plan, start.spent + time.monotonic() - began - fits.waited + row_seconds(len(outcome.rungs)))
    waits = watching.stop() == "finish"
    if waits:
        seconds = min(seconds, FINISH_EXPLAINING)
    explanations = explain_classes(
        outcome.model, rows, outcome.y, every_class(outcome.model, outcome.y, plan.seed, seconds))
    if start.beside is not None:
        start.beside.wait()
    run = Run(f"run_{job.id.split('_', 1)[-1]}", job.project_id, job.id, plan, job.created_at, outcome.summary,
              table=inputs.table, recipe=inputs.recipe, problem=inputs.problem, journal=journal,
              by_hand=str(job.body.get("rung", "")), stopped_after=_gone(plan, start, outcome) if waits else 0.0)
    chosen = next(offer.name for offer in outcome.summary.ladder if offer.chosen)
    shared = metadata_of(search.goal, run, problem, explanations, contract.wait(), frame)
    given = search.goal.data.table_of(inputs.table)
    run = replace(run, summary=with_times(outcome.summary, outcome.rungs, shared.contract, given,
                                          FINISH_ROWS if waits else math.inf))
    kept = {name: write_rung(search.context, run, name, outcome, shared) for name in outcome.rungs if name != chosen}
    run = replace(run, rungs=kept)
    past = Predictions(outcome.oof, outcome.positions, outcome.y, outcome.learned)
    # an attempt that was taken for lost may have kept its own meanwhile: what is shown by the id of a run stays as it is
    run = _kept(search, job.project_id, job.id) or keep(search.context, run, outcome.model, past, shared)
    search.context.store.touch(job.project_id)
    return _as_asked(search, run)


def _gone(plan: Plan, start: Headstart, outcome: search_step.Outcome) -> float:
    """The seconds of its own time that a search has taken, those of an interrupted run of it included; more than none."""
    return max(start.spent + outcome.summary.fit_seconds - plan.spent_seconds, 0.01)


def _kept(search: Searching, project_id: str, job_id: str) -> Run | None:
    """The newest run that a job has kept; None where it kept none."""
    record = search.context.store.latest(project_id, "run", parent_id=job_id)
    return None if record is None else search.context.noun(Run, record)


def _as_asked(search: Searching, run: Run) -> Run:
    """The run with the rung handed over that was asked for by hand, where its ladder has it."""
    offers = [offer for offer in summary_of(run).ladder if run.by_hand in (offer.name, *offer.also)]
    if not offers or offers[0].chosen:
        return run
    try:
        return search.hand_over(run, run.by_hand)
    except Conflict:  # somebody chose otherwise meanwhile, or searched again
        return _kept(search, run.project_id, run.job_id) or run


@dataclass(frozen=True)
class SearchWatch:
    """The search's view of its job: trials become events, stops are read from the job's row, and when what goes on `beside` it
    has failed the search ends with that error at once. Of a search that is not `timed`, but of so many trials, nobody knows how
    long it takes."""

    job: JobWatch
    beside: Aside[Any] | None = None
    timed: bool = True

    def trial(self, trial: Trial) -> None:
        with suppress(ClarionError):  # the store is busy or its disk full: the journal has the fits, the summary all trials
            self.job.event("trial", to_json(trial))

    def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
        self.job.progress(min(fraction, 0.96), sentence, seconds_left if self.timed else math.nan)

    def stop(self) -> str:
        if self.beside is not None:
            self.beside.look()
        return self.job.stop()
