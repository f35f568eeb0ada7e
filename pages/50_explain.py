"""Explain

What drives the answers, in your own columns: for all rows, for a single one, what would happen if, and where it fails.
"""
from __future__ import annotations

import streamlit as st

from pages.ui import cards, explain_class, explain_tabs
from pages.ui.session import workspace
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import lead, plain

ws = workspace()
project = cards.need_project()
explanation = ws.explain.explanation(project)
if explanation is None:
    cards.empty("No model to explain yet", "The explanation is made at the end of a search.", "search", "Start a search")
    st.stop()

explanation = explain_class.pick(project, explanation)
st.markdown(lead(explanation.sentence), width=TEXT_WIDTH)
run = ws.search.last(project)
if run and run.summary and run.summary.computed_words:
    st.caption(plain(f"{run.summary.computed_words} What these say counts for the columns they are made from.", 2_000),
               width=TEXT_WIDTH)
explain_tabs.tabs(project, explanation)
cards.next_step("act", "Decide what to do", "groups that stand out, and the rows worth acting on first.")
