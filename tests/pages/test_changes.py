"""What pages change: each click does to the store what it says, on a workspace of the test’s own."""
from __future__ import annotations

import io
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from automl_core import Workspace
from automl_core import jobs as queue
from automl_core.codec import to_json
from automl_core.errors import BadInput
from automl_core.framing.problem import Money, Rung, Verdict
from automl_core.jobs import Job, JobWatch
from automl_core.search.plan import Plan, Trial
from automl_core.workspace.context import fingerprint
from automl_core.workspace.views import Run, RunState
from pages.ui import search_view
from tests.pages.conftest import at_once, hostile_table, open_page, primary, texts, work
from tests.unit.reporting import SUMMARY

RIDGE = Trial("k1", "linear", "Ridge", {}, "finished", 55.0, 53.0, 57.0)


def test_upload_clean_undo(workspace: Workspace) -> None:
    app = open_page("home")
    app.file_uploader[0].upload("Kunden *2026*.csv", hostile_table()).run()
    assert app.title[0].value == "Data", [error.value for error in app.error]
    project = workspace.projects.list()[0]
    assert project.name == "Kunden *2026*"
    assert workspace.data.table(project.id).rows == 90
    app = open_page("clean", project.id)
    fixes = [button for button in app.button if (button.key or "").startswith("fix_") and button.key != "fix_safe"]
    fixes[-1].click().run()
    assert not app.error, [error.value for error in app.error]
    steps = workspace.cleaning.recipe(project.id).steps
    app.button(key=f"undo_{steps[-1].id}").click().run()
    assert len(workspace.cleaning.recipe(project.id).steps) < len(steps)
    app.button(key="redo").click().run()
    assert workspace.cleaning.recipe(project.id).steps == steps
    if [button for button in app.button if button.key == "fix_safe"]:
        app.button(key="fix_safe").click().run()
        assert not any(finding.safe and finding.fix for finding in workspace.cleaning.findings(project.id))


