"""A card in lines, where nothing is drawn: its sentence, the three numbers side by side, why its grade, and what to do next."""

from __future__ import annotations

from automl_core.acting.action import ActionCard
from automl_core.acting.conditions import describe_all
from automl_core.acting.grade_words import grade_words
from automl_core.acting.pilots import change_words
from automl_core.acting.wording import ALIKE_COUNTED, told_ways


def meant_words(card: ActionCard) -> str:
    """Who is meant; where not all of them have rows to be compared with, which of them do."""
    parts = "; or where ".join(describe_all(part) for part in card.alike)
    return f"{card.who}; of them those where {parts}." if parts else f"{card.who}."


def three_words(card: ActionCard, is_rate: bool, ranged: bool = True) -> str:
    """The same change seen in three ways, the adjusted one with its 95 % range where it is `ranged`: none of the three is told
    alone. `is_rate`: they are shares of rows."""
    of = f"Change of {card.counted}" if card.counted else "The change"
    gaps, span = (card.raw_gap, card.what_if, card.adjusted), (card.low, card.high) if ranged else ()
    return f"{of}: {told_ways(card, gaps, span, is_rate)}."


def sure_words(card: ActionCard) -> str:
    """How sure a card is, and why not surer; never empty, also where all reasons are told as what would overturn it."""
    return " ".join((grade_words(card).sure, *card.own_reasons))


def card_lines(card: ActionCard) -> tuple[str, ...]:
    """All that a card says, a line each: as on the act page, in words alone."""
    step = card.next_step.removeprefix("Next: ")
    three = three_words(card, card.in_points) + (f" {ALIKE_COUNTED}" if card.alike else "")
    lines = (card.sentence, three, card.whole_sentence, f"How sure: {card.grade}. {sure_words(card)}",
             card.overturn and f"What would overturn it: {card.overturn}", step and f"Do next: {step[:1].upper()}{step[1:]}")
    return tuple(line for line in lines if line)


def pattern_line(card: ActionCard) -> str:
    """A card that is no advice, in one line: what was tried on whom, the three numbers, and why it does not stand."""
    who = f"{card.who[:1].lower()}{card.who[1:]}"
    return f"No advice: {change_words(card)} for {who}. {three_words(card, card.in_points)} {' '.join(card.reasons)}".rstrip()
