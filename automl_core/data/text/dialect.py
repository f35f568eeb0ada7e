"""Which delimiter and quote a text table uses: every candidate reads a sample; regular rows of clean cells win."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# Preference breaks near-ties: a colon or a space is rarely meant as a delimiter.
_DELIMITERS: Final = (
    (",", 1.0),
    (";", 1.0),
    ("\t", 1.0),
    ("|", 0.98),
    ("||", 0.99),
    ("^", 0.95),
    ("~", 0.93),
    ("::", 0.9),
    (":", 0.7),
    ("\x1f", 0.95),
    ("\x01", 0.95),
    ("  ", 0.9),
)
_CLEAN: Final = re.compile(
    r"""^\s*(?:
    | [+-]?[$€£¥]?\s?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s?%?           # a number
    | [+-]?\d{1,3}(?:[.,'\s]\d{3})+(?:[.,]\d+)?                     # with group marks
    | [+-]?\d+,\d+                                                    # with a decimal comma
    | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\s]\d{1,2}:\d{2}.*)?         # a date
    | \d{1,2}:\d{2}(?::\d{2})?
    )\s*$""",
    re.VERBOSE,
)
_STAND_IN: Final = "\x1f"
_GAP: Final = re.compile(r" {2,}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records are cut. `delimiter` may be two characters long (two spaces: fixed width); `trim` drops the spaces after it."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    trim: bool = False

    @property
    def name(self) -> str:
        return self.delimiter + " " if self.trim else self.delimiter


def find_dialect(sample: str, wanted: str = "") -> Dialect:
    """The dialect of a sample of whole lines; the delimiter may be given."""
    lines = sample.splitlines(keepends=True)[:200]
    escape = "\\" if sample.count('\\"') > 0 and sample.count('\\"') >= sample.count('""') else ""
    best, best_score = Dialect(wanted or ",", escape=escape), -1.0
    for delimiter, weight in ((wanted, 1.0),) if wanted else _DELIMITERS:
        if delimiter not in sample or (delimiter == "|" and sample.count("||") * 2 == sample.count("|")):
            continue
        for quote in ('"', "'"):
            if quote == "'" and not re.search(
                rf"(?:^|{re.escape(delimiter)})\s*'[^'\n]*'\s*(?:{re.escape(delimiter)}|$)", sample, re.MULTILINE
            ):
                continue
            dialect = Dialect(delimiter, quote, escape if quote == '"' else "")
            score = weight * _score(lines, dialect)
            if score > best_score + 1e-9:
                best, best_score = dialect, score
    spaced = sample.count(best.delimiter + " ")
    trim = best.delimiter in sample and spaced >= 0.9 * sample.count(best.delimiter)
    return Dialect(best.delimiter, best.quote, best.escape, trim)


def split_records(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Records of these lines (with their line ends); blank lines give empty records."""
    if dialect.delimiter == "  ":  # fixed width: two spaces or more stand between the columns
        lines = (_GAP.sub(_STAND_IN, line.strip(" ")) for line in lines)
    elif len(dialect.delimiter) > 1:
        lines = (line.replace(dialect.delimiter, _STAND_IN) for line in lines)
    delimiter = dialect.delimiter if len(dialect.delimiter) == 1 else _STAND_IN
    escape = dialect.escape or None
    return csv.reader(lines, delimiter=delimiter, quotechar=dialect.quote, escapechar=escape, skipinitialspace=dialect.trim)


def _score(lines: list[str], dialect: Dialect) -> float:
    """Share of rows with the usual number of cells times the share of cells that are cleanly one value."""
    try:
        rows = [row for row in split_records(lines, dialect) if row]
    except csv.Error:
        return 0.0
    if not rows:
        return 0.0
    widths = Counter(len(row) for row in rows)
    # The widest of the frequent widths: a title above the table must not decide.
    width, count = max(widths.items(), key=lambda item: (item[1] * (1 + 0.05 * min(item[0], 10)), item[0]))
    if width < 2:
        return 0.01
    regular = count / len(rows)
    cells = [cell for row in rows if len(row) == width for cell in row[:200]]
    clean = sum(_cleanness(cell) for cell in cells) / len(cells)
    return regular * clean * (1 + 0.02 * min(width, 5))


def _cleanness(cell: str) -> float:
    if _CLEAN.match(cell):
        return 1.0
    stray = sum(sign in cell for sign in (";", "\t", "|", "^", '"')) + (cell.count(",") > 2)
    return max(0.0, 0.9 - 0.3 * stray)
