"""The experiment section of the act page: name the treatment, measure it as a job, read the effect or the plain refusal."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from automl_core import Workspace
from automl_core.explaining.words import number
from pages.ui import session
from pages.ui.words import signed
from tests.pages.conftest import Stages, Visit, open_page, texts, work

HEAD = "What your experiment shows"


@pytest.fixture
def project(stages: Stages, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model that names no lever yet; its goal is put back."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found = stages.projects[request.param]
    before = stages.workspace.act.goal(found)
    stages.workspace.act.save_goal(found, replace(before, levers=(), value=600.0, contact_cost=10.0))
    yield found
    stages.workspace.act.save_goal(found, before)


def measure(workspace: Workspace, project: str, column: str) -> AppTest:
    """Declare a column on the page, do the job that this starts, and open the page again."""
    app = open_page("act", project)
    assert HEAD not in texts(app)
    app.selectbox(key=f"experiment_{project}_").select(column).run()
    app.button(key="measure_experiment").click().run()
    assert not app.exception
    assert not app.error
    assert "The experiment is being read, too." in texts(app)
    assert workspace.act.goal(project).experiment == column
    work(workspace, workspace.jobs.active(project)[0])
    shown = open_page("act", project)
    assert not shown.exception
    assert not shown.error
    assert HEAD in texts(shown)
    return shown


@pytest.mark.parametrize("project", ["scored"], indirect=True)
def test_an_experiment_is_measured_on_the_act_page(stages: Stages, project: str) -> None:
    """The sample deals its discount by chance."""
    shown = measure(stages.workspace, project, "discount")
    found = stages.workspace.experiment.result(project)
    assert found is not None
    assert not found.refused
    assert found.low > 0
    effect = next(metric for metric in shown.metric if metric.label == "Effect on average")
    assert effect.value.replace("\\", "") == f"{signed(100 * found.effect, 3)} points"
    assert " to " in effect.delta
    assert "Qini" in texts(shown)
    assert f", AUUC {number(100 * found.auuc)} " in texts(shown).replace("\\", "")
    cards = stages.workspace.act.cards(project) or ()
    told = "estimates the same effect in another way" in texts(shown)
    assert told == any(card.lever == "discount" for card in cards)
    assert told  # the sample's discount works, so it has a card
    worth = [metric.label for metric in shown.metric if metric.label == "Worth before costs"]
    assert worth == ["Worth before costs"] * len([card for card in cards if card.whole_cost == 0])
    assert [one for one in shown.get("plotly_chart") if "Uplift curve" in one.proto.alt]
    assert {"discount", "newsletter"} <= set(stages.workspace.experiment.treatments(project))
    assert not [button for button in shown.button if button.key == "measure_experiment"]
    shown.selectbox(key=f"experiment_{project}_discount").select("No experiment").run()
    shown.button(key="measure_experiment").click().run()
    assert stages.workspace.act.goal(project).experiment == ""
    assert HEAD not in texts(shown)


@pytest.mark.parametrize("project", ["scored"], indirect=True)
def test_a_treatment_that_was_left_out_of_the_model_can_be_named(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form of the goal keeps it, too: it says who was treated and is no lever that a card could move."""
    goals = stages.workspace.search.goal
    opened = type(goals).open

    def left_out(self: object, inputs: object) -> object:
        frame, columns, problem, rest = opened(self, inputs)  # type: ignore[arg-type]
        return frame, columns, replace(problem, never=(*problem.never, "discount")), rest

    monkeypatch.setattr(type(goals), "open", left_out)
    ws = stages.workspace
    monkeypatch.setattr(ws.context.decisions, "_items", OrderedDict())  # what the form offers is kept for a run
    before = ws.act.goal(project)
    assert "discount" in ws.experiment.treatments(project)
    declared = ws.experiment.declare(project, "discount", "Yes")
    assert declared.experiment == "discount"
    app = open_page("act", project)
    assert not app.exception
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert not app.error
    assert [(lever.column, lever.to, lever.cost) for lever in ws.act.goal(project).levers] == [("discount", ("Yes",), 10.0)]
    assert ws.experiment.declare(project, "").levers == ()  # and left out again, though more was said about it
    ws.act.save_goal(project, before)


@pytest.mark.parametrize("project", ["model"], indirect=True)
def test_what_chance_did_not_decide_is_refused(stages: Stages, project: str) -> None:
    """Nobody is given their sex by a draw: the other measurements tell it. Which value is the treatment must be said first."""
    shown = measure(stages.workspace, project, "sex")
    assert [warning for warning in shown.warning if "which of" in warning.value]
    box = shown.selectbox(key=f"treated_{project}_sex_")
    box.select(box.options[0]).run()
    shown.button(key="measure_experiment").click().run()
    work(stages.workspace, stages.workspace.jobs.active(project)[0])
    shown = open_page("act", project)
    assert [warning for warning in shown.warning if "not left to chance" in warning.value], [w.value for w in shown.warning]
    assert "Effect on average" not in [metric.label for metric in shown.metric]


def test_without_a_column_of_two_values(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(stages.workspace.experiment), "treatments", lambda *_: ())
    shown = visit("model", "act")
    assert "No column of this table has exactly two values" in texts(shown)
    assert not [box for box in shown.selectbox if str(box.key).startswith("experiment_")]
