"""Use cases of the monitoring step: what was scored, and how it differs from training."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from automl_core.codec import from_json
from automl_core.errors import NotFound
from automl_core.production.contract import BatchReport
from automl_core.production.deployment import Batch
from automl_core.store import Record
from automl_core.workspace.context import Context
from automl_core.workspace.deploy import Deploying


@dataclass(frozen=True)
class Monitoring:
    context: Context
    deploy: Deploying

    def batches(self, project_id: str) -> tuple[Batch, ...]:
        """Scored files and each day's REST calls, newest first."""
        files = [from_json(Batch, record.body) for record in self.context.store.list(project_id, "batch")]
        days = [_day_batch(deployment, day, records) for (deployment, day), records in self._rest_days(project_id).items()]
        return tuple(sorted(files + days, key=lambda batch: batch.scored_at, reverse=True))

    def report(self, project_id: str, batch_id: str) -> BatchReport:
        """The report of one batch; that of a day's REST calls is made when it is asked for."""
        for batch in self.batches(project_id):
            if batch.id == batch_id:
                return batch.report or self._day_report(project_id, batch)
        raise NotFound("There is no such batch.", "Choose one from the list on the monitoring page.")

    def _rest_days(self, project_id: str) -> dict[tuple[str, str], list[Record]]:
        days: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self.context.store.list(project_id, "scored"):
            days[(record.parent_id, record.created_at.date().isoformat())].append(record)
        return days

    def _day_report(self, project_id: str, batch: Batch) -> BatchReport:
        day = batch.scored_at.date().isoformat()
        records = self._rest_days(project_id)[(batch.deployment_id, day)]
        # as they were sent: a text would be read as the file's cells were, where 12.5 is no number beside decimal commas
        raw = pd.DataFrame([row for record in records for row in record.body["rows"]], dtype=object)
        scored = pd.DataFrame([row for record in records for row in record.body["predictions"]])
        bundle = self.deploy.search.open_bundle(self.deploy.get(batch.deployment_id).bundle)
        return self.deploy.report(bundle, raw, scored.replace({None: np.nan}))


def _day_batch(deployment: str, day: str, records: list[Record]) -> Batch:
    newest: datetime = max(record.created_at for record in records)
    rows = sum(len(record.body["rows"]) for record in records)
    return Batch(f"rest-{deployment}-{day}", deployment, f"REST calls of {day}", rows, newest)
