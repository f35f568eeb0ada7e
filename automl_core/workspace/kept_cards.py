"""Which of the cards that are kept were made for a goal, and what of them it still allows."""
from __future__ import annotations

from dataclasses import replace

from automl_core import acting
from automl_core.acting.action import ActionCard, Actions, Goal
from automl_core.codec import to_json
from automl_core.explaining.words import quote
from automl_core.workspace.context import fingerprint

# of a goal, as they are where nothing was said
NEWER = {"contact_free": False, "value_column": "", "save_range": [], "value_middle": None, "negative_control": []}


def goal_marks(goal: Goal) -> tuple[str, str]:
    """The marks under which what was found for a goal is kept: now and formerly. What a goal of before did not say is left out
    of both, and of the first how many outcomes acting turns: neither a card nor an experiment rests on it."""
    said = {name: value for name, value in to_json(goal).items() if NEWER.get(name, ...) != value}
    if "levers" in said:
        said["levers"] = [{name: value for name, value in lever.items() if (name, value) != ("unit_cost", 0.0)}
                          for lever in said["levers"]]
    without = {name: value for name, value in said.items() if name not in ("save_rate", "save_range")}
    return fingerprint(without), fingerprint(said)


def kept_to(found: Actions, goal: Goal) -> Actions:
    """What was found, its cards kept to the moves that the goal allows, which cards did not carry at first."""
    cards, patterns = (tuple(acting.forbidden_by(card, goal) for card in some) for some in (found.cards, found.patterns))
    return replace(found, cards=cards, patterns=patterns)


def leads_to(card: ActionCard, goal: Goal) -> bool:
    """Whether the card's better is what the goal wants."""
    if goal.good in ("low", "high") and not card.in_points:
        return (card.better == "up") == (goal.good == "high")
    return (card.better == "up") == card.counted.endswith(f" = {quote(goal.good)}")
