"""A goal that another tab saved meanwhile is not replaced unseen by what this tab began before."""
from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from automl_core.codec import to_json
from tests.pages.conftest import LEVERS, PAGES, Stages, open_page, press, texts
from tests.pages.test_act_typed import WORTH, _worth, project  # noqa: F401 - a fixture

TOLD = "Another goal was saved since this form was begun."


def test_a_goal_saved_in_another_tab_is_not_replaced_unseen(stages: Stages, project: str) -> None:  # noqa: F811
    """Levers, limits and the experiment of the other tab were gone without a word, its cards and its result with them."""
    act = stages.workspace.act
    app = open_page("act", project)
    other = act.save_goal(project, replace(act.goal(project), levers=LEVERS, capacity=50, experiment="discount"))
    _type(app, 700.0)
    _save(app, refused=True)
    assert to_json(act.goal(project)) == to_json(other)
    assert _worth(app) == 700.0, "what was typed is still there"
    said = texts(app).replace("\\", "")
    assert "differs from the saved goal" in said
    assert "Saving leaves out the experiment with “discount”." in said, "beside what is saved now"
    press(app, "Undo changes")
    assert TOLD not in texts(app).replace("\\", "")
    _type(app, 300.0)
    _save(app)
    assert to_json(act.goal(project)) == to_json(replace(other, value=300.0))
    act.save_goal(project, other)
    _type(app, 400.0)
    _save(app, refused=True)
    _save(app)
    assert act.goal(project).value == 400.0, "told, and saved all the same"


def test_what_one_tab_does_itself_is_no_change_elsewhere(stages: Stages, project: str) -> None:  # noqa: F811
    """It saves twice, changes the experiment beside the form, and comes back to what was typed."""
    act = stages.workspace.act
    app = open_page("act", project)
    for worth in (100.0, 200.0):
        _type(app, worth)
        _save(app)
        assert act.goal(project).value == worth
    _type(app, 300.0)
    _treated(app, "discount", "Measure the experiment")
    _stop(stages, project)
    app.run()
    _treated(app, "No experiment", "Leave it out")
    assert _worth(app) == 300.0
    app.switch_page(PAGES["explain"]).run()
    app.switch_page(PAGES["act"]).run()
    assert _worth(app) == 300.0
    _save(app)
    assert act.goal(project).value == 300.0
    _treated(app, "discount", "Measure the experiment")
    press(app, "Clear")
    _save(app)


def test_a_change_beside_the_form_does_not_hide_one_elsewhere(stages: Stages, project: str) -> None:  # noqa: F811
    act = stages.workspace.act
    app = open_page("act", project)
    _type(app, 300.0)
    act.save_goal(project, replace(act.goal(project), capacity=50))
    _treated(app, "discount", "Measure the experiment")
    app.switch_page(PAGES["explain"]).run()
    app.switch_page(PAGES["act"]).run()
    _save(app, refused=True)
    assert (act.goal(project).value, act.goal(project).capacity) == (0.0, 50)


def _type(app: AppTest, worth: float) -> None:
    next(field for field in app.number_input if field.label == WORTH).set_value(worth).run()


def _save(app: AppTest, refused: bool = False) -> None:
    press(app, "Save goal")
    assert not app.exception
    assert [error.proto.title for error in app.error] == ["Changed elsewhere"] * refused
    assert (TOLD in texts(app).replace("\\", "")) == refused


def _treated(app: AppTest, column: str, label: str) -> None:
    next(box for box in app.selectbox if box.label == "Column that says who was treated").select(column).run()
    press(app, label)
    assert not app.exception


def _stop(stages: Stages, project: str) -> None:  # noqa: F811
    for job in stages.workspace.jobs.active(project):
        stages.workspace.jobs.stop(job.id, "cancel")
