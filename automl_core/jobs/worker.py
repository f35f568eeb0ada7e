"""The worker: leases jobs, runs each in a child process of its own group, stops what shall stop, tries again what was lost."""
from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from automl_core.errors import ClarionError
from automl_core.jobs import queue
from automl_core.jobs.child import READY
from automl_core.settings import Settings
from automl_core.store import Job, Store, open_store

_LOG = "job_worker"


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works; times in seconds. `command` gets `run-job --wait` appended and starts a child.

    `slots` jobs run side by side. A job may take `longest` beyond the `seconds` that its body names, if it names any. For the
    first `quiet` seconds of a job no spare is started, because its imports would take processor time from a verdict that
    somebody waits for.
    """

    command: tuple[str, ...] = (sys.executable, "-m", "automl_core")
    slots: int = 2
    poll: float = 0.1
    beat: float = 1.0
    grace: float = 3.0
    recover: float = 2.0
    linger: float = 60.0
    quiet: float = 10.0
    most_failed_starts: int = 5
    longest: float = 6 * 3600.0
    longest_log: int = 5_000_000


@dataclass
class Running:
    """A leased job, its process, and when it began, last beat and was first seen to be cancelled (monotonic seconds)."""

    job: Job
    process: subprocess.Popen[bytes]
    began: float
    beaten: float
    cancelled: float = 0.0


def run_worker(settings: Settings, stop_when_parent_gone: int | None = None, options: WorkerOptions | None = None) -> None:
    """Work until a signal to end comes. There is one worker for each data folder: a second waits for the first to go.

    With `stop_when_parent_gone` (the server's process id) it also ends when the server is gone and nothing was left to do
    for a minute, so that a search survives its server. A job it holds when it is told to end waits for the next worker.
    """
    options = options or WorkerOptions()
    os.umask(0o077)
    store = open_store(settings)
    worker = Worker(store, options, worker_environment(settings), stop_when_parent_gone)
    signal.signal(signal.SIGTERM, worker.end)
    signal.signal(signal.SIGINT, worker.end)
    with _only_one(settings.home / "worker.lock", worker) as first:
        if first:
            store.tidy({job.id for job in queue.interrupted(store, "search")})
            log = store.log_path(_LOG)
            if log.exists() and log.stat().st_size > options.longest_log:
                log.unlink()
            worker.work()
    store.close()


class Worker:
    """The loop. One warm child waits at any time, its imports done, so that a job starts at once."""

    def __init__(self, store: Store, options: WorkerOptions, environment: dict[str, str], parent: int | None) -> None:
        self._store = store
        self._options = options
        self._environment = environment
        self._parent = parent
        self._running: list[Running] = []
        self._spare: subprocess.Popen[bytes] | None = None
        self._spare_ready = False
        self._spares_lost = 0
        self._no_spare_before = 0.0
        self.ending = False

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        """Note that the worker shall end; the loop sees it within a poll."""
        self.ending = True

    def parent_gone(self) -> bool:
        """Whether the server that started this worker has ended."""
        return self._parent is not None and os.getppid() != self._parent

    def work(self) -> None:
        """Run until told to end, or until there is no server and nothing to do."""
        idle_since, recovered = time.monotonic(), -self._options.recover
        try:
            while not self.ending:
                try:
                    if time.monotonic() - recovered >= self._options.recover:
                        queue.recover(self._store)
                        recovered = time.monotonic()
                    if self._step():
                        idle_since = time.monotonic()
                except ClarionError as error:  # a full disk or a busy store passes; the worker must outlive it
                    print(f"worker: {error}", file=sys.stderr, flush=True)
                    time.sleep(1.0)
                if self.parent_gone() and time.monotonic() - idle_since >= self._options.linger:
                    break
                time.sleep(self._options.poll)
        finally:
            self._leave()

    def _step(self) -> bool:
        """Look after what runs and lease what waits; returns whether there is anything to do."""
        for item in list(self._running):
            self._look_after(item)
        if len(self._running) < self._options.slots and self._store.job_rows.waiting():
            child = self._warm()
            if child is not None and self._is_ready(child):
                leased = queue.lease(self._store)
                if leased is not None:
                    self._hand_over(leased, child)
            elif self._spares_lost >= self._options.most_failed_starts:
                self._refuse()
        if all(time.monotonic() - item.began > self._options.quiet for item in self._running):
            self._warm()
        return bool(self._running)

    def _refuse(self) -> None:
        """Job processes do not start: whoever waits is told, rather than left waiting."""
        leased = queue.lease(self._store)
        if leased is not None:
            queue.fail(self._store, leased.id, "The work could not be started. Ask whoever installed Clarion to run its "
                       "command “doctor”.", leased.attempts)

    def _warm(self) -> subprocess.Popen[bytes] | None:
        """The spare child, started when there is none; None for a while after one that could not start."""
        if self._spare is not None and self._spare.poll() is not None:
            _end_group(self._spare)
            self._spare = None
            self._spares_lost += 1
            wait = min(2.0 ** self._spares_lost, 60.0)
            self._no_spare_before = time.monotonic() + wait
            print(f"worker: a job process did not start; the next try is in {wait:.0f} s", file=sys.stderr, flush=True)
        if self._spare is None and time.monotonic() >= self._no_spare_before:
            self._spare, self._spare_ready = self._start(), False
        return self._spare

    def _is_ready(self, child: subprocess.Popen[bytes]) -> bool:
        """Whether the spare has said that it waits for a job: only then is a job given an attempt with it."""
        assert child.stdout is not None
        if not self._spare_ready and select.select([child.stdout], [], [], 0.0)[0]:
            self._spare_ready = READY in os.read(child.stdout.fileno(), 1 << 16)
        return self._spare_ready

    def _start(self) -> subprocess.Popen[bytes]:
        log = os.open(self._store.log_path(_LOG), os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen([*self._options.command, "run-job", "--wait"], stdin=subprocess.PIPE, stderr=log,
                                    stdout=subprocess.PIPE, start_new_session=True, env=self._environment)
        finally:
            os.close(log)

    def _hand_over(self, leased: Job, child: subprocess.Popen[bytes]) -> None:
        self._spare, self._spares_lost = None, 0
        now = time.monotonic()
        self._running.append(Running(leased, child, now, now))
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it died just now: the next look finds it gone and tries again
            child.stdin.write(f"{leased.id}\n".encode())
            child.stdin.flush()

    def _look_after(self, item: Running) -> None:
        now = time.monotonic()
        if item.process.poll() is not None:
            self._take_away(item)
            queue.lost(self._store, item.job)  # does nothing when the child recorded its end
            return
        allowed = _seconds_of(item.job) + self._options.longest
        if now - item.began > allowed:
            self._take_away(item)
            queue.fail(self._store, item.job.id, f"The work took longer than {allowed / 3600.0:.0f} hours and was stopped.",
                       item.job.attempts)
            return
        if item.cancelled and now - item.cancelled > self._options.grace:
            self._take_away(item)
            queue.lost(self._store, item.job)
            return
        if now - item.beaten >= self._options.beat:
            item.beaten = now
            if not queue.beat(self._store, item.job):
                self._not_ours(item)
        if not item.cancelled:
            found = self._store.job_rows.find(item.job.id)
            item.cancelled = now if found is not None and found.stop == "cancel" else 0.0

    def _not_ours(self, item: Running) -> None:
        """Ended (then the process is about to end by itself) or deleted with its project (then nothing may go on)."""
        if self._store.job_rows.find(item.job.id) is None:
            self._take_away(item)
            self._store.remove_project_files(item.job.project_id)
        elif not item.cancelled:
            item.cancelled = time.monotonic()

    def _take_away(self, item: Running) -> None:
        _end_group(item.process)
        self._running.remove(item)

    def _leave(self) -> None:
        for item in list(self._running):
            self._take_away(item)
            with suppress(ClarionError):
                queue.give_back(self._store, item.job)
        if self._spare is not None:
            _end_group(self._spare)


def _seconds_of(job: Job) -> float:
    """The time that whoever asked for the work gave it; 0 when none was named."""
    return float(job.body.get("seconds", 0.0)) if isinstance(job.body, dict) else 0.0


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and everything it started; harmless when it is gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    process.wait()


@contextmanager
def _only_one(path: Path, worker: Worker) -> Iterator[bool]:
    """Wait for the folder's worker lock; False when told to end (or without a server) before it was free."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        while not worker.ending and not worker.parent_gone():
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                time.sleep(0.3)
                continue
            yield True
            return
        yield False
    finally:
        os.close(handle)


def worker_environment(settings: Settings) -> dict[str, str]:
    """The environment that makes a child read the same settings, and find this package from any working directory."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != root)]
    return {**os.environ, "CLARION_HOME": str(settings.home), "CLARION_DATABASE_URL": settings.database_url,
            "CLARION_FILES_URL": settings.files_url, "PYTHONPATH": os.pathsep.join(paths)}
