"""Where the model fails: groups of rows it predicts worse than the rest, found on one half and confirmed on the other.

Searching and testing on the same rows calls noise a weak spot in nearly every run. Each half is searched once and confirms what
the other one found (cross-fitting), so that both halves' rows count; Benjamini-Hochberg corrects for all that is tested. A few
wild rows must not make a group of their own: losses are cut for the search and the test, and told as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.words import join_words
from automl_core.explaining.closer_look import SpotCondition, WeakSpot, WeakSpots
from automl_core.explaining.spot_conditions import PAIR_GAIN, all_hold, conditions_of, describe, holds
from automl_core.explaining.swap import is_date
from automl_core.explaining.words import count, level_name, number, percent, quote, told_apart
from automl_core.framing.dependent import Codes, Welch, codes_of, rows_worth, sum_reach, welch
from automl_core.framing.metrics import METRICS, decision_of
from automl_core.framing.problem import Problem
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_COLUMNS = 10
MOST_TESTED = 10  # from each half: 20 in all
SMALLEST, SMALLEST_SHARE = 50, 0.02
FALSE_DISCOVERY = 0.05
TWINS = 0.7  # two groups that overlap this much are one finding: a group and three bins of four of it do, by 0.75
LOSSES = {"classes": "log loss", "numbers": "absolute error"}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Rows predicted by models that had not seen them: `frame` typed and cleaned, `oof` (n,) or (n, k), `y` (n,) codes or
    numbers, and in display units what was `predicted` and `observed` (n,), of the class `label`; `weights` (n,) say how much each
    row counts, `together` (n,) are codes of rows that count as one where copies are kept together (None: those of the problem's
    group)."""

    frame: pd.DataFrame
    oof: Floats
    y: Floats
    predicted: Floats
    observed: Floats
    problem: Problem
    seed: int = 0
    weights: Floats | None = None
    label: str = ""
    together: Codes | None = None

    @property
    def counted(self) -> Floats:
        """(n,) how much each row counts."""
        return np.ones(len(self.y)) if self.weights is None else self.weights


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    conditions: tuple[SpotCondition, ...]
    mask: Mask
    strength: float


def weak_spots(judged: Judged, names: tuple[str, ...]) -> WeakSpots:
    """Confirmed weak spots, the widest gap first, over one or two conditions on the first ten of `names`.

    A group has 2 % of a half's rows and 50 at least. Rows of one group of the problem, and copies that are kept together, stay
    in one half, and count as dependent.
    """
    problem = judged.problem
    loss = row_loss(judged)
    title = _loss_title(problem)
    names = tuple(name for name in names if name in judged.frame and not is_date(judged.frame[name]))[:MOST_COLUMNS]
    first = _first_half(judged)
    if min(int(first.sum()), int((~first).sum())) < 2 * SMALLEST or not names:
        return WeakSpots((), 0, 0, title, "There are too few rows to find weak spots on one half and confirm them on the other.")
    conditions = [condition for name in names for condition in conditions_of(judged.frame[name])]
    masks = [holds(condition, judged.frame) for condition in conditions]
    looked_at, tests = 0, []
    for finding in (first, ~first):
        found, looked = _discover(conditions, [mask[finding] for mask in masks], _cut(loss)[finding], judged.counted[finding])
        looked_at += looked
        for candidate in found:
            everywhere = all_hold(candidate.conditions, judged.frame)
            tests.append((candidate.conditions, everywhere & ~finding, ~everywhere & ~finding))
    kept = _confirm(judged, loss, tests)
    return WeakSpots(tuple(kept), looked_at, len(tests), title, _sentence(len(kept), looked_at, len(tests)))


def _loss_title(problem: Problem) -> str:
    level = _uneven(problem)
    if level is not None:
        return f"pinball loss of the {level_name(level)}"
    return LOSSES["numbers" if problem.task == "regression" else "classes"]


def _uneven(problem: Problem) -> float | None:
    """The quantile that a number is predicted at where too high and too low do not count alike; else None."""
    return None if problem.level == 0.5 else problem.level


def row_loss(judged: Judged) -> Floats:
    """(n,) the log loss of each row's probabilities, or the error of its number: absolute, or the pinball loss of a quantile."""
    level = _uneven(judged.problem)
    name = "log_loss" if judged.problem.task != "regression" else "mae" if level is None else "pinball"
    rows = METRICS[name].loss_rows
    assert rows is not None
    decision = decision_of(judged.problem)
    decision = decision if level is None else replace(decision, quantile=level)
    y = judged.y if judged.problem.task == "regression" else judged.y.astype(np.int64)
    return np.asarray(rows(y, judged.oof, decision), dtype=np.float64)


