"""What the check says may make scores too good, and that its buttons do what they say."""
from __future__ import annotations

import io
import random

import pytest

from automl_core import Workspace
from automl_core.framing.problem import Money
from automl_core.search.plan import Plan
from tests.pages.conftest import open_page, texts, work
from tests.pages.test_goal_form import box


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


def test_what_was_typed_is_kept_when_a_column_is_left_out(workspace: Workspace, copied: str) -> None:
    """The goal saved before was saved again without the column, and all that was typed above was gone without a word."""
    app = open_page("goal", copied)
    box(app, "Judged by").select("average_precision").run()
    next(field for field in app.number_input if field.label == "Yes, and rightly so").set_value(500.0).run()
    assert "differs from the saved one" in texts(app)
    next(button for button in app.button if button.label == "Leave it out").click().run()
    saved = workspace.goal.needed(copied)
    assert (saved.later, saved.metric) == (("closing_note",), "average_precision")
    assert saved.money == Money(true_positive=500.0)
    assert box(app, "Judged by").value == "average_precision"


def test_a_column_is_not_left_out_of_another_goal_than_the_one_above(workspace: Workspace, copied: str) -> None:
    before = workspace.goal.needed(copied)
    app = open_page("goal", copied)
    app.selectbox[0].select("size").run()
    named = [button for button in app.button if button.label in ("Leave it out", "Keep copies together")]
    assert len(named) == 2
    assert all(button.disabled for button in named)
    app.selectbox[0].select("left").run()
    assert not any(button.disabled for button in app.button if button.label in ("Leave it out", "Keep copies together"))
    assert workspace.goal.needed(copied) == before
