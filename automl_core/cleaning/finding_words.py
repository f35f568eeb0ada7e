"""How findings say counts and names."""
from __future__ import annotations

from automl_core.data.table import Column


def short(column: Column) -> str:
    """The column's name, cut to 80 characters."""
    return column.name[:80]


def cells(count: int) -> str:
    """“1 cell”, “11 cells”."""
    return f"{count:,} cell" + ("" if count == 1 else "s")


def share(count: int, total: int) -> str:
    """A share in per cent: one digit below 10, none above, never 0 for something nor 100 for less than all."""
    percent = 100 * count / max(1, total)
    if 99.5 <= percent < 100:
        return "over 99 %"
    return "under 0.1 %" if percent < 0.1 else f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def rows(count: int, total: int) -> str:
    """“11 of 7,043 rows (0.2 %)”."""
    return f"{count:,} of {total:,} rows ({share(count, total)})"
