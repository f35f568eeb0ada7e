"""Fixtures that all suites share."""
from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Two pytest workers on two cores: tables this small only lose by being shared between threads. A numeric library reads its
# number of threads when it is loaded, so this stands before any import of one; processes that tests start inherit it.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
for name in THREADS:
    os.environ.setdefault(name, "1")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile` tests go to the workers as `tests/dealing.py` says."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.dealing import Dealing

    return Dealing(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker of pytest-xdist long files come first."""
    if hasattr(config, "workerinput"):
        from tests.dealing import place

        items.sort(key=place)


def pytest_collection_finish() -> None:
    """Thousands of tests and the libraries that they loaded stay until the end: garbage is not looked for among them, and less
    often among the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real and hostile data beside the checkout; tests skip without it, but not in CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail("../shared is missing in CI")
        pytest.skip("../shared is absent")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def forked() -> None:
    """Children that read files are forked from one that has the libraries loaded; tests of their start take `anew`."""
    from automl_core.data import reading
    from tests.forked import SUBPROCESS

    reading.subprocess = SUBPROCESS  # type: ignore[attr-defined]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh CLARION_HOME without a worker."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CLARION_HOME", str(folder))
    monkeypatch.setenv("CLARION_START_WORKER", "0")
    return folder


@pytest.fixture(autouse=True)
def same_main() -> Iterator[None]:
    """An app run in a test puts its script in the place of the main module, which spawned workers would then run again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
