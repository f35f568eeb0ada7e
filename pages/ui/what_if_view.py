"""The what-if tab: one row with what may be changed, the smallest flip, and a change in the whole table."""
from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from automl_core.data.table import Column
from automl_core.explaining.changes import Flip, TableChange
from automl_core.explaining.explanation import Explanation, RowExplanation
from pages.ui import cards, explain_charts, explain_class, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.charts import amount
from pages.ui.row_view import pick_row
from pages.ui.theme import CHOICE_WIDTH, FIELD_WIDTH, NUMBER_WIDTH, TEXT_WIDTH
from pages.ui.words import count, edge, lead, percent, plain, quoted, signed

MOST_CHANGES = 6
BEYOND = timedelta(days=3653)
WAYS = {"Rises or falls by %": "percent", "Rises or falls by": "add", "Is set to": "set"}
CAUTION = "This is what the model would say, not proof that changing the value changes the outcome."


@st.fragment
@border()
def what_if(project: str, explanation: Explanation) -> None:
    """Both questions, one at a time."""
    way = st.segmented_control("Change", ["One row", "The whole table"], default="One row", key="what_if_way",
                               label_visibility="collapsed")
    if way == "The whole table":
        _table(project, explanation)
    else:
        _row(project, explanation)


def _usable(project: str) -> dict[str, Column]:
    """Columns that can be changed, of the table that the model learned from: the present one may be cleaned otherwise."""
    _, columns, problem = session.workspace().search.opened(project)
    return {column.name: column for column in columns
            if column.name not in problem.excluded and column.role in ("number", "category", "date")}


def _row(project: str, explanation: Explanation) -> None:
    """Change some values of one row and see the prediction move."""
    position = pick_row(project, explain_class.chosen(project))
    frame, _, _ = session.workspace().search.opened(project)
    usable = _usable(project)
    levers = [name for name in session.workspace().explain.levers(project) if name in usable]
    ranked = [item.column for item in explanation.importance if item.column in usable and item.share > 0]
    names = levers or ranked
    if not levers:
        st.caption("No levers are named on the Act page yet, so every column the model uses can be tried here.")
    if not names:
        st.markdown("The model uses no column that could be changed.", width=TEXT_WIDTH)
        return
    chosen = st.multiselect("Columns to change", names, default=names[:3], max_selections=MOST_CHANGES, key=f"change_{project}")
    row = frame.iloc[position]
    with st.form("what_if"):
        with st.grid(3, min_column_width=FIELD_WIDTH):
            values = {name: _value(frame[name], usable[name], row[name], position) for name in chosen if name in usable}
        asked = st.form_submit_button("Predict with these values", type="secondary", disabled=not values)
    if asked:
        changes = {name: value for name, value in values.items() if _differs(value, row[name])}
        with border(), st.spinner("Predicting", show_time=True):
            _answer(project, position, changes)
    _flip(project, position, tuple(chosen), explanation)


def _flip(project: str, position: int, chosen: tuple[str, ...], explanation: Explanation) -> None:
    """The smallest change of one or two of the chosen columns that turns the decision; the cheapest where levers have costs."""
    with st.container(border=True):
        label = explain_class.chosen(project)
        turned = f"after which the answer becomes {quoted(label, 40)}, or is no longer it:" if label else "that turns the answer:"
        least = "cheapest" if session.workspace().explain.priced(project, chosen) else "smallest"
        st.markdown(f"The {least} change of one or two of these columns {turned}", width=TEXT_WIDTH)
        goal = math.nan
        if not explanation.in_points:
            goal = st.number_input("Number to be reached", value=float(f"{explanation.base:.4g}"), key="flip_goal",
                                   width=NUMBER_WIDTH, format="%.6g")
        if st.button("Find it", key="flip", disabled=not chosen):
            with border(), st.spinner("Trying changes", show_time=True):
                found: Flip | None = session.workspace().explain.flip(project, position, chosen, goal, label)
                if found is None:
                    st.markdown("No change of one or two of these columns, within what was seen, turns the answer.",
                                width=TEXT_WIDTH)
                else:
                    st.markdown(f"**{plain(found.sentence, 900)}**", width=TEXT_WIDTH)
                    st.caption(f"{count(found.tried, 'change')} tried. {CAUTION}")
                kept_still(project, chosen)


def _answer(project: str, position: int, changes: dict[str, object]) -> None:
    if not changes:
        st.caption("Change at least one value first.")
        return
    result = session.workspace().explain.what_if(project, position, changes, explain_class.chosen(project))
    before, after = result.before, result.after
    moved = after.prediction - before.prediction
    cards.facts([
        Fact("As it is", _words(before)),
        Fact("With your values", _words(after), signed(moved) + (" points" if before.in_points else "")),
    ], columns=2)
    for name in result.unusual:
        st.warning(f"{quoted(name)} has a value that the model has rarely or never seen; be careful with this answer.",
                   icon=":material/warning:")
    cards.show(explain_charts.waterfall(after, session.palette()), "reasons_after")
    st.caption(CAUTION)
    kept_still(project, tuple(changes))


def kept_still(project: str, columns: tuple[str, ...]) -> None:
    """Says which columns of the model would follow a change of these, and stay as they are here."""
    words = session.workspace().explain.kept_still(project, columns)
    if words:
        st.caption(plain(words, 900))


def _words(row: RowExplanation) -> str:
    return amount(row.prediction, row.in_points)


