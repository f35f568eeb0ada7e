"""Workbooks (xlsx, xlsm, xlsb, xls, ods): one sheet, the table on it found wherever it starts, merged cells filled down."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from automl_core.data.layout import SAMPLE_ROWS, Layout, find_layout, footer_length
from automl_core.data.source import Raw, Source, SourceFile, shown
from automl_core.data.table import Origin
from automl_core.data.unpack import check_zip
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.registry import Field

_HINT: Final = "Open it in a spreadsheet and save it again as XLSX, or as CSV."
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_CELLS: Final = 20_000_000
_SCANNED: Final = 1 << 16
_SCANNED_CELLS: Final = 1 << 27


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The used rows of a sheet, cut to its filled rectangle, and the ranges merged in it (in the rectangle's own places)."""

    rows: list[list[Any]]
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...]


_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # names the part of a workbook that a password locks (MS-OFFCRYPTO)


def read_excel(file: SourceFile) -> Raw:
    """The chosen sheet, else the first that holds a table. Whole numbers come as int, dates as dates, errors as missing."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    if file.head[:2] == b"PK":
        _check_parts(file)
    try:
        with CalamineWorkbook.from_path(str(file.path)) as workbook:
            names = [meta.name for meta in workbook.sheets_metadata]
            hidden = {meta.name for meta in workbook.sheets_metadata if meta.visible != SheetVisibleEnum.Visible}
            chosen, sheet = _choose(workbook, names, hidden, file)
    except PasswordError:
        raise _locked(file) from None
    except (CalamineError, OSError, ValueError, KeyError, IndexError):
        if _is_encrypted(file.path):  # the library takes it for a broken one
            raise _locked(file) from None
        raise BadInput(f"{shown(file.name)} is damaged or not a workbook.", _HINT) from None
    raw = _table(sheet, file, chosen)
    origin = Origin(file.name, "excel", header_row=raw.origin.header_row, sheet=chosen, sheets=tuple(names))
    warnings = list(raw.warnings)
    errors = _error_cells(file)
    if errors:
        warnings.append(f"{errors} cell{'s' if errors > 1 else ''} held an error such as #DIV/0! and became missing.")
    if len(names) > 1:
        aside = f" ({', '.join(shown(name) for name in names if name in hidden)} hidden)" if hidden else ""
        warnings.insert(0, f"{shown(file.name)} has {len(names)} sheets{aside}; {shown(chosen)} was read.")
    return Raw(raw.frame, origin, tuple(warnings))


def _is_encrypted(path: Path) -> bool:
    try:
        return _ENCRYPTED in path.read_bytes()
    except OSError:
        return False


def _locked(file: SourceFile) -> BadInput:
    return BadInput(f"{shown(file.name)} is protected by a password.", "Save it without the password and upload it again.")


def _check_parts(file: SourceFile) -> None:
    """Sizes before anything is unpacked, and no document type in any part: entities and outside references live there."""
    members = check_zip(file.path, file.name)
    with zipfile.ZipFile(file.path) as archive:
        for member in members:
            if member.filename.endswith((".xml", ".rels")) and not member.flag_bits & 1:
                try:
                    with archive.open(member) as part:
                        start = part.read(_SCANNED)
                except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
                    raise BadInput(f"{shown(file.name)} is damaged: a part of it cannot be unpacked.", _HINT) from None
                if b"<!DOCTYPE" in start or b"<!ENTITY" in start or b"<\x00!\x00D\x00O\x00C" in start:
                    raise BadInput(f"{shown(file.name)} holds a document type definition, which is refused as unsafe.", _HINT)


def _error_cells(file: SourceFile) -> int:
    """Cells that hold an Excel error, in all sheets of an xlsx; the reader gives them as empty, so the parts are asked."""
    if file.head[:2] != b"PK":
        return 0
    count = 0
    with zipfile.ZipFile(file.path) as archive:
        for member in archive.infolist():
            if (
                member.filename.startswith("xl/worksheets/")
                and member.filename.endswith(".xml")
                and member.file_size < _SCANNED_CELLS
            ):
                with archive.open(member) as part:
                    count += part.read().count(b' t="e"')
    return count


def _choose(workbook: Any, names: list[str], hidden: set[str], file: SourceFile) -> tuple[str, _Sheet]:
    if not names:
        raise BadInput(f"{shown(file.name)} has no sheet.", _HINT)
    if file.options.sheet in names:
        return file.options.sheet, _sheet(workbook, file.options.sheet, file)
    fallback: tuple[str, _Sheet] | None = None
    for name in sorted(names, key=lambda name: name in hidden):
        try:
            sheet = _sheet(workbook, name, file)
        except BadInput:
            if len(names) == 1:
                raise
            continue
        if len(sheet.rows) > 1:
            return name, sheet
        fallback = fallback or (name, sheet)
    if fallback is None:
        raise BadInput(f"{shown(file.name)} has no sheet with a table.", _HINT)
    return fallback


def _sheet(workbook: Any, name: str, file: SourceFile) -> _Sheet:
    """A sheet's rows; its lower right corner is not believed: empty rows and columns around the table are cut."""
    from python_calamine import CalamineError, WorksheetNotFound

    try:
        sheet = workbook.get_sheet_by_name(name)
    except (WorksheetNotFound, CalamineError, ValueError):
        raise BadInput(f"The sheet {shown(name)} of {shown(file.name)} cannot be read.", _HINT) from None
    if sheet.height > 2 * file.limits.rows or sheet.width > file.limits.columns * 2:
        raise BadInput(f"The sheet {shown(name)} is larger than can be read here.", "Save the table alone as CSV.")
    rows: list[list[Any]] = []
    filled_rows: list[int] = []
    left, right = 1 << 30, -1
    cells = 0
    for place, row in enumerate(sheet.iter_rows()):
        used = [at for at, cell in enumerate(row) if cell != "" and cell is not None]
        if used:
            while len(rows) < place and place - len(rows) < 1000:
                rows.append([])
            left, right = min(left, used[0]), max(right, used[-1])
            cells += len(row)
            filled_rows.append(len(rows))
            rows.append(list(row))
        if len(rows) > file.limits.rows or cells > _MAX_CELLS:
            raise BadInput(f"The sheet {shown(name)} has more rows than can be read here.", "Save the table alone as CSV.")
    if not filled_rows:
        return _Sheet([], ())
    top, bottom = filled_rows[0], filled_rows[-1]
    cut = [
        [*row[left : right + 1], *[""] * (right + 1 - max(left, len(row)))] if row else [""] * (right + 1 - left)
        for row in rows[top : bottom + 1]
    ]
    shift = left + (sheet.start or (0, 0))[1]  # rows come from the sheet's first row on, columns from its first used column on
    merged = tuple(((a[0] - top, a[1] - shift), (b[0] - top, b[1] - shift)) for a, b in (sheet.merged_cell_ranges or ()))
    return _Sheet(cut, merged)


