"""The class of several that the explain page speaks of: chosen once for all its tabs, and kept while the project is open."""
from __future__ import annotations

import streamlit as st

from automl_core.explaining.explanation import Explanation
from pages.ui import session
from pages.ui.theme import CHOICE_WIDTH
from pages.ui.words import cut, percent, quoted


def chosen(project: str) -> str:
    """The class that somebody chose; empty when nobody did, or when what is predicted has no such choice by now."""
    found: str = session.session().drafts.get(f"explain_class_{project}", "")
    classes = session.workspace().search.problem(project).classes if found else ()
    return found if len(classes) > 2 and found in classes else ""


def pick(project: str, explanation: Explanation) -> Explanation:
    """The choice, where there is one, and the explanation of the class chosen: `explanation` is that of the class spoken of
    unasked."""
    shares = dict(session.workspace().explain.classes(project))
    if not shares:
        return explanation
    label = chosen(project) if chosen(project) in shares else explanation.label
    key = f"class_of_{project}"
    st.selectbox("Class to explain", list(shares), index=list(shares).index(label), key=key, width=CHOICE_WIDTH,
                 format_func=lambda name: f"{cut(name, 40)} ({percent(shares[name])} of rows)",
                 on_change=_choose, args=(project, key),
                 help="All tabs speak of it. At the start it is the good outcome of the goal saved on the Act page, or else the "
                      "commonest class, unless three of four rows are of it.")
    return explanation if label == explanation.label else _explained(project, label)


def _choose(project: str, key: str) -> None:
    session.session().drafts[f"explain_class_{project}"] = session.widget(key)


def _explained(project: str, label: str) -> Explanation:
    """Kept, or made now, which is said."""
    explain = session.workspace().explain
    kept = explain.explanation(project, label)
    if kept is not None:
        return kept
    with st.spinner(f"Explaining {quoted(label, 40)}, once: it takes about five seconds", show_time=True):
        return explain.explain_class(project, label)
