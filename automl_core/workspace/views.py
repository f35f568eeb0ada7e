"""What pages, REST and the command line read: frozen summaries of what the store holds."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from automl_core.jobs import Job
from automl_core.search.plan import Plan, RunSummary, Trial

StepKey = Literal["data", "clean", "goal", "search", "what_happened", "explain", "fairness", "act", "pilots", "share", "deploy",
                  "monitor"]


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One line of the projects list. `stage` is the step to go on with."""

    id: str
    name: str
    version: int
    updated_at: datetime
    stage: StepKey
    rows: int
    target: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StepState:
    """How far one step of the walk is. `stale` means that something before it was changed since."""

    key: StepKey
    title: str
    state: Literal["done", "todo", "blocked", "stale"]
    sentence: str


@dataclass(frozen=True, slots=True)
class RungFiles:
    """A model that could be handed over as well: the ids of its bundle and its out-of-fold predictions."""

    bundle: str
    oof: str


@dataclass(frozen=True, slots=True)
class Run:
    """One search: its plan, and its summary once it has ended. `rungs` are the other models it could have handed over.

    `journal` is the id of the job whose finished fits it goes on from: its own unless it continues another search.
    `by_hand` is the rung that somebody asked to be handed over; empty for the search's own choice, and in older records.
    `stopped_after` are the seconds after which somebody ended it early; 0 where nobody did, and in older records.
    """

    id: str
    project_id: str
    job_id: str
    plan: Plan
    created_at: datetime
    summary: RunSummary | None = None
    bundle: str = ""
    oof: str = ""
    table: str = ""
    recipe: str = ""
    problem: str = ""
    rungs: dict[str, RungFiles] = field(default_factory=dict)
    journal: str = ""
    by_hand: str = ""
    stopped_after: float = 0.0


@dataclass(frozen=True, slots=True)
class RunState:
    """A search as it stands: live while its job runs. `trials` are best first."""

    run: Run
    job: Job
    trials: tuple[Trial, ...]
    progress: float
    sentence: str
    seconds_left: float

    @property
    def summary(self) -> RunSummary | None:
        return self.run.summary


@dataclass(frozen=True, slots=True)
class Choice:
    """One plug-in to choose: `needs` says how to install it when it is not."""

    name: str
    title: str
    installed: bool
    needs: str


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A share link as listed: the token itself is shown once, when the link is made."""

    id: str
    report_id: str
    created_at: datetime
    expires_at: datetime
    revoked: bool
    views: int
