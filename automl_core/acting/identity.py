"""Which card is which, and which card a pilot is of: by what is changed on which rows, and by nothing else, so that another price
leaves it the same card."""

from __future__ import annotations

import hashlib
import json
import math

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.levers import forbidden_by
from automl_core.acting.pilots import Pilot
from automl_core.acting.spelling import respelled
from automl_core.codec import known_by


def card_key(card: ActionCard) -> str:
    """The id of a card by what it changes on which rows; one that was made before cards had ids is known by what it says.

    It is made anew, for ids that were kept earlier counted costs and left limits out.
    """
    return identity(card) if card.id else _hash([card.who, card.lever, card.from_value, card.to_value])


def pilot_key(pilot: Pilot) -> str:
    """The key of the card that the pilot tests. One kept before cards carried forbidden moves has them in its goal alone."""
    return card_key(forbidden_by(pilot.card, pilot.goal))


def same_goal(pilot: Pilot, goal: Goal) -> bool:
    """Whether the pilot measured what the goal is about. The id of a card says what is changed for whom, not what it is for."""
    return (pilot.goal.outcome, pilot.goal.good) == (goal.outcome, goal.good)


def identity(card: ActionCard) -> str:
    """A hash of the move and of all that says whose: the same card of a later run has the same one."""
    also = [(one.lever, one.from_values, one.to_value) for one in card.also]
    said: list[object] = [card.lever, card.from_values, card.to_value, card.conditions, card.step, card.relative, also]
    if card.alike:
        said.append(card.alike)
    limits = {"low": card.lowest, "high": card.highest}
    if not math.isnan(card.step) and not all(map(math.isnan, limits.values())):
        said.append(limits)
    if kept := sorted(_that_matter(card)):
        said.append({"forbidden": kept})
    return _hash(said)


def _hash(said: list[object]) -> str:
    return hashlib.sha256(json.dumps(known_by(said), sort_keys=True).encode()).hexdigest()[:12]


def _that_matter(card: ActionCard) -> set[tuple[str, str, str]]:
    """The forbidden moves that keep a row of the card from its change."""
    if not math.isnan(card.step):
        return set(card.forbidden)
    moves = {card.lever: (card.from_values, card.to_value)} | {one.lever: (one.from_values, one.to_value) for one in card.also}
    found = set()
    for lever, before, after in card.forbidden:
        sources, to = moves.get(lever, ((), ""))
        if respelled(after) == respelled(to) and (not sources or respelled(before) in set(map(respelled, sources))):
            found.add((lever, respelled(before), respelled(after)))
    return found
