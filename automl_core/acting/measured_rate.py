"""How many of the bad outcomes a pilot's change turned good, as the list of rows to act on takes it for granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from automl_core.acting.action import Goal
from automl_core.acting.identity import same_goal
from automl_core.acting.pilots import Pilot, change_words
from automl_core.explaining.words import interval, percent


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """The share of bad outcomes that a change of `levers` turned good, with its 95 % range; below zero it made more of them
    bad."""

    change: str
    rate: float
    low: float
    high: float
    levers: frozenset[str] = frozenset()

    @property
    def sentence(self) -> str:
        """What was measured, in words."""
        ends = interval(percent(self.low), percent(self.high))
        return f"The pilot of {self.change} measured that {percent(self.rate)} of bad outcomes turned good ({ends})."


def measured_rate(pilot: Pilot) -> MeasuredRate | None:
    """What a pilot that has ended measured; None for others, for numbers, where nothing turned good, and where the verdict came
    before outcomes were due: what shows early is not what shows in the end.

    The difference of the two sides over the bad outcomes of the side without the change. Those are taken as known, which can only
    widen the range: what is by chance too high there makes the difference too large, too, and the two cancel in part.
    """
    result = pilot.result
    if result is None or result.waits or result.early or not pilot.is_rate or pilot.state not in ("raised", "retired"):
        return None
    bad = 1.0 - result.held_mean
    if not 0 < result.difference <= bad:
        return None
    rate, low, high = (round(value / bad, 3) for value in (result.difference, result.low, result.high))
    levers = frozenset({pilot.card.lever, *(one.lever for one in pilot.card.also)})
    return MeasuredRate(change_words(pilot.card), rate, max(low, -1.0), min(high, 1.0), levers)


def without_rate(goal: Goal, pilot: Pilot) -> Goal:
    """The goal with the usual estimate where its rate and range are those that the pilot measured; else the goal itself."""
    made = measured_rate(pilot)
    if made is None or not same_goal(pilot, goal) or (goal.save_rate, goal.save_range) != (made.rate, (made.low, made.high)):
        return goal
    return replace(goal, save_rate=Goal("", "").save_rate, save_range=())


def measured_rates(pilots: Sequence[Pilot], goal: Goal) -> tuple[MeasuredRate, ...]:
    """What pilots measured of changes that can still be made by the goal, in their order; each change once."""
    named = {lever.column for lever in goal.levers}
    found: dict[str, MeasuredRate] = {}
    for pilot in pilots:
        made = measured_rate(pilot)
        if made is not None and made.levers <= named:
            found.setdefault(made.change, made)
    return tuple(found.values())
