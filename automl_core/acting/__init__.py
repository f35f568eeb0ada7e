"""What to do: groups that differ, rows to act on, and cards that say how sure an action is."""

from __future__ import annotations

from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.decisions import actions_frame, rank_rows
from automl_core.acting.finding import find_segments
from automl_core.acting.goal import check_goal, read_goal, suggest_goal

__all__ = [
    "CardInputs",
    "actions_frame",
    "check_goal",
    "find_segments",
    "make_cards",
    "rank_rows",
    "read_goal",
    "suggest_goal",
]
