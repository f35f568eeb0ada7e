"""Text tables: csv, tsv and their many dialects, read record by record so that no bad line is lost unseen."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import pandas as pd

from automl_core.data.layout import SAMPLE_ROWS, Layout, filled, find_layout, footer_length
from automl_core.data.source import Raw, Source, SourceFile, shown
from automl_core.data.table import Origin
from automl_core.data.text.dialect import Dialect, find_dialect, split_records
from automl_core.data.text.encoding import find_encoding
from automl_core.data.text.records import STAND_IN, Collector, blank_end, mended, second_table, warnings_of
from automl_core.data.text.regular import regular_columns
from automl_core.errors import BadInput
from automl_core.registry import Field

_CHUNK: Final = 20_000
_TAIL: Final = 12
_SAMPLE_CHARS: Final = 1 << 17
_RETURN: Final = re.compile("\r(?!\n)")
_BINARY: Final = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"MZ",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"PK\x03\x04",
    b"Rar!",
    b"7z\xbc\xaf",
    b"OggS",
    b"RIFF",
    b"ID3",
)
_MARKUP: Final = (b"<!doctype html", b"<html", b"<?xml", b"<table")


def read_csv(file: SourceFile) -> Raw:
    """The one table of a text file, all cells as text; "" means an empty cell."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    _refuse_binary(file)
    encoding = find_encoding(file.path, file.options.encoding)
    with file.path.open("rb") as stream, io.TextIOWrapper(stream, encoding.name, errors="replace", newline="") as text:
        sample, hinted = _sample(text, file)
        stray = 0 < _lone_returns(sample) < 0.2 * sample.count("\n")
        if stray:
            text.seek(0)
            text.reconfigure(newline="\n")
            sample = _RETURN.sub(STAND_IN, sample)
        dialect = find_dialect(sample, file.options.delimiter or hinted)
        _refuse_wide(sample, dialect, file)
        text.seek(0)
        lines = _lines(text, bool(hinted), stray)
        regular = encoding.name == "utf-8" and not encoding.bad and not hinted and not stray
        try:
            layout, reader = _read_table(lines, dialect, file, stray, regular)
        except csv.Error:
            raise BadInput(
                f"{shown(file.name)} is not a regular text table.", "Save it again as CSV with quotes around texts."
            ) from None
    origin = Origin(file.name, "csv", encoding.name, dialect.name, layout.header_row)
    frame, dropped = _frame(layout, reader)
    warnings = [*layout.warnings, *warnings_of(reader, encoding, dropped)]
    return Raw(frame, origin, tuple(warnings))


