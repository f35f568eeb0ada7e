"""Every page at every stage of the walk: what it is, what is next, one primary button, and nothing a name could inject."""
from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.workspace.search import Searching
from pages.ui import goal_form, nav, stepper
from pages.ui.words import plain
from tests.pages.conftest import HOSTILE, PAGES, ROOT, Stages, Visit, at_once, open_page, press, primary, texts

STAGES = ("nothing", "data", "goal", "model", "scored")
ALL = list(PAGES)


@pytest.mark.parametrize("page", ALL)
@pytest.mark.parametrize("stage", STAGES)
def test_every_page_says_what_it_is_and_what_is_next(visit: Visit, page: str, stage: str) -> None:
    app = visit(stage, page)
    assert not app.exception
    assert not app.error, [error.value for error in app.error]
    described = nav.page_file(page)
    assert app.title[0].value == described.title
    assert described.sentence in texts(app)
    waits_for_a_choice = (page, stage) in (("data", "nothing"), ("goal", "data"))
    assert len(primary(app)) == (0 if waits_for_a_choice else 1), primary(app)
    shown = texts(app)
    for dangerous in ("<img", "![i](", "](http", ":material/bolt:", "$x$", "**b**"):
        assert dangerous not in shown.replace("\\" + dangerous[0], ""), dangerous


def test_names_are_shown_literally(visit: Visit) -> None:
    assert "onerror" in texts(visit("scored", "home")).replace("\\", "")
    assert "onerror" in texts(visit("data", "data")).replace("\\", "")


@pytest.mark.parametrize("page", [page for page in ALL if page != "home"])
def test_without_a_project_every_page_leads_home(visit: Visit, page: str) -> None:
    app = visit("", page)
    assert primary(app) == ["Choose a project"]
    assert not app.error


def test_a_project_of_another_link_is_said_to_be_gone(visit: Visit) -> None:
    app = visit("prj_gone", "home")
    assert "does not exist any more" in app.warning[0].value
    assert primary(app.switch_page(PAGES["data"]).run()) == ["Choose a project"]


def test_a_goal_that_was_changed_is_saved_first(visit: Visit) -> None:
    app = visit("goal", "goal")
    assert primary(app) == ["Search for a model"]
    app.multiselect[0].select("age").run()
    assert primary(app) == ["Save and check"]


def test_an_order_of_words_is_given_by_a_person(visit: Visit, stages: Stages) -> None:
    """Ticked, a scale went by letter, from average over high to low, and could be saved like this at once."""
    workspace = stages.workspace
    project = workspace.projects.create("steps")
    lines = [f"{place % 7},{('low', 'average', 'high')[place % 3]}" for place in range(90)]
    workspace.data.upload(project, "steps.csv", "\n".join(["x,level", *lines]).encode())
    app = visit(project, "goal")
    app.selectbox[0].select("level").run()
    app.checkbox[0].check().run()
    assert steps(app).value == []
    assert app.button(key="check").disabled
    assert "3 classes are left to choose" in texts(app)
    for name in ("low", "average", "high"):
        steps(app).select(name).run()
    assert not app.button(key="check").disabled
    app.button(key="check").click().run()
    problem = workspace.goal.needed(project)
    assert (problem.ordered, problem.classes) == (True, ("low", "average", "high"))
    steps(app).unselect("low").run()  # of a goal that has an order already, it counts until the new one is whole
    assert "the order before counts until then" in texts(app)
    assert goal_form.by_number(("10", "9", "2")) == ("2", "9", "10")


def steps(app: AppTest) -> Any:
    """The field for the order of the classes."""
    return next(box for box in app.multiselect if box.label == "From lowest to highest")


def test_a_target_that_cannot_be_predicted_gets_a_sentence(visit: Visit) -> None:
    app = visit("data", "goal")
    app.selectbox[0].select(HOSTILE).run()
    assert app.error[0].value
    assert "<img" not in app.error[0].value.replace("\\<", "")


def test_what_drives_it_and_one_row(visit: Visit) -> None:
    app = visit("model", "explain")
    assert not app.exception
    app.session_state["explain_tab"] = "One row"
    app.run()
    assert not app.exception
    assert not app.error
    assert "the parts add up exactly" in texts(app)


