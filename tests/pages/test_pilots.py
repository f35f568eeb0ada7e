"""From a card to a pilot, its file, outcomes that come back, grade A, and the files to hand on: through workspace and page."""
from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core import Workspace, acting
from automl_core.acting import Pilot, PilotChoice, RecourseAsk, card_key, forbidden_by
from automl_core.acting.action import Change, Condition, Lever
from automl_core.acting.wording import BANNED
from automl_core.codec import from_json, to_json
from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.explaining import explain_rows
from automl_core.reporting import render
from automl_core.search.model import Model
from automl_core.workspace import act as act_step
from automl_core.workspace import pilots as pilot_step
from automl_core.workspace.act import Acting
from automl_core.workspace.decide import planned_table
from automl_core.workspace.pilots import Piloting
from pages.ui import session
from pages.ui.pilot_view import move_words, not_offered, title
from pages.ui.words import plain
from tests.pages.conftest import Stages, open_page, primary, texts, work

PROMISES = re.compile(rf"\b({'|'.join(BANNED)})\b", re.I)
LEVERS = (Lever("contract", ("Yearly",), ("Monthly",), cost=20.0), Lever("discount", ("Yes",), ("No",), cost=30.0))


@dataclass(frozen=True)
class Carded:
    """A workspace with a project that has action cards."""

    workspace: Workspace
    project: str

    def key(self, place: int = 0) -> str:
        usable = [card for card in self.workspace.act.cards(self.project) or () if card.grade != "D"]
        return card_key(usable[place])


