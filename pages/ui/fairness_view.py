"""Parts of the fairness page: which columns are protected, and the figures of one of them."""
from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from automl_core.explaining import Fairness, Rate, Spread
from pages.ui import cards, explain_class, findings_charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import FIELD_WIDTH, TEXT_WIDTH
from pages.ui.words import count, cut, estimate, number, percent, plain, quoted


def declare(project: str, declared: tuple[str, ...]) -> None:
    """Choose and save the protected columns."""
    ws = session.workspace().fairness
    choices = ws.choices(project)
    if not choices:
        st.markdown("No column of this table has groups.", width=TEXT_WIDTH)
        return
    hints = [name for name in ws.hints(project) if name not in declared]
    if not declared:
        st.markdown("Name the columns that tell groups of people apart, such as sex or age. The model need not use them.",
                    width=TEXT_WIDTH)
    with st.form("protected_form"):
        chosen = st.multiselect("Protected columns", choices, default=list(declared), key=f"protected_{project}",
                                placeholder="Choose columns")
        if hints:
            st.caption(f"By its name, this might be one: {quoted(hints[0])}." if len(hints) == 1 else
                       "By their names, these might be: " + ", ".join(quoted(name) for name in hints[:5]) + ".")
        saved = st.form_submit_button("Save", type="secondary" if declared else "primary", key="save_protected")
    if saved:
        with border():
            ws.declare(project, tuple(chosen))
            st.rerun()


def audit(project: str, declared: tuple[str, ...]) -> None:
    """The figures of one declared column."""
    ws = session.workspace()
    column = declared[0]
    label = ""
    problem = ws.search.goal.problem_of(ws.search.inputs(ws.search.needed(project)))
    if len(declared) > 1 or problem.task == "multiclass":
        with st.grid(2, min_column_width=FIELD_WIDTH):
            if len(declared) > 1:
                column = st.selectbox("Column", declared, key="fair_column")
            if problem.task == "multiclass":
                start = explain_class.chosen(project) or ws.fairness.unasked(project)
                label = st.selectbox("Class", problem.classes, index=problem.classes.index(start), key=f"fair_class_{start}",
                                     help="At the start the one chosen on Explain, of which a report speaks, too.")
    with st.spinner("Comparing the groups", show_time=True):
        made = ws.fairness.audit(project, column, label)
    st.markdown(f"**{plain(made.sentences[0])}**", width=TEXT_WIDTH)
    _headline(made)
    for sentence in made.sentences[1:]:
        st.markdown(plain(sentence), width=TEXT_WIDTH)
    if column in ws.fairness.used(project):
        st.caption(f"The model learns from {quoted(column)}. To leave it out, name it on the goal page under "
                   "“Never to be used” and search again: the figures here then show what that changes.")
    else:
        st.caption(f"The model does not learn from {quoted(column)}; other columns can still stand for it.")
    cards.covered(project, "Measured")
    if len(findings_charts.drawn(made).groups) < len(made.groups):
        st.caption(f"Groups of fewer than {findings_charts.LEAST_DRAWN} rows are in the table below only.")
    _figures(made)
    with st.expander("All figures as a table"):
        _table(made)


def _headline(made: Fairness) -> None:
    """The gaps by the names that auditors use."""
    spreads = [("Demographic parity", made.parity, "The widest gap in who is selected."),
               ("Equalised odds", made.odds, "The wider of the gaps in who is found and in false alarms. Its range "
                "covers both at once, so it is wider than theirs."),
               ("Calibration", made.residual, "The widest gap in what came true less what was predicted.")]
    below = math.isfinite(made.level)
    if not made.is_class:
        off = "in how many outcomes are below what was predicted" if below else "in what came true less what was predicted"
        spreads = [("Outcomes below" if below else "Mean residual", made.residual, f"The widest gap {off}."),
                   (made.error_name.capitalize(), made.error, "The widest gap in the size of the error.")]
    facts = []
    for name, spread, tip in spreads:
        if math.isfinite(spread.difference):
            shares = made.is_class or (below and spread is made.residual)
            scale, unit = (100, " points") if shares else (1, "")
            facts.append(Fact(name, _gap(spread.difference * scale, shares) + unit,
                              f"{_gap(spread.low * scale, shares)} to {_gap(spread.high * scale, shares)}",
                              f"{tip} Difference of the largest and the smallest group value with its 95 % interval."))
    if facts:
        cards.facts(facts, columns=3)
    ratios = [words for name, spread, _ in spreads if (words := ratio_words(name, spread))]
    if ratios:
        st.caption(plain(f"As ratios, smallest over largest, with 95 % intervals: {', '.join(ratios)}."))


def _gap(value: float, points: bool) -> str:
    """With the digits of the sentences beside it."""
    return f"{value:.1f}" if points else number(value)


def ratio_words(name: str, spread: Spread) -> str:
    """A gap as a ratio with its interval; empty when a group has none at all, which leaves nothing to measure a ratio by."""
    if not math.isfinite(spread.ratio) or spread.ratio_low >= spread.ratio_high:
        return ""
    return f"{name.lower()} {estimate(spread.ratio, spread.ratio_low, spread.ratio_high)}"


def _figures(made: Fairness) -> None:
    palette = session.palette()
    if made.is_class:
        target = quoted(made.label, 40)
        selected = f"Of all rows of a group, the share predicted to be {target}, with 95 % intervals."
        cards.show(findings_charts.rates(made, "selected", selected, palette), "fair_selected")
        found = f"Of those that are {target}, the share that the model finds."
        cards.show(findings_charts.rates(made, "found", found, palette), "fair_found")
        alarms = f"Of those that are not {target}, the share called so all the same."
        cards.show(findings_charts.rates(made, "false_alarms", alarms, palette), "fair_alarms")
    else:
        cards.show(findings_charts.errors(made, palette), "fair_errors")
    cards.show(findings_charts.off(made, palette), "fair_off")
    if any(group.calibration for group in made.compared):
        cards.show(findings_charts.calibration(made, palette), "fair_calibration")


def _table(made: Fairness) -> None:
    level = percent if made.is_class else number
    rows = []
    for group in made.groups:
        row = {"Group": cut(group.group, 60), "Rows": count(group.rows) + (" (few)" if group.small else "")}
        if made.is_class:
            apart = " (not compared)" if not group.rich and not group.small else ""
            row |= {"Predicted so": _told(group.selected), "Found": _told(group.found) + apart,
                    "False alarms": _told(group.false_alarms) + apart}
        else:
            row |= {made.error_name.capitalize(): _told(group.error, False)}
            row |= {"Outcomes below": _told(group.residual)} if math.isfinite(made.level) else {}
        rows.append(row | {"Came true": _told(group.observed, made.is_class), "Predicted": level(group.predicted)})
    st.caption("In brackets: 95 % intervals.")
    cards.table(pd.DataFrame(rows), "Figures of every group", "fair_table", named="Group")


def _told(rate: Rate, share: bool = True) -> str:
    """A figure of a group with its 95 % interval."""
    scale, unit = (100.0, " %") if share else (1.0, "")
    return estimate(scale * rate.value, scale * rate.low, scale * rate.high, unit=unit)
