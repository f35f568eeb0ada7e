"""Settings, read from the environment once: where the data lives, where the server listens, how much it may use."""
from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from automl_core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` holds the database and the files unless `database_url` or `files_url` point elsewhere."""

    home: Path
    database_url: str
    files_url: str
    public_url: str = ""
    jobs: int = 2
    parse_memory_mb: int = 3072
    parse_seconds: int = 120
    max_upload_mb: int = 500
    start_worker: bool = True


def read_settings() -> Settings:
    """Settings from CLARION_HOME, CLARION_DATABASE_URL, CLARION_FILES_URL, CLARION_PUBLIC_URL, CLARION_JOBS and others."""
    home = Path(os.environ.get("CLARION_HOME", ".clarion")).expanduser().resolve()
    return Settings(
        home=home,
        database_url=os.environ.get("CLARION_DATABASE_URL", _database_in(home)),
        files_url=os.environ.get("CLARION_FILES_URL", _files_in(home)),
        public_url=os.environ.get("CLARION_PUBLIC_URL", "").rstrip("/"),
        jobs=_whole("CLARION_JOBS", min(os.cpu_count() or 2, 8)),
        parse_memory_mb=_whole("CLARION_PARSE_MEMORY_MB", 3072),
        parse_seconds=_whole("CLARION_PARSE_SECONDS", 120),
        max_upload_mb=_whole("CLARION_MAX_UPLOAD_MB", 500),
        start_worker=os.environ.get("CLARION_START_WORKER", "1") != "0",
    )


def settings_in(home: Path) -> Settings:
    """The same settings for another folder, which then holds all there is; for their own folder, themselves."""
    settings, home = read_settings(), home.expanduser().resolve()
    if home == settings.home:
        return settings
    return replace(settings, home=home, database_url=_database_in(home), files_url=_files_in(home))


def _database_in(home: Path) -> str:
    return f"sqlite:///{home / 'clarion.db'}"


def _files_in(home: Path) -> str:
    return (home / "files").as_uri()


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise BadInput(f"{name} is “{text[:40]}”.", "Set it to a whole number above 0, or leave it out.")
    return int(text)