@pytest.fixture(scope="module")
def carded(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Carded:
    """On a copy of the stages, whose search is as good as another one."""
    folder = tmp_path_factory.mktemp("carded") / "home"
    shutil.copytree(stages.workspace.context.settings.home, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(folder))
        workspace = Workspace.open()
    project = stages.projects["scored"]
    goal = workspace.act.goal(project)
    workspace.act.save_goal(project, replace(goal, value=600.0, contact_cost=10.0, capacity=300, levers=LEVERS))
    work(workspace, workspace.act.start(project))
    return Carded(workspace, project)


@pytest.fixture
def page(carded: Carded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Carded]:
    """The project with its cards and no pilot that counts, whichever test ran before. Outcomes are sent when they are due."""
    monkeypatch.setattr(session, "workspace", lambda: carded.workspace)
    monkeypatch.setattr(pilot_step, "today", lambda: date(2100, 1, 1))
    yield carded
    pilots = carded.workspace.pilots
    for pilot in pilots.all(carded.project):
        if pilot.state in ("raised", "retired"):
            pilots.take_back(pilot.id)
        if pilot.state != "cancelled":
            pilots.cancel(pilot.id)


def outcomes(carded: Carded, pilot_id: str, effect: float, seed: int = 0, missing: float = 0.0) -> bytes:
    """The pilot's own file with outcomes that came: `effect` more of the treated stay."""
    sent = pd.read_csv(io.BytesIO(carded.workspace.pilots.csv(pilot_id)), dtype=str, encoding="utf-8-sig")
    rng = np.random.default_rng(seed)
    stays = rng.random(len(sent)) < 0.5 + effect * (sent["arm"] == "treat")
    sent["churned"] = np.where(rng.random(len(sent)) < missing, "", np.where(stays, "No", "Yes"))
    return sent.to_csv(index=False).encode()


def test_another_goal_keeps_the_former_cards_in_words_until_the_job_has_run(page: Carded) -> None:
    act, project = page.workspace.act, page.project
    goal, stood = act.goal(project), act.cards(project)
    assert stood
    try:
        act.save_goal(project, replace(goal, value=900.0))
        assert act.cards(project) is None
        app = open_page("act", project)
        assert not app.exception
        assert "The goal was changed since" in texts(app)
        assert plain(stood[0].sentence) in texts(app)
        assert "Look for actions" in primary(app)
        act.save_goal(project, replace(goal, value=900.0, levers=LEVERS[1:], never=(stood[0].lever,)))
        kept = act.former(project)
        assert kept is not None
        assert all(stood[0].lever not in card.names for card in kept.cards)
        assert len(kept.cards) < len(stood)
    finally:
        act.save_goal(project, goal)
    assert act.cards(project) == stood


def test_no_text_of_the_act_page_or_of_its_report_promises(page: Carded) -> None:
    """In no tab: the words that no card below grade A may say are in nothing that stands around it, either."""
    report = render(page.workspace.share.make_report(page.project))
    pages = {"report": re.sub(r"<style>.*?</style>|<[^>]+>", " ", report, flags=re.S)}
    app = open_page("act", page.project)
    for tab in ("The list", "What it is worth", "One action each", "One row"):
        app.session_state["act_tab"] = tab
        app.run()
        assert not app.exception
        pages[tab] = f"{texts(app)} {app.main}"  # the second has labels and help
        assert "What would overturn it" in pages[tab]
        assert "In money, for each row that is turned" in pages[tab]
    assert "Evidence C" in pages["report"]
    for name, text in pages.items():
        assert PROMISES.findall(text) == [], name


def test_from_a_card_to_grade_a(page: Carded) -> None:
    ws, project = page.workspace, page.project
    before = open_page("pilots", project)
    assert not before.exception
    assert primary(before) == ["Start the pilot"]
    before.number_input(key=f"pilot_rows_{project}_{page.key()}").set_value(300)
    before.number_input(key=f"pilot_seed_{project}_{page.key()}").set_value(0).run()
    next(button for button in before.button if button.label == "Start the pilot").click().run()
    assert not before.exception
    assert not before.error
    pilot = ws.pilots.all(project)[0]
    assert (pilot.treated, pilot.held) == (150, 150)
    with pytest.raises(Conflict):
        ws.pilots.start(project, page.key(), PilotChoice())
    with pytest.raises(BadInput):
        ws.pilots.upload(pilot.id, "notes.csv", b"a,b\n1,2\n")
    with pytest.raises(BadInput):
        ws.pilots.upload(pilot.id, "junk.xlsx", b"\x00\x01nothing")
    few = ws.pilots.upload(pilot.id, "first.csv", outcomes(page, pilot.id, 0.3, missing=0.6))
    assert few.verdict == "open"
    waiting = open_page("pilots", project)
    assert "Too little came back" in texts(waiting)
    result = ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    assert result.verdict == "raised"
    assert result.low < 0.3 < result.high
    cards = ws.pilots.cards(project)
    assert cards[0].grade == "A"
    assert (cards[0].counted, cards[0].better) == ("“churned” = “Yes”", "down")
    assert cards[0].adjusted == -result.difference  # the card counts those who leave, the pilot those who stay
    assert pilot.promised > 0
    told = ws.share.html(ws.share.make_report(project).id)
    assert "measured where chance decided" in told
    assert not ws.share.behind(project)
    with pytest.raises(Conflict):
        ws.pilots.upload(pilot.id, "again.csv", outcomes(page, pilot.id, 0.3))
    after = open_page("pilots", project)
    assert not after.exception
    assert "Promised and delivered" in texts(after)
    assert "got the change, 150 stayed as they were" in texts(after)
    assert "Outcomes are due" not in texts(after)
    assert "grade A" in texts(after)
    assert "measured" in ws.decide.card_html(project, page.key())
    ws.pilots.take_back(pilot.id)
    assert ws.pilots.get(pilot.id).state == "running"
    assert ws.share.behind(project)  # the report still tells of a result that was taken back
    assert ws.pilots.cards(project)[0].grade != "A"
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))


def test_a_pilot_says_nothing_of_the_same_card_for_another_outcome(page: Carded) -> None:
    """A card is known by what is changed for whom: the same change for another outcome, or the other class, is another thing."""
    ws, project = page.workspace, page.project
    measured = ws.pilots.start(project, page.key(), PilotChoice(rows=300))
    ws.pilots.upload(measured.id, "outcomes.csv", outcomes(page, measured.id, 0.3))
    assert ws.pilots.cards(project)[0].grade == "A"
    waiting = ws.pilots.start(project, page.key(1), PilotChoice(rows=100))
    for pilot, other in ((measured, {"outcome": "spend"}), (waiting, {"good": "Yes"})):
        record = ws.context.store.get(pilot.id)
        kept = from_json(Pilot, record.body)
        ws.context.store.update(pilot.id, to_json(replace(kept, goal=replace(kept.goal, **other))), record.version)
    assert all(card.grade != "A" for card in ws.pilots.cards(project))
    assert "Measured by a pilot" in ws.decide.pilot_card_html(measured.id)  # its own card, not the one of the present outcome
    assert "Measured by a pilot" not in ws.decide.card_html(project, page.key())
    assert not {measured.id, waiting.id} & {pilot.id for pilot in ws.pilots.about(project)}
    assert "See its pilot" not in [button.label for button in open_page("act", project).button]
    assert "Start another pilot" in texts(open_page("pilots", project))
    again = ws.pilots.start(project, page.key(1), PilotChoice(rows=100))
    ws.pilots.cancel(waiting.id)
    ws.pilots.resume(waiting.id)  # the two are of different outcomes
    assert ws.pilots.get(again.id).state == "running"


