"""What a search that goes on carries over from the one before, whose candidates may have been fitted on fewer folds."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl_core.search.contest import Contest


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


def waits(contest: Contest, key: str) -> bool:
    """Whether fits of the candidate that were cut off are to have more time."""
    return any(name == key and fold < contest.folds for name, fold in contest.spoilt)


def catching_up(contest: Contest) -> bool:
    """Whether the best of an earlier search is not through the folds in use yet, nor ruled out there by its score."""
    waiting = (key for key in contest.carried.team if key not in contest.out or contest.failure(key))
    simple = (key for key in contest.carried.simple if key not in contest.out)
    return any(not contest.complete(key) for key in (*waiting, *simple))


def through(contest: Contest) -> list[str]:
    """Keys of the candidates that are through all the folds that are compared; none where nobody is."""
    if not catching_up(contest):
        return [candidate.key for candidate in contest.candidates if contest.complete(candidate.key)]
    folds = set(range(contest.carried.folds))
    return [candidate.key for candidate in contest.candidates if folds <= set(contest.good(candidate.key))]


def common_folds(contest: Contest) -> tuple[int, ...]:
    """The folds that candidates are compared on: all in use, or those of the one that got furthest when none got through.

    Those of an earlier search as long as its best are catching up: the best so far is never lost. The first is among
    them if anyone has it, because only its models are kept.
    """
    if catching_up(contest):
        return tuple(range(contest.carried.folds))
    if any(contest.complete(candidate.key) for candidate in contest.candidates):
        return tuple(range(contest.folds))
    reached = (tuple(sorted(contest.good(candidate.key))) for candidate in contest.candidates)
    return max(reached, key=lambda folds: (0 in folds, len(folds)))
