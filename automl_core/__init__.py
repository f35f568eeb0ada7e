"""Clarion's engine: from a table to a decision. `Workspace` is the one door that pages, REST and the command line use."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__"]

if TYPE_CHECKING:
    from automl_core.workspace import Workspace


def __getattr__(name: str) -> Any:
    """`Workspace`, imported when asked for: the scoring wheel carries this file without it."""
    if name == "Workspace":
        from automl_core.workspace import Workspace

        return Workspace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
