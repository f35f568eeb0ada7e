"""What was said and found for acting, after the table, the goal or the model of the project became another one."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from automl_core import Workspace
from automl_core import jobs as queue
from automl_core.acting.action import Goal, Lever
from automl_core.jobs import Job, JobWatch
from automl_core.search.plan import Plan
from automl_core.workspace.act import Acting
from pages.ui import act_view, act_words, session
from tests.pages.conftest import Carded, copied, open_page, texts, work
from tests.unit.searching import fit_here

LINES = [f"{('Monthly', 'Yearly')[n % 2]},{('Yes', 'No')[n // 2 % 2]},{20 + n % 45},{10 + 7 * n % 31},"
         f"{'No' if (n % 2) + (n % 7) > 3 else 'Yes'}" for n in range(400)]
TABLE = "\n".join(["contract,discount,age,fee,left", *LINES]).encode()
PLAN = Plan(60, 1, families=("linear", "rule"), folds=2, max_trials=2)
LEVERS = (Lever("contract", cost=20.0), Lever("discount", cost=5.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Carded:
    """A small table with a model, and a goal of acting with two levers; only copies of it are worked on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(tmp_path_factory.mktemp("made") / "home"))
        fit_here(patch)
        workspace = Workspace.open()
        project = workspace.projects.create("left")
        workspace.data.upload(project, "left.csv", TABLE)
        workspace.goal.save(project, workspace.goal.suggest(project, "left"))
        work(workspace, workspace.search.start(project, PLAN))
    workspace.act.save_goal(project, replace(workspace.act.goal(project), value=300.0, levers=LEVERS))
    return Carded(workspace, project)


