"""How long the walk takes: sample to verdict, sample to finished report with a 30 s search, and one row through the whole path.

Run by hand (`make bench`) on an idle machine: it starts the real worker in a fresh home and drives the workspace as the pages do.
Prints one JSON object; results are kept in benchmarks/results/ with the machine's description.
"""
from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core import Workspace

SAMPLE = "subscription_churn"
ROW_CALLS = 300


def wait_until_idle(workspace: Workspace, project: str, kind: str) -> None:
    """Wait until the newest job of that kind has ended; raises when it did not end well."""
    while True:
        job = workspace.jobs.last(project, kind)
        if job is not None and job.state in ("done", "failed", "cancelled"):
            if job.state != "done":
                raise RuntimeError(f"{kind}: {job.state}: {job.error}")
            return
        time.sleep(0.05)


def walk(workspace: Workspace) -> dict[str, float]:
    """Seconds from the click on the sample to the verdict, and to the finished report."""
    from automl_core.search.plan import Plan

    begin = time.perf_counter()
    project = workspace.projects.start_sample(SAMPLE)
    wait_until_idle(workspace, project, "check")
    verdict = time.perf_counter() - begin
    workspace.cleaning.fix_all_safe(project)
    workspace.search.start(project, Plan(budget_seconds=30, jobs=workspace.context.settings.jobs))
    wait_until_idle(workspace, project, "search")
    workspace.share.html(workspace.share.make_report(project).id)
    return {"sample_to_verdict_s": verdict, "sample_to_report_s": time.perf_counter() - begin, **single_rows(workspace, project)}


def single_rows(workspace: Workspace, project: str) -> dict[str, float]:
    """Milliseconds for one row through the bundle, as REST scores it (without the log of the call)."""
    run = workspace.search.needed(project)
    bundle = workspace.search.bundle(run)
    rows = workspace.data.table(project).frame.head(ROW_CALLS).astype(object).to_dict(orient="records")
    bundle.predict_row(rows[0])
    times = []
    for row in rows:
        begin = time.perf_counter()
        bundle.predict_row(row)
        times.append((time.perf_counter() - begin) * 1000)
    return {"row_ms_p50": statistics.median(times), "row_ms_p95": statistics.quantiles(times, n=20)[18]}


def main() -> None:
    """Run the walk in a fresh home and print the figures."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLARION_HOME"] = home
        from automl_core import Workspace
        from automl_core.jobs.start import start_worker, stop_worker

        workspace = Workspace.open()
        worker = start_worker(workspace.context.settings)
        time.sleep(8)  # a server that a person has just opened: the worker has its warm child
        try:
            figures: dict[str, Any] = walk(workspace)
        finally:
            stop_worker(worker)
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps(figures, indent=1))
    Path("benchmarks/results").mkdir(exist_ok=True)
    Path("benchmarks/results/walk.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
