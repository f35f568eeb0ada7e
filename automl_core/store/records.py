"""Records: JSON values of a project, in the order in which they were put."""
from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Connection, Integer, Row, Select, cast, delete, func, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from automl_core.errors import Conflict, NotFound
from automl_core.store.database import Database, checked_id, dump, maybe_when, new_id, now, when
from automl_core.store.nouns import Newest, Record
from automl_core.store.schema import records

KEPT_LETTERS = 500_000  # of a body that stays in memory
CHANGED = ("Somebody else changed this in the meantime.", "Reload the page and try again.")


@dataclass(frozen=True)
class Records:
    """The table of records."""

    database: Database

    def put(
        self, kind: str, project_id: str, body: Any, parent_id: str = "", id: str = "", after: Newest | None = None
    ) -> Record:
        """Keep a value. With an `id` that the project has already, the record's body is replaced: a job that is run
        again after a crash may put its result again. NotFound when the project is gone; Conflict when a record was put that is
        newer than `after`.
        """
        record_id = checked_id(id) if id else new_id("rec")
        row = {"id": record_id, "project_id": project_id, "kind": kind, "parent_id": parent_id, "body": dump(body),
               "version": 1, "created_at": now()}
        try:
            with self.database.write() as connection:
                self.database.serialise(connection, f"records {project_id}")
                if after is not None and _newest(connection, project_id, after.kinds) != after.id:
                    raise Conflict(*CHANGED)
                same = (records.c.id == record_id, records.c.project_id == project_id, records.c.kind == kind)
                again = update(records).where(*same).values(
                    body=row["body"], parent_id=parent_id, version=records.c.version + 1)
                if not id or not connection.execute(again).rowcount:
                    connection.execute(insert(records).values(**row))
        except IntegrityError as error:
            raise NotFound("There is no such project; it may have been deleted.", "Choose one from the list.") from error
        return self.get(record_id)

    def newest(self, project_id: str, *kinds: str) -> Newest:
        """The newest record of these kinds, for a `put` that rests on there being no newer one."""
        with self.database.read() as connection:
            return Newest(kinds, _newest(connection, project_id, kinds))

    def new_id(self, prefix: str = "rec") -> str:
        """An id for a record whose body must name it."""
        return new_id(prefix)

    def exists(self, project_id: str, kind: str) -> bool:
        """Whether the project has a record of that kind; its body is not read."""
        wanted = select(records.c.id).where(records.c.project_id == project_id, records.c.kind == kind).limit(1)
        with self.database.read() as connection:
            return connection.execute(wanted).first() is not None

    def speaks_of(self, project_id: str, name: str) -> bool:
        """Whether any record of the project names something in its body."""
        wanted = select(records.c.id).where(records.c.project_id == project_id, records.c.body.contains(name, autoescape=True))
        with self.database.read() as connection:
            return connection.execute(wanted.limit(1)).first() is not None

    def newer(self, project_id: str, kind: str, than: tuple[str, ...], under: tuple[str, ...] = ()) -> bool:
        """Whether the project's newest record of a kind was put after all of the kinds `than` (under these parents, when any are
        given); False when it has none."""
        newest = select(func.max(records.c.seq)).where(records.c.project_id == project_id)
        among = (records.c.kind.in_(than), *((records.c.parent_id.in_(under),) if under else ()))
        with self.database.read() as connection:
            mine = connection.execute(newest.where(records.c.kind == kind)).scalar()
            others = connection.execute(newest.where(*among)).scalar()
        return mine is not None and (others is None or mine > others)

    def get(self, record_id: str) -> Record:
        """One record; NotFound otherwise."""
        with self.database.read() as connection:
            row = connection.execute(select(records).where(records.c.id == record_id)).one_or_none()
        if row is None:
            raise NotFound("Nothing is kept under this id; it may have been deleted.", "Open it again from its project.")
        return _record(row)

    def latest(self, project_id: str, kind: str, parent_id: str = "") -> Record | None:
        """The record of that kind put last (under that parent, when one is given); None when there is none."""
        with self.database.read() as connection:
            row = connection.execute(_of(project_id, kind, parent_id).order_by(records.c.seq.desc()).limit(1)).one_or_none()
        return None if row is None else _record(row)

    def list(
        self, project_id: str, kind: str, parent_id: str = "", between: tuple[datetime, datetime] | None = None
    ) -> tuple[Record, ...]:
        """All records of that kind (under that parent, and put from one moment until before another, when they are given),
        oldest first."""
        wanted = _of(project_id, kind, parent_id)
        if between is not None:
            begin, end = (moment.timestamp() for moment in between)
            wanted = wanted.where(records.c.created_at >= begin, records.c.created_at < end)
        with self.database.read() as connection:
            rows = connection.execute(wanted.order_by(records.c.seq)).all()
        return tuple(_record(row) for row in rows)

    def oldest(self, project_id: str, kind: str) -> datetime | None:
        """When the first of the project's records of that kind was put; None when it has none."""
        first = select(func.min(records.c.seq)).where(records.c.project_id == project_id, records.c.kind == kind)
        with self.database.read() as connection:
            at = connection.execute(select(records.c.created_at).where(records.c.seq == first.scalar_subquery())).scalar()
        return maybe_when(at)

    def sizes(self, project_id: str, kind: str, key: str) -> tuple[tuple[str, datetime, int], ...]:
        """Of each record of that kind its parent, when it was put, and how long the list under a `key` of its body is, oldest
        first. The database counts: no body is read here."""
        postgres = self.database.engine.dialect.name == "postgresql"
        body = cast(records.c.body, JSON) if postgres else type_coerce(records.c.body, JSON)
        length = func.json_array_length(body[key], type_=Integer)
        wanted = select(records.c.parent_id, records.c.created_at, length).where(
            records.c.project_id == project_id, records.c.kind == kind).order_by(records.c.seq)
        with self.database.read() as connection:
            return tuple((parent, when(at), size or 0) for parent, at, size in connection.execute(wanted))

    def forget(self, project_id: str, kind: str, before: datetime) -> None:
        """Delete the project's records of that kind that were put before a moment."""
        old = (records.c.project_id == project_id, records.c.kind == kind, records.c.created_at < before.timestamp())
        with self.database.write() as connection:
            connection.execute(delete(records).where(*old))

    def update(self, record_id: str, body: Any, version: int) -> Record:
        """Replace the body of the record as it was at `version`; Conflict when somebody changed it since."""
        change = update(records).where(records.c.id == record_id, records.c.version == version)
        with self.database.write() as connection:
            changed = connection.execute(change.values(body=dump(body), version=version + 1)).rowcount
        record = self.get(record_id)
        if not changed:
            raise Conflict(*CHANGED)
        return record


def _newest(connection: Connection, project_id: str, kinds: tuple[str, ...]) -> str:
    wanted = select(records.c.id).where(records.c.project_id == project_id, records.c.kind.in_(kinds))
    return str(connection.execute(wanted.order_by(records.c.seq.desc()).limit(1)).scalar() or "")


def _of(project_id: str, kind: str, parent_id: str) -> Select[Any]:
    wanted = select(records).where(records.c.project_id == project_id, records.c.kind == kind)
    return wanted.where(records.c.parent_id == parent_id) if parent_id else wanted


@lru_cache(maxsize=32)
def _parsed(body: str) -> Any:
    """A page reads the same few bodies again and again; nobody changes what was read."""
    return json.loads(body)


def _body(text: str) -> Any:
    return _parsed(text) if len(text) <= KEPT_LETTERS else json.loads(text)


def _record(row: Row[Any]) -> Record:
    item = row._mapping
    return Record(item["id"], item["project_id"], item["kind"], item["parent_id"], _body(item["body"]),
                  item["version"], when(item["created_at"]))
