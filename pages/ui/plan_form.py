"""The form of the search page: how long to search, with what, and by which chance."""
from __future__ import annotations

import streamlit as st

from automl_core.framing.problem import Problem
from automl_core.search.plan import LONGEST_SEARCH, Plan
from pages.ui import search_view, session
from pages.ui.words import count, duration, family_title, metric_title

BUDGETS = {"30 s": 30, "1 min": 60, "2 min": 120, "5 min": 300, "10 min": 600, "30 min": 1800}
LEAST_SECONDS, MOST_TRIALS, MOST_FOLDS = 5, 200, 20
MOST_SEED = 2**53 - 1  # beyond, a browser does not tell whole numbers apart


def form(project: str, problem: Problem, newest: Plan) -> Plan:
    """The plan as the widgets say it, with a preview sentence. They start from what was typed and not searched with before
    another page was looked at, else from the plan of the newest search."""
    drafts, drawn = session.session().drafts, session.widget("folds") is not None
    if not drawn or "plan_start" not in drafts:  # what is not drawn Streamlit forgets
        drafts["plan_start"] = drafts.get("plan", newest)
    plan = drafts["plan"] = _asked(problem, drafts["plan_start"], drawn)
    rows = session.workspace().data.stored(project).rows
    most = plan.rows_of(len(problem.classes))
    if rows > most:
        st.caption(f"{duration(plan.budget_seconds)} is too short for all {rows:,} rows: it learns from {most:,} of them, "
                   "drawn at random. Give it more time to look at all.")
    return plan


def _asked(problem: Problem, start: Plan, drawn: bool) -> Plan:
    counted = bool(session.widget("max_trials") if drawn else start.max_trials)  # then a time means nothing
    asked = int(start.first_seconds or start.budget_seconds)
    timed = next((name for name, length in BUDGETS.items() if length == asked), "")
    exactly = None if timed or start.max_trials or asked == LONGEST_SEARCH else max(asked, LEAST_SECONDS)
    named = st.segmented_control("Time to search", list(BUDGETS), default=timed or "1 min", required=True, key="budget",
                                 disabled=counted)
    seconds = BUDGETS.get(str(named), 60)
    with st.expander("More choices", expanded=bool(start.max_trials)):  # there is why no time can be chosen
        exact = st.number_input("Exact budget in seconds", LEAST_SECONDS, LONGEST_SEARCH, exactly, placeholder=str(seconds),
                                key="exact_budget", disabled=counted)
        trials = st.number_input("Candidates instead of time", 1, MOST_TRIALS, min(start.max_trials, MOST_TRIALS) or None,
                                 placeholder="By time", key="max_trials",
                                 help="Tries this many, however long it takes. The same seed then gives the same model again.")
        student = st.toggle("Teach one model what the blend says", start.student, key="student",
                            help="One small model learns from the best blend, too, and is offered beside it. It takes less "
                                 "than half of the time.")
        families = search_view.pick_families(start.families)
        folds = st.number_input("Folds", 0, MOST_FOLDS, min(start.folds, MOST_FOLDS), key="folds",
                                help="0 lets the number of rows decide.")
        seed = st.number_input("Random seed", 0, MOST_SEED, min(start.seed, MOST_SEED), key="seed",
                               help="In a given time the clock decides, too, what is tried and chosen: two searches of the "
                                    "same seed may differ. With a number of candidates they do not.")
    trials = min(max(int(trials or 0), 0), MOST_TRIALS)
    seconds = LONGEST_SEARCH if trials else int(exact or seconds)
    kinds = ", ".join(family_title(name) for name in families) or "all kinds of model"
    what = f"{count(trials, 'candidate')} of {kinds}, however long it takes" if trials else f"{kinds} for {duration(seconds)}"
    st.caption(
        f"Tries {what}, each on the same folds, judged by {metric_title(problem.metric)}; "
        f"then combines the best{', teaches one model what they say together' if student else ''} and hands over the fastest "
        "that is not worse."
    )
    return Plan(budget_seconds=float(seconds), jobs=search_view.jobs(), seed=int(seed), folds=int(folds),
                families=families, max_trials=trials, student=student)
