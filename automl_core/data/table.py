"""The nouns of the data step: a typed table, its columns and how their text was read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from automl_core.data.names import column_instead, printable
from automl_core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["int", "float", "bool", "date", "text"]
Role = Literal["number", "category", "text", "date", "id", "constant", "empty"]
KINDS: tuple[Kind, ...] = ("int", "float", "bool", "date", "text")
ROLES: tuple[Role, ...] = ("number", "category", "text", "date", "id", "constant", "empty")

# One row, as scored: numbers are float (NaN when missing), dates datetime or None, bool and text columns str or None.
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the text of one column becomes values: learned once when a file is read, used again on every new row.

    `date_format` is a strptime pattern, empty for ISO 8601. `unit` is a prefix or suffix that was stripped ("€", "kg", "%").
    `null_tokens` are the spellings, beyond the empty string, that mean missing in this column.
    """

    decimal: str = "."
    thousands: str = ""
    date_format: str = ""
    unit: str = ""
    null_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `coerced` counts cells that were not of this kind and became missing, with some of their texts."""

    name: str
    kind: Kind
    role: Role
    missing: int = 0
    distinct: int = 0
    examples: tuple[str, ...] = ()
    original_name: str = ""
    reading: Reading = field(default_factory=Reading)
    coerced: int = 0
    coerced_examples: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table came from and how it was read; `sha256` is that of the file's bytes."""

    name: str
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_row: int = 0
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A typed table.

    `frame` holds int64 (kind int without missing), float64 (int with missing, float), datetime64[us] (date) and `str`
    (bool and text) columns and no other dtype, with a RangeIndex. `warnings` are sentences for the user: every value that was
    changed, lost or guessed while reading is counted in one of them or in its Column.
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    origin: Origin
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.frame)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; BadInput otherwise."""
        return find_column(self.columns, name)


def find_column(columns: tuple[Column, ...], name: str) -> Column:
    """The column of that name; BadInput naming it, and what is spelled most like it, otherwise."""
    for column in columns:
        if column.name == name:
            return column
    raise BadInput(f"There is no column “{name[:80]}” in this table.", column_instead(name, [column.name for column in columns]))


def meant_column(columns: tuple[Column, ...], name: str) -> Column:
    """The column that a typed name means, of all columns of a table: its own name, else its label in the file, with or without
    what is not printed of it, else what pandas makes of a blank label or a repeated one. BadInput for none, or more than one."""
    own = {column.name: column for column in columns}
    plain = printable(name)
    if not plain or name in own:
        return find_column(columns, name)
    labels = [(column, printable(column.original_name)) for column in columns]
    pandas_name, pandas_label = _from_pandas(plain)
    ways = ([column for column in columns if column.original_name == name], [own[plain]] if plain in own else [],
            [column for column, label in labels if label == plain],
            [column for column, label in labels if (column.name, label) == (pandas_name, pandas_label)])
    return next((found[0] for found in ways if len(found) == 1), None) or find_column(columns, name)


def _from_pandas(name: str) -> tuple[str, str]:
    """The name here and the label in the file of what pandas calls “Unnamed: 0” or “x.1”; empty for other names."""
    if blank := re.fullmatch(r"Unnamed: (\d{1,5})", name, re.ASCII):
        return f"column_{int(blank[1]) + 1}", ""
    if repeated := re.fullmatch(r"(.+)\.([1-9]\d{0,4})", name, re.ASCII):
        return f"{repeated[1]}_{int(repeated[2]) + 1}", repeated[1]
    return "", ""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user may overrule when a file is read; empty means detect. `header_row` -1 detects, -2 says there is none."""

    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_row: int = -1
    kinds: dict[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What reading one file may cost, in its own process: address space, wall time, rows and columns."""

    memory_mb: int = 3072
    seconds: int = 120
    rows: int = 5_000_000
    columns: int = 16_384
