"""From which of many values a target is worth moving to, where all of them are one move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.conditions import all_hold
from automl_core.acting.costs import mean_cost
from automl_core.acting.effects import estimate
from automl_core.acting.moves import Move
from automl_core.acting.policy import EXCLUDE_AT
from automl_core.acting.scores import Scores

if TYPE_CHECKING:
    from automl_core.acting.trials import Stage, Trial

Mask = NDArray[np.bool_]
Scored = Callable[[Move], Scores | None]


@dataclass(frozen=True, eq=False, slots=True)
class Sources:
    """The `move` from those values that are worth it. Where some were left out, `halves` are the scores of the moves that the
    other half of the rows would have made of it, and `told` the rows (n,) on which there is one."""

    move: Move
    halves: Scores | None = None
    told: Mask | None = None

    def sober(self, trial: Trial, stage: Stage) -> Trial:
        """The trial, no surer than what either half picks is on the other half: values that chance favours were picked, too."""
        if self.told is None:
            return trial
        rows, p = self.told & all_hold(trial.conditions, stage.frame), 1.0
        effect = None if self.halves is None else estimate(self.halves, rows)
        if effect is not None and stage.worth * effect.estimate > 0:
            p = effect.p
        return replace(trial, effect=replace(trial.effect, p=max(trial.effect.p, p)), rules=trial.rules + 1)


def worth_moving(move: Move, scored: Scored, stage: Stage) -> Sources:
    """The move without the values that lose by it, by one standard error as parts of a group do: among those that gain more they
    would not show, and rows would leave a better value. All of them where none is left. `scored` scores a move."""
    if len(move.from_values) < 2:
        return Sources(move)
    each = {value: (one, scored(one)) for value in move.from_values for one in [replace(move, from_values=(value,))]}
    everywhere = np.ones(len(stage.y), dtype=bool)

    def kept(rows: Mask) -> Move:
        held = tuple(value for value, (one, scores) in each.items() if scores is None or not _loses(one, scores, rows, stage))
        return replace(move, from_values=held)

    whole = kept(everywhere)
    if whole == move or not whole.from_values:
        return Sources(move)
    others = [kept(~stage.first), kept(stage.first)]  # what is measured on the first half is picked on the other
    both = [scored(one) if one.from_values else None for one in others]
    told = np.where(stage.first, both[0] is not None, both[1] is not None)
    known = [one for one in both if one is not None]
    return Sources(whole, _either(stage.first, known[0], known[-1]) if known else None, told)


def _loses(move: Move, scores: Scores, rows: Mask, stage: Stage) -> bool:
    """Whether the move loses on some rows, after what it costs, by one standard error. Not where these are too few to tell."""
    effect = estimate(stage.valued(scores), rows)
    if effect is None:
        return False
    able = scores.eligible & rows
    gain, error = effect.in_money(stage.mean_worth(able))
    cost = mean_cost(move, stage.frame.loc[able, move.lever.column]) if stage.priced else 0.0
    return gain - cost <= -EXCLUDE_AT * error


def _either(first: Mask, one: Scores, other: Scores) -> Scores:
    """Scores that are the ones on the `first` rows (n,) and the `other` ones elsewhere."""
    made: dict[str, Any] = {}
    for name in (field.name for field in fields(Scores)):
        here, there = getattr(one, name), getattr(other, name)
        if isinstance(here, np.ndarray) or isinstance(there, np.ndarray):
            made[name] = np.where(first, 0.0 if here is None else here, 0.0 if there is None else there)
    return replace(one, **made)
