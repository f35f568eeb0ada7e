"""Clarion's engine: from a table to a decision. `Workspace` is the one door that pages, REST and the command line use; `train`
is that of a program with a frame (docs/search.md), and gives a `Trained`."""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["TrainOptions", "Trained", "Workspace", "__version__", "train"]

_HOMES = {"Workspace": "workspace", "TrainOptions": "workspace.train_options", "Trained": "workspace.train_door",
          "train": "workspace.train_door"}

if TYPE_CHECKING:
    from automl_core.workspace import Workspace
    from automl_core.workspace.train_door import Trained, train
    from automl_core.workspace.train_options import TrainOptions


def __getattr__(name: str) -> Any:
    """The doors, imported when asked for: the scoring wheel carries this file without them."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
