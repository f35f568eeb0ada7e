"""What happened and fairness, clicked through: asked, worked out, shown."""
from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from automl_core import Workspace, explaining
from automl_core import jobs as queue
from automl_core.acting import GapStory, Pair
from automl_core.acting.action import Condition, Goal
from automl_core.acting.gap import Amount
from automl_core.acting.mix import ColumnPart
from automl_core.codec import to_json
from automl_core.errors import BadInput
from automl_core.explaining import Spread
from automl_core.workspace import findings as findings_step
from automl_core.workspace.context import fingerprint
from automl_core.workspace.findings import Question
from pages.ui.fairness_view import ratio_words
from tests.pages.conftest import QUICK, Stages, Visit, open_page, primary, texts, work
from tests.unit.searching import fit_here

GRADES = ("bad", "fair", "good", "top")
FORBIDDEN = re.compile(r"\b(caus\w+|prove\w*|guarantee\w*)\b", re.I)


def test_groups_are_looked_for_and_told(visit: Visit, stages: Stages) -> None:
    project = stages.projects["scored"]
    app = visit("scored", "what_happened")
    assert primary(app) == ["Look for groups"]
    app.button(key="look_for_groups").click().run()
    work(stages.workspace, stages.workspace.jobs.active(project)[0])
    found = stages.workspace.findings.found(project)
    assert found is not None
    assert found.with_model
    assert {step.key: step.state for step in stages.workspace.projects.steps(project)}["what_happened"] == "done"
    app = visit("scored", "what_happened")
    assert not app.exception
    assert "One group" in texts(app)
    assert primary(app) == ["See what drives it"]
    story = found.stories[0]
    shares = next(metric for metric in app.metric if metric.label == "Share of all rows")
    assert story.rows > story.segment.rows
    assert shares.delta == f"{story.rows:,} rows"
    total = sum(reason.part for reason in story.reasons) + story.others + story.not_explained
    assert abs(total - story.segment.difference) < 1e-9
    assert not FORBIDDEN.search(texts(app))


def test_groups_found_before_there_was_a_model_are_looked_at_again_with_it(visit: Visit, stages: Stages) -> None:
    project, findings = stages.projects["scored"], stages.workspace.findings
    work(stages.workspace, findings.start(project))
    found, run = findings.found(project), stages.workspace.search.last(project)
    assert found is not None
    assert run is not None
    assert found.run == run.id
    assert not [button for button in visit("scored", "what_happened").button if button.key == "look_again"]
    place = fingerprint(stages.workspace.goal.inputs(project))
    mute = replace(found, with_model=False, run="", stories=tuple(replace(story, reasons=()) for story in found.stories))
    stages.workspace.act.context.save("what_happened", project, mute, parent_id=place)
    app = visit("scored", "what_happened")
    assert "There is a model now" in texts(app)
    app.button(key="look_again").click().run()
    work(stages.workspace, stages.workspace.jobs.active(project)[0])
    again = findings.found(project)
    assert again is not None
    assert (again.run, again.with_model) == (run.id, True)
    assert again.stories[0].reasons
    assert findings.could_tell_why(project, replace(again, run="earlier"))
    assert not findings.could_tell_why(project, replace(again, run=""))  # kept by a version that did not tell


