"""A table on its way from one process to another: typed values as Arrow, everything else as JSON beside it.

Parquet takes ten times as long for thousands of columns, and nobody keeps this file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from automl_core.codec import from_json, to_json
from automl_core.data.table import Column, Origin, Table
from automl_core.errors import NotFound

LONG = 50_000  # rows


def save_table(table: Table, folder: Path) -> None:
    """Writes table.arrow and table.json into `folder` (made when missing); each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    body = {
        "columns": to_json(table.columns),
        "origin": to_json(table.origin),
        "warnings": list(table.warnings),
        "rows": table.rows,
    }
    values, notes = folder / "table.arrow.tmp", folder / "table.json.tmp"
    table.frame.to_feather(values, compression="uncompressed")
    notes.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
    for written in (values, notes):
        with written.open("rb") as stream:
            os.fsync(stream.fileno())
        written.replace(written.with_suffix(""))


def load_table(folder: Path) -> Table:
    """The table `save_table` wrote; NotFound when there is none."""
    try:
        body = json.loads((folder / "table.json").read_text("utf-8"))
        frame = _texts_apart(pd.read_feather(folder / "table.arrow"))
    except FileNotFoundError:
        raise NotFound("The table is no longer there.", "Upload the file again.") from None
    frame.index = pd.RangeIndex(body["rows"])
    columns = from_json(tuple[Column, ...], body["columns"])
    return Table(frame, columns, from_json(Origin, body["origin"]), tuple(body["warnings"]))


def _texts_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """A long frame whose texts have memory of their own: as they are read they keep all of the file there, so that its numbers
    and dates are held twice."""
    if len(frame) >= LONG:
        every = np.arange(len(frame))
        for name, kind in frame.dtypes.items():
            if kind == "str":
                frame[name] = frame[name].array.take(every)
    return frame
