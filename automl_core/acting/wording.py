"""Words of an action card, by evidence grade. Observed data never earn a word that promises."""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.acting.action import Grade
from automl_core.acting.effects import Benchmark, Effect
from automl_core.acting.outcome import Outcome
from automl_core.acting.statistics import rows_per_arm
from automl_core.explaining.words import interval, money, percent, quote

# A card below grade A must not contain one of these words.
BANNED = ("causes", "cause of", "will", "guarantees", "guaranteed", "proves", "proven")

VERBS: dict[Grade, str] = {
    "A": "was measured to change it",
    "B": "is likely to change it",
    "C": "goes together with the change after comparing like with like; test it before a rollout",
    "D": "is a pattern, not advice",
}


@dataclass(frozen=True, slots=True)
class Move:
    """A change in words: the lever, from what to what, for whom."""

    lever: str
    from_value: str
    to_value: str
    numeric: bool = False

    @property
    def who(self) -> str:
        if self.numeric:
            return f"Rows with a known {quote(self.lever)}"
        return (
            f"Rows with {quote(self.lever)} = {quote(self.from_value)}"
            if self.from_value
            else f"Rows with another {quote(self.lever)}"
        )

    @property
    def change(self) -> str:
        if self.numeric:
            return f"{quote(self.lever)} {self.to_value}"
        return f"{quote(self.lever)} = {quote(self.to_value)}"


@dataclass(frozen=True, slots=True)
class Worth:
    """Net money of moving all supported rows, with its range; `currency` is written in front."""

    net: float
    low: float
    high: float
    currency: str


def card_sentence(move: Move, effect: Effect, outcome: Outcome, now: float, grade: Grade, worth: Worth | None) -> str:
    """The card in words: who, size now and then with its range, how many, money, grade."""
    rows = int(effect.supported.sum())
    word = "more" if effect.estimate > 0 else "less"
    near, far = sorted((effect.low, effect.high), key=abs)
    span = (
        f"{outcome.gap(near)} {_side(near)} to {outcome.gap(far)} {_side(far)}"
        if effect.low * effect.high < 0
        else interval(outcome.gap(near), outcome.gap(far))
    )
    text = (
        f"{move.who}: {rows:,} can be compared, "
        f"{outcome.label} {'at' if outcome.is_rate else 'on average'} {outcome.level(now)}. "
        f"Like rows with {move.change}: {outcome.level(now + effect.estimate)}, {outcome.gap(effect.estimate)} {word} "
        f"(95 % range {span}). "
    )
    if worth is not None:
        text += (
            f"If all of it is real and all {rows:,} change: {money(worth.net, worth.currency)} after costs "
            f"({interval(money(worth.low, worth.currency), money(worth.high, worth.currency))}). "
        )
    return f"{text}Evidence {grade}: {move.change} {VERBS[grade]}."


def _side(value: float) -> str:
    return "more" if value > 0 else "less"


def overturn_sentence(effect: Effect, benchmark: Benchmark | None) -> str:
    """What would overturn the card: how strong a hidden factor must be."""
    strength = percent(effect.robustness)
    if benchmark is None:
        return f"A hidden factor that explains {strength} of what is left of both the lever and the outcome would cancel this."
    if effect.robustness < benchmark.strength:
        return (
            f"A hidden factor only as strong as {quote(benchmark.column)} would be enough to cancel this (strength {strength})."
        )
    return (
        f"A hidden factor would have to be stronger than {quote(benchmark.column)}, the strongest known one, to cancel this "
        f"(strength {strength})."
    )


def pilot_sentence(effect: Effect, outcome: Outcome, now: float) -> str:
    """The next step: a randomised pilot and how many rows it needs, also when the true effect is at its weak end."""
    spread = float("nan") if outcome.is_rate else float(outcome.values.std())
    needed = rows_per_arm(now, now + effect.estimate, spread)
    weak_end = min((effect.low, effect.high), key=abs)
    weak = rows_per_arm(now, now + weak_end, spread) if effect.low * effect.high > 0 else 0
    if needed == 0:
        return "No pilot of this size can see such a change."
    text = f"Next: a pilot with chance deciding who gets the change, 2 x {needed:,} rows"
    if weak > needed:
        text += f" (2 x {weak:,} if the true change is at the weak end)"
    have = int(effect.supported.sum())
    return f"{text}; {have:,} such rows are here." if have < 2 * needed else f"{text}."