def test_of_several_classes_the_one_that_is_wanted_or_chosen_is_counted(visit: Visit, stages: Stages) -> None:
    """Not the rarest: what the goal wants, or else what Explain speaks of; another one is chosen on the page, and the choice is
    one with Explain's. What was found when the rarest was counted stands under that."""
    workspace, rng = stages.workspace, np.random.default_rng(0)
    places = np.minimum(rng.integers(0, 3, 240) + rng.integers(0, 2, 240), 3)
    lines = [f"{'rs'[int(place > 1)]},{GRADES[place]}" for place in places]
    project = workspace.projects.create("Grades")
    workspace.data.upload(project, "grades.csv", io.BytesIO("\n".join(["colour,grade", *lines]).encode()))
    workspace.goal.save(project, workspace.goal.suggest(project, "grade"))
    findings, inputs = workspace.findings, workspace.goal.inputs(project)
    shares = dict(findings.classes(project))
    assert min(shares, key=lambda name: shares[name]) == "bad"
    commonest = max(shares, key=lambda name: shares[name])
    app = visit(project, "what_happened")
    chosen = next(one for one in app.selectbox if one.label == "Class to count")
    assert chosen.value == findings.unasked(project) == commonest
    chosen.set_value("top").run()
    app.button(key="look_for_groups").click().run()
    work(workspace, workspace.jobs.active(project)[0])
    assert "“grade” = “top”" in texts(app.run()).replace("\\", "")
    assert app.session_state["clarion"].drafts[f"explain_class_{project}"] == "top"
    told = findings.found_of(project, inputs)  # nothing else was looked for: the report tells this
    assert told is not None
    assert told.search.outcome == "“grade” = “top”"
    assert findings.found(project) is None
    workspace.act.context.save("goal", project, Goal("grade", "top"))
    assert findings.unasked(project) == "top"
    assert findings.found(project) == told
    earlier = replace(told, search=replace(told.search, outcome="“grade” = “bad”"))
    workspace.act.context.save("what_happened", project, earlier, parent_id=fingerprint(inputs))
    assert findings.found(project, "bad") == earlier
    assert findings.found(project, "good") is None
    question = Question(Pair((Condition("colour", ("r",)),)))
    work(workspace, findings.ask(project, question, "bad"))
    story = findings.answer(project, question, "bad")
    assert story is not None
    assert story.mean_second == 0  # of the second colour none is bad
    assert findings.answers(project, inputs) == (story,)
    with pytest.raises(BadInput, match="has no class “worse”"):
        findings.start(project, "worse")


def test_two_groups_are_compared(visit: Visit, stages: Stages) -> None:
    project = stages.projects["scored"]
    app = visit("scored", "what_happened")
    app.session_state["happened_tab"] = "Two groups"
    app.run()
    assert primary(app) == ["Compare"]
    app.selectbox(key="compare_column").select("contract").run()
    app.button(key="compare").click().run()
    work(stages.workspace, stages.workspace.jobs.active(project)[0])
    app.run()
    assert not app.exception
    assert not app.error
    assert "What drove it" in texts(app)
    assert "does not say what brings a gap about" in texts(app)
    assert not FORBIDDEN.search(texts(app))


def test_a_comparison_that_runs_is_shown_where_it_was_asked_only(visit: Visit, stages: Stages) -> None:
    findings, project = stages.workspace.findings, stages.projects["scored"]
    job = findings.ask(project, Question(Pair((Condition("channel", ("Web",)),))))
    try:
        assert findings.job(project, Question(Pair((Condition("channel", ("Web",)),)))) == job
        for tab in ("Two groups", "Before and after"):  # neither asks for what runs
            app = visit("scored", "what_happened")
            app.session_state["happened_tab"] = tab
            app.run()
            assert not app.get("progress")
            assert primary(app) == ["Compare"]
        queue.fail(stages.workspace.context.store, job.id, "It broke.")
        assert "It broke." not in texts(app.run())
        app.button(key="compare").click().run()
        assert app.get("progress")
        assert not [button for button in app.button if button.key == "compare"]
    finally:
        for one in stages.workspace.jobs.active(project):
            stages.workspace.jobs.stop(one.id, "cancel")


def test_two_periods_are_told_before_first(visit: Visit, stages: Stages) -> None:
    project = stages.projects["scored"]
    app = visit("scored", "what_happened")
    app.session_state["happened_tab"] = "Before and after"
    app.run()
    assert app.date_input[0].label == "First day that counts as after"
    app.date_input[0].set_value(app.date_input[0].value - timedelta(days=40)).run()  # a question of this test's own
    app.button(key="compare").click().run()
    work(stages.workspace, stages.workspace.jobs.active(project)[0])
    app.run()
    assert not app.exception
    assert [metric.label for metric in app.metric][:2] == ["Before", "After"]
    assert re.search(r"\*\*Before, .*points\\\)\\\.\*\*", texts(app))  # how large it is in bold, what it is made of after it


