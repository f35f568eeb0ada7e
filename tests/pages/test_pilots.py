"""From a card to a pilot, its file, outcomes that come back, and grade A: through workspace and page."""
from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core import acting
from automl_core import jobs as queue
from automl_core.acting import Pilot, PilotChoice, card_key, forbidden_by
from automl_core.acting.action import Change
from automl_core.codec import from_json, to_json
from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.reporting import render
from automl_core.workspace import pilots as pilot_step
from automl_core.workspace.act import Acting
from automl_core.workspace.context import Recent
from automl_core.workspace.decide import planned_table
from automl_core.workspace.pilots import Piloting
from automl_core.workspace.ranked import Predictions
from pages.ui.pilot_view import not_offered
from pages.ui.words import plain
from tests.pages.conftest import LEVERS, PAGES, Carded, at_once, open_page, primary, texts
from tests.promises import PROMISES


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
    for tab in ("The list", "Worth", "One each", "One row", "Many rows"):
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
    files = set((ws.settings.home / "files").rglob("*"))
    with pytest.raises(BadInput):
        ws.pilots.upload(pilot.id, "notes.csv", b"a,b\n1,2\n")
    with pytest.raises(BadInput):
        ws.pilots.upload(pilot.id, "junk.xlsx", b"\x00\x01nothing")
    assert set((ws.settings.home / "files").rglob("*")) == files, "what is refused is not kept"
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


