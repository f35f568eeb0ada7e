"""One finding of the report in a sentence or two: what drives the outcome, which group differs, what a card would change."""

from __future__ import annotations

import math

from automl_core.acting.action import ActionCard, SegmentSearch
from automl_core.acting.card_words import three_words
from automl_core.acting.conditions import describe_all
from automl_core.acting.grade_words import grade_words
from automl_core.acting.wording import with_costs
from automl_core.data.words import join_words
from automl_core.explaining.explanation import ColumnGroup, Explanation, Importance, ShapePoint
from automl_core.explaining.words import (
    change_range,
    count,
    counted_alike,
    interval,
    money,
    number,
    percent,
    plain,
    points,
    quote,
    told_apart,
)
from automl_core.framing.problem import Problem
from automl_core.reporting.sections import PERSONAL, SMALLEST_GROUP

MOST_DRIVERS = 3
MOST_SEGMENTS = 3


def driver_sentences(explanation: Explanation | None, problem: Problem) -> tuple[str, ...]:
    """The three strongest columns, or groups of those that say much the same, without those that a closer look found no evidence
    for, one sentence each; of several classes the first one says which class they are about."""
    if explanation is None:
        return ()
    found = tuple(_driver(one, explanation) for one in explanation.drivers[:MOST_DRIVERS])
    if not found:
        return ()
    found = (*found, *filter(None, (counted_alike(problem.weights),)))
    if problem.task != "multiclass":
        return found
    return (f"This is about {quote(problem.target)} = {quote(explanation.label)}, one of {len(problem.classes)} classes.", *found)


def _driver(one: Importance | ColumnGroup, explanation: Explanation) -> str:
    """A group is told by its strongest column."""
    first_of, others = one.names[0], len(one.names) - 1
    name = quote(first_of)
    if others:
        more = f"{quote(one.names[1])} says" if others == 1 else f"{count(others, 'other column')} say"
        name += f" ({more} much the same)"
    shape = next((shape for shape in explanation.shapes if shape.column == first_of), None)
    least = max(SMALLEST_GROUP, 0.02 * explanation.rows)
    seen = [] if shape is None else [point for point in shape.points if point.rows >= least and math.isfinite(point.observed)]
    known = [point for point in seen if point.known]
    gone = next((point for point in seen if point.gone and _matters(point, known, explanation.in_points)), None)
    low, high = (pick(known, key=lambda point: point.observed, default=None) for pick in (min, max))
    if low is None or high is None or (low is high and gone is None) or PERSONAL.search(first_of):
        return f"{name} carries {percent(one.share)} of what moves the prediction."
    mark = quote if shape is not None and shape.kind == "category" else plain
    scale, write = (100, percent) if explanation.in_points else (1, number)
    first, last = told_apart(high.observed / scale, low.observed / scale, write)
    said = f"are {quote(explanation.label)}" if explanation.in_points else "on average"
    told = f"{name}: {first} {said} at {mark(high.label)}"
    if high is not low:
        told += f", {last} at {mark(low.label)}"
    return f"{told}." if gone is None else f"{told}; where it is missing, {write(gone.observed / scale)}."


def _matters(gone: ShapePoint, known: list[ShapePoint], of_class: bool) -> bool:
    """Whether rows without a value are told: where their mean lies away from that of the others by half of what the values tell
    or more, and by more than chance. Old explanations do not say how far numbers differ: one level alone is then no measure."""
    if not known:
        return False
    means = [point.observed for point in known]
    rows = sum(point.rows for point in known)
    middle = sum(point.observed * point.rows for point in known) / rows
    away, rate = abs(gone.observed - middle), min(max(middle / 100, 0.0), 1.0)
    spread = 100 * math.sqrt(rate * (1 - rate)) if of_class else max(
        (point.spread for point in (gone, *known) if math.isfinite(point.spread)), default=0.0 if len(known) > 1 else math.inf)
    chance = 2 * spread * math.sqrt(1 / gone.rows + (0.0 if of_class else 1 / rows))
    return away > chance and away >= 0.5 * (max(means) - min(means))


def segment_sentences(found: SegmentSearch | None) -> tuple[str, ...]:
    """The first confirmed groups that are not small, and not drawn by a column whose values may point at a person."""
    if found is None:
        return ()
    shown = [
        segment
        for segment in found.segments
        if segment.rows >= SMALLEST_GROUP and not any(PERSONAL.search(c.column) for c in segment.conditions)
    ]
    return tuple(segment.sentence for segment in shown[:MOST_SEGMENTS])


def _meant(card: ActionCard) -> str:
    """How many rows a card is about and, where it is a group of those that could change, which; not by what may name a person."""
    rows, described = count(card.rows, "row"), (*card.conditions, *(one for part in card.alike for one in part))
    if any(PERSONAL.search(one.column) for one in described):
        return f"{rows} of a group"
    where = f" where {describe_all(card.conditions)}" if card.conditions else ""
    return f"{rows}{where}{', those' if card.conditions else ''} that have others like them" if card.alike else f"{rows}{where}"


def card_sentences(card: ActionCard, classes: bool, currency: str) -> str:
    """A card in three short sentences: the move with its size and money, the same change seen three ways, and how far to trust
    it."""
    turned, often, write = (-1 if card.better == "down" and classes else 1), " often" if classes else "", (
        points if classes else number)

    def side(value: float) -> str:
        return f"{'more' if turned * value > 0 else 'less'}{often}"

    size, word = write(abs(card.adjusted)), side(card.adjusted)
    span = change_range(card.low, card.high, write, side)
    values = card.from_values or (card.from_value,)
    known = classes and card.from_value and card.from_value != "as it is"
    start = f" from {join_words([quote(value) for value in values], 'or')}" if known else ""
    tested = card.is_tested
    verb = ("the changed rows had" if tested else "like rows have") + (" the wanted outcome" if classes else "")
    to = plain(card.to_value) if math.isfinite(card.step) else f"to {quote(card.to_value)}"
    moves = [f"{quote(card.lever)}{start} {to}"]
    moves += [f"{quote(one.lever)} from {join_words([quote(value) for value in one.from_values], 'or')} to {quote(one.to_value)}"
              for one in card.also]
    move = f"Move {join_words(moves)} ({_meant(card)})"
    text = f"{move}: {verb} {size} {word} (95 % range {span})"
    if not math.isnan(card.net_value):
        worth, *ends = (money(value, currency) for value in (card.net_value, card.net_low, card.net_high))
        condition = "the others respond alike" if tested else "all of it is real"
        text += f", worth {with_costs(worth, card.whole_cost)} ({interval(*ends)}) if {condition}"
    return f"{text}. {three_words(card, classes, ranged=False)} Evidence {card.grade}: {grade_words(card).trust}."
