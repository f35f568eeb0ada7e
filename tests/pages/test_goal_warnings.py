"""What the check warns of is told where the goal is asked."""
from __future__ import annotations

from dataclasses import replace

from automl_core import Workspace
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
