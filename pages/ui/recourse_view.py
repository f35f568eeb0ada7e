"""What brings rows to the goal within their limits, for one row and for many: parts of the act page."""
from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from automl_core.acting import RecourseAsk, RecourseSummary
from automl_core.errors import BadInput
from pages.ui import act_words, cards, pilot_charts, row_view, session, what_if_view
from pages.ui.border import border
from pages.ui.theme import FIELD_WIDTH, TEXT_WIDTH
from pages.ui.words import count, lead, money, number, percent, plain, quoted

DIRECTIONS = {"up": ", raised", "down": ", lowered", "": ""}


@st.fragment
@border()
def one_row(project: str) -> None:
    """What could change for one row, chosen here, to reach the goal within its limits."""
    ws = session.workspace()
    goal = ws.act.goal(project)
    if not goal.levers:
        _nothing_yet()
        return
    position = row_view.pick_row(project)
    numbers = ws.search.problem(project).task == "regression"
    with st.grid(2, min_column_width=FIELD_WIDTH):
        if numbers:
            asked = st.number_input("Number to reach", value=None, key=f"reach_{project}", placeholder="the median of past rows")
            target = math.nan if asked is None else float(asked)
        else:
            share = st.number_input(f"Probability of {quoted(goal.good, 30)} to reach, %", 1, 99, None, key=f"reach_{project}",
                                    placeholder="what turns the answer")
            target = math.nan if share is None else share / 100
        most = st.segmented_control("Changes at most", [1, 2, 3], default=3, required=True, key=f"most_{project}")
    with border(), st.spinner("Looking for ways", show_time=True):
        try:
            found = ws.decide.recourse(project, position, RecourseAsk(target, int(most or 3)))
        except BadInput as error:
            st.info(f"{plain(error.message)} {plain(error.hint)}", icon=":material/info:")
            return
        st.markdown(lead(found.sentence), width=TEXT_WIDTH)
        for place, option in enumerate(found.options):
            with st.container(border=True, key=f"way_{place}"):
                st.markdown(f"**Way {place + 1}**" + (f" · {plain(money(option.cost, goal.currency))}" if option.cost else ""))
                for move in option.moves:
                    st.markdown(f"{quoted(move.column)}: {quoted(move.from_text)} → {quoted(move.to_text)}", width=TEXT_WIDTH)
                words = number if numbers else percent
                st.caption(plain(f"{words(option.before)} now, {words(option.after)} then"))
        st.caption(f"{count(found.tried, 'combination')} of your allowed values tried, cheapest first. A list of things to try, "
                   f"not a promise. It asks {row_view.whose(project, position)}")
        what_if_view.kept_still(project, tuple(lever.column for lever in goal.levers))


@border()
def many_rows(project: str) -> None:
    """How many rows at risk can be brought to the goal, and at what cost."""
    ws = session.workspace()
    goal = ws.act.goal(project)
    if not goal.levers:
        _nothing_yet()
        return
    made = ws.decide.recourse_summary(project)
    if made is None:
        going = ws.act.ongoing(project)
        then = f". {act_words.coming(going, '')}" if going.outdated else "." if going.here else ": look for actions above."
        st.caption(f"How many rows can be brought to the goal, and at what cost, is worked out with the cards{then}")
        return
    with st.container(border=True):
        st.markdown(lead(made.sentence), width=TEXT_WIDTH)
        if made.curve and made.curve[-1].cost:
            cards.show(pilot_charts.recourse(made, goal.currency, session.palette()), "reach")
        if made.levers and made.looked:
            cards.table(alone(made, goal.currency), "What each change does alone", "reach_levers")
        if made.looked:
            st.caption("The limits are those of the ways for one row: only values that similar rows have, and up to three "
                       "changes together. The final model is asked, which may have learned from these rows. What it expects "
                       "is no promise: a pilot measures what a change does.")


def alone(made: RecourseSummary, currency: str) -> pd.DataFrame:
    """What each lever does alone, as it is shown: one line a lever, of a number one a direction."""
    return pd.DataFrame([{
        "Changed alone": lever.column + DIRECTIONS[lever.direction], "Brings there": percent(lever.share),
        "Median cost": "–" if math.isnan(lever.median_cost) else money(lever.median_cost, currency)} for lever in made.levers])


def _nothing_yet() -> None:
    cards.empty("Nothing can be changed yet", "Name above, under “What you can change”, the columns that somebody decides, "
                "say to which values and at what cost, and save the goal.")
