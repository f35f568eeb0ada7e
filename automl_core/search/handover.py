"""The hand-over: choose from the offers, refit on all rows, and tell the whole ladder."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import with_absent
from automl_core.framing.metrics import METRICS, best_number, decision_of, drawn_labels
from automl_core.search.assembly import Order, assemble_model, score_of
from automl_core.search.calibration import calibrate
from automl_core.search.carried import common_folds
from automl_core.search.clock import Clock
from automl_core.search.computed import computed_names
from automl_core.search.contest import Contest, find_candidate
from automl_core.search.encoder_files import encoder_files
from automl_core.search.ensemble import FEW_ROWS, ROWS
from automl_core.search.family import Array
from automl_core.search.formula_files import formula_files
from automl_core.search.journal import FoldResult
from automl_core.search.model import Model
from automl_core.search.nested import is_nested, nested_rungs
from automl_core.search.next_task import nothing_left
from automl_core.search.offers import (
    ENSEMBLE,
    Offer,
    best_first,
    choose,
    companion_sentence,
    make_ballot,
    make_offers,
    read_instead,
    rungs,
    speed,
)
from automl_core.search.plan import RungOffer, RunSummary, Score, against_baseline, shortcomings, unseen_words
from automl_core.search.reserve import refit_rounds
from automl_core.search.suited import not_tried_words
from automl_core.search.telling import tell

__all__ = ["Outcome", "Settlement", "best_first", "settle"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a search gives: the model, its summary, and its out-of-fold predictions (m,) or (m, k).

    `y` (m,) are the outcomes of the same rows, `positions` (m,) their places in the frame that was searched on, `learned` (n,)
    the places of all rows that the search looked at. `rungs` are the models of the whole ladder by name, the handed-over one
    among them, `oofs` their out-of-fold predictions.
    """

    model: Model
    summary: RunSummary
    oof: Array
    y: Array
    positions: NDArray[np.int64]
    learned: NDArray[np.int64]
    rungs: dict[str, Model]
    oofs: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """What settling needs: `refit` fits candidates on all rows with given rounds, the first ones first. Where somebody `waits`
    for the model, fewer rows choose the members of an ensemble. `untaught` says why there is no student."""

    contest: Contest
    clock: Clock
    refit: Callable[[dict[str, int]], dict[str, FoldResult]]
    waits: bool = False
    untaught: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Rung:
    """One rung: its offer, its honest out-of-fold predictions, and its model."""

    name: str
    offer: Offer
    honest: Array
    model: Model
    refitted: bool
    also: tuple[str, ...] = ()


def settle(settlement: Settlement) -> Outcome:
    """Compare, choose, refit. What one row takes is not known yet: it is measured on what is written."""
    contest = settlement.contest
    folds = common_folds(contest)
    rows = contest.positions(folds)
    y = contest.prepared.y[rows]
    ballot = make_ballot(contest, folds, rows)
    offers = make_offers(ballot, FEW_ROWS if settlement.waits else ROWS)
    honest = nested_rungs(ballot, contest.fold_of(folds), offers)
    fastest, chosen = choose(offers), read_instead(ballot, offers, honest if is_nested(len(y)) else {})
    known = {name: chosen if offer.weights == chosen.weights else offer for name, offer in rungs(offers).items()}
    known["small"] = chosen
    wanted = dict.fromkeys(key for offer in (chosen, *known.values()) for key in offer.weights)
    refits = settlement.refit({key: refit_rounds(contest, key, folds) for key in wanted})
    found: dict[tuple[tuple[str, float], ...], _Rung] = {}
    loaded: dict[str, Any] = {}
    task, fold_of = contest.prepared.data.problem.task, contest.fold_of(folds)
    for name, offer in known.items():  # two names for the same offer are one rung, under the first name
        same = tuple(sorted(offer.weights.items()))
        if same in found:
            found[same] = replace(found[same], also=(*found[same].also, name))
            continue
        said = honest["small" if offer.weights == fastest.weights else name]  # what choosing cost is in the chosen one's score
        calibration, mended = calibrate(task, y, said, fold_of, ballot.weights, ballot.groups)
        model = assemble_model(contest, Order(offer.weights, mended, y, folds, calibration, ballot.weights), refits, loaded)
        found[same] = _Rung(name, offer, mended, model, set(offer.weights) <= set(refits))
    ladder = tuple(found.values())
    mine = next(rung for rung in ladder if rung.offer.weights == chosen.weights)
    summary = _summary(settlement, ladder, mine, y)
    if contest.prepared.left_out:
        left_out, looked = contest.prepared.left_out, len(contest.prepared.y)
        seconds = (contest.plan.first_seconds or contest.plan.budget_seconds) * (1 + left_out / looked)
        unheld = contest.prepared.unheld
        summary = replace(summary, left_out=left_out, all_seconds=seconds, crowded=unheld > 0, unheld=unheld)
    missing = shortcomings(summary, next(item for item in summary.ladder if item.chosen))
    summary = replace(summary, sentence=" ".join(filter(None, (summary.sentence, missing))))
    models = {rung.name: rung.model for rung in ladder}
    oofs = {rung.name: rung.honest for rung in ladder}
    looked_at = contest.prepared.positions
    return Outcome(mine.model, summary, mine.honest, y, looked_at[rows], looked_at, models, oofs)


