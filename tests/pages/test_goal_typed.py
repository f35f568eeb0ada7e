"""What is typed in the goal form and not saved is there after a look at another page or another target."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automl_core import Workspace
from automl_core.framing.problem import Money
from tests.pages.conftest import PAGES, open_page, texts
from tests.pages.test_goal_form import TABLE, box, ways


@pytest.fixture
def rated(workspace: Workspace) -> str:
    project = workspace.projects.create("ratings")
    workspace.data.upload(project, "ratings.csv", TABLE)
    return project


def away(app: AppTest, page: str = "data") -> None:
    """To another page and back."""
    app.switch_page(PAGES[page]).run()
    app.switch_page(PAGES["goal"]).run()
    assert not app.exception


def amount(app: AppTest, label: str) -> Any:
    return next(field for field in app.number_input if field.label == label)


def test_a_goal_begun_is_there_after_another_page(workspace: Workspace, rated: str) -> None:
    """With no goal saved even the target was empty again."""
    app = open_page("goal", rated)
    app.selectbox[0].select("left").run()
    box(app, "Known only afterwards").select("length").run()
    box(app, "Group column").select("flag").run()
    amount(app, "Yes, and rightly so").set_value(500.0).run()
    away(app)
    assert app.selectbox[0].value == "left"
    assert box(app, "Known only afterwards").value == ["length"]
    box(app, "Never to be used").select("x").run()
    away(app, "clean")
    app.button(key="check").click().run()
    assert not app.error
    saved = workspace.goal.needed(rated)
    assert (saved.target, saved.later, saved.never, saved.group) == ("left", ("length",), ("x",), "flag")
    assert saved.money == Money(true_positive=500.0)


def test_changes_of_a_saved_goal_stay_until_they_are_undone(workspace: Workspace, rated: str) -> None:
    before = workspace.goal.save(rated, replace(workspace.goal.suggest(rated, "rating"), later=("left",)))
    app = open_page("goal", rated)
    ways(app).set_value("regression").run()
    box(app, "Judged by").select("mae").run()
    away(app)
    assert (ways(app).value, box(app, "Judged by").value) == ("regression", "mae")
    assert "differs from the saved one" in texts(app)
    app.button(key="goal_undo").click().run()
    assert ways(app).value == "multiclass"
    assert "differs from the saved one" not in texts(app)
    assert not [button for button in app.button if button.key == "goal_undo"]
    app.selectbox[0].select("left").run()
    app.button(key="goal_undo").click().run()
    assert app.selectbox[0].value == "rating"
    away(app)
    assert app.selectbox[0].value == "rating"
    assert workspace.goal.needed(rated) == before


def test_another_target_for_a_moment_loses_nothing(workspace: Workspace, rated: str) -> None:
    workspace.goal.save(rated, workspace.goal.suggest(rated, "flag"))
    app = open_page("goal", rated)
    box(app, "Judged by").select("f1").run()
    app.selectbox[0].select("colour").run()
    box(app, "Known only afterwards").select("x").run()
    app.selectbox[0].select("flag").run()
    assert box(app, "Judged by").value == "f1"
    assert box(app, "Known only afterwards").value == []
    app.selectbox[0].select("colour").run()
    assert box(app, "Known only afterwards").value == ["x"]


def test_a_scale_in_the_making_is_there_again(workspace: Workspace, rated: str) -> None:
    app = open_page("goal", rated)
    app.selectbox[0].select("colour").run()
    next(one for one in app.checkbox if "steps of a scale" in one.label).check().run()
    box(app, "From lowest to highest").select("red").run()
    away(app)
    assert box(app, "From lowest to highest").value == ["red"]
    assert app.button(key="check").disabled


def test_an_undone_step_can_be_brought_back_by_who_comes_anew(workspace: Workspace, rated: str) -> None:
    """Only the tab in which it was undone, and only until it was loaded anew, offered to bring it back."""
    workspace.cleaning.add_step(rated, "drop_column", "x", {})
    app = open_page("clean", rated)
    assert not [button for button in app.button if button.key == "redo"]
    (step,) = workspace.cleaning.recipe(rated).steps
    app.button(key=f"undo_{step.id}").click().run()
    app = open_page("clean", rated)
    app.button(key="redo").click().run()
    assert workspace.cleaning.recipe(rated).steps == (step,)
    assert not [button for button in app.button if button.key == "redo"]
