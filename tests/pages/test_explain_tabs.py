"""A closer look that ended while nobody watched it, and one that was in vain."""
from __future__ import annotations

from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from automl_core.workspace.explain import Explaining
from tests.pages.conftest import Stages, Visit, texts


def _drawn(project: str, earlier: bool) -> None:
    from dataclasses import replace

    from pages.ui import explain_tabs, session

    kept = session.workspace().explain.explanation(project)
    assert kept is not None
    explain_tabs.tabs(project, replace(kept, refits=kept.refits + 1) if earlier else kept)


@pytest.mark.usefixtures("visit")
@pytest.mark.parametrize("earlier", [True, False])
def test_a_closer_look_that_ended_behind_another_tab_is_shown(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    """The tabs had the explanation of when the page was drawn, and offered the closer look once more."""
    drawn_anew: list[bool] = []
    monkeypatch.setattr(st, "rerun", lambda *_, **__: drawn_anew.append(True))
    app = AppTest.from_function(_drawn, args=(stages.projects["scored"], earlier), default_timeout=120).run()
    assert not app.exception
    assert bool(drawn_anew) == earlier


def test_a_closer_look_that_was_in_vain_says_why_and_is_not_offered_again(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stages.workspace.explain.explanation(stages.projects["model"])
    assert made is not None
    vain = replace(made, refits=0, measured="There are 70 rows with an outcome.")
    monkeypatch.setattr(Explaining, "explanation", lambda *given: vain)
    app = visit("model", "explain")
    assert "There are 70 rows with an outcome" in texts(app)
    assert "Look closer" not in [button.label for button in app.button]
