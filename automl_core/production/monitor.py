"""Monitoring: the contract made at training, and what a scored batch says of the model's health. Needs no training rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.schema import Typed
from automl_core.data.words import join_words
from automl_core.framing.dependent import Codes
from automl_core.framing.metric_rows import Cut, predicted_codes
from automl_core.framing.problem import Problem
from automl_core.production.alike import alike, going_together, rows_together
from automl_core.production.checks import check_batch
from automl_core.production.contract import (
    BatchReport,
    ColumnContract,
    ColumnDrift,
    Contract,
    Violation,
    copied_by,
    copied_in,
    important,
)
from automl_core.production.drift import compare
from automl_core.production.drift._test import LEAST_ROWS, quoted
from automl_core.production.learned import Learned, learned_sentence, remember, share_learned
from automl_core.production.measured import JudgedBy, Measured, estimate_metric, held_against, measure
from automl_core.production.training_columns import column_in_training

__all__ = ["check_batch", "contract_of", "report_batch", "with_predictions"]

Floats = NDArray[np.float64]
PREDICTION = "prediction"


def contract_of(parts: tuple[ColumnContract, ...], frame: pd.DataFrame, problem: Problem, known: bool = True) -> Contract:
    """The contract of a typed training table (before cleaning, as new rows come in) with these columns, as every bundle has it
    but for its model's predictions (see `with_predictions`). Its rows are `known` again unless the model learned from a part."""
    rows = rows_together(going_together(frame, problem.group, copied_by(parts)))
    learned = learned_of(frame, problem, parts) if known else Learned()
    return Contract(parts, None, len(frame), problem.target, learned, group=problem.group, together=rows)


def learned_of(frame: pd.DataFrame, problem: Problem, parts: tuple[ColumnContract, ...]) -> Learned:
    """What tells the rows of a typed training table from others, over its columns of the contract."""
    taught = frame[frame[problem.target].notna()] if problem.target in frame else frame
    if problem.weights and problem.weights in frame:  # rows of weight 0 taught nothing
        taught = taught[pd.to_numeric(taught[problem.weights], errors="coerce") != 0]
    ids = tuple((part.name, part.kind) for part in parts if part.role == "id" and part.name not in problem.excluded)
    ids = tuple(one for one in ids if one[0] != problem.group)
    return remember(taught, tuple((part.name, part.kind) for part in parts if part.needed), ids)


def with_predictions(
    contract: Contract, problem: Problem, predictions: Floats, cut: Cut = 0.5, together: Codes | None = None
) -> Contract:
    """The same contract for a model that predicts these, out of fold, of rows that go `together` (n,)."""
    if not len(predictions):
        return contract
    several = problem.task == "multiclass"
    series = prediction_series(predictions, problem, cut)
    made = column_in_training(PREDICTION, "text" if several else "float", "category" if several else "number", series, 1.0, True)
    return replace(contract, predictions=replace(made, alike=alike(series, together)))


def prediction_series(predictions: Floats, problem: Problem, cut: Cut = 0.5) -> pd.Series[Any]:
    """Predictions as one column: the class that is called for several classes, else the number itself; missing stays missing."""
    if predictions.ndim == 2:
        called = np.asarray(problem.classes, dtype=object)[predicted_codes(np.nan_to_num(predictions), cut)]
        return pd.Series(called, dtype="str").where(is_scored(predictions))
    return pd.Series(predictions, dtype="float64")


def is_scored(predictions: Floats) -> NDArray[np.bool_]:
    """The rows with a prediction: a rejected row has none (NaN)."""
    finite = np.isfinite(predictions)
    return np.asarray(finite.all(axis=1) if predictions.ndim == 2 else finite, dtype=bool)


