"""Files under random ids, through fsspec: a folder by default, an object store by URL. A name of a user never becomes a path."""
from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import fsspec
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from automl_core.errors import BadInput, NotFound, Untrusted, disk
from automl_core.store.database import Database, checked_id, new_id, now
from automl_core.store.nouns import StoredFile
from automl_core.store.schema import files

_CHUNK = 1 << 20
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,12})?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,120}")
STALE_SECONDS = 3600.0


@dataclass(frozen=True)
class Place:
    """Where files are: `local` is the folder itself, or None when `root` lies in an object store."""

    filesystem: Any
    root: str
    local: Path | None

    def path(self, project_id: str, name: str) -> str:
        """The address of one file in the place's own notation."""
        return f"{self.root}/{checked_id(project_id)}/{name}"


def open_place(url: str) -> Place:
    """The place at a URL (`file:///...`, `s3://...`; the latter needs its fsspec package and its own environment variables)."""
    if url.startswith("file:"):
        local = Path(unquote(urlsplit(url).path))
        private_folder(local)
        return Place(fsspec.filesystem("file"), str(local), local)
    filesystem, root = fsspec.core.url_to_fs(url)
    return Place(filesystem, root.rstrip("/"), None)


@dataclass(frozen=True)
class Files:
    """Needs `home` for what is local: `tmp` (half-written files), `cache` (copies of remote ones), `work` (folders of runs)."""

    database: Database
    place: Place
    home: Path
    seen: dict[str, tuple[int, ...]]

    def write_file(self, project_id: str, content: BinaryIO | bytes, suffix: str = "", limit_mb: float = 0) -> StoredFile:
        """Keep bytes or a stream (read from its start, a megabyte at a time). Either all of it is kept or nothing.

        BadInput when it is larger than `limit_mb` (0: no limit); ClarionError when the disk is full.
        """
        if not _SUFFIX.fullmatch(suffix):
            raise BadInput("This file ending cannot be kept.", "Rename the file.")
        file_id = new_id("fil")
        stream = _from_start(content)
        temporary = private_folder(self.home / "tmp") / f"{file_id}.tmp"
        try:
            with disk():
                digest, size = _copy(stream, temporary, limit_mb)
                self._place(temporary, project_id, file_id + suffix)
        finally:
            temporary.unlink(missing_ok=True)
        # The row comes last: a crash before it leaves a file that nothing names, which `sweep` takes away.
        row = {"id": file_id, "project_id": project_id, "sha256": digest, "size": size, "suffix": suffix, "created_at": now()}
        try:
            with self.database.write() as connection:
                connection.execute(insert(files).values(**row))
        except IntegrityError as error:
            self._remove(self.place.path(project_id, file_id + suffix))
            raise NotFound("There is no such project; it may have been deleted.", "Choose one from the list.") from error
        return StoredFile(file_id, project_id, digest, size, suffix)

    @contextmanager
    def passing_file(self, content: BinaryIO | bytes, limit_mb: float = 0) -> Iterator[Path]:
        """Bytes or a stream as a local file for as long as it is read; nothing of it is kept. Refused as by `write_file`."""
        temporary = private_folder(self.home / "tmp") / f"{new_id('fil')}.tmp"
        stream = _from_start(content)
        try:
            with disk():
                _copy(stream, temporary, limit_mb)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def stored_file(self, file_id: str) -> StoredFile:
        """What is known of a file; NotFound otherwise."""
        with self.database.read() as connection:
            row = connection.execute(select(files).where(files.c.id == file_id)).one_or_none()
        if row is None:
            raise NotFound("This file is no longer kept.", "Open it again from its project.")
        return StoredFile(row.id, row.project_id, row.sha256, row.size, row.suffix)

    def file_path(self, file_id: str) -> Path:
        """A local path to the file, its hash checked (again only when the file looks touched since). Read it, never write it.

        NotFound when nothing is kept under the id, Untrusted when the bytes are not those that were written.
        """
        stored = self.stored_file(file_id)
        path = self._local(stored)
        try:
            stamp = _stamp(path)
            if self.seen.get(file_id) != stamp:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                if digest != stored.sha256:
                    raise Untrusted("A kept file is not the one that was written, so it was not opened.", "Make it again.")
                self.seen[file_id] = stamp
        except FileNotFoundError as error:
            raise Untrusted("A kept file has gone from the data folder.", "Make it again.") from error
        return path

    def folder(self, project_id: str, name: str) -> Path:
        """A private folder on this machine for the work of one run of the project; made when it is not there."""
        if not _NAME.fullmatch(name):
            raise BadInput("This is not a valid name of a folder.", "Use letters, digits, - and _.")
        return private_folder(private_folder(self.home / "work" / checked_id(project_id)) / name)

    def log_path(self, job_id: str) -> Path:
        """Where a job writes what went wrong; nobody is shown it on a page."""
        return private_folder(self.home / "logs") / f"{checked_id(job_id)}.log"

    def remove_project_files(self, project_id: str) -> None:
        """Take away all files and folders of a project."""
        checked_id(project_id)
        shutil.rmtree(self.home / "work" / project_id, ignore_errors=True)
        shutil.rmtree(self.home / "cache" / project_id, ignore_errors=True)
        if self.place.local is not None:
            shutil.rmtree(self.place.local / project_id, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                self.place.filesystem.rm(f"{self.place.root}/{project_id}", recursive=True)

    def sweep(self, known: Callable[[str], bool]) -> None:
        """Take away what a crash left behind: half-written files, files without a row, files of deleted projects.

        Files younger than an hour stay, because their row may be about to be written; `known` tells whether a project lives.
        """
        for temporary in private_folder(self.home / "tmp").iterdir():
            _remove_stale(temporary)
        folders = [self.home / "work", self.home / "cache"] + ([self.place.local] if self.place.local else [])
        for folder in folders:
            for project in folder.iterdir() if folder.is_dir() else ():
                if not known(project.name):
                    shutil.rmtree(project, ignore_errors=True)
        if self.place.local is not None:
            with self.database.read() as connection:
                kept = {row.id + row.suffix for row in connection.execute(select(files.c.id, files.c.suffix))}
            for path in self.place.local.glob("*/*"):
                if path.name not in kept:
                    _remove_stale(path)

    def _place(self, temporary: Path, project_id: str, name: str) -> None:
        if self.place.local is not None:
            folder = private_folder(self.place.local / checked_id(project_id))
            temporary.replace(folder / name)
            sync_folder(folder)
        else:
            self.place.filesystem.put_file(str(temporary), self.place.path(project_id, name))

    def _remove(self, address: str) -> None:
        with suppress(FileNotFoundError):
            self.place.filesystem.rm(address)

    def _local(self, stored: StoredFile) -> Path:
        name = stored.id + stored.suffix
        if self.place.local is not None:
            return self.place.local / checked_id(stored.project_id) / name
        path = private_folder(self.home / "cache" / checked_id(stored.project_id)) / name
        if not path.exists():
            temporary = private_folder(self.home / "tmp") / f"{new_id('get')}.tmp"
            with disk():
                self.place.filesystem.get_file(self.place.path(stored.project_id, name), str(temporary))
            temporary.chmod(0o600)
            temporary.replace(path)
        return path


def private_folder(path: Path) -> Path:
    """The folder, made for the owner alone (and so its missing parents) when it is not there."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def sync_folder(folder: Path) -> None:
    """Make a renamed file's new name survive a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _from_start(content: BinaryIO | bytes) -> BinaryIO:
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    if stream.seekable():
        stream.seek(0)
    return stream


def _copy(stream: BinaryIO, target: Path, limit_mb: float) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as out:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if limit_mb and size > limit_mb * _CHUNK:
                raise BadInput(f"The file is larger than {limit_mb:g} MB.", "Upload fewer rows or columns, or use Parquet.")
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _remove_stale(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_file() and path.stat().st_mtime < time.time() - STALE_SECONDS:
            path.unlink()


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes whenever the file's bytes are written: nobody can set a ctime."""
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
