"""Did chance decide who was treated? If it did, nothing known before can tell treated rows from the others.

Two checks: a boosted model tries to tell them apart on rows it has not seen (AUC near 0.5 when it cannot), and each column's
balance is tested alone, corrected for how many there are. Size counts besides chance: on many rows a harmless imbalance is
significant, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import Learner
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]
LEVEL = 0.001
LEAST_AUC = 0.53
LEAST_GAP = 0.1
SHUFFLES = 30


@dataclass(frozen=True, slots=True)
class Balance:
    """Whether treatment looks random: AUC of telling treated rows (0.5 is none) with the p of a higher one by chance (by the
    textbook where a column decides), and the column that differs most (standardised difference) with its corrected p."""

    auc: float
    p: float
    column: str
    gap: float
    column_p: float
    randomised: bool
    sentence: str


def check_randomised(covariates: Covariates, treated: NDArray[np.bool_], folds: NDArray[np.int64]) -> Balance:
    """The check for aligned rows; refused when a difference is both beyond chance (p < 0.001) and large enough to mislead."""
    everyone = np.ones(len(treated), dtype=bool)
    learner = Learner(covariates)
    chance = learner.cross_fit(treated.astype(np.float64), everyone, folds, True)
    auc, p = _auc(chance, treated)
    column, gap, column_p = _widest(covariates, treated)
    uneven = column_p < LEVEL and gap >= LEAST_GAP
    if not uneven and p < LEVEL and auc >= LEAST_AUC:  # a column that says no needs no second witness
        p = _shuffled(learner, treated, folds, auc)
    told = p < LEVEL and auc >= LEAST_AUC
    if uneven:
        words = f"Treatment was not left to chance: treated rows differ in {quote(column)} (standardised difference {gap:.2f})."
    elif told:
        words = (
            f"Treatment was not left to chance: the other columns tell who was treated (AUC {auc:.2f}, where chance gives 0.50)."
        )
    else:
        words = f"Treatment looks like chance: the other columns cannot tell who was treated (AUC {auc:.2f})."
    return Balance(auc, p, column, gap, column_p, not (told or uneven), words)


def _auc(chance: Floats, treated: NDArray[np.bool_]) -> tuple[float, float]:
    """The AUC and the chance of one as high for a model that knows nothing (Mann and Whitney 1947)."""
    from scipy import stats

    yes, no = int(treated.sum()), int((~treated).sum())
    ranks = stats.rankdata(chance)
    auc = float((ranks[treated].sum() - yes * (yes + 1) / 2) / (yes * no))
    error = math.sqrt((yes + no + 1) / (12 * yes * no))
    return auc, float(stats.norm.sf((auc - 0.5) / error))


def _shuffled(learner: Learner, treated: NDArray[np.bool_], folds: NDArray[np.int64], auc: float) -> float:
    """The p of that AUC among shuffled treatments. Rows train the models that score each other, so the textbook error is
    too small (by about a quarter in simulations); this one is asked only when the textbook's says refuse, and no column does."""
    from scipy import stats

    random = np.random.default_rng(0)
    everyone = np.ones(len(treated), dtype=bool)
    found = []
    for _ in range(SHUFFLES):
        mixed = random.permutation(treated)
        found.append(_auc(learner.cross_fit(mixed.astype(np.float64), everyone, folds, True), mixed)[0])
    spread = max(float(np.std(found, ddof=1)), 1e-6)
    return float(stats.t.sf((auc - float(np.mean(found))) / (spread * math.sqrt(1 + 1 / SHUFFLES)), SHUFFLES - 1))


def _widest(covariates: Covariates, treated: NDArray[np.bool_]) -> tuple[str, float, float]:
    """The column whose values differ most beyond chance between the sides, its standardised difference, and Holm's p.

    A category counts by the level that differs most; missing values are a level of their own.
    """
    found: list[tuple[float, float, str]] = []
    for place, name in enumerate(covariates.names):
        values = covariates.matrix[:, place]
        missing = np.isnan(values)
        parts = [missing.astype(np.float64)] if missing.any() else []
        if place in covariates.categorical:
            parts += [(values == level).astype(np.float64) for level in np.unique(values[~missing])]
        elif (~missing).any():
            ranked = values.copy()
            ranked[missing] = np.median(values[~missing])
            parts.append(_ranks(ranked))
        tests = [_tested(part, treated) for part in parts]
        if tests:
            p, gap = min(tests)
            found.append((min(1.0, p * len(tests)), gap, name))
    if not found:
        return "", 0.0, 1.0
    p, gap, name = min(found, key=lambda one: (one[0], -one[1]))
    return name, gap, min(1.0, p * len(found))


def _ranks(values: Floats) -> Floats:
    """Ranks: a few extreme values would otherwise hide a shift, or make one."""
    from scipy import stats

    return np.asarray(stats.rankdata(values), dtype=np.float64)


def _tested(values: Floats, treated: NDArray[np.bool_]) -> tuple[float, float]:
    from scipy import stats

    a, b = values[treated], values[~treated]
    spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    if spread == 0:
        return 1.0, 0.0
    gap = float(abs(a.mean() - b.mean()) / spread)
    error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(2 * stats.norm.sf(abs(a.mean() - b.mean()) / error)), gap
