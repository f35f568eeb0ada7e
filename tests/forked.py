"""Files read for tests by children of one process that has the libraries loaded: half a second less for each file.

A child is one of its own as the product starts it: it has the same limits, folder, environment and end. What starting it anew is
like is asked in tests/unit/test_data_reading.py.
"""
from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

LOADED: Final = ["automl_core.data.child", "automl_core.data.sources.csv", "automl_core.data.sources.excel",
                 "automl_core.data.sources.json", "automl_core.data.sources.parquet", "automl_core.data.sources.sqlite",
                 "pandas.io.parquet", "pyarrow.csv", "pyarrow.feather", "pyarrow.pandas_compat", "pyarrow.parquet"]
FORKS: Final = get_context("forkserver")


class Forked:
    """What `reading` asks of a child that it has started."""

    def __init__(self, process: BaseProcess) -> None:
        self.process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self.process.exitcode


def started(command: list[str], *, cwd: Path, env: dict[str, str], **_: Any) -> Forked:
    """In the place of `subprocess.Popen` in `reading`. A child would first run our main module, which is that of the tests."""
    FORKS.set_forkserver_preload(LOADED)
    process = FORKS.Process(target=_child, args=(command[-1], str(cwd), env), daemon=True)
    with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
        with patch.dict(os.environ, env, clear=True):
            forkserver.ensure_running()
        process.start()
    return Forked(process)


def _child(request: str, folder: str, environment: dict[str, str]) -> None:
    from automl_core.data import child

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    null, errors = os.open(os.devnull, os.O_RDWR), os.open("errors.txt", os.O_WRONLY)
    for here, there in ((null, 0), (null, 1), (errors, 2)):
        os.dup2(here, there)
    sys.exit(child.main(request))


SUBPROCESS: Final = SimpleNamespace(Popen=started, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired)
