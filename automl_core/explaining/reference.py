"""What a model's predictions are compared with, and all that is worked out once for it: the members by how they are explained.

A model's prediction is a weighted sum over members, so its Shapley values are those of the members, each by its quickest route: a
number's members with contributions of their own by these, forests by walking their trees, linear members by adding up terms,
and what is left (boosted probabilities, networks, neighbours) by paired orders of the columns; a row of few columns by all their
coalitions (`coalitions`). In orders, a rough copy made of terms takes most of the chance away: its values are known, and only
what it gets wrong is sampled (a control variate: nothing is biased).
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.chance import Seeds, same_seeds
from automl_core.explaining.coalitions import enumerated, seconds_unmet
from automl_core.explaining.routes import Raw, by_source, in_threads, of_member, spread_remainder
from automl_core.explaining.sampled import dark_said, in_columns, said, sampled, wooden_said
from automl_core.explaining.terms import LEARNED, Terms, cells, dense, likeness, member_terms
from automl_core.explaining.threads import PROCESSORS
from automl_core.explaining.woods import NORMAL_MEAN, Woods, can_walk, open_woods, walked
from automl_core.search.model import Member, Model

Floats = NDArray[np.float64]
PACE_ROWS = 10
TRIED_ALONE, TRIED_SECONDS = 5, 0.1
TURNS_SECONDS = 0.01  # worth of orders by which it is measured what one more takes
MOST_ENUMERATED = 8  # columns whose coalitions are all gone through
TRIED_ALL = 0.3  # seconds beyond which it is not tried again how long they take
STATE_SECONDS = 1e-6  # a mixture costs beyond its prediction


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

    `native`, `woods`, `terms` and `dark` are the members by route; `copy` is the rough copy of the dark ones together, `pace` the
    seconds of one processor that a mixture of theirs takes, `lone` a row's native parts among others;
    by the clock, `alone` is what a row by itself takes with the care `LEAST_ALONE`, and `turn` what one more order and its
    reverse add. `slope` is how a calibrated prediction goes with the blend before, on the whole: what it does beyond that is
    sampled. `shift` is how far the starting points of native parts are from their mean prediction, `ends` what dark members and
    forests say of the rows to compare with. It holds for `model` alone.
    `care` is what a row alone gets, when that was settled before: on a slower day its reasons must not differ.
    """

    model: Model
    matrix: Floats
    prediction: Floats
    source: NDArray[np.int64]
    native: tuple[Member, ...] = ()
    woods: tuple[Woods, ...] = ()
    terms: tuple[Terms, ...] = ()
    dark: tuple[Member, ...] = ()
    copy: Terms | None = None
    pace: float = 0.0
    lone: float = 0.0
    alone: float = 0.0
    turn: float = 0.0
    slope: float = 1.0
    shift: float = 0.0
    ends: tuple[Floats, Floats] = (np.zeros(0), np.zeros(0))
    care: Care | None = None

    @property
    def asked(self) -> bool:
        """Whether mixtures must be predicted: for dark members, and for forests whose blend is calibrated."""
        return bool(self.dark) or (self.model.calibration is not None and bool(self.woods))

    def affords_alone(self, seconds: float) -> Care:
        """The care that so many seconds by the clock allow for a row by itself, by the pace of this machine just now."""
        each = max(seconds - self.alone, 0.0) / (2 if self.asked and self.woods else 1)
        rounds = LEAST_ALONE.rounds + int(each / max(self._turn_seconds(), 1e-9))
        meetings = LEAST_ALONE.meetings + int(PROCESSORS * each / max(self.meeting_seconds(), 1e-9))
        return Care(min(rounds, MOST_ALONE.rounds), min(meetings, MOST_ALONE.meetings), alone=True)

    @property
    def enumerable(self) -> bool:
        """Whether all coalitions of the columns tell the parts without chance: few columns, and parts that lists have of the same
        kind, which those of numbers' members with their own are not."""
        return len(self.model.sources) <= MOST_ENUMERATED and (self.asked or not self.native)

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
        return max(self.turn, self.round_seconds() / PROCESSORS)

    def round_seconds(self) -> float:
        """Seconds of one processor that one order and its reverse take for one row."""
        return (self.pace + STATE_SECONDS) * 2 * max(len(self.model.sources) - 1, 1) if self.asked else 0.0

    def meeting_seconds(self) -> float:
        """The same for each tree of all forests meeting one row."""
        return sum(woods.pace for woods in self.woods)

    def affords(self, rows: int, seconds: float, least: Care, most: Care) -> Care:
        """The care that so many seconds of one processor allow for each of `rows` rows."""
        each = max(seconds / max(rows, 1) - self.lone, 0.0) / (2 if self.asked and self.woods else 1)
        rounds = int(np.clip(each / max(self.round_seconds(), 1e-9), least.rounds, most.rounds))
        meetings = int(np.clip(each / max(self.meeting_seconds(), 1e-9), least.meetings, most.meetings))
        return Care(rounds, meetings, rows == 1)


def open_reference(model: Model, matrix: Floats) -> Reference:
    """Rows of the encoder's matrix (b, p) to compare with, made ready: a second or so for a large forest, less for others."""
    prediction = in_columns(model.predict_matrix(matrix))
    order = np.argsort(prediction[:, 0], kind="stable")
    matrix, prediction = matrix[order], prediction[order]
    whole = model.extended(matrix)
    names = {name: place for place, name in enumerate(model.sources)}
    source = np.array([names[feature.sources[0]] for feature in model.encoder.features], dtype=np.int64)
    native, woods, terms, dark = [], [], [], []
    for member in model.members:
        if _native(model, member):
            native.append(member)
        elif can_walk(model, member):
            woods.append(open_woods(model, member, whole))
        elif (added := member_terms(model, member, whole)) is not None:
            terms.append(added)
        else:
            dark.append(member)
    found = Reference(model, matrix, prediction, source, tuple(native), tuple(woods), tuple(terms), tuple(dark),
                      slope=_slope(model, whole, prediction))
    if native:
        began = time.thread_time()
        _native_parts(found, whole[:PACE_ROWS], whole[:1])
        found = replace(found, lone=(time.thread_time() - began) / len(whole[:PACE_ROWS]), shift=_native_shift(found, whole))
    if found.asked:
        found = _tried(found, whole)
    found = replace(found, alone=_takes(found, LEAST_ALONE))
    return replace(found, turn=_turn(found)) if found.asked else found


