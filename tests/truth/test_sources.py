"""Many values of a lever that are one move: which are left out is picked by outcomes, and figures must not be the picked ones."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import trials as made_trials
from automl_core.acting.action import Lever
from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import fold_of
from automl_core.acting.scores import Scores
from automl_core.acting.splits import make_splits
from automl_core.acting.stage import Stage, Trial
from automl_core.acting.trials import lever_trials

VALUES, EACH, COUNTED = 50, 80, 10**6
SEEN: list[int] = []


def scored(seed: int) -> np.ndarray:
    """(n,) what single rows tell of a move that does nothing at all."""
    return np.random.default_rng((98, seed)).normal(0, 1, VALUES * EACH + 200)


def trial_of(seed: int, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """The trial of fifty idle values that may be set to “new”; rows are scored without a model."""
    rows, luck = VALUES * EACH + 200, scored(seed)
    frame = pd.DataFrame({"plan": [f"v{place // EACH:02d}" for place in range(VALUES * EACH)] + ["new"] * 200})

    def scores(setting: object, old: tuple[np.ndarray, ...], new: np.ndarray, drawn: bool = False) -> Scores:
        at, none = np.any(old, axis=0), np.zeros(rows)
        SEEN.append(sum(isinstance(one, Scores) for one in gc.get_objects()) if seed == COUNTED else 0)
        return Scores(none, np.where(at, luck, 0.0), at.astype(float), at, at, at | new, new, none + 1, at.astype(float),
                      none + 0.5, none, none, fold_of(rows, None, 0), None)

    class Looks:
        def holds(self, code: np.ndarray, *asked: object) -> np.ndarray:
            return np.ones(rows, dtype=bool)

    monkeypatch.setattr(made_trials, "level", lambda setting, mask, *asked: mask)
    monkeypatch.setattr(made_trials, "_scored", lambda setting, levels, move: scores(
        setting, tuple(levels[one] for one in move.from_values), levels[move.to]))
    monkeypatch.setattr(made_trials, "category_scores", scores)
    monkeypatch.setattr(made_trials, "plausibility", lambda *asked: Looks())
    monkeypatch.setattr(made_trials, "_by_groups", lambda setting, *asked: setting)
    folds = fold_of(rows, None, seed + 9)
    stage = Stage(frame, np.zeros(rows), False, folds, folds, fold_of(rows, None, seed + 99, 6), None, make_splits(frame, ()),
                  1.0, False, 0)
    given = Covariates(np.empty((rows, 0)), (), ())
    return lever_trials(Lever("plan", ("new",)), stage, given)[0]


def test_figures_of_values_that_were_picked_are_not_those_that_picked_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty idle values lay two standard errors from nothing, once those that seemed to lose were left out."""
    found = [trial_of(seed, monkeypatch) for seed in range(100)]
    assert all(len(trial.move.from_values) < VALUES for trial in found)
    for what in ("root", "effect"):
        effects = [getattr(trial, what) for trial in found]
        far = [effect.estimate / effect.error for effect in effects]
        missed = np.mean([not effect.low <= 0 <= effect.high for effect in effects])
        print(f"{what}: {np.mean(far):.2f} errors from nothing, missed {missed:.2f}, p below 0.05: "
              f"{np.mean([effect.p < 0.05 for effect in effects]):.2f}")
        assert abs(np.mean(far)) <= 0.3
        assert missed <= 0.1
        assert np.mean([effect.p < 0.05 for effect in effects]) <= 0.1


def test_the_scores_of_many_values_are_not_kept_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 branches they would be more than a gigabyte."""
    SEEN.clear()
    trial_of(COUNTED, monkeypatch)
    assert len(SEEN) >= VALUES
    assert max(SEEN) - SEEN[0] <= 4
