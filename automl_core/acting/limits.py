"""Which rows get their card when there is money or room for some only: the choice of the plan (see `budget`), without a model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard
from automl_core.acting.asked import whole
from automl_core.acting.budget import choose
from automl_core.acting.spelling import is_number
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

Limits = tuple[int | None, float | None]
ROWS = {True: "Give a whole number of rows, 0 for none, or None for no limit.",
        False: "Give a whole number of rows above 0, or None for no limit."}
MONEY = {True: "Give an amount of zero or more, or None for no limit.", False: "Give an amount above 0, or None for no limit."}


def limits_of(capacity: object, budget: object, empty: bool = True) -> Limits:
    """How many rows and how much money, as a caller gave them; None: no limit, and 0 is none, which is refused unless what comes
    of it may be `empty`. BadInput when one cannot be a limit."""
    rows = _limit(capacity, "“capacity”", ROWS[empty], empty)
    money = _limit(budget, "“budget”", MONEY[empty], empty)
    return None if rows is None else whole(capacity, "“capacity”", ROWS[empty]), money


def _limit(given: object, what: str, hint: str, empty: bool) -> float | None:
    if given is None:
        return None
    if not is_number(given) or not given >= 0:
        raise BadInput(f"{what} is {quote(given)}.", hint)
    if given == 0 and not empty:
        raise BadInput(f"{what} is 0, so there is no row to act on.", hint)
    return float(given) if math.isfinite(given) else None


def within(
    cards: Sequence[ActionCard], means: NDArray[np.bool_], costs: NDArray[np.float64], limits: Limits
) -> NDArray[np.int64]:
    """(n,) the place of the card that each row gets within the limits, -1 for none; `means` (n, k) says which cards mean a row,
    and `costs` (n, k) what each would cost it.

    What counts is a card's expected net money a row, less or more by what the row costs beside the mean, or its gain where a card
    has no money. Of rows that bring the same the first come first.
    """
    rows, money = limits
    chosen = np.full(len(means), -1, dtype=np.int64)
    worth = np.where(means, _worth(cards, costs), math.nan)
    if rows == 0:
        return chosen
    if money == 0:  # for `choose` a budget of 0 is no limit
        worth = np.where(costs > 0, math.nan, worth)
    made = choose(worth, costs, money or 0.0, rows or 0)
    chosen[made.rows] = made.options
    return chosen


def _worth(cards: Sequence[ActionCard], costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) what each card brings a row that it costs so much: net money, or the gain where not all have money."""
    net = np.array([card.net_value / max(1, card.rows) for card in cards], dtype=np.float64)
    if np.isfinite(net).all():
        return np.asarray(net + (np.array([card.whole_cost for card in cards], dtype=np.float64) - costs), dtype=np.float64)
    return np.broadcast_to(np.array([card.gain for card in cards], dtype=np.float64), costs.shape)
