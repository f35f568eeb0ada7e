"""Promised against delivered: how well the cards of the past kept what they said, once a pilot measured them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automl_core.acting.action import Goal
from automl_core.acting.pilot_result import cost_now, priced_alike
from automl_core.acting.pilots import Pilot, direction
from automl_core.explaining.words import count as counted
from automl_core.explaining.words import interval, money, number, quote

_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Kept:
    """One measured card: what it promised for the treated rows and what the pilot delivered there, with their 95 % ranges."""

    pilot: str
    what: str
    ended_as: str
    promised: float
    promised_low: float
    promised_high: float
    delivered: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """All measured cards together, newest first. Amounts are money when every card has money, else outcomes turned good, or
    what the number moved by in the wanted direction; `unit` then names that number. These add up within one outcome only:
    `others` counts the measured cards of other ones, which are left out.

    `ratio` is delivered over promised with its range, taking the promises as given; NaN when nothing was promised.
    """

    items: tuple[Kept, ...]
    promised: float
    delivered: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    currency: str
    sentence: str
    unit: str = ""
    others: int = 0


def track_record(pilots: Sequence[Pilot], goal: Goal | None = None) -> TrackRecord:
    """The record of the pilots that have ended with a verdict (in whatever order); others are left out.

    Money is that of each pilot's own time. With a `goal` it is left out when its amounts are others by now, as beside them.
    Without money only pilots of one outcome are added up: that of the goal, or of the newest pilot where none had the goal's.

    Errors of different pilots are independent, so the range of the sum adds their variances.
    """
    ended = [pilot for pilot in pilots if pilot.state in ("raised", "retired") and pilot.result is not None]
    ended.sort(key=lambda pilot: pilot.started, reverse=True)
    currencies = {pilot.goal.currency for pilot in ended}
    in_money = len(currencies) == 1 and all(math.isfinite(pilot.promised) for pilot in ended)
    if goal is not None:
        in_money = in_money and all(priced_alike(pilot, goal, cost_now(pilot.card, goal)) for pilot in ended)
    all_ended = len(ended)
    if not in_money and ended:
        wanted = [pilot for pilot in ended if goal is not None and pilot.goal.outcome == goal.outcome] or ended
        ended = [pilot for pilot in ended if _counts_in(pilot) == _counts_in(wanted[0])]
    items = tuple(_kept(pilot, in_money) for pilot in ended)
    promised, delivered = sum(item.promised for item in items), sum(item.delivered for item in items)
    reach = math.sqrt(sum(((item.high - item.low) / 2) ** 2 for item in items))
    sure = promised > 0
    ratios = [value / promised if sure else math.nan for value in (delivered, delivered - reach, delivered + reach)]
    currency = currencies.pop() if in_money else ""
    low, high = delivered - reach, delivered + reach
    unit = ended[0].goal.outcome if not in_money and ended and not ended[0].is_rate else ""
    others = all_ended - len(ended)
    made = TrackRecord(items, promised, delivered, low, high, ratios[0], ratios[1], ratios[2], currency, "", unit, others)
    return replace(made, sentence=_sentence(made, in_money))


def _counts_in(pilot: Pilot) -> tuple[str, bool]:
    """What a pilot without money counts: outcomes of one column, or one number's own units."""
    return pilot.goal.outcome, pilot.is_rate


def _kept(pilot: Pilot, in_money: bool) -> Kept:
    result = pilot.result
    assert result is not None
    what = f"{pilot.card.lever}: {pilot.card.to_value}"
    if in_money:
        return Kept(
            pilot.id, what, pilot.state, pilot.promised, pilot.promised_low, pilot.promised_high, result.delivered,
            result.delivered_low, result.delivered_high,
        )  # fmt: skip
    turned = direction(pilot.goal, pilot.is_rate)
    given = [turned * value * pilot.treated for value in pilot.promise]
    found = [turned * value * pilot.treated for value in (result.difference, result.low, result.high)]
    return Kept(pilot.id, what, pilot.state, given[0], min(given[1:]), max(given[1:]), found[0], min(found[1:]), max(found[1:]))


def _sentence(record: TrackRecord, in_money: bool) -> str:
    if not record.items:
        return "No card has been measured by a pilot yet."

    def amount(value: float) -> str:
        if in_money:
            return money(value, record.currency)
        whole = round(value)
        if record.unit:
            return f"{number(value)} in {quote(record.unit)}"
        return f"{number(whole)} {'outcome' if abs(whole) == 1 else 'outcomes'}"

    count = len(record.items)
    same = " of this outcome" if record.others else ""
    who = f"The only measured card{same}" if count == 1 else f"Our last {count} cards{same}"
    words = f"{who} promised {amount(record.promised)} and delivered {amount(record.delivered)}"
    span = interval(amount(record.low), amount(record.high))
    if math.isfinite(record.ratio):
        words += f" ({100 * record.ratio:.0f} % of the promise)".replace("-", "−")
    words = f"{words}; the 95 % range of what was delivered is {span}."
    if record.others:
        verb = "is" if record.others == 1 else "are"
        words += f" {counted(record.others, 'card')} of another outcome {verb} not added to that."
    return words
