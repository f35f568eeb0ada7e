"""What a pilot measured: the change by intention to treat, adjusted for the strata, with a 95 % interval, and what follows.

The difference of the two sides is taken inside each stratum and averaged by the strata's sizes (post-stratification; Miratrix,
Sekhon and Yu 2013). Rows count where chance put them, whatever was done to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.costs import cost_of
from automl_core.acting.effects import within
from automl_core.acting.pilot_columns import ARM, column_of
from automl_core.acting.pilot_files import Matched
from automl_core.acting.pilot_groups import FEWEST_GROUPS
from automl_core.acting.pilots import Pilot, PilotResult, PilotState, Verdict, change_words, direction, money_of, promise_of
from automl_core.acting.power import CHANCE, ENOUGH_BACK, FEWEST_SIDE
from automl_core.acting.two_sides import compare_sides
from automl_core.acting.wording import (
    DOES_NOT_PAY,
    LOSES,
    MAY_LOSE,
    MAY_NOT_PAY,
    OTHER_ROWS,
    ROLL_OUT,
    chance_decided,
    costs_told,
)
from automl_core.explaining.words import count, day, interval, money, number, percent, points, quote

LOPSIDED = 0.01
MOST_SWITCHED = 0.1  # of the rows that came back: from some slips of the pen no verdict changes


def judge(pilot: Pilot, matched: Matched, today: date | None = None, early: bool = False) -> PilotResult:
    """What the outcomes say of the card: raised to A when the interval excludes nothing in the wanted direction; retired when it
    shows nothing or harm; open while too few rows or groups, or those of one side only, came back.

    Open, with nothing compared, also while outcomes are not due `today` (None: they are), unless a verdict is asked for `early`.
    """
    back, before = matched.returned, today is not None and today < pilot.due_day
    nan = math.nan
    few = _of_before(matched) or _too_few(matched)
    waits = before and not early and not few  # with too few a verdict is none at any time
    if few or waits:
        sentence = f"{back.sentence} {_not_due(pilot) if waits else few}"
        return PilotResult(nan, nan, nan, nan, nan, nan, "open", nan, nan, nan, back, sentence, waits=waits)
    found = compare_sides(matched.values, matched.treated, matched.strata, matched.groups)
    if pilot.is_rate:  # from the share of those held out no change leads beyond none and all of them
        low, high = within((found.low, found.difference, found.high), -found.held, 1 - found.held)
        found = replace(found, low=low, high=high)
    turned = direction(pilot.goal, pilot.is_rate)
    gains = sorted((turned * found.low, turned * found.high))
    why = _why_open(pilot, matched)
    verdict: Verdict = "open" if why else "raised" if gains[0] > 0 else "retired"
    made = PilotResult(
        found.treated, found.held, found.difference, found.low, found.high, found.p, verdict,
        *_delivered(pilot, matched, (turned * found.difference, gains[0], gains[1])), back, "", early=before,
        by_rows=matched.worth is not None,
    )  # fmt: skip
    return replace(made, sentence=_sentence(pilot, made, why))


def _delivered(pilot: Pilot, matched: Matched, gains: tuple[float, float, float]) -> tuple[float, float, float]:
    """The money of the treated rows after costs, with its range: that of each row's own outcome at its own worth, compared as the
    outcomes are; where no row has one, that of the `gains` (the mean, and both ends)."""
    if matched.worth is None or pilot.goal.value <= 0:
        net, low, high = (money_of(pilot.card, pilot.goal, gain, pilot.treated) for gain in gains)
        return net, low, high
    # chance dealt the worths, too: what all rows have alike says nothing of the change, and would only add noise
    brought = (matched.values - matched.values.mean()) * matched.worth
    found, turned = compare_sides(brought, matched.treated, matched.strata, matched.groups), direction(pilot.goal, pilot.is_rate)
    low, high = sorted((turned * found.low, turned * found.high))
    net, low, high = (pilot.treated * (gain - pilot.card.whole_cost) for gain in (turned * found.difference, low, high))
    return net, low, high


def _not_due(pilot: Pilot) -> str:
    return (f"Outcomes are due on {day(pilot.due_day)}, and there is no verdict before: those that show early differ from what "
            "shows in the end.")


def _of_before(matched: Matched) -> str:
    """Why outcomes are none of the pilot, or nothing."""
    if not matched.old:
        return ""
    return ("All of them are the outcomes that these rows had before the pilot, as in the table they were drawn from: nothing of "
            "the pilot is in them. Send what came of the rows since.")


def _too_few(matched: Matched) -> str:
    """Why the two sides cannot be compared at all, or nothing."""
    if min(matched.returned.treated, matched.returned.held) < FEWEST_SIDE:
        return f"At least {FEWEST_SIDE} on each side are needed to compare them."
    treated, held = (len(np.unique(matched.groups[matched.treated == side])) for side in (True, False))
    if min(treated, held) < FEWEST_GROUPS:
        return (
            f"They are of {count(treated, 'group')} with the change and {held:,} without, and rows of one group are alike: at "
            f"least {FEWEST_GROUPS} groups on each side are needed to compare them."
        )
    return ""


def _why_open(pilot: Pilot, matched: Matched) -> str:
    """Why no verdict is given yet, or nothing."""
    from scipy import stats

    back = matched.returned
    if back.matched < ENOUGH_BACK * back.assigned:
        needed = math.ceil(ENOUGH_BACK * back.assigned)
        return f"Too little came back for a verdict: {needed:,} rows are needed, lest those that answered differ from the others."
    if back.switched > MOST_SWITCHED * back.matched:
        return (f"{back.switched:,} of {back.matched:,} rows name the other side than was drawn, so the outcomes may be those of "
                f"other rows: send the file with each outcome beside its own row; if they are these rows all the same, empty the "
                f"column {quote(column_of(ARM, pilot))}.")
    lost = (pilot.treated - back.treated, pilot.held - back.held)
    table = [[back.treated, max(0, lost[0])], [back.held, max(0, lost[1])]]
    if sum(lost) > 0 and max(float(stats.fisher_exact(np.array(table))[1]), matched.uneven) < LOPSIDED:
        return (
            f"Rows went missing unevenly ({percent(lost[0] / pilot.treated)} of those with the change, "
            f"{percent(lost[1] / pilot.held)} of those without), so the two sides no longer compare: find the missing outcomes."
        )
    return ""


def _sentence(pilot: Pilot, result: PilotResult, why: str) -> str:
    def level(value: float) -> str:
        return percent(value) if pilot.is_rate else number(value)

    def gap(value: float) -> str:
        sign = "−" if value < 0 else "+"
        return f"{sign}{points(value) if pilot.is_rate else number(abs(value))}"

    outcome = f"{quote(pilot.goal.outcome)} = {quote(pilot.goal.good)}" if pilot.is_rate else f"Mean {quote(pilot.goal.outcome)}"
    measured = (
        f"{outcome}: {level(result.treated_mean)} of rows with the change, {level(result.held_mean)} without"
        if pilot.is_rate
        else f"{outcome}: {level(result.treated_mean)} with the change, {level(result.held_mean)} without"
    )
    span = interval(gap(pilot.possible(result.low)), gap(pilot.possible(result.high)))
    measured += f", a difference of {gap(result.difference)} (95 % range {span})."
    if why:
        return f"{result.returned.sentence} {measured} {why}"
    early = f" This was decided before outcomes were due on {day(pilot.due_day)}: what showed later is not in it."
    return f"{measured} {_follows(pilot, result)}{early if result.early else ''} {result.returned.sentence}"


SURE = 0.98  # from here on a range that holds both nothing and what was promised is wider than was planned with


def _follows(pilot: Pilot, result: PilotResult) -> str:
    turned = direction(pilot.goal, pilot.is_rate)
    gains = sorted((turned * result.low, turned * result.high))
    change = change_words(pilot.card)
    if result.verdict == "raised":
        words = f"{change} was measured to help: the card now has grade A."
        if math.isfinite(result.delivered):
            cost, promised = pilot.card.whole_cost, f"{_amount(pilot.promised, pilot.goal)} promised"
            promised += "" if cost else f", both {costs_told(cost)}"
            words += f" Delivered {_amount(result.delivered, pilot.goal)} against {promised}."
            if result.delivered < 0:
                words += f" {'At its cost' if cost else 'In money'} it does not pay."
        return words
    if did_harm(pilot, result):
        return f"{change} did harm: the card is retired."
    if turned * pilot.promise.effect <= gains[1]:
        had = f"the pilot had a chance of {percent(pilot.power.chance)} to see it"
        why = f"because {had}." if pilot.power.chance < CHANCE else f"though {had}." if pilot.power.chance < SURE else (
            f"though by past rows {had}: what came back tells less than these, for its outcomes vary more or its rows are fewer.")
        return f"No effect was shown, so the card is retired; the promised effect cannot be ruled out either, {why}"
    return "No effect was shown, and the promised one is ruled out: the card is retired."


def did_harm(pilot: Pilot, result: PilotResult) -> bool:
    """Whether the whole interval lies on the side that is not wanted."""
    turned = direction(pilot.goal, pilot.is_rate)
    return max(turned * result.low, turned * result.high) < 0


def _amount(value: float, goal: Goal) -> str:
    return money(value, goal.currency)


def ended_words(pilot: Pilot, result: PilotResult, goal: Goal, cost: float) -> str:
    """What a pilot that has ended found. What it delivered is said only while the amounts of its time hold: a card has one price.

    `cost` is what the change of one row costs by `goal` (see `cost_now`).
    """
    return result.sentence if priced_alike(pilot, goal, cost) else _sentence(pilot, replace(result, delivered=math.nan), "")


def priced_alike(pilot: Pilot, goal: Goal, cost: float) -> bool:
    """Whether worth, currency and the cost of a row are those of the time when the pilot was drawn."""
    # the mean of a column moves with the table: it is the same while it reads the same
    now, then = ((one.value_column, _amount(one.value, one) if one.value_column else one.value, one.currency)
                 for one in (goal, pilot.goal))
    return (now, cost) == (then, pilot.card.whole_cost)


def cost_now(card: ActionCard, goal: Goal) -> float:
    """What a card's change of one row costs by the levers of `goal`; NaN when it names one of them no longer."""
    levers, changes = {lever.column: lever for lever in goal.levers}, {one.lever: one.distance for one in card.also}
    far = {card.lever: card.distance, **changes}
    return sum(cost_of(levers[name], far[name]) if name in levers else math.nan for name in far)


