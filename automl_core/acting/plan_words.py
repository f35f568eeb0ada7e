"""What a plan says of the rows that are not in it: why there is nothing to do, what has ended, and what a running pilot keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.explaining.words import count, money

Floats = NDArray[np.float64]


ROW_GAINS = ("A card tells the mean gain of its rows; in the plan single rows differ from it, by half of what the model says "
             "sets them apart and up to twice the mean, so the rows that the plan picks are expected to gain more than their "
             "card says.")


def why_none(sure: bool, net: Floats, costs: Floats, goal: Goal) -> str:
    """Why there is nothing to do: no card, no row of one, nothing worth its cost, or no money for it. `net` (n, k) is the worth
    of each row's actions, which cost `costs` (n, k)."""
    if not sure:
        return "No card is sure enough to become an action."
    if not np.isfinite(net).any():
        return "No row is left that a card speaks of."
    pays = np.nan_to_num(net) > 0
    if not pays.any():
        return "No action is worth its cost at this value." if costs.any() else "No action brings money at this value."
    spend, least = (money(amount, goal.currency) for amount in (goal.budget, float(costs[pays].min())))
    which = "the cheapest that is worth it" if goal.priced else "the cheapest"
    return f"The money you can spend, {spend}, does not pay for one action: {which} costs {least}."


def ended_words(unknown: int, rows: int) -> str:
    """Says of a plan in a table with open rows how many of its own have ended."""
    if unknown == rows:
        return ""
    if not unknown:
        return f" {'It has' if rows == 1 else 'All of them have'} ended: no row without an outcome is in the plan."
    return f" The other {rows - unknown:,} {'has' if rows - unknown == 1 else 'have'} ended."


def pilot_words(held: int, barred: int) -> str:
    """Which rows a running pilot keeps from what other cards would do there."""
    words = ""
    if held:
        get = "gets" if held == 1 else "get"
        words += f" {count(held, 'row is', 'rows are')} held out in a running pilot and {get} no action until that has ended."
    if barred:
        get = "gets" if barred == 1 else "get"
        words += f" {count(barred, 'row')} that a running pilot treats {get} its own change or none."
    return words
