"""What can be handed over: every candidate and the ensemble, compared in pairs with the best, and the rule that chooses."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metrics import Metric, get_metric
from automl_core.framing.score_interval import Counting, differences, paired_difference
from automl_core.search.contest import Contest
from automl_core.search.ensemble import FEW_ROWS, MEMBERS, ROWS, Electorate, bagged_weights, blend, greedy_weights
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.log_target import is_log
from automl_core.search.plan import Candidate, RungOffer, Trial

ENSEMBLE = "ensemble"
STUDENT = "student"
RUNGS = ("rule", "linear", "legible", "small", STUDENT, "single", ENSEMBLE)  # from simple to strong
SIMPLE = ("rule", "linear")  # families that are a rung of their own
SMALL_LOSS = 0.003
SAME = 0.001  # of the best's score: what is lost at most for a model that can be read


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One thing that can be handed over: weights by candidate and out-of-fold predictions.

    `quality` is the judge's score, greater is better; `gap` how much the best is better on the same rows, with its standard
    `error`; `row_ms` the milliseconds its members need for a row. `plain` says that it sees the table's own columns
    and predicts the target itself, `taught` that it learned from the ensemble, `even` that it is as good as the best on rows
    without a part in the choice.
    """

    name: str
    label: str
    weights: dict[str, float]
    prediction: Array
    quality: float
    row_ms: float
    legible: bool = False
    plain: bool = False
    family: str = ""
    taught: bool = False
    even: bool = False
    gap: float = 0.0
    error: float = 0.0
    limit: float = math.inf

    @property
    def as_good(self) -> bool:
        """Whether it is a legible model over the table's own columns and as good as the best: it may lose a third of what may be
        lost for speed."""
        return self.even or self.could_be_even(self.gap, self.error)

    def could_be_even(self, gap: float, error: float) -> bool:
        """The same, where the best is better by `gap` with this standard error."""
        return self.legible and self.plain and gap <= min(error if math.isfinite(error) else 0.0, self.limit * SAME / SMALL_LOSS)

    @property
    def good_enough(self) -> bool:
        """Whether its paired loss against the best is within one standard error, and within `limit`: 0.3 % of the best's score.

        On few rows the standard error alone would let a clearly weaker model through.
        """
        return self.gap <= min(self.error if math.isfinite(self.error) else 0.0, self.limit)


def best_first(trials: tuple[Trial, ...], metric: str) -> tuple[Trial, ...]:
    """Trials sorted for a leaderboard: those that got through before the others, the best score first."""
    sign = get_metric(metric).sign

    def rank(trial: Trial) -> tuple[bool, bool, float]:
        scored = math.isfinite(trial.score)
        return trial.state in ("dropped", "failed"), not scored, -sign * trial.score if scored else 0.0

    return tuple(sorted(trials, key=rank))


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """What offers are made from: out-of-fold predictions by candidate on the same rows, with their truth `y` (n,).

    `weights` and `groups` (n,) say how rows count, and which belong together. `row_ms` is what a row costs: milliseconds, or
    where the result must be the same every time megabytes in their place. `few` says that there are so few rows that chance
    decides between what is about as good.
    """

    judge: Metric
    y: Array
    predictions: dict[str, Array]
    candidates: dict[str, Candidate]
    row_ms: dict[str, float]
    seed: int = 0
    weights: Array | None = None
    few: bool = False
    groups: NDArray[np.int64] | None = None

    @property
    def counting(self) -> Counting:
        """How the rows count where two predictions are compared."""
        return Counting(self.weights, self.groups)

    def on(self, rows: NDArray[np.int64]) -> Ballot:
        """The same of some of the rows."""
        return replace(self, y=self.y[rows], weights=None if self.weights is None else self.weights[rows],
                       groups=None if self.groups is None else self.groups[rows],
                       predictions={key: part[rows] for key, part in self.predictions.items()})


def make_ballot(contest: Contest, folds: tuple[int, ...], rows: NDArray[np.int64], among: tuple[str, ...] = ()) -> Ballot:
    """All candidates that cover the folds, or those `among` them (keys); `rows` (n,) are the places of the folds' rows in the
    matrix."""
    usable = {item.key: item for item in contest.candidates
              if set(folds) <= set(contest.good(item.key)) and (not among or item.key in among)}
    predictions = {key: contest.out_of_fold(key, folds) for key in usable}
    speed = {key: contest.results[key, folds[0]].row_ms for key in usable}
    if not contest.plan.timed:  # the same every time, which a measured time is not
        speed = {key: contest.results[key, folds[0]].size / 1e6 for key in usable}
    prepared = contest.prepared
    return Ballot(prepared.judge, prepared.y[rows], predictions, usable, speed, contest.plan.seed, prepared.weights_of(rows),
                  len(rows) <= FEW_ROWS, None if prepared.groups is None else prepared.groups[rows])


