"""The invariants of the store: what must hold after any crash. Tests run this after every fault."""
from __future__ import annotations

from sqlalchemy import select

from automl_core.errors import ClarionError
from automl_core.store.database import Database, now
from automl_core.store.files import STALE_SECONDS, Files
from automl_core.store.schema import files, jobs

DEAD_AFTER = 30.0  # seconds without a heartbeat, well above the worker's own 10


def broken_promises(database: Database, kept: Files) -> tuple[str, ...]:
    """Sentences about a damaged database, rows whose file is gone or changed, stale half-files, and jobs nobody runs."""
    return (*_database(database), *_files(database, kept), *_half_files(kept), *_jobs(database))


def _database(database: Database) -> list[str]:
    if database.engine.dialect.name != "sqlite":
        return []
    with database.read() as connection:
        integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [] if list(integrity) == ["ok"] else ["The database is damaged."]
    return found + ([f"{len(orphans)} rows belong to nothing."] if orphans else [])


def _files(database: Database, kept: Files) -> list[str]:
    found = []
    kept.seen.clear()  # believe nothing that was checked before
    with database.read() as connection:
        ids = connection.execute(select(files.c.id)).scalars().all()
    for file_id in ids:
        try:
            kept.file_path(file_id)
        except ClarionError as error:
            found.append(f"File {file_id}: {error.message}")
    return found


def _half_files(kept: Files) -> list[str]:
    folder = kept.home / "tmp"
    stale = [path for path in folder.iterdir() if path.stat().st_mtime < now() - STALE_SECONDS] if folder.is_dir() else []
    return [f"{len(stale)} half-written files are left."] if stale else []


def _jobs(database: Database) -> list[str]:
    dead = select(jobs.c.id).where(jobs.c.state == "running", jobs.c.heartbeat < now() - DEAD_AFTER)
    with database.read() as connection:
        return [f"Job {job_id} is running without a worker." for job_id in connection.execute(dead).scalars()]
