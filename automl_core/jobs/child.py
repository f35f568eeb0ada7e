"""The job process: one job, then it ends. It dies with its worker, so that nothing is ever run by two."""
from __future__ import annotations

import os
import queue as queues
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from automl_core.errors import Cancelled, ClarionError
from automl_core.jobs import queue
from automl_core.settings import Settings
from automl_core.store import Job, Store, open_store

MEMORY_SHARE = 0.9
READY = b"waiting for a job"


def run_child(job_id: str | None, run: Callable[[str], None], settings: Settings, warm: Callable[[], None]) -> int:
    """Do one job and record how it ended; returns the exit code (0: done, or nothing to do; 1: failed or cancelled).

    With no `job_id` it is a worker's spare: it calls `warm` to import what jobs need, waits for the id on standard input,
    and ends at once, with all its own children, when that input closes, because then its worker is gone.
    """
    restrain()
    if job_id is None:
        line = _ears()
        warm()
        sys.stdout.flush()
        os.write(1, READY + b"\n")
        os.dup2(2, 1)  # nobody reads the worker's pipe from here on, so a talkative library must not fill it
        job_id = line.get()
        if not job_id:
            return 0
    store = open_store(settings)
    try:
        job = store.job_rows.find(job_id)
        if job is not None and job.state == "queued":
            job = queue.lease(store, "run-job", job_id)
        if job is None or job.state != "running":
            return 0
        return _do(job, run, store)
    finally:
        store.close()


def restrain() -> None:
    """Files for the owner alone, no memory dump on disk, and at most nine tenths of the machine's memory."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    # Data, not address space: libraries reserve far more addresses than they ever use.
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or soft > most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _do(job: Job, run: Callable[[str], None], store: Store) -> int:
    try:
        run(job.id)
    except Cancelled:
        queue.cancelled(store, job.id, job.attempts)
        return 1
    except ClarionError as error:
        queue.fail(store, job.id, str(error), job.attempts)
        return 1
    except MemoryError:
        write_log(store.log_path(job.id), traceback.format_exc())
        queue.fail(store, job.id, "There was not enough memory for this. Try fewer rows or columns.", job.attempts)
        return 1
    except Exception:  # noqa: BLE001 - the border of the job process: whatever happened, the user gets a sentence
        write_log(store.log_path(job.id), traceback.format_exc())
        queue.fail(store, job.id, f"Something went wrong inside Clarion; the log of job {job.id} says what. "
                   "Starting it again may help.", job.attempts)
        return 1
    queue.finish(store, job.id, job.attempts)
    return 0


def write_log(path: Path, text: str) -> None:
    """Append to a log that only the owner may read."""
    handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(text)


def _ears() -> queues.SimpleQueue[str]:
    """Listen to standard input in a thread: its first line is the job's id, its end is the worker's.

    A library that forks (interpret does) closes `sys.stdin` in its child, and would wait for ever for the lock that the thread
    holds while it listens: the thread keeps the stream to itself.
    """
    line: queues.SimpleQueue[str] = queues.SimpleQueue()
    heard, sys.stdin = sys.stdin, Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open as long as the process

    def listen() -> None:
        line.put(heard.readline().strip())
        while heard.readline():
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)  # pools that the job started would outlive it otherwise
        os._exit(1)

    threading.Thread(target=listen, name="worker watch", daemon=True).start()
    return line
