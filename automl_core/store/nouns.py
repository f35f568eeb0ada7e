"""What the store hands out: frozen copies of its rows. Times are UTC; bodies are plain JSON values."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Stop = Literal["", "finish", "cancel"]
Unique = Literal[True, False, "kind"]


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `version` grows with every change of its name, so that two people cannot overwrite each other."""

    id: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """One value kept for a project. `body` is JSON; `kind` and `parent_id` are the caller's words."""

    id: str
    project_id: str
    kind: str
    parent_id: str
    body: Any
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Newest:
    """The id of a project's newest record of some kinds, as it was when somebody looked ("": it had none)."""

    kinds: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as kept: its random id, the SHA-256 of its bytes (hex) and its size in bytes."""

    id: str
    project_id: str
    sha256: str
    size: int
    suffix: str


@dataclass(frozen=True, slots=True)
class Link:
    """A share link to one record. The token itself is not kept, only its hash."""

    id: str
    project_id: str
    record_id: str
    created_at: datetime
    expires_at: datetime
    revoked: bool
    views: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key that opens one deployment. The key itself is not kept, only its hash."""

    id: str
    record_id: str
    created_at: datetime
    revoked: bool
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """Work that runs outside the server. `attempts` counts its starts; `error` is a sentence when it failed.

    `progress` is a share of 1; `seconds_left` is NaN while unknown; `stop` is what the user asked for.
    """

    id: str
    project_id: str
    kind: str
    body: Any
    state: JobState
    stop: Stop
    attempts: int
    worker: str
    heartbeat: datetime | None
    progress: float
    sentence: str
    seconds_left: float
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether it is waiting or running."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True)
class Event:
    """Something a job told. `id` grows within the store, so a reader asks for what came after the last it saw."""

    id: int
    job_id: str
    kind: str
    body: Any
    at: datetime