def _offer_of(contest: Contest, rung: _Rung, mine: _Rung) -> RungOffer:
    """The rung with its size; `mine` is the one handed over."""
    model = rung.model
    sizes = [len(content) for member in model.members for content in member.kind.save(member.native).values()]
    sizes += [len(content) for content in (encoder_files(model.encoder) | formula_files(model.formulas)).values()]
    labels = tuple(find_candidate(contest.candidates, key).label for key in rung.offer.weights)
    why, worth = _why(contest, rung.offer, mine.offer), _money(contest, rung)
    return RungOffer(rung.name, labels, model.score, math.nan, math.nan, sum(sizes) / 1e6, rung is mine, why, worth, rung.also,
                     f"{_found(contest, rung.offer)}.", rung.refitted, computed_names(model))


def _money(contest: Contest, rung: _Rung) -> float:
    """What the decisions on the rows not seen were worth a row; NaN when no amounts were given."""
    problem = contest.prepared.data.problem
    if problem.money is None or problem.task == "multiclass":
        return math.nan
    y = contest.prepared.y[contest.positions(common_folds(contest))]
    weights = contest.prepared.weights_of(contest.positions(common_folds(contest)))
    return METRICS["money"].score(y, rung.honest, decision_of(problem, rung.model.threshold), weights)


def _found(contest: Contest, offer: Offer) -> str:
    """How far the offer is behind the best, whichever is handed over."""
    judge = contest.prepared.judge
    unit = judge.title if judge.name == contest.prepared.metric.name else "log loss, by which models are compared,"
    worse = f"Worse than the best by {offer.gap:.3g} {unit} on the rows that chose"
    if offer.even:
        return f"{worse}, but as good on rows without a part in it"
    apart = f"{worse} (scores are of rows without a part in it)"
    if offer.gap <= 0:
        return "Nothing else was better on the rows that chose"
    if offer.good_enough:
        return f"{apart}: within one standard error ({offer.error:.3g})"
    if offer.gap <= offer.error:
        return f"{apart}: within one standard error, but more than 0.3 % of the score"
    return f"{apart}: more than one standard error ({offer.error:.3g})"


def _why(contest: Contest, offer: Offer, chosen: Offer) -> str:
    """The same, and which one is handed over."""
    how = _found(contest, offer)
    if offer is chosen:
        read = offer.as_good and offer.gap > 0
        return f"{how}, and it is what is handed over.{' It can be read as it is.' if read else ''}"
    if not offer.good_enough:
        return f"{how}."
    by_size = not contest.plan.timed  # see `offers.make_ballot`
    if speed(chosen) < speed(offer):
        return f"{how}; a {'smaller' if by_size else 'faster'} one that is not worse is handed over."
    if chosen.as_good and not offer.as_good:
        return f"{how}; one that is not worse, as {'small' if by_size else 'quick'}, and can be read is handed over."
    same = "small, to the megabyte" if by_size else "quick, to the millisecond"
    return f"{how}; a better one that is as {same}, is handed over."


