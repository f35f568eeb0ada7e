"""The goal form of acting draws what was saved, whatever the values are called."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from automl_core.acting.action import Lever
from pages.ui import session
from tests.pages.conftest import Stages, open_page

LONG = "A plan with everything that is included "
LEVER = Lever("contract", to=(f"{LONG}at sea", f"{LONG}on land"), from_values=(f"{LONG}in winter", f"{LONG}in summer"),
              forbidden=((f"{LONG}in winter", f"{LONG}at sea"),))


@pytest.fixture
def project(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model; its goal is put back."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found = stages.projects["scored"]
    before = stages.workspace.act.goal(found)
    yield found
    stages.workspace.act.save_goal(found, before)


def test_a_forbidden_move_between_values_that_begin_alike_stays_forbidden(stages: Stages, project: str) -> None:
    goal = replace(stages.workspace.act.goal(project), levers=(LEVER,))
    stages.workspace.act.save_goal(project, goal)
    app = open_page("act", project)
    assert not app.exception
    never = next(box for box in app.multiselect if box.label == "Never propose")
    assert len(never.options) == 4
    assert never.value == [LEVER.forbidden[0]]
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert stages.workspace.act.goal(project).levers[0].forbidden == LEVER.forbidden
