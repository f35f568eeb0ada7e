"""What Act and Pilots say of work that is under way, that cannot lead to cards, or that failed."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from automl_core import jobs as queue
from automl_core.workspace.search import Searching
from automl_core.workspace.views import RunState
from pages.ui import session
from tests.pages.conftest import LEVERS, Stages, open_page, texts


@pytest.fixture
def project(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model, levers and no cards; its goal is put back, and what was started is stopped."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found, act = stages.projects["scored"], stages.workspace.act
    before = act.goal(found)
    act.save_goal(found, replace(before, levers=LEVERS, value=321.0))
    yield found
    for job in stages.workspace.jobs.active(found):
        stages.workspace.jobs.stop(job.id, "cancel")
        if job.state == "running":
            queue.finish(stages.workspace.context.store, job.id, job.attempts)
    act.save_goal(found, before)


def test_a_search_that_failed_at_groups_and_cards_is_told_on_act_and_pilots(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its progress was shown there and ended without a word: the reason stood on Search alone."""
    state = stages.workspace.search.state(project)
    assert state is not None
    ended = replace(state, job=replace(state.job, state="failed", error="Memory ran out.", created_at=datetime.now(UTC)))

    def failed(*_: object) -> RunState:
        return ended

    monkeypatch.setattr(Searching, "state", failed)
    for page in ("act", "pilots"):
        told = texts(open_page(page, project)).replace("\\", "")
        assert "Looking for groups and cards failed; the model is kept. Memory ran out." in told, page
        assert ("Look for them on the Act page" in told) == (page == "pilots")
