"""Pilots

Test a card on a few rows before you trust it: chance decides who gets the change, and outcomes decide what the card is worth.
"""
from __future__ import annotations

import streamlit as st

from automl_core.workspace.pilots import card_key, pilot_key
from pages.ui import act_words, cards, nav, pilot_view, progress, search_view, session
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import count

ws = session.workspace()
project = cards.need_project()
if ws.search.last(project) is None:
    cards.empty("Nothing to test yet", "A pilot tests an action card, and cards rest on a model.", "search", "Start a search")
    st.stop()

pilots = ws.pilots.all(project)
open_ones = [pilot for pilot in pilots if pilot.state == "running"]
states = {pilot_key(pilot): pilot.state for pilot in reversed(ws.pilots.about(project)) if pilot.state != "cancelled"}
made = ws.act.cards(project)
testable = [card for card in made or () if card.grade in ("B", "C")]
usable = [card for card in testable if card_key(card) not in states]
record = ws.pilots.record(project)
levers = ws.act.goal(project).levers
going = ws.act.ongoing(project)
making = going.here if made is None and levers else None  # without levers a search finds groups alone
again = ""
if ws.act.of_another_model(project):
    again = act_words.MADE_AGAIN
elif made is None and levers:
    again = act_words.GOAL_CHANGED if ws.act.former(project) is not None else act_words.NOT_MADE

if record.items or record.early:
    pilot_view.kept(record)
if open_ones:
    st.subheader("Running", anchor=False)
    for pilot in open_ones:
        pilot_view.running(pilot)
if made is None and going.here is None:
    search_view.ended_early(project, ws.search.state(project))
if usable or pilots or making:
    st.subheader("Start a pilot" if not pilots else "Start another pilot", anchor=False)
    if making:
        st.caption(act_words.coming(going, "cards that can be tested follow"))
        progress.watch(making)
    elif why := again or pilot_view.not_offered(testable, states):
        st.markdown(why, width=TEXT_WIDTH)
if usable:
    pilot_view.start(project, usable)
elif pilots or making:
    st.page_link(nav.make_page(nav.page_file("act")), label="Go to the action cards", icon=":material/bolt:",
                 query_params={"project": project})
else:
    say = "Say on the act page what you can change and what it costs; cards of grade B or C can be tested here."
    cards.empty("No card to test yet", again or say, "act", "Go to the action cards")
past = [pilot for pilot in pilots if pilot.state != "running"]
if past:
    st.subheader("Ended", anchor=False)
    st.caption(f"{count(len(past), 'pilot')}, newest first.")
    for pilot in past:
        pilot_view.ended(pilot)
st.page_link(nav.make_page(nav.page_file("act")), label="Measure an experiment you have run already",
             icon=":material/labs:", query_params={"project": project})
if usable or pilots:
    cards.next_step("share", "Share it with a manager", "one page with the answer, the money and how sure it is.",
                    primary=not usable)
