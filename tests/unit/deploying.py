"""A model that answers in a store, for the tests of deployments."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from automl_core import Workspace
from automl_core.data.infer import table_from_frame
from automl_core.production import write_bundle
from automl_core.production.contract import BatchReport, Contract
from automl_core.production.deployment import Deployment
from automl_core.search.model import Model
from tests.unit.modelling import make_contract, make_frame, make_model


@dataclass(frozen=True)
class Deployed:
    """A workspace with one model that answers."""

    workspace: Workspace
    project: str
    deployment: str
    path: Path


def deploy(folder: Path, model: Model, contract: Contract | None = None) -> Deployed:
    """A model that answers, in the workspace of this test; its bundle lies in the folder."""
    workspace, path = Workspace.open(), folder / "model.zip"
    write_bundle(path, model, contract or make_contract(model, make_model()[1]), "# Card", {})
    project = workspace.projects.create("Customers")
    store = workspace.context.store
    kept = store.write_file(project, path.read_bytes(), ".zip")
    made = Deployment(store.new_id("dep"), project, "run", kept.id, datetime.now(UTC))
    workspace.context.save("deployment", project, made, record_id=made.id)
    return Deployed(workspace, project, made.id, path)


def taught(task: str, written: Callable[[pd.DataFrame], pd.DataFrame]) -> Model:
    """A model of a table whose cells were written so."""
    model, _ = make_model(task, ("linear",))
    columns = table_from_frame(written(make_frame()), "customers").columns
    return replace(model, columns=columns)


def found(report: BatchReport, kind: str) -> list[tuple[str, int, str]]:
    """What a report has of one kind."""
    return [(item.severity, item.count, item.sentence) for item in report.contract if item.kind == kind]
