"""What acting on one row of the list costs, in words: an amount that nobody gave is said to be taken, and from where."""

from __future__ import annotations

from automl_core.acting.action import Goal
from automl_core.explaining.words import money, quote


def each_costs(goal: Goal) -> str:
    """“acting on one row costs € 12”, and what that amount is where nobody gave it."""
    if goal.row_cost:
        return f"acting on one row costs {money(goal.row_cost, goal.currency)}{_as_dearest(goal)}"
    return "acting on one row costs nothing" if goal.cost_given else "acting on one row is taken to be free"


def cost_taken(goal: Goal) -> str:
    """A sentence, with a blank before it, about the cost that a list takes where nobody gave one; empty where somebody did, or
    where nothing hangs on it."""
    if goal.cost_given or not (goal.priced or goal.budget > 0):
        return ""
    if goal.row_cost:
        return f" No cost of acting was given: {money(goal.row_cost, goal.currency)} a row is taken{_as_dearest(goal)}."
    if not goal.priced:
        return " No cost of acting was given, so the money you can spend limits nothing."
    limits = " and the money you can spend limits nothing" if goal.budget > 0 else ""
    return (f" No cost of acting was given, so acting is taken to be free{limits}: a cost would shorten the list to the rows "
            "that are worth it.")


def _as_dearest(goal: Goal) -> str:
    dearest = None if goal.cost_given else goal.dearest
    return "" if dearest is None else f", what the dearest change ({quote(dearest.column)}) costs"
