"""Whom a treatment helps, from data in which chance decided who got it; refused when chance did not.

Two learners, both cross-fitted so that no row is scored by a model that saw its outcome: the T-learner (one model a side) and the
DR-learner (a model of doubly robust scores; Kennedy 2023). Judged by Qini and the area under the uplift curve (Radcliffe 2007)
with doubly robust gains, which need fewer rows than raw ones. The judgement goes forward only: a fold is ranked by models of the
folds before it. In an ordinary cross-fit each fold also trains the models that rank the others, so the folds' errors go together
and the range is too narrow (measured: by a quarter); forward they are martingale differences (Luedtke and van der Laan 2016;
Wager 2024, "Sequential validation of treatment heterogeneity").
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.asked import Options, Roles, checked_options
from automl_core.acting.copies import Together, together
from automl_core.acting.covariates import Covariates, make_covariates
from automl_core.acting.decisions import free_name
from automl_core.acting.gap import LEAST_CLUSTERS, amount, fewest_clusters
from automl_core.acting.nuisance import FOLDS, Learner, fold_of
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.acting.pilot_groups import rows_together
from automl_core.acting.qini import Ranking, by_gain, judge_ranking, widened
from automl_core.acting.randomised import FIRST_FOLDS, NEARLY_ONE, Balance, check_experiment, check_sides
from automl_core.acting.rates import FEW, Range, Shares, as_wide_as, error_of_both, no_surer, reach_of, unlike
from automl_core.acting.uplift_asked import AskedUplift, UpliftRoles, asked_uplift, treated_rows, treated_value
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import interval, number, points, quote
from automl_core.framing.dependent import codes_of, rows_worth, sum_reach
from automl_core.framing.validation import encode_target

Floats = NDArray[np.float64]
JUDGES = 3  # parts of the rows learned from that say whether trees or a line tell outcomes better


@dataclass(frozen=True, eq=False, slots=True)
class Uplift:
    """What a randomised treatment does, and for whom.

    Effects are changes of the wanted outcome's rate (0.1 is 10 points), or of the number, turned so that more is better.
    `effect` is the mean over all rows (AIPW) with its 95 % range. `ranking` judges the DR-learner's order of rows and
    `simple` that of the T-learner, each row by models of earlier folds only; these saw fewer rows than the models of `scores`,
    so the order handed over is as good or better. `scores` (n,) are the DR-learner's cross-fitted predictions for all rows of
    the table given, NaN where treatment or outcome is missing. Times `turned` (-1 when a low number is wanted) an effect is the
    change of the outcome as it is told in words. `money` is there where each row's worth was given.
    """

    balance: Balance
    effect: float
    low: float
    high: float
    treated: int
    held: int
    ranking: Ranking
    simple: Ranking
    scores: Floats
    outcome: str
    is_rate: bool
    sentence: str
    turned: float = 1.0
    money: InMoney | None = None


@dataclass(frozen=True, eq=False, slots=True)
class InMoney:
    """The same effects in money: each row's own effect times its own worth, which is again a doubly robust score. `low` is the
    weak end of what all rows gain in the mean, `ranking` that of rows by `scores` (n,), their expected gain in money."""

    low: float
    ranking: Ranking
    scores: Floats


@dataclass(frozen=True, eq=False, slots=True)
class _Trial:
    """The rows of an experiment: a learner on their covariates, outcomes turned so that more is better, who was treated, folds
    and groups; and what a good outcome of each row is worth, where that is known. Where `values` are priced, `unpriced` are the
    outcomes themselves: worths that differ make no event of a row. `named` says which value means treated."""

    learner: Learner
    values: Floats
    treated: NDArray[np.bool_]
    is_rate: bool
    folds: NDArray[np.int64]
    groups: NDArray[np.generic] | None
    seed: int
    turned: float
    worth: Floats | None = None
    unpriced: Floats | None = None
    named: str = ""


def measure_uplift(
    frame: pd.DataFrame,
    outcome: Hashable,
    treatment: Hashable,
    roles: UpliftRoles | Roles | Mapping[str, Any] | None = None,
    columns: tuple[Column, ...] = (),
    seed: int = 0,
) -> Uplift:
    """The effect of `treatment` on `outcome` (columns of `frame`), and a ranking of rows by how much they gain.

    The effect is that on the class which says yes ("yes", 1, True), or on the number, unless `roles` name another outcome as
    good: more of the good one is above zero. Columns are named by their labels, whatever these are, values and roles as for
    `find_actions`, whose `Roles` are understood, too. Without `columns` the frame is typed as a file would be. BadInput when a
    name or a role does not fit, no class says yes and none is named, the treatment has not two values, a side has fewer than 100
    rows with an outcome, or than 10 groups that were dealt as a whole, or treatment can be told from the other columns, so that
    chance did not decide it.
    """
    seed = checked_options(Options(seed=seed)).seed
    return uplift_of(asked_uplift(frame, outcome, treatment, roles, columns), seed)


def uplift_of(asked: AskedUplift, seed: int, worth: Floats | None = None) -> Uplift:
    """The same of what was asked as the typed table has it; also in money, where a good outcome of each row has a `worth` (n,).
    BadInput as `measure_uplift` says."""
    rows, problem = asked.frame, asked.problem
    measured, keep = _outcome(asked)
    side = treated_rows(rows[asked.treatment], asked.treated)
    used = np.flatnonzero(keep & ~np.isnan(side))
    values, treated = measured.values[np.searchsorted(np.flatnonzero(keep), used)], side[used] == 1
    check_sides(treated)
    known = rows.iloc[used].reset_index(drop=True)
    covariates = make_covariates(known, asked.columns, problem, ())
    seen = tuple(name for name in problem.never if name != asked.treatment)  # rows treated otherwise are no copies
    alike = together(known, values, asked.columns, replace(problem, never=seen))
    groups = alike.codes
    folds = fold_of(len(used), groups, seed)
    balance = _checked(covariates, treated, folds, alike, problem.group)
    if groups is not None and fewest_clusters(groups, treated) < LEAST_CLUSTERS:
        raise BadInput(*NEARLY_ONE)
    turned = -1.0 if asked.good == "low" and not measured.is_rate else 1.0
    trial = _Trial(Learner(covariates), values, treated, measured.is_rate, folds, groups, seed, turned,
                   None if worth is None else worth[used],
                   named=f"{quote(asked.treatment)} = {quote(treated_value(rows[asked.treatment], asked.treated))}")
    made = _measured(trial, balance, used, len(rows), measured)
    return replace(made, sentence=f"{made.sentence} {alike.said} How sure this is counts them once.") if alike.said else made


def _checked(
    covariates: Covariates, treated: NDArray[np.bool_], folds: NDArray[np.int64], alike: Together, group: str
) -> Balance:
    """The check of the rows that chance dealt, which the copies of one only repeat."""
    if alike.once is None:
        return check_experiment(covariates, treated, folds, alike.codes, group)
    once = np.flatnonzero(alike.once)
    return check_experiment(covariates.rows(once), treated[once], folds[once], None if alike.codes is None else alike.codes[once],
                            group)


def _outcome(asked: AskedUplift) -> tuple[Outcome, NDArray[np.bool_]]:
    """Outcomes turned so that more is better, and the rows that have one."""
    y, keep = encode_target(asked.frame[asked.problem.target], asked.problem)
    made = make_outcome(y, asked.problem, asked.good)
    return (replace(made, values=-made.values) if asked.good == "low" and not made.is_rate else made), keep


def _measured(trial: _Trial, balance: Balance, used: NDArray[np.int64], rows: int, outcome: Outcome) -> Uplift:
    psi, robust, missed = (np.empty(len(used)) for _ in range(3))
    by_robust, by_simple = np.full(len(used), np.nan), np.full(len(used), np.nan)
    for fold in range(FOLDS):
        inside = trial.folds == fold
        if not inside.any():
            continue
        arms, robust[inside] = _scored(trial, ~inside, inside)
        share = float(trial.treated[~inside].mean())
        psi[inside] = _psi(trial.values[inside], trial.treated[inside], arms, share)
        missed[inside] = trial.values[inside] - np.where(trial.treated[inside], *arms)
        if fold == FOLDS - 1:
            by_simple[inside], by_robust[inside] = arms[0] - arms[1], robust[inside]
        elif fold >= FIRST_FOLDS:
            earlier, by_robust[inside] = _scored(trial, trial.folds < fold, inside)
            by_simple[inside] = earlier[0] - earlier[1]
    effect = float(psi.mean())
    told = _mean_effect(trial, psi, missed)
    ranked, by_two = (_judged(trial, psi, missed, scores) for scores in (by_robust, by_simple))
    scores = np.full(rows, np.nan)
    scores[used] = robust
    money = None
    if trial.worth is not None:  # the error is that of the product
        priced = replace(trial, values=trial.worth * trial.values, unpriced=trial.values, is_rate=False)
        paid, lost, expected = (trial.worth * some for some in (psi, missed, by_robust))
        gains = np.full(rows, np.nan)
        gains[used] = trial.worth * robust
        money = InMoney(_mean_effect(priced, paid, lost).low, _judged(priced, paid, lost, expected), gains)
    made = Uplift(
        balance, effect, told.low, told.high, int(trial.treated.sum()), int((~trial.treated).sum()), ranked, by_two,
        scores, outcome.label, outcome.is_rate, "", trial.turned, money,
    )  # fmt: skip
    return replace(made, sentence=_sentence(made, trial.named))


def _judged(trial: _Trial, psi: Floats, missed: Floats, scores: Floats) -> Ranking:
    """The order of rows by `scores` (n,), judged by each row's effect `psi` (n,), with ranges as wide as that of the mean."""
    ranked = judge_ranking(scores, psi, trial.folds, trial.groups, trial.seed)
    few = _few_differ(trial)
    if not few and trial.groups is None:
        return ranked
    told = _mean_effect(trial, psi, missed)  # draws know neither what is rare nor how few groups there are
    order = _order_reach(trial, missed, float(np.isfinite(scores).mean())) if few else 0.0
    return widened(ranked, (told.low, told.high), order)


