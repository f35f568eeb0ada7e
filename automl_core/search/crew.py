"""The fits under way: handed to workers, collected, and fitted again when a worker died with them."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

from automl_core.search.executors import BROKEN, Executor
from automl_core.search.worker import ExtrasTask, FitTask, failure_of, run_extras, run_fit

Task = FitTask | ExtrasTask
MOST_LOSSES = 3  # a fit lost this often is given up, whoever was to blame
LOST: tuple[type[BaseException], ...] = (*BROKEN, CancelledError, OSError)  # the worker is gone, not the fit wrong


@dataclass(slots=True, eq=False)
class Crew:
    """Workers and what they do. `handle` opens the shared arrays there; `again` are lost tasks with how often each was lost,
    `failed` those that ended with an error of whatever kind (a plug-in may raise any), each with a sentence, `came` what was back
    when a pool was found broken, to be collected, and `ends` the moments by the monotonic clock (a computer may sleep) at which
    the running ones should have ended."""

    pool: Executor
    handle: Any
    running: dict[Future[Any], tuple[Task, int]] = field(default_factory=dict)
    again: list[tuple[Task, int]] = field(default_factory=list)
    given_up: list[Task] = field(default_factory=list)
    failed: list[tuple[Task, str]] = field(default_factory=list)
    came: list[tuple[Task, Any]] = field(default_factory=list)
    ends: dict[Future[Any], float] = field(default_factory=dict)

    def submit(self, task: Task, losses: int = 0) -> None:
        """Hand a task to a worker; a pool that broke meanwhile is rebuilt first."""
        run: Callable[..., Any] = run_fit if isinstance(task, FitTask) else run_extras
        try:
            future = self.pool.submit(run, self.handle, task)
        except BROKEN:
            alone = len(self.running) == 1
            for item in self._rebuild(self.came):
                self._lose(*item, alone)
            future = self.pool.submit(run, self.handle, task)
        self.running[future] = (task, losses)
        self.ends[future] = time.monotonic() + task.until - time.time()

    def collect(self, timeout: float) -> list[tuple[Task, Any]]:
        """What came back within `timeout` seconds, first; a process that dies takes every task of its pool with it."""
        came, self.came = self.came, []
        done, _ = wait(self.running, timeout=0.0 if came else timeout, return_when=FIRST_COMPLETED)
        return came + self._sort_out(done)

    def stop_late(self, seconds: float) -> list[Task]:
        """End the workers when a task has not ended so many seconds after its time, and say which; the others begin anew."""
        now = time.monotonic()
        late = [future for future in self.running if now > self.ends[future] + seconds]
        tasks = [self.running[future][0] for future in late]
        if late:
            self.again += [item for future, item in self.running.items() if future not in late]
            self.clear()
        return tasks

    def clear(self) -> None:
        """Forget all that runs, and end the workers with it."""
        self.running.clear()
        self.ends.clear()
        self.pool.rebuild()

    def suspects(self) -> bool:
        """Whether a task that was lost before is running: it runs alone, to show whether it is to blame itself."""
        return any(losses for _, losses in self.running.values())

    def _sort_out(self, done: Iterable[Future[Any]]) -> list[tuple[Task, Any]]:
        alone = len(self.running) == 1
        came: list[tuple[Task, Any]] = []
        lost, broken = [], False
        for future in done:
            item = self.running.pop(future)
            self.ends.pop(future, None)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                came.append((item[0], future.result()))
            elif isinstance(error, LOST):
                lost.append(item)
                broken = broken or isinstance(error, BROKEN)
            elif isinstance(error, Exception):
                self.failed.append((item[0], failure_of(error)))
            else:  # Ctrl+C is no failed fit
                raise error
        if broken:
            lost += self._rebuild(came)
        for task, losses in lost:
            self._lose(task, losses, alone)
        return came

    def _rebuild(self, came: list[tuple[Task, Any]]) -> list[tuple[Task, int]]:
        """A new pool for the broken one, and the tasks lost with it; what had come back by then is added to `came`."""
        self.pool.rebuild()
        lost = []
        for future, item in self.running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                came.append((item[0], future.result()))
            else:
                lost.append(item)
        self.running.clear()
        self.ends.clear()
        return lost

    def _lose(self, task: Task, losses: int, alone: bool) -> None:
        """Note a lost task for another try, unless it has been lost before and was alone now, or has been lost too often."""
        losses += 1
        if losses == 1 or (losses < MOST_LOSSES and not alone):
            self.again.append((task, losses))
        else:
            self.given_up.append(task)
