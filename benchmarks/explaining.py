"""How long explanations take, by kind of model: the whole model on 2,000 sampled rows, and one row.

Run by hand on an idle machine: `PYTHONPATH=. python benchmarks/explaining.py [table.csv target]` (without a table: the sample).
Each kind of model is searched for alone for a minute, and a blend of two is made of what was found. Bars: 10 s for the whole
model on 2,000 rows, 50 ms for a row (p95, after what is worked out once), additivity to 1e-6. Told with them: how many rows there
were and were explained, what a row costs the processor (`cpu`), what making ready takes once (the first may compile), and
the doubt: the part of a row's contributions that is likely to be off where they are sampled (0: exact). Figures go to
benchmarks/results/explaining.json.
"""
from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core import Workspace
    from automl_core.search.model import Model

KINDS = ("lightgbm", "catboost", "linear", "ebm", "extra_trees", "neural", "neighbours")
ROWS = 60


def open_project(workspace: Workspace, table: str, target: str) -> str:
    """A project with a table and a goal."""
    if not table:
        return workspace.projects.start_sample("subscription_churn")
    project = workspace.projects.create("Benchmark")
    workspace.data.upload(project, Path(table).name, Path(table).read_bytes())
    workspace.goal.save(project, workspace.goal.suggest(project, target))
    return project


def search(workspace: Workspace, project: str, kinds: tuple[str, ...], seconds: float) -> Model:
    """The best model of these kinds."""
    from automl_core.search.plan import Plan

    job = workspace.search.start(project, Plan(budget_seconds=seconds, jobs=2, families=kinds))
    while workspace.jobs.get(job.id).state in ("queued", "running"):
        time.sleep(0.3)
    if workspace.jobs.get(job.id).state != "done":
        raise RuntimeError(workspace.jobs.get(job.id).error)
    return workspace.search.bundle(workspace.search.needed(project)).model


def measured(workspace: Workspace, project: str, model: Model) -> dict[str, Any]:
    """Seconds of the whole model and of making ready, milliseconds of a row, doubts, and the largest error of the sums."""
    import numpy as np

    from automl_core.explaining import explain, explain_row, open_reference, pick_background

    frame, _, _, _ = workspace.search.goal.open(workspace.search.inputs(workspace.search.needed(project)))
    past = workspace.search.predictions(workspace.search.needed(project))
    rows = frame.iloc[past.positions].reset_index(drop=True)
    began = time.perf_counter()
    whole = explain(model, rows, past.y)
    seconds = time.perf_counter() - began
    background = pick_background(model, rows).reset_index(drop=True)
    began = time.perf_counter()
    reference = open_reference(model, model.encoder.matrix(background))
    ready = time.perf_counter() - began
    times, worked, doubts, apart = [], [], [], []
    for place in np.linspace(0, len(rows) - 1, ROWS).astype(int):
        row = rows.iloc[place].to_dict()
        began, used = time.perf_counter(), time.process_time()
        found = explain_row(model, row, background, "", reference)
        times.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - used))
        doubts.append(found.doubt)
        apart.append(abs(found.base + sum(part.amount for part in found.contributions) - found.prediction))
    return {"whole_s": round(seconds, 2), "rows": whole.rows, "of_rows": len(rows), "whole_doubt": round(whole.doubt, 3),
            "ready_s": round(ready, 2), "row_cpu_ms_p50": round(statistics.median(worked), 1),
            "row_doubt_mean": round(statistics.mean(doubts), 3), "row_doubt_max": round(max(doubts), 3),
            "row_ms_p50": round(statistics.median(times), 1),
            "row_ms_p95": round(statistics.quantiles(times, n=20)[18], 1), "largest_sum_error": max(apart),
            "members": [member.family for member in model.members]}


def main() -> None:
    """Search for each kind, measure, print and keep."""
    table, target = [*sys.argv[1:3], "", ""][:2]
    budget = float(os.environ.get("CLARION_BENCH_SECONDS", "60"))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLARION_HOME"] = home
        from automl_core import Workspace
        from automl_core.jobs.start import start_worker, stop_worker

        workspace = Workspace.open()
        worker = start_worker(workspace.context.settings)
        try:
            project = open_project(workspace, table, target)
            models = {}
            for kind in KINDS:
                models[kind] = search(workspace, project, (kind,), budget)
                figures[kind] = measured(workspace, project, models[kind])
                print(kind, figures[kind], flush=True)
            first, second = models["lightgbm"], models["catboost"]
            alike = first.features == second.features and not (first.encoder.codes or first.formulas.items)
            if alike:
                members = tuple(replace(one.members[0], weight=0.5) for one in (first, second))
                figures["blend"] = measured(workspace, project, replace(first, members=members, calibration=None))
            else:
                both = search(workspace, project, ("lightgbm", "catboost", "linear"), budget)
                figures["blend"] = measured(workspace, project, both)
            print("blend", figures["blend"], flush=True)
        finally:
            stop_worker(worker)
    figures["table"] = Path(table).name if table else "subscription_churn"
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    Path("benchmarks/results/explaining.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
