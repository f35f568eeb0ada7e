"""A report link says whom it reaches."""
from __future__ import annotations

from dataclasses import replace

import pytest

from pages.ui import deploy_view
from pages.ui.address import only_here
from tests.pages.conftest import Stages, Visit, press, texts


@pytest.mark.parametrize(("address", "here"), [
    ("http://127.0.0.1:8501/r/a", True), ("http://localhost:8501/r/a", True), ("http://[::1]:8501/r/a", True),
    ("http://app.localhost/r/a", True), ("https://clarion.example.org/r/a", False), ("http://192.168.1.7:8501/r/a", False),
    ("https://localhost.example.org/r/a", False)])
def test_an_address_of_this_computer_is_known(address: str, here: bool) -> None:
    assert only_here(address) is here


def test_a_link_that_opens_here_only_says_so(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was to be copied for others, opened nothing on their screens, and no page named the setting that mends it."""
    app = visit("scored", "share")
    assert "this computer only" not in texts(app)
    press(app, "Create link")
    assert not app.exception
    assert "This link opens on this computer only" in texts(app)
    assert "CLARION_PUBLIC_URL" in texts(app)
    context = stages.workspace.share.context
    monkeypatch.setitem(vars(context), "settings", replace(context.settings, public_url="https://clarion.example.org"))
    app = visit("scored", "share")
    press(app, "Create link")
    assert "Copy the link now" in texts(app)
    assert "this computer only" not in texts(app)


def test_programs_are_told_the_address_that_links_are_made_with(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was that of this browser, which may be one that no other computer reaches."""
    monkeypatch.setattr(deploy_view.session, "workspace", lambda: stages.workspace)
    assert deploy_view.score_address("dep_1") == "http://127.0.0.1:8501/api/v1/deployments/dep_1/score"
    context = stages.workspace.deploy.context
    monkeypatch.setitem(vars(context), "settings", replace(context.settings, public_url="https://clarion.example.org"))
    assert deploy_view.score_address("dep_1") == "https://clarion.example.org/api/v1/deployments/dep_1/score"


@pytest.mark.parametrize(("label", "kind"), [("Make a new report", "reports"), ("Create link", "links")])
def test_a_button_that_was_pressed_twice_makes_one(visit: Visit, stages: Stages, label: str, kind: str) -> None:
    """A second press while the first is at work comes after it: two equal reports stood there, and an open link of nobody."""
    share, project = stages.workspace.share, stages.projects["scored"]
    before = len(getattr(share, kind)(project))
    app = visit("scored", "share")
    pressed = next(button for button in app.button if button.label == label)
    pressed.click().run()
    states = app._tree.get_widget_states()
    states.widgets.append(pressed.click()._widget_state)
    app._run(states)
    assert not app.exception
    assert len(getattr(share, kind)(project)) == before + 1
    if kind == "links":
        assert [code.value for code in app.code if "/r/" in code.value]
        press(app, label)  # one more, for somebody else
        assert len(share.links(project)) == before + 2
