"""The tabs of the explain page. They are a fragment, and so is the body of a tab in which something is chosen: a choice draws
again what it changes, not the page or the tabs around it."""
from __future__ import annotations

import streamlit as st

from automl_core.explaining.explanation import Explanation
from pages.ui import explain_view, row_view, session, what_if_view
from pages.ui.border import border

# Short enough that no tab lies behind an arrow on a phone (390 px).
TABS = ("All rows", "One column", "Pairs", "One row", "What if", "Failures")


@st.fragment
def tabs(project: str, explanation: Explanation) -> None:
    """One tab’s body at a time; the whole page anew where what is kept by now is another explanation than that of the page: a
    closer look may have ended while nobody watched it, or another model have been handed over."""
    kept = session.workspace().explain.explanation(project, explanation.label)
    if kept is not None and _told(kept) != _told(explanation):
        st.rerun()
    drawn = st.tabs(list(TABS), on_change="rerun", key="explain_tab")
    for name, tab in zip(TABS, drawn, strict=True):
        if tab.open:
            with tab, border():
                _body(name, project, explanation)


def _told(explanation: Explanation) -> tuple[str, str, int]:
    return explanation.sentence, explanation.measured, explanation.refits


def _body(name: str, project: str, explanation: Explanation) -> None:
    if name == "All rows":
        explain_view.all_rows(project, explanation)
    elif name == "One column":
        explain_view.one_column(project, explanation)
    elif name == "Pairs":
        explain_view.interactions(project, explanation)
    elif name == "One row":
        row_view.one_row(project)
    elif name == "What if":
        what_if_view.what_if(project, explanation)
    else:
        explain_view.weak_spots(project, explanation)
