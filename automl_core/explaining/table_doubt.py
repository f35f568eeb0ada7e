"""How far a mean change would differ had the model learned from other rows like its own: its doubt, by models of halves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from automl_core.explaining.refits import MOST_ROWS, PAIRS, Past, Refit, refits, spec_of
from automl_core.search.model import Model

LEAST_PAIRS = 3  # fewer say next to nothing of a spread
FIT_SECONDS = 0.7  # of the model on a fold, or of a half: what somebody waits for eight fits of half the rows
LONGEST = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Pairs of models like the model, each learned from one half of the rows and the other from the rest. `share` of the rows
    that the model learned from were halved."""

    pairs: tuple[tuple[Model, Model], ...] = ()
    share: float = 1.0

    def reach(self, told: Callable[[Model], float]) -> float:
        """Half the width of the 95 % range of what the model tells, as the rows that it learned from come and go.

        Two halves share no row, so their answers differ with four times the variance of the whole model's (half-samples: Politis,
        Romano and Wolf 1999). 0 without pairs.
        """
        from scipy.special import stdtrit

        if not self.pairs:
            return 0.0
        apart = np.array([told(first) - told(second) for first, second in self.pairs])
        return float(stdtrit(len(apart), 0.975)) * math.sqrt(self.share * float((apart**2).mean()) / 4)


NO_HALVES = Halves()


def quick_halves(model: Model, past: Past, learned: int) -> Halves:
    """The pairs of a model that takes no time to be fitted again as it is; none of others, of too few rows, and where time
    decides which rows are the first half, for then two halves differ by more than chance. The model `learned` from so many rows,
    which may be more than `past` has.

    A member that is the mean over some seeds is fitted again with one: what a seed does counts as doubt, too, so the range is
    rather too wide.
    """
    by_name = {(trial.family, trial.label): trial for trial in past.trials}
    trials = [by_name.get((member.family, member.label)) for member in model.members]
    took = sum(math.inf if one is None else one.seconds / max(1, len(one.fold_scores)) for one in trials)
    own = all(spec_of(model, member, past.trials).exact for member in model.members)
    if model.problem.time or not own or took > FIT_SECONDS:
        return NO_HALVES
    found = _while_quick(refits(model, past, LONGEST, 2 * PAIRS))
    pairs = tuple(zip(found[::2], found[1::2], strict=False))
    halved = min(MOST_ROWS, int(np.isfinite(past.y).sum()))
    return Halves(pairs, min(1.0, halved / max(1, learned))) if len(pairs) >= LEAST_PAIRS else NO_HALVES


def _while_quick(made: Iterator[Refit]) -> list[Model]:
    """The models of refits; none where the first took long: what the search counted as a fit leaves out learned columns, which
    are learned anew here. A busy machine makes no model slow: it is the shorter of the clock's time and of the processors'."""
    found: list[Model] = []
    while True:
        clock, busy = time.monotonic(), time.process_time()
        refit = next(made, None)
        if refit is None:
            return found
        if not found and min(time.monotonic() - clock, time.process_time() - busy) > FIT_SECONDS:
            return []
        found.append(refit.model)
