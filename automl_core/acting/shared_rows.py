"""Rows that several cards speak of: which cards would say the same twice, and that money of the same rows does not add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from automl_core.acting.stage import Trial
from automl_core.explaining.words import percent

SAME_ROWS = 0.7
FEW_SHARED = 0.005  # of the cards' rows: fewer are not worth a sentence


def is_shown(trial: Trial, kept: Iterable[Trial]) -> bool:
    """Whether a card that is kept already moves the same lever on nearly the same rows."""
    return any(_same(trial, other) for other in kept)


def _same(one: Trial, other: Trial) -> bool:
    """Whether two trials move the same lever on nearly the same rows (Jaccard of 0.7 or more)."""
    if one.move.lever.column != other.move.lever.column or one.also != other.also:
        return False
    both, either = int((one.rows & other.rows).sum()), int((one.rows | other.rows).sum())
    return either > 0 and both / either >= SAME_ROWS


def shared_notes(kept: Sequence[Trial], priced: bool) -> tuple[str, ...]:
    """That rows are in more than one of the cards that are kept, where they are."""
    times = np.sum([trial.rows for trial in kept], axis=0) if len(kept) > 1 else np.zeros(0, dtype=np.int64)
    share = float((times > 1).sum()) / max(1, int((times > 0).sum()))
    if share < FEW_SHARED:
        return ()
    brought = "amounts of money do" if priced else "changes do"
    return (f"{percent(share)} of the rows of these cards are in more than one card, so the cards’ {brought} not add up.",)
