"""One action card as a page for a manager: no script, nothing fetched, every user string escaped; prints on one A4 sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.grade_words import grade_words
from automl_core.acting.pilot_steps import next_step
from automl_core.acting.pilots import Pilot, change_words
from automl_core.acting.wording import ALIKE_COUNTED, WAYS, costs_told
from automl_core.explaining.words import count, day, interval, money, number, percent, points, signed
from automl_core.reporting.render import environment


@dataclass(frozen=True, slots=True)
class CardPage:
    """What the page shows. `is_rate` tells shares from numbers; `pilot` is the card's newest one, if any."""

    card: ActionCard
    goal: Goal
    is_rate: bool
    pilot: Pilot | None
    project: str
    made_at: datetime
    version: str


def card_page(page: CardPage) -> str:
    """The page, as one HTML text."""
    card, pilot = page.card, page.pilot
    running = pilot if pilot is not None and pilot.state == "running" else None
    return (
        environment()
        .get_template("card.html")
        .render(
            card=card,
            page=page,
            change=change_words(card),
            grade=grade_words(card).long,
            why=" ".join(reason for reason in card.own_reasons if reason not in card.sentence),
            figures=_figures(page),
            three=_three(page),
            pilot=_pilot(page.pilot),
            next=next_step(card, running, page.made_at.date()) if card.next_step else "",
            made=day(page.made_at),
        )
    )


def _gap(value: float, is_rate: bool) -> str:
    if not math.isfinite(value):
        return "unknown"
    return signed(value, points if is_rate else number)


def _figures(page: CardPage) -> list[tuple[str, str]]:
    card = page.card
    found = [(count(card.rows), "row this is about" if card.rows == 1 else "rows this is about")]
    if math.isfinite(card.net_value):
        span = interval(money(card.net_low, page.goal.currency), money(card.net_high, page.goal.currency))
        found.append((money(card.net_value, page.goal.currency), f"{costs_told(card.whole_cost)}, if all change ({span})"))
    span = interval(_gap(card.low, page.is_rate), _gap(card.high, page.is_rate))
    found.append((_gap(card.adjusted, page.is_rate), f"effect, 95 % range {span}"))
    if card.whole_cost:
        found.append((money(card.whole_cost, page.goal.currency), "cost of each"))
    return found


def _three(page: CardPage) -> list[tuple[str, str, str]]:
    """The three numbers that are never shown alone."""
    card = page.card
    seen, said, best = (name.capitalize() for name in WAYS[card.by_chance])
    return [
        (seen, _gap(card.raw_gap, page.is_rate), "The groups as they are, which differ in other ways, too."
         + (f" {ALIKE_COUNTED}" if card.alike else "")),
        (said, _gap(card.what_if, page.is_rate), "The same rows with the value changed."),
        (best, _gap(card.adjusted, page.is_rate),
         "With and without the change, by chance." if card.by_chance else "The figure to plan with."),
    ]


def _pilot(pilot: Pilot | None) -> list[str]:
    if pilot is None:
        return []
    lines = [pilot.sentence]
    if pilot.result is not None and pilot.state == "running":  # once it has ended, the card itself says what was measured
        lines.append(pilot.result.sentence)
    elif pilot.state == "running":
        lines.append(f"With so many rows the chance to see the promised effect is {percent(pilot.power.chance)}.")
    return lines