@pytest.fixture
def workspace(made: Carded, home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of one test’s own; pages work on it."""
    fit_here(monkeypatch)
    own = copied(made.workspace, home)
    monkeypatch.setattr(session, "workspace", lambda: own)
    return own


@pytest.fixture
def project(made: Carded) -> str:
    return made.project


def test_what_the_goal_names_and_the_table_has_no_more_is_left_out_and_said(workspace: Workspace, project: str) -> None:
    """One lever that cleaning had removed ended the search as failed, without a card, and the form looked changed."""
    workspace.act.save_goal(project, replace(workspace.act.goal(project), experiment="discount", value=0.0, value_column="fee"))
    for column in ("discount", "fee"):
        workspace.cleaning.add_step(project, "drop_column", column, {}, "Not wanted.")
    work(workspace, workspace.search.start(project, PLAN))
    goal = workspace.act.goal(project)
    assert [lever.column for lever in goal.levers] == ["contract"]
    assert (goal.experiment, goal.value_column, goal.value) == ("", "", 0.0)
    assert workspace.act.found(project) is not None, "cards are made of what is left"
    assert workspace.act.gone(project) == ("discount", "fee")
    app = open_page("act", project)
    told = texts(app).replace("\\", "")
    assert "“discount” and “fee” are not in this table any more: they are left out." in told
    assert "You can change “contract”." in told
    assert "differs from the saved goal" not in told
    assert "failed" not in told
    workspace.act.save_goal(project, goal)
    assert workspace.act.gone(project) == ()


def test_a_lever_that_the_model_must_not_see_is_said_and_is_back_with_its_column(workspace: Workspace, project: str) -> None:
    """The form differed from the saved goal for ever, untouched, and said nothing of the lever that saving would drop."""
    framed, goal = workspace.goal.needed(project), workspace.act.goal(project)
    workspace.goal.save(project, replace(framed, never=("discount",)))
    work(workspace, workspace.search.start(project, PLAN))
    assert [lever.column for lever in workspace.act.goal(project).levers] == ["contract"]
    assert workspace.act.unseen(project) == ("discount",)
    told = texts(open_page("act", project)).replace("\\", "")
    assert "The model must not see “discount”: no card can be made of it, and saving the goal leaves it out." in told
    assert "differs from the saved goal" not in told
    workspace.goal.save(project, framed)
    work(workspace, workspace.search.start(project, PLAN))
    assert (workspace.act.unseen(project), workspace.act.goal(project)) == ((), goal)


def test_back_at_a_former_target_its_goal_of_acting_is_back(workspace: Workspace, project: str) -> None:
    """A goal saved for another outcome hid it for good: five levers, their costs and limits were to be typed again."""
    goal, churn = workspace.act.goal(project), workspace.goal.needed(project)
    workspace.goal.save(project, workspace.goal.suggest(project, "fee"))
    work(workspace, workspace.search.start(project, PLAN))
    other = workspace.act.goal(project)
    assert (other.outcome, other.levers) == ("fee", ())
    assert workspace.explain.levers(project) == (), "levers and prices of the goal for another outcome were taken"
    assert not workspace.explain.priced(project, ("contract",))
    workspace.act.save_goal(project, replace(other, value=2.0))
    workspace.goal.save(project, churn)
    work(workspace, workspace.search.start(project, PLAN))
    assert workspace.act.goal(project) == goal
    assert workspace.explain.priced(project, ("contract",))
    workspace.act.save_goal(project, replace(goal, value=50.0))
    assert workspace.act.goal(project).value == 50.0


def test_another_model_keeps_what_no_model_has_a_say_in_and_one_of_before_all_that_was_found(
    workspace: Workspace, project: str
) -> None:
    """“Hand this over” threw groups, cards and the closer look away, and choosing back did not bring them again."""
    work(workspace, workspace.act.start(project))
    store, run = workspace.context.store, workspace.search.needed(project)
    segments, found, first = workspace.act.segments(project), workspace.act.found(project), workspace.explain.explanation(project)
    assert segments is not None
    assert found is not None
    store.put("evidence", project, {"of": run.id}, parent_id=run.id)
    store.put("experiment", project, {"of": run.id}, parent_id=f"{run.id}goal")
    chosen = next(offer.name for offer in run.summary.ladder if offer.chosen) if run.summary else ""
    other = workspace.search.choose(project, next(iter(run.rungs)))
    assert workspace.act.segments(project) == segments
    assert store.latest(project, "experiment", parent_id=f"{other.id}goal") is not None
    assert workspace.act.found(project) is None
    assert store.latest(project, "evidence", parent_id=other.id) is None
    for page in ("act", "pilots"):
        assert act_words.MADE_AGAIN in texts(open_page(page, project))
    back = workspace.search.choose(project, chosen)
    assert workspace.act.found(project) == found
    assert not workspace.act.of_another_model(project)
    assert workspace.act.segments(project) == segments
    assert store.latest(project, "evidence", parent_id=back.id) is not None
    assert workspace.explain.explanation(project) == first


def test_an_old_failure_is_told_under_what_it_was_about_alone(workspace: Workspace, project: str) -> None:
    """“The last try failed” stood under the fresh cards of a newer search, and of another goal, until somebody looked again."""
    store, told = workspace.context.store, "The memory did not last"

    def fail(job: Job) -> None:
        leased = queue.lease(store, job_id=job.id)
        assert leased is not None
        queue.fail(store, job.id, told, leased.attempts)

    fail(workspace.act.start(project))
    explanation = workspace.explain.explanation(project)
    assert explanation is not None
    fail(workspace.explain.start(project, explanation.label))  # as the page asks for it
    assert told in texts(open_page("act", project))
    assert told in texts(open_page("explain", project))
    goal = workspace.act.goal(project)
    workspace.act.save_goal(project, replace(goal, value=50.0))
    assert told not in texts(open_page("act", project)), "it was about another goal"
    workspace.act.save_goal(project, goal)
    assert told in texts(open_page("act", project))
    work(workspace, workspace.search.start(project, PLAN))
    for page in ("act", "explain"):
        assert told not in texts(open_page(page, project)), "it was about another model"


def test_while_a_search_makes_cards_the_pages_say_so_and_show_them_when_they_come(
    workspace: Workspace, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Act offered to look for what was being looked for; pressed, it was done twice, and nothing showed what came."""
    run_act, seen = Acting.run_act, []

    def watched(acting: Acting, run_id: str, goal: Goal, watch: JobWatch) -> None:
        for page in ("act", "pilots"):
            app = open_page(page, project)
            assert not app.exception
            assert not {"Look for actions", "Look again", "Look for groups"} & {button.label for button in app.button}
            assert app.button(key=f"cancel_{job.id}").label == "Cancel"
            seen.append(page)
        assert workspace.act.start(project).id == job.id
        assert [one.kind for one in workspace.jobs.active(project)] == ["search"]
        workspace.act.save_goal(project, replace(goal, value=77.0))
        for page in ("act", "pilots"):
            assert "for the goal as it was before" in texts(open_page(page, project)), "it has begun with the other one"
        workspace.act.save_goal(project, goal)
        run_act(acting, run_id, goal, watch)

    monkeypatch.setattr(Acting, "run_act", watched)
    job = workspace.search.start(project, PLAN)
    work(workspace, job)
    assert seen == ["act", "pilots"]
    assert workspace.act.found(project) is not None
    assert "Look again" in [button.label for button in open_page("act", project).button]


def test_work_for_another_model_is_told_as_such_and_hides_nothing(workspace: Workspace, project: str) -> None:
    """Its progress stood in the place of this model's cards and of its closer look, which could not be started meanwhile."""
    work(workspace, workspace.act.start(project))
    run, found = workspace.search.needed(project), workspace.act.found(project)
    assert found is not None
    chosen = next(offer.name for offer in run.summary.ladder if offer.chosen) if run.summary else ""
    workspace.search.choose(project, next(iter(run.rungs)))
    jobs = {"act": workspace.act.start(project), "explain": workspace.explain.start(project)}
    assert workspace.explain.start(project) == jobs["explain"]
    workspace.search.choose(project, chosen)
    assert workspace.act.found(project) == found
    for page, job in jobs.items():
        app = open_page(page, project)
        assert not app.exception
        assert "Another model is being looked at; this one can follow when it has ended." in texts(app)
        assert app.button(key=f"cancel_{job.id}").label == "Cancel"
        assert not {"Look closer", "Look again"} & {button.label for button in app.button}
    stood = act_view.standing(found) if found.cards else act_view.without_cards(found)
    assert stood in texts(open_page("act", project))
    assert workspace.explain.start(project).id != jobs["explain"].id


def test_under_a_report_the_model_that_it_is_about_can_be_taken_away(
    workspace: Workspace, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside “Download the report” of one model “Download the model” gave another one, which was handed over since."""
    given: dict[str, Any] = {}
    button = st.download_button
    monkeypatch.setattr(st, "download_button", lambda label, data, **more: given.update({label: data}) or button(
        label, data, **more))
    run = workspace.search.needed(project)
    about = workspace.search.bundle_path(project).read_bytes()
    workspace.share.make_report(project)
    workspace.search.choose(project, next(iter(run.rungs)))
    assert workspace.search.bundle_path(project).read_bytes() != about
    assert not open_page("share", project).exception
    assert given["Download the model"]() == about
    workspace.share.make_report(project)
    assert not open_page("share", project).exception
    assert given["Download the model"]() == workspace.search.bundle_path(project).read_bytes()
