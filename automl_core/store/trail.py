"""The audit trail: who did what to which object, chained by hashes so that a changed line shows. Holds no data values."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import insert, select

from automl_core.store.database import Database, now, plain
from automl_core.store.schema import audit

_FIRST = "0" * 64


@dataclass(frozen=True)
class Trail:
    """The table of the audit trail."""

    database: Database

    def audit(self, actor: str, action: str, object_id: str, result: str) -> None:
        """Add one line to the trail."""
        with self.database.write() as connection:
            self.database.serialise(connection, "audit")
            last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
            seq, previous = (last.seq + 1, last.hash) if last else (1, _FIRST)
            at = round(now(), 3)
            line = (seq, at, plain(actor, 200), plain(action, 64), plain(object_id, 128), plain(result, 200))
            connection.execute(insert(audit).values(
                seq=seq, at=at, actor=line[2], action=line[3], object_id=line[4], result=line[5], hash=_chain(previous, line)))

    def verify_audit(self) -> bool:
        """Whether no line was changed, inserted or taken out (lines cut off the end leave no trace)."""
        previous = _FIRST
        with self.database.read() as connection:
            rows = connection.execute(select(audit).order_by(audit.c.seq))
            for expected, row in enumerate(rows, start=1):
                line = (row.seq, row.at, row.actor, row.action, row.object_id, row.result)
                if row.seq != expected or row.hash != _chain(previous, line):
                    return False
                previous = row.hash
        return True


def _chain(previous: str, line: tuple[int, float, str, str, str, str]) -> str:
    return hashlib.sha256(json.dumps([previous, *line]).encode()).hexdigest()
