"""The queue without processes: one job for one wish, states that only move forward, and what happens to lost ones."""
from __future__ import annotations

import math
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from automl_core import jobs as queue
from automl_core.errors import BadInput, Cancelled, NotFound
from automl_core.jobs import JobWatch
from automl_core.jobs.child import run_child
from automl_core.jobs.queue import cancelled, give_back, lost
from automl_core.jobs.worker import Running, Worker, WorkerOptions, run_worker
from automl_core.settings import read_settings
from automl_core.store import Job, Store, open_store, schema


@pytest.fixture
def store(home: Path) -> Store:
    return open_store(read_settings())


@pytest.fixture
def project(store: Store) -> str:
    return store.create_project("Churn").id


@pytest.fixture(autouse=True)
def _unrestrained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.jobs.child.restrain", lambda: None)  # not in the process that runs the tests


def leased(store: Store, project: str) -> Job:
    queue.enqueue(store, project, "search", {"a": 1})
    found = queue.lease(store)
    assert found is not None
    return found


def disown(store: Store, job: Job, worker: str = "", seconds_ago: float = 100.0) -> None:
    """As if the process that held the job were gone."""
    values = {"worker": worker or job.worker[: job.worker.rindex("/")] + "/1.00", "heartbeat": schema_now(job) - seconds_ago}
    with store.database.write() as connection:
        connection.execute(update(schema.jobs).where(schema.jobs.c.id == job.id).values(**values))


def schema_now(job: Job) -> float:
    assert job.heartbeat is not None
    return job.heartbeat.timestamp()


def test_pressing_twice_is_one_job_until_it_ends(store: Store, project: str) -> None:
    first = queue.enqueue(store, project, "search", {"budget": 5.0, "x": [1, math.nan]})
    assert queue.enqueue(store, project, "search", {"x": [1, math.nan], "budget": 5.0}).id == first.id
    assert queue.enqueue(store, project, "search", {"budget": 6.0}).id != first.id
    assert queue.enqueue(store, project, "check", {"budget": 5.0}).id != first.id
    assert queue.enqueue(store, project, "search", {"budget": 5.0, "x": [1, math.nan]}, unique=False).id != first.id
    running = queue.lease(store)
    assert running is not None
    assert running.id == first.id
    assert queue.enqueue(store, project, "search", {"budget": 5.0, "x": [1, math.nan]}).id == first.id
    queue.finish(store, first.id)
    assert queue.enqueue(store, project, "search", {"budget": 5.0, "x": [1, math.nan]}).id != first.id


def test_a_kind_of_which_one_is_active_at_a_time(store: Store, project: str) -> None:
    first = queue.enqueue(store, project, "search", {"budget": 5.0})
    assert queue.enqueue(store, project, "search", {"budget": 6.0}, unique="kind").id == first.id
    assert queue.enqueue(store, project, "check", {}, unique="kind").id != first.id
    assert queue.enqueue(store, store.create_project("other").id, "search", {}, unique="kind").id != first.id
    assert queue.lease(store, job_id=first.id) is not None
    assert queue.enqueue(store, project, "search", {"budget": 6.0}, unique="kind", worker="command").id == first.id
    queue.finish(store, first.id)
    again = queue.enqueue(store, project, "search", {"budget": 6.0}, unique="kind", worker="command")
    assert again.state == "running"
    assert queue.enqueue(store, project, "search", {"budget": 7.0}, unique="kind").id == again.id


def test_twenty_presses_at_once_are_one_job(store: Store, project: str) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(queue.enqueue(store, project, "search", {}).id)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) == 1


def test_a_job_is_leased_once_and_in_order(store: Store, project: str) -> None:
    made = [queue.enqueue(store, project, "check", {"n": n}).id for n in range(6)]
    found: list[str] = []

    def take() -> None:
        while (job := queue.lease(store)) is not None:
            found.append(job.id)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(made)
    assert queue.lease(store) is None


def test_no_project_no_job(store: Store, project: str) -> None:
    with pytest.raises(NotFound):
        queue.enqueue(store, "prj_nothing", "search", {})
    with pytest.raises(NotFound):
        queue.job(store, "job_nothing")
    job = queue.enqueue(store, project, "search", {})
    store.delete_project(project)
    with pytest.raises(NotFound):
        queue.add_event(store, job.id, "trial", {})


