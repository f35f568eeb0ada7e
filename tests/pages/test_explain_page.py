"""Every tab of the explain page, before and after the closer look; no model, and a what-if in the whole table."""
from __future__ import annotations

from typing import Any

import pytest

from tests.pages.conftest import Stages, texts, work

Visit = Any
TABS = ("All rows", "One column", "Interactions", "One row", "What if", "Where it fails")


def tab(visit: Visit, stage: str, name: str) -> Any:
    app = visit(stage, "explain")
    app.session_state["explain_tab"] = name
    app.run()
    assert not app.exception
    assert not app.error
    return app


@pytest.mark.parametrize("name", TABS)
def test_every_tab_before_the_closer_look(visit: Visit, name: str) -> None:
    app = tab(visit, "model", name)
    if name in ("All rows", "Interactions", "Where it fails"):
        assert "Look closer" in [button.label for button in app.button]


def test_without_a_model(visit: Visit) -> None:
    assert "No model to explain yet" in texts(visit("goal", "explain"))


def test_every_tab_after_the_closer_look(visit: Visit, stages: Stages) -> None:
    project, workspace = stages.projects["scored"], stages.workspace
    work(workspace, workspace.explain.start(project))
    assert workspace.explain.evidence(project) is not None
    assert "rows not learned from" in texts(tab(visit, "scored", "All rows"))
    assert "were looked at" in texts(tab(visit, "scored", "Interactions"))
    assert "groups were looked at" in texts(tab(visit, "scored", "Where it fails"))
    assert "Past rows like this one" in texts(tab(visit, "scored", "One row"))
    app = tab(visit, "scored", "One column")
    for name in list(app.selectbox(key="curve_column").options)[:3]:
        app.selectbox(key="curve_column").select(name).run()
        assert not app.error
    app.toggle(key="curve_lines").set_value(True).run()
    assert not app.error


def test_what_if_in_the_whole_table_and_the_cheapest_flip(visit: Visit) -> None:
    app = tab(visit, "scored", "What if")
    app.button(key="flip").click().run()
    assert not app.error
    assert "turn" in texts(app)
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.button(key="table_ask").click().run()
    assert not app.error
    assert "A pilot tells" in texts(app).replace("\\", "")