def _value(series: pd.Series, column: Column, now: Any, position: int) -> Any:
    key = f"if_{position}_{column.name}"
    missing = now is None or now != now
    if column.kind in ("int", "float"):
        low, high = series.min(), series.max()
        tip = f"Seen between {edge(float(low))} and {edge(float(high))}." if len(series.dropna()) else None
        entered = st.number_input(plain(column.name, 40), value=None if missing else float(now), key=key, help=tip, format="%.6g")
        return math.nan if entered is None else float(entered)
    if column.kind == "date":
        first, last = _reach(series)
        return st.date_input(plain(column.name, 40), value=None if missing else pd.Timestamp(now).date(), min_value=first,
                             max_value=last, key=key, format="YYYY-MM-DD")
    counts = series.value_counts()
    options = [str(value) for value in counts.index[:200]]
    tip = f"{percent(float(counts.iloc[0]) / max(1, len(series)))} are “{plain(options[0], 40)}”." if len(counts) else None
    if not missing and str(now) not in options:
        options.insert(0, str(now))
    return st.selectbox(plain(column.name, 40), options, index=None if missing else options.index(str(now)), key=key, help=tip)


def _reach(days: pd.Series) -> tuple[date | None, date | None]:
    """The first and the last day that may be tried: those of the column, and ten years more; left open where it has none."""
    known = days.dropna()
    if known.empty:
        return None, None
    return (max(known.min().date(), date.min + BEYOND) - BEYOND, min(known.max().date(), date.max - BEYOND) + BEYOND)


def _differs(value: Any, now: Any) -> bool:
    if value is None or value != value:
        return not (now is None or now != now)
    if isinstance(now, pd.Timestamp):
        return pd.Timestamp(value) != now.normalize()
    return bool(value != now)


def _table(project: str, explanation: Explanation) -> None:
    """A change in every row, such as all prices by 5 %: of a lever, or of any other column the model uses."""
    usable = _usable(project)
    levers = [name for name in session.workspace().explain.levers(project) if name in usable]
    used = [item.column for item in explanation.importance if item.column in usable and item.share > 0]
    names = list(dict.fromkeys([*levers, *used]))
    if not names:
        st.markdown("The model uses no column that could be changed.", width=TEXT_WIDTH)
        return
    st.markdown("What would the model say if something changed in every row?", width=TEXT_WIDTH)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Column", names, key="table_column", width=CHOICE_WIDTH)
        amounts = usable[name].kind in ("int", "float") and usable[name].role == "number"
        how = st.selectbox("How", list(WAYS) if amounts else ["Is set to"], key=f"table_how_{name}", width=NUMBER_WIDTH)
        change = _change(project, usable[name], WAYS[how])
        asked = st.button("Ask the model", key="table_ask")
    if asked and change is None:
        st.caption("Give a value first.")
    drafts, key = session.session().drafts, f"table_change_{project}"
    if asked:
        drafts[key] = change
    kept = drafts.get(key)
    if isinstance(kept, TableChange) and (kept.column, kept.how) == (name, WAYS[how]):
        with border(), st.spinner("Predicting all rows", show_time=True):
            _show_answer(project, kept, explanation.label)


def _change(project: str, column: Column, how: str) -> TableChange | None:
    if how in ("percent", "add"):
        size = st.number_input("By (minus: falls)", value=5.0 if how == "percent" else 1.0, key=f"table_by_{column.name}_{how}",
                               width=NUMBER_WIDTH, format="%.6g")
        return TableChange(column.name, how, float(size))
    if column.kind in ("int", "float", "date"):
        value = st.text_input("Value", key=f"table_value_{column.name}", width=NUMBER_WIDTH)
        return TableChange(column.name, "set", value=value) if value.strip() else None
    frame, _, _ = session.workspace().search.opened(project)
    options = [str(value) for value in frame[column.name].value_counts().index[:200]]
    levers = session.workspace().act.goal(project).levers
    wanted = [value for lever in levers if lever.column == column.name for value in lever.to if value in options]
    picked = st.selectbox("Value", options, index=options.index(wanted[0]) if wanted else 0,
                          key=f"table_level_{column.name}", width=CHOICE_WIDTH)
    return TableChange(column.name, "set", value=picked) if picked is not None else None


def _show_answer(project: str, change: TableChange, label: str) -> None:
    found = session.workspace().explain.what_if_table(project, (change,), label)
    st.markdown(lead(found.sentence), width=TEXT_WIDTH)
    before, after, move = found.means
    items = [Fact("Mean with the change", after, f"{before} as it is"),
             Fact("Change of the mean", move, found.move_range,
                  f"Below it the 95 % range, {found.range_words}.")]
    if found.in_points:
        items.append(Fact("Rows that change sides", count(found.flips_up + found.flips_down), f"of {count(found.rows)} asked",
                          "Rows that get another answer with the change than as they are."))
    items.append(Fact("Beyond what was seen", count(found.outside, "row"), "the model guesses" if found.outside else "",
                      "Rows whose new value lies outside all values that the table has."))
    cards.facts(items)
    known, _ = session.workspace().search.covered(project)
    if found.rows < known:
        st.caption(f"To keep it quick, {count(found.rows, 'row')} drawn by chance from the {count(known)} that were "
                   "predicted unseen were asked.")
    cards.show(explain_charts.table_what_if(found, session.palette()), "table_what_if")
    st.warning(plain(found.warning), icon=":material/warning:")
    kept_still(project, (change.column,))
