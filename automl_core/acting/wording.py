"""Words of an action card, by evidence grade. Observed data never earn a word that promises."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl_core.acting.action import ActionCard, Change, Condition, Grade
from automl_core.acting.conditions import describe, describe_all
from automl_core.acting.effects import Effect
from automl_core.acting.grade_words import GRADES
from automl_core.acting.moves import Move
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilot_groups import Together
from automl_core.acting.power import Change as Promised
from automl_core.acting.power import side_rows
from automl_core.acting.refutations import Benchmark
from automl_core.data.words import few_of, join_words
from automl_core.explaining.words import (
    NO_CHANGE,
    interval,
    is_nothing,
    money,
    number,
    percent,
    points,
    quote,
    signed,
    told_apart,
)

WAYS = {tested: ("as seen in the data", "as the model says", "measured" if tested else "like with like")
        for tested in (False, True)}  # raw gap, what-if and adjusted effect, wherever they are told, by `ActionCard.is_tested`
MOST_NAMED = 6  # values in a sentence
_FLATTERED = "chance favours what is shown, so the card tells less than was measured."
JUST_PAYS = f" The weak end of its range is just where it begins to pay: {_FLATTERED}"
JUST_WORKS = f" The weak end of its range is just where there is no change: {_FLATTERED}"
JUST_PASSED = f" The card only just passed its checks: {_FLATTERED}"
OTHER_ROWS = "This was measured where chance decided; it holds for rows like those, at that time."
ALIKE_COUNTED = "Rows that have none like them at the new value are counted, too."  # in a raw gap
ROLL_OUT = "Roll it out, and keep a small hold-out to see that it goes on working."
DOES_NOT_PAY = "Do not roll it out as it is: it works, but costs more than it brings. Look for a cheaper way."
MAY_NOT_PAY = "It works, but may cost more than it brings: before you roll it out, look for a cheaper way, or test more rows."
LOSES = "Do not roll it out as it is: it works, but it loses money by what each row is worth."
MAY_LOSE = "It works, but may lose money by what each row is worth: before you roll it out, test more rows."


def costs_told(cost: float) -> str:
    """How money of a change that costs a row so much is told, wherever it is: net of that, or that no cost is in it (0)."""
    return "after costs" if cost else "before costs"


def with_costs(money: str, cost: float) -> str:
    """An amount, or the name of one, with `costs_told`: “€ 900 after costs”, or “€ 900 before costs”."""
    return f"{money} {costs_told(cost)}"


def told_ways(card: ActionCard, gaps: tuple[float, float, float], span: tuple[float, ...], is_rate: bool) -> str:
    """The three gaps side by side, by their names; with the 95 % range of the last one where `span` has its two ends. `is_rate`:
    they are shares of rows."""
    def told(value: float) -> str:
        return signed(value, points if is_rate else number) if math.isfinite(value) else "unknown"

    words = ", ".join(f"{name} {told(gap)}" for name, gap in zip(WAYS[card.by_chance], gaps, strict=True))
    return f"{words} (95 % range {interval(*map(told, span))})" if span else words


def chance_decided(rows: int = 0) -> str:
    """Why a card has grade A: after a pilot of so many rows, or (0) because the lever was drawn by chance all along."""
    among = f" among {rows:,} rows" if rows else ""
    return f"Chance decided who got the change{among}, so it was measured and not only compared."


@dataclass(frozen=True, eq=False, slots=True)
class CardSubject:
    """What a card's sentences are made of. `now` is the mean outcome of its rows; `together` tells of rows in whole groups. Where
    the effect was measured on rows drawn from more, `counted` are the card's rows among all."""

    move: Move
    conditions: tuple[Condition, ...]
    effect: Effect
    outcome: Outcome
    now: float
    also: tuple[Change, ...] = ()
    alike: tuple[tuple[Condition, ...], ...] = ()
    together: Together | None = None
    counted: int | None = None

    @property
    def rows(self) -> int:
        return int(self.effect.moved.sum()) if self.counted is None else self.counted


