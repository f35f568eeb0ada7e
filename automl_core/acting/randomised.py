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
from automl_core.acting.group_shares import groups_tell, wide_categories
from automl_core.acting.nuisance import FOLDS, Learner
from automl_core.acting.scores import mostly_whole
from automl_core.acting.statistics import too_few_to_tell
from automl_core.errors import BadInput
from automl_core.explaining.words import count, quote
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]
LEVEL = 0.001
LEAST_AUC = 0.53
LEAST_GAP = 0.1
SHUFFLES = 30
FEWEST_A_SIDE = 100
FEWEST_GROUPS_A_SIDE = 10
FIRST_FOLDS = 2  # folds that only teach: models of fewer rows would judge an order much worse than the one handed over

NO_EXPERIMENT = "Uplift needs an experiment; use action cards, which compare like with like."
NEARLY_ONE = (
    "Nearly all rows of one side belong together, so the other rows cannot say what happens there.",
    "An experiment is needed that treated more than a few groups.",
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Whether treatment looks random: AUC of telling treated rows (0.5 is none) with the p of a higher one by chance (by the
    textbook where a column decides), and the column that differs most (standardised difference) with its corrected p. `few` says
    that in so many rows only a strong pull would have been seen."""

    auc: float
    p: float
    column: str
    gap: float
    column_p: float
    randomised: bool
    sentence: str
    few: bool = False


def check_experiment(
    covariates: Covariates,
    treated: NDArray[np.bool_],
    folds: NDArray[np.int64],
    groups: NDArray[np.generic] | None,
    group: str = "",
) -> Balance:
    """Whether chance decided who of the aligned rows was treated: the one verdict for the experiment and for cards of grade A.

    BadInput when it did not, as where rows were dealt one by one and some of the `groups` (codes; None: rows stand alone) have
    clearly more treated ones, or when a side has fewer than 100 rows, or than 10 of the groups that were dealt as a whole.
    """
    check_sides(treated)
    dealt = _dealt(treated, groups)
    if len(dealt) < len(treated):
        _check_groups(treated[dealt], group)
    _check_folds(folds, treated)
    if groups is not None and len(dealt) == len(treated) and groups_tell(treated.astype(np.float64), codes_of(groups)):
        raise BadInput(
            f"Treatment was not left to chance: rows with the same {quote(group)} were treated alike more often than by chance.",
            NO_EXPERIMENT,
        )
    balance = check_randomised(covariates.rows(dealt), treated[dealt], folds[dealt])
    if not balance.randomised:
        raise BadInput(balance.sentence, NO_EXPERIMENT)
    return balance


def check_sides(treated: NDArray[np.bool_]) -> None:
    """BadInput when a side has too few rows to tell whom a treatment helps."""
    if min(int(treated.sum()), int((~treated).sum())) < FEWEST_A_SIDE:
        raise BadInput(
            f"{int(treated.sum()):,} treated and {int((~treated).sum()):,} untreated rows have an outcome.",
            f"{FEWEST_A_SIDE} on each side are needed to tell whom it helps.",
        )


def _dealt(treated: NDArray[np.bool_], groups: NDArray[np.generic] | None) -> NDArray[np.int64]:
    """The rows that chance dealt: one of each group, treated as most of it, when groups were treated as a whole (but for one in
    fifty of the rows that do not stand alone), else all."""
    rows = np.arange(len(treated))
    if groups is None:
        return rows
    codes = np.unique(groups, return_inverse=True)[1]
    most = 2 * np.bincount(codes, treated) > np.bincount(codes)
    usual = np.flatnonzero(most[codes] == treated)
    if not mostly_whole(treated, codes):
        return rows
    return np.asarray(usual[np.unique(codes[usual], return_index=True)[1]], dtype=np.int64)


def _check_groups(treated: NDArray[np.bool_], group: str) -> None:
    """BadInput when chance dealt too few whole groups (k,) to tell an effect from what sets them apart."""
    yes, no = int(treated.sum()), int((~treated).sum())
    if min(yes, no) < FEWEST_GROUPS_A_SIDE:
        some = count(yes, "value of it was", "values of it were")
        raise BadInput(
            f"Rows with the same {quote(group)} were treated alike, and {some} treated, {no:,} not.",
            f"{FEWEST_GROUPS_A_SIDE} on each side are needed to tell an effect from what sets them apart.",
        )


def _check_folds(folds: NDArray[np.int64], treated: NDArray[np.bool_]) -> None:
    """BadInput when the rows that a model of some fold may learn from are of one side only."""
    for fold in range(FOLDS):
        parts = [folds != fold, *([folds < fold] if fold >= FIRST_FOLDS else [])]
        if any(not treated[part].any() or treated[part].all() for part in parts):
            raise BadInput(*NEARLY_ONE)


def check_randomised(covariates: Covariates, treated: NDArray[np.bool_], folds: NDArray[np.int64]) -> Balance:
    """The check for aligned rows; refused when a difference is both beyond chance (p < 0.001) and large enough to mislead."""
    everyone = np.ones(len(treated), dtype=bool)
    learner = Learner(covariates)
    chance = learner.cross_fit(treated.astype(np.float64), everyone, folds, True)
    auc, p = _auc(chance, treated)
    column, gap, column_p = _widest(covariates, treated)
    levels = _by_levels(covariates, treated)
    uneven = column_p < LEVEL and gap >= LEAST_GAP
    if not (uneven or levels) and p < LEVEL and auc >= LEAST_AUC:  # a column that says no needs no second witness
        p = _shuffled(learner, treated, folds, auc)
    told = p < LEVEL and auc >= LEAST_AUC
    if uneven:
        words = f"Treatment was not left to chance: treated rows differ in {quote(column)} (standardised difference {gap:.2f})."
    elif levels:
        words = f"Treatment was not left to chance: some levels of {quote(levels)} have clearly more treated rows than others."
    elif told:
        words = (
            f"Treatment was not left to chance: the other columns tell who was treated (AUC {auc:.2f}, where chance gives 0.50)."
        )
    else:
        words = f"Treatment looks like chance: the other columns cannot tell who was treated (AUC {auc:.2f})."
    few = too_few_to_tell(len(treated))
    if few and not (told or uneven or levels):
        words = (
            f"Nothing speaks against chance: the other columns cannot tell who was treated (AUC {auc:.2f}). But of only "
            f"{len(treated):,} draws a small difference would not be seen, so no card of it is graded A."
        )
    return Balance(auc, p, column, gap, column_p, not (told or uneven or levels), words, few)


def _by_levels(covariates: Covariates, treated: NDArray[np.bool_]) -> str:
    """The first category of many levels, too small to differ one by one, whose levels tell who was treated; empty for none."""
    side = treated.astype(np.float64)
    return next((name for name, codes in wide_categories(covariates) if groups_tell(side, codes_of(codes))), "")


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
