"""How workers begin, what they hold, and what a search keeps on disk instead of in memory."""
from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
import tracemalloc
import weakref
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from automl_core import jobs as queue
from automl_core.errors import BadInput, ClarionError, DiskFull
from automl_core.jobs.watch import JobWatch
from automl_core.search import entry, search
from automl_core.search import journal as journal_module
from automl_core.search import worker as worker_module
from automl_core.search.executors import DaskExecutor, LocalExecutor
from automl_core.search.family import FitRequest, Fitted, Stages
from automl_core.search.journal import FolderJournal, FoldResult
from automl_core.search.lean import THREADS, follow
from automl_core.search.plan import Plan, Trial
from automl_core.search.worker import ALL_ROWS, FitTask, Shelf, _side_by_side, open_arrays, run_fit
from automl_core.settings import read_settings
from automl_core.store import open_store
from automl_core.workspace.headstart import Aside, started_workers
from automl_core.workspace.search_job import SearchWatch
from tests.unit.searching import make_data

LOADED = "[name for name in ('pyarrow', 'pandas', 'sklearn', 'lightgbm') if name in __import__('sys').modules]"
PANDAS = "str(__import__('pandas').DataFrame({'a': ['x', None]})['a'].isna().tolist())"
ARROW = "__import__('pyarrow')"
HELPER = "__import__('subprocess').Popen(['sleep', '600']).pid"


def test_an_executor_that_is_closed_again_takes_no_files_of_who_came_next(tmp_path: Path) -> None:
    pool = LocalExecutor(1, tmp_path)
    pool.share({"y": np.zeros(3)})
    pool.close()
    assert not (tmp_path / "y.npy").exists()
    (tmp_path / "y.npy").write_bytes(b"of the next one")
    pool.close()
    assert (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("begins", [os.fspath, partial(follow, first=("automl_core.search.gone",))])  # no path, no module
def test_workers_that_never_begin_are_said_to_and_memory_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: Any
) -> None:
    monkeypatch.setattr(entry, "open_executor", lambda address, jobs, folder: LocalExecutor(jobs, folder, begins))
    with pytest.raises(ClarionError, match="processes that fit could not be started"):
        search(make_data(rows=200), Plan(10.0, 1, families=("linear",), max_trials=1), FolderJournal(tmp_path))


def test_a_disk_too_full_for_what_workers_share_is_named(tmp_path: Path) -> None:
    """NumPy says of it how many numbers it has written, and no more."""
    (tmp_path / "y.npy").symlink_to("/dev/full")
    with closing(LocalExecutor(1, tmp_path)) as pool, pytest.raises(DiskFull, match="disk of the data folder is full"):
        pool.share({"y": np.zeros(100_000)})


def test_what_is_only_said_of_a_search_does_not_end_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(read_settings())
    job = queue.enqueue(store, store.create_project("rows").id, "search", {}, worker="command line")
    said: list[str] = []

    def busy(_: Any, *given: Any) -> None:
        said.append(str(given))
        raise ClarionError("The data folder was busy for ten seconds.", "Try again.")

    for name in ("progress", "add_event"):
        monkeypatch.setattr(type(store.job_rows), name, busy)
    watch = SearchWatch(JobWatch(store, job.id))
    watch.progress(0.5, "Trying.", 1.0)
    watch.trial(Trial("a", "rule", "A rule", {}, "finished", 1.0, 0.5, 1.5))
    assert len(said) == 2


def test_a_worker_begins_with_little_and_this_process_keeps_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict.fromkeys(THREADS, "2")
    for name in THREADS:
        monkeypatch.setenv(name, "2")
    with closing(LocalExecutor(1, tmp_path)) as pool:
        assert {name: os.environ.get(name) for name in THREADS} == before
        assert pool.submit(eval, LOADED).result(60) == ["lightgbm"]
        assert pool.submit(os.getenv, "OMP_NUM_THREADS").result(60) == "1"
        assert pool.submit(eval, PANDAS).result(60) == "[False, True]"  # what a family asks for is there
        with pytest.raises(ModuleNotFoundError):
            pool.submit(eval, ARROW).result(60)
        pool.rebuild()
        assert pool.submit(eval, LOADED).result(60) == ["lightgbm"]


