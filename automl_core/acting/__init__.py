"""What to do: groups that differ, rows to act on, and cards that say how sure an action is."""

from __future__ import annotations

from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.compare_groups import Pair, compare_groups
from automl_core.acting.compare_periods import Periods, compare_periods
from automl_core.acting.decisions import actions_frame, rank_rows
from automl_core.acting.finding import find_segments
from automl_core.acting.gap_story import GapStory
from automl_core.acting.goal import check_goal, read_goal, suggest_goal
from automl_core.acting.segment_stories import SegmentStory, Told, ask_model, counted_class, tell_segments

__all__ = [
    "CardInputs",
    "GapStory",
    "Pair",
    "Periods",
    "SegmentStory",
    "Told",
    "actions_frame",
    "ask_model",
    "check_goal",
    "compare_groups",
    "compare_periods",
    "counted_class",
    "find_segments",
    "make_cards",
    "rank_rows",
    "read_goal",
    "suggest_goal",
    "tell_segments",
]
