"""The tabs about rows to act on. They are a fragment, and so is the body of a tab in which something is chosen: a choice draws
again what it changes, not the page or the tabs around it."""
from __future__ import annotations

import streamlit as st

from automl_core.acting.action import Goal
from pages.ui import act_view, decision_view, recourse_view
from pages.ui.border import border


@st.fragment
def tabs(project: str, goal: Goal) -> None:
    """One tab’s body at a time."""
    drawn = st.tabs(["The list", "Worth", "One each", "One row", "Many rows"], on_change="rerun", key="act_tab")
    if drawn[0].open:
        with drawn[0], border(), st.spinner("Ranking the rows", show_time=True):
            act_view.action_list(project, goal)
    if drawn[1].open:
        with drawn[1], border():
            if decision_view.provide(project):
                st.subheader("What the list is worth", anchor=False)
            decision_view.decision(project, goal)
    if drawn[2].open:
        with drawn[2], border():
            decision_view.plan(project)
    if drawn[3].open:
        with drawn[3], border():
            recourse_view.one_row(project)
    if drawn[4].open:
        with drawn[4], border():
            recourse_view.many_rows(project)
