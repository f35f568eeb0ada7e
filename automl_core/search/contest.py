"""The state of a race: which candidate has been fitted on which fold, how well, how long it took, and which are out."""
from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.score_interval import ScoreInterval
from automl_core.search.calibration import parts_of
from automl_core.search.carried import Carried
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.feature import Feature
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import best_scale, is_log, to_log
from automl_core.search.plan import Candidate, Plan, View
from automl_core.search.prepared import Prepared
from automl_core.search.worker import Extras, ExtrasKind

MEANS = ("rmse", "r2")  # metrics of numbers whose best answer is the mean


def find_candidate(candidates: Iterable[Candidate], key: str) -> Candidate:
    """The candidate of that key."""
    return next(candidate for candidate in candidates if candidate.key == key)


def _log_loss(y: Array, prediction: Array) -> Array:
    out: Array = np.square(to_log(y) - to_log(prediction))
    return out


@dataclass(slots=True, eq=False)
class Contest:
    """All results so far. `folds` is how many folds every candidate gets, 0 until the first fits have shown what they cost;
    `hastened` says that the candidates' learning rates have been set by that, too. `spoilt` are results of a shorter search that
    time cut off: they count until the same fits have had more of it. `renewed` are the candidates that have begun with that.
    `refitted` are rounds of refits of an earlier search, by candidate.
    `without` are learned columns that were late, lost or failed, by kind and fold: fits go on without them. Those of
    which time left out a part are `partly` there.
    `told` are the scores of candidates over some folds, and on each of them: labels of many classes take long. `resumed` are
    the fits that an interrupted run of the same search had left, `carried` is what a shorter one compared on fewer folds."""

    prepared: Prepared
    plan: Plan
    candidates: tuple[Candidate, ...]
    results: dict[tuple[str, int], FoldResult]
    folds: int = 0
    hastened: bool = False
    out: dict[str, str] = field(default_factory=dict)
    scores: dict[tuple[str, int], float] = field(default_factory=dict)
    extras: dict[tuple[str, int], Extras] = field(default_factory=dict)
    losses: dict[tuple[str, int], Array] = field(default_factory=dict)
    spoilt: set[tuple[str, int]] = field(default_factory=set)
    renewed: set[str] = field(default_factory=set)
    refitted: dict[str, int] = field(default_factory=dict)
    told: dict[tuple[str, tuple[int, ...]], tuple[ScoreInterval, tuple[float, ...]]] = field(default_factory=dict)
    resumed: int = 0
    without: set[tuple[str, int]] = field(default_factory=set)
    partly: set[tuple[str, int]] = field(default_factory=set)
    carried: Carried = field(default_factory=Carried)

    def good(self, key: str) -> dict[int, FoldResult]:
        """The fits of a candidate that gave predictions, by fold."""
        return {fold: result for (name, fold), result in self.results.items() if name == key and not result.error}

    def tried(self, key: str) -> bool:
        """Whether any fit of the candidate came to an end, well or not."""
        return any(name == key for name, _ in self.results)

    def failure(self, key: str) -> str:
        """Why a fit of the candidate failed, or an empty string."""
        return next((result.error for (name, _), result in self.results.items() if name == key and result.error), "")

    def renew(self, result: FoldResult) -> bool:
        """Whether the result counts. What was cut off and came again is no longer waited for; it stays where it is no worse."""
        place = (result.key, result.fold)
        if place not in self.spoilt:
            return True
        self.spoilt.remove(place)
        self.renewed.add(result.key)
        return not result.error and not (result.truncated and result.seconds <= self.results[place].seconds)

    def complete(self, key: str) -> bool:
        """Whether the candidate has been fitted on every fold in use."""
        return bool(self.folds) and all((key, fold) in self.results for fold in range(self.folds)) and not self.failure(key)

    def missing_extras(self, candidate: Candidate, fold: int) -> tuple[ExtrasKind, ...]:
        """The learned columns that a fit of this candidate on this fold waits for."""
        return tuple(kind for kind in self.wanted_extras(candidate) if (kind, fold) not in self.extras)

    def wanted_extras(self, candidate: Candidate) -> tuple[ExtrasKind, ...]:
        """The learned columns that the candidate's view has, in their order after the plain ones."""
        seen = candidate.view != "plain" and candidate.coded
        codes: tuple[ExtrasKind, ...] = ("codes",) if seen and self.prepared.coded else ()
        more: dict[View, tuple[ExtrasKind, ...]] = {"formed": ("formulas",), "lettered": ("letters",)}
        return codes + more.get(candidate.view, ())

    def features(self, candidate: Candidate, fold: int) -> tuple[Feature, ...]:
        """What a fit of this candidate on this fold sees."""
        learned = (self.extras[kind, fold].features for kind in self.wanted_extras(candidate))
        return sum(learned, self.prepared.encoder.features)

    def fold_score(self, key: str, fold: int) -> float:
        """Quality on one fold by the judge: greater is better."""
        if (key, fold) not in self.scores:
            judge, valid = self.prepared.judge, self.prepared.folds[fold][1]
            prediction = self.results[key, fold].prediction * self.scale(key, (fold,))
            self.scores[key, fold] = judge.sign * judge.score(
                self.prepared.y[valid], prediction, weights=self.prepared.weights_of(valid))
        return self.scores[key, fold]

    def mean_score(self, key: str, folds: tuple[int, ...] = ()) -> float:
        """The mean of a candidate's scores over those of the folds (none: all in use) that can be judged, greater is better."""
        scores = np.array([self.fold_score(key, fold) for fold in folds or range(self.folds)])
        known = scores[np.isfinite(scores)]
        return float(known.mean()) if len(known) else -math.inf

    def leader(self, cut: list[FoldResult]) -> FoldResult | None:
        """The best of fits that are not noted, where it is better than all that are; None where candidates are fitted on more
        than one fold, of which a fit tells too little, and some of the first are noted."""
        kept = {(result.key, 0): result for result in cut if not result.fold and not result.error}
        noted = any(fold == 0 and not result.error for (_, fold), result in self.results.items())
        if (self.folds > 1 and noted) or not kept:
            return None
        whole = replace(self, results={**self.results, **kept}, scores=dict(self.scores))
        known = [key for (key, fold), result in whole.results.items() if fold == 0 and not result.error]
        return kept.get((max(known, key=lambda key: whole.fold_score(key, 0)), 0))

    def take(self, result: FoldResult) -> None:
        """Note a result, and rule its candidate out when it is hopeless.

        Forgiving rule (after Bergman et al. 2024): out only when it is behind the best candidate on the same folds by more than
        that one's worst fold is behind its mean. With a number of trials none is: which fits had ended by then is chance.
        """
        self.results[result.key, result.fold] = result
        for known in (self.scores, self.losses):
            known.pop((result.key, result.fold), None)  # of a fit that was cut off, and is replaced
        self.told = {place: scores for place, scores in self.told.items() if place[0] != result.key}
        if result.error:
            self.out.setdefault(result.key, result.error)
            return
        if self.complete(result.key):
            self.out.pop(result.key, None)  # ruled out while its last fold was being fitted: it is through all the same
        if not self.plan.timed:
            return
        finished = [item.key for item in self.candidates if self.complete(item.key) and item.key != result.key]
        done = sorted(self.good(result.key))
        mine = [self.fold_score(result.key, fold) for fold in done]
        if not finished or len(mine) >= self.folds or self._spared(result.key) or not np.isfinite(mine).all():
            return
        scores = [[self.fold_score(key, fold) for fold in range(self.folds)] for key in finished]
        scores = [found for found in scores if np.isfinite(found).all()]
        if not scores:
            return
        best = max(scores, key=lambda found: float(np.mean(found)))
        if float(np.mean(mine)) < float(np.mean([best[fold] for fold in done])) - (float(np.mean(best)) - min(best)):
            count = f"{len(mine)} of {self.folds}"
            self.out[result.key] = f"Stopped after {count} folds: behind the best so far by more than folds differ."

    def _spared(self, key: str) -> bool:
        """Legible families finish: what their clarity costs in quality is worth knowing."""
        return any(candidate.key == key and families().get(candidate.family).legible for candidate in self.candidates)

    def fold_seconds(self, candidate: Candidate) -> float:
        """What one fold of this candidate should take: by its own fits, else its family's, else the table, else LightGBM's fits.

        Fits that were cut off do not tell how long they would have taken, so they count only where there are no others.
        """
        own = [result.seconds for result in self.good(candidate.key).values()]
        if own:
            return float(np.mean(own))
        known, task = {other.key: other for other in self.candidates}, self.prepared.data.problem.task
        whole: dict[str, list[float]] = {}
        cut: dict[str, list[float]] = {}
        for (key, _), result in self.results.items():
            if key in known:
                family = families().get(known[key].family)
                pace = result.seconds / family.work(known[key].options, task)
                (cut if result.truncated else whole).setdefault(family.name, []).append(pace)
        family = families().get(candidate.family)
        if family.seconds is not None and family.name not in whole | cut:
            learned = [self.extras[kind, 0] for kind in self.wanted_extras(candidate) if (kind, 0) in self.extras]
            columns = len(self.prepared.encoder.features) + sum(len(extras.features) for extras in learned)
            return family.seconds(candidate.options, len(self.prepared.folds[0][0]), columns)
        paces = next((found[name] for name in (family.name, "lightgbm") for found in (whole, cut) if name in found), [0.0])
        return float(np.mean(paces)) * family.work(candidate.options, task)

    def refit_seconds(self, candidate: Candidate) -> float:
        """What fitting a candidate on all rows should take: longer than a fold by its rows, shorter where fits went on beyond
        their best rounds."""
        fits = self.good(candidate.key)
        growth = self.growth(tuple(fits) or (0,))
        share = float(np.mean([result.to_best for result in fits.values()])) if fits else 1.0
        if families().get(candidate.family).grows:  # more rows want more rounds, see `reserve.refit_rounds`
            share *= math.sqrt(growth)
        return growth * self.fold_seconds(candidate) * share

    def growth(self, folds: tuple[int, ...]) -> float:
        """How many times the rows that fits on these folds learned from, in the mean, there are in all: in time folds differ."""
        return len(self.prepared.y) / max(float(np.mean([len(self.prepared.folds[fold][0]) for fold in folds])), 1.0)

    def positions(self, folds: tuple[int, ...]) -> NDArray[np.int64]:
        """(m,) sorted places in the matrix of the rows that these folds leave out."""
        return np.sort(np.concatenate([self.prepared.folds[fold][1] for fold in folds]))

    def fold_of(self, folds: tuple[int, ...]) -> NDArray[np.int64]:
        """(m,) the fold of each of the rows of `positions(folds)`."""
        joined = np.concatenate([self.prepared.folds[fold][1] for fold in folds])
        labels = np.concatenate([np.full(len(self.prepared.folds[fold][1]), fold) for fold in folds])
        in_order: NDArray[np.int64] = labels[np.argsort(joined, kind="stable")]
        return in_order

    def out_of_fold(self, key: str, folds: tuple[int, ...]) -> Array:
        """(m,) or (m, k) predictions of the candidate for the rows of `positions(folds)`.

        A boosting is read after as many rounds as are best on the other folds: its own best would flatter it.
        """
        joined = np.concatenate([self.prepared.folds[fold][1] for fold in folds])
        predictions = np.concatenate([self._honest(key, fold, folds) for fold in folds])
        in_order: Array = predictions[np.argsort(joined, kind="stable")]
        return in_order

    def best_rounds(self, key: str, folds: tuple[int, ...]) -> int:
        """The rounds that are best on these folds together; the mean of their own best where fits have no stages."""
        results = [self.results[key, fold] for fold in folds]
        if any(result.stages is None for result in results):
            return round(float(np.mean([result.rounds for result in results])))
        longest = max((result.stages.rounds for result in results if result.stages is not None), key=len)
        total = np.zeros(len(longest))
        for fold in folds:
            losses, valid = self._stage_losses(key, fold), self.prepared.folds[fold][1]
            weights = self.prepared.weights_of(valid)
            mass = len(valid) if weights is None else float(weights.sum())
            total += np.append(losses, np.full(len(longest) - len(losses), losses[-1])) * mass
        return longest[int(np.argmin(total))]

    def scale(self, key: str, folds: tuple[int, ...]) -> float:
        """What predictions are multiplied by, learned from these folds: 1 unless the candidate learns logarithms of a number.

        Only metrics that ask for a mean want it: the exponential of a mean of logarithms lies near the median, which the others
        ask for, and RMSLE judges the logarithms themselves.
        """
        options = find_candidate(self.candidates, key).options
        if not is_log(options) or self.prepared.metric.name not in MEANS:
            return 1.0
        y = np.concatenate([self.prepared.y[self.prepared.folds[fold][1]] for fold in folds])
        weights = self.prepared.weights_of(np.concatenate([self.prepared.folds[fold][1] for fold in folds]))
        root = 1.0 if weights is None else np.sqrt(weights)
        return best_scale(root * y, root * np.concatenate([self.results[key, fold].prediction for fold in folds]))

    def _honest(self, key: str, fold: int, folds: tuple[int, ...]) -> Array:
        """Predictions of one fold, with all that is tuned taken from the others."""
        others = tuple(other for other in folds if other != fold)
        return self._staged(key, fold, others) * self.scale(key, others or (fold,))

    def _staged(self, key: str, fold: int, others: tuple[int, ...]) -> Array:
        result = self.results[key, fold]
        if result.stages is None or any(self.results[key, other].stages is None for other in others):
            return result.prediction
        if not others:
            return self._by_halves(key, fold)
        place = bisect.bisect_right(result.stages.rounds, self.best_rounds(key, others)) - 1
        staged: Array = result.stages.predictions[max(place, 0)].astype(np.float64)
        return staged

    def _by_halves(self, key: str, fold: int) -> Array:
        """Predictions of a fold that stands alone: each half of its rows after as many rounds as are best on the other half."""
        stages, valid = self.results[key, fold].stages, self.prepared.folds[fold][1]
        assert stages is not None
        groups = None if self.prepared.groups is None else self.prepared.groups[valid]
        half = parts_of(np.zeros(len(valid), dtype=np.int64), groups)
        said = [stages.predictions[int(np.argmin(self._losses_on(key, fold, half != part)))] for part in (0, 1)]
        chosen: Array = np.where((half == 0).reshape(-1, *[1] * (said[0].ndim - 1)), said[0], said[1]).astype(np.float64)
        return chosen

    def _stage_losses(self, key: str, fold: int) -> Array:
        """(s,) mean loss after each stage of a fit."""
        if (key, fold) not in self.losses:
            self.losses[key, fold] = self._losses_on(key, fold, np.ones(len(self.prepared.folds[fold][1]), dtype=np.bool_))
        return self.losses[key, fold]

    def _losses_on(self, key: str, fold: int, rows: NDArray[np.bool_]) -> Array:
        """(s,) the same on some of the fold's rows, a mask (m,)."""
        stages, places = self.results[key, fold].stages, self.prepared.folds[fold][1][rows]
        assert stages is not None
        logs = is_log(find_candidate(self.candidates, key).options)
        # for a mean a scale follows, and what is right but for a factor must not look wrong
        loss = _log_loss if logs and self.prepared.metric.name in MEANS else self.prepared.loss
        y, weights = self.prepared.y[places], self.prepared.weights_of(places)
        said = (part[rows].astype(np.float64) for part in stages.predictions)
        return np.array([float(np.average(loss(y, part), weights=weights)) for part in said])
