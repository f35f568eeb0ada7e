"""The tables. Times are UTC seconds since 1970; JSON is ASCII text, so that no database refuses a user's character."""
from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

VERSION = 1
metadata = MetaData()
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _project() -> Column[str]:
    return Column("project_id", String(64), ForeignKey("projects.id", ondelete="CASCADE"), nullable=False)


meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

projects = Table(
    "projects", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", String(64), unique=True, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

records = Table(
    "records", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", String(128), unique=True, nullable=False),
    _project(),
    Column("kind", String(64), nullable=False),
    Column("parent_id", String(255), nullable=False),
    Column("body", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("records_by_kind", "project_id", "kind", "parent_id", "seq"),
    sqlite_autoincrement=True,
)

files = Table(
    "files", metadata,
    Column("id", String(64), primary_key=True),
    _project(),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("suffix", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Index("files_by_project", "project_id"),
)

jobs = Table(
    "jobs", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", String(64), unique=True, nullable=False),
    _project(),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("stop", String(16), nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(128), nullable=False, default=""),
    Column("heartbeat", Float),
    Column("progress", Float, nullable=False, default=0.0),
    Column("sentence", Text, nullable=False, default=""),
    Column("seconds_left", Float),
    Column("error", Text, nullable=False, default=""),
    # Set while the job is active and empty (NULL) afterwards: the database itself refuses the same work twice.
    Column("unique_key", String(64), unique=True),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Index("jobs_by_state", "state", "seq"),
    Index("jobs_by_project", "project_id", "seq"),
    sqlite_autoincrement=True,
)

events = Table(
    "events", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("events_by_job", "job_id", "id"),
    sqlite_autoincrement=True,
)

links = Table(
    "links", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", String(64), unique=True, nullable=False),
    _project(),
    Column("record_id", String(128), ForeignKey("records.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", String(64), unique=True, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("revoked", Integer, nullable=False, default=0),
    Column("views", Integer, nullable=False, default=0),
    Index("links_by_project", "project_id", "seq"),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", String(64), unique=True, nullable=False),
    Column("record_id", String(128), ForeignKey("records.id", ondelete="CASCADE"), nullable=False),
    Column("key_hash", String(64), unique=True, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked", Integer, nullable=False, default=0),
    Column("last_used_at", Float),
    Index("keys_by_record", "record_id", "seq"),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit", metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("object_id", String(128), nullable=False),
    Column("result", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
