"""What acting on one row costs, as the goal form of acting says it."""
from __future__ import annotations

from automl_core.acting.action import Goal
from pages.ui.words import money, plain, quoted


def words(goal: Goal) -> str:
    """What acting on a row costs, in a sentence."""
    if goal.row_cost:
        dearest = "" if goal.cost_given else ", what the dearest change costs"
        return f"Acting on a row costs {plain(money(goal.row_cost, goal.currency))}{dearest}."
    return "Acting on a row costs nothing." if goal.cost_given else "What acting on a row costs was not given."


def taken(goal: Goal) -> str:
    """What the list takes where the cost of acting is left empty."""
    if goal.dearest is None:
        return ("No cost of acting is given, and none of a change: the list takes acting to be free. With a cost it leaves out "
                "the rows that are not worth it.")
    return (f"No cost of acting is given: the list takes {plain(money(goal.row_cost, goal.currency))} a row, what the dearest "
            f"change ({quoted(goal.dearest.column, 40)}) costs.")