def _refuse_binary(file: SourceFile) -> None:
    head = file.head
    if not head:
        raise BadInput(f"{shown(file.name)} is empty.", "Upload a file with a header line and rows.")
    if any(head.startswith(magic) for magic in _BINARY):
        raise BadInput(
            f"{shown(file.name)} is not a table: its content is that of another kind of file.",
            "Upload a CSV, Excel, Parquet, JSON or SQLite file.",
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        raise BadInput(
            f"{shown(file.name)} is a web page or XML, not a table.", "Open it in a spreadsheet and save it as CSV or XLSX."
        )


def _sample(text: io.TextIOWrapper, file: SourceFile) -> tuple[str, str]:
    """Whole lines from the start of the file, enough to judge, and the delimiter of a “sep=” line."""
    try:
        sample = text.read(_SAMPLE_CHARS)
        while len(sample.splitlines()) < 12 and len(sample) < 32 * _SAMPLE_CHARS:
            more = text.read(_SAMPLE_CHARS * 2)
            if not more:
                break
            sample += more
        else:
            more = "x"
    except (UnicodeError, LookupError):
        raise BadInput(f"{shown(file.name)} cannot be read in this text encoding.", "Choose another encoding.") from None
    sample = sample.lstrip("\ufeff").replace("\0", "")
    if not sample.strip():
        raise BadInput(f"{shown(file.name)} holds no data, only blank lines.", "Upload a file with a header line and rows.")
    odd = sum(sign == "\ufffd" or (sign < " " and sign not in "\t\r\n\x1f\x1e\x1c\x01\x0b\x0c\x1b") for sign in sample[:4000])
    if odd > 0.02 * min(len(sample), 4000):
        raise BadInput(
            f"{shown(file.name)} is not a table: it holds binary data.", "Upload a CSV, Excel, Parquet, JSON or SQLite file."
        )
    hinted = ""
    head, _, rest = sample.partition("\n")
    if head.lower().startswith("sep=") and len(head.strip()) <= 6:
        hinted, sample = head[4:].rstrip("\r") or "\t", rest
    cut = max(sample.rfind("\n"), sample.rfind("\r"))
    return (sample[: cut + 1] if cut > 0 and more else sample), hinted


def _refuse_wide(sample: str, dialect: Dialect, file: SourceFile) -> None:
    line = sample.splitlines()[0]
    if line.count(dialect.delimiter) >= file.limits.columns:
        raise BadInput(
            f"A line of {shown(file.name)} has more than {file.limits.columns:,} cells.", "Upload a table with fewer columns."
        )


def _lone_returns(sample: str) -> int:
    return len(_RETURN.findall(sample))


def _lines(text: io.TextIOWrapper, skip_hint: bool, stray: bool) -> Iterator[str]:
    """The file's lines without NULs and without the byte-order mark or a “sep=” line.

    In a file whose lines end in line feeds, a `stray` carriage return belongs to its cell: a stand-in takes it past the reader.
    """
    for place, line in enumerate(text):
        if place == 0:
            line = line.lstrip("\ufeff")
            if skip_hint:
                continue
        if stray:
            line = _RETURN.sub(STAND_IN, line)
        yield line.replace("\0", "") if "\0" in line else line


def _read_table(
    lines: Iterator[str], dialect: Dialect, file: SourceFile, stray: bool, regular: bool
) -> tuple[Layout, Collector]:
    records = split_records(lines, dialect)
    top = list(islice(records, SAMPLE_ROWS))
    layout = find_layout(top, file.options.header_row)
    if layout.width == 0:
        raise BadInput(f"{shown(file.name)} holds no data, only blank lines.", "Upload a file with a header line and rows.")
    if layout.width > file.limits.columns:
        raise BadInput(f"{shown(file.name)} has more than {file.limits.columns:,} columns.", "Upload a table with fewer columns.")
    reader = Collector(layout.width, dialect, file.limits.rows, [[] for _ in range(layout.width)], stray=stray,
                       whole=file.whole)
    whole = regular_columns(file.path, dialect, layout, file.limits.rows) if regular else None
    if whole is not None:
        reader.columns, reader.rows = [column.chunks for column in whole], len(whole[0])
        return layout, reader
    waiting = top[layout.first :]
    line = layout.first + 1
    while True:
        chunk = list(islice(records, _CHUNK))
        waiting.extend(chunk)
        last = not chunk
        waiting = mended(waiting, reader, last)
        cut = -1 if file.whole else second_table(waiting, reader)
        if cut >= 0:
            waiting, last = waiting[:cut], True
            reader.second = True
        keep = len(waiting) - _held_back(waiting, last, reader)
        if last and keep < len(waiting) and any(filled(row) for row in waiting[keep:]):
            layout = Layout(
                layout.header, layout.first, layout.width, layout.header_row, (*layout.warnings, _footer_words(waiting[keep:]))
            )
        reader.take(waiting[:keep], line)
        line += keep
        waiting = waiting[keep:]
        if last:
            return layout, reader


def _held_back(waiting: Sequence[Sequence[str]], last: bool, reader: Collector) -> int:
    """How many of the last records are no rows of the table, or, before the `last` were read, may be none."""
    if reader.whole:
        return max(blank_end(waiting), 0 if last else min(_TAIL, len(waiting)))
    return footer_length(waiting[-_TAIL:], reader.width) if last else min(_TAIL, len(waiting))


def _footer_words(rows: Sequence[Sequence[str]]) -> str:
    count = sum(1 for row in rows if filled(row))
    return f"{count} line{'s' if count > 1 else ''} below the table, such as a total, {'were' if count > 1 else 'was'} left out."


def _frame(layout: Layout, reader: Collector) -> tuple[pd.DataFrame, int]:
    """The raw frame, without columns that have neither a label nor a value, and how many those were."""
    import pyarrow as pa

    labels = list(layout.header) + [""] * (layout.width - len(layout.header))
    if not layout.header:
        labels = [f"column_{place}" for place in range(1, layout.width + 1)]
    kept: list[tuple[str, Any]] = []
    for label, parts in zip(labels, reader.columns, strict=True):
        if label.strip() or any(cell.as_py().strip() for part in parts for cell in part.unique()):
            kept.append((label, pa.chunked_array(parts, type=pa.large_string())))
    table = pa.table([cells for _, cells in kept], names=[str(place) for place in range(len(kept))])
    frame = table.to_pandas().set_axis(pd.RangeIndex(reader.rows), axis=0)
    frame.columns = pd.Index([label for label, _ in kept], dtype=object)
    return frame, layout.width - len(kept)


SOURCE = Source(
    name="csv",
    title="Text table (CSV, TSV)",
    suffixes=(".csv", ".tsv", ".txt", ".tab", ".psv"),
    read=read_csv,
    matches=lambda file: True,
    fields=(
        Field("encoding", "Encoding", help="Empty to detect it."),
        Field("delimiter", "Delimiter", help="Empty to detect it."),
        Field("header_row", "Header line", "integer", -1, help="-1 detects it, -2 says that there is none."),
    ),
    fallback=True,
)
