"""Act

Who stands out, and which rows to act on first with the hands and the money you have.
"""
from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from pages.ui import act_buttons, act_form, act_tabs, act_view, act_words, cards, charts, experiment_view, progress, session
from pages.ui.border import border
from pages.ui.search_view import ended_early
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import count, plain

ws = session.workspace()
project = cards.need_project()
if ws.search.last(project) is None:
    cards.empty("No model to act on yet", "Actions rest on the predictions of a model.", "search", "Start a search")
    st.stop()

goal = ws.act.goal(project)
problem = ws.search.problem(project)
left_out = problem.excluded  # a treatment of an experiment may be among them: nobody can change it
shown = replace(goal, levers=tuple(lever for lever in goal.levers if lever.column not in left_out))
segments = ws.act.segments(project)
found = ws.act.found(project)
if found is not None:
    found = replace(found, cards=ws.pilots.cards(project))  # as they stand after their pilots
going = ws.act.ongoing(project)
running = going.here
st.subheader("What acting means here", anchor=False)
act_form.summary(shown, problem.task == "regression")
if gone := act_words.gone(ws.act.gone(project)):
    st.caption(gone)
if unseen := act_words.unseen(ws.act.unseen(project)):
    st.caption(unseen)
form = st.expander("Change what is wanted, what it is worth and what you can change",
                   expanded=not shown.levers or act_form.unsaved(project))
find_actions = find_groups = None

st.subheader("What you could change", anchor=False)
with border():
    if running is None and (segments is None or (found is None and shown.levers)):
        ended_early(project, ws.search.state(project), "")
    if running:
        if going.outdated:
            st.caption(act_words.coming(going, ""))
        progress.watch(running)
    elif found and shown.levers:
        act_view.action_cards(project, found, goal)
        progress.failure(project, "act", ws.act.asked_for(project))
        find_actions = st.container()
    elif shown.levers:
        progress.failure(project, "act", ws.act.asked_for(project))
        with st.container(border=True):
            st.markdown("Clarion compares rows that got each change with rows like them that did not.", width=TEXT_WIDTH)
            if ws.act.of_another_model(project):
                st.markdown(act_words.MADE_AGAIN, width=TEXT_WIDTH)
            act_view.former_cards(ws.pilots.former(project))
            find_actions = st.container()
    else:
        st.markdown("Name at least one column above that somebody can change, then save: cards say for whom a change is worth "
                    "it.", width=TEXT_WIDTH)
    if going.elsewhere is not None and running is None:
        progress.of_another(going.elsewhere)

with border():
    experiment_view.section(project, goal, going)

st.subheader("Rows to act on", anchor=False)
rows = st.container()

st.subheader("Groups that stand out", anchor=False)
with border():
    if running:
        st.caption("These are looked for, too.")
    elif segments is None:
        if not shown.levers:
            progress.failure(project, "act", ws.act.asked_for(project))
        with st.container(border=True):
            st.markdown("Groups are found on one half of the rows and kept only when the other half confirms them.",
                        width=TEXT_WIDTH)
            find_groups = st.container()
    elif not segments.looked_at:
        st.markdown(plain(segments.why_none), width=TEXT_WIDTH)
    elif not segments.segments:
        st.markdown(f"No group differs from the rest by more than chance: {count(segments.looked_at)} were looked at, none was "
                    "confirmed.", width=TEXT_WIDTH)
    else:
        st.markdown(f"{count(segments.looked_at, 'group')} looked at, {count(segments.tested)} tested, "
                    f"{count(len(segments.segments))} confirmed on rows that were not used to find them."
                    + (f" {plain(segments.note)}" if segments.note else ""), width=TEXT_WIDTH)
        cards.show(charts.segments(segments, session.palette()), "segments")
        with st.expander("In words"):
            cards.sentences([item.sentence for item in segments.segments])

if going.elsewhere is not None:  # one after the other: each takes all processors
    find_actions = find_groups = None
places = act_buttons.Places(
    st.container(), find_actions, find_groups, again=found is not None, groups_first=not shown.levers or bool(found),
    next_first=segments is not None and running is None and bool(found or not shown.levers))
with form:  # now, because it draws these buttons into their places
    act_form.form(project, goal, partial(act_buttons.draw, project, places))
with rows:  # last, because ranking them may take a while at first
    act_tabs.tabs(project, goal)
