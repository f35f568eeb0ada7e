"""Rows that a short search left out, and the action list ranks: they can be chosen one by one on Explain and on Act."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl_core import Workspace
from automl_core.acting import Lever
from automl_core.errors import BadInput
from automl_core.search import plan
from automl_core.search.plan import Plan
from tests.pages.conftest import checked, open_page, texts, work


@pytest.fixture
def project(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    made = checked(workspace, "subscription_churn")
    monkeypatch.setattr(plan, "MOST_A_SECOND", 100)
    work(workspace, workspace.search.start(made, Plan(budget_seconds=8, jobs=1, families=("linear",), folds=3)))
    goal = workspace.act.goal(made)
    workspace.act.save_goal(made, replace(goal, levers=(Lever("contract", to=("One year",)),)))
    return made


def test_a_row_left_out_of_the_search_is_found_by_its_id_or_number(workspace: Workspace, project: str) -> None:
    run = workspace.search.needed(project)
    tested, ranked = workspace.search.predictions(run), workspace.search.ranked(run)
    fresh = np.setdiff1d(ranked.positions, tested.positions)
    assert len(fresh) > 100
    rows = workspace.explain.rows(project)
    assert sorted(rows.index) == sorted(ranked.positions)
    named = {row.id: row.row for row in workspace.act.actions(project).rows}
    position = int(fresh[0])
    name = str(rows.at[position, "customer_id"])
    assert list(workspace.explain.find(project, f" {name} ").index) == [position]
    assert list(workspace.explain.find(project, f"#{position}").index) == [position]
    assert name not in named or ranked.positions[named[name]] == position
    assert not workspace.explain.learned_from(project, position)
    assert workspace.explain.learned_from(project, int(tested.positions[0]))
    for nobody in ("nobody", "-1", str(position), "#999999999", "#²", "#", "#" + 5000 * "9"):
        with pytest.raises(BadInput, match="There is no row"):
            workspace.explain.find(project, nobody)
    app = open_page("act", project)
    app.session_state["act_tab"] = "One row"
    app.run()
    assert "which learned from this row as well" in texts(app) or "has not learned from this row" in texts(app)
    app.text_input(key=f"find_{project}").set_value(name).run()
    assert not app.exception
    assert "has not learned from this row" in texts(app)
    app.text_input(key=f"find_{project}").set_value("nobody").run()
    assert "There is no row" in texts(app)
