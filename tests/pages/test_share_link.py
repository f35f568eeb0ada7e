"""A report link says whom it reaches."""
from __future__ import annotations

from dataclasses import replace

import pytest

from pages.ui import deploy_view
from pages.ui.address import only_here
from tests.pages.conftest import Stages, Visit, texts


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
    app.button(key="create_link").click().run()
    assert not app.exception
    assert "This link opens on this computer only" in texts(app)
    assert "CLARION_PUBLIC_URL" in texts(app)
    context = stages.workspace.share.context
    monkeypatch.setitem(vars(context), "settings", replace(context.settings, public_url="https://clarion.example.org"))
    app = visit("scored", "share")
    app.button(key="create_link").click().run()
    assert "Copy the link now" in texts(app)
    assert "this computer only" not in texts(app)


def test_programs_are_told_the_address_that_links_are_made_with(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was that of this browser, which may be one that no other computer reaches."""
    monkeypatch.setattr(deploy_view.session, "workspace", lambda: stages.workspace)
    assert deploy_view.score_address("dep_1") == "http://127.0.0.1:8501/api/v1/deployments/dep_1/score"
    context = stages.workspace.deploy.context
    monkeypatch.setitem(vars(context), "settings", replace(context.settings, public_url="https://clarion.example.org"))
    assert deploy_view.score_address("dep_1") == "https://clarion.example.org/api/v1/deployments/dep_1/score"
