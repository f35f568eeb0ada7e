"""Many processes write to one SQLite file: nobody is locked out, nothing is lost."""
from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from automl_core.errors import Conflict
from automl_core.settings import Settings, read_settings
from automl_core.store import open_store

pytestmark = pytest.mark.fault
WRITERS, WRITES = 8, 20


def _count_up(settings: Settings, record_id: str) -> list[float]:
    """Read, add one, write; again when somebody else was faster. Returns how long each write took in seconds."""
    store, waits = open_store(settings), []
    for _ in range(WRITES):
        while True:
            record = store.get(record_id)
            began = time.perf_counter()
            try:
                store.update(record_id, {"n": record.body["n"] + 1}, record.version)
            except Conflict:
                continue
            finally:
                waits.append(time.perf_counter() - began)
            break
    store.close()
    return waits


def _put_for_ever(settings: Settings, project: str, told: Path) -> None:
    store = open_store(settings)
    with told.open("w") as lines:
        while True:
            record = store.put("n", project, {})
            store.write_file(project, b"x" * 1000)
            lines.write(record.id + "\n")
            lines.flush()


def test_no_writer_is_locked_out_and_no_update_is_lost(home: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    record = store.put("counter", store.create_project("p").id, {"n": 0})
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        waits = [wait for waits in pool.starmap(_count_up, [(settings, record.id)] * WRITERS) for wait in waits]
    assert store.get(record.id).body["n"] == WRITERS * WRITES
    assert max(waits) < 10.0
    assert store.check_store() == ()


def test_killed_writers_lose_nothing_that_was_acknowledged(home: Path, tmp_path: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    project = store.create_project("p").id
    spawn = multiprocessing.get_context("spawn")
    for number in range(3):
        told = tmp_path / f"told{number}"
        writer = spawn.Process(target=_put_for_ever, args=(settings, project, told))
        writer.start()
        end = time.monotonic() + 20
        while (not told.exists() or told.read_text().count("\n") < 20) and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        kept = {record.id for record in store.list(project, "n")}
        acknowledged = told.read_text().split("\n")[:-1]
        assert len(acknowledged) >= 20
        assert set(acknowledged) <= kept
        assert store.check_store() == ()
