"""The buttons of the act page that stand back while its form is not saved: the one to press then is Save."""
from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import cards, session
from pages.ui.border import border


@dataclass(frozen=True)
class Places:
    """Where they stand on the page, None where there is nothing to look for, whether it is to look `again`, and whose turn it
    is."""

    next: DeltaGenerator
    actions: DeltaGenerator | None = None
    groups: DeltaGenerator | None = None
    again: bool = False
    groups_first: bool = False
    next_first: bool = False


def draw(project: str, places: Places, changed: bool) -> None:
    """Draw them where they belong; none is the first thing to do while the form is `changed`."""
    if places.actions is not None:
        label = "Look again" if places.again else "Look for actions"
        _look(project, places.actions, label, not (changed or places.again), "find_actions")
    if places.groups is not None:
        _look(project, places.groups, "Look for groups", places.groups_first and not changed, "find_groups")
    with places.next:
        cards.next_step("share", "Share it with a manager", "one page with the answer, the money and how sure it is.",
                        primary=places.next_first and not changed)


def _look(project: str, place: DeltaGenerator, label: str, first: bool, key: str) -> None:
    icon = ":material/bolt:" if key == "find_actions" else ":material/travel_explore:"
    with place:
        if st.button(label, type="primary" if first else "secondary", icon=icon, key=key):
            with border():
                session.workspace().act.start(project)
                st.rerun()
