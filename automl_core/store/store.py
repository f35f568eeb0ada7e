"""The store at its door: one object for rows and files, opened by every process for itself."""
from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from automl_core.errors import ClarionError
from automl_core.settings import Settings
from automl_core.store.check import broken_promises
from automl_core.store.database import dump, open_database
from automl_core.store.files import STALE_SECONDS, Files, open_place, private_folder
from automl_core.store.job_rows import JobRows
from automl_core.store.projects import Projects
from automl_core.store.records import Records
from automl_core.store.schema import projects
from automl_core.store.secrets_kept import Secrets
from automl_core.store.trail import Trail


@dataclass(frozen=True)
class Store(Projects, Records, Files, Secrets, Trail):
    """Projects, records, files, links, keys and the audit trail; `job_rows` is for the queue alone."""

    @property
    def job_rows(self) -> JobRows:
        """The rows of jobs; everybody but the queue uses `automl_core.jobs`."""
        return JobRows(self.database)

    def delete_project(self, project_id: str) -> None:
        """Delete a project with its rows, files, links and logs, for good. Its running jobs are ended by their worker."""
        logs = [self.log_path(job.id) for job in self.job_rows.of_project(project_id)]
        self.delete_project_rows(project_id)
        # Rows first: a crash from here on leaves files that nothing names, and the next sweep takes them away.
        self.remove_project_files(project_id)
        for log in logs:
            log.unlink(missing_ok=True)
        with suppress(ClarionError):  # somebody is reading: the log is emptied by the next deletion or start
            self.database.forget_deleted()

    def tidy(self, open_jobs: Collection[str] = ()) -> None:
        """Take away what crashes left behind; called when a worker starts. `open_jobs` have ended, but may be gone on with."""
        self.sweep(self._lives)
        self._tidy_work(open_jobs)
        with suppress(ClarionError):
            self.database.forget_deleted()

    def _tidy_work(self, open_jobs: Collection[str]) -> None:
        """Take away the work folders, named after their jobs, that nobody can go on from: those of ended jobs that no record and
        no active or open job speaks of. Of the others whose job has ended the shared arrays, which a killed process has left."""
        for folder in sorted((self.home / "work").glob("*/*-*")):
            with suppress(OSError):  # deleted meanwhile with its project
                self._tidy_folder(folder, open_jobs)

    def _tidy_folder(self, folder: Path, open_jobs: Collection[str]) -> None:
        project_id, job_id = folder.parent.name, folder.name.partition("-")[2]
        if folder.stat().st_mtime > time.time() - STALE_SECONDS or self.job_rows.find(job_id) is None:
            return
        active = [job for job in self.job_rows.of_project(project_id) if job.active or job.id in open_jobs]
        if any(job_id == job.id or job_id in dump(job.body) for job in active):
            return
        if self.speaks_of(project_id, job_id):
            for array in folder.glob("*.npy"):
                array.unlink(missing_ok=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def check_store(self) -> tuple[str, ...]:
        """What is not as promised, as sentences; empty when all is well. Reads every file."""
        return broken_promises(self.database, self)

    def _lives(self, project_id: str) -> bool:
        with self.database.read() as connection:
            return connection.execute(select(projects.c.id).where(projects.c.id == project_id)).first() is not None

    def close(self) -> None:
        """Close the connections; the store may be used again afterwards."""
        self.database.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store of these settings, made when it is not there (folders for the owner alone).

    ClarionError when the data folder cannot be written, its database is damaged, or was written by a newer version.
    """
    try:
        home = private_folder(settings.home)
        place = open_place(settings.files_url)
        database = open_database(settings.database_url)
    except OSError as error:
        raise ClarionError("The data folder cannot be written.", "Check its permissions, or set CLARION_HOME.") from error
    return Store(database=database, place=place, home=Path(home), seen={})
