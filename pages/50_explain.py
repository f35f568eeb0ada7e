"""Explain

What drives the answers, in your own columns: for all rows, for a single one, and what would happen if.
"""
from __future__ import annotations

import streamlit as st

from pages.ui import cards, charts, explain_view, session
from pages.ui.words import count, plain

ws = session.workspace()
project = cards.need_project()
explanation = ws.explain.explanation(project)
if explanation is None:
    cards.empty("No model to explain yet", "The explanation is made at the end of a search.", "search", "Start a search")
    st.stop()

st.markdown(f"**{plain(explanation.sentence)}**", width=720)
tabs = st.tabs(["All rows", "One row", "What if"], on_change="rerun", key="explain_tab")
if tabs[0].open:
    with tabs[0]:
        cards.show(charts.importance(explanation, session.palette()), "importance")
        st.caption(
            f"Measured on {count(explanation.rows, 'row')}. A column the model relies on goes along with the outcome; "
            "it need not cause it."
        )
        explain_view.stability(explanation)
        if explanation.shapes:
            st.subheader("One column at a time", anchor=False)
            names = [shape.column for shape in explanation.shapes]
            chosen = st.selectbox("Column", names, key="shape_column")
            shape = next((item for item in explanation.shapes if item.column == chosen), explanation.shapes[0])
            cards.show(charts.shape(shape, explanation.units, session.palette()), "shape")
if tabs[1].open:
    with tabs[1]:
        explain_view.one_row(project)
if tabs[2].open:
    with tabs[2]:
        explain_view.what_if(project)

cards.next_step("act", "Decide what to do", "groups that stand out, and the rows worth acting on first.")
