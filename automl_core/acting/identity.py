"""Which card is which: by what is changed on which rows, and by nothing else, so that another price leaves it the same card."""

from __future__ import annotations

import hashlib
import json
import math

from automl_core.acting.action import ActionCard
from automl_core.acting.spelling import respelled
from automl_core.codec import to_json


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
    return hashlib.sha256(json.dumps(to_json(said), sort_keys=True).encode()).hexdigest()[:12]


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