def test_a_pilot_that_another_session_started_while_rows_were_drawn_is_no_second_one(
    page: Carded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were kept, on the same rows."""
    ws, project, made, draw = page.workspace, page.project, [], acting.start_pilot

    def slow(*given: Any) -> Any:
        monkeypatch.setattr(acting, "start_pilot", draw)
        made.append(ws.pilots.start(project, page.key(1), PilotChoice(rows=100)))
        return draw(*given)

    monkeypatch.setattr(acting, "start_pilot", slow)
    with pytest.raises(Conflict, match="meantime"):
        ws.pilots.start(project, page.key(), PilotChoice(rows=100))
    assert [pilot.id for pilot in ws.pilots.all(project) if pilot.state == "running"] == [made[0].id]
    ws.pilots.cancel(made[0].id)


def test_a_pilot_says_nothing_of_the_same_card_for_another_outcome(page: Carded) -> None:
    """A card is known by what is changed for whom: the same change for another outcome, or the other class, is another thing."""
    ws, project = page.workspace, page.project
    measured = ws.pilots.start(project, page.key(), PilotChoice(rows=300))
    ws.pilots.upload(measured.id, "outcomes.csv", outcomes(page, measured.id, 0.3))
    assert next(card for card in ws.pilots.cards(project) if card.id == measured.card.id).grade == "A"
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
    assert "Its pilot is running until " in texts(act)
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


def test_where_cards_are_missing_the_page_says_why(page: Carded) -> None:
    """After a price was changed it said that no card can be tested and that more is to be named: none was made for the goal."""
    ws, project = page.workspace, page.project
    goal, changed = ws.act.goal(project), "The goal was changed since cards were made: look for actions again."
    try:
        ws.act.save_goal(project, replace(goal, value=901.0))
        assert changed in texts(open_page("pilots", project))
        ws.act.save_goal(project, goal)
        ws.pilots.start(project, page.key(), PilotChoice(rows=100))
        ws.act.save_goal(project, replace(goal, value=901.0))
        told = texts(open_page("pilots", project))
        assert changed in told
        assert "name more that you can change" not in told
        job = ws.act.start(project)
        app = open_page("pilots", project)
        assert "Clarion is looking for actions: cards that can be tested follow." in texts(app)
        assert app.button(key=f"cancel_{job.id}").label == "Cancel"
        ws.jobs.stop(job.id, "cancel")
    finally:
        ws.act.save_goal(project, goal)


def test_what_is_typed_for_a_pilot_stays_while_another_card_or_page_is_looked_at(page: Carded) -> None:
    """It was back at as many rows as needed, half and no seed, for the first card: other rows were drawn than asked for."""
    project, key = page.project, page.key(1)

    def fields(app: Any) -> list[Any]:
        assert not app.exception
        shown = [app.number_input(key=f"pilot_{name}_{project}_{key}").value for name in ("rows", "days", "seed")]
        return [*shown, app.selectbox(key=f"pilot_share_{project}_{key}").value]

    app = open_page("pilots", project)
    app.selectbox(key=f"pilot_card_{project}").set_value(key).run()
    for name, value in (("rows", 60), ("days", 60), ("seed", 7)):
        app.number_input(key=f"pilot_{name}_{project}_{key}").set_value(value)
    app.selectbox(key=f"pilot_share_{project}_{key}").set_value("Two thirds").run()
    typed = [60, 60, 7, "Two thirds"]
    assert fields(app) == typed
    for card in (page.key(), key):
        app.selectbox(key=f"pilot_card_{project}").set_value(card).run()
    assert fields(app) == typed
    for name in ("act", "pilots"):
        app.switch_page(PAGES[name]).run()
    assert app.selectbox(key=f"pilot_card_{project}").value == key
    assert fields(app) == typed
    app.button(key=f"start_pilot_{key}").click().run()
    (pilot,) = [one for one in page.workspace.pilots.all(project) if one.state == "running"]
    assert pilot.treated + pilot.held == 60
    page.workspace.pilots.cancel(pilot.id)
    again = app.run()
    again.selectbox(key=f"pilot_card_{project}").set_value(key).run()
    assert fields(again) == [None, page.workspace.act.cards(project)[1].days or 30, None, "Half"]  # type: ignore[index]


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
    assert "By the file “early\\.csv”" in texts(early)
    seen = ws.pilots.get(pilot.id).sent
    ws.pilots.upload(pilot.id, "other.csv", outcomes(page, pilot.id, -0.3))  # from another tab
    with pytest.raises(Conflict, match="Other outcomes were sent since"):
        ws.pilots.decide(pilot.id, seen)
    ws.pilots.upload(pilot.id, "early.csv", outcomes(page, pilot.id, 0.3))
    early = open_page("pilots", project)
    early.button(key=f"decide_{pilot.id}").click().run()
    assert not early.exception
    assert "This was decided before outcomes were due" in texts(open_page("pilots", project))
    assert next(card for card in ws.pilots.cards(project) if card.id == pilot.card.id).grade == "A"
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


def test_the_size_of_a_pilot_draws_its_form_anew_and_looks_at_the_table_once(
    page: Carded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each figure typed, and each click elsewhere on the page, copied the whole table, twice."""
    ws, project = page.workspace, page.project
    looked: list[str] = []
    look = type(ws.search).drawable
    monkeypatch.setattr(type(ws.search), "drawable", lambda self, run: looked.append(run.id) or look(self, run))
    key = page.key()
    small, large = (ws.pilots.plan(project, key, PilotChoice(rows=rows)) for rows in (60, 100))
    assert small.treated + small.held == 60
    assert large.treated + large.held == 100
    assert len(looked) <= 1
    assert ws.pilots.plan(project, key, PilotChoice(rows=60)) is small
    assert ws.pilots.open_rows(project, key) == ws.pilots.open_rows(project, key)
    looked.clear()
    assert not open_page("pilots", project).exception
    assert not looked
    other = ws.pilots.start(project, page.key(1), PilotChoice(rows=100))
    after = ws.pilots.plan(project, key, PilotChoice(rows=60))
    assert after.available <= small.available
    assert after is not small, "a running pilot takes rows away"
    ws.pilots.cancel(other.id)


def test_the_chance_of_a_pilot_does_not_rest_on_what_a_model_says_of_rows_that_taught_it(
    page: Carded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the final model says of its own rows is good enough to deal by, and no forecast of them."""
    ws, run = page.workspace, page.workspace.search.needed(page.project)
    made = ws.search.drawable(run)
    other = np.arange(len(made.y)) % 2 == 1
    half = replace(made, oof=made.oof[~other], positions=made.positions[~other], y=made.y[~other])
    learned = replace(made, oof=np.where(other & np.isfinite(made.y), made.y, made.oof))  # what came of half

    def chance(told: Predictions, unseen: Predictions) -> float:
        monkeypatch.setattr(type(ws.search), "drawable", lambda *_: told)
        monkeypatch.setattr(type(ws.search), "ranked", lambda *_: unseen)
        fresh = replace(ws.pilots, drawable=Recent(2), planned=Recent(2), opened=Recent(2))
        return fresh.plan(page.project, page.key(), PilotChoice(rows=60)).chance

    honest = chance(made, half)
    assert chance(learned, half) == honest
    assert chance(learned, learned) > honest


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


def test_a_second_press_starts_no_pilot_of_the_next_card(page: Carded) -> None:
    """The button was one and the same for all cards: after the first press it stood under the next card, and took the second."""
    app = open_page("pilots", page.project)

    def start() -> Any:
        return next(button for button in app.button if button.label == "Start the pilot")

    pressed = start().proto.id
    start().click().run()
    assert not app.error
    assert start().proto.id != pressed


def test_a_result_is_taken_back_after_a_question(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """One press emptied the result and the outcomes that were sent."""
    ws, project = page.workspace, page.project
    pilot = ws.pilots.start(project, page.key(), PilotChoice(rows=300))
    ws.pilots.upload(pilot.id, "outcomes.csv", outcomes(page, pilot.id, 0.3))
    app = open_page("pilots", project)
    app.button(key=f"back_{pilot.id}").click().run()
    assert ws.pilots.get(pilot.id).state == "raised", "asked first"
    assert app.button(key="confirm_yes").label == "Take it back"
    asked = at_once(monkeypatch)
    app.button(key=f"back_{pilot.id}").click().run()
    assert "“outcomes\\.csv”" in asked[0]
    assert ws.pilots.get(pilot.id).state == "running"


def test_actions_can_be_looked_for_again_and_a_failure_is_told(page: Carded) -> None:
    """Old cards say “look for actions again”, but the button was drawn only where there was no card."""
    ws, project = page.workspace, page.project
    app = open_page("act", project)
    again = app.button(key="find_actions")
    assert (again.label, again.proto.type) == ("Look again", "secondary")
    again.click().run()
    (job,) = ws.jobs.active(project)
    assert job.kind == "act"
    leased = queue.lease(ws.context.store, job_id=job.id)
    assert leased is not None
    queue.fail(ws.context.store, job.id, "The memory did not last.", leased.attempts)
    app = open_page("act", project)
    assert "The memory did not last" in app.error[0].value
    assert ws.act.cards(project)
    assert app.button(key="find_actions").label == "Look again"
    ws.jobs.stop(ws.act.start(project).id, "cancel")
    assert not open_page("act", project).error
