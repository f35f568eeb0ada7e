"""Use cases of the monitoring step: what was scored, and how it differs from training."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.codec import from_json
from automl_core.errors import NotFound
from automl_core.production.contract import BatchReport
from automl_core.production.deployment import Batch
from automl_core.workspace.calls import KEPT_DAYS, call_days, calls_of, forget_old
from automl_core.workspace.context import Context
from automl_core.workspace.deploy import Deploying


@dataclass(frozen=True)
class Monitoring:
    context: Context
    deploy: Deploying

    def batches(self, project_id: str) -> tuple[Batch, ...]:
        """Scored files and each day's REST calls, newest first."""
        forget_old(self.context.store, project_id)
        found = [*self._files(project_id), *call_days(self.context.store, project_id)]
        return tuple(sorted(found, key=lambda batch: batch.scored_at, reverse=True))

    def report(self, project_id: str, batch_id: str) -> BatchReport:
        """The report of one batch; that of a day's REST calls is made when it is asked for, while their rows are kept."""
        if batch_id.startswith("rest-"):
            return self._day_report(project_id, batch_id)
        for batch in self._files(project_id):
            if batch.id == batch_id and batch.report is not None:
                return batch.report
        raise NotFound("There is no such batch.", "Choose one from the list on the monitoring page.")

    def _files(self, project_id: str) -> list[Batch]:
        return [from_json(Batch, record.body) for record in self.context.store.list(project_id, "batch")]

    def _day_report(self, project_id: str, batch_id: str) -> BatchReport:
        deployment, records = calls_of(self.context.store, project_id, batch_id)
        if not records:
            raise NotFound(f"The rows of these calls are no longer kept: only those of the last {KEPT_DAYS} days are.",
                           "Choose a newer batch.")
        # as they were sent: a text would be read as the file's cells were, where 12.5 is no number beside decimal commas
        raw = pd.DataFrame([row for record in records for row in record.body["rows"]], dtype=object)
        scored = pd.DataFrame([row for record in records for row in record.body["predictions"]])
        bundle = self.deploy.search.open_bundle(self.deploy.get(deployment).bundle)
        return self.deploy.report(bundle, raw, scored.replace({None: np.nan}))
