"""One row of a file as the page tells it: why it gets its prediction, how sure that is, and past rows like it."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core import data as data_step
from automl_core.data.table import Row
from automl_core.explaining.explanation import Explanation, RowContext, RowExplanation, Sureness
from automl_core.explaining.sure import band_words
from automl_core.production import Bundle
from automl_core.search.model import cleaned_rows
from automl_core.workspace.bundle_rows import row_at
from automl_core.workspace.explain import Explaining
from automl_core.workspace.file_explained import check_class, row_explained, rows_explained
from automl_core.workspace.file_risks import file_places, kept_table
from automl_core.workspace.files import Files

NO_PAST = ("A bundle holds no past rows: how sure this is by rows like it, and the nearest of them with their outcomes, are told "
           "on the computer and in the workspace where the model was trained.")
LEARNED = "The model learned from this row, so it is surer of it than of a new one."
REASONS = ("The reasons come from the final model, which learned from this row as well; how sure it is goes by what a model said "
           "that had not seen it.")
PERHAPS = "The model may have learned from this row; if so, it is surer of it than of a new one."


@dataclass(frozen=True, slots=True)
class FileRow:
    """Why a row of a file gets its prediction, what stands around it, and what cannot be told or is in doubt (empty: nothing)."""

    explanation: RowExplanation
    around: RowContext
    note: str


@dataclass(frozen=True)
class FileRows:
    files: Files
    explaining: Explaining

    def explain(
        self, bundle_path: str, source: str, label: str = "", position: int | None = None
    ) -> tuple[Explanation, FileRow | None]:
        """The model explained on the rows of a file, for a class ("": the one of most interest), and one of the rows where its
        `position` is given. Whether there are such a class and such a row is asked before the model is looked at."""
        bundle, raw = self.files.opened(bundle_path, source)
        check_class(bundle.model.problem, label)
        row = None if position is None else row_at(bundle, raw, position)
        frame = cleaned_rows(bundle.model, raw)
        whole = rows_explained(bundle, frame, label)
        if row is None or position is None:
            return whole, None
        return whole, self._row(bundle, raw, frame, (position, row), row_explained(bundle, row, frame, label))

    def _row(
        self, bundle: Bundle, raw: pd.DataFrame, frame: pd.DataFrame, asked: tuple[int, Row], one: RowExplanation
    ) -> FileRow:
        """What stands around a row, by the past rows of the search that made the bundle. Where that is not at hand it is what the
        bundle alone can say, and a sentence about the rest."""
        (position, row), search = asked, self.explaining.search
        kept = kept_table(bundle, search)
        found = file_places(bundle, data_step.type_frame(raw, bundle.model.columns).frame, frame, kept)
        here = found.places == position
        perhaps = bool(found.doubted[here].any()) if here.any() else kept is None and not bundle.contract.learned.whole
        note = PERHAPS if perhaps else "" if here.any() else LEARNED
        if kept is None:
            return FileRow(one, _alone(bundle, raw.iloc[[position]], one), f"{note} {NO_PAST}".strip())
        run, place = search.run(str(bundle.facts["run"])), int(found.positions[here][0]) if here.any() else -1
        note = REASONS if place >= 0 and self.explaining.learned_by(run, place) else note
        return FileRow(one, self.explaining.context_of(run, row, place, one.label), note)


def _alone(bundle: Bundle, raw: pd.DataFrame, one: RowExplanation) -> RowContext:
    """What a bundle alone knows around the prediction of the one row given: how far off numbers are, and what is unusual."""
    unusual = str(bundle.predict(raw)["_reasons"].iloc[0])
    flags = (f"{unusual[0].upper()}{unusual[1:]}.",) if unusual else ()
    bands, sure = bundle.model.bands, None
    if bands is not None and np.isfinite(one.prediction):
        low, high = bands.around_one(one.prediction)
        sure = Sureness(0, math.nan, math.nan, math.nan, low, high, band_words(one.prediction, low, high))
    return RowContext(sure, (), (), flags)
