"""The queue: who asked for what, who runs it, and what to do when that one is gone."""
from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Any

import psutil

from automl_core.errors import BadInput, NotFound
from automl_core.store import Event, Job, Stop, Store, Unique

MAX_ATTEMPTS = 3
STALE_SECONDS = 10.0
FRESH_SECONDS = 2.0
WORKER = "worker"
ENDED = "The command that did this work was ended."


def enqueue(store: Store, project_id: str, kind: str, body: Any, unique: Unique = True, worker: str = "") -> Job:
    """Ask for work. With `unique` (the default) the same work asked for twice is one job: the active one is returned. With "kind"
    a project has one active job of that kind, whatever it was asked for.

    `worker` names the caller when it runs the job itself at once (and then calls `finish` or `fail`).
    """
    return store.job_rows.add(project_id, kind, body, unique, identity(worker) if worker else "")


def job(store: Store, job_id: str) -> Job:
    """The job as it stands; NotFound when there is none."""
    return store.job_rows.get(job_id)


def jobs(store: Store, project_id: str) -> tuple[Job, ...]:
    """All jobs of a project, oldest first."""
    return store.job_rows.of_project(project_id)


def lease(store: Store, label: str = WORKER, job_id: str = "") -> Job | None:
    """Take the oldest queued job (or that one) for this process; None when nothing is queued."""
    return store.job_rows.lease(identity(label), job_id)


def beat(store: Store, leased: Job) -> bool:
    """Say that the leased job is alive; False when it is no longer ours (deleted, or given to another)."""
    return store.job_rows.beat(leased.id, leased.attempts)


def finish(store: Store, job_id: str, attempt: int = 0) -> None:
    """Record that a running job is done. `attempt` (0: whichever runs) keeps a lost attempt from ending a later one."""
    store.job_rows.end(job_id, attempt or job(store, job_id).attempts, "done")


def fail(store: Store, job_id: str, sentence: str, attempt: int = 0) -> None:
    """Record that a running job failed, with a sentence for the user."""
    store.job_rows.end(job_id, attempt or job(store, job_id).attempts, "failed", sentence)


def cancelled(store: Store, job_id: str, attempt: int = 0) -> None:
    """Record that a running job was stopped by the user and kept nothing."""
    store.job_rows.end(job_id, attempt or job(store, job_id).attempts, "cancelled")


def request_stop(store: Store, job_id: str, how: str) -> None:
    """Ask a job to stop: "finish" keeps the best so far, "cancel" nothing. A job that ended already stays as it is."""
    stops: dict[str, Stop] = {"finish": "finish", "cancel": "cancel"}
    if how not in stops:
        raise BadInput(f"A job cannot be stopped by “{how[:40]}”.", "Use finish or cancel.")
    store.job_rows.request_stop(job_id, stops[how])


def add_event(store: Store, job_id: str, kind: str, body: Any) -> None:
    """Keep something that a job tells."""
    store.job_rows.add_event(job_id, kind, body)


def events(store: Store, job_id: str, after: int = 0) -> tuple[Event, ...]:
    """What a job told after the event with the id `after`, in order."""
    return store.job_rows.events(job_id, after)


def lost(store: Store, leased: Job) -> None:
    """A job's process is gone without having said how it ended: cancel it if that was wanted, else try it again or give up."""
    now = store.job_rows.find(leased.id)
    if now is None or now.state != "running" or now.attempts != leased.attempts:
        return
    if now.stop == "cancel":
        cancelled(store, leased.id, leased.attempts)
    elif leased.attempts >= MAX_ATTEMPTS:
        fail(store, leased.id, f"The work ended without a word {leased.attempts} times, perhaps for lack of memory. "
             "Try it with fewer rows or close other programs.", leased.attempts)
    elif store.job_rows.requeue(leased.id, leased.attempts):
        _tell(store, leased, "The work was interrupted and goes on from what was finished.")


def give_back(store: Store, leased: Job) -> None:
    """The worker is asked to end: its job waits for the next one, and this attempt does not count."""
    if store.job_rows.requeue(leased.id, leased.attempts, forgive=True):
        _tell(store, leased, "The work was paused and goes on when the worker starts again.")


def recover(store: Store) -> int:
    """Find running jobs whose process is gone and treat them as lost; returns how many there were.

    On this machine a process is known by its id and start time, on another one by a heartbeat in the last 10 s. After a
    heartbeat in the last 2 s nothing is done yet: the job's own process needs a moment to see that its worker is gone. A
    command is that process itself.
    """
    gone = [item for item in store.job_rows.running() if not _alive(item)]
    for item in gone:
        if _label(item.worker) == WORKER:
            lost(store, item)
        else:
            fail(store, item.id, ENDED, item.attempts)
    return len(gone)


def interrupted(store: Store, kind: str) -> tuple[Job, ...]:
    """Jobs of that kind whose command was ended while it did them, newest first: another command may go on with them. None whose
    project has had another such job since."""
    return tuple(left for left in store.job_rows.failed(kind, ENDED)
                 if [job.id for job in jobs(store, left.project_id) if job.kind == kind][-1:] == [left.id])


def identity(label: str) -> str:
    """This process, so that others can tell whether it still lives: machine, label, process id and start time."""
    return f"{_machine()}/{label.replace('/', ' ')[:40]}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def _machine() -> str:
    return socket.gethostname().replace("/", " ")[:60]


def _label(worker: str) -> str:
    parts = worker.split("/")
    return parts[1] if len(parts) == 4 else ""


def _alive(leased: Job) -> bool:
    parts = leased.worker.split("/")
    beaten = (datetime.now(UTC) - (leased.heartbeat or leased.created_at)).total_seconds()
    here = len(parts) == 4 and parts[0] == _machine() and parts[2].isdigit()
    if abs(beaten) < FRESH_SECONDS and not (here and parts[1] != WORKER):
        return True
    if here:
        try:
            return f"{psutil.Process(int(parts[2])).create_time():.2f}" == parts[3]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
    return abs(beaten) < STALE_SECONDS  # a clock that was set back must not make a dead job live for hours


def _tell(store: Store, leased: Job, sentence: str) -> None:
    try:
        add_event(store, leased.id, "retried", {"attempt": leased.attempts, "sentence": sentence})
    except NotFound:
        return  # its project was deleted a moment ago