def _cut(loss: Floats) -> Floats:
    return np.minimum(loss, np.quantile(loss, 0.995))


def _together(judged: Judged) -> Codes | None:
    """(n,) codes of the rows that go together; None when rows stand alone."""
    if judged.together is not None:
        return judged.together
    group = judged.problem.group
    return codes_of(judged.frame[group]) if group and group in judged.frame else None


def _first_half(judged: Judged) -> Mask:
    generator = np.random.default_rng(judged.seed)
    codes = _together(judged)
    if codes is not None:
        groups = int(codes.max(initial=-1)) + 1
        return np.asarray((generator.permutation(groups + 1) < (groups + 1) / 2)[codes], dtype=bool)
    return np.asarray(generator.permutation(len(judged.frame)) < len(judged.frame) / 2, dtype=bool)


def _discover(
    conditions: list[SpotCondition], masks: list[Mask], loss: Floats, weights: Floats
) -> tuple[list[_Candidate], int]:
    """The strongest ten groups of a half, and how many there were to look at. All pairs come from a few matrix products."""
    rows, spread = len(loss), float(loss.std())
    smallest = max(SMALLEST, SMALLEST_SHARE * rows)
    if not masks or spread == 0:
        return [], 0
    table = np.stack(masks).astype(np.float32)
    counts = (table @ table.T).astype(np.float64)
    beyond = weights * (loss - np.average(loss, weights=weights))
    sums, mass, squares = (((table * part.astype(np.float32)) @ table.T).astype(np.float64)
                           for part in (beyond, weights, weights**2))
    inside, outside = np.maximum(mass, 1e-9), np.maximum(float(weights.sum()) - mass, 1e-9)
    left = np.maximum(float((weights**2).sum()) - squares, 0)
    strength = sums / inside / (spread * np.sqrt(np.maximum(squares / inside**2 + left / outside**2, 1e-12)))
    enough = (counts >= smallest) & (rows - counts >= smallest)
    columns = np.array([condition.column for condition in conditions], dtype=object)
    single = np.flatnonzero(np.diag(enough))
    pair = np.triu(enough & (columns[:, None] != columns[None, :]), 1)
    alone = np.diag(sums / inside)
    worth = pair & (sums / inside >= PAIR_GAIN * np.maximum(np.maximum(alone[:, None], alone[None, :]), 0))
    options = [(float(strength[a, a]), a, a) for a in single] + [(float(strength[a, b]), a, b) for a, b in np.argwhere(worth)]
    chosen: list[_Candidate] = []
    for power, a, b in sorted(options, reverse=True):
        if power <= 0 or len(chosen) == MOST_TESTED:
            break
        mask = masks[a] & masks[b]
        if all(_overlap(mask, other.mask) < TWINS for other in chosen):
            picked = (conditions[a],) if a == b else (conditions[a], conditions[b])
            chosen.append(_Candidate(picked, mask, power))
    return chosen, len(single) + int(pair.sum())


def _overlap(a: Mask, b: Mask) -> float:
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0


def _confirm(judged: Judged, loss: Floats, tests: list[tuple[tuple[SpotCondition, ...], Mask, Mask]]) -> list[WeakSpot]:
    """One-sided Welch tests on the half that did not find the group. A group is kept when it is worse without the rows of those
    kept before it, too: else it is an echo of them. And by its whole losses, with their own range, it must be worse as well."""
    from scipy import stats

    weights, together, cut = judged.counted, _together(judged), _cut(loss)
    made = [(test, welch(cut, weights, test[1], test[2], together)) for test in tests]
    adjusted: list[float] = stats.false_discovery_control([found.p for _, found in made]).tolist() if made else []
    kept: list[tuple[WeakSpot, Mask]] = []
    for (test, _), p in sorted(zip(made, adjusted, strict=True), key=lambda one: one[1]):
        before = np.any([other for _, other in kept], axis=0) if kept else np.zeros(len(loss), dtype=bool)
        rest = welch(cut, weights, test[1] & ~before, test[2] & ~before, together).p if kept else 0.0
        told = welch(loss, weights, test[1], test[2], together)
        if p < FALSE_DISCOVERY and rest < FALSE_DISCOVERY and told.gap > 0:
            kept.append((_spot(judged, loss, test, replace(told, p=p)), all_hold(test[0], judged.frame)))
    return [spot for spot, _ in sorted(kept, key=lambda one: -one[0].gap)]


