"""The job process's side: which use case each kind of job is."""
from __future__ import annotations

from typing import TYPE_CHECKING

from automl_core import jobs as queue
from automl_core.codec import from_json
from automl_core.errors import BadInput
from automl_core.jobs import JobWatch
from automl_core.search.plan import Plan
from automl_core.workspace.goal import Inputs

if TYPE_CHECKING:
    from automl_core.workspace import Workspace


def run_job(workspace: Workspace, job_id: str) -> None:
    """Do the work of one job and keep its results; errors are the caller's (the job process is a border)."""
    from automl_core.workspace.explain_job import run_explain  # the workspace has loaded what these take
    from automl_core.workspace.search_job import run_search

    store = workspace.context.store
    job = queue.job(store, job_id)
    watch = JobWatch(store, job_id, job.attempts)
    if job.kind == "check":
        workspace.goal.run_check(job.project_id, from_json(Inputs, job.body), watch)
    elif job.kind == "search":
        inputs = from_json(Inputs, job.body["inputs"])
        if workspace.goal.verdict_of(job.project_id, inputs) is None:
            workspace.goal.run_check(job.project_id, inputs, watch)  # the report compares with it, and cleaning made it stale
        run = run_search(workspace.search, job, inputs, from_json(Plan, job.body["plan"]), watch)
        watch.progress(0.99, "Looking for groups whose outcome differs.", float("nan"))
        _make_cards(workspace, run.id, watch)
    elif job.kind == "findings":
        workspace.findings.run_segments(job.project_id, from_json(Inputs, job.body), watch, job.body.get("label", ""))
    elif job.kind == "compare":
        workspace.findings.run_comparison(job.project_id, job.body, watch)
    elif job.kind == "act":
        _make_cards(workspace, job.body["run"], watch)
    elif job.kind == "explain":
        run_explain(workspace.explain, job.project_id, job.body["run"], watch, str(job.body.get("label", "")))
    else:
        raise BadInput(f"There is no kind of job called “{job.kind[:40]}”.", "Restart the worker with the newest version.")


def _make_cards(workspace: Workspace, run_id: str, watch: JobWatch) -> None:
    goal = workspace.act.begin(run_id, watch)  # one for all: it may be changed meanwhile
    workspace.experiment.run(run_id, goal, watch)
    workspace.act.run_act(run_id, goal, watch)


def warm_up() -> None:
    """Import what most jobs need, before the job is known."""
    import lightgbm  # noqa: F401
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model
    import sklearn.tree  # noqa: F401

    from automl_core.production.wheel import build_wheel

    build_wheel()
