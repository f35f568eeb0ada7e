"""The goal form when the target has other values than on the day the goal was saved."""
from __future__ import annotations

from dataclasses import replace

import pytest

from automl_core import Workspace
from tests.pages.conftest import open_page, texts
from tests.pages.test_goal_form import box, ways

HEAD = "x,answer"


def put(workspace: Workspace, project: str, *labels: str) -> None:
    lines = [f"{n},{label}" for n, label in enumerate([label for label in labels for _ in range(40)])]
    workspace.data.upload(project, "answers.csv", "\n".join([HEAD, *lines]).encode())


@pytest.fixture
def project(workspace: Workspace) -> str:
    return workspace.projects.create("Answers")


def test_a_target_whose_spellings_were_merged_can_be_saved_again(workspace: Workspace, project: str) -> None:
    """The form started from the classes saved before, and every way on ended with the same refusal."""
    put(workspace, project, "No", "Yes", "Maybe", "maybe")
    workspace.goal.save(project, replace(workspace.goal.suggest(project, "answer"), metric="accuracy", never=("x",)))
    finding = next(one for one in workspace.cleaning.findings(project) if one.kind == "spellings")
    assert finding.fix is not None
    workspace.cleaning.apply(project, finding.fix)
    app = open_page("goal", project)
    assert "“maybe” is gone" in texts(app)
    assert "differs from the saved one" in texts(app)
    app.button(key="check").click().run()
    assert not app.exception
    assert not app.error
    saved = workspace.goal.needed(project)
    assert (saved.classes, saved.metric, saved.never) == (("Maybe", "No", "Yes"), "accuracy", ("x",))
    assert "is gone" not in texts(app)


def test_rows_of_a_new_class_are_asked_for_and_not_dropped(workspace: Workspace, project: str) -> None:
    put(workspace, project, "a", "b", "c")
    workspace.goal.save(project, workspace.goal.suggest(project, "answer"))
    put(workspace, project, "a", "b", "c", "d")
    app = open_page("goal", project)
    assert "“d” is new" in texts(app)
    app.button(key="check").click().run()
    assert not app.error
    assert workspace.goal.needed(project).classes == ("a", "b", "c", "d")


def test_other_words_come_while_the_page_is_open(workspace: Workspace, project: str) -> None:
    """Yes and No by J and N, and 0 and 1 by 1 and 2, which a look at the number must not bring back."""
    put(workspace, project, "Yes", "No")
    workspace.goal.save(project, workspace.goal.suggest(project, "answer"))
    app = open_page("goal", project)
    put(workspace, project, "0", "1")
    app.run()
    assert not app.exception
    assert "the case you look for is “1”" in texts(app)
    app.button(key="check").click().run()
    assert workspace.goal.needed(project).positive == "1"
    for job in workspace.jobs.active(project):
        workspace.jobs.stop(job.id, "cancel")
    put(workspace, project, "1", "2")
    app.run()
    ways(app).set_value("regression").run()
    ways(app).set_value("binary").run()
    app.button(key="check").click().run()
    assert not app.error
    assert workspace.goal.needed(project).classes == ("1", "2")


def test_a_new_step_of_a_scale_is_given_its_place(workspace: Workspace, project: str) -> None:
    put(workspace, project, "low", "mid", "high")
    scale = replace(workspace.goal.suggest(project, "answer"), ordered=True, classes=("low", "mid", "high"))
    workspace.goal.save(project, scale)
    put(workspace, project, "low", "mid", "high", "top")
    app = open_page("goal", project)
    assert box(app, "From lowest to highest").value == ["low", "mid", "high"]
    assert app.button(key="check").disabled
    box(app, "From lowest to highest").select("top").run()
    app.button(key="check").click().run()
    assert not app.error
    saved = workspace.goal.needed(project)
    assert (saved.ordered, saved.classes) == (True, ("low", "mid", "high", "top"))
