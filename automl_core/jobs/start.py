"""Start and stop the worker beside the server."""
from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from automl_core.jobs.worker import worker_environment
from automl_core.settings import Settings

PATIENCE = 8.0


def start_worker(settings: Settings, command: tuple[str, ...] = (sys.executable, "-m", "automl_core")) -> subprocess.Popen[bytes]:
    """Start `worker --parent <this process>` in a session of its own: a Ctrl-C or a kill of the server does not reach it."""
    return subprocess.Popen([*command, "worker", "--parent", str(os.getpid())], stdin=subprocess.DEVNULL,
                            start_new_session=True, env=worker_environment(settings))


async def keep_worker(settings: Settings, look_every: float = 2.0) -> None:
    """Start a worker, and start it again whenever it is gone, until this task is cancelled; then the worker is stopped."""
    process = start_worker(settings)
    try:
        while True:
            await asyncio.sleep(look_every)
            if process.poll() is not None:
                process = start_worker(settings)
    finally:
        await asyncio.to_thread(stop_worker, process)


def stop_worker(process: subprocess.Popen[bytes]) -> None:
    """Ask the worker to end and wait for it; what it was doing goes on when a worker starts again."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
