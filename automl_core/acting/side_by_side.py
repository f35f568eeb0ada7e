"""Long pieces of work in threads, told in order: matrices let go of the interpreter while they are multiplied."""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")
LONG_ROWS = 10_000  # rows from which the work is long enough to be worth a thread
MOST_THREADS = 2


def threads_for(rows: int) -> int:
    """How many pieces of work on so many rows go on at once."""
    return min(MOST_THREADS, os.cpu_count() or 1) if rows >= LONG_ROWS else 1


def side_by_side(work: Callable[[Given], Found], items: Iterable[Given], threads: int) -> Generator[Found, None, None]:
    """What `work` gives for each item, in order, so many at once; none is begun that is more than that ahead of what was taken.

    With one thread each is done when it is asked for. An error comes at its item's turn; what has begun then, or when this is
    closed, ends first.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    rest, begun = iter(items), deque[Future[Found]]()
    with ThreadPoolExecutor(threads) as pool:
        begun.extend(pool.submit(work, item) for item in islice(rest, threads))
        try:
            while begun:
                found = begun.popleft().result()
                begun.extend(pool.submit(work, item) for item in islice(rest, 1))
                yield found
        finally:
            for future in begun:
                future.cancel()
