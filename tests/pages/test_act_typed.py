"""What somebody typed about acting stays theirs, whatever else is pressed."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import session
from tests.pages.conftest import Stages, open_page, press

COST = "Cost of the change, each row"


@pytest.fixture
def project(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model, its goal without levers or money; the goal is put back."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found, act = stages.projects["scored"], stages.workspace.act
    before = act.goal(found)
    act.save_goal(found, replace(before, levers=(), value=0.0, experiment=""))
    yield found
    for job in stages.workspace.jobs.active(found):
        stages.workspace.jobs.stop(job.id, "cancel")
    act.save_goal(found, before)


def test_a_column_taken_out_leaves_what_was_typed_of_those_after_it(stages: Stages, project: str) -> None:
    """Each lever's fields went by its place among the levers: one taken out emptied all that came after it."""
    act = stages.workspace.act
    picked = [choice.column for choice in act.levers(project).columns][:3]
    app = open_page("act", project)
    _pick(app, picked)
    for place, cost in enumerate((20.0, 9.0, 3.0)):
        [field for field in app.number_input if field.label == COST][place].set_value(cost)
    app.run()
    _pick(app, picked[1:])
    assert [field.value for field in app.number_input if field.label == COST] == [9.0, 3.0]
    press(app, "Save goal")
    assert [(lever.column, lever.cost) for lever in act.goal(project).levers] == list(zip(picked[1:], (9.0, 3.0), strict=True))


def _pick(app: AppTest, columns: list[str]) -> None:
    next(box for box in app.multiselect if box.label == "What you can change").set_value(columns).run()
