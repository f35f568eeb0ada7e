"""A result that is taken back is gone from all that rested on it."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl_core.acting import PilotChoice
from tests.pages.conftest import PAGES, Carded, at_once, open_page, press
from tests.pages.test_pilots import outcomes


def field(app: Any, label: str) -> Any:
    return next(one for one in app.number_input if one.label == label)


def test_a_rate_goes_with_the_result_that_it_came_from(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong file's 60 % stayed saved after its result was taken back, and the list went on calling it measured by a pilot."""
    ws, project, share = page.workspace, page.project, "Share that acting turns, %"
    goal = ws.act.goal(project)
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=300, seed=0))
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    try:
        app = open_page("act", project)
        press(app, "Use it")
        press(app, "Save goal")
        assert "measured by a pilot" in ws.act.actions(project).sentence
        field(app, "Money you can spend").set_value(1234.0).run()  # typed and not saved
        app.switch_page(PAGES["pilots"]).run()
        asked = at_once(monkeypatch)
        app.button(key=f"back_{pilot.id}").click().run()
        assert not app.exception
        assert "The list of rows rests on what it measured: the share that acting turns is an estimate of 20 % again." in asked[0]
        assert (ws.act.goal(project).save_rate, ws.act.goal(project).save_range) == (0.2, ())
        assert "measured by a pilot" not in ws.act.actions(project).sentence
        app.switch_page(PAGES["act"]).run()
        assert (field(app, share).value, field(app, "Money you can spend").value) == (20.0, 1234.0)
        press(app, "Save goal")
        kept = ws.act.goal(project)
        assert (kept.save_rate, kept.save_range, kept.budget) == (0.2, (), 1234.0)
    finally:
        ws.act.save_goal(project, goal)


def test_a_rate_from_elsewhere_stays_when_a_result_is_taken_back(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, project = page.workspace, page.project
    goal = ws.act.goal(project)
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=300, seed=0))
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    found = ws.pilots.rates(project)[0]
    own = replace(goal, save_rate=found.rate, save_range=(0.0, 0.9))
    try:
        ws.act.save_goal(project, own)
        asked = at_once(monkeypatch)
        app = open_page("pilots", project)
        app.button(key=f"back_{pilot.id}").click().run()
        assert ws.pilots.get(pilot.id).state == "running"
        assert "The list of rows" not in asked[0]
        assert ws.act.goal(project) == own
        assert "measured by a pilot" in ws.act.actions(project).sentence
    finally:
        ws.act.save_goal(project, goal)