def graded(card: ActionCard, pilot: Pilot | None, goal: Goal | None = None) -> ActionCard:
    """The card as it stands after its pilot: measured figures and grade A, or D once retired; as it was while none has ended.

    Its money is by the amounts of `goal`, as that of the cards beside it; without one by those of the pilot's own time.
    """
    if pilot is None or pilot.result is None or pilot.state not in ("raised", "retired"):
        return card
    result, goal = pilot.result, goal or pilot.goal
    words = ended_words(pilot, result, goal, card.whole_cost)
    low, high = pilot.possible(result.low), pilot.possible(result.high)
    nets = _money_now(card, pilot, result, goal)
    raised = pilot.state == "raised"
    never, perhaps = (DOES_NOT_PAY, MAY_NOT_PAY) if card.whole_cost else (LOSES, MAY_LOSE)
    step = never if nets[0] < 0 else perhaps if min(nets[1:]) < 0 else ROLL_OUT
    # the way from a card's class to the wanted one is also the way back
    counted = promise_of(replace(card, adjusted=result.difference, low=low, high=high), pilot.is_rate)
    return replace(
        card,
        grade="A" if raised else "D",
        adjusted=counted.effect,
        then=card.now + counted.effect,
        low=counted.low,
        high=counted.high,
        net_value=nets[0],
        net_low=min(nets[1:]),
        net_high=max(nets[1:]),
        sentence=f"{card.who}. {words}",
        overturn=OTHER_ROWS if raised else "",
        next_step=step if raised else "",
        reasons=(chance_decided(result.returned.matched),) if raised else (words,),
        measured=True,
    )


