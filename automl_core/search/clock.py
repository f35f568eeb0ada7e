"""The time of a search: how much of it has passed, over interruptions, too."""
from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """The time of one search. `spent` are seconds of earlier, interrupted runs of the same search."""

    budget: float
    began: float = field(default_factory=time.monotonic)
    spent: float = 0.0

    def elapsed(self) -> float:
        """Seconds of the search so far, interrupted runs included."""
        return self.spent + time.monotonic() - self.began

    def until(self, moment: float) -> float:
        """A moment of the search as seconds since 1970."""
        return time.time() + moment - self.elapsed()
