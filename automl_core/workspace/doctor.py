"""Whether this installation works: packages, the store, disk, and plug-ins that failed to load."""
from __future__ import annotations

import importlib
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_core.registry import discover

if TYPE_CHECKING:
    from automl_core.workspace import Workspace

PACKAGES = ("pandas", "sklearn", "lightgbm", "catboost", "interpret", "shap", "streamlit", "plotly", "fastapi")
SOCKETS = (("automl_core.data.sources", "SOURCE"), ("automl_core.cleaning.steps", "STEP"),
           ("automl_core.search.families", "FAMILY"),
           ("automl_core.production.drift", "TEST"), ("automl_core.acting.findings", "FINDING"))
FREE_MB = 500


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    sentence: str


def examine(workspace: Workspace) -> tuple[Check, ...]:
    """Look at everything that must be there; nothing is changed."""
    return (_python(), *map(_package, PACKAGES), _store(workspace), _disk(workspace), *map(_socket, SOCKETS))


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= (3, 11), f"{version} (3.11 or newer is needed)")


def _package(name: str) -> Check:
    try:
        module = importlib.import_module(name)
    except ImportError:
        return Check(name, False, f"not installed: pip install {name}")
    return Check(name, True, str(getattr(module, "__version__", "installed")))


def _store(workspace: Workspace) -> Check:
    problems = workspace.context.store.check_store()
    return Check("store", not problems, "; ".join(problems) or "rows and files agree")


def _disk(workspace: Workspace) -> Check:
    free = shutil.disk_usage(workspace.context.settings.home).free // 2**20
    return Check("disk", free >= FREE_MB, f"{free:,} MB free ({FREE_MB} MB are needed)")


def _socket(socket: tuple[str, str]) -> Check:
    registry = discover(*socket)
    broken = "; ".join(f"{item.module}: {item.reason}" for item in registry.broken)
    return Check(socket[0].rsplit(".", 1)[-1], not broken, broken or ", ".join(sorted(registry.plugins)))