def test_refused_file_leaves_no_project(workspace: Workspace) -> None:
    app = open_page("home")
    app.file_uploader[0].upload("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)).run()
    assert app.error[0].value
    assert workspace.projects.list() == ()


def test_goal_is_saved_and_checked_and_a_search_starts_and_stops(workspace: Workspace) -> None:
    app = open_page("home")
    app.button(key="sample_diabetes").click().run()
    project = workspace.projects.list()[0].id
    assert app.title[0].value == "Goal"
    app.button(key=f"cancel_{workspace.jobs.active(project)[0].id}").click().run()
    app = open_page("goal", project)
    app.multiselect[0].select("age").run()
    app.button(key="check").click().run()
    saved = workspace.goal.problem(project)
    assert saved is not None
    assert saved.later == ("age",)
    assert [job.kind for job in workspace.jobs.active(project)] == ["check"]
    app = open_page("search", project)
    app.number_input(key="exact_budget").set_value(45).run()
    app.button(key="start_search").click().run()
    assert not app.error
    state = workspace.search.state(project)
    assert state is not None
    assert state.run.plan.budget_seconds == 45
    assert state.run.plan.families == ()


def searching(workspace: Workspace) -> tuple[str, Job, JobWatch]:
    """A project whose search is running."""
    project = workspace.projects.start_sample("diabetes")
    workspace.jobs.stop(workspace.jobs.active(project)[0].id, "cancel")
    job = workspace.search.start(project, Plan())
    store = workspace.context.store
    leased = queue.lease(store, job_id=job.id)
    assert leased is not None
    return project, job, JobWatch(store, job.id, leased.attempts)


def test_a_running_search_shows_its_progress_and_can_be_finished(workspace: Workspace) -> None:
    project, job, watch = searching(workspace)
    watch.progress(0.42, "Fitting “LightGBM”, fold 3 of 5.", 21.0)
    app = open_page("search", project)
    assert "fold 3 of 5" in app.get("progress")[0].proto.text
    assert app.button(key="finish").disabled
    watch.event("trial", to_json(RIDGE))
    app.run()
    assert "Best so far: **Ridge**" in texts(app)
    assert primary(app) == ["Finish now"]
    app.button(key="finish").click().run()
    assert workspace.jobs.get(job.id).stop == "finish"
    app = open_page("search", project)
    assert app.button(key="cancel").disabled


def test_a_search_is_cancelled_after_a_question_that_names_the_way_to_keep_the_best(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside “Finish now” it lost all that was found, unasked; before anything is found nothing can be lost."""
    project, job, watch = searching(workspace)
    watch.event("trial", to_json(RIDGE))
    app = open_page("search", project)
    app.button(key="cancel").click().run()
    assert not workspace.jobs.get(job.id).stop, "asked first"
    assert app.button(key="confirm_yes").label == "Cancel the search"
    asked = at_once(monkeypatch)
    app = open_page("search", project)
    app.button(key="cancel").click().run()
    assert "“Finish now” keeps the best so far" in asked[0]
    assert workspace.jobs.get(job.id).stop == "cancel"


def test_a_search_that_has_kept_its_model_says_so_and_only_the_rest_is_cancelled(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """“It then hands over no model” was said while groups were looked for, of a model that was handed over already."""
    project, job, watch = searching(workspace)
    watch.event("trial", to_json(RIDGE))
    summary = replace(SUMMARY, leaderboard=(RIDGE,))
    inputs = workspace.goal.inputs(project)
    run = Run("run_kept", project, job.id, Plan(), job.created_at, summary, table=inputs.table, recipe=inputs.recipe,
              problem=inputs.problem)
    workspace.jobs.stop(job.id, "finish")
    workspace.context.save("run", project, run, parent_id=job.id, record_id=run.id)
    watch.progress(0.99, "Looking for groups whose outcome differs.", float("nan"))
    asked = at_once(monkeypatch)
    app = open_page("search", project)
    assert app.button(key="finish").disabled
    assert "Looking for groups" in app.get("progress")[0].proto.text, "nothing listens to Finish any more"
    app.button(key="cancel").click().run()
    assert asked == [search_view.KEPT]
    assert workspace.jobs.get(job.id).stop == "cancel"
    for state, said in (("cancelled", True), ("done", False)):
        ended = replace(workspace.jobs.get(job.id), state=state)
        told = AppTest.from_function(_ended_early, args=(project, RunState(run, ended, (), 1.0, "", 0.0))).run()
        assert ("was cancelled; the model is kept." in texts(told)) == said


def _ended_early(project: str, state: object) -> None:
    from pages.ui import search_view

    search_view.ended_early(project, state)  # type: ignore[arg-type]


def test_a_search_that_has_found_nothing_is_cancelled_at_once(workspace: Workspace) -> None:
    project, job, _ = searching(workspace)
    open_page("search", project).button(key="cancel").click().run()
    assert workspace.jobs.get(job.id).stop == "cancel"


def test_a_running_search_is_told_by_its_own_goal(workspace: Workspace) -> None:
    """Its scores stood under the metric that was saved since, without the baseline of its own."""
    project, _, watch = searching(workspace)
    watch.event("trial", to_json(RIDGE))
    goal, rungs = workspace.goal.needed(project), (Rung("average", 77.0, 70.0, 84.0),)
    verdict = Verdict("linear", "regression", goal.metric, rungs, (), "Linear.", 1.0, 442)
    workspace.context.save("verdict", project, verdict, parent_id=fingerprint(workspace.goal.inputs(project)))
    assert goal.metric == "rmse"
    workspace.goal.save(project, replace(goal, metric="r2"))
    assert "with RMSE 55, against 77 without a model" in texts(open_page("search", project))


def test_projects_are_renamed_and_deleted(workspace: Workspace) -> None:
    project = workspace.projects.create("First")
    app = open_page("home")
    assert "First" in texts(app)
    workspace.projects.delete(project)
    app.button(key=f"open_{project}").click().run()
    assert not app.exception


def test_another_file_without_the_outcome_asks_for_a_new_goal(workspace: Workspace) -> None:
    project = workspace.projects.start_sample("diabetes")
    workspace.jobs.stop(workspace.jobs.active(project)[0].id, "cancel")
    workspace.data.upload(project, "other.csv", io.BytesIO(hostile_table()))
    app = open_page("what_happened", project)
    assert not app.exception
    assert "The outcome is not in this table" in texts(app)
    assert primary(app) == ["Choose the outcome"]
    with pytest.raises(BadInput, match="names the column “progression”, which this table does not have"):
        workspace.findings.start(project)
    assert not workspace.jobs.active(project)
    job = workspace.search.start(project, Plan())
    with pytest.raises(BadInput, match="which this table does not have"):  # the sentence that the failed job shows
        work(workspace, job)


def test_an_old_goal_with_one_cost_opens_and_is_refused_in_words(workspace: Workspace) -> None:
    project = workspace.projects.start_sample("diabetes")
    workspace.jobs.stop(workspace.jobs.active(project)[0].id, "cancel")
    old = replace(workspace.goal.needed(project), metric="money", money=Money(under=5.0))
    workspace.context.save("problem", project, old)  # as an earlier version let it be saved
    for page in ("search", "goal"):
        app = open_page(page, project)
        assert not app.exception
        assert "report the code" not in texts(app)
    app.multiselect[0].select("age").run()
    app.button(key="check").click().run()
    assert "needs a cost above 0" in texts(app)
    assert workspace.goal.problem(project) == old
    with pytest.raises(BadInput, match="Give both"):
        work(workspace, workspace.goal.start_check(project))
