"""Where the table sits: title lines above, header rows, totals below, a second table. Text files and sheets share it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Cells = Sequence[str]

_NUMBER: Final = re.compile(r"^[+-]?[$€£]?\s?(?:\d[\d.,' \u00a0]*|\.\d+)(?:[eE][+-]?\d+)?\s?%?$")
_DATE: Final = re.compile(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?$|^\d{8}T\d{4,6}$")
_TOTAL: Final = re.compile(
    r"^(?:grand |sub-?)?totals?\b|^(?:sum|gesamt|summe|insgesamt)\b|^(?:source|note|quelle|prepared by|generated|report)\b",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\s*(?:19|20)\d{2}\s*$")
SAMPLE_ROWS: Final = 200
MOST_CELLS: Final = 40_000  # that tell a header from a first row
ROW_NAMES: Final = "rownames"  # a name that says what it is: such a column is no feature
FEWEST_BELOW: Final = 20  # rows, however many columns there are


@dataclass(frozen=True, slots=True)
class Layout:
    """`header` holds the labels ([] when there is none); data starts at record `first`; `width` is the number of columns."""

    header: tuple[str, ...]
    first: int
    width: int
    header_row: int
    warnings: tuple[str, ...] = ()


def kind_of(cell: str) -> str:
    """ "" blank, "n" number, "d" date, "t" text."""
    text = cell.strip()
    if not text:
        return ""
    if _DATE.match(text):
        return "d"
    return "n" if _NUMBER.match(text) else "t"


def filled(row: Cells) -> int:
    """How many cells hold something."""
    return sum(map(bool, map(str.strip, row)))


def find_layout(rows: Sequence[Cells], wanted_header: int = -1) -> Layout:
    """The layout from the first records, blank ones included. `wanted_header`: a record's number, -1 detect, -2 none."""
    counts = [filled(row) for row in rows]
    sample = [row for row, count in zip(rows, counts, strict=True) if count]
    if not sample:
        return Layout((), 0, 0, -1)
    width = _usual_width(sample)
    if wanted_header >= 0:
        place = min(wanted_header, len(rows) - 1)
        header, said = _header(rows[place], rows[place + 1 : place + SAMPLE_ROWS], width)
        return Layout(header, place + 1, max(width, len(header)), place, said)
    start = _table_start(rows, counts, width)
    warnings = []
    skipped = sum(map(bool, counts[:start]))
    if skipped:
        warnings.append(
            f"{skipped} line{'s' if skipped > 1 else ''} above the table {'were' if skipped > 1 else 'was'} left out."
        )
    if wanted_header == -2:
        return Layout((), start, width, -1, tuple(warnings))
    below = [row for row, count in zip(rows[start + 1 : start + SAMPLE_ROWS], counts[start + 1 :], strict=False) if count]
    below = below[: max(FEWEST_BELOW, MOST_CELLS // width)]  # where columns are many, a few rows of each tell the same
    first = rows[start]
    if below and _is_group_header(first, below[0], below[1:]):
        at = next(place for place in range(start + 1, len(rows)) if counts[place])
        warnings.append("Two header lines were joined into one.")
        return Layout(_joined(first, rows[at]), at + 1, max(width, len(first)), start, tuple(warnings))
    if not _is_header(first, below):
        warnings.append("The file has no header line; the columns were named column_1, column_2 and so on.")
        return Layout((), start, width, -1, tuple(warnings))
    header, said = _header(first, below, width)
    return Layout(header, start + 1, max(width, len(header)), start, (*warnings, *said))


def _header(first: Cells, below: Sequence[Cells], width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels, and what is to be said of them. Where they are one fewer than the rows have cells, they begin at the second
    cell: the first is the row's name, as R writes it, unless the last cells are empty, because a delimiter ends each row."""
    if not first or len(first) != width - 1:
        return tuple(first), ()
    whole = [row for row in below if len(row) == width]
    ends = sum(bool(row[-1].strip()) for row in whole)
    if len(whole) < 0.9 * sum(filled(row) > 0 for row in below) or ends <= 0.5 * len(whole):
        return tuple(first), ()
    said = "The header line has one name fewer than the rows have cells: the first cell of each row was read as the row's name."
    return ("" if ROW_NAMES in first else ROW_NAMES, *first), (said,)


def _usual_width(sample: Sequence[Cells]) -> int:
    """The most frequent number of cells; the widest among near-equals."""
    widths = Counter(len(row) for row in sample)
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0]


def _table_start(rows: Sequence[Cells], counts: Sequence[int], width: int) -> int:
    """The first record that belongs to the table: wide enough and filled (`counts` of each) like the rows below it."""
    some = sorted(count for count in counts if count)
    usual = some[len(some) // 2]
    for place, (row, count) in enumerate(zip(rows, counts, strict=True)):
        if not count:
            continue
        if width == 1:
            return place
        comment = row[0].lstrip().startswith("#") and len(row) < width
        if not comment and len(row) >= min(width, 2) and len(row) >= 0.6 * width and count > max(1, 0.4 * usual):
            return place
        if usual <= 1:
            return place
    return next(place for place, count in enumerate(counts) if count)


def _is_header(first: Cells, below: Sequence[Cells]) -> bool:
    """Whether the first record names the columns: text over numbers says yes, numbers over numbers say no."""
    kinds = [kind_of(cell) for cell in first]
    if not below:
        return any(kind == "t" for kind in kinds)
    if _is_numbered(first, below):
        return True
    yes = no = 0
    for place, kind in enumerate(kinds):
        under = Counter(kind_of(row[place]) for row in below if place < len(row))
        under.pop("", None)
        if not under or not kind:
            continue
        common = under.most_common(1)[0][0]
        if common in ("n", "d"):
            year = (
                kind == "n"
                and _YEAR.match(first[place])
                and not all(_YEAR.match(row[place]) for row in below[:20] if place < len(row))
            )
            yes += kind == "t" or bool(year)
            no += kind == common and not year
    if yes or no:
        return yes >= no
    labels = [cell.strip() for cell in first if cell.strip()]
    return len(set(labels)) == len(labels) or len(set(labels)) > 0.5 * len(labels)


def _is_numbered(first: Cells, below: Sequence[Cells]) -> bool:
    """Whether the cells number the columns from 0 or 1 instead of naming them; a few may have names: 0, 1, 2, outcome.

    So few cells as 1, 2, Smith may be a row, unless the name stands over numbers, or over a few values and is none of them.
    """
    cells = [cell.strip() for cell in first]
    numbers = [cell for cell in cells if cell.isdigit()]
    named = [place for place, cell in enumerate(cells) if cell and not cell.isdigit()]
    if len(numbers) < 2 or numbers not in ([str(n + start) for n in range(len(numbers))] for start in (0, 1)):
        return False
    if len({cells[place] for place in named}) < len(named) or any(kind_of(cells[place]) != "t" for place in named):
        return False
    if not named:
        return len(cells) >= 4 and all(cells[1:])
    under = [[row[place].strip() for row in below if place < len(row)] for place in named]
    if any(cells[place] in values for place, values in zip(named, under, strict=True)):
        return False
    few = (len(values) >= 4 and len(set(values)) <= 0.5 * len(values) for values in under)
    return len(numbers) >= 4 or any(few) or any({kind_of(value) for value in values} <= {"n", "d", ""} for values in under)


def _is_group_header(first: Cells, second: Cells, below: Sequence[Cells]) -> bool:
    """North, North, South, South over 2022, 2023, 2022, 2023: every group label and every set of sub-labels occurs again."""
    if len(first) < 3 or len(second) != len(first) or not below:
        return False
    groups = Counter(cell.strip() for cell in first[1:])
    if (
        len(groups) < 2
        or "" in groups
        or any(count < 2 for count in groups.values())
        or any(kind_of(cell) != "t" for cell in first[1:])
    ):
        return False
    subs: dict[str, list[str]] = {}
    for group, sub in zip(first[1:], second[1:], strict=True):
        subs.setdefault(group.strip(), []).append(sub.strip())
    sets = list(subs.values())
    return all(names == sets[0] for names in sets) and len(set(sets[0])) == len(sets[0]) and kind_of(second[0]) == "t"


def _joined(first: Cells, second: Cells) -> tuple[str, ...]:
    head = f"{first[0].strip()}/{second[0].strip()}".strip("/")
    return (head, *(f"{group.strip()} {sub.strip()}".strip() for group, sub in zip(first[1:], second[1:], strict=True)))


def footer_length(tail: Sequence[Cells], width: int) -> int:
    """How many of the last records are totals or remarks, not data (blank ones among them counted).

    They stand after a blank record and are emptier than the table, or they begin with a word such as “Total”.
    """
    blank = max((place for place, row in enumerate(tail) if not filled(row)), default=-1)
    cut = len(tail)
    if blank >= 0 and width > 1:
        after = tail[blank + 1 :]
        if len(after) <= 8 and all(filled(row) <= max(1, 0.6 * width) or _is_total(row) for row in after):
            cut = blank
            while cut > 0 and not filled(tail[cut - 1]):
                cut -= 1
    while cut > 0 and width > 1 and filled(tail[cut - 1]) and _is_total(tail[cut - 1]) and filled(tail[cut - 1]) < width:
        cut -= 1
    return len(tail) - cut


def _is_total(row: Cells) -> bool:
    label = next((cell.strip() for cell in row if cell.strip()), "")
    return bool(_TOTAL.match(label))


def starts_second_table(after: Sequence[Cells], above: Sequence[Cells], width: int) -> bool:
    """Whether the records after a blank one are another table: another width throughout, or a new header over numbers."""
    rows = [row for row in after[:6] if filled(row)]
    if len(rows) < 2 or not above:
        return False
    if all(len(row) != width and len(row) == len(rows[0]) for row in rows) and len(rows[0]) > 1:
        return True
    numeric = [place for place in range(width) if all(place < len(row) and kind_of(row[place]) in ("n", "d") for row in above)]
    return bool(numeric) and all(place < len(rows[0]) and kind_of(rows[0][place]) == "t" for place in numeric)
