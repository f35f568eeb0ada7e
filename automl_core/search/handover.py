"""The hand-over: choose from the offers, refit on all rows, measure what one row costs, and tell the whole ladder."""
from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.cleaning.application import apply_recipe_row
from automl_core.data.schema import type_row
from automl_core.framing.metrics import tune_threshold
from automl_core.framing.score_interval import score_with_interval
from automl_core.search.contest import Clock, Contest
from automl_core.search.ensemble import MEMBERS
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.features import encoder_files
from automl_core.search.journal import FoldResult
from automl_core.search.model import Member, Model
from automl_core.search.offers import ENSEMBLE, Offer, best_first, choose, make_offers, rungs
from automl_core.search.plan import Candidate, RungOffer, RunSummary, Score
from automl_core.search.prepared import Prepared

__all__ = ["Outcome", "Settlement", "best_first", "refit_seconds", "settle"]

COVERAGE = 0.9
ROW_CALLS = 100
ROW_SECONDS = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a search gives: the model, its summary, and its out-of-fold predictions (m,) or (m, k).

    `y` (m,) are the outcomes of the same rows, `positions` (m,) their places in the frame that was searched on.
    """

    model: Model
    summary: RunSummary
    oof: Array
    y: Array
    positions: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """What settling needs: `refit` fits candidates on all rows with given rounds."""

    contest: Contest
    clock: Clock
    refit: Callable[[dict[str, int]], dict[str, FoldResult]]


def refit_seconds(contest: Contest) -> float:
    """What fitting the four best candidates so far on all rows should take with the workers there are."""
    done = [candidate for candidate in contest.candidates if contest.complete(candidate.key)]
    if not done:
        return max((result.seconds for result in contest.results.values()), default=0.0)
    quality = {item.key: float(np.mean([contest.fold_score(item.key, fold) for fold in range(contest.folds)])) for item in done}
    best = sorted(done, key=lambda candidate: -quality[candidate.key])[:MEMBERS]
    seconds = [contest.fold_seconds(candidate) for candidate in best]
    growth = len(contest.prepared.y) / max(len(contest.prepared.folds[0][0]), 1)
    return growth * max(*seconds, sum(seconds) / max(1, contest.plan.jobs))


def settle(settlement: Settlement) -> Outcome:
    """Compare, choose, refit, measure."""
    contest = settlement.contest
    folds = contest.common_folds()
    rows = contest.positions(folds)
    y = contest.prepared.y[rows]
    offers = make_offers(contest, folds, y)
    chosen = choose(offers)
    refits = settlement.refit({key: _rounds(contest, key) for key in chosen.weights})
    model = _model(contest, chosen, y, refits)
    ladder = _ladder(contest, offers, y, (chosen, model))
    summary = _summary(settlement, (chosen, offers[0]), ladder, y)
    if not set(chosen.weights) <= set(refits):
        summary = replace(summary, refitted=False, sentence=f"{summary.sentence} {_not_refitted(contest, chosen)}")
    return Outcome(model, summary, chosen.prediction, y, contest.prepared.positions[rows])


def _candidate(contest: Contest, key: str) -> Candidate:
    return next(candidate for candidate in contest.candidates if candidate.key == key)


def _rounds(contest: Contest, key: str) -> int:
    """Mean best rounds of the folds; a boosting on more rows wants a few more."""
    mean = float(np.mean([result.rounds for result in contest.good(key).values()]))
    if families().get(_candidate(contest, key).family).grows:
        mean *= math.sqrt(len(contest.prepared.y) / len(contest.prepared.folds[0][0]))
    return max(1, round(mean))


def _not_refitted(contest: Contest, chosen: Offer) -> str:
    missed = f"{len(contest.prepared.folds[0][1]):,} of the {len(contest.prepared.y):,} rows"
    if len(chosen.weights) == 1:
        return f"It was not fitted again on all rows in time: it has not learned from {missed}, held out to judge it."
    return f"Not all its models were fitted again on all rows in time: the others did not learn from {missed}, held out to judge."


def _score(prepared: Prepared, y: Array, prediction: Array, seed: int) -> Score:
    return Score(*score_with_interval(prepared.metric, y, prediction, seed, prepared.decision(y, prediction)))


def _model(contest: Contest, offer: Offer, y: Array, refits: dict[str, FoldResult]) -> Model:
    """The model of an offer; a member that was not refitted in time is the one that did not see the first fold's rows."""
    prepared = contest.prepared
    problem = prepared.data.problem
    members = []
    for key, weight in offer.weights.items():
        candidate = _candidate(contest, key)
        spare = next((result.files for result in contest.good(key).values() if result.files), {})
        files = refits[key].files if key in refits else spare
        members.append(Member(candidate.family, candidate.label, weight, families().get(candidate.family).load(files)))
    half_width = math.nan
    if problem.task == "regression":
        share = min(1.0, COVERAGE * (1 + 1 / len(y)))
        half_width = float(np.quantile(np.abs(y - offer.prediction), share, method="higher"))
    threshold = tune_threshold(y, offer.prediction, problem) if problem.task == "binary" else 0.5
    data = prepared.data
    return Model(problem, data.schema or data.columns, data.columns, data.recipe, prepared.encoder, tuple(members),
                 _score(prepared, y, offer.prediction, contest.plan.seed), threshold, half_width)