def _spot(judged: Judged, loss: Floats, where: tuple[tuple[SpotCondition, ...], Mask, Mask], found: Welch) -> WeakSpot:
    conditions, inside, outside = where
    weights = judged.counted

    def mean(values: Floats, mask: Mask) -> float:
        return float(np.average(values[mask], weights=weights[mask]))

    predicted, observed = mean(judged.predicted, inside), mean(judged.observed, inside)
    numbers = judged.problem.task == "regression"
    worse = f"{' against '.join(_two(mean(loss, inside), mean(loss, outside)))} elsewhere"
    what = "has a log loss of" if not numbers else "is off by" if _uneven(judged.problem) is None else "has a pinball loss of"
    sentence = (f"Where {join_words([describe(condition) for condition in conditions])}, the model {what} {worse} "
                f"({int(inside.sum()):,} rows checked). {_seen(judged, inside, predicted, observed)}")
    return WeakSpot(conditions, int(inside.sum()), mean(loss, inside), mean(loss, outside), found.gap, found.gap - found.reach,
                    found.gap + found.reach, found.p, predicted, observed, sentence)


def _seen(judged: Judged, inside: Mask, predicted: float, observed: float) -> str:
    """What was predicted there and what came, and whether that is off: a quantile is held against the share that lies below it,
    for its mean is not that of the outcome by design."""
    problem, level = judged.problem, judged.problem.level
    if level is not None and problem.metric != "mape":
        return _seen_below(judged, inside, predicted, level)
    scale, write = (1, number) if problem.task == "regression" else (100, percent)
    expected, came = told_apart(predicted / scale, observed / scale, write)
    several = problem.task == "multiclass" and judged.label
    said = f"Of {quote(problem.target)} = {quote(judged.label)} it says" if several else "It says"
    told = f"{said} {expected} on average, {came} was seen"
    if problem.metric in ("mape", "rmsle"):  # best below the mean, by how much hangs on how the outcome spreads
        return f"{told}."
    missed = judged.observed[inside] - judged.predicted[inside]
    return f"{told}{_verdict(abs(float(np.average(missed, weights=judged.counted[inside]))) > _reach(judged, inside, missed))}"


def _seen_below(judged: Judged, inside: Mask, predicted: float, level: float) -> str:
    said, came, mass = judged.predicted[inside], judged.observed[inside], judged.counted[inside]
    under, reached = (came < said).astype(np.float64), (came <= said).astype(np.float64)  # of whole numbers many are equal
    together = _together(judged)

    def reach(hits: Floats) -> float:
        worth = rows_worth(hits, None if together is None else together[inside], mass)
        least = Z * math.sqrt(level * (1 - level) / worth)  # all below: no spread is seen
        return max(least, _reach(judged, inside, hits))

    share = float(np.average(reached, weights=mass))
    high, low = float(np.average(under, weights=mass)) - level > reach(under), level - share > reach(reached)
    return (f"Its {level_name(level)} is {number(predicted)} on average; {percent(share)} of the outcomes were no higher, where "
            f"{number(100 * level)} % should be{_verdict(high or low)}")


def _verdict(off: bool) -> str:
    """Whether the model is off in a group, or the group is harder."""
    return ": there it is off." if off else ", so it is not off on average: these rows are harder."


def _reach(judged: Judged, inside: Mask, missed: Floats) -> float:
    """Half the 95 % interval of what is missed (m,) on average in a group."""
    mass, together = judged.counted[inside], _together(judged)
    off = mass * (missed - float(np.average(missed, weights=mass)))
    return sum_reach(off, None if together is None else together[inside], mass) / float(mass.sum())


def _two(first: float, second: float) -> tuple[str, str]:
    """Two losses in words, with two digits where these tell them apart."""
    short = number(first, 2), number(second, 2)
    return short if short[0] != short[1] else told_apart(first, second, number)


def _sentence(kept: int, looked_at: int, tested: int) -> str:
    looked = (f"{count(looked_at, 'group was', 'groups were')} looked at, {count(tested, 'was', 'were')} tested on rows that "
              "had not been used to find them")
    if not kept:
        return f"{looked}, none was confirmed: the model is not clearly worse anywhere that one or two columns can tell."
    return f"{looked}, {kept} {'were' if kept > 1 else 'was'} confirmed."
