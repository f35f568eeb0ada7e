"""What the check says may make scores too good, and that its buttons do what they say."""
from __future__ import annotations

import io
import random

import pytest

from automl_core import Workspace
from automl_core.search.plan import Plan
from tests.pages.conftest import open_page, texts, work


@pytest.fixture
def copied(workspace: Workspace) -> str:
    """Rows that were copied, with a column that knows the answer, checked."""
    random.seed(3)
    rows = []
    for _ in range(150):
        ends = random.random() < 0.4
        rows += [f"{random.random():.4f},{random.random():.4f},{'late' if ends else 'none'},{'yes' if ends else 'no'}"] * 2
    random.shuffle(rows)
    project = workspace.projects.create("Copies")
    workspace.data.upload(project, "copies.csv", io.BytesIO("\n".join(["size,weight,closing_note,left", *rows]).encode()))
    workspace.goal.save(project, workspace.goal.suggest(project, "left"))
    work(workspace, workspace.goal.start_check(project))
    return project


def test_copies_are_not_told_as_a_column_without_a_name(workspace: Workspace, copied: str) -> None:
    app = open_page("goal", copied)
    shown = texts(app)
    assert "have an exact copy" in shown
    assert "“”" not in shown
    next(button for button in app.button if button.label == "Keep copies together").click().run()
    assert not app.exception
    saved = workspace.goal.problem(copied)
    assert saved is not None
    assert saved.copies_together
    assert next(box for box in app.checkbox if "copies" in box.label).value is True
    assert "differs from the saved one" not in texts(app)


def test_the_search_says_that_its_scores_rest_on_copies(workspace: Workspace, copied: str) -> None:
    work(workspace, workspace.search.start(copied, Plan(budget_seconds=5, jobs=1, families=("rule",), folds=3)))
    assert "150 of 300 rows repeat others" in texts(open_page("search", copied))


def test_a_column_left_out_is_left_out_in_the_form_too(workspace: Workspace, copied: str) -> None:
    app = open_page("goal", copied)
    assert "closing" in texts(app)
    next(button for button in app.button if button.label == "Leave it out").click().run()
    saved = workspace.goal.problem(copied)
    assert saved is not None
    assert saved.later == ("closing_note",)
    assert app.multiselect[0].value == ["closing_note"]
    assert "differs from the saved one" not in texts(app)
