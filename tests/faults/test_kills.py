"""kill -9 of the job process and of the worker: nothing finished is lost, the work goes on, nothing is left behind."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from automl_core import jobs as queue
from automl_core.jobs import Job
from automl_core.jobs.start import start_worker, stop_worker
from automl_core.settings import Settings, read_settings
from automl_core.store import Store, open_store
from tests.faults.walker import COMMAND

pytestmark = pytest.mark.fault


class Bench:
    """A store with one project and a worker that can be killed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store: Store = open_store(settings)
        self.project = self.store.create_project("Kill me").id
        self.worker: subprocess.Popen[bytes] = start_worker(settings, COMMAND)

    def start(self, kind: str = "count", **body: object) -> Job:
        return queue.enqueue(self.store, self.project, kind, {"trials": 12, "seconds": 0.05, **body})

    def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.02)

    def state(self, job: Job) -> str:
        return queue.job(self.store, job.id).state

    def trials(self, job: Job) -> list[int]:
        return [event.body["number"] for event in queue.events(self.store, job.id) if event.kind == "trial"]

    def child(self, job: Job) -> psutil.Process:
        """The process that runs the job: of the worker's children the one that is not the (younger) spare."""
        children = psutil.Process(self.worker.pid).children()
        return min(children, key=lambda process: process.create_time())

    def leftovers(self, job: Job) -> list[int]:
        return [process.pid for process in psutil.process_iter(["cmdline"])
                if any(job.id in word for word in process.info["cmdline"] or ())]


@pytest.fixture
def bench(home: Path) -> Iterator[Bench]:
    made = Bench(read_settings())
    yield made
    stop_worker(made.worker)
    made.store.close()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_killed_job_process_is_retried_from_its_finished_trials(bench: Bench, seed: int) -> None:
    job = bench.start(pool=True)
    wanted = random.Random(seed).randint(1, 8)
    bench.until(lambda: len(bench.trials(job)) >= wanted)
    kept = bench.trials(job)
    victim = bench.child(job)
    victim.kill()
    bench.until(lambda: bench.state(job) == "done")
    trials = bench.trials(job)
    assert trials[: len(kept)] == kept
    journal = bench.store.folder(job.project_id, f"search-{job.id}") / "trials.txt"
    assert sorted(map(int, journal.read_text().split())) == list(range(12)), "each trial is done once, whatever was told of it"
    assert sorted(set(trials)) == list(range(12))
    assert len(trials) <= 12 + 1, "at most the trial in progress is told twice"
    assert queue.job(bench.store, job.id).attempts == 2
    assert any(event.kind == "retried" for event in queue.events(bench.store, job.id))
    bench.until(lambda: not bench.leftovers(job))
    assert bench.store.check_store() == ()


def test_killed_worker_leaves_no_orphan_and_the_next_one_goes_on(bench: Bench) -> None:
    job = bench.start(pool=True, trials=30)
    bench.until(lambda: len(bench.trials(job)) >= 3)
    child = bench.child(job)
    bench.worker.kill()
    bench.worker.wait()
    bench.until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 5.0)
    bench.until(lambda: not bench.leftovers(job), 5.0)
    kept = bench.trials(job)
    bench.worker = start_worker(bench.settings, COMMAND)
    bench.until(lambda: bench.state(job) == "done")
    assert bench.trials(job)[: len(kept)] == kept
    assert set(bench.trials(job)) == set(range(30))
    assert bench.store.check_store() == ()


def test_job_that_always_dies_fails_with_a_sentence_after_three_attempts(bench: Bench) -> None:
    job = bench.start("die")
    bench.until(lambda: bench.state(job) == "failed")
    found = queue.job(bench.store, job.id)
    assert found.attempts == 3
    assert "3 times" in found.error
    again = bench.start()
    bench.until(lambda: bench.state(again) == "done")


def test_cancel_reaches_a_job_that_listens_and_one_that_does_not(bench: Bench) -> None:
    polite, deaf = bench.start(trials=400), bench.start(trials=400, deaf=True, pool=True)
    bench.until(lambda: bool(bench.trials(polite)) and bool(bench.trials(deaf)))
    began = time.monotonic()
    queue.request_stop(bench.store, polite.id, "cancel")
    queue.request_stop(bench.store, deaf.id, "cancel")
    bench.until(lambda: bench.state(polite) == "cancelled", 3.0)
    bench.until(lambda: bench.state(deaf) == "cancelled", 6.0)
    assert time.monotonic() - began < 6.0
    bench.until(lambda: not bench.leftovers(deaf), 2.0)
    assert queue.job(bench.store, deaf.id).attempts == 1


