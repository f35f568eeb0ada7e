"""Outcomes that no lever can change, as they were known before: where one seems to change them, too, the rows that got it differ
in something that is not recorded (a negative control outcome: Lipsitch, Tchetgen Tchetgen and Cohen 2010)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.effects import Comparison, comparison_scores, estimate
from automl_core.acting.nuisance import Learner, folds_for
from automl_core.data.words import join_words
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]
Control = tuple[str, Floats]
LEVEL = 0.05
MOST_LEVELS = 5


@dataclass(frozen=True, slots=True)
class ControlsAsked:
    """What was asked of one lever: the name of a control that it seems to change, empty where it seems to change none, and of
    those that could be `compared`, as far as it was looked."""

    moved: str = ""
    compared: tuple[str, ...] = ()


NOT_ASKED = ControlsAsked()


def controls_of(frame: pd.DataFrame, names: Sequence[str]) -> tuple[Control, ...]:
    """The named columns as outcomes (n,), NaN where they are unknown: numbers as they are, and of the most common values whether
    a row has one."""
    found: list[Control] = []
    for name in (name for name in names if name in frame):
        series = frame[name]
        if pd.api.types.is_datetime64_any_dtype(series.dtype):
            continue
        if pd.api.types.is_numeric_dtype(series.dtype):
            found.append((name, series.to_numpy(dtype=np.float64, na_value=np.nan)))
            continue
        common = series.value_counts().index
        found += [(name, np.where(series.isna(), np.nan, (series == level).to_numpy(dtype=np.float64, na_value=np.nan)))
                  for level in common[: 1 if len(common) == 2 else MOST_LEVELS]]
    return tuple(found)


def moved_control(case: Comparison, controls: Sequence[Control]) -> ControlsAsked:
    """The first that the lever seems to change, by the comparison that its card rests on. However many are asked, a lever whose
    rows differ by chance alone seems to in one case of twenty at most."""
    compared: dict[str, None] = {}
    for name, values in controls:
        known = np.flatnonzero(np.isfinite(values))
        if not len(known) or np.ptp(values[known]) == 0:
            continue
        covariates = case.covariates.rows(known)
        binary = bool(np.isin(values[known], (0.0, 1.0)).all())
        other = replace(case.rows(known, covariates), y=values[known], binary=binary)
        scores = comparison_scores(other, Learner(covariates, seed=case.seed), folds_for(len(known)), middle=False)
        effect = None if scores is None else estimate(scores, np.ones(len(known), dtype=bool))
        if effect is None:
            continue
        compared[name] = None
        if effect.p < LEVEL / len(controls):
            return ControlsAsked(name, tuple(compared))
    return ControlsAsked("", tuple(compared))


def unmoved_notes(names: Sequence[str], asked: Sequence[ControlsAsked]) -> tuple[str, ...]:
    """That no card, each with what was `asked` of it, was seen to change what no change can: asked and not found is more than not
    asked. And of which of the `names` that could not be asked, of one card at least."""
    if not asked or any(one.moved for one in asked):
        return ()
    sure = [quote(name) for name in names if all(name in one.compared for one in asked)]
    rest = [quote(name) for name in names if quote(name) not in sure]
    made = [f"No card here was seen to change {join_words(sure, 'or')}, as none can."] if sure else []
    if rest:
        made.append(f"Whether each card seems to change {join_words(rest, 'or')} could not be asked: too few rows say it, or "
                    "nearly all say the same.")
    return tuple(made)
