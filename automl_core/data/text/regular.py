"""A text table in which no record needs mending, cut into columns at once: a table of thousands of columns is millions of cells,
which are slow to take one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from automl_core.data.layout import Layout, footer_length
from automl_core.data.text.dialect import Dialect

_BLOCK: Final = 1 << 23
_TAIL: Final = 12


def regular_columns(path: Path, dialect: Dialect, layout: Layout, limit: int) -> list[Any] | None:
    """The columns (chunked Arrow texts) of a UTF-8 file below its header; None unless every line is one record of as many cells,
    none of it blank, quoted or a footer: then the records are taken one by one, as they are beyond `limit` rows."""
    import pyarrow as pa
    from pyarrow import csv

    plain = len(dialect.delimiter) == 1 and dialect.delimiter.isascii() and not dialect.escape and not dialect.trim
    if layout.width < 2 or not plain or not _is_plain(path, dialect.quote.encode()):
        return None
    names = [str(place) for place in range(layout.width)]
    try:
        table = csv.read_csv(
            path,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, skip_rows=layout.first, column_names=names),
            csv.ParseOptions(delimiter=dialect.delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # a line of more or fewer cells, or no line at all
        return None
    if not 0 < table.num_rows <= limit or _has_blank(table):
        return None
    tail = list(zip(*(column.slice(max(0, table.num_rows - _TAIL)).to_pylist() for column in table.columns), strict=True))
    return None if footer_length(tail, layout.width) else list(table.columns)


def _is_plain(path: Path, quote: bytes) -> bool:
    """Whether no cell is quoted and lines end in the same way all through."""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            block += stream.read(1) if block.endswith(b"\r") else b""
            if quote in block or b"\0" in block or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
                return False
    return True


def _has_blank(table: Any) -> bool:
    """Whether a row has nothing in any cell; most often the first column tells."""
    import pyarrow.compute as pc

    blank: Any = None
    for column in table.columns:
        empty = pc.equal(column, "")
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            return False
    return True
