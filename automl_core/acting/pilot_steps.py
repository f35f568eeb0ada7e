"""What to do next about a card: its own next step, or what its running pilot waits for; the same on pages and on paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.identity import card_key, pilot_key, same_goal
from automl_core.acting.pilots import Pilot
from automl_core.acting.power import ENOUGH_BACK, FEWEST_SIDE
from automl_core.explaining.words import count, day


def running_pilot(card: ActionCard, pilots: Iterable[Pilot], goal: Goal) -> Pilot | None:
    """The first of the pilots that is running for this card and this goal."""
    running = (pilot for pilot in pilots if pilot.state == "running" and same_goal(pilot, goal))
    return next((pilot for pilot in running if pilot_key(pilot) == card_key(card)), None)


def next_step(card: ActionCard, pilot: Pilot | None, today: date) -> str:
    """What to do next about a card: what it says itself, or what its `pilot` waits for while one is running."""
    if pilot is None:
        step = card.next_step.removeprefix("Next: ")
        return step[:1].upper() + step[1:]
    due = pilot.due_day
    if pilot.result is not None and pilot.result.waits:
        if due > today:
            return f"Outcomes of its pilot came and are kept; decide it on the pilots page when they are due, on {day(due)}."
        return "Outcomes of its pilot came and are due by now: decide it on the pilots page."
    if pilot.result is not None:
        back = pilot.result.returned
        came = f"Outcomes of its pilot came for {count(back.matched)} of {count(back.assigned, 'row')}"
        if back.matched < ENOUGH_BACK * back.assigned or min(back.treated, back.held) < FEWEST_SIDE:
            return f"{came}, not enough yet to decide it: send the file again on the pilots page once more are known."
        return f"{came} and do not decide it: the pilots page says why."
    if due < today:
        return f"Outcomes of its pilot were due on {day(due)}: send them on the pilots page."
    return f"Its pilot is running until {day(due)}: send its outcomes on the pilots page then."
