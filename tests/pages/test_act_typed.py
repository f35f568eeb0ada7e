"""What somebody typed about acting stays theirs, whatever else is pressed."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.acting.action import Lever
from automl_core.acting.goal_file import goal_text
from automl_core.codec import to_json
from automl_core.workspace.act import Acting
from automl_core.workspace.lever_choices import LeverChoices
from pages.ui import session
from tests.pages.conftest import Stages, open_page, press, texts

COST, WORTH = "Cost of the change, each row", "Worth of one outcome turned good"


@pytest.fixture
def project(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model, its goal without levers or money; the goal is put back."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found, act = stages.projects["scored"], stages.workspace.act
    before = act.goal(found)
    act.save_goal(found, replace(before, levers=(), value=0.0, experiment=""))
    yield found
    for job in stages.workspace.jobs.active(found):
        stages.workspace.jobs.stop(job.id, "cancel")
    act.save_goal(found, before)


def test_a_column_taken_out_leaves_what_was_typed_of_those_after_it(stages: Stages, project: str) -> None:
    """Each lever's fields went by its place among the levers: one taken out emptied all that came after it."""
    act = stages.workspace.act
    picked = [choice.column for choice in act.levers(project).columns][:3]
    app = open_page("act", project)
    _pick(app, picked)
    for place, cost in enumerate((20.0, 9.0, 3.0)):
        [field for field in app.number_input if field.label == COST][place].set_value(cost)
    app.run()
    _pick(app, picked[1:])
    assert [field.value for field in app.number_input if field.label == COST] == [9.0, 3.0]
    press(app, "Save goal")
    assert [(lever.column, lever.cost) for lever in act.goal(project).levers] == list(zip(picked[1:], (9.0, 3.0), strict=True))


def test_a_goal_file_is_read_into_the_form_and_kept_by_save_alone(stages: Stages, project: str) -> None:
    """It replaced the saved goal at once: what had been saved and typed was gone, and nothing brought it back."""
    act = stages.workspace.act
    goal = act.goal(project)
    app = open_page("act", project)
    _upload(app, goal_text(replace(goal, value=123.0)))
    assert act.goal(project) == goal
    assert "differs from the saved goal" in texts(app)
    assert _worth(app) == 123.0
    press(app, "Undo changes")
    assert _worth(app) == 0.0
    _upload(app, goal_text(replace(goal, value=123.0)))
    press(app, "Save goal")
    assert act.goal(project).value == 123.0


def test_a_goal_file_is_kept_with_what_the_form_has_no_fields_for(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A date to change, dates and columns that the model does not see as “later” or as a check, and the measured range of
    another outcome were lost by Save without a word: the form offers none of them."""
    act = stages.workspace.act
    choices = act.levers(project)
    seen = replace(choices, columns=tuple(choice for choice in choices.columns if choice.column != "age"))

    def levers(*_: object) -> LeverChoices:
        return seen

    monkeypatch.setattr(Acting, "levers", levers)
    since = Lever("customer_since", to=("2020-01-01",), cost=4.0, days=30)
    goal = replace(act.goal(project), good="Yes", save_rate=0.13, save_range=(0.09, 0.19), levers=(since, Lever("discount")),
                   given=(), never=(), later=("customer_id",), negative_control=("age",))
    app = open_page("act", project)
    _upload(app, goal_text(goal))
    told = texts(app).replace("\\", "")
    assert "“customer_since” is changed as the goal as a file says: to “2020-01-01”." in told
    press(app, "Save goal")
    assert not app.error, [one.value for one in app.error]
    assert to_json(act.goal(project)) == to_json(goal)  # no number is the same as itself there
    assert "differs from the saved goal" not in texts(open_page("act", project))
    _pick(app, ["discount"])
    press(app, "Save goal")
    assert [lever.column for lever in act.goal(project).levers] == ["discount"]


def test_the_field_of_the_experiment_goes_by_the_saved_goal(stages: Stages, project: str) -> None:
    """It stayed as it was drawn: “Leave it out” was offered for an experiment of a file that the page did not name."""
    act = stages.workspace.act
    goal = act.goal(project)
    app = open_page("act", project)
    _upload(app, goal_text(replace(goal, experiment="discount")))
    assert "Saving names “discount” as the treatment of an experiment." in texts(app).replace("\\", "")
    press(app, "Save goal")
    assert act.goal(project).experiment == "discount"
    assert _treatment(app) == "discount"
    assert app.button(key="measure_experiment").label == "Measure the experiment"
    press(app, "Clear")
    assert "Saving leaves out the experiment with “discount”." in texts(app).replace("\\", "")
    press(app, "Save goal")
    assert act.goal(project).experiment == ""
    assert _treatment(app) == "No experiment"


def test_an_experiment_measured_beside_an_unsaved_form_is_kept_with_its_column(stages: Stages, project: str) -> None:
    """The next “Save goal” left the column out, and with it which value means treated."""
    act = stages.workspace.act
    app = open_page("act", project)
    next(field for field in app.number_input if field.label == WORTH).set_value(700.0).run()
    next(box for box in app.selectbox if box.label == "Column that says who was treated").select("discount").run()
    next(box for box in app.selectbox if box.label == "Value that means treated").select("Yes").run()
    press(app, "Measure the experiment")
    assert [lever.to for lever in act.goal(project).levers] == [("Yes",)]
    assert (act.goal(project).value, _worth(app)) == (0.0, 700.0)
    press(app, "Save goal")
    goal = act.goal(project)
    assert (goal.value, goal.experiment) == (700.0, "discount")
    assert [(lever.column, lever.to) for lever in goal.levers] == [("discount", ("Yes",))]


def _pick(app: AppTest, columns: list[str]) -> None:
    next(box for box in app.multiselect if box.label == "What you can change").set_value(columns).run()


def _upload(app: AppTest, text: str) -> None:
    next(box for box in app.file_uploader if box.label == "Use a goal.toml").upload("goal.toml", text.encode()).run()
    assert not app.exception
    assert not app.error, [one.value for one in app.error]


def _worth(app: AppTest) -> object:
    return next(field for field in app.number_input if field.label == WORTH).value


def _treatment(app: AppTest) -> object:
    return next(box for box in app.selectbox if box.label == "Column that says who was treated").value


def _city() -> None:
    from automl_core.acting.action import Goal, Lever
    from automl_core.workspace.lever_choices import LeverChoice, LeverChoices
    from pages.ui import act_levers

    city = LeverChoice("city", False, ("Bern", "Chur"), (10, 5), of=25)
    act_levers.levers(Goal("left", "No", levers=(Lever("city", ("Basel",)),)), LeverChoices((city,), (), (), ()), "key")


def test_a_value_that_is_not_among_the_commonest_is_not_told_to_have_no_rows() -> None:
    """“Basel (0)” stood beside a value of 35 rows, and nothing said that the list holds only the commonest."""
    app = AppTest.from_function(_city).run()
    assert not app.exception
    assert [list(box.options) for box in app.multiselect if box.label == "To"] == [["Bern (10)", "Chur (5)", "Basel"]]
    assert "These are the 2 commonest of 25 values" in texts(app)
