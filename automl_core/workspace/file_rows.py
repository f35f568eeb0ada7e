"""One row of a file as the page tells it: why it gets its prediction, how sure that is, and past rows like it."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core import data as data_step
from automl_core.explaining.explanation import RowContext, RowExplanation, Sureness
from automl_core.explaining.sure import band_words
from automl_core.production import Bundle
from automl_core.workspace.explain import Explaining
from automl_core.workspace.file_risks import file_risks, kept_table
from automl_core.workspace.files import Files, cleaned_row, cleaned_rows, row_explained

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
    explain: Explaining

    def row(self, bundle_path: str, source: str, position: int, label: str = "") -> FileRow:
        """One row of a file, for a class ("": of several the one it is called), by the past rows of the search that made the
        bundle. Where that is not at hand it is what the bundle alone can say, and a sentence about the rest."""
        bundle, raw = self.files.opened(bundle_path, source)
        one = row_explained(bundle, raw, position, label)
        search = self.explain.search
        risks = file_risks(bundle, data_step.type_frame(raw, bundle.model.columns).frame, cleaned_rows(bundle, raw), search)
        here = risks.places == position
        alone = kept_table(bundle, search) is None
        perhaps = bool(risks.doubted[here].any()) if here.any() else alone and not bundle.contract.learned.whole
        note = PERHAPS if perhaps else "" if here.any() else LEARNED
        if alone:
            return FileRow(one, _alone(bundle, raw.iloc[[position]], one), f"{note} {NO_PAST}".strip())
        run, place = search.run(str(bundle.facts["run"])), int(risks.positions[here][0]) if here.any() else -1
        note = REASONS if place >= 0 and self.explain.learned_by(run, place) else note
        return FileRow(one, self.explain.context_of(run, cleaned_row(bundle, raw, position), place, one.label), note)


def _alone(bundle: Bundle, raw: pd.DataFrame, one: RowExplanation) -> RowContext:
    """What a bundle alone knows around the prediction of the one row given: how far off numbers are, and what is unusual."""
    unusual = str(bundle.predict(raw)["_reasons"].iloc[0])
    flags = (f"{unusual[0].upper()}{unusual[1:]}.",) if unusual else ()
    bands, sure = bundle.model.bands, None
    if bands is not None and np.isfinite(one.prediction):
        low, high = bands.around_one(one.prediction)
        sure = Sureness(0, math.nan, math.nan, math.nan, low, high, band_words(one.prediction, low, high))
    return RowContext(sure, (), (), flags)
