"""The rows that the explain page lists, each with what a model said that had not seen it, and the one that somebody looks for."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core import explaining
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import id_text, quote
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

LONG_NUMBER = 18  # digits: no table has such a row


def rows_listed(search: Searching, run: Run, label: str) -> pd.DataFrame:
    """The cleaned rows that a list may rank with their predictions, as `Explaining.rows` tells."""
    past = search.ranked(run)
    frame, _, problem, _ = search.goal.open(search.inputs(run))
    score = past.oof
    called = search.bundle(run).model.called(score) if score.ndim == 2 else None
    if called is not None:
        place = explaining.explained_class(search.bundle(run).model, label) if label else called
        score = score[np.arange(len(score)), place]
    shown = frame.iloc[past.positions].drop(columns=["prediction", "predicted class"], errors="ignore")
    shown.insert(0, "prediction", score)
    if called is not None:
        shown.insert(0, "predicted class", [problem.classes[index] for index in called])
    return shown


def rows_found(rows: pd.DataFrame, frame: pd.DataFrame, columns: tuple[Column, ...], text: str) -> pd.DataFrame:
    """Those of the listed rows that `text` means in a cleaned table, as `Explaining.find` tells; BadInput when it means none."""
    wanted = text.strip()
    named = next((column.name for column in columns if column.role == "id" and column.name in frame), "")
    ids = [id_text(value) for value in frame[named].tolist()] if named else []
    places = [place for place, name in enumerate(ids) if name == wanted]
    digits = wanted.removeprefix("#")
    if not places and (digits != wanted or not named) and digits.isdecimal() and len(digits) < LONG_NUMBER:
        places = [int(digits)] if int(digits) < len(frame) else []
    found = rows.loc[rows.index.isin(places)]
    if found.empty and places:
        raise BadInput(f"Row {quote(wanted)} is not listed: no model predicted it without having seen it.",
                       "Choose another one.")
    if found.empty:
        last = f"{len(frame) - 1:,}"
        raise BadInput(f"There is no row {quote(wanted)}.",
                       f"Give a value of {quote(named)}, or its number in the cleaned table, from #0 to #{last}." if named
                       else f"Give a number of the cleaned table, from 0 to {last}.")
    return found
