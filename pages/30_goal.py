"""Goal

Say what you want to know; Clarion tells at once whether it takes machine learning at all.
"""
from __future__ import annotations

from dataclasses import replace

import streamlit as st

from automl_core.framing.problem import Problem, Verdict
from pages.ui import cards, charts, goal_form, progress, session
from pages.ui.border import border
from pages.ui.theme import BESIDE_WIDTH, TEXT_WIDTH
from pages.ui.words import VERDICTS, count, duration, plain, quoted

MOST_WARNINGS = 8  # of a target with many classes of one row
ws = session.workspace()
project = cards.need_project()
if not ws.data.has_table(project):
    cards.empty("No data to ask yet", "There is no table in this project.", "data", "Add data")
    st.stop()


def save(problem: Problem) -> None:
    """Keep the goal and start the check."""
    ws.goal.save(project, problem)
    ws.goal.start_check(project)
    goal_form.renew(project)
    st.rerun()


def show_verdict(verdict: Verdict, problem: Problem, typed: Problem | None) -> None:
    """The answer, the ladder it rests on, and columns that seem to know the answer. What is done about these is saved with what
    was `typed` above; None: that is no goal for this target yet."""
    st.subheader(VERDICTS[verdict.verdict], anchor=False)
    st.markdown(plain(verdict.sentence), width=TEXT_WIDTH)
    if verdict.rule and verdict.verdict in ("rule", "average"):
        st.markdown(f"The rule: {plain(verdict.rule)}", width=TEXT_WIDTH)
    if verdict.warnings:
        cards.sentences(verdict.warnings[:MOST_WARNINGS], "About the target")
    if len(verdict.warnings) > MOST_WARNINGS:
        st.caption(f"and {count(len(verdict.warnings) - MOST_WARNINGS, 'more note')}.")
    cards.show(charts.ladder(verdict, session.palette()), "ladder")
    st.caption(f"{count(verdict.rows, 'row')}, all four on the same folds, {duration(verdict.seconds)}.")
    if verdict.leaks:
        of_columns = any(leak.column for leak in verdict.leaks)
        st.subheader("Columns that may know the answer" if of_columns else "Why scores may be too good", anchor=False)
        if of_columns:
            st.markdown("A column filled in after the outcome makes every score too good to be true.", width=TEXT_WIDTH)
    state = {"disabled": typed is None, "help": None if typed else "First save the goal above, or undo what was changed in it."}
    for index, leak in enumerate(verdict.leaks[:8]):
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(width=BESIDE_WIDTH, gap="xsmall"):
                cards.severity("serious" if leak.severity == "red" else "warning")
                st.markdown(f"{quoted(leak.column)}: {plain(leak.evidence)}" if leak.column else plain(leak.evidence))
            if not leak.column:  # of the rows, not of one column
                apart = leak.kind == "copied_rows" and not (problem.copies_together or problem.time or problem.group)
                if apart and st.button("Keep copies together", key=f"leak_{index}", **state) and typed:
                    with border():
                        save(replace(typed, copies_together=True))
            elif leak.column in problem.excluded:
                st.caption("Left out")
            elif st.button("Leave it out", key=f"leak_{index}", **state) and typed:
                with border():
                    later = typed.later if leak.column in typed.excluded else (*typed.later, leak.column)
                    save(replace(typed, later=later))


_, columns = ws.cleaning.cleaned(project)
saved = ws.goal.problem(project)
draft = goal_form.form(project, columns, saved)
running = progress.active(project, "check")
verdict = ws.goal.verdict(project)
changed = draft is not None and draft != saved
waiting = changed or verdict is None
if draft is not None and (st.button(
    "Save and check", type="primary" if waiting and not running else "secondary", icon=":material/flag:",
    disabled=running is not None or goal_form.waits(draft), key="check",
    help="Tries the average, one rule, a linear model and a small boosted one.",
)):
    with border():
        save(draft)
if changed and saved:
    if not goal_form.waits(draft):
        st.caption("The goal above differs from the saved one; save it to check it.")
    typed = draft.target != saved.target or goal_form.is_typed(project, draft.target)  # else only the data have changed
    if typed and st.button("Undo changes", key="goal_undo", icon=":material/undo:", help="Back to the saved goal."):
        goal_form.renew(project)
        st.rerun()
if running:
    progress.watch(running)
elif verdict and saved:
    with st.container(border=True):
        show_verdict(verdict, saved, draft if draft and draft.target == saved.target and not goal_form.waits(draft) else None)
    sentence = "find the best model in the minutes you give it."
    if verdict.verdict != "ml_pays":
        sentence = "a search shows what a model would add; you may as well stop here and use the simple answer."
    cards.next_step("search", "Search for a model", sentence, primary=not changed)
elif saved:
    progress.failure(project, "check", ws.goal.asked_for(project))
