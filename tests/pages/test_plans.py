"""From cards to plans and what goes with them: files, reasons, ways for a row, views for other pages."""
from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from automl_core import acting
from automl_core.acting import Pilot, PilotChoice, RecourseAsk
from automl_core.acting.action import Change, Condition
from automl_core.codec import from_json, to_json
from automl_core.errors import BadInput
from automl_core.explaining import explain_rows
from automl_core.search.model import Model
from automl_core.workspace import act as act_step
from automl_core.workspace import files
from automl_core.workspace.act import Acting
from automl_core.workspace.explain import Explaining
from automl_core.workspace.files import Advice
from pages.ui.pilot_view import move_words, title
from pages.ui.words import plain
from tests.pages.conftest import Carded, open_page, texts
from tests.pages.test_pilots import outcomes
from tests.promises import PROMISES


def test_decision_plan_and_files(page: Carded) -> None:
    ws, project = page.workspace, page.project
    made = ws.decide.decision(project)
    assert {rival.name for rival in made.rivals} == {"As many at random", "Everyone", "The simple rule"}
    assert next(rival for rival in made.rivals if rival.name == "As many at random").low > 0
    plan = ws.decide.plan(project)
    assert 0 < len(plan.actions) <= 300
    table = pd.read_csv(io.BytesIO(ws.decide.plan_csv(project)), encoding="utf-8-sig")
    wanted = ["customer_id", "segment", "lever", "from", "to", "p_now", "p_after", "effect_lo", "effect_hi", "expected_value",
              "cost", "net", "grade", "support", "arm", "valid_until", "model_version", "reason_1", "reason_2", "reason_3",
              "card"]
    assert list(table.columns) == wanted
    assert len(table) == len(plan.actions)
    assert set(table["grade"]) <= {"A", "B", "C"}
    assert (table["net"] > 0).all()
    assert (table["p_after"] > table["p_now"]).all()  # the share that stays: no card is needed that a pilot measured
    assert table["net"].is_monotonic_decreasing
    book = openpyxl.load_workbook(io.BytesIO(ws.decide.plan_xlsx(project)))
    assert book.active is not None
    assert book.active.max_row == len(table) + 1
    assert openpyxl.load_workbook(io.BytesIO(ws.decide.list_xlsx(project))).active is not None


def test_rows_that_a_running_pilot_holds_out_are_no_actions(page: Carded) -> None:
    ws, project = page.workspace, page.project
    before, positions = ws.decide.plan(project), ws.search.ranked(ws.search.needed(project)).positions
    pilot = ws.pilots.start(project, before.actions[0].card, PilotChoice(rows=300))
    drawn = ws.pilots.assignment(pilot)
    sides = dict(zip(drawn["row"].tolist(), drawn["arm"].tolist(), strict=True))
    plan = ws.decide.plan(project)
    assert plan.held > 0
    assert "held out in a running pilot" in plan.sentence
    assert any(sides.get(positions[action.row]) == "hold" for action in before.actions)
    assert not any(sides.get(positions[action.row]) == "hold" for action in plan.actions)
    table = pd.read_csv(io.BytesIO(ws.decide.plan_csv(project)), encoding="utf-8-sig")
    told = [sides.get(positions[action.row], "") if action.card == pilot.card.id else "" for action in plan.actions]
    assert table["arm"].fillna("").tolist() == told
    assert "treat" in told
    ws.pilots.cancel(pilot.id)
    assert ws.decide.plan(project) == before


def test_rows_that_a_running_pilot_treats_get_its_own_change_or_none(page: Carded) -> None:
    """Another card's change on one side only, or a list's, and the pilot measures two changes at once."""
    ws, project = page.workspace, page.project
    run, keys = ws.search.needed(project), [page.key(place) for place in (0, 1)]
    before, listed, positions = ws.decide.plan(project), ws.act.actions(project), ws.search.ranked(run).positions
    goal = ws.act.goal(project)
    rarer = next(key for key in keys if key != before.actions[0].card)  # its rows are worth more under the other card
    pilot = ws.pilots.start(project, rarer, PilotChoice(rows=300))
    arms = dict(zip(*(ws.pilots.assignment(pilot)[name].tolist() for name in ("row", "arm")), strict=True))
    assert any(arms.get(positions[action.row]) == "treat" and action.card != rarer for action in before.actions)
    plan = ws.decide.plan(project)
    assert {action.card for action in plan.actions if positions[action.row] in arms} <= {rarer}
    assert "that a running pilot treats get its own change or none." in plan.sentence
    assert any(positions[row.row] in arms for row in listed.rows)
    left = ws.act.actions(project)
    assert not any(positions[row.row] in arms for row in left.rows)
    assert re.search(r" \d+ rows of a running pilot are left out\.$", left.sentence)
    table = pd.read_csv(io.BytesIO(ws.act.actions_csv(project)))
    assert table["customer_id"].astype(str).tolist() == [row.id for row in left.rows]
    assert ws.decide.decision(project, goal.capacity) is not None
    ws.pilots.cancel(pilot.id)
    assert ws.act.actions(project) == listed


