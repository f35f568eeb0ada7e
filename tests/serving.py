"""Starts the real app in its own process for tests that need it, and stops everything it started."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0


@dataclass(frozen=True)
class Server:
    """A running app: its process, address and home."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path

    def kill(self) -> None:
        """kill -9 of the server process alone; its worker and jobs are left to themselves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(home: Path, port: int = 0, log: Path | None = None) -> Server:
    """The app as `make run` starts it, on a free port; returns when it answers."""
    port = port or free_port()
    environment = {**os.environ, "CLARION_HOME": str(home), "CLARION_START_WORKER": "1", "CLARION_JOBS": "2"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (log or home.parent / "server.log").open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True)
    server = Server(process, f"http://127.0.0.1:{port}", home)
    _wait_healthy(server)
    return server


def _wait_healthy(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.process.returncode}")
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError("the server did not answer")


def kill_everything(home: Path) -> None:
    """kill -9 of every process that works in this home: server, worker, jobs."""
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("CLARION_HOME") == str(home):
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


@contextmanager
def running_server(home: Path) -> Iterator[Server]:
    """A server for the time of a with block; nothing of it is left afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    server = start_server(home)
    try:
        yield server
    finally:
        kill_everything(home)
        server.process.wait(timeout=30)
