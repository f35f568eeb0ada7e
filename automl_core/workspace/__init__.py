"""The use cases, one file a step, and the one `Workspace` at the door. Nothing is computed here: steps are wired to the store.

The door is opened when it is asked for: a command starts its workers before it loads the rest.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.workspace.door import Workspace

__all__ = ["Workspace"]


def __getattr__(name: str) -> Any:
    if name == "Workspace":
        from automl_core.workspace.door import Workspace

        return Workspace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
