"""Whether the groups of a rule could be chance: the same search again on scores whose signs chance turns round.

Where a change does nothing, and scores are not lopsided, one is as likely above nothing as below: what is found with turned signs
is what chance finds, and the surest group of each search tells how sure a group must be (a step of Westfall and Young 1993). All
rows have a say, where a group that one half finds and the other confirms has half of them. Both tests together are one by the
combination of Cauchy, which holds however much they have in common (Liu and Xie 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.crossing import Finer, rules_of_all
from automl_core.acting.policy import Objective
from automl_core.acting.splits import Splits

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_ROWS = 15_000  # above, half of the rows are enough, and forty searches take long
LOPSIDED = 1.0  # the third moment about nothing in units of the second, as of outcomes and changes that few have
FLIPS = 40
ENOUGH = 5  # searches that found as much: it is chance, and more of them would say the same
COUNTED = 3  # from so many on their share is told, below the tail of their distribution
LEAST_P, MOST_P = 1e-12, 0.999
EULER = 0.5772156649


@dataclass(frozen=True, eq=False, slots=True)
class Turned:
    """What is turned: the scores `psi` (n,) in the wanted direction, alike within the groups of `codes` (n,) (None: each row by
    itself). Moving a row costs its `charge` (n,), whichever way its score is turned."""

    psi: Floats
    charge: Floats
    codes: NDArray[np.int64] | None = None


def chances(
    splits: Splits, objective: Objective, turned: Turned, place: int, groups: list[Mask], seed: int
) -> list[float]:
    """For each of the `groups` (n,) of the rule at this place among the rules how often such a rule has one as sure by chance."""
    generator, most = np.random.default_rng((seed, FLIPS)), _sure(turned.psi, objective, groups)
    found: list[float] = []
    finer: Finer = {}
    for _ in range(FLIPS):
        drawn = generator.choice([-1.0, 1.0], len(turned.psi) if turned.codes is None else int(turned.codes.max()) + 1)
        psi = turned.psi * (drawn if turned.codes is None else drawn[turned.codes])
        rule = rules_of_all(splits, replace(objective, gain=psi - turned.charge), finer)[place]
        picked = [rows for leaf, rows in zip(rule.leaves, rule.rows, strict=True) if leaf]
        found.append(max(_sure(psi, objective, picked), default=-math.inf))
        if sum(one >= max(most) for one in found) >= ENOUGH:
            break
    return [_tail(np.array(found), one) for one in most]


def lopsided(psi: Floats) -> bool:
    """Whether signs must not be turned: of rare outcomes most scores are small and a few are large and of the other sign, and a
    group without any of these seems surer than turned signs ever make one."""
    square = float(np.square(psi).mean())
    return bool(abs(float((psi**3).mean())) > LOPSIDED * square**1.5)


def both(one: float, other: float) -> float:
    """The p value of two tests of the same, which may have anything in common (Liu and Xie 2020)."""
    mean = sum(math.tan((0.5 - min(p, MOST_P)) * math.pi) for p in (one, other)) / 2
    return max(0.5 - math.atan(mean) / math.pi, min(one, other))


def _sure(psi: Floats, objective: Objective, groups: list[Mask]) -> list[float]:
    """How many errors the sums of scores over groups are above nothing."""
    own = [psi[rows & objective.looked] for rows in groups]
    return [float(one.sum()) / math.sqrt(max(float(one @ one), 1e-12)) for one in own]


def _tail(found: Floats, sure: float) -> float:
    """The chance of as much: the share of searches that found it or, where they are few, by the distribution of largest values
    (Gumbel) that has their mean and spread."""
    as_much, some = int((found >= sure).sum()), found[np.isfinite(found)]
    counted = (1 + as_much) / (1 + len(found))
    if as_much >= COUNTED or len(some) < FLIPS / 4:
        return counted
    scale = max(float(some.std(ddof=1)) * math.sqrt(6) / math.pi, 1e-9)
    beyond = (sure - float(some.mean())) / scale + EULER
    return max(len(some) / len(found) * -math.expm1(-math.exp(-beyond)), LEAST_P)
