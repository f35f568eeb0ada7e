"""Who watches a search: told of every trial and of progress, asked whether to stop."""
from __future__ import annotations

from typing import Protocol

from automl_core.search.plan import Trial


class Watch(Protocol):
    """What a search needs of its surroundings."""

    def trial(self, trial: Trial) -> None:
        """A candidate is done: finished, cut off, dropped or failed."""

    def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
        """How far the search is (0 to 1), in words, and how long it may still take."""

    def stop(self) -> str:
        """An empty string to go on, "finish" to end and keep the best, "cancel" to end and keep nothing."""


class SilentWatch:
    """Nobody watches."""

    def trial(self, trial: Trial) -> None:
        """Ignored."""

    def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
        """Ignored."""

    def stop(self) -> str:
        """Never."""
        return ""
