"""Every tab of the explain page, before and after the closer look; no model, and a what-if in the whole table."""
from __future__ import annotations

import io
import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.testing.v1 import AppTest

from automl_core import explaining
from automl_core import jobs as queue
from automl_core.acting.action import Lever
from automl_core.codec import from_json
from automl_core.errors import BadInput
from automl_core.explaining import past_cases
from automl_core.explaining.closer_look import Evidence, Interactions, WeakSpots
from automl_core.jobs import JobWatch
from automl_core.search.plan import Plan
from automl_core.store import Store
from automl_core.workspace.act import Acting
from automl_core.workspace.cleaning import Cleaning
from automl_core.workspace.explain import Explaining
from automl_core.workspace.search import Searching
from automl_core.workspace.search_job import run_search
from pages.ui import explain_view, row_view, session, what_if_view
from tests.pages.conftest import PAGES, QUICK, Stages, texts, work
from tests.unit.test_explaining_routes import model, table, target

Visit = Any
TABS = ("All rows", "One column", "Pairs", "One row", "What if", "Failures")


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
    if name in ("All rows", "Pairs", "Failures"):
        assert "Look closer" in [button.label for button in app.button]


def test_no_order_is_sure_before_models_were_fitted_again(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other rows of one model two like columns were 1 and 2, “Sure”; models of other halves swapped them. A column of place 1
    to 3 was called sure, too, and a fall of −0.0003 was written as −0.000."""
    known = stages.workspace.explain.explanation(stages.projects["model"])
    assert known is not None
    items = tuple(replace(item, rank_low=1, rank_high=high, stable=high <= 4, drop=drop, drop_low=-0.0003, drop_high=0.0045)
                  for item, high, drop in zip(known.importance, (1, 3, 6), (0.0021, 0.0021, math.nan), strict=False))
    tables = []
    for refits in (0, 4):
        made = replace(known, importance=items, groups=(), refits=refits, metric="rmse", measured="")
        monkeypatch.setattr(Explaining, "explanation", lambda *given, made=made: made)
        tables.append(tab(visit, "model", "All rows").dataframe[-1].value)
    assert list(tables[0].columns) == ["Column", "Share", "Direction"]
    assert list(tables[1]["Order is"]) == ["Sure", "Nearly sure", "Not reliable"]
    assert list(tables[1]["Score worse by"]) == ["0.0021 (−0.0003 to 0.0045)"] * 2 + [""]


def test_without_a_model(visit: Visit) -> None:
    assert "No model to explain yet" in texts(visit("goal", "explain"))


def test_every_tab_after_the_closer_look(visit: Visit, stages: Stages) -> None:
    project, workspace = stages.projects["scored"], stages.workspace
    work(workspace, workspace.explain.start(project))
    assert workspace.explain.evidence(project) is not None
    assert "rows not learned from" in texts(tab(visit, "scored", "All rows"))
    assert "were looked at" in texts(tab(visit, "scored", "Pairs"))
    assert "groups were looked at" in texts(tab(visit, "scored", "Failures"))
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


@pytest.mark.parametrize(("page", "chosen", "view", "asked"), [
    ("explain", "One row", row_view, "pick_row"), ("explain", "What if", what_if_view, "pick_row"),
    ("explain", "One column", explain_view, "_reading"), ("act", "One row", row_view, "pick_row"),
])
def test_a_choice_in_a_tab_draws_neither_the_tabs_nor_the_page_again(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, page: str, chosen: str, view: Any, asked: str
) -> None:
    """What is chosen draws its fragment anew: each tab’s body is one of its own, inside that of the tabs."""
    inside: list[str | None] = []
    goal_of = Acting.goal_of
    monkeypatch.setattr(Acting, "goal_of", lambda self, run: replace(goal_of(self, run), levers=(Lever("contract"),)))
    body, tabs = getattr(view, asked), st.tabs

    def note(call: Any) -> Any:
        return lambda *args, **more: inside.append(ThreadState.get().fragment_id) or call(*args, **more)

    monkeypatch.setattr(view, asked, note(body))
    monkeypatch.setattr(st, "tabs", note(tabs))
    app = visit("scored", page)
    app.session_state[f"{page}_tab"] = chosen
    inside.clear()
    app.run()
    assert not app.exception
    assert len(inside) == 2
    assert None not in inside
    assert inside[0] != inside[1]


def test_a_row_is_chosen_by_a_button_and_stays_chosen_in_the_other_tabs(visit: Visit, stages: Stages) -> None:
    """The grid tells of a selected row a sixth of a second late, of a button at once."""
    project = stages.projects["scored"]
    places = [int(place) for place in stages.workspace.explain.top(project, 1000).index]
    app = tab(visit, "scored", "One row")
    table = app.dataframe[0].proto
    assert not table.selection_mode
    assert list(table.button_click_widgets) == ["_index"]
    assert [text.strip() for text in app.dataframe[0].value.index[:3]] == [f"#{places[0]} ●", *(f"#{at}" for at in places[1:3])]
    assert f"Row #{places[0]}" in texts(app)
    assert app.button(key=f"rows_{project}_previous").disabled
    app.button(key=f"rows_{project}_next").click().run()
    assert f"Row #{places[1]}" in texts(app)
    assert [text.strip() for text in app.dataframe[0].value.index[:3]] == [f"#{places[0]}", f"#{places[1]} ●", f"#{places[2]}"]
    app.session_state["explain_tab"] = "What if"
    app.run()
    assert f"Row #{places[1]}" in texts(app)


def test_numbers_of_rows_sort_as_numbers_though_browsers_sort_buttons_as_texts() -> None:
    """Spaces come before figures there, and stand in front of shorter numbers; the mark of the chosen row stands behind."""
    places = [1200, 7, 70, 12, 0, 999]
    for chosen in range(len(places)):
        texts = row_view._numbers(places, chosen)
        ordered = sorted(text.replace("\u2007", " ") for text in texts)
        assert [int(text.strip(" ●#")) for text in ordered] == sorted(places)
        assert [row for row, text in enumerate(texts) if text.endswith("●")] == [chosen]


def test_a_click_on_a_number_means_the_row_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    tab_session = session.Session()
    clicks: list[Any] = [{"row": 2, "label": "#7"}, None, {"row": 3, "label": "#8"}]
    monkeypatch.setattr(session, "session", lambda: tab_session)
    monkeypatch.setattr(session, "widget", lambda key: clicks.pop(0))
    for _ in range(3):
        row_view._clicked("rows_p", "row_p_table_recipe", [5, 6, 7])
        assert tab_session.drafts == {"row_p_table_recipe": 7}


def _fields() -> None:
    import pandas as pd

    from automl_core.data.table import Column
    from pages.ui import what_if_view

    name = "Pay ($) and bonus ($) [l](http://evil.example)"
    what_if_view._value(pd.Series([1.0, 2.0]), Column(name, "float", "number"), 1.0, 0)
    what_if_view._value(pd.Series(pd.to_datetime(["2026-01-02"])), Column(name, "date", "date"), pd.Timestamp("2026-01-02"), 1)
    what_if_view._value(pd.Series(["a", "b"]), Column(name, "text", "category"), "a", 2)


def _rare_value() -> None:
    import pandas as pd

    from automl_core.data.table import Column
    from pages.ui import what_if_view

    names = pd.Series([f"n{place % 300}" for place in range(900)] + ["common"] * 100)
    what_if_view._value(names, Column("name", "text", "category"), "n299", 0)


def test_a_field_tells_the_share_of_the_commonest_value_and_not_of_the_row_s_own() -> None:
    box = AppTest.from_function(_rare_value).run().selectbox[0]
    assert box.value == "n299"
    assert box.help.replace("\u00a0", " ") == "10 % are “common”."


def _days() -> None:
    import pandas as pd

    from automl_core.data.table import Column
    from pages.ui import what_if_view

    since = pd.Series(pd.to_datetime(["1950-01-02", None, "2026-01-02"]))
    for place, now in enumerate(since):
        what_if_view._value(since, Column("since", "date", "date"), now, place)
    what_if_view._value(pd.Series(pd.to_datetime([None])), Column("never", "date", "date"), None, 3)


def test_a_day_can_be_set_to_any_that_the_column_has() -> None:
    """The field reached ten years from the day of the row, and without one ten years from today."""
    app = AppTest.from_function(_days).run()
    assert not app.exception
    for field in app.date_input[:3]:
        assert field.min < date(1950, 1, 2)
        assert field.max > date(2026, 1, 2)


def test_what_would_follow_a_change_and_stays_is_told_under_each_answer(visit: Visit) -> None:
    """“months_as_customer” was moved and “customer_since” was not, and nothing said so."""
    told = "The model also uses “customer_since” (goes with “months_as_customer”). What is asked here leaves it as it is"
    app = tab(visit, "scored", "What if")
    app.multiselect[0].set_value(["months_as_customer"]).run()
    assert told not in texts(app).replace("\\", "")
    app.button(key="flip").click().run()
    assert told in texts(app).replace("\\", "")
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.selectbox(key="table_column").select("months_as_customer").run()
    app.button(key="table_ask").click().run()
    assert told in texts(app).replace("\\", "")
    assert not app.exception


def test_names_above_the_fields_are_literal() -> None:
    """Labels are Markdown: two dollars in a name would set what stands between them as a formula."""
    app = AppTest.from_function(_fields).run()
    assert not app.exception
    labels = [field.label for field in (*app.number_input, *app.date_input, *app.selectbox)]
    assert len(labels) == 3
    for label in labels:
        assert "$" not in label.replace("\\$", "")
        assert "](" not in label


def test_a_question_without_a_value_is_not_asked_and_its_answer_goes_with_it(visit: Visit) -> None:
    app = tab(visit, "scored", "What if")
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.selectbox(key="table_column").select("months_as_customer").run()
    app.selectbox(key="table_how_months_as_customer").select("Is set to").run()
    app.button(key="table_ask").click().run()
    assert not app.error
    assert "Give a value first" in texts(app)
    app.text_input(key="table_value_months_as_customer").set_value("many").run()
    app.button(key="table_ask").click().run()
    assert "cannot be read" in app.error[0].value
    app.selectbox(key="table_how_months_as_customer").select("Rises or falls by").run()
    assert not app.error


def test_the_what_if_of_one_row_shows_that_row_after_the_table_was_cleaned_otherwise(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is one of the table that the model learned from: the same place of a later table is another row."""
    explain, project = stages.workspace.explain, stages.projects["scored"]
    row = explain.top(project, 1000).iloc[0]
    later, columns = stages.workspace.cleaning.cleaned(project)
    changed = later.iloc[::-1].drop(columns="contract").reset_index(drop=True)
    monkeypatch.setattr(Cleaning, "cleaned", lambda self, project_id: (changed, columns[:0]))
    app = tab(visit, "scored", "What if")
    shown = {field.key.split("_", 2)[2]: field.value for field in (*app.number_input, *app.selectbox)
             if field.key and field.key.startswith(f"if_{row.name}_")}
    assert shown
    for name, value in shown.items():
        assert value == row[name], name
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.selectbox(key="table_column").select("contract").run()
    assert not app.exception
    assert set(app.selectbox(key="table_level_contract").options) == set(later["contract"].unique())


def test_the_whole_table_is_first_asked_about_the_value_that_a_lever_sets(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began with the commonest value, of which the answer is nearly nothing."""
    goal = stages.workspace.act.goal(stages.projects["scored"])
    common = stages.workspace.cleaning.cleaned(stages.projects["scored"])[0]["contract"].value_counts().index
    lever = Lever("contract", (str(common[-1]),), (str(common[0]),), cost=1.0)
    monkeypatch.setattr(Acting, "goal", lambda self, project_id: replace(goal, levers=(lever,)))
    app = tab(visit, "scored", "What if")
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.selectbox(key="table_column").select("contract").run()
    assert not app.exception
    assert app.selectbox(key="table_level_contract").value == common[-1]


def test_the_cheapest_flip_keeps_to_all_that_the_goal_says_of_a_lever(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    explain, project = stages.workspace.explain, stages.projects["scored"]
    goal = stages.workspace.act.goal(project)

    def flips(lever: Lever) -> list[tuple[str, str]]:
        monkeypatch.setattr(Explaining, "_goal", lambda self, project_id: replace(goal, levers=(lever,)))
        found = [explain.flip(project, int(place), ("contract",)) for place in places]
        return [(now, then) for flip in found if flip for _, now, then in flip.changes]

    places = explain.top(project, 1000).index[::40]
    free = flips(Lever("contract"))
    assert free
    assert free[0] not in flips(Lever("contract", forbidden=(free[0],)))
    assert free[0][0] not in [now for now, _ in flips(Lever("contract", from_values=("another",)))]


@pytest.mark.parametrize("name", ["All rows", "One column"])
def test_figures_that_do_not_go_by_weights_say_so(
    visit: Visit, stages: Stages, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = stages.workspace.search.problem(stages.projects["scored"])
    words = "Rows count alike here, whatever “w” says."
    assert words not in texts(tab(visit, "scored", name)).replace("\\", "")
    monkeypatch.setattr(Searching, "problem", lambda self, project_id: replace(problem, weights="w"))
    assert words in texts(tab(visit, "scored", name)).replace("\\", "")


def test_one_row_explains_the_class_that_is_chosen(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several classes; two are spoken of by one of them, and there is nothing to choose."""
    assert not [one for one in tab(visit, "scored", "One row").selectbox if one.label.startswith("Class to explain")]
    project = stages.projects["scored"]
    problem = stages.workspace.search.problem(project)
    monkeypatch.setattr(Searching, "problem", lambda self, project_id: replace(problem, classes=(*problem.classes, "Perhaps")))
    app = tab(visit, "scored", "One row")
    chosen = box(app, "Class to explain for this row")
    assert chosen.value == "Yes"
    assert "“churned” = “Yes” is predicted at" in texts(app).replace("\\", "")
    chosen.select("No").run()
    assert not app.exception
    told = texts(app).replace("\\", "")
    assert "“churned” = “No” is predicted at" in told
    assert "had “churned” = “No” (" in told


def test_the_list_of_rows_shows_the_share_of_the_class_that_stands_beside_it() -> None:
    """Labels tuned by factors call rows a class that is not the likeliest: its own share, not the largest, is beside it."""
    frame, _ = table()
    made = replace(model("multiclass", ("lightgbm",)), factors=(0.2, 2.0, 2.5))
    said = made.predict_frame(frame)
    search = SimpleNamespace(
        needed=lambda project: SimpleNamespace(id="run"), inputs=lambda run: None, bundle=lambda run: SimpleNamespace(model=made),
        ranked=lambda run: SimpleNamespace(oof=said, positions=np.arange(400)),
        goal=SimpleNamespace(open=lambda inputs: (frame, (), made.problem, "")))
    shown = Explaining(None, search).top("p", 400)  # type: ignore[arg-type]
    called = np.array(["abc".index(label) for label in shown["predicted class"]])
    assert (called != said[shown.index].argmax(axis=1)).any()
    np.testing.assert_allclose(shown["prediction"], said[shown.index, called])
    assert shown["prediction"].is_monotonic_decreasing


@pytest.mark.parametrize("place", [0, 2])
def test_unasked_the_likeliest_of_several_classes_is_explained(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, raw = table()
    made, y = model("multiclass", ("lightgbm",)), target("multiclass", raw)
    said, past = made.predict_frame(frame), np.arange(400)
    at = int(np.flatnonzero(said.argmax(axis=1) == place)[0])
    cases = past_cases(made, frame, said, y, past, {"a": 1.0})
    opened = SimpleNamespace(background=frame.head(50), reference=None, cases=cases)
    search = SimpleNamespace(predictions=lambda run: SimpleNamespace(oof=said, y=y, positions=past),
                             bundle=lambda run: SimpleNamespace(model=made))
    monkeypatch.setattr(Explaining, "_opened", lambda self, run: opened)
    monkeypatch.setattr(Explaining, "_cases", lambda self, run: cases)
    monkeypatch.setattr(Explaining, "_goal", lambda self, project_id: None)
    monkeypatch.setattr(Explaining, "_open", lambda self, project_id, position: (
        SimpleNamespace(id="run"), SimpleNamespace(model=made), frame.iloc[position].to_dict()))
    explain = Explaining(None, search)  # type: ignore[arg-type]
    assert explain.row("p", at).label == "abc"[place]
    assert explain.row("p", at, "b").label == "b"
    context, other = explain.row_context("p", at), explain.row_context("p", at, "b")
    assert context.sureness is not None
    assert f"“y” = “{'abc'[place]}” (" in context.sureness.sentence
    assert other.sureness is not None
    assert "“y” = “b” (" in other.sureness.sentence
    flip = explain.flip("p", at, ("a", "b", "c"))
    assert flip is not None
    assert flip.before == pytest.approx(100 * said[at].max())
    towards = explain.flip("p", at, ("a", "b", "c"), label="b")
    assert towards is not None
    assert towards.before == pytest.approx(100 * said[at, 1])
    assert f"“y” = “b” instead of “{'abc'[place]}” if " in towards.sentence
    assert ": “b” would go from " in towards.sentence


GRADES = ("bad", "fair", "good", "top")


@pytest.fixture(scope="module")
def graded(stages: Stages) -> str:
    """A searched project of four classes: most rows are fair, few are of the first class."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 300))
    places = np.digitize(x + 0.3 * rng.normal(size=300), [-1.9, 0.4, 1.4])
    lines = [f"{a:.3f},{b:.3f},{GRADES[place]}" for a, b, place in zip(x, z, places, strict=True)]
    workspace = stages.workspace
    project = workspace.projects.create("Graded")
    workspace.data.upload(project, "graded.csv", io.BytesIO("\n".join(["sugar,acid,grade", *lines]).encode()))
    workspace.goal.save(project, workspace.goal.suggest(project, "grade"))
    job = workspace.search.start(project, replace(QUICK, families=("linear",), max_trials=1))
    leased = queue.lease(workspace.context.store, job_id=job.id)
    assert leased is not None
    watch = JobWatch(workspace.context.store, job.id, leased.attempts)
    run_search(workspace.search, leased, workspace.goal.inputs(project), from_json(Plan, job.body["plan"]), watch)
    queue.finish(workspace.context.store, job.id, leased.attempts)
    return project


def said(app: Any) -> str:
    """All that stands on the page, without the signs that keep it from being read as Markdown."""
    return texts(app).replace("\\", "").replace("\u2060", "")


def box(app: Any, label: str = "Class to explain") -> Any:
    return next(one for one in app.selectbox if one.label == label)


def test_unasked_the_commonest_class_is_explained_and_all_tabs_speak_of_the_one_chosen(visit: Visit, graded: str) -> None:
    app = tab(visit, graded, "All rows")
    assert box(app).value == "fair"
    assert "the prediction of “grade” = “fair”" in said(app)
    box(app).set_value("top").run()
    assert "the prediction of “grade” = “top”" in said(app)
    for name in TABS:
        app.session_state["explain_tab"] = name
        app.run()
        assert not app.exception
        assert not app.error
        assert box(app).value == "top"
        if name == "One row":
            assert "“grade” = “top” is predicted at" in said(app)
            assert box(app, "Class to explain for this row").value == "top"
    app.session_state["explain_tab"] = "What if"
    app.run()
    app.segmented_control(key="what_if_way").set_value("The whole table").run()
    app.button(key="table_ask").click().run()
    assert "the model predicts “grade” = “top” at" in said(app)
    app.switch_page(PAGES["act"]).run()
    app.switch_page(PAGES["explain"]).run()
    assert box(app).value == "top"


@pytest.mark.parametrize("name", ["One row", "What if"])
def test_a_class_that_what_is_predicted_no_longer_has_is_not_spoken_of(visit: Visit, stages: Stages, name: str) -> None:
    project = stages.projects["scored"]
    app = visit("scored", "explain")
    app.session_state["clarion"].drafts[f"explain_class_{project}"] = "bad"
    app.session_state["explain_tab"] = name
    app.run()
    assert not app.exception
    assert not app.error
    (listed,) = [one for one in app.dataframe if "prediction" in one.value]
    assert "Prediction of" not in listed.proto.columns


def test_a_class_that_there_is_not_is_refused_and_not_taken_for_another(stages: Stages, graded: str) -> None:
    explain = stages.workspace.explain
    for asked in (explain.rows, explain.curve, explain.row, explain.row_context):
        given = (0,) if asked in (explain.row, explain.row_context) else ("sugar",) if asked == explain.curve else ()
        with pytest.raises(BadInput, match="no class “worst”"):
            asked(graded, *given, label="worst")  # type: ignore[operator]


def test_an_earlier_version_kept_one_class_others_are_explained_once_when_they_are_asked_for(
    visit: Visit, stages: Stages, graded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = stages.workspace
    run, kept = workspace.search.needed(graded), workspace.explain.explanation(graded, "bad")
    assert kept is not None
    earlier = replace(run, id=workspace.context.store.new_id("run"))
    workspace.context.save("explanation", graded, kept, parent_id=earlier.id)
    workspace.context.save("run", graded, earlier, parent_id=run.job_id, record_id=earlier.id)
    app = tab(visit, graded, "All rows")
    assert box(app).value == "bad"
    assert workspace.explain.explanation(graded, "good") is None
    box(app).set_value("good").run()
    assert not app.exception
    assert "the prediction of “grade” = “good”" in said(app)

    def again(*_: Any) -> None:
        raise AssertionError("explained twice")

    monkeypatch.setattr(explaining, "explain_classes", again)
    for label in GRADES:
        found = workspace.explain.explain_class(graded, label)
        assert found.label == label
    unasked = workspace.explain.explanation(graded)
    assert unasked is not None
    assert unasked.label == "bad"
    with pytest.raises(BadInput, match="no class"):
        workspace.explain.explain_class(graded, "worst")


def test_what_is_shown_unasked_is_read_once(stages: Stages, graded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    explain, scored, read = stages.workspace.explain, stages.projects["scored"], Store.latest
    asked: list[str] = []

    def counted(store: Store, project_id: str, kind: str, parent_id: str = "") -> Any:
        asked.append(kind)
        return read(store, project_id, kind, parent_id)

    monkeypatch.setattr(Store, "latest", counted)
    for project, look, most in (
        (scored, explain.explanation, 1), (scored, explain.evidence, 0), (graded, explain.explanation, 1),
    ):  # fmt: skip
        asked.clear()
        look(project)
        assert asked.count("explanation") <= most


def test_a_saved_goal_says_which_class_is_explained_and_what_reasons_and_report_speak_of(
    visit: Visit, stages: Stages, graded: str
) -> None:
    workspace = stages.workspace
    first = workspace.act.goal(graded)
    assert first.good == "fair"  # not the first of the classes, which hardly any row has
    workspace.act.save_goal(graded, replace(first, good="good"))
    try:
        app = tab(visit, graded, "All rows")
        assert box(app).value == "good"
        rows, listed = workspace.explain.rows(graded, "good"), workspace.act.actions(graded).rows
        told = workspace.explain.row(graded, int(rows.index[listed[0].row]), "good")
        strongest = max(told.contributions, key=lambda part: abs(part.amount))
        assert listed[0].prediction == pytest.approx(1 - rows["prediction"].iloc[listed[0].row])
        assert listed[0].reasons[0].startswith(f"{strongest.column} = {strongest.value} (")
        assert f"({'+' if strongest.amount < 0 else '−'}" in listed[0].reasons[0]  # + where it raises the risk
        assert "the chance that “grade” is not “good”: + raises it" in said(visit(graded, "act"))
        report = workspace.share.make_report(graded)
        assert report.drivers[0] == "This is about “grade” = “good”, one of 4 classes."
        assert any("“grade” = “good” overall" in name for _, name in report.figures)
    finally:
        workspace.act.save_goal(graded, first)


def test_fairness_speaks_of_the_class_chosen_on_explain_on_its_page_and_in_the_report(
    visit: Visit, stages: Stages, graded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = stages.workspace
    workspace.fairness.declare(graded, ("sugar",))
    workspace.explain.explain_class(graded, "top")
    monkeypatch.setattr("automl_core.explaining.fairness.SMALL_ROWS", 30)
    try:
        unasked = workspace.explain.explanation(graded)
        assert unasked is not None
        for asked in ("", "top"):
            monkeypatch.setattr("pages.ui.explain_class.chosen", lambda project, asked=asked: asked)
            label = asked or unasked.label
            assert box(visit(graded, "fairness"), "Class").value == label
            told = workspace.share.make_report(graded, label=asked)
            assert told.drivers[0] == f"This is about “grade” = “{label}”, one of 4 classes."
            lines = next(section.lines for section in told.sections if section.title == "Fair to everybody?")
            assert f"“{label}”" in lines[0]
    finally:
        workspace.fairness.declare(graded, ())


def test_a_closer_look_is_kept_for_each_class_and_what_the_score_needs_is_measured_once(
    stages: Stages, graded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = stages.workspace
    asked: list[tuple[str, ...]] = []

    def measured(explanations: Any, *_: Any) -> Any:
        asked.append(tuple(one.label for one in explanations))
        return tuple(replace(one, refits=2) for one in explanations)

    def looked(model: Any, past: Any, oof: Any, explanation: Any, *_: Any) -> Evidence:
        return Evidence((), Interactions((), 0, f"Of {explanation.label}."), WeakSpots((), 0, 0, "", ""), 0.0)

    monkeypatch.setattr(explaining, "all_with_evidence", measured)
    monkeypatch.setattr(explaining, "evidence", looked)
    for label in ("top", "good"):
        work(workspace, workspace.explain.start(graded, label))
    assert [sorted(labels) for labels in asked] == [sorted(GRADES)]
    assert asked[0][0] == "top"
    for label in ("top", "good"):
        evidence = workspace.explain.evidence(graded, label)
        assert evidence is not None
        assert evidence.interactions.sentence == f"Of {label}."
    assert workspace.explain.evidence(graded, "fair") is None
    assert all(one is not None and one.refits == 2 for one in (workspace.explain.explanation(graded, name) for name in GRADES))
