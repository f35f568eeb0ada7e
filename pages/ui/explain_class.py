"""The class of several that pages speak of: chosen once, on Explain or on What happened, and kept while the project is open."""
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
    _choice(project, ("Class to explain", "class_of"), shares, label,
            "All tabs speak of it. At the start it is the good outcome of the goal saved on the Act page, or else the "
            "commonest class, unless three of four rows are of it.")
    return explanation if label == explanation.label else _explained(project, label)


def counted(project: str) -> str:
    """The class that is counted where things are told that happened, with the choice; empty where there is nothing to choose."""
    findings = session.workspace().findings
    shares = dict(findings.classes(project))
    if not shares:
        return ""
    found: str = session.session().drafts.get(f"explain_class_{project}", "")
    label = found if found in shares else findings.unasked(project)
    _choice(project, ("Class to count", "class_counted"), shares, label,
            "All tabs count the rows of this class, and Explain speaks of it. At the start it is the good outcome of the goal "
            "saved on the Act page, or else the commonest class, unless three of four rows are of it.")
    return label


def _choice(project: str, named: tuple[str, str], shares: dict[str, float], label: str, tip: str) -> None:
    title, key = named[0], f"{named[1]}_{project}"
    st.selectbox(title, list(shares), index=list(shares).index(label), key=key, width=CHOICE_WIDTH, on_change=_choose,
                 format_func=lambda name: f"{cut(name, 40)} ({percent(shares[name])} of rows)", args=(project, key), help=tip)


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
