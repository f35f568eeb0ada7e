"""Use cases of the home page: projects, samples, and how far the walk is."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from automl_core import jobs as queue
from automl_core import samples as sample_tables
from automl_core.errors import BadInput
from automl_core.explaining.words import count
from automl_core.framing.problem import Problem
from automl_core.samples import Sample
from automl_core.store import Project
from automl_core.workspace.act import Acting
from automl_core.workspace.calls import CALL, DAY
from automl_core.workspace.context import Context
from automl_core.workspace.deploy import Deploying
from automl_core.workspace.goal import Framing
from automl_core.workspace.share import Sharing
from automl_core.workspace.views import ProjectCard, StepKey, StepState

LONGEST_NAME = 120
BEHIND = "Something was found or changed after the newest report was made; make a new one before you share it."


@dataclass(frozen=True)
class Projects:
    context: Context
    goal: Framing
    acting: Acting
    share: Sharing
    deploy: Deploying

    def list(self) -> tuple[ProjectCard, ...]:
        """All projects, the one worked on last first."""
        return tuple(self._card(project) for project in self.context.store.projects())

    def get(self, project_id: str) -> ProjectCard:
        """One project; NotFound otherwise."""
        return self._card(self.context.store.project(project_id))

    def create(self, name: str) -> str:
        """A new, empty project; returns its id."""
        return self.context.store.create_project(_checked(name)).id

    def rename(self, project_id: str, name: str, version: int) -> None:
        """Rename; Conflict when somebody else changed the project since `version`."""
        self.context.store.rename_project(project_id, _checked(name), version)

    def delete(self, project_id: str) -> None:
        """Stop the project's jobs and delete all its rows and files."""
        for job in queue.jobs(self.context.store, project_id):
            if job.state in ("queued", "running"):
                queue.request_stop(self.context.store, job.id, "cancel")
        self.context.store.delete_project(project_id)
        self.context.store.audit("user", "delete project", project_id, "done")

    def samples(self) -> tuple[Sample, ...]:
        """The samples that ship with Clarion."""
        return tuple(sample_tables.samples().plugins.values())

    def start_sample(self, name: str) -> str:
        """A project with a sample's tables, its goal already set and the check running; returns its id."""
        sample = sample_tables.samples().get(name)
        main, others = sample_tables.load_sample(name)
        project_id = self.create(sample.title)
        for key, table in others.items():
            self.goal.data.put(project_id, table, key=key)
        self.goal.data.put(project_id, main)
        problem = self.goal.suggest(project_id, sample.target)
        self.goal.save(project_id, with_never(problem, sample.drop))
        self.goal.start_check(project_id)
        return project_id

    def steps(self, project_id: str) -> tuple[StepState, ...]:
        """How far each step of the walk is, in order."""
        has_data = self.goal.data.has_table(project_id)
        problem = self.goal.problem(project_id)
        verdict = self.goal.verdict(project_id)
        run = self.acting.search.last(project_id)
        stale = run is not None and self.acting.search.stale(project_id)
        recipe = self.goal.cleaning.recipe(project_id)
        deployed = bool(self.deploy.deployments(project_id))
        store = self.context.store

        def of_model(done: bool) -> Literal["stale", "done", "todo", "blocked"]:
            return "stale" if stale else "done" if done else _open(run is not None)

        return (
            StepState("data", "Data", "done" if has_data else "todo", ""),
            StepState("clean", "Clean", "done" if recipe.steps else _open(has_data), _count(len(recipe.steps))),
            StepState("goal", "Goal", "done" if verdict else ("stale" if problem and run else _open(has_data)), ""),
            StepState("search", "Search", of_model(True) if run else _open(problem is not None), ""),
            StepState("what_happened", "What happened",
                      "done" if self.share.findings.looked(project_id) else _open(problem is not None), ""),
            StepState("explain", "Explain", of_model(run is not None), ""),
            StepState("fairness", "Fairness", of_model(run is not None and store.exists(project_id, "protected")), ""),
            StepState("act", "Act", of_model(self.acting.segments(project_id) is not None), ""),
            StepState("pilots", "Pilots", of_model(store.exists(project_id, "pilot")), ""),
            StepState("share", "Share", "stale", "") if stale else self._shared(project_id, run is not None),
            StepState("deploy", "Deploy", "done" if deployed else of_model(False), ""),
            StepState("monitor", "Monitor", "done" if any(store.exists(project_id, kind) for kind in ("batch", CALL, DAY))
                      else _open(deployed), ""),
        )

    def _shared(self, project_id: str, ready: bool) -> StepState:
        if self.share.behind(project_id):
            return StepState("share", "Share", "stale", BEHIND)
        return StepState("share", "Share", "done" if self.context.store.exists(project_id, "report") else _open(ready), "")

    def _card(self, project: Project) -> ProjectCard:
        has_data = self.goal.data.has_table(project.id)
        rows = self.goal.data.stored(project.id).rows if has_data else 0
        problem = self.goal.problem(project.id)
        stage = self._stage(project.id, has_data, problem)
        sentence = count(rows, "row") + (f", predicting {problem.target}" if problem else "") if has_data else "No data yet"
        return ProjectCard(project.id, project.name, project.version, project.updated_at, stage, rows,
                           problem.target if problem else "", sentence)

    def _stage(self, project_id: str, has_data: bool, problem: Problem | None) -> StepKey:
        store = self.context.store
        if not has_data:
            return "data"
        if problem is None:
            return "clean" if not store.exists(project_id, "recipe") else "goal"
        if not store.exists(project_id, "run"):
            return "search" if store.exists(project_id, "verdict") else "goal"
        if not store.exists(project_id, "report"):
            return "explain"
        return "monitor" if store.exists(project_id, "deployment") else "deploy"


def with_never(problem: Problem, never: tuple[str, ...]) -> Problem:
    """The problem with further columns that must not be used."""
    return replace(problem, never=tuple(dict.fromkeys((*problem.never, *never))))


def _open(ready: bool) -> Literal["todo", "blocked"]:
    return "todo" if ready else "blocked"


def _count(steps: int) -> str:
    return "" if not steps else "1 step" if steps == 1 else f"{steps} steps"


def _checked(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned:
        raise BadInput("The project has no name.", "Type a name.")
    if len(cleaned) > LONGEST_NAME:
        raise BadInput(f"The name is {len(cleaned)} characters long.", f"Use at most {LONGEST_NAME}.")
    return cleaned
