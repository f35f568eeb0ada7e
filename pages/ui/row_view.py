"""One row of the explain page: picked from the list, with its reasons, how sure they are, and past rows like it."""
from __future__ import annotations

import pandas as pd
import streamlit as st

from automl_core.errors import BadInput
from automl_core.explaining.explanation import RowContext
from pages.ui import cards, explain_charts, explain_class, session
from pages.ui.border import border
from pages.ui.charts import amount
from pages.ui.theme import CHOICE_WIDTH, NUMBER_WIDTH, TEXT_WIDTH, WHICH_ROW
from pages.ui.words import count, cut, decimals, lead, plain

SHOWN_ROWS = 1000
SHOWN_COLUMNS = 12
FIGURE_SPACE, CHOSEN = "\u2007", " ●"
FEW_ROWS = 5  # found by an id: a table for more would be empty


def pick_row(project: str, label: str = "") -> int:
    """The row chosen in the table of rows (sorted by prediction, of a class if one is named, highest first), or found by its
    name; at the start the first.

    Its number is a button: a click on it is told at once, while the table tells of a selected row only after a sixth of a second.
    """
    st.markdown("Click the number of a row; the highest predictions come first, each made by a model that had not seen the row.",
                width=TEXT_WIDTH)
    listed, in_front = _listed(project, label)
    shown, mark = listed.iloc[:, :SHOWN_COLUMNS], _mark(project)
    head = f"Prediction of {cut(label, 20)}" if label else "Prediction"
    places, key = [int(place) for place in shown.index], f"rows_{project}"
    kept = session.session().drafts.get(mark)
    if kept is not None and kept not in places:
        st.caption(f"Row #{kept}, which was looked at before, is not listed here: no model predicted it without having seen it.")
    at = places.index(kept) if kept in places else 0
    number = st.column_config.ButtonColumn(
        "Row", alignment="left", pinned=True, key=f"{key}_look", on_click=_clicked, args=(key, mark, places),
        help="# and its row of the cleaned table, counted from 0. Click one to look at that row.")
    st.dataframe(
        shown.set_axis(_numbers(places, at)), key=key, height=248 if len(shown) > FEW_ROWS else "auto",
        placeholder="–", alt="Rows of the table with their prediction", column_config=cards.days(shown) | {
            "_index": number,
            "prediction": st.column_config.NumberColumn(head, format=digits(shown["prediction"]), pinned=True)},
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"Row #{places[at]}", anchor=False, width="content")
        st.button("Previous", icon=":material/chevron_left:", key=f"{key}_previous", disabled=at == 0,
                  on_click=_keep, args=(mark, places[max(at - 1, 0)]))
        st.button("Next", icon=":material/chevron_right:", icon_position="right", key=f"{key}_next",
                  disabled=in_front or at + 1 == len(places),  # the one behind it in the list is not its next one
                  on_click=_keep, args=(mark, places[min(at + 1, len(places) - 1)]))
    return places[at]


def _numbers(places: list[int], at: int) -> list[str]:
    """What the buttons of rows say, with a mark on the chosen one. A browser sorts them as texts: spaces as wide as a figure in
    front make that the order of the numbers, and a mark behind does not change it."""
    width = len(f"#{max(places)}")
    return [f"#{place}".rjust(width, FIGURE_SPACE) + (CHOSEN if row == at else "") for row, place in enumerate(places)]


def _mark(project: str) -> str:
    """Where the row looked at is kept: a place among the rows of the cleaned table, so each has its own."""
    run = session.workspace().search.needed(project)
    return f"row_{project}_{run.table}_{run.recipe}"


def _clicked(key: str, mark: str, places: list[int]) -> None:
    """Keep the row whose number was clicked; where it stood in the table, whatever it is sorted by now."""
    click = session.widget(f"{key}_look")
    if click is not None and 0 <= click["row"] < len(places):
        _keep(mark, places[click["row"]])


def _keep(mark: str, place: int) -> None:
    """Look at this row, in the other tabs and on the act page, too."""
    session.session().drafts[mark] = place


