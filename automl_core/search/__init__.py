"""The search step: from a cleaned table and a problem to the fastest model that is not worse than the best (docs/adr/0009).

Names are imported when asked for: scoring needs only `search.model`, and must not pay for the rest.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.search.entry import search
    from automl_core.search.handover import Outcome
    from automl_core.search.journal import FolderJournal, Journal
    from automl_core.search.model import Member, Model
    from automl_core.search.offers import best_first
    from automl_core.search.prepared import SearchData
    from automl_core.search.watch import SilentWatch, Watch

__all__ = [
    "FolderJournal", "Journal", "Member", "Model", "Outcome", "SearchData", "SilentWatch", "Watch",
    "best_first", "search",
]

_HOMES = {
    "best_first": "offers", "FolderJournal": "journal", "Journal": "journal", "Member": "model", "Model": "model",
    "SearchData": "prepared", "Outcome": "handover", "search": "entry", "SilentWatch": "watch", "Watch": "watch",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