def test_the_heading_of_a_comparison_follows_what_was_confirmed() -> None:
    def drawn(confirmed: tuple[str, ...], columns: tuple[ColumnPart, ...]) -> str:
        amount = Amount(0.02, 0.01, 0.03, 0.001)
        story = GapStory("a", "b", 500, 500, 0.3, 0.28, amount, Amount(0.01, 0.0, 0.02, 0.04), amount, -0.2, columns, (), 62, 20,
                         0.9, ("plan",), confirmed, "“y” = “Yes”", "points", True, False, "2 points (95 % range). Why.")
        return texts(AppTest.from_function(_told, args=(to_json(story),), default_timeout=60).run())

    overlapping = (ColumnPart("age", Amount(0.2, 0.1, 0.3, 0.001), ()),)
    sure = drawn(("gap",), overlapping)
    assert "What drove it" in sure
    assert "The columns overlap: take them one by one, not as a sum" in sure.replace("\\", "")
    assert "make −20 points" in sure.replace("\\", "")
    assert "No single group was confirmed to drive it: 62 groups looked at, 20 tested" in sure
    assert "because they tell the two sides apart by themselves: plan" in sure.replace("\\", "")
    assert "What pulls it either way" in drawn(("behaviour",), ())


def _told(body: dict[str, object]) -> None:
    from automl_core.acting import GapStory
    from automl_core.codec import from_json
    from pages.ui import findings_view

    findings_view._story(from_json(GapStory, body), ("A", "B"))


def test_two_periods_are_compared_or_owned_up_to(visit: Visit, stages: Stages) -> None:
    for stage in ("scored", "goal"):
        project = stages.projects[stage]
        app = visit(stage, "what_happened")
        app.session_state["happened_tab"] = "Before and after"
        app.run()
        assert not app.exception
        if not stages.workspace.findings.choices(project).times:
            assert "no column of dates" in texts(app)
            assert "Look at the columns" in [button.label for button in app.button]
            continue
        app.button(key="compare").click().run()
        work(stages.workspace, stages.workspace.jobs.active(project)[0])
        app.run()
        assert "Before, " in texts(app)


def test_nothing_is_declared_by_itself_and_a_number_is_audited(visit: Visit, stages: Stages) -> None:
    project = stages.projects["model"]
    app = visit("model", "fairness")
    assert primary(app) == ["Save"]
    assert "Decide what to do" in [button.label for button in app.button]  # data without people lead on, too
    assert stages.workspace.fairness.declared(project) == ()
    app.multiselect(key=f"protected_{project}").select("sex")
    app.button(key="save_protected").click().run()
    assert stages.workspace.fairness.declared(project) == ("sex",)
    assert not app.exception
    assert not app.error
    made = stages.workspace.fairness.audit(project, "sex")
    assert not made.is_class
    shown = texts(app).replace("\\", "")
    assert ("nothing can be compared" in shown) == (len(made.compared) < 2)  # few folds leave few rows predicted
    assert ("The mean error is" in shown) == (len(made.compared) >= 2)
    assert "do not settle" in texts(app)
    assert primary(app) == ["Decide what to do"]


def test_classes_are_audited(visit: Visit, stages: Stages) -> None:
    project = stages.projects["scored"]
    stages.workspace.fairness.declare(project, ("age", "contract"))
    app = visit("scored", "fairness")
    assert not app.exception
    assert not app.error
    shown = texts(app)
    assert "are predicted to be" in shown
    app.selectbox(key="fair_column").select("contract").run()
    assert "Monthly" in texts(app)
    made = stages.workspace.fairness.audit(project, "contract")
    gap = re.sub("[\\\\\u2060]", "", app.metric[0].value)
    assert gap == f"{100 * made.parity.difference:.1f} points"  # as the sentence above says it
    assert "Never to be used" in texts(app)  # what to do about a column the model learns from
    assert not re.search(r"\b(un)?fair\b", texts(app), re.I)