def test_a_lost_attempt_cannot_end_or_beat_a_later_one(store: Store, project: str) -> None:
    first = leased(store, project)
    lost(store, first)
    second = queue.lease(store)
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)
    queue.finish(store, first.id, first.attempts)
    lost(store, first)
    give_back(store, first)
    assert not queue.beat(store, first)
    assert queue.beat(store, second)
    assert queue.job(store, first.id).state == "running"
    queue.finish(store, second.id, second.attempts)
    found = queue.job(store, first.id)
    assert (found.state, found.progress, found.finished_at is not None) == ("done", 1.0, True)


def test_three_attempts_and_then_a_sentence(store: Store, project: str) -> None:
    job = leased(store, project)
    for _ in range(2):
        lost(store, job)
        again = queue.lease(store)
        assert again is not None
        job = again
    lost(store, job)
    found = queue.job(store, job.id)
    assert found.state == "failed"
    assert found.error.startswith("The work ended without a word 3 times")
    assert [event.kind for event in queue.events(store, job.id)] == ["retried", "retried"]


def test_giving_back_does_not_count(store: Store, project: str) -> None:
    job = leased(store, project)
    give_back(store, job)
    found = queue.job(store, job.id)
    assert (found.state, found.attempts, found.worker) == ("queued", 0, "")


def test_stops(store: Store, project: str) -> None:
    queued = queue.enqueue(store, project, "search", {})
    queue.request_stop(store, queued.id, "cancel")
    assert queue.job(store, queued.id).state == "cancelled"
    assert queue.lease(store) is None
    running = leased(store, project)
    queue.request_stop(store, running.id, "finish")
    assert JobWatch(store, running.id).stop() == "finish"
    queue.request_stop(store, running.id, "cancel")
    queue.request_stop(store, running.id, "finish")
    assert JobWatch(store, running.id).stop() == "cancel", "finish never weakens cancel"
    lost(store, running)
    assert queue.job(store, running.id).state == "cancelled", "a cancelled job is not tried again"
    queue.request_stop(store, running.id, "finish")
    with pytest.raises(BadInput):
        queue.request_stop(store, running.id, "explode")


def test_jobs_of_dead_processes_are_found(store: Store, project: str) -> None:
    job = leased(store, project)
    assert queue.recover(store) == 0, "this process lives"
    disown(store, job, seconds_ago=0.5)
    assert queue.recover(store) == 0, "its own process needs a moment to see that the worker is gone"
    disown(store, job)
    assert any("without a worker" in sentence for sentence in store.check_store())
    assert queue.recover(store) == 1
    assert queue.job(store, job.id).state == "queued"


def test_jobs_of_other_machines_are_known_by_their_heartbeat(store: Store, project: str) -> None:
    job = leased(store, project)
    disown(store, job, "elsewhere/worker/77/1.00", 5.0)
    assert queue.recover(store) == 0
    disown(store, job, "elsewhere/worker/77/1.00", 12.0)
    assert queue.recover(store) == 1
    again = queue.lease(store)
    assert again is not None
    disown(store, again, "elsewhere/worker/77/1.00", -7200.0)
    assert queue.recover(store) == 1, "the clock was set back by two hours"