def _money_now(card: ActionCard, pilot: Pilot, result: PilotResult, goal: Goal) -> tuple[float, ...]:
    """Money of a card's rows after costs by what its pilot measured, with both ends: by the money that was measured row by row
    while the same column says what a row is worth, at what its rows are worth now; else by the measured effect."""
    same = result.by_rows and goal.value > 0 and goal.value_column == pilot.goal.value_column and pilot.card.worth > 0
    if same and math.isfinite(result.delivered) and math.isfinite(card.worth):
        measured = (result.delivered, result.delivered_low, result.delivered_high)
        rise, spent = card.worth / pilot.card.worth, pilot.card.whole_cost
        return tuple(card.rows * ((one / pilot.treated + spent) * rise - card.whole_cost) for one in measured)
    turned = direction(pilot.goal, pilot.is_rate)
    gains = (result.difference, pilot.possible(result.low), pilot.possible(result.high))
    return tuple(money_of(card, goal, turned * gain, card.rows) for gain in gains)


def in_order(cards: Iterable[ActionCard]) -> tuple[ActionCard, ...]:
    """The cards by what they are good for: by grade, but one whose money may be a loss after all that surely pay; retired ones
    last. The grade says how sure its effect is, not whether that is worth its cost."""
    return tuple(sorted(cards, key=lambda card: (card.grade == "D", card.net_low < 0, card.grade)))


def state_after(result: PilotResult) -> PilotState:
    """The pilot's state once the result is known."""
    return "running" if result.verdict == "open" else result.verdict
