"""Blocks that pages are made of: facts in a row, a chart under its sentence, an empty state, the next step."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pages.ui import nav, session
from pages.ui.figures import Chart
from pages.ui.theme import BESIDE_WIDTH, FIELD_WIDTH, INSIDE_WIDTH, NARROW_FIELD_WIDTH, ROW_WIDTH, TEXT_WIDTH, WHICH_ROW
from pages.ui.words import count, plain

SEVERITY = {
    "serious": ("Serious", "red", ":material/priority_high:"),
    "warning": ("Look at this", "orange", ":material/warning:"),
    "info": ("Done or harmless", "gray", ":material/info:"),
}
SHOWN_ROWS = 1000
SHOWN_COLUMNS = 60
LONG_NOTE = 18
LARGEST_EXACT = 2**53 - 1  # above it a browser rounds whole numbers
NAME_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure with its name; `note` appears small under it, `help` behind a question mark."""

    name: str
    value: str
    note: str = ""
    help: str = ""


def facts(items: list[Fact], columns: int = 4, inside: bool = False) -> None:
    """Figures side by side in cards of equal height that wrap on a phone; long notes get a line of it, as they would be cut.

    `inside` a card they need no frame of their own, and two of them fit beside each other on a phone.
    """
    longest = max((len(item.note) for item in items), default=0)
    width = INSIDE_WIDTH if inside else NARROW_FIELD_WIDTH if longest <= LONG_NOTE else FIELD_WIDTH
    with st.grid(min(columns, len(items)), min_column_width=width):
        for item in items:
            st.metric(
                item.name, plain(item.value, 60), delta=plain(item.note, 80) or None, delta_color="off", delta_arrow="off",
                help=item.help or None, border=not inside, height="stretch",
            )


def show(chart: Chart, key: str) -> None:
    """The chart’s sentence, then the chart."""
    st.markdown(chart.sentence, width=TEXT_WIDTH)
    st.plotly_chart(chart.figure, key=key, alt=chart.alt, config={"displayModeBar": False, "responsive": True})


def table(frame: pd.DataFrame, alt: str, key: str, tall: int = 0, named: str = "") -> None:
    """A table, capped at 1,000 rows and 60 columns; says so when something is left out. The column `named`, which says what a
    line is about, can be read on a phone and stays when the others are moved."""
    rows, columns = frame.shape
    shown = frame.iloc[:SHOWN_ROWS, :SHOWN_COLUMNS]
    names = {named: st.column_config.TextColumn(width=NAME_WIDTH, pinned=True)} if named else {}
    st.dataframe(shown, hide_index=True, key=key, alt=alt, height=height(rows, tall), column_config=days(shown) | names,
                 placeholder="–")
    if rows > SHOWN_ROWS or columns > SHOWN_COLUMNS:
        st.caption(
            f"Showing the first {count(len(shown), 'row')} and {count(shown.shape[1], 'column')} "
            f"of {count(rows, 'row')} and {count(columns, 'column')}."
        )


def days(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns of dates without a time of day are shown as days."""
    dates = [name for name in frame.columns if frame[name].dtype.kind == "M"]
    plain_days = [name for name in dates if (frame[name].dropna() == frame[name].dropna().dt.normalize()).all()]
    return {name: st.column_config.DateColumn(format="YYYY-MM-DD") for name in plain_days}


def height(rows: int, tall: int = 0) -> int | Literal["auto"]:
    """The height of a table: all of a short one, without empty lines below it; of a long one `tall`, or the first dozen rows."""
    return "auto" if rows <= 10 else tall or 420


def row_names(names: Iterable[str]) -> tuple[pd.Series, Any]:
    """The column of names that rows go by, and how it is shown: as numbers where all are, for texts sort 10 before 2. Names that
    a number would spell otherwise, or that a browser would round, stay as they are."""
    texts = pd.Series(list(names), dtype="str")
    if len(texts) and texts.map(lambda name: name.isdecimal() and str(int(name)) == name and int(name) <= LARGEST_EXACT).all():
        column = st.column_config.NumberColumn(width=ROW_WIDTH, pinned=True, help=WHICH_ROW, format="%d", alignment="left")
        return texts.astype("int64"), column
    return texts, st.column_config.TextColumn(width=ROW_WIDTH, pinned=True, help=WHICH_ROW)


def empty(title: str, sentence: str, key: str = "", button: str = "") -> None:
    """Why there is nothing here yet, and the one button that changes it (it leads to page `key`)."""
    with st.container(border=True, horizontal_alignment="left", gap="small"):
        st.subheader(title, anchor=False)
        st.markdown(sentence, width=TEXT_WIDTH)
        if key and st.button(button, type="primary", icon=":material/arrow_forward:", key=f"empty_{key}"):
            nav.go(key, session.project_id())


def need_project() -> str:
    """The project’s id; without one the page shows where to get one and ends."""
    project = session.project_id()
    if not project:
        empty("No project is open", "Start with a sample or a file of your own.", "home", "Choose a project")
        st.stop()
    return project


def next_step(key: str, button: str, sentence: str, primary: bool = True) -> None:
    """The one obvious next step at the end of a page."""
    st.space("small")
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**Next:** {sentence}", width=BESIDE_WIDTH)
        if st.button(button, type="primary" if primary else "secondary", icon=":material/arrow_forward:",
                     icon_position="right", key=f"next_{key}"):
            nav.go(key, session.project_id())


def covered(project: str, verb: str, ranked: bool = False) -> None:
    """Says so when some rows of the table have no honest prediction, because no fold tested them; `ranked`: of all that a list
    of actions may rank."""
    known, rows = session.workspace().search.covered(project, ranked)
    if known < rows:
        st.caption(f"{verb} among the {count(known)} of {count(rows, 'row')} that were predicted by a model "
                   "which had not seen them.")


def severity(name: str) -> None:
    """The severity of a finding as a word with an icon."""
    word, colour, icon = SEVERITY.get(name, SEVERITY["info"])
    st.badge(word, icon=icon, color=colour)


def sentences(items: tuple[str, ...] | list[str], title: str = "") -> None:
    """Sentences from the engine as a list, escaped, under a title."""
    lines = "\n".join(f"- {plain(item, 900)}" for item in items)
    st.markdown(f"**{title}**\n\n{lines}" if title else lines, width=TEXT_WIDTH)
