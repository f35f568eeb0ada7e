"""Long pieces of work beside each other, told in order: in processes where the caller allows them, else in threads.

Threads gain less: matrices let go of the interpreter while they are multiplied, but trees are grown one at a time.
"""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from automl_core.search.executors import BROKEN, LocalExecutor
from automl_core.search.lean import follow

Given = TypeVar("Given")
Found = TypeVar("Found")
LONG_ROWS = 10_000  # rows from which the work is long enough to be worth a thread
MANY_ROWS = 20_000  # and a process, which loads its libraries for two seconds
MOST = 2
LOST: tuple[type[BaseException], ...] = (*BROKEN, OSError, MemoryError)  # of a process, not of its work


@dataclass(frozen=True, eq=False, slots=True)
class Hands:
    """How many pieces of work go on at once, and how one is begun (None: in turn, by the caller). In `processes` work and what it
    gives are sent to and fro."""

    many: int = 1
    submit: Callable[..., Future[Any]] | None = None
    processes: bool = False


ONE = Hands()


@contextmanager
def hands(rows: int, processes: bool) -> Iterator[Hands]:
    """Hands for work on so many rows; many rows in `processes`, if the caller allows them."""
    many = min(MOST, os.cpu_count() or 1)
    if rows < LONG_ROWS or many < 2:
        yield ONE
        return
    executor = _processes(many) if processes and rows >= MANY_ROWS else None
    if executor is not None:
        with closing(executor):
            yield Hands(many, executor.submit, processes=True)
    else:
        with ThreadPoolExecutor(many) as pool:
            yield Hands(many, pool.submit)


def _processes(many: int) -> LocalExecutor | None:
    """None where this machine has no room for more processes."""
    try:
        return LocalExecutor(many, begins=_begin)
    except OSError:
        return None


def _begin(parent: int) -> None:
    follow(parent, ("automl_core.acting.trials", "automl_core.acting.refutations"))


def side_by_side(work: Callable[[Given], Found], items: Iterable[Given], given: Hands) -> Generator[Found, None, None]:
    """What `work` gives for each item, in order, by the hands `given`; none is begun that is more than one for each hand ahead of
    what was taken.

    By one hand each is done when it is asked for, and so is one whose process was lost. An error comes at its item's turn; what
    has begun in a thread then, or when this is closed, ends first.
    """
    if given.submit is None:
        yield from map(work, items)
        return
    rest, begun = iter(items), deque[tuple[Given, Future[Found] | None]]()

    def begin(many: int) -> None:
        begun.extend((item, _begun(given.submit, work, item)) for item in islice(rest, many))

    begin(given.many)
    try:
        while begun:
            item, future = begun.popleft()
            found = _ended(work, item, future)
            begin(1)
            yield found
    finally:
        under_way = [future for _, future in begun if future is not None and not future.cancel()]
        if not given.processes:
            wait(under_way)


def _begun(submit: Callable[..., Future[Any]] | None, work: Callable[[Given], Found], item: Given) -> Future[Found] | None:
    try:
        return submit(work, item) if submit is not None else None
    except LOST:
        return None


def _ended(work: Callable[[Given], Found], item: Given, future: Future[Found] | None) -> Found:
    if future is None:
        return work(item)
    try:
        return future.result()
    except LOST:
        return work(item)
