"""The data step: files and frames to typed tables. Names load on first use, so that scoring imports only what it needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.data.combine import Joined, join
    from automl_core.data.infer import retyped, table_from_frame
    from automl_core.data.keep import load_table, save_table
    from automl_core.data.profiling import ColumnProfile, Profile, profile
    from automl_core.data.reading import RawRows, read_file, read_rows, retype
    from automl_core.data.schema import Typed, type_frame, type_row
    from automl_core.data.table import Column, Kind, Origin, Reading, ReadLimits, ReadOptions, Role, Row, Table, find_column

_HOMES = {
    "combine": ("Joined", "join"),
    "infer": ("retyped", "table_from_frame"),
    "keep": ("load_table", "save_table"),
    "profiling": ("ColumnProfile", "Profile", "profile"),
    "reading": ("RawRows", "read_file", "read_rows", "retype"),
    "schema": ("Typed", "type_frame", "type_row"),
    "table": ("Column", "Kind", "Origin", "ReadLimits", "ReadOptions", "Reading", "Role", "Row", "Table", "find_column"),
}

__all__ = [
    "Column",
    "ColumnProfile",
    "Joined",
    "Kind",
    "Origin",
    "Profile",
    "RawRows",
    "ReadLimits",
    "ReadOptions",
    "Reading",
    "Role",
    "Row",
    "Table",
    "Typed",
    "find_column",
    "join",
    "load_table",
    "profile",
    "read_file",
    "read_rows",
    "retype",
    "retyped",
    "save_table",
    "table_from_frame",
    "type_frame",
    "type_row",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