def _scored(trial: _Trial, train: NDArray[np.bool_], inside: NDArray[np.bool_]) -> tuple[tuple[Floats, Floats], Floats]:
    """For the rows `inside`: outcomes expected treated and untreated, and the DR-learner's effects, from the rows `train`."""
    arms = (_predict(trial, train & trial.treated, inside), _predict(trial, train & ~trial.treated, inside))
    covariates, treated = trial.learner.covariates.rows(train), trial.treated[train]
    groups = None if trial.groups is None else trial.groups[train]
    inner = fold_of(int(train.sum()), groups, trial.seed + 1)
    learner = Learner(covariates)
    fitted = [learner.cross_fit(trial.values[train], treated == arm, inner, trial.is_rate) for arm in (True, False)]
    goal = _psi(trial.values[train], treated, (fitted[0], fitted[1]), float(treated.mean()))
    return arms, _fit_effect(covariates, goal, trial.learner.covariates.rows(inside))


def _predict(trial: _Trial, learn_from: NDArray[np.bool_], score: NDArray[np.bool_]) -> Floats:
    """Outcomes of the rows `score`, learned on all rows `learn_from`: one fold of a cross-fit, whose others, of parts of these
    rows, say what learns best."""
    groups = None if trial.groups is None else trial.groups[learn_from]
    folds = np.zeros(len(score), dtype=np.int64)
    folds[learn_from] = fold_of(int(learn_from.sum()), groups, trial.seed + 2, JUDGES)
    folds[score] = JUDGES
    return trial.learner.cross_fit(trial.values, learn_from, folds, trial.is_rate, asked=score)[score]