def _ladder(contest: Contest, offers: tuple[Offer, ...], y: Array, handed: tuple[Offer, Model]) -> tuple[RungOffer, ...]:
    """The rungs with their price; two names for the same offer are one rung, under the first name."""
    chosen, model = handed
    encoder_mb = sum(len(content) for content in encoder_files(contest.prepared.encoder).values()) / 1e6
    found: dict[tuple[tuple[str, float], ...], RungOffer] = {}
    for name, offer in rungs(offers).items():
        place = tuple(sorted(offer.weights.items()))
        if place in found:
            continue
        mine = offer.weights == chosen.weights
        own = model if mine else _model(contest, offer, y, {})
        p50, p95 = _row_ms(own, contest.prepared)
        labels = tuple(_candidate(contest, key).label for key in offer.weights)
        sizes = [len(content) for member in own.members for content in member.kind.save(member.native).values()]
        mb = encoder_mb + sum(sizes) / 1e6
        found[place] = RungOffer(name, labels, own.score, p50, p95, mb, mine, _why(contest, offer, mine))
    return tuple(found.values())


def _why(contest: Contest, offer: Offer, chosen: bool) -> str:
    unit = contest.prepared.judge.title
    if offer.gap <= 0:
        how = "Nothing else was better on the same rows"
    elif offer.good_enough:
        how = f"Worse than the best by {offer.gap:.3g} {unit}, which is within one standard error ({offer.error:.3g})"
    else:
        how = f"Worse than the best by {offer.gap:.3g} {unit}, more than one standard error ({offer.error:.3g})"
    if chosen:
        return f"{how}, and it is what is handed over."
    return f"{how}; a faster one that is not worse is handed over." if offer.good_enough else f"{how}."


def _row_ms(model: Model, prepared: Prepared) -> tuple[float, float]:
    """Median and 95 % quantile of the milliseconds for one row through typing, cleaning, encoding and all members."""
    frame = prepared.data.frame
    rows = [dict(zip(frame.columns, values, strict=True)) for values in frame.iloc[:ROW_CALLS].itertuples(index=False, name=None)]
    times: list[float] = []
    began = time.perf_counter()
    for number in range(ROW_CALLS + 3):
        start = time.perf_counter()
        model.predict_row(apply_recipe_row(model.recipe, type_row(rows[number % len(rows)], model.columns)))
        times.append(time.perf_counter() - start)
        if time.perf_counter() - began > ROW_SECONDS and number > 10:
            break
    p50, p95 = np.quantile(times[3:], [0.5, 0.95]) * 1000.0  # the first calls fill caches
    return float(p50), float(p95)


def _baseline(contest: Contest, folds: tuple[int, ...]) -> Array:
    """(m,) or (m, k) predictions of one constant a fold: the training part's mean or class shares."""
    prepared = contest.prepared
    problem = prepared.data.problem
    out = np.zeros((len(prepared.y), prepared.classes) if problem.task == "multiclass" else len(prepared.y))
    for fold in folds:
        train, valid = prepared.folds[fold]
        y = prepared.y[train]
        if problem.task == "multiclass":
            out[valid] = np.bincount(y.astype(np.int64), minlength=prepared.classes) / len(y)
        else:
            out[valid] = float(np.median(y)) if prepared.metric.name in ("mae", "mape", "pinball") else float(np.mean(y))
    return out[contest.positions(folds)]


def _summary(settlement: Settlement, offers: tuple[Offer, Offer], ladder: tuple[RungOffer, ...], y: Array) -> RunSummary:
    contest = settlement.contest
    chosen, ensemble = offers
    prepared, seed = contest.prepared, contest.plan.seed
    folds = contest.common_folds()
    rung = next(item for item in ladder if item.chosen)
    trials = [contest.trial(candidate) for candidate in contest.candidates if contest.tried(candidate.key)]
    unfinished = "Its folds were not all fitted before the search ended."
    trials = [trial if trial.state in ("dropped", "failed") or set(folds) <= set(contest.good(trial.key))
              else replace(trial, state="dropped", reason=unfinished) for trial in trials]
    several = len(chosen.weights) > 1
    threshold = tune_threshold(y, chosen.prediction, prepared.data.problem) if prepared.data.problem.task == "binary" else 0.5
    return RunSummary(
        prepared.data.problem.task, prepared.metric.name, prepared.metric.greater_is_better, rung.score,
        _score(prepared, y, _baseline(contest, folds), seed), _score(prepared, y, ensemble.prediction, seed),
        ENSEMBLE if several else _candidate(contest, next(iter(chosen.weights))).family, rung.members,
        best_first(tuple(trials), prepared.metric.name), ladder, len(prepared.y), len(folds), settlement.clock.elapsed(), rung.mb,
        rung.row_ms_p50, rung.row_ms_p95, threshold, _sentence(contest, rung, len(trials)))


def _sentence(contest: Contest, rung: RungOffer, tried: int) -> str:
    what = rung.members[0] if len(rung.members) == 1 else f"an ensemble of {len(rung.members)} models"
    score = rung.score
    return (f"Of {tried} candidates, {what} is handed over: {contest.prepared.metric.title} {score.mean:.4g} "
            f"({score.low:.4g} to {score.high:.4g}) on rows it had not seen, {rung.row_ms_p50:.2g} ms a row.")
