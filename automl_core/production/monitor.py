"""Monitoring: the contract made at training, and what a scored batch says of the model's health. Needs no training rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.schema import Typed
from automl_core.data.table import Column
from automl_core.data.words import join_words
from automl_core.framing.metric_rows import Cut, predicted_codes
from automl_core.framing.metrics import decision_of, get_metric
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import score_with_interval
from automl_core.framing.validation import encode_target
from automl_core.production.checks import check_batch
from automl_core.production.contract import (
    BatchReport,
    ColumnContract,
    ColumnDrift,
    Contract,
    Estimate,
    Violation,
    important,
)
from automl_core.production.drift import compare
from automl_core.production.drift._test import LEAST_ROWS, quoted
from automl_core.production.learned import Learned, learned_sentence, remember, share_learned
from automl_core.production.training_columns import column_in_training, columns_in_training, with_importance

__all__ = ["check_batch", "make_contract", "report_batch", "with_predictions"]

Floats = NDArray[np.float64]
PREDICTION = "prediction"
DRAWS = 100
ESTIMATE_ROWS = 5_000


def make_contract(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, predictions: Floats | None, importance: dict[str, float],
    dropped: Collection[str] = (),
) -> Contract:
    """The contract of a typed training table (before cleaning, as new rows come in; what the recipe has `dropped` is not needed).

    `predictions` are out of fold: (n,) probabilities or numbers, or (n, k) class probabilities; `importance` holds shares by
    column.
    """
    parts = with_importance(columns_in_training(frame, columns, problem, dropped), importance)
    contract = Contract(parts, None, len(frame), problem.target, learned_of(frame, problem, parts))
    return contract if predictions is None else with_predictions(contract, problem, predictions)


def learned_of(frame: pd.DataFrame, problem: Problem, parts: tuple[ColumnContract, ...]) -> Learned:
    """What tells the rows of a typed training table from others, over its columns of the contract."""
    taught = frame[frame[problem.target].notna()] if problem.target in frame else frame
    if problem.weights and problem.weights in frame:  # rows of weight 0 taught nothing
        taught = taught[pd.to_numeric(taught[problem.weights], errors="coerce") != 0]
    ids = tuple((part.name, part.kind) for part in parts if part.role == "id" and part.name not in problem.excluded)
    ids = tuple(one for one in ids if one[0] != problem.group)
    return remember(taught, tuple((part.name, part.kind) for part in parts if part.needed), ids)


def with_predictions(
    contract: Contract, problem: Problem, predictions: Floats, cut: Cut = 0.5
) -> Contract:
    """The same contract for a model that predicts these, out of fold (see `make_contract`)."""
    if not len(predictions):
        return contract
    several = problem.task == "multiclass"
    series = prediction_series(predictions, problem, cut)
    made = column_in_training(PREDICTION, "text" if several else "float", "category" if several else "number", series, 1.0, True)
    return replace(contract, predictions=made)


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
    Status: “act” when the batch must not be scored or an important column drifted, “watch” when anything else did or the
    contract is strained. The model’s answers to rows that it learned from are not compared, and no score on them is trusted.
    """
    rows = len(typed.frame)
    violations = check_batch(contract, typed)
    predictions, outcomes = _scored_rows(predictions, outcomes)
    series = None if predictions is None else prediction_series(predictions, problem, threshold)
    # a model may do without a column that tells the rows apart
    learned = share_learned(contract.learned, typed.frame.drop(columns=list(typed.missing_columns)))
    aside = learned_sentence(learned)
    columns, prediction = compare(contract, typed.frame, None if aside else series)
    drifted = [one for one in columns if one.drifted]
    grave = [one for one in drifted if one.name in important(contract)]
    moved = None if prediction is None else prediction.drifted
    if any(violation.severity == "refuse" for violation in violations) or grave:
        status = "act"
    else:
        status = "watch" if drifted or moved or any(violation.severity == "warn" for violation in violations) else "ok"
    return BatchReport(
        "act" if status == "act" else "watch" if status == "watch" else "ok",
        rows,
        violations,
        columns,
        prediction,
        None if predictions is None else estimate_metric(predictions, problem, threshold),
        None if predictions is None or outcomes is None
        else _measured(realised_metric(predictions, outcomes, problem, threshold), not aside),
        f"{_sentence(rows, violations, sorted(drifted, key=lambda one: -one.effect), moved)} {aside}".rstrip(),
        learned,
    )


def _measured(made: Estimate | None, trusted: bool) -> Estimate | None:
    return None if made is None else replace(made, trusted=trusted)


def _scored_rows(predictions: Floats | None, outcomes: pd.Series[Any] | None) -> tuple[Floats | None, pd.Series[Any] | None]:
    """The predictions that were made, with their outcomes; None when there is not a single one."""
    if predictions is None:
        return None, None
    kept = is_scored(predictions)
    if not kept.any():
        return None, None
    return predictions[kept], None if outcomes is None else outcomes[kept].reset_index(drop=True)


def estimate_metric(predictions: Floats, problem: Problem, threshold: Cut = 0.5) -> Estimate | None:
    """The metric expected if the predicted probabilities are right: outcomes are drawn from them 100 times (confidence-based
    estimation). It sees changes in who is scored, not in how the world answers, so it is not trusted until outcomes agree.
    None for numbers and below 100 rows."""
    if problem.task == "regression" or len(predictions) < LEAST_ROWS:
        return None
    metric, generator = get_metric(problem.metric), np.random.default_rng(0)
    picked = predictions[generator.permutation(len(predictions))[:ESTIMATE_ROWS]]
    scores = []
    for _ in range(DRAWS):
        if picked.ndim == 1:
            drawn = (generator.random(len(picked)) < picked).astype(np.int64)
        else:
            steps = np.cumsum(picked, axis=1)
            drawn = (generator.random((len(picked), 1)) * steps[:, -1:] > steps).sum(axis=1).clip(max=picked.shape[1] - 1)
        scores.append(metric.score(drawn, picked, decision_of(problem, threshold)))
    known = [score for score in scores if math.isfinite(score)]
    if not known:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(metric.name, float(np.mean(known)), float(low), float(high))


def realised_metric(predictions: Floats, outcomes: pd.Series[Any], problem: Problem, threshold: Cut = 0.5) -> Estimate | None:
    """The metric on the rows whose outcome is known, with its 95 % interval; None when it is undefined on them."""
    truth, keep = encode_target(outcomes.reset_index(drop=True), problem)
    if len(truth) < 2 or (problem.task != "regression" and len(np.unique(truth)) < 2):
        return None
    decision = decision_of(problem, threshold)
    made = score_with_interval(get_metric(problem.metric), truth, predictions[keep], 0, decision)
    if not all(map(math.isfinite, (made.mean, made.low, made.high))):
        return None
    return Estimate(problem.metric, float(made.mean), float(made.low), float(made.high), trusted=True)


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
