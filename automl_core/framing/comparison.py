"""Is one rung really better than another? Tests on the differences of scores on the same folds, and the verdict's rules."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import Floats
from automl_core.framing.problem import VerdictName

RUNGS = ("average", "rule", "linear", "boosted")
TINY, MATTERS = 0.02, 0.05
SIGNIFICANT = 0.05
# that anything beats the average is the graver claim: one-sided 2.5 %, as a 95 % interval above zero asks, after Holm
CERTAIN, SUGGESTIVE = 0.025, 0.2
FEWEST_ROWS = 50
FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the first is than the second (positive: better): mean over folds, its 95 % interval and one-sided p."""

    mean: float
    error: float
    low: float
    high: float
    p: float


def compare(first: Floats, second: Floats, test_share: float) -> Comparison:
    """Corrected repeated cross-validation t-test on fold scores `(J,)`, greater being better (Nadeau & Bengio 2003).

    `test_share` is the mean of validation rows over training rows. Folds share training rows, so the plain t-test is wrong
    far too often; the correction adds the share to 1/J.
    """
    from scipy.special import stdtr, stdtrit

    gaps = (first - second)[np.isfinite(first - second)]
    if len(gaps) < 2:
        mean = float(gaps.mean()) if len(gaps) else 0.0
        return Comparison(mean, math.inf, -math.inf, math.inf, 1.0)
    mean = float(gaps.mean())
    error = math.sqrt((1 / len(gaps) + test_share) * float(gaps.var(ddof=1)))
    freedom = len(gaps) - 1
    if error == 0:
        return Comparison(mean, 0.0, mean, mean, 0.0 if mean > 0 else 1.0)
    half = float(stdtrit(freedom, 0.975)) * error
    return Comparison(mean, error, mean - half, mean + half, float(stdtr(freedom, -mean / error)))


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p values, in no particular order."""
    ordered = sorted(values.items(), key=lambda item: item[1])
    adjusted: dict[str, float] = {}
    worst = 0.0
    for place, (name, p) in enumerate(ordered):
        worst = max(worst, min(1.0, (len(ordered) - place) * p))
        adjusted[name] = worst
    return adjusted


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Fold scores of each rung turned so that greater is better, what a perfect answer would score, and the rows behind it.

    `rarest` is the number of rows of the smallest of the two largest classes (all rows for a number), of the whole table, which
    has `given` rows; those looked at tell as much as `worth` of it, which are more where of a rare class many are among them.
    """

    folds: dict[str, Floats]
    perfect: float
    test_share: float
    rows: int
    rarest: int
    money: bool = False
    given: int = 0
    worth: int = 0

    @property
    def sampled(self) -> bool:
        """Whether the table has more rows than were looked at."""
        return self.given > self.rows

    def level(self, rung: str) -> float:
        """The mean over folds."""
        return float(np.nanmean(self.folds[rung]))

    def compare(self, first: str, second: str) -> Comparison:
        return compare(self.folds[first], self.folds[second], self.test_share)

    def reduction(self, first: str, second: str) -> float:
        """The share of the second's error that the first takes away (relative error reduction)."""
        room = self.perfect - self.level(second)
        return (self.level(first) - self.level(second)) / room if room > 1e-12 else 0.0


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict, the rung it stands for, the best rung seen, and how many rows would settle an open case.

    `settled_by_rows` is False when there are too few rows or events to look at all.
    """

    verdict: VerdictName
    chosen: str
    top: str
    rows_needed: int = 0
    settled_by_rows: bool = True


def rule_on(evidence: Evidence) -> Ruling:
    """The verdict: the simplest rung that is not clearly and noticeably worse than the best.

    Average: nothing is both really better (corrected interval above 0, Holm) and better by 2 % of the error. Rule: within one
    standard error (or 2 % of the error) of the best and with nine tenths of its gain. Linear: likewise, without the latter.
    ML pays: boosted really better than the best simple rung, by 5 % of its error or by money. Otherwise the best simple rung.
    Not enough data: too few rows or events, or a noticeable gain that is likely but not certain.
    """
    top = max(RUNGS[1:], key=lambda name: (evidence.level(name), -RUNGS.index(name)))
    gains = {name: evidence.compare(name, "average") for name in RUNGS[1:]}
    gain, adjusted = gains[top], holm({name: found.p for name, found in gains.items()})
    share = evidence.reduction(top, "average")
    if evidence.rows < FEWEST_ROWS or evidence.rarest < FEWEST_OF_A_CLASS:
        return Ruling("not_enough_data", "average", top, _enough_for_classes(evidence), settled_by_rows=False)
    real = gain.low > 0 and adjusted[top] < CERTAIN
    if not real and share >= MATTERS and adjusted[top] < SUGGESTIVE:
        return Ruling("not_enough_data", "average", top, rows_needed(gain, max(evidence.rows, evidence.worth)))
    if not real or (share < TINY and not evidence.money):
        return Ruling("average", "average", top)
    return _among_models(evidence, top)


def _among_models(evidence: Evidence, top: str) -> Ruling:
    """The verdict once something beats the average for sure."""
    lift = evidence.level(top) - evidence.level("average")
    if _as_good(evidence, "rule", top) and evidence.level("rule") - evidence.level("average") >= 0.9 * lift:
        return Ruling("rule", "rule", top)
    if _as_good(evidence, "linear", top):
        return Ruling("linear", "linear", top)
    simple = "linear" if evidence.level("linear") >= evidence.level("rule") else "rule"
    gain = evidence.compare("boosted", simple)
    adjusted = holm({name: evidence.compare("boosted", name).p for name in ("average", "rule", "linear")})[simple]
    if adjusted < SIGNIFICANT and (evidence.reduction("boosted", simple) >= MATTERS or (evidence.money and gain.low > 0)):
        return Ruling("ml_pays", "boosted", top)
    if evidence.reduction(simple, "average") >= TINY and evidence.compare(simple, "average").low > 0:
        return Ruling("linear" if simple == "linear" else "rule", simple, top)
    if adjusted < SIGNIFICANT:
        return Ruling("ml_pays", "boosted", top)
    return Ruling("not_enough_data", "average", top, rows_needed(gain, max(evidence.rows, evidence.worth)))


def _as_good(evidence: Evidence, simple: str, top: str) -> bool:
    """Within one standard error of the best, or behind it by less of its error than anybody would notice."""
    behind = evidence.compare(top, simple)
    return behind.mean <= behind.error or evidence.reduction(top, simple) < TINY


def rows_needed(gain: Comparison, rows: int) -> int:
    """Rows at which a gain of this size would be clear, if its error shrinks with the root of the rows; two digits."""
    if gain.mean <= 0 or not math.isfinite(gain.error):
        return 0
    return round_up(rows * max(1.2, (2.5 * gain.error / gain.mean) ** 2))


def _enough_for_classes(evidence: Evidence) -> int:
    by_class = max(evidence.rows, evidence.given) * 50 / max(1, evidence.rarest) if evidence.rarest < FEWEST_OF_A_CLASS else 0
    return round_up(max(200, by_class))


def round_up(value: float) -> int:
    """Upwards to two leading digits."""
    unit = 10 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    return int(math.ceil(value / unit) * unit)


def smallest_class(y: NDArray[np.generic], classes: int) -> int:
    """Rows of the second most common class: what there is to tell apart."""
    counts = np.sort(np.bincount(y.astype(np.int64), minlength=classes))
    return int(counts[-2])
