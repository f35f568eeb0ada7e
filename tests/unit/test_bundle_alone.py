"""The bundle on a machine that has only Python: a fresh virtual environment with nothing but the bundle's own requirements."""
from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from automl_core import Workspace
from automl_core import jobs as queue
from automl_core.search.plan import Plan
from automl_core.workspace.running import run_job
from tests.unit.searching import fit_here

BESIDE_IT = ("PYTHONPATH", "CLARION_HOME", "PYTHONDONTWRITEBYTECODE")  # what it must not need, or be kept from
FAMILIES = (("lightgbm",), ("catboost",), ("linear", "ebm"))


def test_same_answers_as_the_app(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    workspace = Workspace.open()
    project = workspace.projects.start_sample("subscription_churn")
    workspace.cleaning.fix_all_safe(project)
    rows = workspace.data.table(project).frame.head(60)
    rows.to_csv(tmp_path / "in.csv", index=False)
    clean = {key: value for key, value in os.environ.items() if key not in BESIDE_IT}
    python = ""
    for number, families in enumerate(FAMILIES):
        plan = Plan(budget_seconds=60, jobs=1, folds=2, families=families, max_trials=len(families))
        run_job(workspace, workspace.search.start(project, plan).id)
        finish(workspace, project)
        deployment, _ = workspace.deploy.create(project)
        records = json.loads(rows.to_json(orient="records", date_format="iso", double_precision=15))
        asked = workspace.deploy.score_rows(deployment.id, records)
        folder = tmp_path / f"bundle{number}"
        with zipfile.ZipFile(workspace.search.bundle_path(project)) as archive:
            archive.extractall(folder)
        python = python or fresh_python(tmp_path / "venv")
        install(python, folder)
        out = tmp_path / f"out{number}.csv"
        subprocess.run([python, "predict.py", str(tmp_path / "in.csv"), str(out)], cwd=folder, check=True, env=clean)
        with out.open(encoding="utf-8-sig", newline="") as handle:
            scored = list(csv.DictReader(handle))
        assert len(scored) == len(asked) == 60
        for there, here in zip(scored, asked, strict=True):
            assert there["prediction"] == str(here["prediction"])
            assert float(there["probability_Yes"]) == pytest.approx(here["probability_Yes"], abs=1e-9)
    code = ("import json, sys; from automl_core.production import load_bundle; "
            "print(load_bundle(sys.argv[1]).predict_row(json.loads(sys.argv[2]))['probability_Yes'])")
    example = workspace.deploy.example(deployment.id)
    loaded = subprocess.run([python, "-c", code, str(workspace.search.bundle_path(project)), json.dumps(example)],
                            cwd=tmp_path, check=True, env=clean, capture_output=True, text=True)
    here = workspace.deploy.score_rows(deployment.id, [example])[0]
    assert float(loaded.stdout) == pytest.approx(here["probability_Yes"], abs=1e-9)
    for forbidden in ("streamlit", "shap"):
        found = subprocess.run([python, "-c", f"import {forbidden}"], capture_output=True, check=False)
        assert found.returncode != 0, f"{forbidden} is not needed to score"


def finish(workspace: Workspace, project: str) -> None:
    """The job ran in this process, so nobody else says that it is done."""
    job = workspace.jobs.last(project, "search")
    assert job is not None
    queue.lease(workspace.context.store, "test", job.id)
    queue.finish(workspace.context.store, job.id)


def fresh_python(place: Path) -> str:
    """Without a pip of its own: that of this environment installs into it from outside."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return str(place / "bin" / "python")


def install(python: str, bundle: Path) -> None:
    """Into the fresh environment, uncompiled: of thousands of files a bundle imports some hundreds."""
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check",
               "--no-compile", "-r", "requirements.txt"]
    subprocess.run(command, cwd=bundle, check=True)
