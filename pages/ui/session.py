"""What one browser tab remembers, and the workspace all tabs share. The only module that touches `st.session_state`.

What must survive lives in the store; what is worth sharing lives in the URL (`?project=`); only drafts live here.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import streamlit as st

from automl_core import Workspace
from pages.ui import theme


@dataclass
class Session:
    """Drafts of one tab. `shown_once` holds secrets until the page is left; `round` renews upload widgets."""

    project: str = ""
    page: str = ""
    round: int = 0
    shown_once: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    drafts: dict[str, Any] = field(default_factory=dict)


@cache
def workspace() -> Workspace:
    """The one workspace of this server, shared by all tabs, the REST interface and the report links."""
    return Workspace.open()


def session() -> Session:
    """This tab’s session."""
    found: Session = st.session_state.setdefault("clarion", Session())
    return found


def project_id() -> str:
    """The project this tab works on: the URL’s, else the one used last. Both are kept equal."""
    state = session()
    asked = st.query_params.get("project", "")
    if asked and asked != state.project:
        open_project(asked)
    elif state.project and not asked:
        st.query_params["project"] = state.project
    return state.project


def open_project(identity: str) -> None:
    """Work on this project from now on; drafts of the one before are dropped. An empty id closes it."""
    state = session()
    if state.project != identity:
        state.drafts.clear()
        state.shown_once.clear()
    state.project = identity
    if identity:
        st.query_params["project"] = identity
    else:
        st.query_params.pop("project", None)


def enter(page: str) -> None:
    """This tab shows that page now; secrets shown on another one are forgotten."""
    state = session()
    if state.page != page:
        state.shown_once.clear()
    state.page = page


def note(sentence: str) -> None:
    """Say this (already escaped) sentence once, after the next rerun."""
    session().notes.append(sentence)


def say_notes() -> None:
    """Show and forget the noted sentences."""
    notes = session().notes
    while notes:
        st.toast(notes.pop(0), icon=":material/check:")


def palette() -> theme.Palette:
    """The palette of the mode this browser shows."""
    return theme.palette(st.context.theme.type)


def widget(key: str) -> Any:
    """What a widget said last: in a callback of its own, or before it is drawn."""
    return st.session_state.get(key)
