"""Explain

What drives the answers, in your own columns: for all rows, for a single one, what would happen if, and where it fails.
"""
from __future__ import annotations

import streamlit as st

from pages.ui import cards, explain_view, what_if_view
from pages.ui.session import workspace
from pages.ui.words import plain

ws = workspace()
project = cards.need_project()
explanation = ws.explain.explanation(project)
if explanation is None:
    cards.empty("No model to explain yet", "The explanation is made at the end of a search.", "search", "Start a search")
    st.stop()

st.markdown(f"**{plain(explanation.sentence)}**", width=720)
TABS = ["All rows", "One column", "Interactions", "One row", "What if", "Where it fails"]
tabs = st.tabs(TABS, on_change="rerun", key="explain_tab")
if tabs[0].open:
    with tabs[0]:
        explain_view.all_rows(project, explanation)
if tabs[1].open:
    with tabs[1]:
        explain_view.one_column(project, explanation)
if tabs[2].open:
    with tabs[2]:
        explain_view.interactions(project, explanation)
if tabs[3].open:
    with tabs[3]:
        explain_view.one_row(project)
if tabs[4].open:
    with tabs[4]:
        what_if_view.what_if(project, explanation)
if tabs[5].open:
    with tabs[5]:
        explain_view.weak_spots(project)

cards.next_step("act", "Decide what to do", "groups that stand out, and the rows worth acting on first.")