def test_the_card_of_an_ended_pilot_prints_after_the_goal_changed(page: Carded) -> None:
    ws, project = page.workspace, page.project
    pilot, goal = ws.pilots.start(project, page.key(), PilotChoice(rows=300)), ws.act.goal(project)
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    now = ws.decide.pilot_card_html(pilot.id)
    try:
        ws.act.save_goal(project, replace(goal, value=900.0))
        assert ws.act.cards(project) is None
        kept = ws.decide.pilot_card_html(pilot.id)
    finally:
        ws.act.save_goal(project, goal)
    assert "Measured by a pilot" in kept
    assert "chance decided which" in kept
    assert (kept.count("€"), kept.count("<dd>")) == (now.count("€"), now.count("<dd>"))


def test_a_card_is_known_by_its_rows_and_not_by_its_price(page: Carded) -> None:
    card = next(card for card in page.workspace.act.cards(page.project) or () if card.from_values)
    assert card_key(card) == card.id
    both = replace(card, also=(Change("discount", ("No",), "Yes", cost=30.0),))
    dearer = replace(both, cost=99.0, also=(replace(both.also[0], cost=5.0),), id="as it was kept once", days=7)
    assert card_key(both) == card_key(dearer) != card_key(card)
    moves = [(card.lever, before, after) for before, after in ((card.from_values[0], card.to_value), ("Yearly", "Monthly"))]
    assert card_key(replace(card, forbidden=tuple(moves[:1]))) != card_key(card)
    assert card_key(replace(card, forbidden=tuple(moves[1:]), lowest=1.0)) == card_key(card)  # its rows make no such move
    number = replace(card, lever="spend", from_values=(), to_value="5 lower", step=-5.0)
    limited = {card_key(replace(number, **limit)) for limit in ({}, {"lowest": 3.0}, {"lowest": 4.0}, {"highest": 3.0})}
    assert len({*limited, card_key(replace(number, forbidden=(("spend", "10", "5"),)))}) == 5


