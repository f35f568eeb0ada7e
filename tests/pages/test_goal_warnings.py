"""What the check warns of is told where the goal is asked."""
from __future__ import annotations

from dataclasses import replace

from automl_core import Workspace
from automl_core import jobs as queue
from tests.pages.conftest import open_page, texts, work


def test_a_rare_class_judged_by_accuracy_is_warned_of(workspace: Workspace) -> None:
    """The command line said it, and the page showed an average that scores 0.97 and nothing else."""
    lines = [f"{n % 13},{n % 7},{'yes' if n % 33 == 0 else 'no'}" for n in range(400)]
    project = workspace.projects.create("Rare")
    workspace.data.upload(project, "rare.csv", "\n".join(["a,b,answer", *lines]).encode())
    workspace.goal.save(project, replace(workspace.goal.suggest(project, "answer"), metric="accuracy"))
    work(workspace, workspace.goal.start_check(project))
    verdict = workspace.goal.verdict(project)
    assert verdict is not None
    assert verdict.warnings
    assert "judge by ROC AUC or average precision" in texts(open_page("goal", project))


def test_a_check_that_failed_is_told_of_the_goal_that_it_was_made_for_alone(workspace: Workspace) -> None:
    """It stood under whichever goal was saved next."""
    lines = [f"{n % 13},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(200)]
    project = workspace.projects.create("Failed")
    workspace.data.upload(project, "failed.csv", "\n".join(["a,b,answer", *lines]).encode())
    first = workspace.goal.save(project, workspace.goal.suggest(project, "answer"))
    job = workspace.goal.start_check(project)
    assert queue.lease(workspace.context.store, job_id=job.id) is not None
    queue.fail(workspace.context.store, job.id, "It was too dark to read.")
    assert "It was too dark to read" in texts(open_page("goal", project))
    workspace.goal.save(project, replace(first, later=("b",)))
    assert "too dark" not in texts(open_page("goal", project))
    workspace.goal.save(project, first)
    assert "It was too dark to read" in texts(open_page("goal", project))
