"""Parts of the act page: the goal of acting, the ranked list, and the action cards."""
from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from automl_core.acting.action import ActionCard, Goal
from automl_core.registry import Field
from pages.ui import cards, charts, forms, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.explain_view import digits
from pages.ui.words import count, cut, interval, label, money, number, percent, plain, quoted, signed

GRADES = {"A": "Tested in an experiment", "B": "Well supported", "C": "Worth a pilot", "D": "Only a hint"}
FIELDS = (
    Field("value", "Worth of one outcome turned good", "number", 0.0, minimum=0, help="In money, for each row that is turned."),
    Field("contact_cost", "Cost of acting on one row", "number", 0.0, minimum=0),
    Field("save_rate", "Share that acting turns, %", "number", 20.0, minimum=0, maximum=100,
          help="Your estimate until a pilot has measured it."),
    Field("capacity", "Rows you can act on", "integer", 0, minimum=0,
          help="0 sets no limit: with money every row worth its cost, without money a tenth of the rows."),
    Field("budget", "Money you can spend", "number", 0.0, minimum=0, help="0 means no limit."),
    Field("currency", "Currency", "text", "€"),
)


def goal_form(project: str, goal: Goal) -> Goal:
    """Edit and save the goal of acting; the saved one is returned."""
    problem = session.workspace().goal.problem(project)
    classes = problem.classes if problem and problem.classes else ("low", "high")
    words = f"Wanted outcome: {quoted(goal.outcome)} is **{plain(goal.good)}**"
    words += f", worth {plain(money(goal.value, goal.currency))} each." if goal.value else ". No money was given yet."
    st.markdown(words, width=720)
    with st.expander("Change the outcome, the money or the capacity"):
        with st.form("goal_form"):
            good = st.selectbox("Wanted outcome", classes, index=classes.index(goal.good) if goal.good in classes else 0)
            given = {item.name: getattr(goal, item.name) for item in FIELDS} | {"save_rate": 100 * goal.save_rate}
            with st.grid(3, min_column_width=200):
                values = forms.fields(FIELDS, f"goal_{project}", given)
            saved = st.form_submit_button("Save")
        if saved:
            with border():
                amounts = {item.name: float(values[item.name] or 0) for item in FIELDS if item.kind == "number"}
                wanted = replace(
                    goal, good=str(good), value=amounts["value"], contact_cost=amounts["contact_cost"], budget=amounts["budget"],
                    save_rate=amounts["save_rate"] / 100, capacity=int(values["capacity"] or 0),
                    currency=str(values["currency"] or "€")[:3])
                session.workspace().act.save_goal(project, wanted)
                st.rerun()
    return goal


def action_list(project: str, goal: Goal) -> None:
    """The ranked rows under the capacity, with what they are expected to bring."""
    actions = session.workspace().act.actions(project, goal.capacity)
    st.markdown(f"**{plain(actions.sentence)}**", width=720)
    cards.covered(project, "Ranked")
    if math.isfinite(actions.expected_value) and goal.value:
        cards.facts([
            Fact(f"Best {count(len(actions.rows), 'row')}", money(actions.expected_value, goal.currency),
                 f"{money(actions.low, goal.currency)} to {money(actions.high, goal.currency)}", "With its 95 % interval."),
            Fact("As many at random", money(actions.random_value, goal.currency)),
            Fact("Acting on everyone", money(actions.everyone_value, goal.currency)),
        ], columns=3)
        if actions.expected_value > 0:
            cards.show(charts.capacity(actions, session.palette(), goal.currency), "capacity_curve")
    frame = pd.DataFrame([
        {"Rank": row.rank, "Row": row.id or str(row.row), "Prediction": row.prediction, "Expected value": row.expected_value,
         "Reasons": "; ".join(cut(reason, 60) for reason in row.reasons)}
        for row in actions.rows[: cards.SHOWN_ROWS]
    ])
    if frame.empty:
        st.caption("No row is worth acting on with these amounts.")
        return
    if not goal.value:
        frame = frame.drop(columns="Expected value")
    config = st.column_config
    st.dataframe(frame, hide_index=True, key="action_list", height=cards.height(len(frame)),
                 alt=f"The {len(frame)} rows to act on first", column_config={
                     "Rank": config.NumberColumn(width=60), "Row": config.TextColumn(width="small", pinned=True),
                     "Prediction": config.NumberColumn(format=digits(frame["Prediction"]), width=100),
                     "Expected value": config.NumberColumn(f"Expected, {label(goal.currency, 4)}", format="%.2f", width=120),
                     "Reasons": config.TextColumn(width="large")})
    if len(actions.rows) > len(frame):
        st.caption(f"The first {count(len(frame))} of {count(len(actions.rows))} rows; the download has all.")
    st.download_button(
        "Download the list as CSV", partial(session.workspace().act.actions_csv, project, goal.capacity), file_name="actions.csv",
        mime="text/csv", icon=":material/download:", on_click="ignore", key="actions_csv",
    )
    if actions.assumptions:
        with st.expander("What this rests on"):
            cards.sentences(actions.assumptions)


def action_cards(found: tuple[ActionCard, ...], goal: Goal) -> None:
    """Cards: who, what to change, worth how much, how sure."""
    st.caption("These come from data as it was, not from a test: try them on a few rows first.")
    for index, card in enumerate(found[:6]):
        with st.container(border=True, key=f"card_{index}"):
            st.badge(GRADES.get(card.grade, card.grade), color="green" if card.grade in "AB" else "gray")
            st.markdown(f"**{plain(card.sentence)}**", width=720)
            cards.facts([
                Fact("Seen in the data", _share(card.raw_gap)), Fact("The model says", _share(card.what_if)),
                Fact("After balancing", _share(card.adjusted), interval(100 * card.low, 100 * card.high, " %")),
            ], columns=3)
            words = [count(card.rows, "row")]
            if goal.value:
                words.append(f"{money(card.net_value, goal.currency)} net ({money(card.net_low, goal.currency)} to "
                             f"{money(card.net_high, goal.currency)})")
            st.caption(plain(" · ".join(words)))
            if card.overturn:
                st.caption(f"What would overturn it: {plain(card.overturn)}")
            if card.next_step:
                st.caption(f"Do next: {plain(card.next_step)}")


def _share(value: float) -> str:
    return percent(value) if abs(value) <= 1 else signed(value) if value == value else number(value)
