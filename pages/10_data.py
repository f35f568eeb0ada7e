"""Data

What Clarion read from your file: check that each column has the right type before anything is built on it.
"""
from __future__ import annotations

import pandas as pd
import streamlit as st

from automl_core.data.table import ReadOptions, Table
from pages.ui import cards, columns, forms, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.words import count, cut, percent, plain, quoted, size

ws = session.workspace()
project = cards.need_project()


def reading(table: Table) -> None:
    """How the file was read, and the choices to read it differently."""
    origin = table.origin
    with st.expander("Read the file differently"):
        st.markdown("The file itself is kept unchanged; reading it again starts a new recipe.")
        with st.form("read_again"):
            sheet = ""
            if len(origin.sheets) > 1:
                index = origin.sheets.index(origin.sheet) if origin.sheet in origin.sheets else 0
                sheet = st.selectbox("Sheet or table", origin.sheets, index=index)
            delimiter = st.text_input("Separator between columns", max_chars=4, placeholder=origin.delimiter or "detect")
            encoding = st.text_input("Encoding", value="", max_chars=40, placeholder=origin.encoding or "detect")
            header = st.number_input("Row that holds the names", -2, 1000, -1, help="0 is the first, −1 detects, −2: none.")
            if st.form_submit_button("Read it again"):
                with border(), st.spinner("Reading the file again", show_time=True):
                    separator = delimiter.replace("\\t", "\t")
                    ws.data.read_again(project, ReadOptions(sheet or "", encoding.strip(), separator, int(header)))
                    session.note("Read again")
                    st.rerun()


def others(table: Table) -> None:
    """The project's other tables, joined by a key or added by upload."""
    found = ws.data.others(project)
    with st.expander(f"Add columns from another table ({len(found)} here)" if found else "Add columns from another table"):
        st.markdown("The other table is first brought to one row for each key, so that no row of yours is ever doubled.")
        with st.form("join"):
            other = st.selectbox("Other table", list(found), index=0 if found else None, placeholder="Upload one below first")
            left = st.selectbox("Key in this table", table.names)
            right = st.text_input("Key in the other table", value="", placeholder="the same name", max_chars=200)
            if st.form_submit_button("Join the tables", disabled=not found) and other:
                with border(), st.spinner("Joining", show_time=True):
                    joined = ws.data.join(project, other, left, right.strip() or left)
                    session.note(
                        f"{count(joined.matched, 'row')} found a partner, {count(joined.unmatched)} did not; "
                        f"{count(joined.rows_before)} rows before, {count(joined.rows_after)} after"
                    )
                    st.rerun()
        if forms.upload("Another table", "other_upload",
                        lambda name, stream: ws.data.upload(project, name, stream, key=name[:80])):
            st.rerun()


def replace_file() -> None:
    """Upload the table, or another one in its place."""
    if forms.upload("A table: CSV, Excel, Parquet, JSON or SQLite", "data_upload",
                    lambda name, stream: ws.data.upload(project, name, stream)):
        session.note("The table was read")
        st.rerun()


if not ws.data.has_table(project):
    cards.empty("No data yet", "Upload one table: a row for each case, a column that says how it turned out.")
    replace_file()
    st.stop()

table = ws.data.table(project)
cells = max(1, table.rows * len(table.columns))
origin = table.origin
unread = [column for column in table.columns if column.coerced]
lost = sum(column.coerced for column in unread)
where = f"in {cut(unread[0].name, 15)}" if len(unread) == 1 else f"in {count(len(unread))} columns" if unread else ""
cards.facts([
    Fact("Rows", count(table.rows)),
    Fact("Columns", count(len(table.columns))),
    Fact("Missing cells", percent(sum(column.missing for column in table.columns) / cells)),
    Fact("Unreadable values", count(lost), where, "Cells that were not of their column’s type and are now missing"
         + (f": {', '.join(quoted(column.name, 40) for column in unread[:5])}." if unread else ".")),
])
source = [quoted(origin.name)] + [plain(part) for part in (origin.format, origin.encoding) if part]
if origin.size:
    source.append(size(origin.size))
st.caption(" · ".join(source))
if table.warnings:
    with st.container(border=True):
        cards.sentences(table.warnings[:8], "What was changed or guessed while reading")
        if len(table.warnings) > 8:
            st.caption(f"and {count(len(table.warnings) - 8, 'more note')}.")

st.subheader("Columns", anchor=False)
columns.editor(project, table)

st.subheader("First rows", anchor=False)
preview: pd.DataFrame = ws.data.preview(project)
cards.table(preview, f"The first rows of {origin.name}", "preview", tall=320)
if table.rows > len(preview):
    st.caption(f"{count(len(preview))} of {count(table.rows)} rows.")

reading(table)
others(table)
with st.expander("Use another file instead"):
    replace_file()

cards.next_step("clean", "Check the quality", "see what is wrong with the data and mend it with one click.")