UNGUARDED = """
from pathlib import Path
from automl_core.search.executors import LocalExecutor

print("begun")
pool = LocalExecutor(1, Path())
print(pool.submit(eval, "6 * 7").result(60))
pool.close()
"""


def test_workers_do_not_run_the_program_once_more(tmp_path: Path) -> None:
    """A script without `if __name__ == "__main__":` ended in a broken pool."""
    (tmp_path / "script.py").write_text(UNGUARDED)
    done = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    assert done.stdout.splitlines() == ["begun", "42"], done.stderr


BOOTING = """
import os, signal, time
from pathlib import Path
from automl_core.search.executors import LocalExecutor

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *arguments: None)
    signal.signal(signal.SIGTERM, lambda *arguments: None)
    pool = LocalExecutor(1, Path())
    for _ in range(10):
        os.killpg(0, signal.SIGINT)  # as a terminal does
        os.killpg(0, signal.SIGTERM)  # as `timeout` does
        time.sleep(0.03)
    print(pool.submit(eval, "__import__('signal').pthread_sigmask(0, ())").result(60))
    pool.close()
"""


def test_ctrl_c_and_requests_to_end_do_not_reach_workers_that_are_still_loading(tmp_path: Path) -> None:
    (tmp_path / "booting.py").write_text(BOOTING)
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parents[2], *filter(None, sys.path))))}
    ended = subprocess.run([sys.executable, tmp_path / "booting.py"], start_new_session=True, capture_output=True, text=True,
                           timeout=90, check=False, env=paths)
    assert "Traceback" not in ended.stderr
    assert ended.stdout.strip() == "set()"  # and it may be told again later


def test_workers_started_early_share_arrays_where_they_are_told_to(tmp_path: Path) -> None:
    with started_workers("dask://somewhere:1", 1) as none:
        assert none is None
    with started_workers("local", 1) as workers:
        assert workers is not None
        workers.folder = tmp_path
        handle = workers.share({"y": np.arange(4.0)})
        found = workers.submit(open_arrays, handle).result(60)
        assert list(found) == ["y"]
        assert found["y"].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert "weights" not in found
    assert not (tmp_path / "y.npy").exists()
    with pytest.raises(KeyError):
        Shelf(str(tmp_path), ())["y"]


def test_what_a_worker_has_started_ends_with_it(tmp_path: Path) -> None:
    with closing(LocalExecutor(1, tmp_path)) as pool:
        started = pool.submit(eval, HELPER).result(60)
        assert psutil.pid_exists(started)
        helper = psutil.Process(started)
    gone, alive = psutil.wait_procs([helper], timeout=30)
    assert gone
    assert not alive


def test_rows_of_blocks_lie_side_by_side() -> None:
    random = np.random.default_rng(0)
    blocks = [random.normal(size=(6, 2)), random.normal(size=(6, 3)).astype(np.float32)]
    for part in (np.array([True, False, True, True, False, False]), np.array([5, 0, 3]), np.zeros(6, dtype=bool)):
        wanted = np.hstack([np.asarray(block[part], dtype=np.float64) for block in blocks])
        assert np.array_equal(_side_by_side([({"it": block}, "it") for block in blocks], part), wanted)


