"""Workers that are ended while they send what they have found."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from automl_core.search.executors import LocalExecutor

MUCH = 200_000_000  # bytes, which take a while to come through


def much() -> bytes:
    """More than a pipe holds."""
    return bytes(MUCH)


def receiving(threads: set[threading.Thread]) -> bool:
    """Whether one of these threads is in the midst of what a worker sends."""
    frames = sys._current_frames()
    for thread in threads:
        frame, names = frames.get(thread.ident or 0), []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if "_recv_bytes" in names:
            return True
    return False


def test_no_thread_waits_for_the_rest_of_what_an_ended_worker_was_sending(tmp_path: Path) -> None:
    """It waited for ever, and so did this process when it was to end: a search in 28 left a command that did not end."""
    before = set(threading.enumerate())
    executor = LocalExecutor(1, tmp_path)
    executor.submit(much)
    until = time.monotonic() + 60
    while not receiving(set(threading.enumerate()) - before) and time.monotonic() < until:
        time.sleep(0.0002)
    assert time.monotonic() < until
    executor.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive()
