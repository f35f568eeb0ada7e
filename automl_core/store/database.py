"""The one place that opens connections: short transactions that either hold the write lock from their start or only read."""
from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, select, text
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from automl_core.codec import to_json
from automl_core.errors import FULL, BadInput, ClarionError, DiskFull
from automl_core.store import schema

BUSY_SECONDS = 10
_ID = re.compile(r"[a-z]{2,12}_[A-Za-z0-9_-]{4,100}")


@dataclass(frozen=True)
class Database:
    """An engine whose transactions are safe with many processes: see `write` and `read`."""

    engine: Engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds SQLite's write lock from its start (BEGIN IMMEDIATE), waiting up to 10 s for it.

        A read that becomes a write inside a plain BEGIN fails at once when somebody else wrote in between, however long
        the timeout is; measured with 8 processes, most of such transactions fail, and none that begin immediately.
        """
        with _sentences(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one consistent state and never waits for a writer."""
        with _sentences(), self.engine.connect().execution_options(clarion_read=True) as connection, connection.begin():
            yield connection

    def serialise(self, connection: Connection, name: str) -> None:
        """Let only one transaction of that name run at a time. SQLite's write lock does so already."""
        if self.engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def forget_deleted(self) -> None:
        """Empty SQLite's write-ahead log, which still holds deleted rows. Skipped while somebody reads: the next one does it."""
        if self.engine.dialect.name == "sqlite":
            with _sentences(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        reason = str(error.orig).lower()
        if "full" in reason:
            raise DiskFull(*FULL) from error
        if "locked" in reason:
            raise ClarionError("The data folder was busy for ten seconds.", "Try again.") from error
        if "readonly" in reason or "unable to open" in reason:
            raise ClarionError("The data folder cannot be written.", "Check its permissions.") from error
        raise ClarionError("The database did not answer.", "Check that it runs and try again.") from error


def open_database(url: str) -> Database:
    """Open (and create) the database at an SQLAlchemy URL. ClarionError when it is damaged or newer than this version."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        database = Database(create_engine(parsed, pool_pre_ping=True))
        _create(database)
        return database
    if not parsed.database or parsed.database == ":memory:":
        raise BadInput("The database must be a file, because several processes use it.", "Give CLARION_DATABASE_URL a path.")
    path = Path(parsed.database)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made before SQLite makes it, so that it (and the -wal beside it, which copies its mode) is the owner's alone.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    database = Database(engine)
    with file_lock(path.with_name(path.name + ".lock")):  # switching to WAL does not wait for others by itself
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            _create(database)
        except DatabaseError as error:
            if isinstance(error, OperationalError):
                raise ClarionError("The data folder cannot be written.", "Check its permissions and free space.") from error
            raise ClarionError("The database of the data folder is damaged.", "Put back a copy of it.") from error
    return database


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN" if options.get("clarion_read") else "BEGIN IMMEDIATE")


def _create(database: Database) -> None:
    with database.write() as connection:
        database.serialise(connection, "schema")
        schema.metadata.create_all(connection)
        found = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.key == "version"))
        if found is None:
            connection.execute(insert(schema.meta).values(key="version", value=str(schema.VERSION)))
        elif int(found) > schema.VERSION:
            raise ClarionError("The data folder was written by a newer version.", "Update this one.")


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock file of this machine; waits for it. The lock goes with the process that held it."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def new_id(prefix: str) -> str:
    """A random id: the prefix, an underscore and 96 random bits in hex."""
    return f"{prefix}_{secrets.token_hex(12)}"


def checked_id(value: str) -> str:
    """The id itself; BadInput when it does not look like one, so that none can name a path."""
    if not _ID.fullmatch(value):
        raise BadInput("This is not a valid id.", "Open the page again from the start.")
    return value


def dump(value: Any) -> str:
    """JSON text in ASCII: lone surrogates and NULs of a user's text survive in any database."""
    return json.dumps(to_json(value), allow_nan=False)


def plain(value: str, longest: int = 1000) -> str:
    """The text without NULs and lone surrogates, which databases refuse, cut to `longest` characters."""
    return value[:longest].replace("\0", " ").encode("utf-8", "replace").decode()


def now() -> float:
    """Seconds since 1970 in UTC."""
    return time.time()


def when(seconds: float) -> datetime:
    """The UTC datetime of stored seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def maybe_when(seconds: float | None) -> datetime | None:
    """The UTC datetime of stored seconds, or None."""
    return None if seconds is None else when(seconds)