def _table(sheet: _Sheet, file: SourceFile, name: str) -> Raw:
    if not sheet.rows:
        raise BadInput(f"The sheet {shown(name)} of {shown(file.name)} is empty.", "Choose another sheet, or fill it.")
    texts = [[to_text(_plain(cell)) or "" for cell in row] for row in sheet.rows[:SAMPLE_ROWS]]
    layout = find_layout(texts, file.options.header_row)
    rows = [list(row) for row in sheet.rows]
    warnings = list(layout.warnings)
    filled = _fill_merged(rows, sheet.merged, layout.first)
    if filled:
        warnings.append(f"{filled} cell{'s' if filled > 1 else ''} under merged cells were filled with their value.")
    body = rows[layout.first :]
    tail = [[to_text(_plain(cell)) or "" for cell in row] for row in body[-12:]]
    below = 0 if file.whole else footer_length(tail, layout.width)
    below = 0 if below >= len(body) else below
    if below:
        warnings.append(
            f"{below} line{'s' if below > 1 else ''} below the table, such as a total, {'were' if below > 1 else 'was'} left out."
        )
        body = body[:-below]
    kept = [row for row in body if file.whole or any(cell not in ("", None) for cell in row)]
    if len(kept) < len(body):
        warnings.append(f"{len(body) - len(kept)} blank row{'s' if len(body) - len(kept) > 1 else ''} left out.")
    frame = _frame(layout, kept)
    if not kept:
        warnings.append("The sheet has a header line but no rows below it.")
    empty = [str(label) for label in frame.columns if str(label).strip() and bool(kept) and frame[label].isna().all().all()]
    if empty:
        warnings.append(
            f"{shown(empty[0])} holds no values: a formula that was never calculated reads as empty; save it in a spreadsheet."
        )
    return Raw(frame, Origin(file.name, header_row=layout.header_row), tuple(warnings))


def _fill_merged(rows: list[list[Any]], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]], first: int) -> int:
    """Gives every cell of a merged range in the data the value of its first cell; how many cells that were."""
    count = 0
    for (top, left), (bottom, right) in merged:
        if top < first or not (0 <= top < len(rows)) or left < 0:
            continue
        value = rows[top][left] if left < len(rows[top]) else ""
        for row in rows[top : bottom + 1]:
            for place in range(left, min(right + 1, len(row))):
                if row[place] in ("", None) and value not in ("", None):
                    row[place] = value
                    count += 1
    return count


def _frame(layout: Layout, rows: list[list[Any]]) -> pd.DataFrame:
    labels = list(layout.header) + [""] * (layout.width - len(layout.header))
    if not layout.header:
        labels = [f"column_{place}" for place in range(1, layout.width + 1)]
    kept: list[tuple[str, pd.Series[Any]]] = []
    for place, label in enumerate(labels):
        cells = [_plain(row[place]) if place < len(row) else None for row in rows]
        cells = [None if cell == "" else cell for cell in cells]
        if label.strip() or any(cell is not None for cell in cells):
            kept.append((label, pd.Series(cells, dtype=object)))
    frame = pd.DataFrame({place: series for place, (_, series) in enumerate(kept)}, index=pd.RangeIndex(len(rows)))
    frame.columns = pd.Index([label for label, _ in kept], dtype=object)
    return frame


def _plain(cell: Any) -> Any:
    """A cell as a plain value: whole floats as int, dates as datetime, times of day and spans as text."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return cell


def _looks_like_workbook(file: SourceFile) -> bool:
    if file.head.startswith(_OLE) or file.head[:2] == b"\x09\x08":
        return True
    return file.head[:4] == b"PK\x03\x04"


SOURCE = Source(
    name="excel",
    title="Excel or OpenDocument workbook",
    suffixes=(".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    read=read_excel,
    matches=_looks_like_workbook,
    package="python_calamine",
    fields=(
        Field("sheet", "Sheet", help="Empty takes the first sheet that holds a table."),
        Field("header_row", "Header row", "integer", -1),
    ),
)
