"""How a worker process of this machine begins: with few libraries, so that it is ready soon and takes little memory.

Nothing here imports a numeric library at the top: how many threads one takes is read when it is loaded.
"""
from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType

PARENT_EVERY = 2.0  # seconds between two looks whether the parent lives
LEFT = (signal.SIGINT, signal.SIGTERM)  # to its parent: terminals and `timeout` send them to the whole group
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
NEVER = ("pyarrow",)  # pandas loads it where it is installed, for texts and files: a worker sees numbers only (34 MB)
# what a library loads for interfaces that no family uses: 0.04 s instead of 0.9 and 6 MB instead of 110 until others load them
UNUSED = {"lightgbm": ("pandas", "sklearn")}
FIRST = ("lightgbm", "scipy.optimize", "automl_core.search.worker")  # what the first fits need, LightGBM before pandas is there


def begin(parent: int) -> None:
    """Start a worker of the search, without what none of its fits needs."""
    sys.meta_path.insert(0, _Refusal())
    follow(parent, FIRST)


def follow(parent: int, first: Sequence[str]) -> None:
    """Start a worker: it leaves Ctrl+C and requests to end to its parent, ends itself when that is gone, and loads the modules it
    needs `first`."""
    for number in LEFT:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LEFT)  # its parent held them back until here
    os.environ.update(dict.fromkeys(THREADS, "1"))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    for name in first:
        try:
            _import(name)
        except ImportError:  # a family whose library is missing says so itself
            if name.startswith("automl_core."):
                raise


def ready() -> None:
    """The first task of a worker: it has begun."""


class _Refusal(MetaPathFinder):
    """Finds nothing, but says at once that packages nobody needs here are not there."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name.partition(".")[0] in NEVER:
            raise ModuleNotFoundError(f"A worker does without {name}.", name=name)


def _import(name: str) -> None:
    unused = UNUSED.get(name, ())
    with suppress(ImportError), _hidden(unused):
        import_module(name)
        return
    import_module(name)  # another version of it may need what was hidden


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Packages that are not loaded yet cannot be imported for a while; one that looks for them does without."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
