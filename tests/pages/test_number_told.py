"""Of a number the pages say what is worth something, in which unit, and what acting is taken to do."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.pages.conftest import Stages, Visit, texts


@pytest.fixture
def project(stages: Stages) -> Iterator[str]:
    """A project whose target is a number, with money; its goal is put back."""
    act, found = stages.workspace.act, stages.projects["model"]
    before = act.goal(found)
    act.save_goal(found, replace(before, good="low", value=2.0, contact_cost=1.0, capacity=40, levers=()))
    yield found
    act.save_goal(found, before)


def test_of_a_number_no_bad_outcomes_are_told(visit: Visit, project: str) -> None:
    """“If acting turns 20 % of bad outcomes good” stood beside a list of numbers, which has none."""
    app = visit("model", "act")
    told = texts(app).replace("\\", "").replace("\u00a0", " ")
    assert "worth € 2 a unit of “progression”." in told
    (help,) = [one.proto.help for one in app.metric if one.label.startswith("Best 40")]
    assert "of rows move to the typical “progression”: an assumption" in help.replace("\\", "")
    app.session_state["act_tab"] = "Worth"
    app.run()
    assert not app.exception
    told = texts(app).replace("\\", "")
    assert "by the share of rows that acting moves to the typical “progression”." in told
    assert "bad outcomes that acting turns" not in told


def test_scores_of_a_number_name_their_unit_and_the_baseline_its_range(visit: Visit, stages: Stages) -> None:
    app = visit("model", "search")
    found = stages.workspace.search.needed(stages.projects["model"]).summary
    assert found is not None
    shown = {one.label: one for one in app.metric}
    assert found.metric in ("rmse", "mae")
    for fact in (shown["Baseline"], next(one for name, one in shown.items() if name in ("RMSE", "MAE"))):
        assert " to " in fact.delta
        assert "In units of “progression”." in fact.proto.help.replace("\\", "")
