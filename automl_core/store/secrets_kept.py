"""Share links and keys: random secrets shown once, of which only the SHA-256 is kept (256 random bits need no salt)."""
from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from automl_core.errors import BadInput, NotFound
from automl_core.store.database import Database, maybe_when, new_id, now, when
from automl_core.store.nouns import Key, Link
from automl_core.store.schema import keys, links

LONGEST = timedelta(days=366)
_USE_NOTED_EVERY = 60.0  # seconds: a write for every scored row would cost more than the row


@dataclass(frozen=True)
class Secrets:
    """The tables of links and keys."""

    database: Database

    def create_link(self, project_id: str, record_id: str, expires_at: datetime) -> tuple[Link, str]:
        """A link to one record and its token, which is shown only now. BadInput when it ends in the past or after a year."""
        created, token = now(), secrets.token_urlsafe(32)
        if not created < expires_at.timestamp() <= created + LONGEST.total_seconds():
            raise BadInput("The link's last day must lie within a year from now.", "Choose another day.")
        row = {"id": new_id("lnk"), "project_id": project_id, "record_id": record_id, "token_hash": _hash(token),
               "created_at": created, "expires_at": expires_at.timestamp()}
        try:
            with self.database.write() as connection:
                connection.execute(insert(links).values(**row))
        except IntegrityError as error:
            raise NotFound("There is nothing to share under this id.", "Make the report again.") from error
        return self.link(str(row["id"])), token

    def link(self, link_id: str) -> Link:
        """One link; NotFound otherwise."""
        with self.database.read() as connection:
            row = connection.execute(select(links).where(links.c.id == link_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such link.", "Choose one from the list.")
        return _link(row)

    def open_link(self, token: str) -> Link | None:
        """The link behind a token, its view counted; None when it is unknown, expired or revoked."""
        valid = (links.c.token_hash == _hash(token), links.c.revoked == 0, links.c.expires_at > now())
        with self.database.read() as connection:
            if connection.execute(select(links.c.id).where(*valid)).first() is None:
                return None  # guesses never reach the write lock
        with self.database.write() as connection:
            if not connection.execute(update(links).where(*valid).values(views=links.c.views + 1)).rowcount:
                return None
            return _link(connection.execute(select(links).where(*valid)).one())

    def links(self, project_id: str) -> tuple[Link, ...]:
        """The project's links, newest first."""
        with self.database.read() as connection:
            rows = connection.execute(select(links).where(links.c.project_id == project_id).order_by(links.c.seq.desc())).all()
        return tuple(_link(row) for row in rows)

    def revoke_link(self, link_id: str) -> None:
        """Close a link now and for good; NotFound when there is none."""
        with self.database.write() as connection:
            changed = connection.execute(update(links).where(links.c.id == link_id).values(revoked=1)).rowcount
        if not changed:
            raise NotFound("There is no such link.", "Choose one from the list.")

    def create_key(self, record_id: str) -> str:
        """A key that opens one record (a deployment), shown only now; NotFound when there is no such record."""
        key = f"clr_{secrets.token_urlsafe(32)}"
        row = {"id": new_id("key"), "record_id": record_id, "key_hash": _hash(key), "created_at": now()}
        try:
            with self.database.write() as connection:
                connection.execute(insert(keys).values(**row))
        except IntegrityError as error:
            raise NotFound("There is no such deployment.", "Choose one from the list.") from error
        return key

    def check_key(self, record_id: str, key: str) -> bool:
        """Whether the key opens the record. The search is by hash, so its time tells nothing of a key."""
        found = select(keys.c.id, keys.c.last_used_at).where(
            keys.c.key_hash == _hash(key), keys.c.record_id == record_id, keys.c.revoked == 0)
        with self.database.read() as connection:
            row = connection.execute(found).first()
        if row is None:
            return False
        if (row.last_used_at or 0.0) < now() - _USE_NOTED_EVERY:
            with self.database.write() as connection:
                connection.execute(update(keys).where(keys.c.id == row.id).values(last_used_at=now()))
        return True

    def keys(self, record_id: str) -> tuple[Key, ...]:
        """The record's keys, newest first; not the secrets themselves."""
        with self.database.read() as connection:
            rows = connection.execute(select(keys).where(keys.c.record_id == record_id).order_by(keys.c.seq.desc())).all()
        return tuple(Key(row.id, row.record_id, when(row.created_at), bool(row.revoked), maybe_when(row.last_used_at))
                     for row in rows)

    def revoke_key(self, key_id: str) -> None:
        """Close a key now and for good; NotFound when there is none."""
        with self.database.write() as connection:
            changed = connection.execute(update(keys).where(keys.c.id == key_id).values(revoked=1)).rowcount
        if not changed:
            raise NotFound("There is no such key.", "Choose one from the list.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _link(row: Row[Any]) -> Link:
    item = row._mapping
    return Link(item["id"], item["project_id"], item["record_id"], when(item["created_at"]), when(item["expires_at"]),
                bool(item["revoked"]), item["views"])