def test_a_library_may_fork_in_a_job(bench: Bench) -> None:
    job = bench.start("fork")
    bench.until(lambda: bench.state(job) in ("done", "failed"))
    assert bench.state(job) == "done"


def test_finish_ends_early_and_counts_as_done(bench: Bench) -> None:
    job = bench.start(trials=400)
    bench.until(lambda: len(bench.trials(job)) >= 2)
    queue.request_stop(bench.store, job.id, "finish")
    bench.until(lambda: bench.state(job) == "done", 3.0)
    assert len(bench.trials(job)) < 100


def test_stopped_worker_gives_its_job_back_without_counting_the_attempt(bench: Bench) -> None:
    job = bench.start(trials=40)
    bench.until(lambda: len(bench.trials(job)) >= 2)
    stop_worker(bench.worker)
    found = queue.job(bench.store, job.id)
    assert (found.state, found.attempts) == ("queued", 0)
    bench.worker = start_worker(bench.settings, COMMAND)
    bench.until(lambda: bench.state(job) == "done")


def test_worker_outlives_its_server_until_the_work_is_done(home: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    job = queue.enqueue(store, store.create_project("p").id, "count", {"trials": 40, "seconds": 0.05})
    script = (f"import sys, time; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
              "from automl_core.jobs.start import start_worker\nfrom automl_core.settings import read_settings\n"
              f"print(start_worker(read_settings(), {COMMAND!r}).pid, flush=True)\ntime.sleep(600)")
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert server.stdout is not None
    worker = psutil.Process(int(server.stdout.readline()))
    end = time.monotonic() + 20
    while not queue.events(store, job.id) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    while queue.job(store, job.id).state != "done" and time.monotonic() < end:
        time.sleep(0.05)
    assert queue.job(store, job.id).state == "done"
    assert queue.job(store, job.id).attempts == 1
    while _alive(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _alive(worker), "without a server and without work the worker ends"


def test_second_worker_waits_for_the_first(bench: Bench) -> None:
    job = bench.start(trials=3)
    bench.until(lambda: bench.state(job) == "done")
    second = start_worker(bench.settings, COMMAND)
    time.sleep(1.0)
    assert not psutil.Process(second.pid).children(), "it must not start children while the first one lives"
    stop_worker(bench.worker)
    bench.worker = second
    after = bench.start(trials=4)
    bench.until(lambda: bench.state(after) == "done")


def test_deleting_a_project_ends_its_work_and_leaves_no_file(bench: Bench) -> None:
    job = bench.start(trials=400, pool=True, deaf=True)
    bench.until(lambda: bool(bench.trials(job)))
    bench.store.delete_project(bench.project)
    bench.until(lambda: not bench.leftovers(job), 6.0)
    bench.until(lambda: not list(bench.settings.home.glob(f"*/{bench.project}")), 6.0)
    assert not bench.leftovers(job)
    assert bench.store.check_store() == ()


@pytest.mark.parametrize(("kind", "words"), [
    ("refuse", "The column “a” is empty. Choose another."), ("crash", "Something went wrong"), ("memory", "not enough memory")])
def test_failed_job_tells_one_sentence(bench: Bench, kind: str, words: str) -> None:
    job = bench.start(kind)
    bench.until(lambda: bench.state(job) == "failed")
    found = queue.job(bench.store, job.id)
    assert words in found.error
    assert "4711" not in found.error
    assert found.attempts == 1
    log = bench.settings.home / "logs" / f"{job.id}.log"
    assert log.exists() == (kind != "refuse")
    if kind == "crash":
        assert "secret-value-4711" in log.read_text()
        assert log.stat().st_mode & 0o077 == 0


def test_jobs_that_cannot_start_fail_with_a_sentence(home: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    job = queue.enqueue(store, store.create_project("p").id, "count", {})
    script = (f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
              "from automl_core.jobs.worker import WorkerOptions, run_worker\n"
              "from automl_core.settings import read_settings\n"
              "run_worker(read_settings(), None, WorkerOptions(command=('/bin/false',), most_failed_starts=1))")
    worker = subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 15
    while queue.job(store, job.id).state != "failed" and time.monotonic() < end:
        time.sleep(0.05)
    stop_worker(worker)
    assert "could not be started" in queue.job(store, job.id).error


def test_a_job_starts_at_once_in_the_warm_child(bench: Bench) -> None:
    first = bench.start(trials=1)
    bench.until(lambda: bench.state(first) == "done")
    bench.until(lambda: bool(psutil.Process(bench.worker.pid).children()))
    time.sleep(2.0)  # let the spare finish its imports
    began = time.monotonic()
    second = bench.start(trials=1, seconds=0.0, n=2)
    bench.until(lambda: bool(bench.trials(second)))
    assert time.monotonic() - began < 2.0


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
