"""Work shared out among the processors: the libraries let go of the interpreter while they work."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PROCESSORS = min(os.cpu_count() or 1, 2)  # that a row alone is counted on to use
Job = TypeVar("Job")
Part = TypeVar("Part")


def shared(work: Callable[[Job], Part], jobs: Sequence[Job]) -> list[Part]:
    """What the work gives for each job, in as many threads as there are processors.

    The caller is one of them. One job alone starts none: on a busy machine it takes milliseconds until a thread has its turn.
    """
    threads = min(os.cpu_count() or 1, len(jobs))
    if threads < 2:
        return [work(job) for job in jobs]
    found: dict[int, Part] = {}
    waiting = enumerate(jobs)

    def take() -> None:
        for place, job in waiting:
            found[place] = work(job)

    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(take) for _ in range(threads - 1)]
        take()
        for other in others:
            other.result()
    return [found[place] for place in range(len(jobs))]
