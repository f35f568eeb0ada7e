"""Fixtures that unit tests of searches and of the command line share; what they need is loaded when they are asked for."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.searching import HereExecutor


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> HereExecutor:
    """Searches fit in this process."""
    from tests.unit.searching import fit_here

    return fit_here(monkeypatch)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that the command line has trained, beside the home of its search."""
    from automl_core.cli import main
    from tests.unit.searching import fit_here

    folder = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(folder / "home"))
        fit_here(patch)
        assert main(["train", "sample:subscription_churn", "--target", "churned", "--trials", "2", "--jobs", "1",
                     "--families", "linear,lightgbm", "--out", str(folder / "model.zip")]) in (0, 1)
    return folder / "model.zip"


@pytest.fixture
def table(home: Path, tmp_path: Path) -> Path:
    """A file of rows like those that the bundle learned from."""
    from automl_core import Workspace

    path = tmp_path / "rows.csv"
    Workspace.open().files.open("sample:subscription_churn").frame.head(400).to_csv(path, index=False)
    return path
