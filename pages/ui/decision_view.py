"""What a list is worth and against what, one action a row, and files to hand on: parts of the act page."""
from __future__ import annotations

import math
from functools import partial

import pandas as pd
import streamlit as st

from automl_core.acting import Decision
from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.action_list import ActionList
from automl_core.framing.problem import Problem
from automl_core.workspace.decision_words import honest_words, turned_words
from automl_core.workspace.pilots import card_key
from pages.ui import act_words, cards, pilot_charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import count, cut, label, lead, money, money_range, percent, plain, quoted


def decision(project: str, goal: Goal) -> None:
    """The list's money by the outcomes that came, against other ways to choose, the profit curve, lift, and what it rests on."""
    ws = session.workspace()
    with border(), st.spinner("Weighing the list", show_time=True):
        made = ws.decide.decision(project, goal.capacity)
        st.markdown(lead(made.sentence), width=TEXT_WIDTH)
        if made.rivals:
            listed = ws.act.actions(project, goal.capacity)
            cards.facts([Fact("A list of past rows" if listed.unknown else "This list", money(made.value, goal.currency),
                              money_range(made.low, made.high, goal.currency))]
                        + [Fact(rival.name, money(rival.value, goal.currency),
                                f"{money(abs(rival.ahead), goal.currency)} {'less' if rival.ahead > 0 else 'more'}")
                           for rival in made.rivals], columns=3 if len(made.rivals) > 3 else 4)
            if made.limited_by:
                st.caption(plain(f"Acting on everyone is beyond {made.limited_by}."))
            if listed.unknown:
                st.caption("Rows without an outcome cannot be judged by it yet: these figures are of a list of past rows.")
            elif said := apart(made, listed, goal):
                st.warning(plain(said), icon=":material/balance:")
        if made.weighed:
            st.caption(plain(made.weighed, 500))
        if made.curve is not None and made.curve.best.rows:
            cards.show(pilot_charts.profit(made.curve, goal.currency, session.palette()), "profit_curve")
            _honest(made, goal)
        if made.lift and math.isfinite(made.lift[0].gain):
            found = st.expander("How well the ranking finds them", on_change="rerun", key=f"lift_{project}")
            if found.open:  # a drawing that nobody looks at takes as long as one that somebody does
                with found:
                    cards.show(pilot_charts.lift(made, session.palette()), "lift")
        if made.sensitivity:
            _sensitivity(made, goal, ws.search.problem(project))
        st.download_button("Download the list as Excel", partial(ws.decide.list_xlsx, project, goal.capacity),
                           file_name="ranked.xlsx", icon=":material/download:", on_click="ignore", key="actions_xlsx",
                           mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def apart(made: Decision, listed: ActionList, goal: Goal) -> str:
    """Says why the list’s own tab names another amount, where chance does not explain it; empty where both agree."""
    if not (listed.high < made.low or listed.low > made.high):
        return ""
    less = "less" if listed.expected_value < made.value else "more"
    return (f"“The list” expects {money(listed.expected_value, goal.currency)}, clearly {less}: it goes by predictions, these "
            "figures by the outcomes that came. Go by the outcomes; a longer search may bring the predictions nearer to them.")


def _honest(made: Decision, goal: Goal) -> None:
    curve = made.curve
    assert curve is not None
    st.caption(plain(honest_words(curve, goal.currency), 500))


def _sensitivity(made: Decision, goal: Goal, problem: Problem) -> None:
    with st.expander("If acting turns more or fewer than you think"):
        st.markdown(plain(f"The money of the same rows, by the share {turned_words(problem)}."), width=TEXT_WIDTH)
        st.dataframe(pd.DataFrame([{"Share turned": percent(item.save_rate), "Money": money(item.value, goal.currency),
                                    "": _source(item.save_rate, goal)}
                                   for item in made.sensitivity]),
                     hide_index=True, key="sensitivity", alt="Money by the share that acting turns")


def _source(rate: float, goal: Goal) -> str:
    """Where a share of the table comes from."""
    if rate == goal.save_rate:
        return "measured by a pilot" if goal.save_range else "your estimate"
    return "end of its 95 % range" if rate in goal.save_range else ""


def provide(project: str) -> bool:
    """How much to provide of a number whose errors cost differently; False, and nothing drawn, when no such costs were given."""
    ws = session.workspace()
    problem = ws.search.problem(project)
    if problem.task != "regression" or problem.money is None:
        return False
    if min(problem.money.over, problem.money.under) <= 0:
        return False
    st.subheader("How much to provide", anchor=False)
    with border():
        made = ws.decide.newsvendor(project)
        st.markdown(lead(made.sentence), width=TEXT_WIDTH)
        unit = problem.money.currency
        cards.facts([
            Fact("Cost a row now", money(made.cost_now, unit), f"short in {percent(made.short_now)} of cases"),
            Fact("Cost a row then", money(made.cost_then, unit), f"short in {percent(made.short_then)} of cases"),
            Fact("Saving a row", money(made.saved, unit), f"{money(made.saved_low, unit)} to {money(made.saved_high, unit)}"),
        ], columns=3)
        if problem.weights:
            st.caption(plain(f"Rows count by {quoted(problem.weights, 40)}."))
        st.markdown("Look up the prediction of a new row here:", width=TEXT_WIDTH)
        lines = pd.DataFrame(made.rule.lines, columns=["Where the prediction is", "Provide"])
        cards.table(lines, "What to provide, by the prediction", "provide_rule")
    return True


def plan(project: str) -> None:
    """One action a row from the cards, with its files."""
    ws = session.workspace()
    if ws.act.found(project) is None:
        going, levers = ws.act.ongoing(project), ws.act.goal(project).levers
        if going.here is not None and levers:
            cards.empty("No card to choose from yet", act_words.coming(going, "one for each row follows"))
            return
        first = "Look for actions above" if levers else "Name above what you can change and look for actions"
        cards.empty("No card to choose from yet",
                    f"{first}: each row then gets the action that is worth most there, within your limits.")
        return
    with border(), st.spinner("Choosing one action a row", show_time=True):
        made = ws.decide.plan(project)
        st.markdown(lead(made.sentence), width=TEXT_WIDTH)
        cards.covered(project, "Chosen", ranked=True)
        if not made.actions:
            return
        _planned(project)
        with st.container(horizontal=True):
            st.download_button("Download actions as CSV", partial(ws.decide.plan_csv, project), file_name="actions.csv",
                               mime="text/csv", icon=":material/download:", on_click="ignore", key="plan_csv")
            st.download_button("Download actions as Excel", partial(ws.decide.plan_xlsx, project), file_name="actions.xlsx",
                               mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                               icon=":material/download:", on_click="ignore", key="plan_xlsx")


def _planned(project: str) -> None:
    """The first rows of the plan: which row, what to do there, what it should bring, how sure, and why this row."""
    ws = session.workspace()
    goal, shown = ws.act.goal(project), ws.decide.plan_rows(project)
    rate = ws.search.problem(project).task != "regression"
    gain = f"Gain, {label(goal.currency, 4)}" if goal.value else "Gain, points" if rate else "Gain"
    frame = pd.DataFrame([{
        "Do": f"{row.action.lever}: {row.action.now} → {row.action.to}",
        gain: row.action.net if goal.value else row.gain * (100 if rate else 1),
        "Grade": row.action.grade, "Why this row": "; ".join(cut(reason, 60) for reason in row.reasons),
    } for row in shown])
    names, shown_as = cards.row_names(row.name for row in shown)
    frame.insert(0, "Row", names)
    config = st.column_config
    st.dataframe(frame, hide_index=True, key="plan_rows", height=cards.height(len(frame)),
                 alt=f"The first {count(len(frame), 'row')} of the plan", column_config={
                     "Row": shown_as,
                     "Do": config.TextColumn(width="medium"),
                     gain: config.NumberColumn(format="%.2f" if goal.value or rate else "%.4g", width=90),
                     "Grade": config.TextColumn(width=60), "Why this row": config.TextColumn(width="large")})
    about(project, goal, "The reasons speak of")
    whole = ws.decide.plan(project)
    st.caption(whole.gains_sentence)
    rows = len(whole.actions)
    if rows > len(frame):
        st.caption(f"The first {count(len(frame))} of {count(rows, 'row')}; the files have all.")


def about(project: str, goal: Goal, what: str) -> None:
    """Says which chance a list is about, where there are several classes (that the row does not end as the goal wants), and of
    two where what is predicted is what is wanted."""
    problem = session.workspace().search.problem(project)
    if problem.task == "multiclass" or goal.good == problem.positive:
        no = "not " if problem.task == "multiclass" else ""
        st.caption(f"{what} the chance that {quoted(goal.outcome, 40)} is {no}{quoted(goal.good, 40)}: + raises it.")


def card_page(project: str, card: ActionCard) -> None:
    """The button that downloads one card as a page to print."""
    key = card_key(card)
    st.download_button("Print this card", partial(session.workspace().decide.card_html, project, key), file_name="card.html",
                       mime="text/html", icon=":material/print:", on_click="ignore", key=f"print_{key}")
