"""Fairness

How the model’s answers and errors differ between groups of people, when you name the columns that tell them.
"""
from __future__ import annotations

import streamlit as st

from pages.ui import cards, fairness_view, session
from pages.ui.border import border

ws = session.workspace()
project = cards.need_project()
if ws.search.last(project) is None:
    cards.empty("No model to look at yet", "This compares the predictions of a model by group.", "search", "Start a search")
    st.stop()

declared = ws.fairness.declared(project)
with border():
    fairness_view.declare(project, declared)
if declared:
    with border():
        fairness_view.audit(project, declared)
cards.next_step("act", "Decide what to do", "groups that stand out, and the rows worth acting on first.", primary=bool(declared))