def make_offers(ballot: Ballot, rows: int = ROWS) -> tuple[Offer, ...]:
    """The ensemble first, the best pair, then all single candidates. Ensembles are chosen on a sample of at most `rows`.

    On few rows the ensemble is bagged, and there is no pair: the one that looks best there is so by luck.
    Candidates with formulas or letters whose gain over their twin is within one standard error are left out: noise can always be
    described.
    """
    judge, y = ballot.judge, ballot.y
    usable = [item for item in ballot.candidates.values() if not formulas_fail(ballot, item)]
    usable = usable or list(ballot.candidates.values())  # where no candidate without formulas got through
    predictions = {item.key: ballot.predictions[item.key] for item in usable}
    teachers = {item.key: predictions[item.key] for item in usable if not item.teachers}  # no blend of who learned from it

    def quality(prediction: Array) -> float:
        score = judge.sign * judge.score(y, prediction, weights=ballot.weights)
        return score if math.isfinite(score) else -math.inf

    voters = Electorate(judge, y, ballot.weights, ballot.seed)
    if ballot.few:
        mixes = {(ENSEMBLE, "Ensemble"): bagged_weights(voters, teachers)}
    else:
        mixes = {(ENSEMBLE, "Ensemble"): greedy_weights(voters, teachers, MEMBERS, rows),
                 ("pair", "Ensemble of two"): greedy_weights(voters, teachers, 2, rows)}
    found = []
    for (name, label), weights in mixes.items():
        mixed = blend(weights, predictions)
        found.append(Offer(name, label, weights, mixed, quality(mixed), sum(ballot.row_ms[key] for key in weights)))
    for item in usable:
        prediction = predictions[item.key]
        found.append(Offer(item.key, item.label, {item.key: 1.0}, prediction, quality(prediction),
                           ballot.row_ms[item.key], families().get(item.family).legible,
                           item.view == "plain" and not is_log(item.options), item.family, bool(item.teachers)))
    best = max(found, key=lambda offer: offer.quality)
    pairs = differences(judge, y, best.prediction, [offer.prediction for offer in found], ballot.seed, ballot.counting)
    compared = []
    for offer, pair in zip(found, pairs, strict=True):
        same = offer is best or not math.isfinite(pair.difference)
        limit = SMALL_LOSS * abs(best.quality)
        compared.append(replace(offer, limit=limit) if same
                        else replace(offer, gap=pair.difference, error=pair.standard_error, limit=limit))
    return tuple(compared)


def formulas_fail(ballot: Ballot, candidate: Candidate) -> bool:
    """Whether formulas (or letters) did not beat the same candidate without them by more than noise."""
    if not candidate.twin:
        return False
    if candidate.twin not in ballot.predictions:
        return True
    mine, twin = ballot.predictions[candidate.key], ballot.predictions[candidate.twin]
    gain = paired_difference(ballot.judge, ballot.y, mine, twin, ballot.seed, ballot.counting)
    return not gain.difference > gain.standard_error


def choose(offers: tuple[Offer, ...]) -> Offer:
    """The fastest of those good enough; of those that take as many whole milliseconds one that is as good and can be read
    as it is, else the best one."""
    good = (offer for offer in offers if offer.good_enough)
    return min(good, key=lambda offer: (speed(offer), not offer.as_good, -offer.quality))


def read_instead(ballot: Ballot, offers: tuple[Offer, ...], honest: dict[str, Array]) -> Offer:
    """What `choose` takes, or the best legible one where that is no slower, and as good on rows without a part in the choice: of
    many the choice flatters a blend most. `honest` are such predictions (n,) or (n, k) by the name of the rung; none where there
    are no such rows."""
    chosen, ladder = choose(offers), rungs(offers)
    legible = ladder.get("legible")
    if legible is None or chosen.legible or speed(legible) > speed(chosen) or not honest:
        return chosen
    best = max(("single", ENSEMBLE), key=lambda name: ladder[name].quality)
    pair = paired_difference(ballot.judge, ballot.y, honest[best], honest["legible"], ballot.seed, ballot.counting)
    even = math.isfinite(pair.difference) and legible.could_be_even(pair.difference, pair.standard_error)
    return replace(legible, even=True) if even else chosen


def rungs(offers: tuple[Offer, ...]) -> dict[str, Offer]:
    """The ladder by name, from simple to strong: rule, linear, best legible one, fastest good one, student, best single one,
    ensemble."""
    singles = [offer for offer in offers if len(offer.weights) == 1]
    simple = {family: [offer for offer in singles if offer.family == family] for family in SIMPLE}
    groups = simple | {"legible": [offer for offer in singles if offer.legible]}
    found = {name: max(group, key=lambda offer: offer.quality) for name, group in groups.items() if group}
    found["small"] = choose(offers)
    taught = [offer for offer in singles if offer.taught]  # more time has one of its own
    found |= {STUDENT: max(taught, key=lambda offer: offer.quality)} if taught else {}
    return found | {"single": max(singles, key=lambda offer: offer.quality), ENSEMBLE: offers[0]}


def companion_sentence(ladder: tuple[RungOffer, ...], trials: tuple[Trial, ...]) -> str:
    """What is said where no model that can be read as it is stands on the ladder; empty where one does."""
    if any("legible" in (offer.name, *offer.also) for offer in ladder):
        return ""
    plugins = families().plugins
    if any(trial.family in plugins and plugins[trial.family].legible for trial in trials):
        return "No model that can be read as it is got through all folds, so none is offered beside it."
    return ("None of the models that were tried can be read as it is. A search that tries a linear one, too, offers it beside "
            "the best.")


def speed(offer: Offer) -> float:
    """Whole milliseconds a row (or megabytes): nobody waits for a part of one, and a better answer is worth more."""
    return float(math.floor(offer.row_ms)) if math.isfinite(offer.row_ms) else math.inf
