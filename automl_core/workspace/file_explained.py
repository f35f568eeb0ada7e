"""A bundle's model explained on the rows of a file, as a whole and for one of them, and the class that is spoken of."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_core.codec import from_json
from automl_core.data.table import Row
from automl_core.data.words import few_of
from automl_core.errors import BadInput
from automl_core.explaining import (
    Past,
    classes_by_interest,
    explain_classes,
    explain_row,
    fixed_row_care,
    likeliest,
    open_reference,
    pick_background,
    with_evidence,
)
from automl_core.explaining.classes import no_such_class
from automl_core.explaining.contributions import compares
from automl_core.explaining.explanation import Explanation, RowExplanation
from automl_core.explaining.overview import Asked
from automl_core.explaining.single import encode_row
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem
from automl_core.production import Bundle
from automl_core.search.plan import RunSummary, Trial
from automl_core.workspace.bundle_rows import outcomes_of

EVIDENCE_FITS, EVIDENCE_SECONDS = 4, 60.0  # the same figures on each run: time only stops fits that do not come to their end


def rows_explained(bundle: Bundle, frame: pd.DataFrame, label: str = "") -> Explanation:
    """The model explained on typed, cleaned rows, for a class ("": the one of most interest)."""
    y, known = outcomes_of(bundle, frame)
    outcomes = np.full(len(frame), np.nan)
    outcomes[known] = y
    asked = Asked((label,) if label else classes_by_interest(bundle.model.problem, outcomes)[:1], fixed=True)
    explanation = explain_classes(bundle.model, frame, outcomes, asked)[0]
    past = Past(frame, outcomes, bundle.model.cleaned, tried(bundle))
    return with_evidence(explanation, bundle.model, past, EVIDENCE_SECONDS, EVIDENCE_FITS) if known.any() else explanation


def row_explained(bundle: Bundle, row: Row, frame: pd.DataFrame, label: str = "") -> RowExplanation:
    """Why a row gets its prediction, for a class ("": of several the one it is called); like those of `frame`, it is typed and
    cleaned."""
    background = pick_background(bundle.model, frame).reset_index(drop=True)
    reference = None
    if compares(bundle.model, encode_row(bundle.model, row)[None, :]):
        reference = open_reference(bundle.model, bundle.model.encoder.matrix(background))
        reference = replace(reference, care=fixed_row_care(reference))
    return explain_row(bundle.model, row, background, label or likeliest(bundle.model, row), reference)


def tried(bundle: Bundle) -> tuple[Trial, ...]:
    """What the bundle's search tried; nothing when it does not tell."""
    found: tuple[Trial, ...] = from_json(RunSummary, bundle.facts["summary"]).leaderboard if "summary" in bundle.facts else ()
    return found


def check_class(problem: Problem, label: str) -> None:
    """BadInput when a class is named that there is not."""
    if not label or label in problem.classes:
        return
    if not problem.classes:
        raise BadInput(f"{quote(problem.target)} is a number and has no classes.", "Leave --class out.")
    raise no_such_class(problem, label, f"Give one of {few_of([quote(name) for name in problem.classes], 8)}.")
