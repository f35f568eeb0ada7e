"""The table of columns on the data page: types and uses, edited in place."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from automl_core.data.table import Column, Table
from pages.ui import session
from pages.ui.border import border
from pages.ui.cards import height
from pages.ui.words import KINDS, ROLES, count, cut

if TYPE_CHECKING:
    from automl_core.data.profiling import ColumnProfile

SHOWN_COLUMNS = 300


def editor(project: str, table: Table) -> None:
    """All columns (at most 300) with type, use, gaps and a small histogram; changes are applied with one button."""
    shown = table.columns[:SHOWN_COLUMNS]
    frame = _frame(project, shown)
    edited = st.data_editor(
        frame, hide_index=True, key=f"columns_{table.origin.sha256[:8]}_{len(shown)}", height=height(len(shown)),
        disabled=[name for name in frame.columns if name not in ("Type", "Use")], column_config=_config(),
        alt=f"The {len(shown)} columns of the table with type, use, missing share and examples",
    )
    if len(table.columns) > SHOWN_COLUMNS:
        st.caption(f"Showing the first {SHOWN_COLUMNS} of {count(len(table.columns))} columns.")
    kinds, roles = changes(frame, edited, shown)
    if kinds or roles:
        number = len({*kinds, *roles})
        if st.button(f"Apply {count(number, 'change')}", key="apply_types"):
            with border(), st.spinner("Reading the columns with their new types", show_time=True):
                session.workspace().data.retype(project, kinds, roles)  # type: ignore[arg-type]
                session.note(f"{count(number, 'column')} changed")
                st.rerun()
    else:
        st.caption("Click a cell under Type or Use to change it.")


def changes(before: pd.DataFrame, after: pd.DataFrame, shown: tuple[Column, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """Kinds and roles that were edited, by column name; anything that is not a known kind or role is ignored."""
    kind_of = {title: kind for kind, title in KINDS.items()}
    role_of = {title: role for role, title in ROLES.items()}
    kinds: dict[str, str] = {}
    roles: dict[str, str] = {}
    for position, column in enumerate(shown):
        kind = kind_of.get(str(after["Type"].iloc[position]), column.kind)
        role = role_of.get(str(after["Use"].iloc[position]), column.role)
        if kind != column.kind:
            kinds[column.name] = kind
        if role != role_of.get(str(before["Use"].iloc[position])):
            roles[column.name] = role
    return kinds, roles


def _frame(project: str, shown: tuple[Column, ...]) -> pd.DataFrame:
    table = session.workspace().data.table(project)
    rows = max(1, table.rows)
    spread = _spread(project)
    return pd.DataFrame({
        "Column": [column.name for column in shown],
        "Type": [KINDS[column.kind] for column in shown],
        "Use": [ROLES[column.role] for column in shown],
        "Missing": [100 * column.missing / rows for column in shown],
        "Different values": [column.distinct for column in shown],
        "Spread": [spread.get(column.name, []) for column in shown],
        "Note": [_note(column) for column in shown],
        "Examples": [", ".join(cut(example, 24) for example in column.examples[:4]) for column in shown],
    })


def _note(column: Column) -> str:
    parts = [column.note] if column.note else []
    if column.coerced:
        examples = ", ".join(f"“{cut(example, 16)}”" for example in column.coerced_examples[:2])
        parts.append(f"{count(column.coerced, 'value')} could not be read{': ' + examples if examples else ''}")
    if column.original_name and column.original_name != column.name:
        parts.append(f"named “{cut(column.original_name, 40)}” in the file")
    return "; ".join(parts)


def _spread(project: str) -> dict[str, list[float]]:
    """Twelve counts of each number column, or the counts of a category's top values."""
    return {item.name: bars(item) for item in session.workspace().data.profile(project).columns}


def bars(item: ColumnProfile) -> list[float]:
    """The small histogram of a profiled column."""
    return [float(value) for value in item.counts] or [float(rows) for _, rows in levels(item)]


def levels(item: ColumnProfile) -> list[tuple[str, int]]:
    """The most frequent values of a profiled column with their rows, at most twelve."""
    return [(str(name), int(rows)) for name, rows in item.levels[:12]]


def _config() -> dict[str, Any]:
    config = st.column_config
    return {
        "Column": config.TextColumn(pinned=True, width="medium"),
        "Type": config.SelectboxColumn(options=list(KINDS.values()), required=True, width=120,
                                       help="How the values are read. A changed type reads the file again."),
        "Use": config.SelectboxColumn(options=list(ROLES.values()), required=True, width=110,
                                      help="What the column is good for. Identifiers, constants, empty columns reach no model."),
        "Missing": config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, width=110),
        "Different values": config.NumberColumn("Distinct", format="localized", width=80),
        "Spread": config.BarChartColumn(width=110, y_min=0, color="gray", help="How the values are spread."),
        "Note": config.TextColumn(width=320),
        "Examples": config.TextColumn(width="medium"),
    }