@dataclass(frozen=True, slots=True)
class Worth:
    """Net money of moving all rows of the card, with its range; `currency` is written in front. One row costs `cost`."""

    net: float
    low: float
    high: float
    currency: str
    cost: float


def from_words(move: Move) -> str:
    """From what: the values, or “as it is” for a number."""
    return "as it is" if move.numeric else " or ".join(move.from_values)


def to_words(move: Move) -> str:
    """To what: the value, or the step in words."""
    if not move.numeric:
        return move.to
    amount = percent(abs(move.step)) if move.relative else number(abs(move.step))
    return f"{amount} {'higher' if move.upwards else 'lower'}"


def who_words(subject: CardSubject) -> str:
    """Who is meant: the rows' own conditions and the value that they have now."""
    parts = []
    if subject.move.from_values:
        parts.append(f"{quote(subject.move.lever.column)} is {_values(subject.move.from_values)}")
    parts.extend(f"{quote(one.lever)} is {_values(one.from_values)}" for one in subject.also)
    parts.extend(describe(condition) for condition in subject.conditions)
    stays = _stays(subject.move)
    if stays:
        parts.append(f"{quote(subject.move.lever.column)} stays {stays}")
    if not parts:
        return f"Rows with a known {quote(subject.move.lever.column)}"
    return f"Rows where {join_words(parts)}"


def _stays(move: Move) -> str:
    """The limits that a number must not leave when it is moved, in words; empty where there are none."""
    low, high = move.lever.low, move.lever.high
    if not move.numeric or not (math.isfinite(low) or math.isfinite(high)):
        return ""
    if math.isfinite(low) and math.isfinite(high):
        return f"from {number(low)} to {number(high)}"
    return f"at {number(low)} or more" if math.isfinite(low) else f"at {number(high)} or less"


def _values(values: tuple[str, ...]) -> str:
    """Values in words, of many the first and how many more there are."""
    return few_of([quote(value) for value in values], MOST_NAMED, "or")


def change_words(subject: CardSubject) -> str:
    """What changes: “Contract” = “One year”."""
    column = quote(subject.move.lever.column)
    first = f"{column} {to_words(subject.move)}" if subject.move.numeric else f"{column} = {quote(subject.move.to)}"
    return join_words([first, *(f"{quote(one.lever)} = {quote(one.to_value)}" for one in subject.also)])


def card_sentence(subject: CardSubject, grade: Grade, worth: Worth | None) -> str:
    """The card in words: who, size now and then with its range, how many, money, grade."""
    effect, outcome = subject.effect, subject.outcome
    place = "at" if outcome.is_rate else "on average"
    text = (
        f"{who_words(subject)}: {subject.rows:,} would be moved{_alike_words(subject)}, {outcome.label} {place} "
        f"{outcome.level(subject.now)}. "
        f"Like rows with {change_words(subject)}: {outcome.level(subject.now + effect.estimate)}, "
        f"{_effect_words(effect, outcome)}. "
    )
    if worth is not None:
        text += (
            f"If all of it is real and all {subject.rows:,} change: {with_costs(money(worth.net, worth.currency), worth.cost)} "
            f"({interval(money(worth.low, worth.currency), money(worth.high, worth.currency))}). "
        )
    return f"{text}Evidence {grade}: {change_words(subject)} {GRADES[grade].verbs[bool(subject.also)]}."


def _alike_words(subject: CardSubject) -> str:
    return f" (where {'; or '.join(describe_all(part) for part in subject.alike)})" if subject.alike else ""


def _effect_words(effect: Effect, outcome: Outcome) -> str:
    """How much more or less, with the range; what is written as zero is said to be no change."""
    near, far = sorted((effect.low, effect.high), key=abs)
    told = NO_CHANGE if is_nothing(outcome.gap(effect.estimate)) else _sided(effect.estimate, outcome)
    if is_nothing(outcome.gap(far)):
        return told
    if effect.low * effect.high < 0:
        span = f"{_sided(near, outcome)} to {_sided(far, outcome)}"
    else:
        span = interval(*told_apart(abs(near), abs(far), points if outcome.is_rate else number))
    return f"{told} (95 % range {span})"


