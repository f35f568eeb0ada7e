"""How many rows at risk can be brought to the goal, and at what cost: a part of the act page."""
from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from automl_core.acting import RecourseSummary
from pages.ui import cards, pilot_charts, session
from pages.ui.border import border
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import lead, money, percent

DIRECTIONS = {"up": ", raised", "down": ", lowered", "": ""}


@border()
def many_rows(project: str) -> None:
    """Of many rows what is told of one below; nothing where nobody said what can be changed, which is said there."""
    ws = session.workspace()
    goal = ws.act.goal(project)
    if not goal.levers:
        return
    made = ws.decide.recourse_summary(project)
    if made is None:
        running = ws.act.ongoing(project).here
        st.caption("How many rows can be brought to the goal, and at what cost, is worked out "
                   + ("with the cards." if running else "with the cards: look for actions above."))
        return
    with st.container(border=True):
        st.markdown(lead(made.sentence), width=TEXT_WIDTH)
        if made.curve and made.curve[-1].cost:
            cards.show(pilot_charts.recourse(made, goal.currency, session.palette()), "reach")
        if made.levers and made.looked:
            cards.table(alone(made, goal.currency), "What each change does alone", "reach_levers")
        if made.looked:
            st.caption("The limits are those of the ways for one row below: only values that similar rows have, and up to three "
                       "changes together. The final model is asked, which may have learned from these rows. What it expects "
                       "is no promise: a pilot measures what a change does.")


def alone(made: RecourseSummary, currency: str) -> pd.DataFrame:
    """What each lever does alone, as it is shown: one line a lever, of a number one a direction."""
    return pd.DataFrame([{
        "Changed alone": lever.column + DIRECTIONS[lever.direction], "Brings there": percent(lever.share),
        "Median cost": "–" if math.isnan(lever.median_cost) else money(lever.median_cost, currency)} for lever in made.levers])