@pytest.mark.parametrize(("page", "verb"), [("act", "Ranked"), ("explain", "Listed")])
def test_rows_without_an_honest_prediction_are_owned_up_to(visit: Visit, stages: Stages, page: str, verb: str) -> None:
    """A search ordered in time leaves the oldest rows without an out-of-fold prediction; a random one leaves none."""
    known, rows = stages.workspace.search.covered(stages.projects["scored"])
    app = visit("scored", page)
    app.session_state["explain_tab"] = "One row"
    app.run()
    assert (f"{verb} among the {known:,} of {rows:,} rows" in texts(app)) == (known < rows)


def test_files_are_scored_one_after_the_other(visit: Visit, stages: Stages) -> None:
    app = visit("scored", "deploy")
    assert "in place of YOUR_KEY" in texts(app), "a key made in another visit is not shown again"
    row = stages.workspace.data.table(stages.projects["scored"]).frame.head(2).to_csv(index=False)
    for name in ("one.csv", "two.csv"):
        app.file_uploader[0].upload(name, row.encode()).run()
        assert "2 rows scored" in texts(app)
    app.file_uploader[0].upload("three.csv", b"").run()
    assert app.error[0].value


def test_a_report_that_what_was_done_since_has_left_behind_is_made_anew_first(visit: Visit, stages: Stages) -> None:
    project, act = stages.projects["scored"], stages.workspace.act
    stages.workspace.share.make_report(project)
    app = visit("scored", "share")
    assert primary(app) == ["Create link"]
    assert "make a new one" not in texts(app)
    act.save_goal(project, act.goal(project))
    app = visit("scored", "share")
    assert primary(app) == ["Make a new report"]
    assert "after the newest report was made; make a new one before you share it" in texts(app).replace("\\", "")
    press(app, "Make a new report")
    assert primary(app) == ["Create link"]


