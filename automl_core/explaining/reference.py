"""What a model's predictions are compared with, and all that is worked out once for it: the members by how they are explained.

A model's prediction is a weighted sum over members, so its Shapley values are those of the members, each by its quickest route:
forests by walking their trees, linear members by adding up terms, and what is left (boostings, networks, neighbours, and forests
that cannot be walked, or whose sum is calibrated) by paired orders of the columns; a row of few columns by all their coalitions
(`coalitions`). In orders, trees are met (`paths`) and need not be asked, and a rough copy, a small boosting, takes much of the
chance away: its values are known, and only what it gets wrong is sampled (a control variate: nothing is biased).
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds, same_seeds
from automl_core.explaining.coalitions import enumerated, seconds_unmet
from automl_core.explaining.paths import Met, open_paths
from automl_core.explaining.rough_copy import LEARNED, RoughCopy, rough_copy
from automl_core.explaining.routes import Raw, spread_remainder
from automl_core.explaining.sampled import in_columns, in_orders, members_said, sampled
from automl_core.explaining.standing import Standing, standing
from automl_core.explaining.terms import Terms, cells, dense, member_terms
from automl_core.explaining.threads import PROCESSORS
from automl_core.explaining.woods import NORMAL_MEAN, Woods, can_walk, open_woods, paced, walked
from automl_core.search.forest import Forest
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
TRIED_ORDERS = 5, 25  # by which the pace is measured, beyond what a row takes before
TRIED_ROWS, LEAST_ORDERS = 10, 2
TRIED_ALONE, TRIED_SECONDS = 5, 0.1
MOST_SURE, SURE_SHARE = 40, 0.4  # orders that a row alone gets in that share of its time, by what processors need, at any hour
TURNS_SECONDS = 0.01  # worth of orders by which it is measured what one more takes
MOST_ENUMERATED = 8  # columns whose coalitions are all gone through
TRIED_ALL = 0.3  # seconds beyond which it is not tried again how long they take


@dataclass(frozen=True, slots=True)
class Care:
    """How much is done for each row: pairs of orders where values are sampled, and rows that each tree of a forest meets.

    `alone` says that there is one row only. No rounds: all coalitions of its columns are gone through, without chance.
    """

    rounds: int
    meetings: int
    alone: bool = False


LEAST_ALONE, MOST_ALONE = Care(8, 2, alone=True), Care(1_000, 1_000, alone=True)


@dataclass(frozen=True, eq=False)  # without slots: what all coalitions take is measured when it is asked for
class Reference:
    """One model's rows to compare with, encoded (b, p) and in the order of their predictions (b, k).

    `woods`, `terms` and `dark` are the members by route; `copy` is the rough copy of the dark ones together, or of the whole
    prediction where that is calibrated. In orders the trees of the `met` are met and the other dark ones, `asked`, are asked;
    `ends` is what these say of the rows to compare with. `pace` is the seconds of one processor that an order and its reverse
    take, `lone` what a row takes beside them. By the clock, `alone` is what a row by itself takes with the care `LEAST_ALONE`,
    `turn` what one more order and its reverse add. It holds for `model` alone.
    `care` is what a row alone gets, when that was settled before: on a slower day its reasons must not differ.
    """

    model: Model
    matrix: Floats
    prediction: Floats
    source: NDArray[np.int64]
    woods: tuple[Woods, ...] = ()
    terms: tuple[Terms, ...] = ()
    dark: tuple[Member, ...] = ()
    copy: RoughCopy | None = None
    pace: float = 0.0
    lone: float = 0.0
    alone: float = 0.0
    turn: float = 0.0
    ends: Floats = field(default_factory=lambda: np.zeros(0))
    met: tuple[Met, ...] = ()
    asked: tuple[Member, ...] = ()
    care: Care | None = None

    @property
    def samples(self) -> bool:
        """Whether parts must be sampled."""
        return bool(self.dark)

    @property
    def added(self) -> tuple[Terms, ...]:
        """The linear members whose parts are told by themselves: of a sum that is sampled and calibrated they are not."""
        return () if self.samples and self.model.calibration is not None else self.terms

    def affords_alone(self, seconds: float) -> Care:
        """The care that so many seconds by the clock allow for a row by itself, by the pace of this machine just now; some of it
        goes by what processors need, so that a busy hour does not take the parts' worth."""
        each = max(seconds - self.alone, 0.0) / (2 if self.samples and self.woods else 1)
        least = min(MOST_SURE, int(SURE_SHARE * PROCESSORS * seconds / max(self.pace, 1e-9)))  # however busy this machine is
        rounds = max(least, LEAST_ALONE.rounds + int(each / max(self._turn_seconds(), 1e-9)))
        meetings = LEAST_ALONE.meetings + int(PROCESSORS * each / max(self.meeting_seconds(), 1e-9))
        return Care(min(rounds, MOST_ALONE.rounds), min(meetings, MOST_ALONE.meetings), alone=True)

    @property
    def enumerable(self) -> bool:
        """Whether all coalitions of the columns tell the parts without chance."""
        return len(self.model.sources) <= MOST_ENUMERATED

    def enumerates(self, seconds: float) -> bool:
        """Whether so many seconds by the clock allow for all coalitions of the columns of a row by itself."""
        return self.enumerable and self.every < seconds

    @cached_property
    def every(self) -> float:
        """Seconds by the clock that all coalitions of a row's columns take: the longer of two rows, after one that may compile
        something; infinite where members that must be asked for every mixture would take too long."""
        if seconds_unmet(self.model, self.matrix[-1:], self.matrix) > TRIED_ALL:
            return math.inf
        took: list[float] = []
        for place in (-1, -1, len(self.matrix) // 2):
            if took[1:] and took[1] > TRIED_ALL:
                break
            began = time.perf_counter()
            enumerated(self.model, self.matrix[place][None], self.matrix)
            took.append(time.perf_counter() - began)
        return max(took[1:])

    def _turn_seconds(self) -> float:
        return max(self.turn, self.pace / PROCESSORS)

    def meeting_seconds(self) -> float:
        """The same for each tree of all forests meeting one row."""
        return sum(woods.pace for woods in self.woods)

    def affords(self, rows: int, seconds: float, least: Care, most: Care) -> Care:
        """The care that so many seconds of one processor allow for each of `rows` rows."""
        each = max(seconds / max(rows, 1) - self.lone, 0.0) / (2 if self.samples and self.woods else 1)
        rounds = int(np.clip(each / max(self.pace, 1e-9), least.rounds, most.rounds))
        meetings = int(np.clip(each / max(self.meeting_seconds(), 1e-9), least.meetings, most.meetings))
        return Care(rounds, meetings, rows == 1)


def open_reference(model: Model, matrix: Floats) -> Reference:
    """Rows of the encoder's matrix (b, p) to compare with, made ready: a second or so, and what the model takes to predict 5,000
    rows of thirty columns where members must be asked."""
    prediction = in_columns(model.predict_matrix(matrix))
    order = np.argsort(prediction[:, 0], kind="stable")
    matrix, prediction = matrix[order], prediction[order]
    whole = model.extended(matrix)
    stands = standing(model, matrix)
    woods, terms, dark = [], [], []
    for member in model.members:
        if model.calibration is None and can_walk(model, member):
            woods.append(_forest(stands, member))
        elif (added := member_terms(model, member, whole)) is not None:
            terms.append(added)
        else:
            dark.append(member)
    found = Reference(model, matrix, prediction, stands.source, tuple(woods), tuple(terms), tuple(dark))
    if found.samples:
        found = _tried(found, stands, whole)
    found = replace(found, lone=_lone(found))
    found = replace(found, alone=_takes(found, LEAST_ALONE))
    return replace(found, turn=_turn(found)) if found.samples else found


def _forest(stands: Standing, member: Member) -> Woods:
    """A forest made ready to be walked: its prediction is the mean of its trees."""
    forest: Forest = member.native
    return paced(open_woods(stands, member, forest.depth, member.scale / len(forest.roots)))


def _turn(reference: Reference) -> float:
    """Seconds by the clock that one more order and its reverse take for a row alone."""
    more = int(np.clip(PROCESSORS * TURNS_SECONDS / max(reference.pace, 1e-6), LEAST_ALONE.rounds, MOST_ALONE.rounds))
    longer = _takes(reference, replace(LEAST_ALONE, rounds=LEAST_ALONE.rounds + more))
    return max(longer - reference.alone, 0.0) / more


def _takes(reference: Reference, care: Care) -> float:
    """Seconds by the clock that a row alone takes: its threads share the processors with all else that is at work, so what one
    processor needs does not tell. The middle of five: the first may compile something, and any may be disturbed."""
    took: list[float] = []
    for place in range(min(TRIED_ALONE, len(reference.matrix))):
        if sum(took) > TRIED_SECONDS:
            break
        row = reference.matrix[place : place + 1]
        began = time.perf_counter()
        parted(reference, row, care, same_seeds(row, 0))
        took.append(time.perf_counter() - began)
    return statistics.median(took) if took else 0.0


def _tried(reference: Reference, stands: Standing, others: Floats) -> Reference:
    """With all that orders need: the members by whether their trees are met or they are asked, what these say of the rows to
    compare with (b, q), the rough copy learned from mixtures, and the pace."""
    generator = np.random.default_rng(0)
    matrix, model = reference.matrix, reference.model
    inside = generator.random((LEARNED, len(model.sources))) < generator.random((LEARNED, 1))
    first, second = generator.integers(0, len(matrix), (2, LEARNED))
    mixed = np.where(inside[:, reference.source], matrix[first], matrix[second])
    if model.calibration is not None:  # of the whole prediction, where the rest cannot be told apart from it
        learned, weight, values = model.members, 1.0, in_columns(model.predict_matrix(mixed))
    else:
        learned, weight = reference.dark, sum(member.weight for member in reference.dark)
        values = members_said(reference, reference.dark, model.extended(mixed)) / weight
    met, asked = open_paths(stands, reference.dark)
    found = replace(reference, met=met, asked=asked, ends=members_said(reference, asked, others),
                    copy=rough_copy(stands, learned, values, mixed, weight))
    return replace(found, pace=_pace(found))


def _pace(reference: Reference) -> float:
    """Seconds of one processor that an order and its reverse take, beyond what a row takes before."""
    row = reference.matrix[:1]

    def took(rounds: int) -> float:
        began = time.thread_time()
        in_orders(reference, row, rounds, same_seeds(row, 0), 1)
        return time.thread_time() - began

    few, many = TRIED_ORDERS
    took(1)  # may compile something
    short = took(few)
    if short > TRIED_SECONDS:
        return short / few  # what is so slow is not asked more often
    return max(took(many) - short, 0.0) / (many - few)


def _lone(reference: Reference) -> float:
    """Seconds of one processor that a row among others takes beside its orders and walks."""
    rows = reference.matrix[: 1 if reference.pace > TRIED_SECONDS / TRIED_ROWS else TRIED_ROWS]

    def known(row: Floats) -> None:
        if reference.copy is not None:
            reference.copy.parts(row)
        if reference.added:
            _added_up(reference, row, False, same_seeds(row, 0))

    known(rows[:1])  # may compile something
    began = time.thread_time()
    if reference.samples:
        in_orders(reference, rows, LEAST_ORDERS, same_seeds(rows, 0), 1)
    for row in rows:
        known(row[None])
    return max((time.thread_time() - began) / len(rows) - LEAST_ORDERS * reference.pace, 0.0)


def parted(reference: Reference, matrix: Floats, care: Care, seeds: Seeds) -> Raw:
    """Shapley values by source column of encoded rows (n, p) against the reference, in the space of predictions.

    `seeds` (n,) are the rows' own: what is said of a row does not hang on the rows beside it.
    """
    model = reference.model
    phi = np.zeros((len(matrix), len(model.sources), reference.prediction.shape[1]))
    doubt, base = np.zeros_like(phi), reference.prediction.mean(axis=0)
    flat = phi.shape[2] == 1 and model.problem.task != "multiclass"
    if not len(matrix):
        return Raw(phi[:, :, 0] if flat else phi, base[0] if flat else base, False)
    prediction = in_columns(model.predict_matrix(matrix))
    for woods in reference.woods:
        part, error = walked(woods, matrix, care.meetings, seeds)
        phi += woods.member.weight * part
        doubt += np.square(woods.member.weight * error)
    if reference.added:
        part, error = _added_up(reference, matrix, care.alone, seeds)
        phi, doubt = phi + part, doubt + np.square(error)
    if reference.copy is not None:
        phi += reference.copy.parts(matrix)
    if reference.samples:
        part, error = sampled(reference, matrix, care.rounds, seeds)
        phi, doubt = phi + part, doubt + np.square(error)
    sizes = np.sqrt(np.maximum(np.square(phi) - doubt, 0))  # without what chance adds to them
    doubt = np.minimum(NORMAL_MEAN * np.sqrt(doubt).sum(axis=1) / np.maximum(sizes.sum(axis=1), 1e-12), 1.0)
    found = np.stack([spread_remainder(phi[:, :, k], prediction[:, k] - base[k]) for k in range(phi.shape[2])], axis=2)
    if flat:
        return Raw(found[:, :, 0], base[0], False, doubt[:, 0], prediction[:, 0])
    return Raw(found, base, False, doubt, prediction)


def _added_up(reference: Reference, matrix: Floats, alone: bool, seeds: Seeds) -> tuple[Floats, Floats]:
    """`(phi, error)` (n, d, k) of the linear members that are no part of what is sampled, calibrated where nothing is."""
    mine = tuple(part.of(reference.model.extended(matrix)) for part in reference.added)
    calibration = None if reference.samples else reference.model.calibration
    chance = seeds, cells(alone, reference.samples)
    return dense(reference.added, mine, (matrix, reference.matrix), reference.source, chance, calibration)


def paired(model: Model, row: Floats, background: Floats, rounds: int, seed: int) -> Raw:
    """Shapley values of one encoded row (1, p) against others (b, p), with so many pairs of orders where they must be sampled."""
    return parted(open_reference(model, background), row, Care(rounds, len(background), len(row) == 1), same_seeds(row, seed))
