"""Production: the bundle and the one scoring path, the contract, drift and what happens to a model after it was handed over.

Names are imported when asked for, so that a scoring machine needs no more than scoring.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.production.bundle import Bundle, load_bundle, write_bundle
    from automl_core.production.scoring import Scorer

__all__ = ["Bundle", "Scorer", "load_bundle", "write_bundle"]

_HOMES = {"Bundle": "bundle", "load_bundle": "bundle", "write_bundle": "bundle", "Scorer": "scoring"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
