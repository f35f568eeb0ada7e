"""The records of a text table on their way into columns: every irregular one is mended or counted, none is lost unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from automl_core.data.layout import filled, starts_second_table
from automl_core.data.text.dialect import Dialect
from automl_core.data.text.encoding import Encoding
from automl_core.data.words import few_of
from automl_core.errors import BadInput

# Stands for a carriage return inside a cell until the record has been cut.
STAND_IN: Final = "\x1e"


@dataclass(slots=True)
class Collector:
    """Collects the columns of one table from its records, and counts what was not regular."""

    width: int
    dialect: Dialect
    limit: int
    columns: list[list[Any]] = field(default_factory=list)
    rows: int = 0
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    blank: int = 0
    reopened: int = 0
    second: bool = False
    stray: bool = False
    whole: bool = False

    def take(self, records: Sequence[list[str]], first_line: int) -> None:
        """Adds records; short ones are padded, long ones cut, blank ones left out, each counted. Of a `whole` table only lines
        without any cell are left out: delimiters alone are a row without a value."""
        import pyarrow as pa

        width = self.width
        good: list[list[str]] = []
        for line, record in enumerate(records, start=first_line):
            if self.whole and (len(record) > 1 or width == 1):
                self._place(record, line, good)
            elif len(record) == width:
                if (width == 1 and not record[0].strip()) or not any(record):
                    self.blank += 1
                    continue
                good.append(record)
            elif not filled(record):
                self.blank += 1
            else:
                self._place(record, line, good)
        self.rows += len(good)
        if self.rows > self.limit:
            raise BadInput(f"The file has more than {self.limit:,} rows.", "Upload a part of it, or a sample.")
        if good:
            for column, cells in zip(self.columns, zip(*good, strict=True), strict=True):
                if self.stray:
                    cells = tuple(cell.replace(STAND_IN, "\r") for cell in cells)
                column.append(pa.array(cells, type=pa.large_string()))

    def _place(self, record: list[str], line: int, good: list[list[str]]) -> None:
        """Add a record with as many cells as the table has columns."""
        if len(record) < self.width:
            if record:
                self.short.append(line)
            good.append([*record, *[""] * (self.width - len(record))])
        else:
            if filled(record[self.width :]):
                self.long.append(line)
            good.append(record[: self.width])


def blank_end(records: Sequence[Sequence[str]]) -> int:
    """How many of the last records are lines without any cell (one that is quoted is a cell)."""
    count = 0
    while count < len(records) and not records[-1 - count]:
        count += 1
    return count


def mended(records: list[list[str]], reader: Collector, last: bool) -> list[list[str]]:
    """Records that swallowed the lines after a quote that was never closed are cut into those lines again."""
    whole: list[list[str]] = []
    for place, record in enumerate(records):
        final = last and place == len(records) - 1
        if (len(record) != reader.width or final) and any("\n" in cell for cell in record):
            cut = _cut_at_lines(record, reader.dialect, reader.width)
            if cut:
                reader.reopened += 1
                whole.extend(cut)
                continue
        whole.append(record)
    return whole


def _cut_at_lines(record: list[str], dialect: Dialect, width: int) -> list[list[str]]:
    delimiter = dialect.delimiter if len(dialect.delimiter) == 1 else "\x1f"
    lines = [line for line in delimiter.join(record).replace("\r", "").split("\n") if line]
    rows = [line.split(delimiter) for line in lines]
    fitting = sum(len(row) == width for row in rows)
    return rows if len(rows) > 1 and fitting >= 0.8 * len(rows) else []


def second_table(records: Sequence[Sequence[str]], reader: Collector) -> int:
    """The place of the blank record before a second table, or -1."""
    if reader.width < 2:
        return -1
    for place, record in enumerate(records):
        if not record or not any(record):
            above = [row for row in records[max(0, place - 5) : place] if filled(row)]
            if starts_second_table(records[place + 1 : place + 12], above, reader.width):
                return place
    return -1


def warnings_of(reader: Collector, encoding: Encoding, dropped: int) -> Iterator[str]:
    if encoding.bad:
        where = _numbers(encoding.bad_lines)
        yield f"{encoding.bad} line{_s(encoding.bad)} held bytes that are not {encoding.name}, shown as “�” (line {where})."
    if encoding.has_nul:
        yield "NUL characters in the file were removed."
    if reader.short:
        count, where = len(reader.short), _numbers(reader.short)
        yield f"{count} row{_s(count)} had too few cells and {_were(count)} filled up with missing values (row {where})."
    if reader.long:
        count, where = len(reader.long), _numbers(reader.long)
        yield f"{count} row{_s(count)} had too many cells; what did not fit was left out (row {where})."
    if not reader.rows:
        yield "The file has a header line but no rows below it."
    if reader.reopened:
        yield "A quotation mark was never closed; the lines after it were read as rows of their own."
    if reader.blank:
        yield f"{reader.blank} blank row{_s(reader.blank)} {_were(reader.blank)} left out."
    if reader.second:
        yield "A second table follows below the first and was left out; upload it as a file of its own."
    if dropped:
        yield f"{dropped} empty column{_s(dropped)} without a name {_were(dropped)} left out."


def _were(count: int) -> str:
    return "were" if count > 1 else "was"


def _s(count: int) -> str:
    return "s" if count > 1 else ""


def _numbers(lines: Sequence[int]) -> str:
    return few_of([str(line) for line in lines], 5)