def measured_words(measured: Effect, told: Effect, outcome: Outcome) -> str:
    """What was measured, where a card writes less than that; empty where it writes the same."""
    words = _sided(measured.estimate, outcome)
    return "" if words == _sided(told.estimate, outcome) else f" Measured: {words}."


def _sided(value: float, outcome: Outcome) -> str:
    gap = outcome.gap(value)
    return "no change" if is_nothing(gap) else f"{gap} {'more' if value > 0 else 'less'}"


def whole_words(card: ActionCard, is_rate: bool, able: int = 0) -> str:
    """What the three numbers are for everybody whom the change is for, where the card is about a group of them. `able`: so many
    the change is for, and only those are told of that have others to be compared with (0: all are). A card may be about more of
    its group than these."""
    gaps = (card.whole_raw_gap, card.whole_what_if, card.whole_adjusted)
    told = told_ways(card, gaps, (card.whole_low, card.whole_high), is_rate)
    if not able:
        return f"For all {card.whole_rows:,} rows that the change is for, not only these: {told}."
    seen, rest = told.split(", ", 1)  # what is seen in the data is seen of all of them
    return (f"For all {able:,} rows that the change is for: {seen}. For those {card.whole_rows:,} of them that have others like "
            f"them: {rest}.")


def overturn_sentence(effect: Effect, benchmark: Benchmark | None, letter: Grade, near: str = "") -> str:
    """What would overturn the card: how strong a hidden factor must be, or other rows where chance decided; and what is said of
    one that only just passed (`near`)."""
    return (OTHER_ROWS if letter == "A" else _hidden_words(effect, benchmark)) + near


def _hidden_words(effect: Effect, benchmark: Benchmark | None) -> str:
    strength = percent(effect.robustness)
    if benchmark is None:
        return f"A hidden factor that explains {strength} of what is left of both the lever and the outcome would cancel this."
    if effect.firm_robustness < benchmark.strength:
        return (
            f"A hidden factor only as strong as {benchmark.words} would be enough to cancel this (strength {strength})."
        )
    known = f"{benchmark.words}, the strongest known one," if benchmark.column else benchmark.words
    return f"A hidden factor would have to be stronger than {known} to cancel this (strength {strength})."


def next_sentence(subject: CardSubject, letter: Grade) -> str:
    """The next step: nothing for a pattern, to roll out what was measured, else a pilot."""
    return "" if letter == "D" else ROLL_OUT if letter == "A" else pilot_sentence(subject)


def pilot_sentence(subject: CardSubject) -> str:
    """A randomised pilot and how many rows it needs, also when the true effect is at its weak end."""
    effect, now = subject.effect, subject.now
    spread = float("nan") if subject.outcome.is_rate else float(subject.outcome.values[effect.moved].std())
    needed = side_rows(Promised(now, now + effect.estimate, spread=spread), subject.together)
    weak_end = min((effect.low, effect.high), key=abs)
    weak = side_rows(Promised(now, now + weak_end, spread=spread), subject.together) if effect.low * effect.high > 0 else 0
    if needed == 0:
        return "No pilot of this size can see such a change."
    text = f"Next: a pilot with chance deciding who gets the change, 2 × {needed:,} rows"
    if subject.together is not None:
        text += " in whole groups"
    if weak > needed:
        text += f" (2 × {weak:,} if the true change is at the weak end)"
    elif weak_end == 0:
        text += " (no number is enough if the true change is at the weak end, which is no change at all)"
    if subject.rows >= 2 * needed:
        return f"{text}."
    return f"{text}. Only {subject.rows:,} of the rows with an outcome are such, so it has to take others, too."