def test_rows_are_never_twice_in_memory_and_all_that_was_read_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the rows of a fold stood beside them for a moment, in each worker; and all pages of what they share."""
    monkeypatch.setattr(worker_module, "ROWS_AT_ONCE", 1_000)
    matrix, opened = np.random.default_rng(0).normal(size=(20_000, 10)), []

    class Opening(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            opened.append(name)
            return matrix

    part = np.arange(0, 20_000, 2)
    tracemalloc.start()
    found = _side_by_side([(Opening(), "matrix")], part)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found, matrix[part])
    assert most < 1.3 * found.nbytes
    assert len(opened) == 11  # its width, and anew for each thousand


def test_a_fit_holds_no_matrix_that_its_family_has_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[bool] = []

    def fit(request: FitRequest) -> Fitted:
        matrix = weakref.ref(request.matrix)
        request.let_go()
        alive.append(matrix() is not None)
        return Fitted(0.5, 1)

    family = SimpleNamespace(title="Spy", fit_modules=(), fit=fit, predict=lambda native, rows: np.full(len(rows), native),
                             predict_row=lambda native, row: native, save=lambda native: {})
    monkeypatch.setattr(worker_module, "families", lambda: {"spy": family})
    arrays = {"matrix": np.zeros((50, 2)), "y": np.zeros(50), "train0": np.arange(40), "valid0": np.arange(40, 50)}
    for fold in (0, ALL_ROWS):
        result = run_fit(arrays, FitTask("spy", "spy", {}, fold, (), "binary", 2, time.time() + 60.0))
        assert not result.error
    assert alive == [False, False]


def test_a_fitted_model_is_kept_on_disk_and_read_when_asked_for(tmp_path: Path) -> None:
    files = {"model.txt": b"trees", "facts.json": bytes(range(256)), "empty": b""}
    given = FoldResult("key", 0, np.array([0.5, 0.25]), files=files)
    kept = FolderJournal(tmp_path).add("table", given, 1.0)
    again = FolderJournal(tmp_path).results("table")["key", 0]
    for result in (kept, again):
        assert dict(result.files) == files
        assert result.size == given.size == 261
        with pytest.raises(KeyError):
            result.files["other"]


@pytest.mark.parametrize("rounds", [(1, 2), (1, 2, 3, 4, 5)])
def test_a_fit_renewed_in_part_is_fitted_again(tmp_path: Path, rounds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stages were written and its process was killed: they do not belong to the rounds that are there."""
    old, new = (FoldResult("key", 0, np.full(6, 0.5), len(some), stages=Stages(some, np.full((len(some), 6), 0.5, np.float32)))
                for some in ((1, 2, 3), rounds))
    journal = FolderJournal(tmp_path)
    journal.add("table", old, 1.0)
    found = journal.results("table")["key", 0].stages
    assert found is not None
    assert found.rounds == (1, 2, 3)
    write = journal_module._write

    def killed(path: Path, content: bytes) -> None:
        if path.suffix == ".npz":
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(journal_module, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        journal.add("table", new, 2.0)
    assert FolderJournal(tmp_path).results("table") == {}
    monkeypatch.undo()
    journal.add("table", new, 3.0)
    found = FolderJournal(tmp_path).results("table")["key", 0].stages
    assert found is not None
    assert found.rounds == rounds


def test_work_beside_gives_its_error_to_whoever_waits(home: Path) -> None:
    done: list[int] = []
    Aside(lambda: done.append(1)).wait()
    assert done == [1]

    def refuse() -> None:
        raise BadInput("This cannot be learned.", "Choose another column.")

    failed = Aside(refuse)
    with pytest.raises(BadInput, match="cannot be learned"):
        failed.wait()
    with pytest.raises(BadInput, match="cannot be learned"):
        SearchWatch(JobWatch(open_store(read_settings()), "job"), failed).stop()  # not only when the search is through


def test_closing_a_cluster_gives_up_what_waits_there() -> None:
    class Client:
        closed = False

        def close(self) -> None:
            assert waiting.cancelled()
            self.closed = True

    waiting: Future[int] = Future()
    executor, client = DaskExecutor.__new__(DaskExecutor), Client()  # without a scheduler
    executor._client, executor._under_way = client, {waiting}
    executor.close()
    assert client.closed


def test_closing_ends_the_workers_and_no_other_process(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with closing(LocalExecutor(1, tmp_path)) as pool:
        own = pool.submit(os.getpid).result()
        other = spawn.Process(target=time.sleep, args=(60,))
        other.start()
    try:
        assert other.is_alive()
        ends = time.monotonic() + 30  # a busy machine takes a while to bury what was killed
        while own in {child.pid for child in multiprocessing.active_children()} and time.monotonic() < ends:
            time.sleep(0.05)
        assert own not in {child.pid for child in multiprocessing.active_children()}
        assert other.is_alive()
    finally:
        other.kill()
        other.join()