def asked_of(page: Carded, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """What the command is asked with about the rows of the project in a file. Cards are those of the project; whether rows can be
    brought to the goal, which nobody asks here, is looked for in one of them."""
    ws, project = page.workspace, page.project
    found = ws.act.found(project)
    monkeypatch.setattr(acting, "make_cards", lambda _: found)
    monkeypatch.setattr(files, "SECONDS", 1e-9)
    ws.files.write_table(ws.data.table(project).frame, folder / "rows.csv")
    return str(ws.search.bundle_path(project)), str(folder / "rows.csv"), ws.act.goal_text(project)


def test_on_a_file_rows_of_a_running_pilot_are_left_to_it(
    page: Carded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command knows rows of a file by their ids, and where a table has none by what they hold."""
    ws, project, asked = page.workspace, page.project, asked_of(page, tmp_path, monkeypatch)
    before = ws.files.act(*asked)
    pilot = ws.pilots.start(project, before.plan.actions[0].card, PilotChoice(rows=300))
    table = ws.pilots.assignment(pilot)
    arms = dict(zip(table["id_0"], table["arm"], strict=True))
    assert set(before.table["customer_id"].astype(str)) & set(arms)
    left_to_it(ws.files.act(*asked), pilot, arms)
    record = ws.context.store.get(pilot.id)
    ws.context.store.update(pilot.id, to_json(replace(from_json(Pilot, record.body), id_columns=())), record.version)
    left_to_it(ws.files.act(*asked), pilot, arms)


def left_to_it(advice: Advice, pilot: Pilot, arms: dict[str, str]) -> None:
    """Rows of a pilot are on no list, and in the plan with its own change or not at all."""
    assert not set(advice.table["customer_id"].astype(str)) & set(arms)
    assert advice.actions.sentence.endswith(" rows of a running pilot are left out.")
    assert advice.plan.held > 0
    told = advice.plan_table["customer_id"].astype(str).map(arms).fillna("")
    assert set(told) == {"treat", ""}
    own = advice.plan_table["card"] == pilot.card.id
    assert own[told == "treat"].all()
    assert advice.plan_table["arm"].tolist() == told.tolist()
    assert all(advice.table[name].notna().all() for name in ("prediction", "reason_1"))


def test_on_a_file_cards_stand_as_ended_pilots_left_them(
    page: Carded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A card that a pilot had retired came back with its old figures and was planned; a measured one promised as before."""
    ws, project, asked = page.workspace, page.project, asked_of(page, tmp_path, monkeypatch)
    goal = ws.act.goal(project)
    before = ws.files.act(*asked)
    first = before.plan.actions[0].card
    other = next(card.id for card in before.found.cards if card.id != first)
    for key, effect, verdict in ((first, 0.0, "retired"), (other, 0.3, "raised")):
        pilot = ws.pilots.start(project, key, PilotChoice(rows=300))
        assert ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, effect)).verdict == verdict
    advice = ws.files.act(*asked)
    told = {card.id: card for card in advice.found.cards}
    assert first not in told
    assert (told[other].grade, told[other].measured) == ("A", True)
    gone = advice.found.patterns[0]
    assert (gone.id, gone.grade, gone.measured) == (first, "D", True)
    assert sorted(card.id for card in ws.pilots.cards(project)) == sorted((*told, first))
    assert {card.id: card.adjusted for card in ws.pilots.cards(project)} == {
        card.id: card.adjusted for card in (*advice.found.cards, gone)}
    assert first not in {action.card for action in advice.plan.actions}
    assert first not in set(advice.plan_table["card"])
    assert advice.found.notes[-2:] == ("1 card has the figures that a pilot measured.",
                                       "1 card was retired by a pilot: it is a pattern here, and in no plan.")
    unlike = ws.files.act(asked[0], asked[1], acting.goal_text(replace(goal, good="Yes")))
    assert not any(card.measured for card in unlike.found.cards)  # the pilots say nothing of another outcome


