"""Promised against delivered: how well the cards of the past kept what they said, once a pilot measured them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automl_core.acting.action import Goal
from automl_core.acting.identity import same_goal
from automl_core.acting.pilot_result import cost_now, priced_alike
from automl_core.acting.pilots import Pilot, direction
from automl_core.explaining.words import interval, money, number, quote

_NOTHING = "No card has been measured by a pilot yet."


@dataclass(frozen=True, slots=True)
class Kept:
    """One measured card: what it promised for the treated rows and what the pilot delivered there, with their 95 % ranges."""

    pilot: str
    what: str
    promised: float
    promised_low: float
    promised_high: float
    delivered: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """All measured cards together, newest first. Amounts are money when every card has money, else outcomes turned good, or
    what the number moved by in the wanted direction; `unit` then names that number. Amounts of different outcomes add up in money
    alone: without it the record is that of one outcome, and `others` counts the measured cards of other ones. `early` counts
    those that were decided before their outcomes were due: what shows early is not what shows in the end, so they are in no sum.

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
    early: int = 0


def track_record(pilots: Sequence[Pilot], goal: Goal | None = None) -> TrackRecord:
    """The record of the pilots that have ended with a verdict, not before it was due (in whatever order); others are left out.

    Money is that of each pilot's own time. With a `goal` it is left out when its amounts are others by now, as beside them.
    Without money only cards of the goal's outcome and aim are told of, or of the newest pilot's when there is no goal.

    Errors of different pilots are independent, so the range of the sum adds their variances.
    """
    decided = [pilot for pilot in pilots if pilot.state in ("raised", "retired") and pilot.result is not None]
    ended = [pilot for pilot in decided if pilot.result is not None and not pilot.result.early]
    ended.sort(key=lambda pilot: pilot.started, reverse=True)
    everything, in_money = ended, _in_money(ended, goal)
    if ended and not in_money:
        aim = goal if goal is not None else ended[0].goal  # what is wanted high here may have been wanted low before
        alike = [pilot for pilot in ended if same_goal(pilot, aim)]
        # a column that was made a number since has two kinds of amounts, too
        ended = [pilot for pilot in alike if pilot.is_rate == alike[0].is_rate]
        in_money = _in_money(ended, goal)
    items = tuple(_kept(pilot, in_money) for pilot in ended)
    promised, delivered = sum(item.promised for item in items), sum(item.delivered for item in items)
    reach = math.sqrt(sum(((item.high - item.low) / 2) ** 2 for item in items))
    sure = promised > 0
    ratios = [value / promised if sure else math.nan for value in (delivered, delivered - reach, delivered + reach)]
    currency = ended[0].goal.currency if in_money and ended else ""
    low, high = delivered - reach, delivered + reach
    unit = ended[0].goal.outcome if ended and not in_money and not ended[0].is_rate else ""
    others = len(everything) - len(ended)
    made = TrackRecord(items, promised, delivered, low, high, ratios[0], ratios[1], ratios[2], currency, "", unit, others,
                       len(decided) - len(everything))
    return replace(made, sentence=_sentence(made, in_money) + (_free(ended) if in_money else ""))


def _free(ended: Sequence[Pilot]) -> str:
    """A sentence, with a blank before it, of how many of the cards have no cost in their money; empty where each has one."""
    free = sum(not pilot.card.whole_cost for pilot in ended)
    if not free:
        return ""
    some = "1 of them is" if free == 1 else f"{free:,} of them are"
    return f" {'That is' if len(ended) == 1 else 'All of it is' if free == len(ended) else some} before costs."


def _in_money(ended: Sequence[Pilot], goal: Goal | None) -> bool:
    """Whether all these pilots have money of one currency, by the amounts of the goal when there is one."""
    same = len({pilot.goal.currency for pilot in ended}) == 1 and all(math.isfinite(pilot.promised) for pilot in ended)
    return same and (goal is None or all(priced_alike(pilot, goal, cost_now(pilot.card, goal)) for pilot in ended))


def _kept(pilot: Pilot, in_money: bool) -> Kept:
    result = pilot.result
    assert result is not None
    what = f"{pilot.card.lever}: {pilot.card.to_value}"
    if in_money:
        return Kept(pilot.id, what, pilot.promised, pilot.promised_low, pilot.promised_high, result.delivered,
                    result.delivered_low, result.delivered_high)
    turned = direction(pilot.goal, pilot.is_rate)
    given = [turned * value * pilot.treated for value in pilot.promise]
    found = [turned * value * pilot.treated for value in (result.difference, result.low, result.high)]
    return Kept(pilot.id, what, given[0], min(given[1:]), max(given[1:]), found[0], min(found[1:]), max(found[1:]))


def _sentence(record: TrackRecord, in_money: bool) -> str:
    if not record.items:
        nothing = "No card has been measured by a pilot until its outcomes were due." if record.early else _NOTHING
        return "No card of this goal has been measured by a pilot yet." if record.others else nothing

    def amount(value: float) -> str:
        if in_money:
            return money(value, record.currency)
        whole = round(value)
        if record.unit:
            return f"{number(value)} in {quote(record.unit)}"
        return f"{number(whole)} {'outcome' if abs(whole) == 1 else 'outcomes'}"

    count = len(record.items)
    who = "The only measured card" if count == 1 else f"Our last {count} cards"
    words = f"{who} promised {amount(record.promised)} and delivered {amount(record.delivered)}"
    span = interval(amount(record.low), amount(record.high))
    if math.isfinite(record.ratio):
        words += f" ({100 * record.ratio:.0f} % of the promise)".replace("-", "−")
    words += f"; the 95 % range of what was delivered is {span}."
    if record.others == 1:
        words += " Another measured card was for another goal and is not counted here."
    elif record.others:
        words += f" {record.others:,} more measured cards were for other goals and are not counted here."
    if record.early == 1:
        words += " Another card was decided before its outcomes were due and is not counted here."
    elif record.early:
        words += f" {record.early:,} more cards were decided before their outcomes were due and are not counted here."
    return words
