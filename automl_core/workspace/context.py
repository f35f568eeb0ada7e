"""What every use case shares: settings, the store, typed records, and small caches of what is slow to open."""
from __future__ import annotations

import ctypes
import hashlib
import io
import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import pandas as pd

from automl_core.codec import from_json, known_by, to_json
from automl_core.data.table import Column, Origin, Table
from automl_core.settings import Settings
from automl_core.store import Newest, Record, Store

T = TypeVar("T")
V = TypeVar("V")
ROOM, ROOM_ROWS = 256 * 2**20, 300_000  # bytes of cleaned tables and rows of lists that there is room for


class Recent(Generic[V]):
    """The few most recently used values by key; values are immutable by convention, so sessions may share them.

    `size` of them are kept however large they are, and more for as long as all together `weigh` no more than there is `room`.
    """

    def __init__(self, size: int, weigh: Callable[[V], int] = lambda _: 1, room: int = 0) -> None:
        self._size, self._weigh, self._room = size, weigh, room
        self._items: OrderedDict[str, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], V]) -> V:
        """The value of that key, made (outside the lock) when it is not there."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key][0]
        value = make()
        weight = self._weigh(value)
        with self._lock:
            self._items[key] = value, weight
            while len(self._items) > self._size and sum(some for _, some in self._items.values()) > self._room:
                self._items.popitem(last=False)
        return value


def _bytes(cleaned: tuple[pd.DataFrame, tuple[Column, ...]]) -> int:
    """What a cleaned table takes of the memory."""
    return int(cleaned[0].memory_usage(deep=True).sum())


@dataclass(frozen=True)
class Context:
    """Settings, store and caches; one for each process."""

    settings: Settings
    store: Store
    tables: Recent[Table] = field(default_factory=lambda: Recent(3))
    cleaned: Recent[tuple[pd.DataFrame, tuple[Column, ...]]] = field(default_factory=lambda: Recent(3, _bytes, ROOM))
    profiles: Recent[Any] = field(default_factory=lambda: Recent(8))
    lists: Recent[Any] = field(default_factory=lambda: Recent(3, lambda made: len(made.rows), ROOM_ROWS))
    bundles: Recent[Any] = field(default_factory=lambda: Recent(4))
    decisions: Recent[Any] = field(default_factory=lambda: Recent(24))
    nouns: Recent[Any] = field(default_factory=lambda: Recent(64))
    arrays: Recent[Any] = field(default_factory=lambda: Recent(8))

    def save(
        self, kind: str, project_id: str, noun: Any, parent_id: str = "", record_id: str = "", after: Newest | None = None
    ) -> Record:
        """Keep a frozen noun as a new record of that kind; Conflict when a record was put that is newer than `after`."""
        return self.store.put(kind, project_id, to_json(noun), parent_id=parent_id, id=record_id, after=after)

    def latest(self, kind: str, project_id: str, noun: type[T], parent_id: str = "") -> T | None:
        """The newest noun of that kind in the project, or None."""
        record = self.store.latest(project_id, kind, parent_id=parent_id)
        return None if record is None else self.noun(noun, record)

    def noun(self, kind: type[T], record: Record) -> T:
        """A record's noun, decoded once for as long as the body that was read just now is the same."""
        def decode() -> tuple[Any, T]:
            return record.body, from_json(kind, record.body)

        body, made = self.nouns.get(f"{record.id} {record.version} {kind.__name__}", decode)
        found: T = made if body == record.body else from_json(kind, record.body)
        return found


def save_again(context: Context, kind: str, project_id: str, noun: Any) -> Record:
    """Keep a noun as the newest of its kind. Where it is one of before again, its record names that one's as its parent: what was
    made with it is still true."""
    mark = fingerprint(noun)
    same = [record for record in context.store.list(project_id, kind) if fingerprint(context.noun(type(noun), record)) == mark]
    return context.save(kind, project_id, noun, parent_id=stands_for(same[-1]) if same else "")


def stands_for(record: Record) -> str:
    """The id of the record that first held what this one does."""
    return record.parent_id or record.id


def give_back_memory() -> None:
    """Return freed memory to the system: glibc keeps hundreds of megabytes of small pieces after reading a wide table.

    Measured on 10,000 columns: 389 MB before, 135 MB after. Where there is no `malloc_trim` (other systems) nothing happens.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def fingerprint(*nouns: Any) -> str:
    """The first 16 hex digits of the SHA-256 of some nouns: equal exactly when they are."""
    texts = [_told(noun) if isinstance(noun, StoredTable) else _text(noun) for noun in nouns]
    return hashlib.sha256(f"[{', '.join(texts)}]".encode()).hexdigest()[:16]


def _text(noun: Any) -> str:
    return json.dumps(known_by(noun), sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=8)
def _told(stored: StoredTable) -> str:
    """Asked for several times in each use case, of thousands of columns."""
    return _text(stored)


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table as the store keeps it: its parquet file's id and everything else that belongs to it."""

    file: str
    columns: tuple[Column, ...]
    origin: Origin
    rows: int
    warnings: tuple[str, ...] = ()
    upload: str = ""
    key: str = "main"


def store_table(context: Context, project_id: str, table: Table, upload: str = "", key: str = "main") -> Record:
    """Keep a table (`key` is "main" or the name of another table of the project); returns its record."""
    buffer = io.BytesIO()
    texts = [name for name, kind in table.frame.dtypes.items() if kind == "str"]
    # numbers hardly repeat, and trying takes half the time; nobody asks for the ends of parts, as all is always read
    table.frame.to_parquet(buffer, index=False, use_dictionary=texts, write_statistics=False)
    file = context.store.write_file(project_id, buffer.getvalue(), ".parquet")
    stored = StoredTable(file.id, table.columns, table.origin, table.rows, table.warnings, upload, key)
    context.tables.get(_table_key(stored), lambda: table)  # the next use case asks for it: not to be read again
    return context.save("table" if key == "main" else "other_table", project_id, stored, parent_id="" if key == "main" else key)


def open_table(context: Context, stored: StoredTable) -> Table:
    """The table behind a stored one, from the cache when it was opened lately."""

    def read() -> Table:
        frame = pd.read_parquet(context.store.file_path(stored.file))
        return Table(frame, stored.columns, stored.origin, stored.warnings)

    return context.tables.get(_table_key(stored), read)


def store_roles(context: Context, project_id: str, stored: StoredTable, columns: tuple[Column, ...]) -> Record:
    """Keep the project's table with other uses of its columns: the file is the same."""
    table, changed = open_table(context, stored), replace(stored, columns=columns)
    context.tables.get(_table_key(changed), lambda: replace(table, columns=columns))
    return save_again(context, "table", project_id, changed)


def _table_key(stored: StoredTable) -> str:
    return stored.file + fingerprint(stored)
