"""What a search need not wait for, and what need not wait for a search: work beside it, and workers that start before it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any, Generic, TypeVar

from automl_core.search.executors import LocalExecutor

T = TypeVar("T")


class Aside(Generic[T]):
    """Work in a thread of its own, begun at once; whoever needs what it gives waits for it, and gets its error."""

    def __init__(self, work: Callable[[], T]) -> None:
        pool = ThreadPool(1)  # its threads are daemons: a command that is stopped does not wait for them
        self._result = pool.apply_async(work)
        pool.close()

    def wait(self) -> T:
        """What it gives, once it is done; raises what it raised."""
        return self._result.get()

    def look(self) -> None:
        """Raises what it raised, if it has ended already."""
        if self._result.ready():
            self._result.get()


@dataclass(frozen=True, slots=True, eq=False)
class Headstart:
    """Where a search begins: `spent` seconds of its budget are gone and `workers` have been started for it.

    What goes on `beside` it must be through before the model is handed over.
    """

    spent: float = 0.0
    workers: LocalExecutor | None = None
    beside: Aside[Any] | None = None


@contextmanager
def started_workers(executor: str, jobs: int) -> Iterator[LocalExecutor | None]:
    """Workers on this machine, started before a plan and its table are ready; they end with the block. None for a cluster."""
    if executor != "local":
        yield None
        return
    workers = LocalExecutor(jobs)
    try:
        yield workers
    finally:
        workers.close()


def load_libraries() -> None:
    """What the check and the hand-over need from outside, while the table is read by another process."""
    import lightgbm  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.tree  # noqa: F401

    from automl_core.production.wheel import build_wheel

    build_wheel()  # it is the same in all bundles