def test_the_worker_keeps_what_a_command_that_was_ended_can_go_on_from(
    store: Store, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took an hour-old journal away as it started, which the same command was to go on from."""
    job = queue.enqueue(store, project, "search", {}, worker="command line")
    queue.fail(store, job.id, queue.ENDED)
    folder = store.folder(project, f"search-{job.id}")
    os.utime(folder, (1, 1))
    for name, at in (("work", Worker), ("signal", signal), ("umask", os)):
        monkeypatch.setattr(at, name, lambda *given: None)
    run_worker(read_settings())
    assert folder.exists()


def test_a_command_that_ends_is_not_continued_by_the_worker(store: Store, project: str) -> None:
    job = queue.enqueue(store, project, "search", {}, worker="command line")
    assert (job.state, job.attempts) == ("running", 1)
    assert queue.lease(store) is None
    assert queue.recover(store) == 0
    disown(store, job, seconds_ago=0.1)  # it was the process: nobody is left who needs a moment
    queue.recover(store)
    found = queue.job(store, job.id)
    assert (found.state, found.error) == ("failed", "The command that did this work was ended.")
    assert queue.interrupted(store, "search") == (found,)
    assert queue.interrupted(store, "check") == ()
    queue.enqueue(store, project, "search", {"n": 2}, worker="command line")
    assert queue.interrupted(store, "search") == ()  # what came after it is gone on with, if anything


def test_work_may_take_the_time_it_was_given(store: Store, project: str) -> None:
    """A search of a day is none that hangs: only what takes six hours longer than it was given is."""
    worker = Worker(store, WorkerOptions(), dict(os.environ), None)
    states = []
    for body, hours in (({"a": 1}, 7.0), ({"seconds": 86_400.0}, 25.0), ({"seconds": 86_400.0}, 31.0)):
        made = queue.enqueue(store, project, "search", body, unique=False)
        job = queue.lease(store, job_id=made.id)
        assert job is not None
        process = subprocess.Popen(["sleep", "60"], start_new_session=True)
        item = Running(job, process, time.monotonic() - 3600.0 * hours, time.monotonic())
        worker._running.append(item)
        worker._look_after(item)
        states.append(queue.job(store, made.id).state)
        process.kill()
        process.wait()
    assert states == ["failed", "running", "failed"]
    assert "longer than 30 hours" in queue.job(store, made.id).error


def test_progress_and_events(store: Store, project: str) -> None:
    job = leased(store, project)
    watch = JobWatch(store, job.id)
    watch.progress(0.25, "Trial “\ud800\0”.", math.nan)
    found = queue.job(store, job.id)
    assert (found.progress, found.sentence) == (0.25, "Trial “? ”.")
    assert math.isnan(found.seconds_left)
    watch.progress(math.nan, "Second.", 12.5)
    assert queue.job(store, job.id).progress == 0.0
    watch.progress(7.0, "Third.", math.inf)
    assert queue.job(store, job.id).progress == 1.0
    watch.event("trial", {"score": math.nan, "label": "\ud800"})
    watch.event("trial", {"n": 2})
    told = queue.events(store, job.id)
    assert [event.body for event in told] == [{"score": None, "label": "\ud800"}, {"n": 2}]
    assert queue.events(store, job.id, after=told[0].id) == told[1:]


def test_watch_is_cheap(store: Store, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = leased(store, project)
    watch = JobWatch(store, job.id)
    calls: list[str] = []
    rows = type(store.job_rows)
    found, told = rows.find, rows.progress
    monkeypatch.setattr(rows, "find", lambda self, job_id: (calls.append("find"), found(self, job_id))[1])
    monkeypatch.setattr(rows, "progress", lambda self, *given: (calls.append("progress"), told(self, *given))[1])
    for step in range(1000):
        watch.stop()
        watch.progress(step / 2000, "Fitting.", 1.0)
    assert calls.count("find") <= 3
    assert calls.count("progress") <= 10


def test_watch_of_a_deleted_job_says_cancel(store: Store, project: str) -> None:
    job = leased(store, project)
    store.delete_project(project)
    watch = JobWatch(store, job.id)
    assert watch.stop() == "cancel"
    watch.progress(0.5, "Still here.", 1.0)


@pytest.mark.parametrize(("raises", "state", "code"), [
    (None, "done", 0), (Cancelled("Stopped."), "cancelled", 1), (BadInput("No.", "Do."), "failed", 1),
    (MemoryError(), "failed", 1), (KeyError("secret"), "failed", 1)])
def test_child_records_how_it_ended(store: Store, project: str, raises: BaseException | None, state: str, code: int) -> None:
    job = queue.enqueue(store, project, "search", {})
    ran: list[str] = []

    def run(job_id: str) -> None:
        ran.append(job_id)
        if raises:
            raise raises

    assert run_child(job.id, run, read_settings(), lambda: None) == code
    found = queue.job(store, job.id)
    assert (found.state, ran) == (state, [job.id])
    assert "secret" not in found.error
    assert run_child(job.id, run, read_settings(), lambda: None) == 0, "it has ended: nothing is run again"
    assert ran == [job.id]


def test_recording_cancelled(store: Store, project: str) -> None:
    job = leased(store, project)
    cancelled(store, job.id, job.attempts)
    assert queue.job(store, job.id).state == "cancelled"
    assert queue.jobs(store, project) == (queue.job(store, job.id),)
