"""The lock of a search's folder: one process, and one thread of it, goes on with a search at a time."""
from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_core.errors import Cancelled, Conflict
from automl_core.search.watch import Watch

LOOK_EVERY = 0.1
UNDER_WAY = "this very search is under way already."
WAITING = f"Waiting: {UNDER_WAY}"


@contextmanager
def alone(path: Path, watch: Watch, patience: float) -> Iterator[None]:
    """Hold a file's lock, which the system takes from a process that ends, however it does.

    Whoever else has it is waited for: for `patience` seconds, after which it is a Conflict, or until the watch says cancel.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    end, told = time.monotonic() + patience, False
    try:
        while not _locked(handle):
            if watch.stop() == "cancel":
                raise Cancelled("The search was cancelled.", "Nothing was kept.")
            if time.monotonic() >= end:
                raise Conflict(UNDER_WAY.capitalize(), "Wait until it has ended, then start it again.")
            if not told:
                watch.progress(0.0, WAITING, float("nan"))
                told = True
            time.sleep(LOOK_EVERY)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take an open file's lock; False when another has it. A place that knows no locks is no reason not to search."""
    try:
        import fcntl  # here: a bundle is opened on systems that have none
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True
