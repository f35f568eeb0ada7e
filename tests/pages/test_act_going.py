"""What Act and Pilots say of work that is under way, that cannot lead to cards, or that failed."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from automl_core import jobs as queue
from automl_core.jobs import Job, JobWatch
from automl_core.workspace.act import Acting
from automl_core.workspace.ongoing import Ongoing
from automl_core.workspace.search import Searching
from automl_core.workspace.views import RunState
from pages.ui import decision_view, session
from tests.pages.conftest import LEVERS, Stages, open_page, texts

COMING, BEFORE = "Clarion is looking for actions: cards that can be tested follow.", "looking for actions for the goal as it was"


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


def test_cards_are_not_promised_where_nothing_can_be_changed(stages: Stages, project: str) -> None:
    """It is so in the last phase of each first search, which finds groups alone."""
    act = stages.workspace.act
    act.start(project)
    assert COMING in texts(open_page("pilots", project))
    assert "one for each row follows" in _plan(project)
    act.save_goal(project, replace(act.goal(project), levers=()))
    assert "Clarion is looking for actions" not in texts(open_page("pilots", project))
    assert "Name above what you can change and look for actions" in _plan(project)


def test_work_for_a_goal_that_was_changed_is_told_as_such(stages: Stages, project: str) -> None:
    """Its cards are those of the goal before: “cards that can be tested follow”, and then there were none. It was told of work
    that waited meanwhile, too, and goes by the goal that is saved when it begins."""
    act, jobs, store = stages.workspace.act, stages.workspace.jobs, stages.workspace.context.store
    job = act.start(project)
    act.save_goal(project, replace(act.goal(project), value=322.0))
    assert COMING in texts(open_page("pilots", project)), "not begun: it goes by the goal that is saved when it begins"
    assert act.start(project) == job, "and is not asked for again"
    leased = queue.lease(store, job_id=job.id)
    assert leased is not None
    assert jobs.get(job.id).state == "running"
    assert COMING in texts(open_page("pilots", project)), "about to begin"
    assert act.begin(str(job.body["run"]), JobWatch(store, job.id, leased.attempts)).value == 322
    assert COMING in texts(open_page("pilots", project)), "begun with the present goal"
    act.save_goal(project, replace(act.goal(project), save_rate=0.3))
    assert COMING in texts(open_page("pilots", project)), "no card rests on that"
    act.save_goal(project, replace(act.goal(project), value=323.0, experiment="discount"))
    told = texts(open_page("pilots", project))
    assert BEFORE in told
    assert COMING not in told
    assert BEFORE in _plan(project)
    app = open_page("act", project)
    assert BEFORE in texts(app)
    assert "The experiment is being read" not in texts(app)
    app.session_state["act_tab"] = "Many rows"
    app.run()
    assert "is worked out with the cards. Clarion is looking for actions for the goal as it was before" in texts(app)


def test_work_that_waited_for_another_goal_tells_why_it_failed(stages: Stages, project: str) -> None:
    """Its reason was hidden: it had been asked for when the goal was another one."""
    act, store, failed = stages.workspace.act, stages.workspace.context.store, "Memory ran out."
    job = act.start(project)
    act.save_goal(project, replace(act.goal(project), value=322.0))
    leased = queue.lease(store, job_id=job.id)
    assert leased is not None
    act.begin(str(job.body["run"]), JobWatch(store, job.id, leased.attempts))
    queue.fail(store, job.id, failed)
    assert failed in texts(open_page("act", project)).replace("\\", "")
    act.save_goal(project, replace(act.goal(project), value=323.0))
    assert failed not in texts(open_page("act", project)).replace("\\", "")


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


def test_an_experiment_is_not_measured_beside_work_for_another_model(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other buttons that start work stand back then, for each takes all processors."""
    assert _can_measure(project)
    job: Job = stages.workspace.act.start(project)

    def elsewhere(*_: object) -> Ongoing:
        return Ongoing(elsewhere=job)

    monkeypatch.setattr(Acting, "ongoing", elsewhere)
    assert not _can_measure(project)


def _can_measure(project: str) -> bool:
    app = open_page("act", project)
    next(box for box in app.selectbox if box.label == "Column that says who was treated").select("discount").run()
    assert not app.exception
    return "measure_experiment" in [button.key for button in app.button]


def _plan(project: str) -> str:
    """What the tab “One each” says."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision_view, "cards", SimpleNamespace(empty=lambda *words: said.extend(words)))
        decision_view.plan(project)
    return " ".join(said)
