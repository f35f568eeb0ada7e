"""What an ended pilot measured, offered in the goal form in place of an estimate."""
from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from automl_core.acting import MeasuredRate
from automl_core.acting.action import Goal
from pages.ui import session
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import plain

MOST_OFFERED = 3


def offered(project: str, goal: Goal, saved: Goal, key: str) -> MeasuredRate | None:
    """The measured rate that was just chosen, if any. What pilots measured is told with a button each, unless it is in use; it is
    of the outcome that the saved goal wants."""
    if goal.good != saved.good:
        return None
    chosen = None
    for place, found in enumerate(session.workspace().pilots.rates(project)[:MOST_OFFERED]):
        used = goal.save_range == (found.low, found.high) and math.isclose(goal.save_rate, found.rate)
        with st.container(horizontal=True, vertical_alignment="center"):
            words = f"{found.sentence} {'The list uses it, with its range.' if used else ''}"
            st.caption(plain(words.strip(), 400), width=TEXT_WIDTH)
            if not used and st.button("Use it", key=f"{key}_rate_{place}", icon=":material/science:"):
                chosen = found
    return chosen


def still_measured(project: str, draft: Goal, start: Goal) -> Goal:
    """The draft without the range of its rate where what was measured is not what it is about any more: another outcome is
    wanted than in the goal that the form started from, or what was changed in the pilot can be changed no longer."""
    if not draft.save_range or draft.good != start.good:
        return replace(draft, save_range=())
    levers = {lever.column for lever in draft.levers}
    of_it = [found for found in session.workspace().pilots.rates(project) if (found.low, found.high) == draft.save_range]
    gone = bool(of_it) and not any(found.levers <= levers for found in of_it)
    return replace(draft, save_range=()) if gone else draft
