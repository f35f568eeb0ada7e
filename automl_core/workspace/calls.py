"""Rows that were sent over REST: kept for some days with their answers, and counted by day for good."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from automl_core.codec import to_json
from automl_core.production.deployment import Batch, Deployment
from automl_core.store import Record, Store

KEPT_DAYS = 30
CALL, DAY = "scored", "scored_day"

Days = dict[tuple[str, str], tuple[int, datetime]]  # rows and the newest call, by deployment and day


def keep_call(store: Store, deployment: Deployment, rows: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> None:
    """Keep what was sent and answered; what is older than `KEPT_DAYS` goes."""
    body = {"rows": to_json(rows), "predictions": predictions}
    store.put(CALL, deployment.project_id, body, parent_id=deployment.id)
    forget_old(store, deployment.project_id)


def forget_old(store: Store, project_id: str) -> None:
    """Take rows away that were sent more than `KEPT_DAYS` ago; how many they were on which day stays."""
    edge = datetime.combine(datetime.now(UTC).date() - timedelta(KEPT_DAYS), time(), UTC)
    oldest = store.oldest(project_id, CALL)
    if oldest is None or oldest >= edge:
        return
    for (deployment, day), (rows, newest) in _by_day(store.sizes(project_id, CALL, "rows")).items():
        if newest < edge:  # whole days: another process that does the same finds the same
            body = {"rows": rows, "newest": newest.timestamp()}
            store.put(DAY, project_id, body, parent_id=deployment, id=f"day_{deployment}_{day}")
    store.forget(project_id, CALL, edge)


def call_days(store: Store, project_id: str) -> tuple[Batch, ...]:
    """Each day's calls of each deployment, without their rows."""
    days = _by_day(store.sizes(project_id, CALL, "rows"))
    for record in store.list(project_id, DAY):
        newest = datetime.fromtimestamp(record.body["newest"], UTC)
        days[record.parent_id, newest.date().isoformat()] = (record.body["rows"], newest)
    return tuple(Batch(f"rest-{deployment}-{day}", deployment, f"REST calls of {day}", rows, newest)
                 for (deployment, day), (rows, newest) in days.items())


def calls_of(store: Store, project_id: str, batch_id: str) -> tuple[str, tuple[Record, ...]]:
    """The deployment of a day's calls, and the calls with their rows; none when they are no longer kept."""
    deployment, day = batch_id.removeprefix("rest-")[:-11], batch_id[-10:]
    begin = datetime.combine(date.fromisoformat(day), time(), UTC)
    return deployment, store.list(project_id, CALL, deployment, (begin, begin + timedelta(1)))


def _by_day(sizes: Iterable[tuple[str, datetime, int]]) -> Days:
    days: Days = {}
    for deployment, at, rows in sizes:
        before, newest = days.get((deployment, at.date().isoformat()), (0, at))
        days[deployment, at.date().isoformat()] = (before + rows, max(newest, at))
    return days
