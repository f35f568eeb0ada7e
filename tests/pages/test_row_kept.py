"""The row that somebody looks at is the same one in the other tabs and on the act page, however far down the list it is."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.workspace.explain import Explaining
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run
from pages.ui import row_view
from tests.pages.conftest import LEVERS, PAGES, Stages, Visit, texts


def test_a_row_that_was_found_is_the_one_on_the_act_page(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 7,043 rows 6,043 could not be taken along: the next page showed the first of the list, without a word."""
    project, act = stages.projects["scored"], stages.workspace.act
    goal = act.goal(project)
    monkeypatch.setattr(row_view, "SHOWN_ROWS", 3)
    first, *_, far = (int(place) for place in stages.workspace.explain.top(project, 10).index)
    app = visit("scored", "explain")
    _open(app, "explain_tab", "One row")
    assert f"Row #{first}" in texts(app)
    app.text_input(key=f"find_{project}").set_value(f"#{far}").run()
    assert f"Row #{far}" in texts(app)
    app.text_input(key=f"find_{project}").set_value("").run()
    assert _heading(app) == f"Row #{far}"
    assert len(app.dataframe[0].value) == 4
    act.save_goal(project, replace(goal, levers=LEVERS))
    try:
        app.switch_page(PAGES["act"]).run()
        _open(app, "act_tab", "One row")
        assert _heading(app) == f"Row #{far}"
        assert "which you look at, stands in front of them" in texts(app)
    finally:
        act.save_goal(project, goal)


def test_while_rows_are_looked_for_the_page_says_so(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was blank for seconds on a machine at work: the final model scores rows without an outcome when first asked."""
    said: list[str] = []
    heard: dict[str, set[str]] = {}
    spinner = row_view.st.spinner

    @contextmanager
    def spins(text: str, **named: Any) -> Iterator[None]:
        with spinner(text, **named):
            said.append(text)
            yield
            said.remove(text)

    def listen(step: type, name: str) -> None:
        asked = getattr(step, name)

        def answer(*given: Any, **named: Any) -> Any:
            heard.setdefault(name, set()).add(said[-1] if said else "")
            return asked(*given, **named)

        monkeypatch.setattr(step, name, answer)

    app = visit("scored", "explain")
    monkeypatch.setattr(row_view.st, "spinner", spins)
    for step, name in ((Searching, "covered"), (Explaining, "top"), (Explaining, "find")):
        listen(step, name)
    _open(app, "explain_tab", "One row")
    assert heard == {"covered": {"Listing the rows"}, "top": {"Listing the rows"}}
    app.text_input(key=f"find_{stages.projects['scored']}").set_value("#12").run()
    assert not app.exception
    assert heard["find"] == {"Looking for the row"}


def test_a_row_that_is_not_listed_any_more_is_said_to_be_gone(
    visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, last = stages.projects["scored"], 3999
    app = visit("scored", "explain")
    _open(app, "explain_tab", "One row")
    app.text_input(key=f"find_{project}").set_value(f"#{last}").run()
    app.text_input(key=f"find_{project}").set_value("").run()
    assert _heading(app) == f"Row #{last}"
    rows, top = Explaining.rows, Explaining.top
    monkeypatch.setattr(Explaining, "rows", lambda *asked: rows(*asked).drop(index=last))
    monkeypatch.setattr(Explaining, "top", lambda *asked: top(*asked).drop(index=last, errors="ignore"))
    app.run()
    assert f"Row #{last}, which was looked at before, is not listed here" in texts(app).replace("\\", "")


def test_a_row_of_another_table_is_not_taken_along(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are counted in the cleaned table: the same place in another one is another customer, who was said to be the one that
    was looked at."""
    ws, project = stages.workspace, stages.projects["scored"]
    run = ws.search.needed(project)
    first, *_, far = (int(place) for place in ws.explain.top(project, 10).index)
    app = visit("scored", "explain")
    _open(app, "explain_tab", "One row")
    app.text_input(key=f"find_{project}").set_value(f"#{far}").run()
    app.text_input(key=f"find_{project}").set_value("").run()
    assert _heading(app) == f"Row #{far}"
    other = ws.context.save("table", project, ws.data.stored_of(run.table), parent_id=run.table)

    def last(*_: object) -> Run:
        return replace(run, table=other.id)

    monkeypatch.setattr(Searching, "last", last)
    app.run()
    assert _heading(app) == f"Row #{first}"


def test_a_row_in_front_of_the_list_has_no_next_one(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """“Next” went from row 5,210 to the first of the list, and no button led back."""
    project = stages.projects["scored"]
    monkeypatch.setattr(row_view, "SHOWN_ROWS", 3)
    *_, far = (int(place) for place in stages.workspace.explain.top(project, 10).index)
    app = visit("scored", "explain")
    _open(app, "explain_tab", "One row")
    assert not app.button(key=f"rows_{project}_next").disabled
    app.text_input(key=f"find_{project}").set_value(f"#{far}").run()
    app.text_input(key=f"find_{project}").set_value("").run()
    assert _heading(app) == f"Row #{far}"
    assert app.button(key=f"rows_{project}_next").disabled


def _open(app: AppTest, tabs: str, name: str) -> None:
    app.session_state[tabs] = name
    app.run()
    assert not app.exception
    assert not app.error


def _heading(app: AppTest) -> str:
    return next(str(head.value) for head in app.subheader if str(head.value).startswith("Row #"))
