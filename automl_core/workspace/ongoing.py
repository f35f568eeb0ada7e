"""Which work is being done for the model or the question at hand, and which for another one."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from automl_core import jobs as queue
from automl_core.jobs import Job
from automl_core.store import Store
from automl_core.workspace.views import Run


@dataclass(frozen=True, slots=True)
class Ongoing:
    """An active job about what is at hand (`here`), and one about another model or question of the project; None where there
    is none. `outdated`: the one here makes cards for a goal that was changed since it began."""

    here: Job | None = None
    elsewhere: Job | None = None
    outdated: bool = False


def ongoing(store: Store, run: Run, kind: str) -> Ongoing:
    """The active jobs of one kind by the run that they are about."""
    return _told_apart([(job, job.body.get("run") == run.id) for job in _active(store, run.project_id, kind)])


def asked(store: Store, project_id: str, kind: str, body: Mapping[str, Any]) -> Ongoing:
    """The active jobs of one kind by whether they were asked for just this `body`, as another label, table or goal."""
    return _told_apart([(job, job.body == body) for job in _active(store, project_id, kind)])


def making_cards(store: Store, run: Run, goal: str) -> Ongoing:
    """The same of what makes groups and cards, whose present `goal` has this mark: what was asked for alone, and the end of a
    search, which has kept its run by then. That is about the run at hand unless another model was handed over since. Either goes
    by the goal that is saved when it begins with them, and says then which one that is."""
    ending = [(job, job.id == run.job_id and run.by_hand == str(job.body.get("rung", "")))
              for job in _active(store, run.project_id, "search")
              if store.latest(run.project_id, "run", parent_id=job.id) is not None]
    found = _told_apart([(job, job.body.get("run") == run.id) for job in _active(store, run.project_id, "act")] + ending)
    here = found.here
    begun = here is not None and here.state == "running" and bool(here.body.get("begun"))
    return replace(found, outdated=begun and here is not None and here.body["goal"] != goal)


def _active(store: Store, project_id: str, kind: str) -> list[Job]:
    return [job for job in queue.jobs(store, project_id) if job.kind == kind and job.active]


def _told_apart(found: list[tuple[Job, bool]]) -> Ongoing:
    return Ongoing(next((job for job, here in found if here), None), next((job for job, here in found if not here), None))