@pytest.mark.parametrize("page", ["explain", "fairness", "act", "pilots", "share", "deploy"])
def test_wherever_the_newest_model_is_shown_a_change_since_is_told(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Four pages gave the list, the pilots and a fresh report of the old model without a word."""
    assert not visit("model", page).warning
    monkeypatch.setattr(Searching, "stale", lambda *_: True)
    app = visit("model", page)
    assert not app.exception
    assert [warning.value for warning in app.warning] == [plain(stepper.STALE)]
    assert "Search again" in [link.proto.label for link in app.main.get("page_link")]


def test_secrets_are_shown_once(visit: Visit) -> None:
    app = visit("scored", "share")
    press(app, "Create link")
    shown = [code.value for code in app.code if "/r/" in code.value]
    assert len(shown) == 1
    (links,) = [one.value for one in app.dataframe if "Views" in one.value]
    assert links["Report of"].str.contains(" UTC").all(), "which report a link opens"
    app.switch_page(PAGES["home"]).run()
    app.switch_page(PAGES["share"]).run()
    assert not any("/r/" in code.value for code in app.code)


def test_the_link_that_was_chosen_is_the_one_that_is_revoked(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options told how long ago and how often: as time passed or somebody looked, the first link was chosen again unasked."""
    share, project = stages.workspace.share, stages.projects["scored"]
    report = share.reports(project)[0]
    older = share.create_link(report.id)[0]
    newer, path = share.create_link(report.id)
    app = visit("scored", "share")
    box = app.selectbox(key=f"revoke_{project}")
    box.set_value(older.id).run()
    share.open(path.rpartition("/")[2])  # one view more of the other
    app.run()
    assert app.selectbox(key=f"revoke_{project}").value == older.id
    app.button(key="revoke").click().run()
    assert not any(link.revoked for link in share.links(project) if link.id in (older.id, newer.id)), "asked first"
    assert app.button(key="confirm_yes").label == "Revoke for good"
    asked = at_once(monkeypatch)
    app.selectbox(key=f"revoke_{project}").set_value(older.id).run()
    app.button(key="revoke").click().run()
    assert f"…{older.id[-4:]}" in asked[0]
    assert f"…{older.id[-4:]}" in app.toast[0].value
    revoked = {link.id for link in share.links(project) if link.revoked}
    assert older.id in revoked
    assert newer.id not in revoked
    share.revoke(newer.id)


def test_a_link_is_shown_under_the_report_that_it_opens_until_it_is_revoked(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood under every report, also those that it does not open, and was gone when another link was revoked."""
    share, project = stages.workspace.share, stages.projects["scored"]
    newest = share.make_report(project)
    other = share.create_link(newest.id)[0]
    app = visit("scored", "share")

    def shown(report: int) -> list[str]:
        next(box for box in app.selectbox if box.label == "Report").select_index(report).run()
        return [code.value for code in app.code if "/r/" in code.value]

    press(app, "Create link")
    made = share.links(project)[0]
    (address,) = shown(0)
    assert shown(1) == []
    at_once(monkeypatch)
    for link, left in ((other, [address]), (made, [])):
        app.selectbox(key=f"revoke_{project}").set_value(link.id).run()
        app.button(key="revoke").click().run()
        assert shown(0) == left


def test_a_report_is_chosen_by_its_title_as_it_is(visit: Visit, stages: Stages) -> None:
    """Options are no Markdown: signs that stand for themselves there showed their backslashes."""
    share, project = stages.workspace.share, stages.projects["scored"]
    made = replace(share.make_report(project), id=stages.workspace.context.store.new_id("rep"), title="What drives has_churned?")
    stages.workspace.context.save("report", project, made, record_id=made.id)
    box = next(box for box in visit("scored", "share").selectbox if box.label == "Report")
    assert box.options[0].startswith("What drives has_churned?, ")


def confirmed(name: str, *values: object) -> None:
    """What the dialog does after “yes”; a test run knows no dialog of its own."""
    from pages.ui import deploy_view

    getattr(deploy_view, name)(*values)


def test_keys_are_listed_and_revoked_and_a_deployment_ends(visit: Visit, stages: Stages) -> None:
    deploy, project = stages.workspace.deploy, stages.projects["model"]
    app = visit("model", "deploy")
    app.button(key="deploy").click().run()
    made = deploy.deployments(project)[0]
    secret = next(code.value for code in app.code if deploy.check_key(made.id, code.value))
    app.button(key="revoke_key").click().run()
    assert deploy.check_key(made.id, secret), "asked first"
    assert app.button(key="confirm_yes").label == "Revoke for good"
    AppTest.from_function(confirmed, args=("revoke", made, deploy.keys(made.id)[0].id)).run()
    assert not deploy.check_key(made.id, secret)
    app = visit("model", "deploy")
    assert secret not in [code.value for code in app.code]
    assert "No key is valid" in texts(app)
    app.button(key="new_key").click().run()
    assert sum(not key.revoked for key in deploy.keys(made.id)) == 1
    app.button(key="end_deployment").click().run()
    assert app.button(key="confirm_yes").label == "End it for good"
    assert not deploy.deployments(project)[0].ended, "asked first"
    AppTest.from_function(confirmed, args=("end", made)).run()
    assert deploy.deployments(project)[0].ended
    app = visit("model", "deploy")
    assert primary(app) == ["Deploy the model"]
    assert "Ended" in str(app.dataframe[0].value)


def test_kinds_of_model_come_from_the_workspace(visit: Visit, stages: Stages) -> None:
    app = visit("goal", "search")
    families = stages.workspace.search.families()
    assert app.multiselect(key="families").options == [family.title for family in families if family.installed]
    for family in families:
        said = f"{family.title} is unavailable: {family.needs}"
        assert (said in texts(app)) == (not family.installed)


def test_uploads_take_what_the_sources_read(visit: Visit, stages: Stages) -> None:
    """Which files these are was cut off at 390 px, where the picker itself lists them; there it lists none now."""
    app = visit("nothing", "data")
    (told,) = [str(one.value) for one in app.caption if "can be read" in str(one.value)]
    assert set(re.findall(r"\.(\w+)", told)) == {*stages.workspace.data.suffixes(), "gz", "bz2", "xz", "zip"}
    assert list(app.file_uploader[0].proto.type) == []


def test_fixes_are_named_by_their_steps(visit: Visit, stages: Stages) -> None:
    titles = stages.workspace.cleaning.titles()
    app = visit("data", "clean")
    findings = stages.workspace.cleaning.findings(stages.projects["data"])
    for index, finding in enumerate(findings[:10]):
        if finding.fix:
            assert app.button(key=f"fix_{index}_{finding.fix.id}").label == titles[finding.fix.kind]


def crash_page(kind: str) -> None:
    """A page whose work fails."""
    from automl_core.errors import BadInput, Conflict, NotFound
    from pages.ui.border import border

    errors = {"input": BadInput("The step would leave no rows.", "Undo another one."), "gone": NotFound("It was deleted.", "Go."),
              "conflict": Conflict("Somebody else renamed it.", "Reload the page."), "bug": RuntimeError("secret path /srv/x")}
    with border():
        raise errors[kind]


@pytest.mark.parametrize(("kind", "words"), [
    ("input", "Undo another one"), ("gone", "It was deleted"), ("conflict", "Reload the page"), ("bug", "report the code"),
])
def test_errors_are_sentences(kind: str, words: str) -> None:
    app = AppTest.from_function(crash_page, args=(kind,)).run()
    assert not app.exception
    assert words in app.error[0].value
    assert "/srv" not in app.error[0].value


SOURCES: list[Any] = [*(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_house_rules_of_pages(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert not re.search(r"unsafe_allow_html|st\.html|st\.iframe|st\.balloons|st\.snow|st\.write\b|st\.divider", text)
    assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text), "no emojis"
    if path.name != "session.py":
        assert "st.session_state" not in text
    lines = text.count("\n")
    assert lines <= (60 if path.name == "app.py" else 150 if path.parent.name == "pages" else 400), lines
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
            assert len(node.args.args) + len(node.args.kwonlyargs) <= 6, node.name
            assert ast.get_docstring(node) or node.name.startswith("_") or path.parent.name == "pages", node.name
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("plotly_chart", "dataframe", "data_editor"):
            assert any(word.arg == "alt" for word in node.keywords), "a text for screen readers"


def test_pages_describe_themselves() -> None:
    assert nav.page_files()[0].key == "home"
    for page in nav.page_files():
        assert page.title
        assert page.sentence.endswith(".")
        assert page.icon != ":material/description:"


def test_home_without_projects_starts_with_a_sample(workspace: Any) -> None:
    assert primary(open_page("home")) == ["Start with this"]


def test_a_file_without_a_vital_column_is_not_said_to_be_scored_and_is_to_be_mended(visit: Visit, stages: Stages) -> None:
    project, workspace = stages.projects["scored"], stages.workspace
    explanation = workspace.explain.explanation(project)
    assert explanation is not None
    lacking = workspace.data.table(project).frame.head(120).drop(columns=explanation.importance[0].column)
    app = visit("scored", "deploy")
    app.file_uploader[0].upload("lacking.csv", lacking.to_csv(index=False).encode()).run()
    assert "None of 120 rows got an answer" in texts(app)
    assert "120 rows scored" not in texts(app)
    app = visit("scored", "monitor")
    assert "Score the mended file" in primary(app)
    assert "Bring newer data" not in [button.label for button in app.button]
    few = workspace.data.table(project).frame.head(3)
    app = visit("scored", "deploy")
    app.file_uploader[0].upload("few.csv", few.to_csv(index=False).encode()).run()
    app = visit("scored", "monitor")
    assert "Columns that moved" not in [metric.label for metric in app.metric]  # “0 of 0” says nothing


def test_an_estimate_stands_beside_what_the_search_measured(visit: Visit) -> None:
    app = visit("scored", "monitor")
    app.selectbox(key="batch").select_index(len(app.selectbox(key="batch").options) - 1).run()
    assert "Estimated ROC AUC" in [metric.label for metric in app.metric]
    assert "In the search, on rows it had not seen, the model had ROC AUC" in texts(app)


def test_the_column_of_unreadable_values_is_named(workspace: Any) -> None:
    project = workspace.projects.create("Unreadable")
    rows = "".join(f"{n},{'soon' if n % 40 == 0 else n * 3}\n" for n in range(200))
    workspace.data.upload(project, "x.csv", f"id,wait\n{rows}".encode())
    (fact,) = [metric for metric in open_page("data", project).metric if metric.label == "Unreadable values"]
    assert (fact.value, fact.delta) == ("5", "in wait")


def test_a_short_preview_has_no_empty_lines_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one row was shown with eight empty ones."""
    from pages.ui import cards

    drawn: list[object] = []
    monkeypatch.setattr(cards.st, "dataframe", lambda frame, **given: drawn.append(given["height"]))
    for rows in (1, 200):
        cards.table(pd.DataFrame({"a": range(rows)}), "First rows", "preview", tall=320)
    assert drawn == ["auto", 320]
