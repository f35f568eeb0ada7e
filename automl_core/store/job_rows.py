"""The rows of jobs and their events. Every change of state is one transaction that checks the state it starts from."""
from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from automl_core.errors import NotFound
from automl_core.store.database import Database, dump, maybe_when, new_id, now, plain, when
from automl_core.store.nouns import Event, Job, JobState, Stop, Unique
from automl_core.store.schema import events, jobs


@dataclass(frozen=True)
class JobRows:
    """A job's `attempts` doubles as its fence: what belongs to an earlier attempt can no longer change the row."""

    database: Database

    def add(self, project_id: str, kind: str, body: Any, unique: Unique = True, worker: str = "") -> Job:
        """A queued job; with `unique`, the active one of the same project, kind and body when there is one, or with "kind" of the
        same project and kind.

        With `worker` it is not queued but runs at once in that process.
        """
        text = dump(body)
        asked = () if unique == "kind" else (json.dumps(json.loads(text), sort_keys=True),)
        key = hashlib.sha256("\0".join((project_id, kind, *asked)).encode()).hexdigest()
        row = {"id": new_id("job"), "project_id": project_id, "kind": kind, "body": text, "state": "queued",
               "created_at": now(), "unique_key": key if unique else None}
        if worker:
            row |= {"state": "running", "worker": worker, "attempts": 1, "started_at": row["created_at"], "heartbeat": now()}
        active = select(jobs).where(jobs.c.unique_key == key)
        if unique == "kind":
            running = (jobs.c.project_id == project_id, jobs.c.kind == kind, jobs.c.state.in_(("queued", "running")))
            active = select(jobs).where(*running).order_by(jobs.c.seq).limit(1)
        try:
            with self.database.write() as connection:
                found = connection.execute(active).one_or_none() if unique else None
                if found is not None:
                    return _job(found)
                connection.execute(insert(jobs).values(**row))
        except IntegrityError as error:
            with self.database.read() as connection:  # another process of a server database was faster by a moment
                found = connection.execute(active).one_or_none()
            if unique and found is not None:
                return _job(found)
            raise NotFound("There is no such project; it may have been deleted.", "Choose one from the list.") from error
        return self.get(str(row["id"]))

    def get(self, job_id: str) -> Job:
        """One job; NotFound otherwise."""
        found = self.find(job_id)
        if found is None:
            raise NotFound("There is no such job; its project may have been deleted.", "Start it again.")
        return found

    def find(self, job_id: str) -> Job | None:
        """One job, or None."""
        with self.database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        return None if row is None else _job(row)

    def of_project(self, project_id: str) -> tuple[Job, ...]:
        """All jobs of a project, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(select(jobs).where(jobs.c.project_id == project_id).order_by(jobs.c.seq)).all()
        return tuple(_job(row) for row in rows)

    def running(self) -> tuple[Job, ...]:
        """All jobs that a worker holds."""
        with self.database.read() as connection:
            return tuple(_job(row) for row in connection.execute(select(jobs).where(jobs.c.state == "running")))

    def failed(self, kind: str, error: str) -> tuple[Job, ...]:
        """All jobs of that kind that failed with that error, newest first."""
        wanted = select(jobs).where(jobs.c.state == "failed", jobs.c.kind == kind, jobs.c.error == error)
        with self.database.read() as connection:
            return tuple(_job(row) for row in connection.execute(wanted.order_by(jobs.c.seq.desc())))

    def waiting(self) -> bool:
        """Whether a job is queued; a read, so that an idle worker never takes the write lock."""
        with self.database.read() as connection:
            return connection.execute(select(jobs.c.id).where(jobs.c.state == "queued").limit(1)).first() is not None

    def lease(self, worker: str, job_id: str = "") -> Job | None:
        """Take the oldest queued job (or that one): it runs from now on. None when nothing is queued."""
        wanted = select(jobs).where(jobs.c.state == "queued").order_by(jobs.c.seq).limit(1).with_for_update(skip_locked=True)
        if job_id:
            wanted = wanted.where(jobs.c.id == job_id)
        with self.database.write() as connection:
            row = connection.execute(wanted).one_or_none()
            if row is None:
                return None
            started = now()
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(
                state="running", worker=worker, heartbeat=started, attempts=row.attempts + 1,
                started_at=row.started_at or started))
            return _job(connection.execute(select(jobs).where(jobs.c.id == row.id)).one())

    def beat(self, job_id: str, attempt: int) -> bool:
        """Note that the attempt lives; False when it no longer holds the job."""
        return self._change(job_id, attempt, {"heartbeat": now()})

    def progress(self, job_id: str, attempt: int, fraction: float, sentence: str, seconds_left: float) -> None:
        """Note how far a running job is, and so that it lives (a command that runs its job itself has no worker to beat)."""
        left = seconds_left if math.isfinite(seconds_left) else None
        share = min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else 0.0
        mine = [jobs.c.id == job_id, jobs.c.state == "running", *([jobs.c.attempts == attempt] if attempt else [])]
        with self.database.write() as connection:
            connection.execute(update(jobs).where(*mine).values(
                progress=share, sentence=plain(sentence), seconds_left=left, heartbeat=now()))

    def restate(self, job_id: str, attempt: int, values: Mapping[str, Any]) -> None:
        """Write into the body of a running job what was known only when it began; what else was asked for stays in it, and it is
        still known by that when the same is asked for again."""
        mine = [jobs.c.id == job_id, jobs.c.state == "running", *([jobs.c.attempts == attempt] if attempt else [])]
        with self.database.write() as connection:
            body = connection.execute(select(jobs.c.body).where(*mine).with_for_update()).scalar_one_or_none()
            if body is not None:
                connection.execute(update(jobs).where(*mine).values(body=dump({**json.loads(body), **values})))

    def end(self, job_id: str, attempt: int, state: JobState, error: str = "") -> bool:
        """Record the end of an attempt; False when it no longer held the job."""
        values: dict[str, Any] = {"state": state, "error": plain(error), "finished_at": now(), "unique_key": None,
                                  "seconds_left": None}
        if state == "done":
            values["progress"] = 1.0
        return self._change(job_id, attempt, values)

    def requeue(self, job_id: str, attempt: int, forgive: bool = False) -> bool:
        """Put the job of a lost attempt back; `forgive` does not count the attempt. False when it no longer held the job."""
        attempts = attempt - 1 if forgive else attempt
        return self._change(job_id, attempt, {
            "state": "queued", "worker": "", "heartbeat": None, "attempts": attempts, "seconds_left": None,
            "sentence": "Starting again after an interruption."})

    def request_stop(self, job_id: str, how: Stop) -> None:
        """Note what the user wants. A queued job that is cancelled never starts; "finish" never weakens "cancel"."""
        with self.database.write() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
            if row is None or row.state not in ("queued", "running") or row.stop == "cancel":
                return
            values: dict[str, Any] = {"stop": how}
            if how == "cancel" and row.state == "queued":
                values |= {"state": "cancelled", "finished_at": now(), "unique_key": None}
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))

    def add_event(self, job_id: str, kind: str, body: Any) -> None:
        """Keep something that a job told; NotFound when its project was deleted meanwhile."""
        try:
            with self.database.write() as connection:
                connection.execute(insert(events).values(job_id=job_id, kind=kind, body=dump(body), at=now()))
        except IntegrityError as error:
            raise NotFound("There is no such job; its project may have been deleted.", "Start it again.") from error

    def events(self, job_id: str, after: int = 0) -> tuple[Event, ...]:
        """The events of a job with an id above `after`, in order."""
        wanted = select(events).where(events.c.job_id == job_id, events.c.id > after).order_by(events.c.id)
        with self.database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple(Event(row.id, row.job_id, row.kind, json.loads(row.body), when(row.at)) for row in rows)

    def _change(self, job_id: str, attempt: int, values: dict[str, Any]) -> bool:
        with self.database.write() as connection:
            return _held(connection, job_id, attempt, values)


def _held(connection: Connection, job_id: str, attempt: int, values: dict[str, Any]) -> bool:
    held = (jobs.c.id == job_id, jobs.c.state == "running", jobs.c.attempts == attempt)
    return bool(connection.execute(update(jobs).where(*held).values(**values)).rowcount)


def _job(row: Row[Any]) -> Job:
    item = row._mapping
    left = math.nan if item["seconds_left"] is None else item["seconds_left"]
    return Job(
        id=item["id"], project_id=item["project_id"], kind=item["kind"], body=json.loads(item["body"]), state=item["state"],
        stop=item["stop"], attempts=item["attempts"], worker=item["worker"], heartbeat=maybe_when(item["heartbeat"]),
        progress=item["progress"], sentence=item["sentence"], seconds_left=left, error=item["error"],
        created_at=when(item["created_at"]), started_at=maybe_when(item["started_at"]),
        finished_at=maybe_when(item["finished_at"]))
