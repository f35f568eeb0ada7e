"""Use cases of the search step: start, watch, finish, cancel, and what a run left behind."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from automl_core import jobs as queue
from automl_core import search as search_step
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput, NotFound
from automl_core.explaining import every_class, explain_classes
from automl_core.framing.problem import Problem
from automl_core.jobs import Job
from automl_core.production import Bundle, load_bundle
from automl_core.registry import is_installed
from automl_core.search.families import families
from automl_core.search.offers import STUDENT
from automl_core.search.plan import LONGEST_SEARCH, Plan, Trial
from automl_core.search.suited import check_families
from automl_core.search.telling import compared_sentence
from automl_core.store import Newest
from automl_core.workspace.context import Context, Recent
from automl_core.workspace.goal import Framing, Inputs
from automl_core.workspace.going_on import begins_anew, spent_of, with_more
from automl_core.workspace.handed_over import carry
from automl_core.workspace.ranked import Predictions, with_every, with_open, with_unseen
from automl_core.workspace.run_files import keep, metadata_of, read_predictions
from automl_core.workspace.summaries import summary_of, with_choice
from automl_core.workspace.views import Choice, Run, RungFiles, RunState


@dataclass(frozen=True)
class Searching:
    context: Context
    goal: Framing
    anew: Recent[bool] = field(default_factory=lambda: Recent(20))

    def start(self, project_id: str, plan: Plan) -> Job:
        """Start a search; when one is running in this project already, that one is returned."""
        unknown = [name for name in plan.families if name not in families().plugins]
        if unknown or not 1 <= plan.budget_seconds <= LONGEST_SEARCH:
            raise BadInput("This plan names an unknown kind of model, or a budget outside a second and a day.", "Choose again.")
        inputs = self.goal.inputs(project_id)
        check_families(self.goal.problem_of(inputs), plan.families)
        body = {"inputs": to_json(inputs), "plan": to_json(plan), "seconds": plan.budget_seconds}
        return queue.enqueue(self.context.store, project_id, "search", body, unique="kind")

    def more(self, project_id: str, seconds: float, worker: str = "", rung: str = "") -> Job:
        """Give the newest search more time: what it has fitted stays, and it goes on from there.

        `worker` names the caller when it does the job itself. `rung` is what is handed over in the end, unless it is empty: then
        what was chosen by hand before stays chosen.
        BadInput when the data, the recipe or the goal changed since, or it took more than a day already.
        """
        run = self.needed(project_id)
        if self.stale(project_id):
            raise BadInput("The data, the recipe or the goal changed since this search.", "Start a new search.")
        spent = spent_of(self.context, run)
        if not 1 <= seconds <= LONGEST_SEARCH - spent:
            raise BadInput("A search cannot be given less than a second or more than a day.", "Choose another time.")
        plan = with_more(run.plan, spent, seconds)
        plan = replace(plan, student=plan.student or rung == STUDENT)
        body = {"inputs": to_json(self.inputs(run)), "plan": to_json(plan), "journal": run.journal or run.job_id,
                "seconds": plan.budget_seconds, "rung": rung or run.by_hand}
        return queue.enqueue(self.context.store, project_id, "search", body, unique="kind", worker=worker)

    def begins_anew(self, project_id: str) -> bool:
        """Whether more time would begin the newest search anew, with the time of both (see `going_on`)."""
        run = self.needed(project_id)
        return self.anew.get(run.id, lambda: begins_anew(self.context, self.goal, run))

    def families(self) -> tuple[Choice, ...]:
        """The kinds of model, installed or not."""
        return tuple(Choice(plugin.name, plugin.title, is_installed(plugin.package) and is_installed(plugin.fit_package),
                            f"pip install {' '.join(plugin.requires) or plugin.fit_package or plugin.package}")
                     for plugin in families().plugins.values())

    def covered(self, project_id: str, ranked: bool = False) -> tuple[int, int]:
        """Rows with an out-of-fold prediction, and all cleaned rows with an outcome: fewer folds cover fewer rows. With `ranked`
        all rows that a list may rank, and all cleaned rows, those without an outcome among both."""
        run = self.needed(project_id)
        frame, _, problem, _ = self.goal.open(self.inputs(run))
        if ranked:
            return len(self.ranked(run).positions), len(frame)
        return len(self.predictions(run).positions), int(frame[problem.target].notna().sum())

    def drawn_from(self, project_id: str) -> tuple[int, int]:
        """Rows that a pilot may draw from, with an outcome or without one, and all cleaned rows: of very many, some."""
        run = self.needed(project_id)
        return len(self.drawable(run).positions), len(self.goal.open(self.inputs(run))[0])

    def finish(self, job_id: str) -> None:
        """Stop searching and keep the best so far."""
        queue.request_stop(self.context.store, job_id, "finish")

    def cancel(self, job_id: str) -> None:
        """Stop the search; nothing is handed over."""
        queue.request_stop(self.context.store, job_id, "cancel")

    def runs(self, project_id: str) -> tuple[Run, ...]:
        """All searches of the project that ended with a model, newest first."""
        return tuple(self.context.noun(Run, record) for record in reversed(self.context.store.list(project_id, "run")))

    def run(self, run_id: str) -> Run:
        """One finished search; NotFound otherwise."""
        record = self.context.store.get(run_id)
        if record.kind != "run":
            raise NotFound("There is no such search.", "Open it from the search page.")
        return self.context.noun(Run, record)

    def last(self, project_id: str) -> Run | None:
        """The newest search that ended with a model."""
        return self.context.latest("run", project_id, Run)

    def needed(self, project_id: str) -> Run:
        """The newest search that ended with a model; NotFound when there is none."""
        run = self.last(project_id)
        if run is None:
            raise NotFound("This project has no model yet.", "Run a search first.")
        return run

    def opened(self, project_id: str) -> tuple[pd.DataFrame, tuple[Column, ...], Problem]:
        """What the newest search that ended with a model was made from, whatever the recipe and the goal are now: its cleaned
        table, the table's columns and the problem; NotFound when there is none."""
        frame, columns, problem, _ = self.goal.open(self.inputs(self.needed(project_id)))
        return frame, columns, problem

    def problem(self, project_id: str) -> Problem:
        """What the newest model predicts, whatever the goal page says now; NotFound when there is none."""
        return self.goal.problem_of(self.inputs(self.needed(project_id)))

    def compared(self, project_id: str) -> str:
        """Why models of the newest search are compared by another score than its own, as a sentence; empty where they are not."""
        return compared_sentence(self.problem(project_id))

    def stale(self, project_id: str) -> bool:
        """Whether the data, the recipe or the goal changed since the newest search."""
        run = self.last(project_id)
        if run is None or not self.goal.problem(project_id):
            return False
        now = self.goal.inputs(project_id)
        return (run.table, run.recipe, run.problem) != (now.table, now.recipe, now.problem)

    def state(self, project_id: str) -> RunState | None:
        """The newest search of the project, running or ended; None when there was none."""
        jobs = [job for job in queue.jobs(self.context.store, project_id) if job.kind == "search"]
        if not jobs:
            return None
        job = max(jobs, key=lambda item: item.created_at)
        record = self.context.store.latest(project_id, "run", parent_id=job.id)
        run = self.context.noun(Run, record) if record else _run_of(job)
        if run.summary is not None:
            return RunState(run, job, run.summary.leaderboard, 1.0, run.summary.sentence, 0.0)
        trials = self._trials(job.id, run)
        return RunState(run, job, trials, job.progress, job.sentence, job.seconds_left)

    def bundle(self, run: Run) -> Bundle:
        """The model of a finished search, its files checked; opened once and kept."""
        return self.open_bundle(run.bundle)

    def open_bundle(self, file_id: str) -> Bundle:
        """The bundle stored under a file id."""
        bundle: Bundle = self.context.bundles.get(file_id, lambda: load_bundle(self.context.store.file_path(file_id)))
        return bundle

    def bundle_path(self, project_id: str) -> Path:
        """The model.zip of the newest search, to be downloaded."""
        return self.context.store.file_path(self.needed(project_id).bundle)

    def predictions(self, run: Run) -> Predictions:
        """What the run's models said of rows they had not seen."""
        found: Predictions = self.context.arrays.get(run.oof, lambda: read_predictions(self.context.store.file_path(run.oof)))
        return found

    def ranked(self, run: Run) -> Predictions:
        """All that a list may rank: what was `judged`, and what the final model says of rows without an outcome."""
        def more() -> Predictions:
            frame, _, _, _ = self.goal.open(self.inputs(run))
            return with_open(self.judged(run), frame, self.bundle(run).model, run.plan.seed)

        found: Predictions = self.context.arrays.get(f"ranked {run.oof}", more)
        return found

    def judged(self, run: Run) -> Predictions:
        """What the run's models said of rows they had not seen, and the final model of those that were left out of the search,
        too many or of weight 0: all with an outcome that lists can be judged by."""
        if not summary_of(run).left_out and not self.goal.problem_of(self.inputs(run)).weights:
            return self.predictions(run)

        def more() -> Predictions:
            frame, _, _, _ = self.goal.open(self.inputs(run))
            return with_unseen(self.predictions(run), frame, self.bundle(run).model, run.plan.seed)

        found: Predictions = self.context.arrays.get(f"judged {run.oof}", more)
        return found

    def drawable(self, run: Run) -> Predictions:
        """What is `ranked`, and what the final model says of rows it learned from: what a pilot may draw, not to be ranked."""
        def more() -> Predictions:
            frame, _, _, _ = self.goal.open(self.inputs(run))
            return with_every(self.ranked(run), frame, self.bundle(run).model, run.plan.seed)

        found: Predictions = self.context.arrays.get(f"drawable {run.oof}", more)
        return found

    def inputs(self, run: Run) -> Inputs:
        """The table, recipe and problem that a run was made from."""
        return Inputs(run.table, run.recipe, run.problem)

    def choose(self, project_id: str, rung: str) -> Run:
        """Hand over another rung of the newest search's ladder: a new run, with its own explanation. Groups and the
        experiment stay; cards and a closer look are of one model. Choosing again undoes it and brings those back."""
        return self.hand_over(self.needed(project_id), rung)

    def hand_over(self, run: Run, rung: str) -> Run:
        """The same of a run that is the newest; Conflict when a search or a choice was kept after it, which stays the newest."""
        asked = rung
        rung = next((offer.name for offer in summary_of(run).ladder if rung in offer.also), rung)
        if rung not in run.rungs:
            raise BadInput("This model is not among those that could be handed over.", "Choose one from the list.")
        before = next(offer.name for offer in summary_of(run).ladder if offer.chosen)
        files = run.rungs[rung]
        model = self.open_bundle(files.bundle).model
        found = self.predictions(replace(run, oof=files.oof))
        frame, _, _, _ = self.goal.open(self.inputs(run))
        rows = frame.iloc[found.positions].reset_index(drop=True)
        explanations = explain_classes(model, rows, found.y, every_class(model, found.y, run.plan.seed))
        others = {name: kept for name, kept in run.rungs.items() if name != rung} | {before: RungFiles(run.bundle, run.oof)}
        made = replace(run, id=self.context.store.new_id("run"), summary=with_choice(summary_of(run), rung, model), rungs=others,
                       by_hand=asked)
        metadata = metadata_of(self.goal, run, model.problem, explanations, frame=frame)
        made = keep(self.context, made, model, found, metadata, Newest(("run",), run.id))
        carry(self.context, run, made)
        self.context.store.touch(run.project_id)
        return made

    def _trials(self, job_id: str, run: Run) -> tuple[Trial, ...]:
        newest = {event.body["key"]: from_json(Trial, event.body)
                  for event in queue.events(self.context.store, job_id) if event.kind == "trial"}
        problem = from_json(Problem, self.context.store.get(run.problem).body)
        return search_step.best_first(tuple(newest.values()), problem.metric)


def _run_of(job: Job) -> Run:
    inputs = from_json(Inputs, job.body["inputs"])
    return Run("", job.project_id, job.id, from_json(Plan, job.body["plan"]), job.created_at,
               table=inputs.table, recipe=inputs.recipe, problem=inputs.problem)
