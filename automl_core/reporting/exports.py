"""Files that are opened in a spreadsheet: no cell of them can become a formula.

A text that a spreadsheet would calculate gets a leading apostrophe (CSV) or is stored as a string cell (XLSX). Numbers are
untouched, so negative ones survive.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from automl_core.data.formulas import safe_text
from automl_core.errors import BadInput

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XLSX_ROWS = 1_048_576
_XLSX_COLUMNS = 16_384
_XLSX_TEXT = 32_767


def _safe_cell(value: Any) -> Any:
    return safe_text(value) if isinstance(value, str) else value


def _safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        numeric = pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_datetime64_any_dtype(series.dtype)
        columns[position] = series if numeric else series.astype(object).map(_safe_cell, na_action="ignore")
    safe = pd.DataFrame(columns, index=frame.index)
    safe.columns = pd.Index([safe_text(str(name)) for name in frame.columns])
    return safe


def safe_csv(frame: pd.DataFrame, excel: bool = False) -> bytes:
    """The frame as UTF-8 CSV without its index; texts are quoted, so no other delimiter can split them.

    `excel` puts a byte order mark in front, without which Excel misreads letters beyond ASCII.
    """
    return b"".join(csv_chunks([frame], excel))


def csv_chunks(frames: Iterable[pd.DataFrame], excel: bool = False) -> Iterator[bytes]:
    """The frames, one after the other, as one CSV with one header: for downloads too large for memory."""
    first = True
    for frame in frames:
        text = _safe_frame(frame).to_csv(index=False, header=first, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        yield text.encode("utf-8-sig" if excel and first else "utf-8", errors="replace")
        first = False


def safe_xlsx(frame: pd.DataFrame, sheet: str = "Clarion") -> bytes:
    """The frame as an XLSX workbook whose text cells are strings, never formulas or links.

    Raises BadInput when the frame has more rows or columns than a sheet can hold.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    if len(frame) >= _XLSX_ROWS or frame.shape[1] > _XLSX_COLUMNS:
        raise BadInput(f"An Excel sheet cannot hold {len(frame):,} rows.", "Download it as CSV instead.")
    book = Workbook(write_only=True)
    page = book.create_sheet(_ILLEGAL.sub("", re.sub(r"[\[\]:*?/\\']", " ", sheet))[:31] or "Clarion")

    def cell(value: Any) -> Any:
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            return None
        if isinstance(value, pd.Timestamp):
            return value.tz_localize(None).to_pydatetime()
        if hasattr(value, "item"):
            return value.item()
        if not isinstance(value, (str, int, float)):
            value = str(value)
        if isinstance(value, str):
            made = WriteOnlyCell(page, value=_ILLEGAL.sub("", value)[:_XLSX_TEXT])
            made.data_type = "s"  # the library turns a leading “=” into a formula otherwise
            return made
        return value

    page.append([cell(str(name)) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        page.append([cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
