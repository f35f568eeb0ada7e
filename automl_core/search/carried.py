"""What a search that goes on carries over from the one before, whose candidates may have been fitted on fewer folds."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carried:
    """The number of `folds` that the earlier search compared its candidates on, 0 where there is nothing to carry over.

    `team` are the keys of what an ensemble of it has, and of the best one; `simple` those of its best readable rungs; `order` all
    that were through on these folds: team and rungs first, each of both parts by score.
    """

    folds: int = 0
    team: tuple[str, ...] = ()
    simple: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    def place(self, key: str) -> int:
        """When the candidate's turn comes; what is not carried over comes last."""
        return self.order.index(key) if key in self.order else len(self.order)