def _turn(reference: Reference) -> float:
    """Seconds by the clock that one more order and its reverse take for a row alone."""
    more = int(np.clip(PROCESSORS * TURNS_SECONDS / reference.round_seconds(), LEAST_ALONE.rounds, MOST_ALONE.rounds))
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


def _slope(model: Model, whole: Floats, prediction: Floats) -> float:
    if model.calibration is None:
        return 1.0
    blend = in_columns(model.blend(whole))
    apart = blend - blend.mean(axis=0)
    square = float(np.square(apart).sum())
    return float((apart * prediction).sum()) / square if square > 0 else 1.0


def _native(model: Model, member: Member) -> bool:
    return model.problem.task == "regression" and member.kind.contributions is not None


def _tried(reference: Reference, others: Floats) -> Reference:
    """With the pace of mixtures, the rough copy learned from them, and what is said of the rows to compare with (b, q)."""
    generator = np.random.default_rng(0)
    matrix, model = reference.matrix, reference.model
    size = LEARNED if reference.dark else LEARNED // 10
    inside = generator.random((size, len(model.sources))) < generator.random((size, 1))
    first, second = generator.integers(0, len(matrix), (2, size))
    mixed = np.where(inside[:, reference.source], matrix[first], matrix[second])
    whole = model.extended(mixed)
    began = time.thread_time()
    values = dark_said(reference, whole)
    if model.calibration is not None:
        wooden_said(reference, whole)
    pace = (time.thread_time() - began) / size
    copy = None
    if reference.dark:
        weight = sum(member.weight for member in reference.dark)
        copy = likeness(model, values / weight, mixed, matrix)
        copy = None if copy is None else replace(copy, weight=weight)
    return replace(reference, pace=pace, copy=copy, ends=said(reference, others))


def parted(reference: Reference, matrix: Floats, care: Care, seeds: Seeds) -> Raw:
    """Shapley values by source column of encoded rows (n, p) against the reference, in the space of predictions.

    `seeds` (n,) are the rows' own: what is said of a row does not hang on the rows beside it.
    """
    model = reference.model
    phi = np.zeros((len(matrix), len(model.sources), reference.prediction.shape[1]))
    doubt, base, slope = np.zeros_like(phi), reference.prediction.mean(axis=0), reference.slope
    flat = phi.shape[2] == 1 and model.problem.task != "multiclass"
    if not len(matrix):
        return Raw(phi[:, :, 0] if flat else phi, base[0] if flat else base, False)
    whole, prediction = model.extended(matrix), in_columns(model.predict_matrix(matrix))
    if reference.native:
        others = model.extended(reference.matrix)
        phi += in_threads(lambda part: _native_parts(reference, part, others), whole)[:, :, None]
        base = base + reference.shift
    for woods in reference.woods:
        part, error = walked(woods, whole, care.meetings, seeds)
        phi += slope * woods.member.weight * part
        doubt += np.square(slope * woods.member.weight * error)
    cheap = (*reference.terms, *([reference.copy] if reference.copy else []))
    if cheap:
        mine = tuple(part.of(matrix if part is reference.copy else whole) for part in cheap)
        alone = None if reference.asked else model.calibration
        size = cells(care.alone, reference.asked)
        known = dense(cheap, mine, (matrix, reference.matrix), reference.source, (seeds, size), alone)
        phi += slope * known if alone is None else known
    if reference.asked:
        part, error = sampled(reference, matrix, care.rounds, seeds)
        phi, doubt = phi + part, doubt + np.square(error)
    doubt = NORMAL_MEAN * np.sqrt(doubt).sum(axis=1) / np.maximum(np.abs(phi).sum(axis=1), 1e-12)
    found = np.stack([spread_remainder(phi[:, :, k], prediction[:, k] - base[k]) for k in range(phi.shape[2])], axis=2)
    if flat:
        return Raw(found[:, :, 0], base[0], False, doubt[:, 0], prediction[:, 0])
    return Raw(found, base, False, doubt, prediction)


def _native_parts(reference: Reference, whole: Floats, others: Floats) -> Floats:
    """(n, d) the weighted parts of the members that tell their own."""
    found = [(member, of_member(reference.model, member, whole, others)) for member in reference.native]
    parts = [member.weight * explained[0] for member, explained in found if explained is not None]
    assert len(parts) == len(found)
    return by_source(reference.model, np.sum(parts, axis=0))


def _native_shift(reference: Reference, others: Floats) -> float:
    """How far the starting points of these members' parts are from their mean prediction of the others (b, q)."""
    shift = 0.0
    for member in reference.native:
        explained = of_member(reference.model, member, others[:1], others)
        assert explained is not None
        shift += member.weight * (float(explained[1]) - float(member.predict(others).mean()))
    return shift


def paired(model: Model, row: Floats, background: Floats, rounds: int, seed: int) -> Raw:
    """Shapley values of one encoded row (1, p) against others (b, p), with so many pairs of orders where they must be sampled."""
    return parted(open_reference(model, background), row, Care(rounds, len(background), len(row) == 1), same_seeds(row, seed))