def test_a_pilot_can_be_cancelled_and_resumed(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, project = page.workspace, page.project
    pilot = ws.pilots.start(project, page.key(1), PilotChoice(rows=100, days=10))
    with monkeypatch.context() as patch:
        patch.setattr(pilot_step, "today", lambda: pilot.started.date())
        act = open_page("act", project)
    assert [button.label for button in act.button].count("See its pilot") == 1
    assert "Wait for the outcomes of its pilot, due on " in texts(act)
    shown = open_page("pilots", project)
    shown.button(key=f"cancel_{pilot.id}").click().run()
    assert ws.pilots.get(pilot.id).state == "cancelled"
    shown.button(key=f"resume_{pilot.id}").click().run()
    assert ws.pilots.get(pilot.id).state == "running"
    with pytest.raises(BadInput):
        ws.pilots.resume(pilot.id)
    ws.pilots.cancel(pilot.id)
    other = ws.pilots.start(project, page.key(1), PilotChoice(rows=100, seed=0))
    with pytest.raises(Conflict):
        ws.pilots.resume(pilot.id)
    result = ws.pilots.upload(other.id, "outcomes.csv", outcomes(page, other.id, 0.0, seed=3))
    assert result.verdict == "retired"
    assert "Retired" in "".join(str(item.value) for item in open_page("pilots", project).markdown)
    with pytest.raises(NotFound):
        ws.pilots.start(project, "no such card", PilotChoice())
    with pytest.raises(NotFound):
        ws.pilots.get(ws.search.needed(project).id)


def test_where_no_pilot_can_be_started_the_page_says_why_and_where_to_go(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its only card in a running pilot the page had no form and not a word about it."""
    ws, project = page.workspace, page.project
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=100))
    card = ws.act.cards(project)[0]  # type: ignore[index]
    some = texts(open_page("pilots", project)).replace("\\", "")
    assert "being tested: to test it again, send the outcomes to the running pilot above, or cancel it there." in some
    assert "No other card" not in some
    monkeypatch.setattr(type(ws.act), "cards", lambda self, project: (card,))
    alone = open_page("pilots", project)
    told = texts(alone).replace("\\", "")
    assert "Start another pilot" in told
    assert "No other card can be tested now. “" in told
    assert "To test something else, name more that you can change on the act page and look for actions." in told
    assert not [button for button in alone.button if button.label == "Start the pilot"]
    ws.pilots.cancel(pilot.id)
    assert "being tested" not in texts(open_page("pilots", project))
    states = {card_key(card): "retired"}
    assert "was tested: what came of it is below." in not_offered([card], states)
    assert not_offered([], {}).startswith("No card of the present goal can be tested.")


def test_the_act_page_reads_the_pilots_once_for_all_its_cards(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    read, calls = Piloting.all, []

    def counted(piloting: Piloting, project_id: str) -> tuple[Pilot, ...]:
        calls.append(project_id)
        return read(piloting, project_id)

    monkeypatch.setattr(Piloting, "all", counted)
    assert not open_page("act", page.project).exception
    many, stood = len(calls), page.workspace.pilots.cards(page.project)
    assert len(stood) > 1
    monkeypatch.setattr(Piloting, "cards", lambda piloting, project_id: stood[:1])
    calls.clear()
    assert not open_page("act", page.project).exception
    assert many == len(calls) + 1  # the one that `cards` itself asks for


def test_outcomes_that_come_early_are_kept_and_decided_when_due_or_on_demand(
    page: Carded, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, project = page.workspace, page.project
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=300, days=7))
    with pytest.raises(Conflict, match="No outcomes of this pilot were sent"):
        ws.pilots.decide(pilot.id)
    monkeypatch.setattr(pilot_step, "today", lambda: pilot.started.date())
    kept = ws.pilots.upload(pilot.id, "early.csv", outcomes(page, pilot.id, 0.3))
    assert (kept.verdict, kept.waits) == ("open", True)
    assert ws.pilots.get(pilot.id).state == "running"
    early = open_page("pilots", project)
    assert "there is no verdict before" in texts(early)
    assert early.button(key=f"decide_{pilot.id}").label == "Decide now, before they are due"
    early.button(key=f"decide_{pilot.id}").click().run()
    assert not early.exception
    assert "This was decided before outcomes were due" in texts(open_page("pilots", project))
    assert ws.pilots.cards(project)[0].grade == "A"
    ws.pilots.take_back(pilot.id)
    ws.pilots.upload(pilot.id, "early.csv", outcomes(page, pilot.id, 0.3))
    monkeypatch.setattr(pilot_step, "today", lambda: pilot.due_day)
    due = open_page("pilots", project)
    assert due.button(key=f"decide_{pilot.id}").label == "Decide with these outcomes"
    assert not ws.pilots.decide(pilot.id).early
    assert ws.pilots.get(pilot.id).state == "raised"


def test_a_pilot_runs_until_the_change_shows_and_actions_hold_longer(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, project = page.workspace, page.project
    cards = tuple(replace(card, days=45) for card in ws.act.cards(project) or ())
    with monkeypatch.context() as patch:
        patch.setattr(Acting, "cards_of", lambda self, run: cards)
        assert open_page("pilots", project).number_input(key=f"pilot_days_{project}_{page.key()}").value == 45
    plan, inputs = ws.decide.plan(project), ws.decide._plan_inputs(ws.search.needed(project))
    quick = replace(inputs, goal=replace(inputs.goal, levers=(replace(LEVERS[0], days=1),)))
    table = planned_table(plan, quick, "", {}, lambda places: [("",)] * len(places))
    assert set(table["valid_until"]) == {(datetime.now(UTC) + timedelta(days=90)).date().isoformat()}


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


def test_two_pilots_share_no_rows_and_have_draws_of_their_own(page: Carded) -> None:
    ws, project = page.workspace, page.project
    first, second = (ws.pilots.start(project, page.key(place), PilotChoice(rows=300)) for place in (0, 1))
    rows = [set(ws.pilots.assignment(pilot)["row"]) for pilot in (first, second)]
    assert not rows[0] & rows[1]
    assert "left out, because another pilot is running on them" in second.power.sentence
    assert first.choice.seed != second.choice.seed
    third = ws.pilots.start(project, page.key(2), PilotChoice(rows=30, seed=5))
    assert third.choice.seed == 5
    for pilot in (first, third):
        ws.pilots.cancel(pilot.id)
    many = ws.pilots.start(project, page.key(2), PilotChoice(rows=10**6))
    shared = rows[0] & set(ws.pilots.assignment(many)["row"])
    with pytest.raises(Conflict, match=f"Another pilot has {len(shared)} rows of this one by now"):
        ws.pilots.resume(first.id)


@pytest.mark.parametrize("back", ["take back", "resume"])
def test_no_pilot_comes_back_to_rows_or_groups_that_another_one_has_by_now(
    page: Carded, monkeypatch: pytest.MonkeyPatch, back: str
) -> None:
    """A pilot that has ended frees its rows: once another one has drawn them, it cannot run again."""
    ws, project = page.workspace, page.project
    first = ws.pilots.start(project, page.key(), PilotChoice(rows=300))

    def end() -> None:
        if back == "resume":
            ws.pilots.cancel(first.id)
        else:
            ws.pilots.upload(first.id, "outcomes.csv", outcomes(page, first.id, 0.3))

    def again() -> None:
        (ws.pilots.resume if back == "resume" else ws.pilots.take_back)(first.id)

    end()
    second = ws.pilots.start(project, page.key(1), PilotChoice(rows=10**6))
    mine, theirs = (ws.pilots.assignment(pilot)["row"].to_numpy() for pilot in (first, second))
    with pytest.raises(Conflict, match=f"Another pilot has {np.isin(mine, theirs).sum()} rows of this one by now"):
        again()
    ws.pilots.cancel(second.id)
    again()
    third = ws.pilots.start(project, page.key(1), PilotChoice(rows=100))
    end()
    other, opened = ws.pilots.assignment(third)["row"].iloc[0], type(ws.search.goal).open
    same = np.arange(10**5)
    same[mine[:2]] = other  # two rows of the first pilot are of one customer with a row of the third

    def grouped(self: object, inputs: object) -> tuple[object, ...]:
        frame, columns, problem, *rest = opened(self, inputs)  # type: ignore[arg-type]
        return frame.assign(house=same[: len(frame)]), columns, replace(problem, group="house"), *rest

    with monkeypatch.context() as patch:
        patch.setattr(type(ws.search.goal), "open", grouped)
        with pytest.raises(Conflict, match="2 rows of this pilot go together with rows of another one by now") as caught:
            again()
    assert "“house”" in str(caught.value)
    again()
    assert ws.pilots.get(first.id).state == "running"


def test_a_pilot_of_before_cards_knew_forbidden_moves_keeps_its_card(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, project, goal = page.workspace, page.project, page.workspace.act.goal(page.project)
    pilot, card = ws.pilots.start(project, page.key(), PilotChoice(rows=300)), ws.pilots.card(project, page.key())
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    strict = replace(goal, levers=(replace(LEVERS[0], column=card.lever, forbidden=((card.from_values[0], card.to_value),)),))
    record = ws.context.store.get(pilot.id)
    ws.context.store.update(pilot.id, to_json(replace(from_json(Pilot, record.body), goal=strict)), record.version)
    now = tuple(forbidden_by(one, strict) for one in ws.act.cards(project) or ())
    monkeypatch.setattr(Acting, "cards_of", lambda self, run: now)
    assert card_key(now[0]) != pilot.card.id
    assert [one.grade for one in ws.pilots.cards(project)].count("A") == 1
    assert "Measured by a pilot" in ws.decide.pilot_card_html(pilot.id)
    ws.pilots.take_back(pilot.id)
    assert "See its pilot" in [button.label for button in open_page("act", project).button]
    with pytest.raises(Conflict, match="This card has a pilot already"):
        ws.pilots.start(project, card_key(now[0]), PilotChoice())


def test_the_page_says_which_rows_a_pilot_can_draw(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those without an outcome, and none that another pilot has."""
    ws, project = page.workspace, page.project

    def asked(place: int) -> str:
        app = open_page("pilots", project)
        app.selectbox(key=f"pilot_card_{project}").set_value(page.key(place)).run()
        app.number_input(key=f"pilot_rows_{project}_{page.key(place)}").set_value(10**6).run()
        return texts(app)

    told = asked(0)
    assert re.search(r"can be drawn: those this card is about\.", told)
    assert "whose outcome is known" not in told
    ws.pilots.start(project, page.key(1), PilotChoice(rows=100))
    monkeypatch.setattr(type(ws.search), "drawn_from", lambda self, project: (200_000, 900_000))
    told = asked(0)
    assert "those this card is about that are in no other pilot, among 200,000 of the 900,000 rows; of a large" in told


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


@pytest.mark.parametrize("ids", [True, False])
def test_on_a_file_rows_of_a_running_pilot_are_left_to_it(
    page: Carded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ids: bool
) -> None:
    """The command knows rows of a file by their ids, and where a table has none by what they hold."""
    ws, project = page.workspace, page.project
    found = ws.act.found(project)
    monkeypatch.setattr(acting, "make_cards", lambda _: found)
    ws.files.write_table(ws.data.table(project).frame, tmp_path / "rows.csv")
    asked = (str(ws.share.bundle_path(project)), str(tmp_path / "rows.csv"), ws.act.goal_text(project))
    before = ws.files.act(*asked)
    pilot = ws.pilots.start(project, before.plan.actions[0].card, PilotChoice(rows=300))
    table = ws.pilots.assignment(pilot)
    arms = dict(zip(table["id_0"], table["arm"], strict=True))
    if not ids:
        record = ws.context.store.get(pilot.id)
        ws.context.store.update(pilot.id, to_json(replace(from_json(Pilot, record.body), id_columns=())), record.version)
    advice = ws.files.act(*asked)
    assert set(before.table["customer_id"].astype(str)) & set(arms)
    assert not set(advice.table["customer_id"].astype(str)) & set(arms)
    assert advice.actions.sentence.endswith(" rows of a running pilot are left out.")
    assert advice.plan.held > 0
    told = advice.plan_table["customer_id"].astype(str).map(arms).fillna("")
    assert set(told) == {"treat", ""}
    own = advice.plan_table["card"] == pilot.card.id
    assert own[told == "treat"].all()
    assert advice.plan_table["arm"].tolist() == told.tolist()
    assert all(advice.table[name].notna().all() for name in ("prediction", "reason_1"))


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


def _views(project: str) -> None:
    from pages.ui import decision_view, session

    workspace = session.workspace()
    decision_view.decision(project, workspace.act.goal(project))
    decision_view.provide(project)
    decision_view.plan(project)
    decision_view.recourse(project)
    for card in workspace.pilots.cards(project):
        decision_view.card_page(project, card)


def test_views_for_other_pages(page: Carded) -> None:
    app = AppTest.from_function(_views, args=(page.project,), default_timeout=120).run()
    assert not app.exception
    assert not app.error
    assert "by the outcomes that came" in texts(app)
    assert "one action each" in texts(app)
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


def test_the_rate_that_a_pilot_measured_is_offered_and_carried_into_the_range(page: Carded) -> None:
    """The list took 20 % for granted whatever was measured; cards, which do not rest on it, stay as they were found."""
    ws, project = page.workspace, page.project
    goal, stood = ws.act.goal(project), ws.act.cards(project)
    assert "measured that" not in texts(open_page("act", project))
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=300, seed=0))
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    found = ws.pilots.rates(project)[0]
    assert 0 < found.low < 0.6 < found.high
    try:
        app = open_page("act", project)
        assert plain(found.sentence) in texts(app)
        next(button for button in app.button if button.label == "Use it").click().run()
        assert not app.exception
        assert "The list uses it, with its range" in texts(app)
        share = next(field for field in app.number_input if field.label == "Share that acting turns, %")
        assert share.value == pytest.approx(100 * found.rate)
        next(button for button in app.button if button.label == "Save goal").click().run()
        used = ws.act.goal(project)
        assert (used.save_rate, used.save_range) == (found.rate, (found.low, found.high))
        assert ws.act.cards(project) == stood
        assert "of bad outcomes turn good, measured by a pilot, " in ws.act.actions(project).sentence
        share = next(field for field in app.number_input if field.label == "Share that acting turns, %")
        share.set_value(25.0).run()
        next(button for button in app.button if button.label == "Save goal").click().run()
        assert ws.act.goal(project).save_range == ()
    finally:
        ws.act.save_goal(project, goal)
