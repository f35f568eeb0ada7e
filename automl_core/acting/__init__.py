"""What to do: groups that differ, rows to act on, and cards that say how sure an action is.

The public door for tables in memory is `find_actions`; its words and numbers are those of the page and the command line:

    >>> from automl_core.acting import Lever, Options, Roles, applied, assign, find_actions
    >>> found = find_actions(frame, "churned", "No", [Lever("contract", to=("one year",), cost=20.0)],
    ...                      Roles(never=("gender",), later=("total_paid",)), Options(value=700.0))  # doctest: +SKIP
    >>> found.cards[0].adjusted, found.cards[0].low, found.cards[0].high, found.cards[0].grade  # doctest: +SKIP
    >>> assign(found.cards, new_frame)   # which card each row gets, -1 for none  # doctest: +SKIP
    >>> applied(found.cards, new_frame)  # the frame with those changes made  # doctest: +SKIP
"""

from __future__ import annotations

from automl_core.acting.action import ActionCard, Actions, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.decisions import actions_frame, rank_rows
from automl_core.acting.door import Options, Roles, applied, assign, find_actions
from automl_core.acting.finding import find_segments
from automl_core.acting.goal import check_goal, read_goal, suggest_goal, suggest_later, suggest_levers
from automl_core.acting.goal_file import goal_text
from automl_core.acting.levers import eligible, moved

__all__ = [
    "ActionCard",
    "Actions",
    "CardInputs",
    "Goal",
    "Lever",
    "Options",
    "Roles",
    "actions_frame",
    "applied",
    "assign",
    "check_goal",
    "eligible",
    "find_actions",
    "find_segments",
    "goal_text",
    "make_cards",
    "moved",
    "rank_rows",
    "read_goal",
    "suggest_goal",
    "suggest_later",
    "suggest_levers",
]