def _listed(project: str, label: str) -> tuple[pd.DataFrame, bool]:
    """The first rows, the one looked at in front where it is further down, and whether it is; or those of the id or number asked
    for, of which the first is looked at."""
    explain, mark = session.workspace().explain, _mark(project)
    kept = session.session().drafts.get(mark)
    asked = st.text_input("Find a row", key=f"find_{project}", placeholder="its id, or #12", help=WHICH_ROW, width=NUMBER_WIDTH)
    if asked.strip():
        try:
            with st.spinner("Looking for the row", show_time=True):
                found = explain.find(project, asked, label)
            if kept not in found.index:
                _keep(mark, int(found.index[0]))
            return found, False
        except BadInput as error:
            st.info(f"{plain(error.message)} {plain(error.hint)}", icon=":material/info:")
    with st.spinner("Listing the rows", show_time=True):  # the final model scores what has no outcome yet
        known, rows = session.workspace().search.covered(project, ranked=True)
    rest = f"; the other {count(rows - known)} were not predicted so" if known < rows else ""
    if known > SHOWN_ROWS:
        st.caption(f"The first {count(SHOWN_ROWS)} of {count(known, 'row')}{rest}. Find any of them by its id or #number.")
    elif known < rows:
        st.caption(f"These are {count(known, 'row')}{rest}.")
    with st.spinner("Listing the rows", show_time=True):
        first = explain.top(project, SHOWN_ROWS, label)
        if kept is None or kept in first.index:
            return first, False
        rows = explain.rows(project, label)
    if kept not in rows.index:
        return first, False
    st.caption(f"Row #{kept}, which you look at, stands in front of them.")
    return pd.concat([rows.loc[[kept]], first]), True


def whose(project: str, position: int) -> str:
    """Whether the model that is asked knows the row, and whose the prediction in the list is then."""
    if session.workspace().explain.learned_from(project, position):
        return "the final model, which learned from this row as well; the prediction in the list is by one that had not seen it."
    return "the final model, which has not learned from this row; so the prediction in the list is its own."


def digits(predictions: pd.Series) -> str:
    """Three decimals for probabilities and the like, more for smaller numbers, one for large ones."""
    largest = float(abs(predictions).max()) if len(predictions) else 1.0
    return "%.1f" if largest > 10 else decimals(min(largest, 1.0), 3)


@st.fragment
@border()
def one_row(project: str) -> None:
    """Why one row gets its prediction, how sure that is, and past rows like it."""
    asked = explain_class.chosen(project)
    position = pick_row(project, asked)
    with border(), st.spinner("Explaining this row", show_time=True):
        explain = session.workspace().explain
        row = explain.row(project, position, asked)
        classes = session.workspace().search.problem(project).classes
        if len(classes) > 2:
            chosen = st.selectbox("Class to explain for this row", classes, index=classes.index(row.label), width=CHOICE_WIDTH,
                                  key=f"class_{project}_{position}_{asked}",
                                  help="At the start the one chosen above, or else the one that this row is called.")
            row = explain.row(project, position, chosen)
        st.markdown(lead(row.sentence), width=TEXT_WIDTH)
        cards.show(explain_charts.waterfall(row, session.palette()), "reasons")
        st.caption("Orange raises, blue lowers the prediction; the parts add up exactly. "
                   f"{plain(row.doubt_sentence)} They come from {whose(project, position)}")
        _around(explain.row_context(project, position, row.label), row.in_points)


def _around(around: RowContext, in_points: bool) -> None:
    st.subheader("How sure is this?", anchor=False)
    if around.sureness is not None:
        st.markdown(plain(around.sureness.sentence, 600), width=TEXT_WIDTH)
    for flag in around.flags:
        st.warning(f"{plain(flag)} Be careful with this answer.", icon=":material/warning:")
    if around.neighbours:
        st.subheader("Past rows like this one", anchor=False)
        st.markdown("The five nearest past rows; columns the model uses more count more.", width=TEXT_WIDTH)
        cards.table(pd.DataFrame([
            {"Alike": f"{100 * item.likeness:.0f} %", "Predicted": amount(item.prediction, in_points), "Outcome": item.outcome,
             **dict(zip(around.columns, item.values, strict=True))} for item in around.neighbours]),
            "The five nearest past rows with their outcomes", "neighbours")
    else:
        st.caption("There are no past rows to compare with.")
