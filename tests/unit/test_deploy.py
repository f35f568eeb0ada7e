"""Deployed models against a store: what is kept, what monitoring says of it, and outcomes written as people write them."""
from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from automl_core import Workspace
from automl_core.cleaning.application import new_step
from automl_core.cleaning.recipe import Recipe
from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.production import load_bundle
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member
from automl_core.search.plan import Plan
from automl_core.store import records, schema
from automl_core.workspace import calls
from automl_core.workspace.data import Data
from automl_core.workspace.deploy import MAX_REST_ROWS
from automl_core.workspace.run_files import metadata_of
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run
from tests.promised import make_contract
from tests.unit.deploying import Deployed, deploy, found, taught
from tests.unit.modelling import PROBLEMS, make_frame, make_model
from tests.unit.reporting import SUMMARY


@pytest.fixture
def deployed(home: Path, tmp_path: Path) -> Callable[..., Deployed]:
    return partial(deploy, tmp_path)


def as_written(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def amount(text: str) -> str:
        plain = f"{10 * float(text):,.1f}"
        return {"groups": plain, "unit": f"EUR {plain}", "german": plain.translate(str.maketrans(",.", ".,"))}[form]
    return lambda frame: frame.assign(value=frame["value"].map(amount))


@pytest.mark.parametrize("form", ["groups", "unit", "german"])
def test_outcomes_are_read_as_the_model_was_taught_them(
        deployed: Callable[..., Deployed], tmp_path: Path, form: str) -> None:
    """Of “1,250” and “EUR 900” only plain numbers counted, and “1.200” of a German file was 1.2; nobody was told."""
    written = as_written(form)
    here = deployed(taught("regression", written))
    plain = make_frame(200, seed=3)
    rows, truth = written(plain), 10 * plain["value"].astype(float)
    rows.loc[:2, "value"] = ["soon", "n/a", "later"]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows[["value"]].to_csv(tmp_path / "outcomes.csv", index=False)
    predicted = load_bundle(here.path).predict(rows)["prediction"]
    expected = float(np.sqrt(((predicted - truth)[3:] ** 2).mean()))
    files = here.workspace.files
    reports = [files.monitor(str(here.path), str(tmp_path / "rows.csv")),
               files.monitor(str(here.path), str(tmp_path / "rows.csv"), str(tmp_path / "outcomes.csv")),
               here.workspace.deploy.score_file(here.deployment, "rows.csv", (tmp_path / "rows.csv").read_bytes())[1]]
    for report in reports:
        assert report.realised is not None
        assert report.realised.value == pytest.approx(expected, rel=1e-6)
        assert found(report, "unreadable_outcome") == [
            ("note", 2, "2 of 200 outcomes in “value” cannot be read as in training and do not count.")]


def test_outcomes_are_cleaned_by_the_recipe(deployed: Callable[..., Deployed], tmp_path: Path) -> None:
    """“YES” that the recipe merged into “Yes” was no outcome."""
    model, table = make_model("binary", ("linear",))
    steps = (new_step("mark_missing", "churned", {"tokens": ["nobody knows"]}, "", table.frame),
             new_step("merge_spellings", "churned", {"spellings": {"yes": "Yes"}}, "", table.frame))
    here = deployed(replace(model, recipe=Recipe(steps)))
    clean = make_frame(200, seed=3)
    rows = clean.assign(churned=clean["churned"].replace("Yes", "YES "))
    rows.loc[:9, "churned"] = [" Nobody knows"] * 5 + ["perhaps"] * 5
    report = here.workspace.deploy.report(load_bundle(here.path), rows, load_bundle(here.path).predict(rows))
    known = clean.assign(churned=clean["churned"].where(clean.index > 9, ""))
    wanted = here.workspace.deploy.report(load_bundle(here.path), known, load_bundle(here.path).predict(known))
    assert report.realised == wanted.realised
    assert report.realised is not None
    assert [item[:2] for item in found(report, "unreadable_outcome")] == [("warn", 5)]
    assert found(wanted, "unreadable_outcome") == []


def test_outcomes_that_a_step_cannot_turn_into_numbers_are_counted(deployed: Callable[..., Deployed]) -> None:
    model, _ = make_model("regression", ("linear",))
    texts = table_from_frame(make_frame(), "customers", kinds={"value": "text"})
    step = new_step("to_number", "value", {}, "", texts.frame)
    here = deployed(replace(model, columns=texts.columns, recipe=Recipe((step,))))
    rows = make_frame(200, seed=3)
    rows.loc[:3, "value"] = ["soon", "n/a", "later", ""]
    bundle = load_bundle(here.path)
    report = here.workspace.deploy.report(bundle, rows, bundle.predict(rows))
    assert [item[:2] for item in found(report, "unreadable_outcome")] == [("note", 2)]
    none = here.workspace.deploy.report(bundle, rows.drop(columns="value"), bundle.predict(rows))
    assert (none.realised, found(none, "unreadable_outcome")) == (None, [])


def test_a_day_of_calls_is_judged_by_the_values_that_were_sent(deployed: Callable[..., Deployed]) -> None:
    """12.5, sent as a number to a model of a file with decimal commas, became a text that no such file holds: “This batch
    should not be scored”."""
    comma = deployed(taught("binary", lambda frame: frame.assign(charge=frame["charge"].str.replace(".", ","))))
    rows = [{**row, "tenure": int(row["tenure"]), "charge": float(row["charge"] or "nan")}
            for row in make_frame(150, seed=3).to_dict("records")]
    sent = [{name: None if cell != cell else cell for name, cell in row.items()} for row in rows]
    comma.workspace.deploy.score_rows(comma.deployment, sent)
    batch = comma.workspace.monitor.batches(comma.project)[0]
    report = comma.workspace.monitor.report(comma.project, batch.id)
    assert (batch.rows, found(report, "unreadable")) == (150, [])
    assert report.status != "act"
    assert {item.name for item in report.columns} >= {"tenure", "charge"}


def test_columns_that_a_model_does_without_are_not_asked_for(deployed: Callable[..., Deployed]) -> None:
    """They were in the example call, on the card and among what a batch is said to lack."""
    model, table = make_model("binary", ("linear",))
    promise = make_contract(table.frame, table.columns, model.problem, None, {"tenure": 1.0})
    kept = tuple(column for column in table.columns if column.name in ("tenure", "charge"))
    few = fit_encoder(table.frame, kept, model.problem)
    assert {column.name for column in promise.columns if column.needed} > set(few.sources) == {"tenure", "charge"}
    y = (table.frame["churned"] == "Yes").to_numpy(dtype=float)
    family = families().get("linear")
    fitted = family.fit(FitRequest(few.matrix(table.frame), y, few.features, "binary", 2, {}, rounds=30)).native
    here = deployed(replace(model, encoder=few, members=(Member("linear", family.title, 1.0, fitted),)), promise)
    bundle, rows = load_bundle(here.path), make_frame(150, seed=3)[["tenure", "charge"]]
    scored = bundle.predict(rows)
    assert set(scored["_quality"]) == {"ok"}
    report = here.workspace.deploy.report(bundle, rows, scored)
    assert (report.status, report.contract) == ("ok", ())
    assert np.isnan(report.learned), "what it was told apart by is not there"
    assert {column.name for column in bundle.contract.columns if column.needed} == {"tenure", "charge"}


def test_the_example_call_writes_dates_as_the_model_reads_them(
    deployed: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sent them as 2019-03-04T00:00:00 to a model that had learned 04.03.19: what the page shows was answered with a doubt."""
    def written(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(since=pd.to_datetime(frame["since"]).dt.strftime("%d.%m.%y"))

    here = deployed(taught("binary", written))
    table = table_from_frame(written(make_frame()), "customers")
    monkeypatch.setattr(Searching, "run", lambda self, run: SimpleNamespace(table="table"))
    monkeypatch.setattr(Data, "table_of", lambda self, record: table)
    row = here.workspace.deploy.example(here.deployment)
    assert row["since"] == written(make_frame())["since"].iloc[0]
    assert load_bundle(here.path).predict_row(row)["_quality"] == "ok"


def test_what_the_recipe_drops_is_not_asked_for(home: Path) -> None:
    workspace = Workspace.open()
    project = workspace.projects.create("Customers")
    workspace.goal.data.put(project, table_from_frame(make_frame(), "customers"))
    workspace.cleaning.add_step(project, "drop_column", "note", {}, "Not wanted.")
    workspace.goal.save(project, PROBLEMS["binary"])
    inputs = workspace.goal.inputs(project)
    run = Run("run_1", project, "job_1", Plan(), datetime.now(UTC), SUMMARY, table=inputs.table, recipe=inputs.recipe,
              problem=inputs.problem)
    explanation: Any = SimpleNamespace(importance=())
    contract = metadata_of(workspace.goal, run, PROBLEMS["binary"], (explanation,)).contract
    assert {column.name for column in contract.columns if column.needed} == {"tenure", "charge", "contract", "active", "since"}
    assert {name for name, _ in contract.learned.columns} == {"tenure", "charge", "contract", "active", "since"}
    given = workspace.goal.data.table_of(inputs.table)
    assert contract == make_contract(given.frame, given.columns, PROBLEMS["binary"], None, {}, {"note"}), "what tests check ships"


def test_of_files_that_are_scored_nothing_is_kept_but_their_report(deployed: Callable[..., Deployed], home: Path) -> None:
    """Each file and each call of a CSV was kept for good before it was read, those that were refused among them."""
    here = deployed(make_model("binary", ("linear",))[0])
    deploy, before = here.workspace.deploy, sorted(home.rglob("*"))
    good = make_frame(3).to_csv(index=False).encode()
    for refused in (b"", b"other\n1\n", b"tenure\n" + b"1\n" * (MAX_REST_ROWS + 1)):
        with pytest.raises(BadInput):
            deploy.score_text(here.deployment, refused)
    assert here.workspace.monitor.batches(here.project) == ()
    deploy.score_text(here.deployment, good)
    deploy.score_file(here.deployment, "rows.csv", io.BytesIO(good))
    assert [batch.rows for batch in here.workspace.monitor.batches(here.project)] == [3, 3]
    kept = set(home.rglob("*")) - set(before)
    assert {path for path in kept if path.is_file() and "clarion.db" not in path.name} == set()


def test_rows_of_calls_are_kept_for_some_days_and_their_counts_for_good(
        deployed: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    """They were kept without end, and each draw of the page read all of them."""
    here = deployed(make_model("binary", ("linear",))[0])
    store, monitor = here.workspace.context.store, here.workspace.monitor
    for rows in (2, 3, 4, 5):
        here.workspace.deploy.score_rows(here.deployment, make_frame(rows).to_dict("records"))
    with store.database.write() as connection:
        ages = zip(store.list(here.project, "scored"), (60, 60, calls.KEPT_DAYS + 1, calls.KEPT_DAYS), strict=True)
        for record, days in ages:
            connection.execute(update(schema.records).where(schema.records.c.id == record.id).values(
                created_at=record.created_at.timestamp() - 86_400 * days))
    here.workspace.deploy.score_rows(here.deployment, make_frame(6).to_dict("records"))
    kept = 2  # days
    with monkeypatch.context() as patch:
        unread = lambda text: pytest.fail("not for a list") if '"predictions"' in text else json.loads(text)  # noqa: E731
        patch.setattr(records, "_body", unread)
        batches = monitor.batches(here.project)
        assert batches == monitor.batches(here.project)
    assert [batch.rows for batch in batches] == [6, 5, 4, 5]
    assert len({batch.name for batch in batches}) == 4
    assert len(store.list(here.project, "scored")) == kept
    for batch in batches[:kept]:
        assert monitor.report(here.project, batch.id).rows == batch.rows
    for batch in batches[kept:]:
        with pytest.raises(NotFound, match="only those of the last 30 days"):
            monitor.report(here.project, batch.id)


def test_an_ended_deployment_answers_nobody(deployed: Callable[..., Deployed]) -> None:
    """A key made in the moment of its end opened it again, and those from before were said to be wrong (401, not 409)."""
    here = deployed(make_model("binary", ("linear",))[0])
    deploy, store, rows = here.workspace.deploy, here.workspace.context.store, make_frame(2)
    early = store.create_key(here.deployment)
    deploy.end(here.deployment)
    assert deploy.check_key(here.deployment, early)
    late = store.create_key(here.deployment)  # of one who had looked just before
    assert deploy.check_key(here.deployment, late)
    calls: tuple[Callable[[str], object], ...] = (
        deploy.new_key, deploy.health, lambda name: deploy.score_rows(name, rows.to_dict("records")),
        lambda name: deploy.score_text(name, rows.to_csv(index=False).encode()),
        lambda name: deploy.outcomes(name, [{"churned": "Yes"}]))
    for call in calls:
        with pytest.raises(Conflict, match=r"This deployment has ended\. Deploy the model again\."):
            call(here.deployment)
    assert [len(store.list(here.project, kind)) for kind in ("scored", "batch", "outcomes")] == [0, 0, 0]