def test_a_group_without_any_gives_no_ratio() -> None:
    """“0 (0.000 to 0.000)” would claim to know exactly what cannot be known."""
    none = Spread(0.055, 0.042, 0.069, 0.0, 0.0, 0.0)
    assert ratio_words("Demographic parity", none) == ""
    assert ratio_words("Demographic parity", replace(none, ratio=0.8, ratio_low=0.7, ratio_high=0.9)) == \
        "demographic parity 0.80 (0.70 to 0.90)"


def test_a_column_with_a_single_group_stops_no_report(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second group has no row with an outcome, and so none that was predicted."""
    fit_here(monkeypatch)
    rows = [f"{'m' if n < 2 else 'f'},{'a' if n % 2 else 'b'},{n % 7},{'' if n < 2 else 'yes' if n % 3 else 'no'}"
            for n in range(300)]
    project = workspace.projects.create("One group")
    workspace.data.upload(project, "one.csv", io.BytesIO("\n".join(["sex,plan,size,left", *rows]).encode()))
    workspace.goal.save(project, workspace.goal.suggest(project, "left"))
    work(workspace, workspace.search.start(project, QUICK))
    workspace.fairness.declare(project, ("sex", "plan"))
    with pytest.raises(BadInput, match="only one group"):
        workspace.fairness.audit(project, "sex")
    told = workspace.share.html(workspace.share.make_report(project).id)
    assert "By “plan”" in told
    assert "By “sex”: This column has only one group among the predicted rows." in told


def test_what_a_page_asks_at_every_click_is_worked_out_once(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be compared, and the figures of a protected column, went over the whole table each time."""
    ws, project = stages.workspace, stages.projects["model"]
    worked: list[str] = []
    count, audit = findings_step._levels, explaining.audit
    monkeypatch.setattr(findings_step, "_levels", lambda *asked: worked.append("levels") or count(*asked))
    monkeypatch.setattr(explaining, "audit", lambda asked: worked.append("audit") or audit(asked))
    first = ws.findings.choices(project), ws.fairness.audit(project, "sex")
    worked.clear()
    assert (ws.findings.choices(project), ws.fairness.audit(project, "sex")) == first
    assert not worked
    assert ws.fairness.audit(project, "age").column == "age"
    assert worked == ["audit"]


def test_groups_of_another_goal_or_class_are_looked_for_beside_what_was_found(workspace: Workspace) -> None:
    """Their progress stood in place of what was there, and promised that “” could follow."""
    rng = np.random.default_rng(0)
    lines = [f"{'rs'[place % 2]},{'no' if rng.random() < 0.5 else 'yes'},{GRADES[rng.integers(4)]}" for place in range(240)]
    project, findings = workspace.projects.create("Two goals"), workspace.findings
    workspace.data.upload(project, "both.csv", "\n".join(["colour,left,grade", *lines]).encode())
    workspace.goal.save(project, workspace.goal.suggest(project, "left"))
    work(workspace, findings.start(project))
    workspace.goal.save(project, workspace.goal.suggest(project, "grade"))
    findings.start(project, "top")
    app = open_page("what_happened", project)
    next(one for one in app.selectbox if one.label == "Class to count").set_value("top").run()
    assert "This counts" not in texts(app), "its own"
    next(one for one in app.selectbox if one.label == "Class to count").set_value("bad").run()
    assert "This counts “top”; “bad” can follow when it has ended." in texts(app)
    assert "Look for groups" not in primary(app)
    workspace.goal.save(project, workspace.goal.suggest(project, "left"))
    told = texts(open_page("what_happened", project))
    assert "No group differs from the rest" in told, "what was found for this goal"
    assert "Groups are being looked for in other data or for another goal." in told
    assert "“” can follow" not in told
    workspace.goal.save(project, workspace.goal.suggest(project, "colour"))
    app = open_page("what_happened", project)
    assert "for another goal; these can follow when that has ended." in texts(app)
    assert "Cancel" in [button.label for button in app.button]
