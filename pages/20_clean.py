"""Clean

What is wrong with the data, worst first; every fix is one click, can be taken back, and is repeated on new data when scoring.
"""
from __future__ import annotations

import streamlit as st

from automl_core.cleaning.recipe import Finding, Recipe, RecipeStep
from pages.ui import cards, session
from pages.ui.border import border
from pages.ui.theme import FINDING_WIDTH
from pages.ui.words import count, plain, quoted

SHOWN = 10
ws = session.workspace()
project = cards.need_project()
if not ws.data.has_table(project):
    cards.empty("Nothing to clean yet", "There is no table in this project.", "data", "Add data")
    st.stop()


def finding_card(item: Finding, index: int) -> None:
    """One finding: how bad, what, where, an example, and its fix."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width=FINDING_WIDTH, gap="xsmall"):
            cards.severity(item.severity)
            st.markdown(plain(item.sentence))
            further = [example for example in item.examples[:3] if not example.strip() or example not in item.sentence]
            if further:
                st.caption("For example " + ", ".join(shown(example) for example in further))
        if item.fix and st.button(label(item.fix), key=f"fix_{index}_{item.fix.id}", help=plain(item.fix.why) or None):
            with border(), st.spinner("Applying the fix"):
                ws.cleaning.apply(project, item.fix)
                st.rerun()


def shown(example: str) -> str:
    """An example value in quotes; one that would be invisible is named."""
    return quoted(example, 24) if example.strip() else "a blank"


def label(step: RecipeStep) -> str:
    """What a fix does, on its button."""
    return plain(titles.get(step.kind, step.kind.replace("_", " ").capitalize()), 60)


def recipe_list(recipe: Recipe) -> None:
    """The steps in order, each with its effect and its undo."""
    st.subheader("Recipe", anchor=False)
    if not recipe.steps:
        st.markdown("No steps yet. Every fix you take appears here and can be undone.")
    for number, step in enumerate(recipe.steps, start=1):
        with st.container(border=True, gap="xsmall"):
            where = f" in **{plain(step.column, 60)}**" if step.column else ""
            st.markdown(f"{number}\\. {label(step)}{where}")
            effect = []
            if step.changed:
                effect.append(count(step.changed, "value") + " changed")
            if step.rows_removed:
                effect.append(count(step.rows_removed, "row") + " removed")
            st.caption(" · ".join(effect) or "No effect on this table; kept for new data")
            if st.button("Undo", key=f"undo_{step.id}", type="tertiary", icon=":material/undo:"):
                with border():
                    ws.cleaning.undo(project, step.id)
                    st.rerun()
    undone = ws.cleaning.undone(project) is not None
    if undone and st.button("Bring back the last undone step", type="tertiary", icon=":material/redo:", key="redo"):
        with border():
            ws.cleaning.redo(project)
            st.rerun()


with st.spinner("Looking at every column", show_time=True):
    findings = ws.cleaning.findings(project)
recipe = ws.cleaning.recipe(project)
titles = ws.cleaning.titles()
safe = [item for item in findings if item.safe and item.fix]
serious = sum(item.severity == "serious" for item in findings)
open_fixes = sum(item.fix is not None for item in findings)
left, right = st.columns([2, 1], gap="large")
with left:
    st.subheader("Findings", anchor=False)
    if not findings:
        st.success("Nothing to complain about: no gaps, doubles or odd spellings.", icon=":material/check_circle:")
    else:
        st.markdown(
            f"{count(len(findings), 'finding')}, {count(serious) if serious else 'none'} of them serious; "
            f"{count(open_fixes)} can be mended with a click. Safe fixes lose no information; all others are yours to decide."
        )
    if safe and st.button(f"Fix all safe ({len(safe)})", type="primary", icon=":material/auto_fix_high:", key="fix_safe"):
        with border(), st.spinner("Applying the safe fixes", show_time=True):
            ws.cleaning.fix_all_safe(project)
            st.rerun()
    page = st.pagination(-(-len(findings) // SHOWN), key="findings_page") if len(findings) > SHOWN else 1
    first = (page - 1) * SHOWN
    for index, item in enumerate(findings[first : first + SHOWN], start=first):
        finding_card(item, index)
with right:
    recipe_list(recipe)

cards.next_step("goal", "Set the goal", "say what you want to know; learn at once whether it takes a model.", primary=not safe)