def _psi(values: Floats, treated: NDArray[np.bool_], expected: tuple[Floats, Floats], share: float) -> Floats:
    yes, no = expected
    made: Floats = yes - no + np.where(treated, (values - yes) / share, -(values - no) / (1 - share))
    return made


def _fit_effect(covariates: Covariates, goal: Floats, score: Covariates) -> Floats:
    """A cautious boosted model of the doubly robust scores: these are noisy, so leaves are large and steps small."""
    import lightgbm

    if covariates.matrix.shape[1] == 0:
        return np.full(len(score.matrix), float(goal.mean()))
    options = {
        "objective": "regression", "learning_rate": 0.04, "num_leaves": 4, "min_data_in_leaf": max(50, len(goal) // 40),
        "lambda_l2": 10.0, "num_threads": 1, "verbose": -1, "seed": 0, "deterministic": True, "force_row_wise": True,
        "max_bin": 63,
    }  # fmt: skip
    data = lightgbm.Dataset(covariates.matrix, goal, categorical_feature=list(covariates.categorical))
    booster = lightgbm.train(options, data, 80)
    return np.asarray(booster.predict(score.matrix, num_threads=1), dtype=np.float64)


def _few_differ(trial: _Trial) -> bool:
    """Whether a side has so few rows unlike its others that it hardly shows how much it varies."""
    values = trial.values if trial.unpriced is None else trial.unpriced
    return min(unlike(values[side]) for side in (trial.treated, ~trial.treated)) < FEW


def _mean_effect(trial: _Trial, psi: Floats, missed: Floats) -> Range:
    """The mean effect by each row's (n,), with a range as for rows by themselves at least, and as for groups by those of the side
    that has fewer. Where few rows of a side differ, what both sides `missed` (n,) of what was expected tells the error."""
    effect, n = float(psi.mean()), len(psi)
    told, alone = amount(effect, psi - effect, trial.groups, trial.treated), sum_reach(psi - effect) / n
    found = Range(effect, min(told.low, effect - alone), max(told.high, effect + alone), told.p)
    if not _few_differ(trial):
        return found
    if not trial.is_rate:
        return as_wide_as(found, _error_of_both(trial, missed), _freedom(trial))
    return no_surer(found, _raw_shares(trial))


def _freedom(trial: _Trial) -> float:
    return math.inf if trial.groups is None else fewest_clusters(codes_of(trial.groups), trial.treated) - 1


def _raw_shares(trial: _Trial) -> Shares:
    """The shares of both sides as they are, and how many rows each is worth."""
    values, codes = trial.values, None if trial.groups is None else codes_of(trial.groups)
    sides = (trial.treated, ~trial.treated)
    worth = [rows_worth(values[side], None if codes is None else codes[side]) for side in sides]
    return Shares(float(values[sides[0]].mean()), float(values[sides[1]].mean()), (worth[0], worth[1]), _freedom(trial))


def _error_of_both(trial: _Trial, missed: Floats) -> float:
    """The error of the mean effect if rows of both sides varied alike."""
    if trial.is_rate:
        raw = _raw_shares(trial)
        return float(error_of_both(raw.first, raw.second, raw.rows))
    together = None if trial.groups is None else rows_together("", codes_of(trial.groups), missed)
    each = (1.0 if together is None else together.design) * sum(1 / int(side.sum()) for side in (trial.treated, ~trial.treated))
    return float(np.sqrt((missed**2).mean() * each))


def _order_reach(trial: _Trial, missed: Floats, ranked: float) -> float:
    """How far 95 % of the Qinis of orders that are worth nothing reach, where such a share of rows is `ranked`: a Qini is a mean
    of effects times places from 1/2 to -1/2, whose variance is 1/12. A side without an event says nothing of who gains."""
    return reach_of(_freedom(trial)) * _error_of_both(trial, missed) / math.sqrt(12 * ranked)


def _sentence(made: Uplift, named: str) -> str:
    def gap(value: float) -> str:
        moved = made.turned * value
        return f"{'−' if moved < 0 else '+'}{points(moved) if made.is_rate else number(abs(moved))}"

    span = interval(*(gap(value) for value in sorted((made.low, made.high), key=lambda end: made.turned * end)))
    words = f"The treatment ({named}) moved {made.outcome} by {gap(made.effect)} on average (95 % range {span})"
    words += f", measured on {made.treated:,} treated and {made.held:,} untreated rows. "
    if made.ranking.qini_low > 0:
        best = next(part for part in made.ranking.parts if part.share >= 0.3)
        first = "30 % ranked first" if made.money is None else "30 % that it moves most"
        return f"{words}It works better for some than for others: among the {first} the effect is {gap(best.effect)}."
    if made.high < 0:
        return f"{words}It did harm, and no order of rows could be shown in which it does less."
    if made.money is not None:  # what to do goes by the order in money
        return f"{words}No order of rows by this effect alone could be shown to gain more than another."
    return f"{words}No order of rows could be shown to gain more than another: treat all, none, or at random."


def ranked_rows(uplift: Uplift, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with a score, those that gain most first: `rank`, `row` (position), `expected_gain`, then the frame's columns,
    whose names go first: the new ones are called otherwise where one is taken."""
    order = by_gain(uplift.scores)
    made = {"rank": np.arange(1, len(order) + 1), "row": order, "expected_gain": uplift.scores[order]}
    added = pd.DataFrame({free_name(name, frame.columns): values for name, values in made.items()})
    return pd.concat([added, frame.iloc[order].reset_index(drop=True)], axis=1)
