"""The goal form: as what a column is predicted, and what it may be judged by."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.framing import metrics_for
from automl_core.framing.problem import Money, Problem, Task
from pages.ui.words import METRICS, TASKS, metric_title
from tests.pages.conftest import Stages, Visit, texts

LINES = [f"{n % 10 + 1},{n % 7},{'yes' if n % 3 else 'no'},{n * 1.5},{n % 2},{('red', 'green', 'blue')[n % 3]}"
         for n in range(240)]
TABLE = "\n".join(["rating,x,left,length,flag,colour", *LINES]).encode()
AMOUNTS = {"binary": Money(true_positive=5.0), "regression": Money(over=1.0, under=2.0)}


@pytest.fixture(scope="module")
def rated(stages: Stages) -> str:
    """A table with a rating of which every value occurs often, and other columns to predict."""
    project = stages.workspace.projects.create("ratings")
    stages.workspace.data.upload(project, "ratings.csv", TABLE)
    return project


def check(app: AppTest, stages: Stages, project: str) -> Problem:
    """Press the button and take the check back that it starts; the goal that was saved."""
    app.button(key="check").click().run()
    for job in stages.workspace.jobs.active(project):
        stages.workspace.jobs.stop(job.id, "cancel")
    assert not stages.workspace.jobs.active(project)
    return stages.workspace.goal.needed(project)


def asked(visit: Visit, project: str, target: str) -> AppTest:
    """The form with this target chosen."""
    app = visit(project, "goal")
    app.selectbox[0].select(target).run()
    assert not app.exception
    return app


def ways(app: AppTest) -> Any:
    """The choice of what the target is predicted as; None where a column allows one thing only."""
    return next((one for one in app.segmented_control if one.label == "Predict as"), None)


def box(app: AppTest, label: str) -> Any:
    """A field of the form by its name."""
    return next(one for one in (*app.selectbox, *app.multiselect) if one.label == label)


def scales(app: AppTest) -> bool:
    """Whether the form asks if classes are steps of a scale."""
    return any("steps of a scale" in one.label for one in app.checkbox)


@pytest.mark.parametrize(("target", "tasks"), [
    ("rating", ("regression", "multiclass")), ("flag", ("regression", "binary")), ("left", ()), ("length", ()), ("colour", ())])
def test_a_column_is_predicted_as_what_it_allows(visit: Visit, rated: str, target: str, tasks: tuple[str, ...]) -> None:
    """A rating from 1 to 10 could only be one of several classes on the page, whatever a refusal advised."""
    app = asked(visit, rated, target)
    found = ways(app)
    assert (tuple(found.options) if found else ()) == tuple(TASKS[task] for task in tasks)
    assert ("is **" in texts(app)) == (not tasks)


def test_a_rating_can_be_a_number(visit: Visit, stages: Stages, rated: str) -> None:
    """What it is judged by is suggested anew, other choices stay, and all of it is saved and taken back with the goal."""
    app = asked(visit, rated, "rating")
    assert ways(app).value == "multiclass"
    assert scales(app)
    box(app, "Known only afterwards").select("left").run()
    box(app, "Group column").select("colour").run()
    ways(app).set_value("regression").run()
    assert not app.exception
    assert box(app, "Judged by").value == "rmse"
    assert not scales(app)
    saved = check(app, stages, rated)
    assert (saved.task, saved.metric, saved.classes, saved.positive) == ("regression", "rmse", (), "")
    assert (saved.later, saved.group) == (("left",), "colour")
    app = visit(rated, "goal")  # found again by somebody with the address
    assert ways(app).value == "regression"
    ways(app).set_value("multiclass").run()
    assert box(app, "Judged by").value == "log_loss"
    assert "differs from the saved one" in texts(app)
    ways(app).set_value("regression").run()
    assert "differs from the saved one" not in texts(app)


def test_amounts_of_one_task_are_not_those_of_another(visit: Visit, stages: Stages, rated: str) -> None:
    """What right and wrong decisions are worth says nothing about a number that is too high."""
    goal = stages.workspace.goal
    goal.save(rated, replace(goal.suggest(rated, "flag"), money=AMOUNTS["binary"], metric="money", later=("left",)))
    app = visit(rated, "goal")
    assert box(app, "Judged by").value == "money"
    ways(app).set_value("regression").run()
    assert box(app, "Judged by").value == "rmse"
    saved = check(app, stages, rated)
    assert (saved.task, saved.money, saved.later) == ("regression", None, ("left",))


@pytest.mark.parametrize(("target", "task"), [("left", "binary"), ("colour", "multiclass"), ("length", "regression")])
def test_every_metric_of_a_task_can_be_chosen(visit: Visit, stages: Stages, rated: str, target: str, task: Task) -> None:
    """A list of its own lacked macro F1 of yes and no, and both areas of several classes."""
    goal = stages.workspace.goal
    known = {metric.name for metric in metrics_for(task)}
    assert known <= set(METRICS)
    app = asked(visit, rated, target)
    assert set(box(app, "Judged by").options) == {metric_title(name) for name in known - {"money", "ranked_probability"}}
    if task == "multiclass":  # the ranked score asks for steps, which these are once it is said
        goal.save(rated, replace(goal.suggest(rated, target), ordered=True, metric="ranked_probability"))
        app = visit(rated, "goal")
        assert set(box(app, "Judged by").options) == {metric_title(name) for name in known}
        assert box(app, "Judged by").value == "ranked_probability"
        next(one for one in app.checkbox if "steps of a scale" in one.label).uncheck().run()
        assert box(app, "Judged by").value == "log_loss"
    if task in AMOUNTS:
        goal.save(rated, replace(goal.suggest(rated, target), money=AMOUNTS[task]))
        assert set(box(visit(rated, "goal"), "Judged by").options) == {metric_title(name) for name in known}


@pytest.mark.parametrize("level", [0.975, 0.995, 0.0005, 0.07])
def test_a_quantile_that_was_asked_for_on_the_command_line_stays_as_it_is(
    visit: Visit, stages: Stages, rated: str, level: float
) -> None:
    """97.5 % was shown as 98 and saved so with anything else, and 99.5 % was “no quantile” on every save."""
    goal = stages.workspace.goal
    goal.save(rated, replace(goal.suggest(rated, "length"), metric="pinball", quantile=level))
    app = visit(rated, "goal")
    assert not app.exception
    assert "differs from the saved one" not in texts(app)
    box(app, "Never to be used").select("left").run()
    saved = check(app, stages, rated)
    assert (saved.never, saved.quantile) == (("left",), level)
    share = next(one for one in app.number_input if one.label.startswith("Predict the value"))
    share.set_value(99.5).run()
    assert check(app, stages, rated).quantile == 0.995


def test_that_amounts_are_not_for_several_classes_is_said(visit: Visit, rated: str) -> None:
    """The part of the form with the amounts was not there, without a word."""
    told = "can be said of two classes or of a number, not of several classes"
    assert told in texts(asked(visit, rated, "colour"))
    assert told not in texts(asked(visit, rated, "left"))
