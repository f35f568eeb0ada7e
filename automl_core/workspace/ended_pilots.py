"""Cards as they stand after the pilots that have ended: measured, or retired; the same on pages and for a file. For a file also
what those wait for whose pilot is running, which pages say beside it."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from automl_core import acting
from automl_core.acting.action import ActionCard, Actions, Goal
from automl_core.acting.identity import card_key, pilot_key, same_goal
from automl_core.acting.pilot_steps import next_step, running_pilot
from automl_core.acting.pilots import Pilot
from automl_core.errors import NotFound
from automl_core.explaining.words import count
from automl_core.workspace.context import Context
from automl_core.workspace.pilot_sides import kept_pilots
from automl_core.workspace.search import Searching


def after_pilots(
    cards: Sequence[ActionCard], pilots: Iterable[Pilot], wanted: Goal, priced: Goal | None = None
) -> tuple[ActionCard, ...]:
    """The cards after those of the `pilots`, oldest first, that have ended and were of what is `wanted`: measured ones with grade
    A, first if they pay, retired ones last. Their money is by the amounts of `priced` (see `graded`)."""
    ended = [one for one in pilots if one.state in ("raised", "retired") and same_goal(one, wanted)]
    measured = {pilot_key(pilot): pilot for pilot in ended}
    return acting.in_order([acting.graded(card, measured.get(card_key(card)), priced) for card in cards])


def found_after_pilots(context: Context, search: Searching, run_id: str, found: Actions, goal: Goal) -> Actions:
    """What was found in a file, after the ended pilots of the project that a search belongs to; unchanged where that search is
    not at hand. Retired cards are patterns, and `notes` say how many cards a pilot has measured or retired. The `next_step` of a
    card whose pilot is running is what that waits for."""
    try:
        project = search.run(run_id).project_id
    except NotFound:
        return found
    pilots = kept_pilots(context, project)
    after = after_pilots(found.cards, pilots, goal, goal)
    cards = [_waiting(card, running_pilot(card, reversed(pilots), goal)) for card in after]
    stand, retired = (tuple(card for card in cards if (card.grade == "D") is gone) for gone in (False, True))
    known = sum(card.measured for card in stand)
    notes = []
    if known:
        notes.append(f"{count(known, 'card has', 'cards have')} the figures that a pilot measured.")
    if retired:
        were, are = ("was", "it is a pattern") if len(retired) == 1 else ("were", "they are patterns")
        notes.append(f"{count(len(retired), 'card')} {were} retired by a pilot: {are} here, and in no plan.")
    return replace(found, cards=stand, patterns=(*retired, *found.patterns), notes=(*found.notes, *notes))


def _waiting(card: ActionCard, pilot: Pilot | None) -> ActionCard:
    """The card, with what its running `pilot` waits for as its next step."""
    if pilot is None or not card.next_step:
        return card
    return replace(card, next_step=next_step(card, pilot, datetime.now(UTC).date()))
