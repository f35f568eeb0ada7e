"""From which of many values a target is worth moving to, where all of them are one move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.costs import mean_cost
from automl_core.acting.effects import estimate
from automl_core.acting.moves import Move
from automl_core.acting.policy import EXCLUDE_AT
from automl_core.acting.scores import Scores
from automl_core.acting.stage import Stage

Mask = NDArray[np.bool_]
Scored = Callable[[Move], Scores | None]


@dataclass(frozen=True, eq=False, slots=True)
class Sources:
    """The `move` from those values that are worth it. Where some were left out, `halves` are the scores of the moves that either
    half of the rows is told by, the `first` (n,) and the rest, each picked on the other (None: the other picked no value)."""

    move: Move
    halves: tuple[Scores | None, Scores | None] | None = None
    first: Mask | None = None

    @property
    def picked(self) -> bool:
        """Whether outcomes had a say in which values are moved."""
        return self.halves is not None

    def told_apart(self, scores: Scores) -> Scores:
        """The scores of the move with those that its figures come from: values that chance favours were picked, too, and look
        better on the rows that picked them, in the estimate as in its p value."""
        if self.halves is None or self.first is None:
            return scores
        one, other = self.halves
        known = np.where(self.first, one is not None, other is not None)
        return replace(scores, apart=_either(self.first, known, one or other or scores, other or one or scores))


def worth_moving(move: Move, scored: Scored, stage: Stage) -> Sources:
    """The move without the values that lose by it, by one standard error as parts of a group do: among those that gain more they
    would not show, and rows would leave a better value. All of them where none is left. `scored` scores a move."""
    if len(move.from_values) < 2:
        return Sources(move)
    asked = np.ones(len(stage.y), dtype=bool), ~stage.first, stage.first  # what the first half tells is picked on the other
    loses = {value: _verdicts(replace(move, from_values=(value,)), scored, asked, stage) for value in move.from_values}
    whole, *others = (replace(move, from_values=tuple(value for value in move.from_values if not loses[value][place]))
                      for place in range(len(asked)))
    if whole == move or not whole.from_values:
        return Sources(move)
    one, other = (scored(half) if half.from_values else None for half in others)
    return Sources(whole, (one, other), stage.first)


def _verdicts(move: Move, scored: Scored, asked: tuple[Mask, ...], stage: Stage) -> tuple[bool, ...]:
    """Whether the move from one value loses on each of these rows. Its scores are not kept: of 300 values they are a gigabyte."""
    scores = scored(move)
    return tuple(scores is not None and _loses(move, scores, rows, stage) for rows in asked)


def _loses(move: Move, scores: Scores, rows: Mask, stage: Stage) -> bool:
    """Whether the move loses on some rows, after what it costs, by one standard error. Not where these are too few to tell."""
    effect = estimate(stage.valued(scores), rows)
    if effect is None:
        return False
    able = scores.eligible & rows
    gain, error = effect.in_money(stage.mean_worth(able))
    cost = mean_cost(move, stage.frame.loc[able, move.lever.column]) if stage.priced else 0.0
    return gain - cost <= -EXCLUDE_AT * error


def _either(first: Mask, known: Mask, one: Scores, other: Scores) -> Scores:
    """Scores that are the ones on the `first` rows (n,) and the `other` ones elsewhere; rows not `known` tell nothing."""
    made: dict[str, Any] = {}
    for name in (field.name for field in fields(Scores)):
        here, there = getattr(one, name), getattr(other, name)
        if isinstance(here, np.ndarray) or isinstance(there, np.ndarray):
            made[name] = np.where(first, 0.0 if here is None else here, 0.0 if there is None else there)
    made.update({name: made[name] & known for name in ("eligible", "near", "region", "new")})
    return replace(one, **made)