def _baseline(contest: Contest, folds: tuple[int, ...]) -> Array:
    """(m,) or (m, k) predictions of one constant a fold: the number that suits the metric, or class shares, of the training part.

    Where rows are only put in order or given labels, one for all: constants that differ between folds would order them by their
    fold, and a fold with more of a class than the others would be given the other label. Only macro F1 likes labels better that
    are drawn by the shares, as the check has them: against one for all a model of noise would seem to pay.
    """
    prepared = contest.prepared
    problem = prepared.data.problem
    out = np.zeros((len(prepared.y), prepared.classes) if problem.task == "multiclass" else len(prepared.y))
    if prepared.metric.area is not None:
        return out[contest.positions(folds)]
    drawn = prepared.metric.name == "f1_macro"
    if prepared.metric.labels and problem.task != "regression" and not drawn:
        return _one_label(contest, folds)
    for fold in folds:
        train, valid = prepared.folds[fold]
        y, weights = prepared.y[train], prepared.weights_of(train)
        if problem.task == "multiclass":
            shares = np.bincount(y.astype(np.int64), weights=weights, minlength=prepared.classes)
            out[valid] = with_absent(np.tile(shares / shares.sum(), (len(valid), 1)), y)
        elif problem.task == "binary":
            out[valid] = float(np.average(y, weights=weights))
        else:
            out[valid] = best_number(problem, y, weights)
    return (drawn_labels(out, contest.plan.seed) if drawn else out)[contest.positions(folds)]


def _one_label(contest: Contest, folds: tuple[int, ...]) -> Array:
    """(m,) or (m, k) certainty of the label that scores best where all rows are given the same."""
    prepared = contest.prepared
    problem, rows = prepared.data.problem, contest.positions(folds)
    y, weights = prepared.y[rows], prepared.weights_of(rows)
    same = [np.full(len(y), float(label)) if problem.task == "binary" else np.tile(np.eye(prepared.classes)[label], (len(y), 1))
            for label in range(prepared.classes)]
    return max(same, key=lambda said: prepared.metric.sign * prepared.metric.score(y, said, weights=weights))


def _summary(settlement: Settlement, ladder: tuple[_Rung, ...], mine: _Rung, y: Array) -> RunSummary:
    contest = settlement.contest
    prepared = contest.prepared
    folds = common_folds(contest)
    offers = tuple(_offer_of(contest, rung, mine) for rung in ladder)
    offer = next(item for item in offers if item.chosen)
    trials = [tell(contest, candidate) for candidate in contest.candidates if contest.tried(candidate.key)]
    unfinished = "Its folds were not all fitted before the search ended."
    trials = [trial if trial.state in ("dropped", "failed") or set(folds) <= set(contest.good(trial.key))
              else replace(trial, state="dropped", reason=unfinished) for trial in trials]
    baseline = score_of(contest, folds, _baseline(contest, folds))
    several = len(mine.offer.weights) > 1
    said = (_sentence(contest, offer, len(trials), baseline), companion_sentence(offers, tuple(trials)))
    sentence = " ".join(filter(None, said))
    ensemble = next((rung for rung in ladder if ENSEMBLE in (rung.name, *rung.also)), mine)
    return RunSummary(
        prepared.data.problem.task, prepared.metric.name, prepared.metric.greater_is_better, offer.score,
        baseline, ensemble.model.score,
        ENSEMBLE if several else mine.model.members[0].family, offer.members, best_first(tuple(trials), prepared.metric.name),
        offers, len(prepared.y), len(folds), settlement.clock.elapsed(), offer.mb, offer.row_ms_p50, offer.row_ms_p95,
        mine.model.threshold, sentence, judged=len(y),
        factors=mine.model.factors, middle=mine.model.middle, resumed=contest.resumed,
        refitted=mine.refitted, held_out=len(prepared.y) - len(prepared.folds[0][0]),
        without=bool(contest.without or contest.partly),
        unread=tuple(prepared.terms) if prepared.alone else (), untaught=settlement.untaught,
        unsuited=not_tried_words(prepared.data.problem, contest.plan.families, prepared.shape),
        tried_all=not (settlement.waits or contest.without or contest.partly) and nothing_left(contest))


def _sentence(contest: Contest, rung: RungOffer, tried: int, baseline: Score) -> str:
    what = rung.members[0] if len(rung.members) == 1 else f"an ensemble of {len(rung.members)} models"
    which = f"The one candidate tried, {what}," if tried == 1 else f"Of {tried} candidates, {what}"
    metric = contest.prepared.metric
    unseen = unseen_words(len(contest.positions(common_folds(contest))), len(contest.prepared.y))
    told = f"{which} is handed over: {metric.title} {rung.score.words} {unseen}."
    worse = against_baseline(rung.score, baseline, metric.greater_is_better)
    return f"{told} {worse}".rstrip()
