"""The nouns of a model in use: the deployment, a scored batch, and an outcome that came back."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from automl_core.production.contract import BatchReport


@dataclass(frozen=True, slots=True)
class Deployment:
    """One model that answers over REST, until it is `ended`. `bundle` is the stored file's id; `run` the run that made it."""

    id: str
    project_id: str
    run: str
    bundle: str
    created_at: datetime
    title: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were scored together: a file, or one day's REST calls."""

    id: str
    deployment_id: str
    name: str
    rows: int
    scored_at: datetime
    report: BatchReport | None = None
