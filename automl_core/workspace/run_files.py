"""What a search leaves behind: the bundle and the out-of-fold predictions of each model it could hand over, as files."""
from __future__ import annotations

import io
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from automl_core import __version__
from automl_core import search as search_step
from automl_core.cleaning.recipe import Recipe
from automl_core.codec import to_json
from automl_core.data.table import Origin
from automl_core.errors import disk
from automl_core.explaining.explanation import Explanation
from automl_core.framing.problem import Problem, Verdict
from automl_core.production import write_bundle
from automl_core.production.alike import going_together
from automl_core.production.contract import ColumnContract, Contract, copied_by, for_model
from automl_core.production.monitor import contract_of, with_predictions
from automl_core.production.training_columns import columns_in_training, with_importance
from automl_core.reporting import CardFacts, model_card
from automl_core.search.model import Model
from automl_core.store import Newest
from automl_core.workspace.context import Context
from automl_core.workspace.explained import keep_explanations
from automl_core.workspace.goal import Framing, Inputs
from automl_core.workspace.ranked import Predictions
from automl_core.workspace.summaries import summary_of, with_check, with_choice
from automl_core.workspace.views import Run, RungFiles

ROWS_OF_ANSWER = 10  # on average, of a model whose answers are few
RULE = "rule"


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """What every bundle of a run says alike: where its data came from, the verdict, the explanation, and the contract of the
    columns (without predictions). `others` explain the same model for the other classes; no bundle holds them. `frame` is the
    cleaned table."""

    origin: Origin
    verdict: Verdict | None
    explanation: Explanation
    contract: Contract
    frame: pd.DataFrame
    others: tuple[Explanation, ...] = ()


def columns_of(goal: Framing, inputs: Inputs, problem: Problem, recipe: Recipe) -> tuple[ColumnContract, ...]:
    """The contract of a search's columns, as far as it needs no model."""
    given = goal.data.table_of(inputs.table)
    dropped = {step.column for step in recipe.steps if step.kind == "drop_column"}
    return columns_in_training(given.frame, given.columns, problem, dropped)


def metadata_of(
    goal: Framing, run: Run, problem: Problem, explanations: tuple[Explanation, ...],
    columns: tuple[ColumnContract, ...] | None = None, frame: pd.DataFrame | None = None,
) -> Metadata:
    """What all bundles of this run share; the first of the explanations is theirs. `columns` are those of `columns_of`, where
    they were made before, and `frame` is the cleaned table, where it is at hand."""
    inputs = Inputs(run.table, run.recipe, run.problem)
    given, explanation = goal.data.table_of(run.table), explanations[0]
    shares = {item.column: item.share for item in explanation.importance}
    parts = with_importance(columns_of(goal, inputs, problem, goal.open(inputs)[3]) if columns is None else columns, shares)
    # where rows were left out, these are new to the model; those drawn are known by place in the cleaned table only
    contract = contract_of(parts, given.frame, problem, known=not summary_of(run).left_out)
    verdict = goal.verdict_of(run.project_id, inputs)
    cleaned = goal.open(inputs)[0] if frame is None else frame
    return Metadata(given.origin, verdict, explanation, contract, cleaned, explanations[1:])


def keep(
    context: Context, run: Run, model: Model, predictions: Predictions, metadata: Metadata, after: Newest | None = None
) -> Run:
    """Keep a run with the model it hands over, and its explanations; returns the run as it was kept. Conflict when one was kept
    that is newer than `after`."""
    bundle, oof = _write(context, run, model, predictions, metadata)
    summary = with_check(run, metadata.verdict)
    kept = replace(run, summary=summary, bundle=bundle, oof=oof)
    keep_explanations(context, run, (metadata.explanation, *metadata.others))
    context.save("run", run.project_id, kept, parent_id=run.job_id, record_id=kept.id, after=after)
    return kept


def write_rung(context: Context, run: Run, name: str, outcome: search_step.Outcome, metadata: Metadata) -> RungFiles:
    """A rung that was not handed over, kept so that it can be: its explanation is made when it is chosen."""
    model = outcome.rungs[name]
    shown = replace(run, summary=with_choice(summary_of(run), name, model))
    predictions = Predictions(outcome.oofs[name], outcome.positions, outcome.y, outcome.learned)
    return RungFiles(*_write(context, shown, model, predictions, metadata))


def read_predictions(path: Path) -> Predictions:
    """The out-of-fold predictions that a run kept."""
    with np.load(path, allow_pickle=False) as arrays:
        return Predictions(**{name: arrays[name] for name in arrays.files})


def answers_of(model: Model, predictions: Predictions, frame: pd.DataFrame) -> np.ndarray:
    """What new answers are held against, (n,) or (n, k): those out of fold, or, of a rule and of a model that sees few different
    rows, its own of the same rows. The folds' models give others than it, each a little beside, and neither fits a row too well:
    a forest that gives few different numbers may know all of its rows."""
    first, rows = predictions.oof if predictions.oof.ndim == 1 else predictions.oof[:, 0], frame.iloc[predictions.positions]
    if len(np.unique(first)) * ROWS_OF_ANSWER > len(first):
        return predictions.oof
    if all(member.family == RULE for member in model.members):
        return np.asarray(model.predict_frame(rows))
    seen = pd.util.hash_pandas_object(rows[list(model.encoder.sources)], index=False).to_numpy()
    _, places, of = np.unique(seen, return_index=True, return_inverse=True)
    if len(places) * ROWS_OF_ANSWER > len(rows):
        return predictions.oof
    return np.asarray(model.predict_frame(rows.iloc[places]))[of]


def _write(context: Context, run: Run, model: Model, predictions: Predictions, metadata: Metadata) -> tuple[str, str]:
    """The bundle and the out-of-fold predictions as files of the store: their ids."""
    store = context.store
    together = going_together(metadata.frame, model.problem.group, copied_by(metadata.contract.columns))
    together = None if together is None else together[predictions.positions]
    answers = answers_of(model, predictions, metadata.frame)
    promised = with_predictions(metadata.contract, model.problem, answers, model.cut, together)
    contract = for_model(promised, model.sources)
    card = model_card(CardFacts(
        model.problem, summary_of(run), tuple(column.name for column in contract.columns if column.needed), datetime.now(UTC),
        metadata.origin.name, metadata.origin.sha256, metadata.verdict, metadata.explanation, __version__))
    # a name of its own: two may choose a model of the same run at once
    target = store.folder(run.project_id, f"search-{run.job_id}") / f"{store.new_id('model')}.zip"
    facts = {"run": run.id, "summary": to_json(run.summary), "explanation": to_json(metadata.explanation)}
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **{one.name: getattr(predictions, one.name) for one in fields(predictions)})
    try:
        with disk():
            write_bundle(target, model, contract, card, facts)
        bundle = store.write_file(run.project_id, target.read_bytes(), ".zip")
    finally:
        target.unlink(missing_ok=True)  # a second copy that nobody reads
    return bundle.id, store.write_file(run.project_id, arrays.getvalue(), ".npz").id
