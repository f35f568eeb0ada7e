"""Work outside the server: a queue in the store, a worker that leases from it, and one child process for each job."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.jobs.queue import (
    ENDED,
    add_event,
    beat,
    enqueue,
    events,
    fail,
    finish,
    identity,
    interrupted,
    job,
    jobs,
    lease,
    recover,
    request_stop,
)
from automl_core.jobs.watch import JobWatch
from automl_core.store.nouns import Event, Job, JobState, Stop

if TYPE_CHECKING:
    from automl_core.jobs.worker import run_worker

__all__ = ["ENDED", "Event", "Job", "JobState", "JobWatch", "Stop", "add_event", "beat", "enqueue", "events", "fail", "finish",
           "identity", "interrupted", "job", "jobs", "lease", "recover", "request_stop", "run_worker"]


def __getattr__(name: str) -> Any:
    """`run_worker`, imported when asked for: pages and jobs do not need it."""
    if name == "run_worker":
        from automl_core.jobs.worker import run_worker

        return run_worker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
