"""Parts of the explain page: how stable the ranking is, one row’s reasons, and the what-if form."""
from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from automl_core.data.table import Column
from automl_core.explaining.explanation import Explanation, RowExplanation
from pages.ui import cards, charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.charts import amount
from pages.ui.words import cut, number, percent, plain, quoted, signed

SHOWN_ROWS = 1000
SHOWN_COLUMNS = 12
MOST_CHANGES = 6


def stability(explanation: Explanation) -> None:
    """The ranking as a table: share, direction, and how far the rank moves when other rows are drawn."""
    with st.expander("The same as a table, with how sure the order is"):
        st.dataframe(pd.DataFrame([
            {"Column": item.column, "Share": 100 * item.share, "Direction": item.direction.capitalize(),
             "Rank": str(item.rank_low) if item.rank_low == item.rank_high else f"{item.rank_low} to {item.rank_high}",
             "Order is": "Sure" if item.stable else "May change"}
            for item in explanation.importance[:300]
        ]), hide_index=True, key="importance_table", alt="Columns by share of the effect, with the range of their rank",
            column_config={"Share": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100)})


def pick_row(project: str) -> int:
    """The row chosen in the table of rows (sorted by prediction, highest first); the first one at the start."""
    rows = session.workspace().explain.rows(project)
    order = rows["prediction"].sort_values(ascending=False, kind="stable").index
    shown = rows.loc[order].iloc[:SHOWN_ROWS, :SHOWN_COLUMNS]
    st.markdown("Choose a row; the highest predictions come first, each made by a model that had not seen the row.", width=720)
    cards.covered(project, "Listed")
    event: Any = st.dataframe(
        shown, hide_index=True, key=f"rows_{project}", height=248, placeholder="–", on_select="rerun",
        selection_mode="single-row-required",
        alt="Rows of the table with their prediction", column_config=cards.days(shown) | {
            "prediction": st.column_config.NumberColumn("Prediction", format=digits(shown["prediction"]), pinned=True)},
    )
    picked = list(event.selection.rows) if event else []
    place = picked[0] if picked and 0 <= picked[0] < len(shown) else 0
    return int(shown.index[place])


def digits(predictions: pd.Series) -> str:
    """Three decimals for probabilities and other small numbers, one for large ones."""
    return "%.3f" if not len(predictions) or abs(predictions).max() <= 10 else "%.1f"


def one_row(project: str) -> None:
    """Why one row gets its prediction."""
    position = pick_row(project)
    with border(), st.spinner("Explaining this row", show_time=True):
        row = session.workspace().explain.row(project, position)
        st.markdown(f"**{plain(row.sentence)}**", width=720)
        cards.show(charts.reasons(row, session.palette()), "reasons")
        st.caption("Orange raises, blue lowers the prediction; the parts add up exactly.")


def what_if(project: str) -> None:
    """Change some values of one row and see the prediction move."""
    position = pick_row(project)
    frame, columns = session.workspace().cleaning.cleaned(project)
    problem = session.workspace().goal.problem(project)
    hidden = problem.excluded if problem else ()
    usable = {column.name: column for column in columns
              if column.name not in hidden and column.role in ("number", "category", "date")}
    explanation = session.workspace().explain.explanation(project)
    ranked = [item.column for item in explanation.importance if item.column in usable] if explanation else []
    names = list(dict.fromkeys([*ranked, *usable]))
    chosen = st.multiselect("Columns to change", names, default=names[:3], max_selections=MOST_CHANGES, key=f"change_{project}")
    if position not in frame.index:
        st.info("The data changed since the search; search again to ask what if.", icon=":material/info:")
        return
    row = frame.loc[position]
    with st.form("what_if"):
        with st.grid(3, min_column_width=200):
            values = {name: _value(frame[name], usable[name], row[name], position) for name in chosen if name in usable}
        asked = st.form_submit_button("Predict with these values", type="secondary", disabled=not values)
    if asked:
        changes = {name: value for name, value in values.items() if _differs(value, row[name])}
        with border(), st.spinner("Predicting", show_time=True):
            _answer(project, position, changes)


def _answer(project: str, position: int, changes: dict[str, object]) -> None:
    if not changes:
        st.caption("Change at least one value first.")
        return
    result = session.workspace().explain.what_if(project, position, changes)
    before, after = result.before, result.after
    moved = after.prediction - before.prediction
    cards.facts([
        Fact("As it is", _words(before)),
        Fact("With your values", _words(after), signed(moved) + (" points" if before.units == "points" else "")),
    ], columns=2)
    for name in result.unusual:
        st.warning(f"{quoted(name)} has a value that the model has rarely or never seen; be careful with this answer.",
                   icon=":material/warning:")
    cards.show(charts.reasons(after, session.palette()), "reasons_after")
    st.caption("This is what the model would say, not proof that changing the value changes the outcome.")


def _words(row: RowExplanation) -> str:
    return f"{amount(row.prediction, row.units)}" if row.units == "points" else number(row.prediction)


def _value(series: pd.Series, column: Column, now: Any, position: int) -> Any:
    key = f"if_{position}_{column.name}"
    missing = now is None or now != now
    if column.kind in ("int", "float"):
        low, high = series.min(), series.max()
        tip = f"Seen between {number(float(low))} and {number(float(high))}." if len(series.dropna()) else None
        entered = st.number_input(cut(column.name, 40), value=None if missing else float(now), key=key, help=tip, format="%.6g")
        return math.nan if entered is None else float(entered)
    if column.kind == "date":
        return st.date_input(cut(column.name, 40), value=None if missing else pd.Timestamp(now).date(), key=key,
                             format="YYYY-MM-DD")
    counts = series.value_counts()
    options = [str(value) for value in counts.index[:200]]
    if not missing and str(now) not in options:
        options.insert(0, str(now))
    tip = f"{percent(float(counts.iloc[0]) / max(1, len(series)))} are “{plain(options[0], 40)}”." if len(counts) else None
    return st.selectbox(cut(column.name, 40), options, index=None if missing else options.index(str(now)), key=key, help=tip)


def _differs(value: Any, now: Any) -> bool:
    if value is None or value != value:
        return not (now is None or now != now)
    if isinstance(now, pd.Timestamp):
        return pd.Timestamp(value) != now.normalize()
    return bool(value != now)
