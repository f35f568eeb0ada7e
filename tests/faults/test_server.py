"""kill -9 of the server, alone and with everything it started, in the middle of a search."""
from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from automl_core import Workspace
from automl_core.search.plan import Plan
from automl_core.workspace.views import RunState
from tests.serving import Server, kill_everything, start_server

PATIENCE = 120.0


def wait_for(workspace: Workspace, project: str, ready: str, least: int = 1) -> RunState:
    """The state of the search once it has that many trials ("trials") or has ended ("end")."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = workspace.search.state(project)
        if state and ready == "trials" and len(state.trials) >= least:
            return state
        if state and ready == "trials" and state.job.state == "failed":
            raise AssertionError(state.job.error)
        if state and ready == "end" and state.job.state in ("done", "failed", "cancelled"):
            return state
        time.sleep(0.2)
    raise TimeoutError(f"no {ready} in time; the job is {state.job if state else 'missing'}")


def kill_worker(server: Server) -> None:
    """kill -9 of the worker under a living server, which starts another one."""
    workers = [child for child in psutil.Process(server.process.pid).children() if "worker" in child.cmdline()]
    assert len(workers) == 1
    workers[0].kill()


@pytest.mark.fault
@pytest.mark.parametrize("killed", [
    pytest.param("the server", marks=pytest.mark.slow), pytest.param("the worker", marks=pytest.mark.slow),
    "the server, its worker and its job"])
def test_nothing_finished_is_lost(home: Path, killed: str) -> None:
    home.mkdir(parents=True)
    server = start_server(home)
    try:
        workspace = Workspace.open()
        project = workspace.projects.start_sample("breast_cancer")
        workspace.search.start(project, Plan(budget_seconds=10, jobs=2))
        before = wait_for(workspace, project, "trials", 2)
        if killed == "the worker":
            kill_worker(server)
        else:
            if "job" in killed:
                kill_everything(home)
            server.kill()
            server = start_server(home)
        after = wait_for(workspace, project, "end")
        assert after.job.state == "done", after.job.error
        assert {trial.key for trial in before.trials} <= {trial.key for trial in after.trials}
        folds = {trial.key: trial.fold_scores for trial in after.trials}
        assert all(set(trial.fold_scores) <= set(folds[trial.key]) for trial in before.trials), "a finished fold was lost"
        assert after.summary is not None
        assert workspace.context.store.check_store() == ()
        assert len([job for job in workspace.jobs.active(project) if job.kind == "search"]) == 0
    finally:
        kill_everything(home)
        server.process.wait(timeout=30)
