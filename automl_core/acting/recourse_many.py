"""The nouns of recourse over many rows, and what they say in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from automl_core.acting.action import Direction
from automl_core.acting.recourse import RecourseAsk
from automl_core.explaining.words import count, interval, money, percent, told_apart

MOST_LOOKED_AT = 300
EXPECTED = "This is what the model expects, not yet a measured effect."


@dataclass(frozen=True, slots=True)
class SummaryAsk:
    """What is asked of many rows: `ways` as of one row (its `options` are not used), at most how many rows to look at, the `seed`
    that draws them, and after how many `seconds` no other row is begun. `progress(share)` is told how far it is."""

    ways: RecourseAsk = field(default_factory=RecourseAsk)
    rows: int = MOST_LOOKED_AT
    seed: int = 0
    seconds: float = math.inf
    progress: Callable[[float], None] | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the rows looked at, and which share of them (0 to 1), reach the goal for `cost` money a row or less."""

    cost: float
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class LeverReach:
    """How many of the rows looked at, and which share of them (0 to 1), a change of this lever alone brings to the goal, and what
    the cheapest such change costs a row in the median (money; NaN: it brings none). `direction` is that of a number, else ""."""

    column: str
    direction: Direction
    rows: int
    share: float
    median_cost: float


@dataclass(frozen=True, slots=True)
class RecourseSummary:
    """What the limits of a goal let the model's answer be turned to, over rows that lack it now.

    `looked` rows were looked at, of `drawn` that chance drew among `at_risk`, those that are not at the goal now of `asked` rows.
    These are as many of all `rows`, in an order drawn by chance, as it takes to find enough at risk.
    `reached` of them have a way; `infeasible` is the share of the others (0 to 1) with its 95 % interval `low` to `high` (Wilson;
    NaN, 0 and 1 where no row was looked at). For `unsure` of the others not all that is allowed was tried. `curve` has a point
    for each cost that occurs, cheapest first; `levers` those that reach most rows alone first. `positions` are the rows looked
    at, as they were drawn, and `costs` the money that the cheapest way of each takes, NaN where there is none. `target` is that
    of `Recourse`. The model says all this; it is no measured effect.
    """

    rows: int
    asked: int
    at_risk: int
    drawn: int
    looked: int
    reached: int
    unsure: int
    infeasible: float
    low: float
    high: float
    target: float
    curve: tuple[Coverage, ...]
    levers: tuple[LeverReach, ...]
    positions: tuple[int, ...]
    costs: tuple[float, ...]
    sentence: str

    @property
    def middle(self) -> Coverage | None:
        """The least cost that brings at least half of all rows there that any brings; None where no row has a way."""
        return next((point for point in self.curve if 2 * point.rows >= self.reached), None)


def summary_words(made: RecourseSummary, aim: str, currency: str) -> str:
    """The summary in sentences; `aim` names what is to be reached."""
    if not made.asked:
        return "There is no row to look at."
    if not made.at_risk:
        return f"None of {count(made.asked, 'row')} lacks the wanted answer now: there is nothing to bring about."
    rows, none = count(made.looked, "row"), made.looked - made.reached
    which = f"the {rows}" if made.looked > 1 else "the one row"
    if made.looked < made.at_risk:
        which = f"{rows} drawn by chance from {f'the {count(made.at_risk)}' if made.asked == made.rows else 'those'}"
    words = [f"Of {which} that {'does' if made.looked == 1 else 'do'} not reach {aim} now, {_brought(made, currency)}"]
    if none:
        low, high = told_apart(made.low, made.high)
        share = f"{percent(made.infeasible)}, 95 % range {interval(low, high)}"
        limits = "at no price within your limits" if not made.unsure else "by nothing that was tried within your limits"
        words.append(f"{count(none)} ({share}) would {limits}.")
    if made.looked < made.drawn:
        words.append(f"There was time for {made.looked:,} of {made.drawn:,} rows.")
    return " ".join((*words, EXPECTED))


def _brought(made: RecourseSummary, currency: str) -> str:
    """How many rows a change brings there, and what it costs."""
    middle = made.middle
    if middle is None:
        return "none would by the model."
    words = f"{count(made.reached)} would by the model with what you allow"
    last = made.curve[-1]
    if not last.cost:
        return f"{words}."
    if middle.rows == made.reached:
        return f"{words}, for {money(last.cost, currency)} or less each."
    price = f"{money(middle.cost, currency)} or less each" if middle.cost else "nothing"
    return f"{words}: {count(middle.rows)} for {price}, all {count(made.reached)} for {money(last.cost, currency)} or less."
