"""Where fits run: processes of this machine, or a Dask cluster by address. The search knows only `submit` and futures."""
from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import psutil

from automl_core.errors import BadInput, ClarionError, MissingDependency, disk
from automl_core.search.lean import LEFT, THREADS, begin, ready

Arrays = dict[str, Any]
SCHEDULER_SECONDS = 10.0  # for it to answer
MOST_LOST_STARTS = 2  # of pools of which no worker has begun
_MAIN = RLock()
BROKEN: tuple[type[BaseException], ...] = (BrokenProcessPool,)


class Executor(Protocol):
    """What the search needs of a place to run."""

    def share(self, arrays: Arrays) -> Any:
        """A handle to arrays that a task gets as an argument; `open_arrays` opens it there."""

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run the task; errors come with the future."""

    def rebuild(self) -> None:
        """Start anew after workers died."""

    def close(self) -> None:
        """End all workers at once, whatever they do."""


class LocalExecutor:
    """`jobs` processes of one thread each, starting at once; `folder` (which may be known later) is where shared arrays go, and
    `begins` is what each does first, told its parent's process id.

    Spawned, never forked: threads of numeric libraries do not survive a fork.
    """

    def __init__(self, jobs: int, folder: Path = Path(), begins: Callable[[int], None] = begin) -> None:
        self._jobs, self.folder, self._begins = max(1, jobs), folder, begins
        self._shared: set[Path] = set()
        self._workers: set[multiprocessing.process.BaseProcess] = set()
        self._begun, self._lost_starts = False, 0
        self._pool = self._open()

    def share(self, arrays: Arrays) -> Any:
        for name, array in arrays.items():
            self._shared.add(self.folder / f"{name}.npy")
            with disk():
                np.save(self.folder / f"{name}.npy", array, allow_pickle=False)
        return str(self.folder), tuple(arrays)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with _one_thread_each(), _left_alone(), _without_main(), self._noting():
            return self._pool.submit(task, *arguments)

    def rebuild(self) -> None:
        self._look_at_starts()
        self._kill()
        self._pool = self._open()

    def close(self) -> None:
        self._kill()
        for path in self._shared:
            path.unlink(missing_ok=True)
        self._shared.clear()  # closed again, it is not to take those of who has the folder by then

    def _open(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(self._jobs, mp_context=multiprocessing.get_context("spawn"), initializer=self._begins,
                                   initargs=(os.getpid(),))
        with _one_thread_each(), _left_alone(), _without_main(), self._noting():
            # a process is started for each task that finds none at rest
            self._starting = [pool.submit(ready) for _ in range(self._jobs)]
        return pool

    def _look_at_starts(self) -> None:
        """ClarionError where no worker of two pools has ever begun: neither a fit nor memory is to blame."""
        if self._begun:
            return
        ended, _ = wait(self._starting, timeout=1.0)
        self._begun = any(not future.cancelled() and future.exception() is None for future in ended)
        self._lost_starts += bool(ended) and not self._begun  # where none has ended they may yet begin
        if self._lost_starts >= MOST_LOST_STARTS:
            raise ClarionError("The processes that fit could not be started.", "Run the command “doctor”.")

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Processes that start meanwhile are the pool's: others of this program are not to be ended with it."""
        before = set(multiprocessing.active_children())
        try:
            yield
        finally:
            self._workers |= set(multiprocessing.active_children()) - before

    def _kill(self) -> None:
        """Workers hold nothing that needs a clean end: results are kept by the parent. What they have started ends with them.

        Where one was in the midst of sending, the pool's thread would wait for the rest for ever, and this process, when it is to
        end, for that thread: what keeps the pipe open is its own end of it here, to which nobody writes.
        """
        writer = getattr(getattr(self._pool, "_result_queue", None), "_writer", None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        workers, self._workers = self._workers, set()
        started = [process for worker in workers for process in _started_by(worker.pid)]
        for worker in workers:
            worker.kill()  # it hears no request to end
        for process in started:
            with suppress(psutil.Error):
                process.kill()
        end = time.monotonic() + 1.0
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
        if writer is not None:
            with suppress(OSError):
                writer.close()

def _started_by(pid: int | None) -> list[psutil.Process]:
    """All below a process: libraries start helpers of their own (InterpretML one for the memory that its fits share)."""
    try:
        return psutil.Process(pid).children(recursive=True) if pid else []
    except psutil.Error:
        return []


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """A process started meanwhile inherits this before it loads any numeric library; this one is to keep its threads."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """A process started meanwhile does not import this program's main module once more: no task is of it, it may load much, and a
    script without `if __name__ == "__main__":` would begin anew in each worker."""
    with _MAIN:  # of two threads at once the later would put the other's empty module back
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


@contextmanager
def _left_alone() -> Iterator[None]:
    """A process started meanwhile hears no Ctrl+C, and not that it is to end, until its first own line, which is to ignore them:
    while it loads it would end with a traceback. What comes meanwhile reaches this process afterwards."""
    ensure_running()  # of itself it would let them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, LEFT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class DaskExecutor:
    """A Dask cluster: arrays are scattered once to all its workers."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise MissingDependency("A Dask cluster needs the package distributed.", "Run: pip install distributed") from None
        try:
            self._client: Any = Client(address.removeprefix("dask://"), timeout=SCHEDULER_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BadInput(f"No Dask scheduler answers at “{address[:80]}”.", "Start one, or search on this machine.") from error
        self._pool: Any = self._client.get_executor(pure=False)
        self._under_way: set[Future[Any]] = set()

    def share(self, arrays: Arrays) -> Any:
        return self._client.scatter(arrays, broadcast=True)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        # a cluster finds handles among a task's arguments, but not inside the objects that these are
        job = next((item for item in arguments if hasattr(item, "extras")), None)
        if job is None:
            return self._note(self._pool.submit(task, *arguments))
        rest = tuple(item for item in arguments if item is not job)
        return self._note(self._pool.submit(_with_extras, task, rest, replace(job, extras=()), list(job.extras)))

    def _note(self, inner: Future[Any]) -> Future[Any]:
        self._under_way.add(inner)
        inner.add_done_callback(self._under_way.discard)
        return _passed_on(inner)

    def rebuild(self) -> None:
        """The cluster restarts its own workers; what waits there or runs is given up."""
        for future in list(self._under_way):
            future.cancel()
        self._under_way.clear()

    def close(self) -> None:
        """What waits on the cluster is given up; what runs there ends by its stop file, or with its time."""
        self.rebuild()
        self._client.close()


def _with_extras(task: Callable[..., Any], arguments: tuple[Any, ...], job: Any, extras: list[Any]) -> Any:
    return task(*arguments, replace(job, extras=tuple(extras)))


def _passed_on(inner: Future[Any]) -> Future[Any]:
    """The same future, where a worker that was lost is an OSError: the fit was not wrong, and is tried again."""
    outer: Future[Any] = Future()
    outer.set_running_or_notify_cancel()

    def pass_on(ended: Future[Any]) -> None:
        if ended.cancelled():
            outer.set_exception(OSError("The worker is gone."))
            return
        error = ended.exception()
        if error is None:
            outer.set_result(ended.result())
        else:
            outer.set_exception(OSError("The worker is gone.") if type(error).__module__.startswith("distributed") else error)

    inner.add_done_callback(pass_on)
    return outer


def open_executor(address: str, jobs: int, folder: Path) -> Executor:
    """The executor of an address: "local", or "dask://HOST:PORT". `folder` is for the local workers' shared arrays."""
    if address == "local":
        return LocalExecutor(jobs, folder)
    if address.startswith("dask://"):
        return DaskExecutor(address)
    raise BadInput(f"“{address[:80]}” is no place to search.", "Use local, or dask://HOST:PORT.")
