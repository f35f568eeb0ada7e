"""Use cases of jobs: look at them and stop them."""
from __future__ import annotations

from dataclasses import dataclass

from automl_core import jobs as queue
from automl_core.jobs import Job
from automl_core.workspace.context import Context


@dataclass(frozen=True)
class Jobs:
    context: Context

    def get(self, job_id: str) -> Job:
        """The job as it stands; NotFound when there is none."""
        return queue.job(self.context.store, job_id)

    def active(self, project_id: str) -> tuple[Job, ...]:
        """Jobs of the project that are queued or running, oldest first."""
        return tuple(job for job in queue.jobs(self.context.store, project_id) if job.state in ("queued", "running"))

    def last(self, project_id: str, kind: str) -> Job | None:
        """The newest job of that kind in the project, whatever its state."""
        found = [job for job in queue.jobs(self.context.store, project_id) if job.kind == kind]
        return max(found, key=lambda job: job.created_at) if found else None

    def stop(self, job_id: str, how: str) -> None:
        """Ask a job to stop: "finish" keeps the best so far, "cancel" keeps nothing but finished trials."""
        queue.request_stop(self.context.store, job_id, how)
