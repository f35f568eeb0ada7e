"""What a trial is worth, what is known about it, and its card in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.conditions import told_on
from automl_core.acting.costs import mean_cost, mean_distance
from automl_core.acting.effects import Effect, best_of, possible
from automl_core.acting.grading import Evidence, grade
from automl_core.acting.identity import identity
from automl_core.acting.levers import eligible, forbidden_by, moved
from automl_core.acting.luck import is_told, without_luck
from automl_core.acting.outcome import Outcome
from automl_core.acting.overlap import of_everybody
from automl_core.acting.pilot_groups import Together, rows_together
from automl_core.acting.stage import Trial
from automl_core.acting.what_if import WhatIf
from automl_core.acting.wording import (
    JUST_PASSED,
    JUST_PAYS,
    JUST_WORKS,
    CardSubject,
    Worth,
    card_sentence,
    from_words,
    measured_words,
    next_sentence,
    overturn_sentence,
    to_words,
    who_words,
    whole_words,
)
from automl_core.acting.worth import row_values
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Desk:
    """What turns a trial into a card: the rows it was measured on (`frame`), the goal, the outcome, and whether more of it is
    wanted (`upwards`). Where those were drawn from more, a card's rows and money are those of `whole`. `values` (n,) are what a
    good outcome of each row of `frame` is worth, where a column says so. A pilot deals whole groups where the rows are `grouped`
    by a column; copies are dealt one by one."""

    frame: pd.DataFrame
    goal: Goal
    outcome: Outcome
    upwards: bool
    what_if: WhatIf
    whole: pd.DataFrame | None = None
    values: Floats | None = None
    grouped: bool = False

    def worth(self, trial: Trial, counted: Mask | None = None) -> Worth | None:
        """Net money of moving the trial's rows, or those of the whole that are `counted`; None when the goal has no money. By
        what each row's own change is worth where the scores tell, else by what an outcome is worth in the mean."""
        goal = self.goal
        if goal.value <= 0:
            return None
        rows, cost, effect = self._rows(trial, counted), self._cost(trial), trial.effect
        value, told = (self._value(trial, counted), effect) if effect.money is None else (1.0, effect.money)
        gains = sorted(self.gain(end) for end in (told.low, told.high))
        # an end that just pays is worth nothing, and not what rounding leaves of it
        net = [round(rows * (value * gain - cost), 6) + 0.0 for gain in (self.gain(told.estimate), *gains)]
        return Worth(net[0], net[1], net[2], goal.currency, cost)

    def _rows(self, trial: Trial, counted: Mask | None) -> int:
        """How many rows the trial moves; of those `counted` in the whole the share that had comparable rows where these were
        drawn from it, where it speaks of these alone."""
        return int(trial.rows.sum()) if counted is None else round(int(counted.sum()) * trial.share_meant(self.frame))

    def gain(self, value: float) -> float:
        """A change of what is counted as a gain: positive when it is wanted."""
        return value if self.upwards else -value

    def evidence(self, trial: Trial, p: float) -> Evidence:
        """What is known before the attempts to break it."""
        worth, effect = self.worth(trial), trial.effect
        wanted = trial.chosen and self.gain(effect.estimate) > 0
        weak = min(self.gain(effect.low), self.gain(effect.high))
        pays = weak > 0 if worth is None else worth.low > 0
        return Evidence(effect, p, wanted, pays, trial.scores.numeric, trial.scores.randomised, undrawn=bool(trial.undrawn),
                        free=not self._cost(trial), least=trial.scores.least)

    def rank(self, trial: Trial) -> float:
        """The low end of the net worth, or of the gain of all rows when there is no money."""
        worth = self.worth(trial)
        if worth is not None:
            return worth.low
        return min(self.gain(trial.effect.low), self.gain(trial.effect.high)) * float(trial.rows.sum())

    def card(self, trial: Trial, found: Evidence) -> ActionCard:
        """The card of a trial with its grade, words and checks. Whether it is advice is told by what the rows say of its group;
        the range that is shown also answers for the group being the best of several."""
        every = self.frame if self.whole is None else self.whole
        alike = tuple(told_on(part, every) for part in trial.alike)
        trial = replace(trial, conditions=told_on(trial.conditions, every), alike=alike)
        made = self._written(trial, found)
        if self.whole is not None:  # which rows a card is of is said by the card
            made = self._written(trial, found, np.asarray(eligible(made, self.whole), dtype=bool))
        return self._with_whole(replace(made, id=identity(made), what_if=self._what_if(made, trial.rows)), trial)

    def _value(self, trial: Trial, counted: Mask | None = None) -> float:
        """What a good outcome is worth: where a column says it of each row, in the mean of the rows that are moved."""
        if self.values is None:
            return self.goal.value
        of_whole = None if counted is None or self.whole is None else self.whole.loc[counted]
        some = self.values[trial.rows] if of_whole is None else row_values(of_whole, self.goal)
        return float(some.mean()) if len(some) else self.goal.value

    def _written(self, trial: Trial, found: Evidence, counted: Mask | None = None) -> ActionCard:
        letter, reasons = grade(found)
        stop, cost = self._break_even(trial), self.gain(self._cost(trial))
        measured = best_of(trial.effect, trial.rules, stop, cost)
        near = self._just_pays(measured, stop, cost)
        now = float(self.outcome.values[trial.rows].mean()) if trial.rows.any() else math.nan
        told = without_luck(self._possible(measured, trial.rows), found, letter, stop, cost)
        near = "" if found.randomised else near or (JUST_PASSED if is_told(measured, told, stop, cost) else "")
        near = near and measured_words(measured, told, self.outcome) + near
        trial = replace(trial, effect=told)
        effect, lever = trial.effect, trial.move.lever
        together = self._together(trial)
        subject = CardSubject(trial.move, trial.conditions, effect, self.outcome, now, trial.also, trial.alike, together,
                              None if counted is None else self._rows(trial, counted))
        worth = self.worth(trial, counted)
        nan = math.nan
        made = ActionCard(
            who=who_words(subject), lever=lever.column, from_value=from_words(trial.move), to_value=to_words(trial.move),
            rows=subject.rows, raw_gap=effect.raw_gap, what_if=nan, adjusted=effect.estimate, low=effect.low, high=effect.high,
            net_value=worth.net if worth else nan, net_low=worth.low if worth else nan, net_high=worth.high if worth else nan,
            grade=letter, support=effect.support, robustness=found.effect.robustness,
            firm_robustness=found.effect.firm_robustness,
            sentence=card_sentence(subject, letter, worth),
            overturn=overturn_sentence(found.effect, found.benchmark, letter, near),
            next_step=next_sentence(subject, letter), conditions=trial.conditions,
            from_values=trial.move.from_values, step=trial.move.step, relative=trial.move.relative, cost=self._first_cost(trial),
            counted=self.outcome.label, better="up" if self.upwards else "down", now=now, then=now + effect.estimate, p=found.p,
            tested_rows=effect.rows, benchmark=found.benchmark.column if found.benchmark else "",
            benchmark_strength=found.benchmark.strength if found.benchmark else nan, reasons=reasons, days=self._days(trial),
            lowest=lever.low, highest=lever.high, also=trial.also, alike=trial.alike,
            is_rate=self.outcome.is_rate, worth=nan if self.values is None else self._value(trial, counted),
            distance=self._distance(trial), unit_cost=lever.unit_cost, drawn=trial.scores.randomised,
        )  # fmt: skip
        return forbidden_by(made, self.goal)

    def _possible(self, effect: Effect, rows: Mask) -> Effect:
        """The effect on some rows as far as it can be where it is one on a share, and its money as far as these are worth it."""
        if not self.outcome.is_rate or not rows.any():
            return effect
        return possible(effect, self.outcome.values[rows], None if self.values is None else self.values[rows])

    def _distance(self, trial: Trial) -> float:
        """How far the trial's rows are moved in the mean."""
        return mean_distance(trial.move, self.frame.loc[trial.rows, trial.move.lever.column])

    def _first_cost(self, trial: Trial) -> float:
        return mean_cost(trial.move, self.frame.loc[trial.rows, trial.move.lever.column])

    def _cost(self, trial: Trial) -> float:
        """Money per row for all that is changed together."""
        return self._first_cost(trial) + sum(one.cost for one in trial.also)

    def _days(self, trial: Trial) -> int:
        """Until all levers that are moved together show."""
        also = {one.lever for one in trial.also}
        return max([trial.move.lever.days, *(lever.days for lever in self.goal.levers if lever.column in also)])

    def _just_pays(self, told: Effect, stop: float, cost: float) -> str:
        """What to say of a range that would go farther, had the plain one not shown that the change pays; empty where it does
        not end there. `stop` and `cost` are where the effect and its money begin to pay."""
        if told.money is not None:
            return JUST_PAYS if cost in (told.money.low, told.money.high) else ""
        if stop not in (told.low, told.high):
            return ""
        return JUST_PAYS if self.goal.value > 0 else JUST_WORKS

    def _break_even(self, trial: Trial) -> float:
        """The change of what is counted that is just worth its cost; any, where each row's is worth something else."""
        if trial.effect.money is not None:
            return 0.0
        value = self._value(trial)
        cost = self._cost(trial) / value if value > 0 else 0.0
        return cost if self.upwards else 0.0 - cost

    def _together(self, trial: Trial) -> Together | None:
        """The groups of the trial's rows, of which a pilot needs more rows; None when rows stand alone."""
        if not self.grouped or trial.scores.groups is None or not trial.rows.any():
            return None
        return rows_together("", codes_of(trial.scores.groups)[trial.rows], self.outcome.values[trial.rows])

    def _with_whole(self, card: ActionCard, trial: Trial) -> ActionCard:
        """The card with the figures of everybody whom its move is for. Nobody picked these, so their range is the plain one."""
        if not card.conditions and not card.alike:
            return replace(card, whole_rows=card.rows, whole_raw_gap=card.raw_gap, whole_what_if=card.what_if,
                           whole_adjusted=card.adjusted, whole_low=card.low, whole_high=card.high)
        root, limited = of_everybody(trial.scores)
        root = trial.root if root is None else root
        root = self._possible(root, root.moved)
        rows, able = int(root.moved.sum()), int(trial.scores.eligible.sum())
        if self.whole is not None:
            near = rows / max(1, able) if limited else 1.0
            able = int(eligible(replace(card, conditions=(), alike=()), self.whole).sum())
            rows = round(able * near)
        made = replace(card, whole_rows=rows, whole_raw_gap=root.raw_gap, whole_what_if=self._what_if(card, root.moved),
                       whole_adjusted=root.estimate, whole_low=root.low, whole_high=root.high)
        return replace(made, whole_sentence=whole_words(made, self.outcome.is_rate, able if limited else 0))

    def _what_if(self, card: ActionCard, rows: Mask) -> float:
        before = self.frame[rows]
        return self.what_if(before, moved(card, before, np.ones(len(before), dtype=bool)))