@pytest.mark.parametrize("made", ["other", "without ids"])
def test_rows_are_held_out_whatever_becomes_of_the_cards_of_their_pilot(
    page: Carded, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    ws, project = page.workspace, page.project
    run = ws.search.needed(project)
    cards = ws.act.cards_of(run) or ()
    # another card by its words, of the same rows
    others = [replace(card, conditions=(*card.conditions, Condition(card.lever, card.from_values))) for card in cards]
    kept = tuple(others if made == "other" else [replace(card, id="") for card in cards])
    if made == "without ids":
        monkeypatch.setattr(Acting, "cards_of", lambda self, run: kept)
    pilot = ws.pilots.start(project, ws.decide.plan(project).actions[0].card, PilotChoice(rows=300))
    monkeypatch.setattr(Acting, "cards_of", lambda self, run: kept)  # cards were made anew
    table = ws.pilots.assignment(pilot)
    places = {position: place for place, position in enumerate(ws.search.ranked(run).positions.tolist())}
    held = {places[row] for row, arm in zip(table["row"], table["arm"], strict=True) if arm == "hold"}
    plan = ws.decide.plan(project)
    assert plan.actions
    assert plan.held == len(held)
    assert not held & {action.row for action in plan.actions}
    arms = pd.read_csv(io.BytesIO(ws.decide.plan_csv(project)), encoding="utf-8-sig")["arm"]
    assert arms.isna().all() if made == "other" else set(arms.dropna()) == {"treat"}


def test_reasons_are_worked_out_once_for_a_row(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another capacity asks about much the same rows; explaining them is what a list takes longest for."""
    asked: list[int] = []

    def counted(model: Model, rows: pd.DataFrame, background: pd.DataFrame, unless: str) -> list[tuple[str, ...]]:
        asked.append(len(rows))
        return explain_rows(model, rows, background, unless=unless)

    monkeypatch.setattr(act_step, "explain_rows", counted)
    few, more = (page.workspace.act.actions(page.project, most) for most in (41, 57))
    assert sum(asked) <= 57
    assert [row.reasons for row in few.rows] == [row.reasons for row in more.rows[: len(few.rows)]]
    assert all(row.reasons for row in few.rows)


def test_the_files_of_a_plan_give_the_reasons_that_the_page_gives(page: Carded) -> None:
    """Asked about among other rows, a model whose parts are sampled gives other figures: the first answer is kept for all."""
    ws = page.workspace
    run, first = ws.search.needed(page.project), ws.decide.plan(page.project).actions[0].row
    ws.act.reasons(run, [first])
    known = ws.act.explained.get(f"{run.id} {ws.act.goal_of(run).good}", dict)
    known[first], kept = ("told before",), known[first]
    table = pd.read_csv(io.BytesIO(ws.decide.plan_csv(page.project)), encoding="utf-8-sig")
    known[first] = kept
    assert table["reason_1"].iloc[0] == "told before"


def test_recourse_of_a_row(page: Carded) -> None:
    ws, project = page.workspace, page.project
    rows = ws.explain.rows(project)
    found = ws.decide.recourse(project, int(rows["prediction"].idxmax()), RecourseAsk(0.3))
    assert found.options
    assert {move.column for option in found.options for move in option.moves} <= {"contract", "discount"}
    with pytest.raises(BadInput):
        ws.decide.recourse(project, 10**9)


def test_ways_for_a_row_are_worked_out_once_for_a_goal(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, project = page.workspace, page.project
    first = int(ws.explain.rows(project).index[1])
    found, again = ws.decide.recourse(project, first, RecourseAsk(0.4)), ws.decide.recourse(project, first, RecourseAsk(0.4))
    assert found is again
    assert ws.decide.recourse(project, first, RecourseAsk(0.5)) is not found
    goal = ws.act.goal(project)
    monkeypatch.setattr(Acting, "goal_of", lambda self, run: replace(goal, levers=goal.levers[:1]))
    assert ws.decide.recourse(project, first, RecourseAsk(0.4)) is not found


def _reach(project: str) -> None:
    from pages.ui import recourse_view

    recourse_view.many_rows(project)


def test_how_many_rows_can_be_brought_to_the_goal_is_kept_with_the_cards(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page opens at once with what each of these rows is told by itself, and promises nothing."""
    ws, project = page.workspace, page.project
    made = ws.decide.recourse_summary(project)
    assert made is not None
    assert made.looked > 0
    for place, cost in [*zip(made.positions, made.costs, strict=True)][:6]:
        found = ws.decide.recourse(project, place)
        assert not found.reached
        assert cost == pytest.approx(found.options[0].cost if found.options else math.nan, nan_ok=True)
    with monkeypatch.context() as patched:
        patched.setattr(acting, "recourse_summary", lambda *_: pytest.fail("worked out while somebody waits"))
        app = AppTest.from_function(_reach, args=(project,), default_timeout=120).run()
    assert not app.exception
    assert f"that do not reach {plain('“churned” = “No”')}" in texts(app).replace("**", "")
    assert plain("This is what the model expects, not yet a measured effect.") in texts(app)
    assert not PROMISES.search(texts(app))
    (table,) = [one.value for one in app.dataframe]
    assert [name.split(",")[0] for name in table["Changed alone"]] == [lever.column for lever in made.levers]
    goal = ws.act.goal(project)
    monkeypatch.setattr(Acting, "goal_of", lambda self, run: replace(goal, levers=goal.levers[:1]))
    assert ws.decide.recourse_summary(project) is None
    assert "look for actions above" in texts(AppTest.from_function(_reach, args=(project,), default_timeout=120).run())
    monkeypatch.setattr(Acting, "goal_of", lambda self, run: replace(goal, levers=()))
    assert "Nothing can be changed yet" in texts(AppTest.from_function(_reach, args=(project,), default_timeout=120).run())


def _views(project: str) -> None:
    from pages.ui import decision_view, recourse_view, session

    workspace = session.workspace()
    decision_view.decision(project, workspace.act.goal(project))
    decision_view.provide(project)
    decision_view.plan(project)
    recourse_view.one_row(project)
    for card in workspace.pilots.cards(project):
        decision_view.card_page(project, card)


def test_views_for_other_pages(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Explaining, "kept_still", lambda self, project_id, columns: f"Left as is beside {' and '.join(columns)}.")
    app = AppTest.from_function(_views, args=(page.project,), default_timeout=120).run()
    assert not app.exception
    assert not app.error
    assert "by the outcomes that came" in texts(app)
    assert "one action each" in texts(app)
    assert "Left as is beside contract and discount" in texts(app)
    assert "A card tells the mean gain of its rows; in the plan single rows differ from it" in texts(app)
    rows = next(table.value for table in app.dataframe if "Why this row" in table.value.columns)
    plan = page.workspace.decide.plan(page.project)
    assert 0 < len(rows) == min(100, len(plan.actions))
    assert rows["Gain, €"].tolist() == pytest.approx([action.net for action in plan.actions[: len(rows)]])
    assert rows["Do"].str.contains(" → ").all()
    assert rows["Why this row"].str.len().gt(0).all()
    assert str(rows["Row"].iloc[0]) == str(page.workspace.decide.plan_rows(page.project)[0].name)


def test_money_of_a_number(page: Carded) -> None:
    with pytest.raises(BadInput, match="No costs"):
        page.workspace.decide.newsvendor(page.project)


def test_cards_of_many_values_are_told_apart(page: Carded) -> None:
    """A move from many values to one is long; what is cut off it must not be what tells it from the next card."""
    first = next(iter(page.workspace.act.cards(page.project) or ()))
    many = " or ".join(f"2 way Comprehensive Plan {place}" for place in range(20))
    titles = {title(replace(first, from_value=many, to_value=to)) for to in ("Silver Plan", "Bronze Plan")}
    assert len(titles) == 2
    assert max(map(len, titles)) < 180
    both = replace(first, also=(Change("discount", ("No",), "Yes"),))
    assert "; discount → Yes" in title(both)
    assert "; discount → Yes" in move_words(both)


def test_each_file_of_the_act_page_has_a_name_of_its_own(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list and the plan both came as actions.csv and actions.xlsx: one took the place of the other."""
    named: dict[str, str] = {}
    button = st.download_button

    def note(label: str, *args: Any, file_name: str = "", key: str = "", **more: Any) -> bool:
        named[key] = file_name
        return button(label, *args, file_name=file_name, key=key, **more)

    monkeypatch.setattr(st, "download_button", note)
    app = open_page("act", page.project)
    for tab in ("Worth", "One each"):
        app.session_state["act_tab"] = tab
        app.run()
    files = [named[key] for key in ("actions_csv", "actions_xlsx", "plan_csv", "plan_xlsx")]
    assert files == ["ranked.csv", "ranked.xlsx", "actions.csv", "actions.xlsx"]  # as the command has them
