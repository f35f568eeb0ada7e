"""One finding of the report in a sentence or two: what drives the outcome, which group differs, what a card would change."""

from __future__ import annotations

import math

from automl_core.acting.action import ActionCard, SegmentSearch
from automl_core.data.words import join_words
from automl_core.explaining.explanation import Explanation, Importance
from automl_core.explaining.words import count, counted_alike, interval, money, number, percent, plain, points, quote
from automl_core.framing.problem import Problem
from automl_core.reporting.sections import PERSONAL, SMALLEST_GROUP

MOST_DRIVERS = 3
MOST_SEGMENTS = 3
TRUST = {
    "A": "measured where chance decided",
    "B": "likely, after comparing like with like",
    "C": "something hidden may explain it, so test it first",
    "D": "a pattern, not advice",
}


def driver_sentences(explanation: Explanation | None, problem: Problem) -> tuple[str, ...]:
    """The three strongest columns, without those that a closer look found no evidence for, one sentence each; of several classes
    the first one says which class they are about."""
    if explanation is None:
        return ()
    found = tuple(_driver(one, explanation) for one in explanation.drivers[:MOST_DRIVERS])
    if not found:
        return ()
    found = (*found, *filter(None, (counted_alike(problem.weights),)))
    if problem.task != "multiclass":
        return found
    return (f"This is about {quote(problem.target)} = {quote(explanation.label)}, one of {len(problem.classes)} classes.", *found)


def _driver(one: Importance, explanation: Explanation) -> str:
    name = quote(one.column)
    shape = next((shape for shape in explanation.shapes if shape.column == one.column), None)
    least = max(SMALLEST_GROUP, 0.02 * explanation.rows)
    seen = [] if shape is None else [
        point for point in shape.points
        if point.rows >= least and math.isfinite(point.observed) and point.label not in ("others", "missing")
    ]
    if len(seen) < 2 or PERSONAL.search(one.column):
        return f"{name} carries {percent(one.share)} of the prediction."
    low, high = min(seen, key=lambda point: point.observed), max(seen, key=lambda point: point.observed)
    mark = quote if shape is not None and shape.kind == "category" else plain
    if explanation.in_points:
        return (
            f"{name}: {percent(high.observed / 100)} are {quote(explanation.label)} at {mark(high.label)}, "
            f"{percent(low.observed / 100)} at {mark(low.label)}."
        )
    return f"{name}: {number(high.observed)} on average at {mark(high.label)}, {number(low.observed)} at {mark(low.label)}."


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


def card_sentences(card: ActionCard, classes: bool, currency: str) -> str:
    """A card in two short sentences: the move with its size and money, and how far to trust it."""
    near, far = sorted((abs(card.low), abs(card.high)))
    wanted = card.adjusted < 0 if card.better == "down" else card.adjusted > 0
    word = ("more often" if wanted else "less often") if classes else ("more" if card.adjusted > 0 else "less")
    size, span = (
        (points(card.adjusted), interval(points(near), points(far)))
        if classes
        else (number(abs(card.adjusted)), interval(number(near), number(far)))
    )
    values = card.from_values or (card.from_value,)
    known = classes and card.from_value and card.from_value != "as it is"
    start = f" from {join_words([quote(value) for value in values], 'or')}" if known else ""
    tested = card.grade == "A"
    verb = ("the changed rows had" if tested else "like rows have") + (" the wanted outcome" if classes else "")
    to = plain(card.to_value) if math.isfinite(card.step) else f"to {quote(card.to_value)}"
    moves = [f"{quote(card.lever)}{start} {to}"]
    moves += [f"{quote(one.lever)} from {join_words([quote(value) for value in one.from_values], 'or')} to {quote(one.to_value)}"
              for one in card.also]
    move = f"Move {join_words(moves)} ({count(card.rows, 'row')})"
    text = f"{move}: {verb} {size} {word} (95 % range {span})"
    if not math.isnan(card.net_value):
        worth, *ends = (money(value, currency) for value in (card.net_value, card.net_low, card.net_high))
        condition = "the others respond alike" if tested else "all of it is real"
        text += f", worth {worth} after costs ({interval(*ends)}) if {condition}"
    return f"{text}. Evidence {card.grade}: {TRUST[card.grade]}."