def report_batch(
    contract: Contract,
    typed: Typed,
    predictions: Floats | None,
    outcomes: pd.Series[Any] | None,
    problem: Problem,
    threshold: Cut = 0.5,
) -> BatchReport:
    """What monitoring says of a scored batch, typed by the model's schema.

    `predictions` and `outcomes` are aligned with the rows; either may be None, and single ones missing: a row without a
    prediction was rejected and counts in the contract only. `threshold` is the model's: the probability from which it says yes,
    the factors of several classes, or how steps of a scale are called.
    Status: “act” when the batch must not be scored, an important column drifted, or the model, measured by the outcomes, is
    worse than in its search and not surely better than one answer for all rows; “watch” when it is worse only, anything else
    drifted or the contract is strained. The model’s answers to rows that it learned from are not compared, and no score on them
    is trusted.
    """
    rows = len(typed.frame)
    violations = check_batch(contract, typed)
    predictions, outcomes, scored = _scored_rows(predictions, outcomes, typed.frame)
    series = None if predictions is None else prediction_series(predictions, problem, threshold)
    # a model may do without a column that tells the rows apart
    learned = share_learned(contract.learned, typed.frame.drop(columns=list(typed.missing_columns)))
    aside = learned_sentence(learned)
    columns, prediction = compare(contract, typed.frame, None if aside else series)
    drifted = [one for one in columns if one.drifted]
    moved = None if prediction is None else prediction.drifted
    read_at = threshold if contract.judged_at is None else contract.judged_at
    estimate = None if predictions is None else estimate_metric(predictions, problem, read_at)
    measured = Measured()
    if predictions is not None and outcomes is not None:
        by = JudgedBy(problem, read_at, None if aside else contract.score, copied_in(contract.columns, typed.frame))
        measured = measure(predictions, outcomes, scored, by)
    realised = None if measured.realised is None else replace(measured.realised, trusted=not aside)
    estimate, wrong = held_against(estimate, realised)
    found = _sentence(rows, violations, sorted(drifted, key=lambda one: -one.effect), moved)
    grave = measured.useless or any(one.name in important(contract) for one in drifted)
    strained = measured.worse or bool(drifted) or bool(moved)
    return BatchReport(
        _status(violations, grave, strained),
        rows,
        violations,
        columns,
        prediction,
        estimate,
        realised,
        " ".join(part for part in (measured.sentence, found, wrong, aside) if part),
        learned,
    )


def _status(violations: tuple[Violation, ...], grave: bool, strained: bool) -> Literal["ok", "watch", "act"]:
    severities = {violation.severity for violation in violations}
    if grave or "refuse" in severities:
        return "act"
    return "watch" if strained or "warn" in severities else "ok"


def _scored_rows(
    predictions: Floats | None, outcomes: pd.Series[Any] | None, frame: pd.DataFrame
) -> tuple[Floats | None, pd.Series[Any] | None, pd.DataFrame]:
    """The predictions that were made, with their outcomes and rows; None when there is not a single one."""
    if predictions is None:
        return None, None, frame
    kept = is_scored(predictions)
    if not kept.any():
        return None, None, frame
    told = None if outcomes is None else outcomes[kept].reset_index(drop=True)
    return predictions[kept], told, frame[kept].reset_index(drop=True)


def _sentence(rows: int, violations: tuple[Violation, ...], drifted: Iterable[ColumnDrift], moved: bool | None) -> str:
    """`moved` None: the predictions were not compared."""
    refused = [violation for violation in violations if violation.severity == "refuse"]
    if refused:
        said = refused[0].sentence
        return f"This batch should not be scored: {'the' + said[3:] if said.startswith('The ') else said}"
    names = [quoted(one.name) for one in drifted][:3]
    if names:
        named = join_words(names)
        tail = "" if moved is None else "; the predictions hardly moved"
        if moved:
            tail = f", and the predictions moved with {'it' if len(names) == 1 else 'them'}"
        return f"{named} changed since training{tail}."
    gaps = next((violation.sentence for violation in violations if violation.kind == "missing_values"), "")
    if moved and gaps:
        return f"{gaps.removesuffix('.')}, and the predictions changed."
    if moved:
        return "No single column changed much, but the predictions did."
    if rows < LEAST_ROWS:
        held = "1 row is" if rows == 1 else f"{rows:,} rows are"
        return f"{held} too few to judge change; at least {LEAST_ROWS} are needed."
    if any(violation.severity == "warn" for violation in violations):
        return "The rows look as in training, but some values are not as they should be."
    return "The batch looks as in training."
