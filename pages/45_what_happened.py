"""What happened

Which groups differ, and what a gap or a change is made of. No model is needed; with one, groups are explained, too.
"""
from __future__ import annotations

import streamlit as st

from pages.ui import cards, explain_class, findings_view, session

ws = session.workspace()
project = cards.need_project()
if ws.goal.problem(project) is None:
    cards.empty("No outcome chosen yet", "Findings speak of an outcome: say which column it is.", "goal", "Choose the outcome")
    st.stop()
if not ws.goal.fits(project):
    cards.empty("The outcome is not in this table", "The data were changed after the goal was set: say anew which column is the "
                "outcome.", "goal", "Choose the outcome")
    st.stop()

label = explain_class.counted(project)
found = ws.findings.found(project, label)
tabs = st.tabs(["Groups that differ", "Two groups", "Before and after"], on_change="rerun", key="happened_tab")
if tabs[0].open:
    with tabs[0]:
        findings_view.groups(project, found, label)
if tabs[1].open:
    with tabs[1]:
        findings_view.two_groups(project, label)
if tabs[2].open:
    with tabs[2]:
        findings_view.two_periods(project, label)

if found is not None or not tabs[0].open:
    explained = ws.search.last(project) is not None
    key, button = ("explain", "See what drives it") if explained else ("search", "Search for a model")
    words = "what moves the predictions, for all rows and for one." if explained else "a model that predicts the outcome."
    cards.next_step(key, button, words, primary=tabs[0].open)
