"""Use cases of the deploy step: a REST endpoint with its key, batch scoring, and outcomes that come back."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from automl_core import data as data_step
from automl_core.codec import from_json, to_json
from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.production import Bundle
from automl_core.production.contract import BatchReport, with_reading
from automl_core.production.deployment import Batch, Deployment
from automl_core.production.monitor import report_batch
from automl_core.production.outcomes import outcomes_in
from automl_core.store import Key
from automl_core.workspace.calls import keep_call
from automl_core.workspace.context import Context
from automl_core.workspace.row_times import sent_rows
from automl_core.workspace.search import Searching

MAX_REST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class ScoredText:
    """The answers to the rows of a text, in order, and what could not be read of it, in sentences."""

    predictions: list[dict[str, Any]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deploying:
    context: Context
    search: Searching

    def create(self, project_id: str) -> tuple[Deployment, str]:
        """Deploy the newest model; returns the deployment and its key, which is shown only now."""
        run = self.search.needed(project_id)
        store = self.context.store
        name = store.project(project_id).name
        deployment = Deployment(store.new_id("dep"), project_id, run.id, run.bundle, datetime.now(UTC), name)
        self.context.save("deployment", project_id, deployment, record_id=deployment.id)
        store.audit("user", "deploy", deployment.id, "done")
        store.touch(project_id)
        return deployment, store.create_key(deployment.id)

    def deployments(self, project_id: str) -> tuple[Deployment, ...]:
        """The project's deployments, newest first."""
        return tuple(from_json(Deployment, record.body) for record in reversed(self.context.store.list(project_id, "deployment")))

    def get(self, deployment_id: str) -> Deployment:
        """One deployment; NotFound otherwise."""
        record = self.context.store.get(deployment_id)
        if record.kind != "deployment":
            raise NotFound("There is no such deployment.", "Copy its address from the deploy page.")
        return from_json(Deployment, record.body)

    def new_key(self, deployment_id: str) -> str:
        """A further key for a deployment, shown only now."""
        key: str = self.context.store.create_key(self._answering(deployment_id).id)
        self.context.store.audit("user", "new key", deployment_id, "done")
        return key

    def check_key(self, deployment_id: str, key: str) -> bool:
        """Whether the key opens the deployment."""
        return self.context.store.check_key(deployment_id, key)

    def keys(self, deployment_id: str) -> tuple[Key, ...]:
        """The deployment's keys, newest first; not the secrets themselves."""
        return self.context.store.keys(deployment_id)

    def revoke_key(self, deployment_id: str, key_id: str) -> None:
        """Close one of the deployment's keys at once."""
        if key_id not in {key.id for key in self.keys(deployment_id)}:
            raise NotFound("This deployment has no such key.", "Choose one from the list.")
        self.context.store.revoke_key(key_id)
        self.context.store.audit("user", "revoke key", key_id, "done")

    def end(self, deployment_id: str) -> None:
        """The deployment stops answering, for good; its batches stay. Its keys stay valid, so that who has one is told."""
        record = self.context.store.get(deployment_id)
        ended = replace(self.get(deployment_id), ended=True)
        self.context.store.update(deployment_id, to_json(ended), record.version)
        self.context.store.audit("user", "end deployment", deployment_id, "done")

    def score_rows(self, deployment_id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Score rows given as mappings, in order, and log them; BadInput above 10,000 rows."""
        _check_rows(len(rows), MAX_REST_ROWS)
        deployment = self._answering(deployment_id)
        bundle = self._bundle(deployment)
        scored: list[dict[str, Any]] = to_json(bundle.predict_rows(rows))
        keep_call(self.context.store, deployment, rows, scored)
        return scored

    def score_text(self, deployment_id: str, body: bytes) -> ScoredText:
        """Score the rows of a CSV given as bytes; read in a child process like every upload."""
        scored, report = self.score_file(deployment_id, "request.csv", body, MAX_REST_ROWS)
        return ScoredText(to_json(scored.to_dict(orient="records")), report.reading)

    def score_file(self, deployment_id: str, file_name: str, stream: BinaryIO | bytes,
                   most_rows: int = 0) -> tuple[pd.DataFrame, BatchReport]:
        """Score a file, log it as a batch and say how it differs from training; rows stay in order, none is dropped. The file
        itself is not kept.

        BadInput above `most_rows` (0: no limit).
        """
        deployment = self._answering(deployment_id)
        bundle = self._bundle(deployment)
        with self.context.store.passing_file(stream, self.context.settings.max_upload_mb) as path:
            read = data_step.read_rows(path, file_name, self.search.goal.data.limits())
        raw = read.frame
        _check_rows(len(raw), most_rows)
        scored = bundle.predict(raw)
        report = with_reading(self.report(bundle, raw, scored), read.warnings)
        batch = Batch(self.context.store.new_id("bat"), deployment_id, file_name, len(raw), datetime.now(UTC), report)
        self.context.save("batch", deployment.project_id, batch, parent_id=deployment_id, record_id=batch.id)
        self.context.store.touch(deployment.project_id)
        return scored, report

    def report(self, bundle: Bundle, raw: pd.DataFrame, scored: pd.DataFrame, told: pd.DataFrame | None = None) -> BatchReport:
        """What monitoring says of scored rows; their outcomes stand beside them, or in the rows of another table."""
        model = bundle.model
        typed = data_step.type_frame(raw, model.columns)
        outcomes, unread = outcomes_in(model, raw if told is None else told)
        typed = replace(typed, unreadable={**typed.unreadable, model.problem.target: unread})
        return report_batch(bundle.contract, typed, scored_values(scored, bundle), outcomes, model.problem, threshold=model.cut)

    def outcomes(self, deployment_id: str, rows: list[dict[str, Any]]) -> int:
        """Keep outcomes that came back ({id column or position, target}); returns how many."""
        deployment = self._answering(deployment_id)
        target = self._bundle(deployment).model.problem.target
        missing = [index for index, row in enumerate(rows) if target not in row]
        if missing:
            raise BadInput(f"Row {missing[0]} has no “{target[:80]}”.", "Send the outcome under the name of the target column.")
        self.context.store.put("outcomes", deployment.project_id, {"rows": to_json(rows)}, parent_id=deployment_id)
        return len(rows)

    def address(self, deployment_id: str) -> str:
        """Where other programs send rows: a full address where it is known under which this server is reached, else its path."""
        return f"{self.context.settings.public_url}/api/v1/deployments/{deployment_id}/score"

    def health(self, deployment_id: str) -> dict[str, Any]:
        """Whether the deployment answers, what it predicts and since when."""
        deployment = self._answering(deployment_id)
        problem = self._bundle(deployment).model.problem
        return {"status": "ok", "deployment": deployment.id, "target": problem.target, "task": problem.task,
                "classes": list(problem.classes), "since": deployment.created_at.isoformat()}

    def example(self, deployment_id: str) -> dict[str, Any]:
        """One training row as a caller would send it: only the columns that the model uses, dates as they were written."""
        deployment = self.get(deployment_id)
        bundle = self._bundle(deployment)
        run = self.search.run(deployment.run)
        table = self.search.goal.data.table_of(run.table)
        first = next(iter(sent_rows(table, bundle.contract.target)), {})
        used = [column.name for column in bundle.contract.columns if column.needed and column.name in first]
        row: dict[str, Any] = to_json({name: first[name] for name in used})
        return row

    def _answering(self, deployment_id: str) -> Deployment:
        """A deployment that answers; Conflict for one that was ended, whatever key there is to it."""
        deployment = self.get(deployment_id)
        if deployment.ended:
            raise Conflict("This deployment has ended.", "Deploy the model again.")
        return deployment

    def _bundle(self, deployment: Deployment) -> Bundle:
        return self.search.open_bundle(deployment.bundle)


def scored_values(scored: pd.DataFrame, bundle: Bundle) -> np.ndarray:
    """The prediction array of scored rows: probability of the positive class (n,), of each class (n, k), or the value (n,)."""
    problem = bundle.model.problem
    if problem.task == "regression":
        return scored["prediction"].to_numpy(dtype=float)
    if problem.task == "binary":
        return scored[f"probability_{problem.positive}"].to_numpy(dtype=float)
    return scored[[f"probability_{label}" for label in problem.classes]].to_numpy(dtype=float)


def _check_rows(rows: int, most: int) -> None:
    if most and rows > most:
        raise BadInput(f"{rows:,} rows are too many for one call.", f"Send at most {most:,}, or score a file on the deploy page.")
