"""What can be handed over: every candidate and the ensemble, compared in pairs with the best, and the rule that chooses."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from automl_core.framing.metrics import get_metric
from automl_core.framing.score_interval import paired_difference
from automl_core.search.contest import Contest
from automl_core.search.ensemble import MEMBERS, blend, greedy_weights
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.plan import Trial

ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One thing that can be handed over: weights by candidate and out-of-fold predictions.

    `quality` is the judge's score, greater is better; `gap` how much the best is better on the same rows, with its standard
    `error`; `row_ms` the milliseconds its members need for a row.
    """

    name: str
    label: str
    weights: dict[str, float]
    prediction: Array
    quality: float
    row_ms: float
    legible: bool = False
    gap: float = 0.0
    error: float = 0.0

    @property
    def good_enough(self) -> bool:
        """Whether its paired loss against the best is within one standard error."""
        return self.gap <= (self.error if math.isfinite(self.error) else 0.0)


def best_first(trials: tuple[Trial, ...], metric: str) -> tuple[Trial, ...]:
    """Trials sorted for a leaderboard: those that got through before the others, the best score first."""
    sign = get_metric(metric).sign

    def rank(trial: Trial) -> tuple[bool, bool, float]:
        scored = math.isfinite(trial.score)
        return trial.state in ("dropped", "failed"), not scored, -sign * trial.score if scored else 0.0

    return tuple(sorted(trials, key=rank))


def make_offers(contest: Contest, folds: tuple[int, ...], y: Array) -> tuple[Offer, ...]:
    """The ensemble first, the best pair, then all single candidates that cover the folds."""
    judge, seed = contest.prepared.judge, contest.plan.seed
    usable = [candidate for candidate in contest.candidates if set(folds) <= set(contest.good(candidate.key))]
    predictions = {candidate.key: contest.out_of_fold(candidate.key, folds) for candidate in usable}
    speed = {key: contest.results[key, folds[0]].row_ms for key in predictions}

    def quality(prediction: Array) -> float:
        score = judge.sign * judge.score(y, prediction)
        return score if math.isfinite(score) else -math.inf

    found = []
    for name, label, members in ((ENSEMBLE, "Ensemble", MEMBERS), ("pair", "Ensemble of two", 2)):
        weights = greedy_weights(judge, y, predictions, seed, members)
        mixed = blend(weights, predictions)
        found.append(Offer(name, label, weights, mixed, quality(mixed), sum(speed[key] for key in weights)))
    for candidate in usable:
        prediction = predictions[candidate.key]
        found.append(Offer(candidate.key, candidate.label, {candidate.key: 1.0}, prediction, quality(prediction),
                           speed[candidate.key], families().get(candidate.family).legible))
    best = max(found, key=lambda offer: offer.quality)
    compared = []
    for offer in found:
        pair = paired_difference(judge, y, best.prediction, offer.prediction, seed)
        same = offer is best or not math.isfinite(pair.difference)
        compared.append(offer if same else replace(offer, gap=pair.difference, error=pair.standard_error))
    return tuple(compared)


def choose(offers: tuple[Offer, ...]) -> Offer:
    """The fastest of those good enough; equally fast ones by quality."""
    return min((offer for offer in offers if offer.good_enough), key=lambda offer: (_speed(offer), -offer.quality))


def rungs(offers: tuple[Offer, ...]) -> dict[str, Offer]:
    """The ladder by name, from simple to strong: best legible one, fastest good one, best single one, ensemble."""
    singles = [offer for offer in offers if len(offer.weights) == 1]
    legible = [offer for offer in singles if offer.legible]
    found = {"legible": max(legible, key=lambda offer: offer.quality)} if legible else {}
    return found | {"small": choose(offers), "single": max(singles, key=lambda offer: offer.quality), ENSEMBLE: offers[0]}


def _speed(offer: Offer) -> float:
    """Milliseconds a row in steps of a twentieth: finer differences are noise of the measurement."""
    return float(np.round(offer.row_ms * 20) / 20) if math.isfinite(offer.row_ms) else math.inf
