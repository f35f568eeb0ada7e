"""A stand-in for the command line: a worker, and jobs that are small enough to be killed a hundred times.

A "count" job does `trials` steps of `seconds` each and keeps every finished one in its folder, as a search does.
"""
from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from automl_core import jobs as queue
from automl_core.errors import BadInput, Cancelled
from automl_core.jobs import JobWatch
from automl_core.jobs.child import run_child
from automl_core.jobs.worker import WorkerOptions, run_worker
from automl_core.settings import read_settings
from automl_core.store import open_store

COMMAND = (sys.executable, str(Path(__file__)))


def count(job_id: str) -> None:
    store = open_store(read_settings())
    job = queue.job(store, job_id)
    watch = JobWatch(store, job_id)
    journal = store.folder(job.project_id, f"search-{job_id}") / "trials.txt"
    done = set(journal.read_text().split()) if journal.exists() else set()
    if job.body.get("pool"):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # pool of " + job_id])
    if done:  # as a search that goes on does: it may have been killed between keeping a trial and telling of it
        watch.event("trial", {"number": max(map(int, done))})
    for number in range(job.body["trials"]):
        if watch.stop() == "cancel" and not job.body.get("deaf"):
            raise Cancelled("The search was stopped.")
        if watch.stop() == "finish":
            return
        if str(number) in done:
            continue
        time.sleep(job.body["seconds"])
        with journal.open("a") as lines:
            lines.write(f"{number}\n")
            lines.flush()
            os.fsync(lines.fileno())
        watch.event("trial", {"number": number})
        watch.progress((number + 1) / job.body["trials"], f"Trial {number}.", 1.0)


def run(job_id: str) -> None:
    kind = queue.job(open_store(read_settings()), job_id).kind
    if kind == "refuse":
        raise BadInput("The column “a” is empty.", "Choose another.")
    if kind == "crash":
        raise ZeroDivisionError("secret-value-4711")
    if kind == "fork":  # as a library does, while the job listens to its worker
        forked = multiprocessing.get_context("fork").Process(target=int)
        forked.start()
        forked.join(10)
        assert forked.exitcode == 0, "the fork hangs"
        return
    if kind == "memory":
        raise MemoryError
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    count(job_id)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        parent = int(sys.argv[3]) if len(sys.argv) > 3 else None
        run_worker(read_settings(), parent, WorkerOptions(command=COMMAND, linger=1.0))
    else:
        sys.exit(run_child(None if sys.argv[2] == "--wait" else sys.argv[2], run, read_settings(), lambda: None))
