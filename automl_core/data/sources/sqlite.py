"""SQLite files: opened read-only and untouchable, every table and view offered like a sheet."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote

import pandas as pd

from automl_core.data.source import Raw, Source, SourceFile, shown
from automl_core.data.table import Origin
from automl_core.errors import BadInput

_HINT: Final = "Export the table you need as CSV."
_ALLOWED: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_PRAGMA,
        getattr(sqlite3, "SQLITE_RECURSIVE", 33),
    }
)


def read_sqlite(file: SourceFile) -> Raw:
    """One table or view: the chosen one, else the largest table. The file is opened immutable: nothing is written beside it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.path))}?mode=ro&immutable=1", uri=True)) as connection:
            _secure(connection, file)
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise BadInput(f"{shown(file.name)} is a damaged SQLite file.", _HINT)
            tables, views = _names(connection)
            if not tables and not views:
                raise BadInput(f"{shown(file.name)} is a database without a table.", _HINT)
            chosen = file.options.sheet if file.options.sheet in (*tables, *views) else _largest(connection, tables or views)
            frame = _read(connection, chosen, file)
    except (sqlite3.Error, UnicodeError):
        raise BadInput(f"{shown(file.name)} is damaged or not a SQLite database.", _HINT) from None
    sheets = (*tables, *views)
    warnings = (f"{shown(file.name)} holds {len(sheets)} tables; {shown(chosen)} was read.",) if len(sheets) > 1 else ()
    return Raw(frame, Origin(file.name, "sqlite", sheet=chosen, sheets=sheets), warnings)


def _secure(connection: sqlite3.Connection, file: SourceFile) -> None:
    """Reading only: no attaching, no extensions, no writing, no endless views."""
    end = time.monotonic() + file.limits.seconds
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")


def _names(connection: sqlite3.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    ).fetchall()
    return tuple(name for name, kind in rows if kind == "table"), tuple(name for name, kind in rows if kind == "view")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _largest(connection: sqlite3.Connection, names: tuple[str, ...]) -> str:
    counts = {name: connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0] for name in names[:200]}
    return max(counts, key=lambda name: counts[name])


def _read(connection: sqlite3.Connection, name: str, file: SourceFile) -> pd.DataFrame:
    cursor = connection.execute(f"SELECT * FROM {_quoted(name)} LIMIT {file.limits.rows + 1}")
    labels = [part[0] for part in cursor.description]
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    if len(rows) > file.limits.rows:
        raise BadInput(f"The table {shown(name)} has more than {file.limits.rows:,} rows.", "Upload a part of it, or a sample.")
    columns = zip(*rows, strict=True) if rows else [() for _ in labels]
    frame = pd.DataFrame(
        {place: pd.Series(cells, dtype=object) for place, cells in enumerate(columns)}, index=pd.RangeIndex(len(rows))
    )
    frame.columns = pd.Index(labels, dtype=object)
    return frame


SOURCE = Source(
    name="sqlite",
    title="SQLite database",
    suffixes=(".sqlite", ".sqlite3", ".db"),
    read=read_sqlite,
    matches=lambda file: file.head.startswith(b"SQLite format 3\x00") or file.name.lower().endswith((".sqlite", ".sqlite3")),
)
