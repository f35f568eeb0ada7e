"""How a model's answers and errors differ between the groups of a protected column.

Selection rates and error rates by group with Wilson intervals, demographic parity and equalised odds as differences and ratios
(Hardt, Price and Srebro 2016; the figures are those of fairlearn), calibration by group, and for numbers residuals and errors by
group. All intervals are wider where rows go together. Nothing here says that a model is fair: the figures conflict with each
other wherever base rates differ (Chouldechova 2017). Predictions must be out-of-fold: a model errs little on rows it has seen.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.errors import BadInput
from automl_core.explaining.fairness_chances import MOST_APART, off_rate, off_spread
from automl_core.explaining.fairness_counts import (
    DRAWS,
    LEAST_EACH,
    SMALL_ROWS,
    UNKNOWN,
    Rate,
    Spread,
    is_still,
    mean_rate,
    mean_spread,
    odds_spread,
    rate_of,
    share_rate,
    share_spread,
    widened,
)
from automl_core.explaining.fairness_figures import Audit, CalibrationPoint, Fairness, GroupFigures
from automl_core.explaining.fairness_words import sentences
from automl_core.framing.dependent import codes_of, effective, group_errors, student
from automl_core.framing.metric_rows import Decision, pinball_rows

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_GROUPS = 5  # of rows that go together, in a group that is compared
BINS = 5


def audit(case: Audit) -> Fairness:
    """The figures of every group and the gaps between them; BadInput with fewer than two groups or no known outcome."""
    known = np.isfinite(case.y) & np.isfinite(case.prediction)
    if not known.any():
        raise BadInput("No row has both an outcome and a prediction.", "Run a search first.")
    selected = None if case.selected is None else case.selected[known]
    together = None if case.together is None else codes_of(case.together[known])
    case = replace(case, prediction=case.prediction[known], y=case.y[known], group=case.group[known], selected=selected,
                   together=together)
    names, codes = _groups(case.group)
    if len(names) < 2:
        raise BadInput("This column has only one group among the predicted rows.", "Choose a column with two groups or more.")
    figures = tuple(_figures(case, codes == place, name) for place, name in enumerate(names))
    large = [place for place, group in enumerate(figures) if not group.small]
    generator = np.random.default_rng(case.seed)
    everyone = np.ones(len(case.y), dtype=bool)
    off = np.zeros(len(case.y))
    for place in range(len(names)):
        off[codes == place] = _missed(case, codes == place)
    still = tuple(is_still(case.y[codes == place]) for place in large)
    if case.by_share:
        residuals = share_spread(*_counts(off > 0.5, everyone, codes, large), generator)
    elif selected is not None:
        residuals = off_spread([_told(case, codes == place) for place in large], generator)
    else:
        residuals = mean_spread([off[codes == place] for place in large], generator, still=still)
    most = 1.0 if case.by_share else MOST_APART if selected is not None else math.inf
    residuals = _dependent(residuals, case, [(off, everyone)], (codes, large), generator, most)
    made = Fairness(case.column, case.label, selected is not None, figures, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, residuals,
                    UNKNOWN, len(case.y), level=case.level)
    if selected is not None:
        made = _class_gaps(made, case, codes, generator)
    else:
        sizes = _errors(case, everyone)
        errors = mean_spread([sizes[codes == place] for place in large], generator, ratio=True, still=still)
        made = replace(made, error=_dependent(errors, case, [(sizes, everyone)], (codes, large), generator, math.inf))
    return replace(made, sentences=sentences(made))


def _groups(labels: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int64]]:
    """Names by size, largest first, and each row's place among them."""
    counts = pd.Series(labels, dtype="object").value_counts()
    names = [str(name) for name in counts.index]
    places = {name: place for place, name in enumerate(counts.index)}
    return names, np.array([places[label] for label in labels], dtype=np.int64)


def _figures(case: Audit, mask: Mask, name: str) -> GroupFigures:
    y, prediction = case.y[mask], case.prediction[mask]
    together = None if case.together is None else case.together[mask]
    nobody = rate_of(0, 0)
    chosen = found = false_alarms = nobody
    observed, error = mean_rate(y, together), nobody
    if case.selected is not None:
        picked, real = case.selected[mask], y > 0.5
        chosen, observed = share_rate(picked, together), share_rate(real, together)
        found, false_alarms = (share_rate(picked[some], None if together is None else together[some]) for some in (real, ~real))
    else:
        error = mean_rate(_errors(case, mask), together)
    residual = _off_rate(case, mask, together)
    lumped = case.selected is not None and (_few(case, mask & (case.y > 0.5)) or _few(case, mask & (case.y <= 0.5)))
    return GroupFigures(
        name, len(y), len(y) < SMALL_ROWS or _few(case, mask), chosen, found, false_alarms, observed, float(prediction.mean()),
        residual, error, _calibration(case, mask), lumped,
    )


def _off_rate(case: Audit, mask: Mask, together: NDArray[np.int64] | None) -> Rate:
    """How far a group's predictions are off on average: of classes by their chances, of quantiles the share below them. Numbers
    that are all the same in a group, such as none but zeros, tell not how they vary: all rows do."""
    missed = _missed(case, mask)
    if case.by_share:
        return share_rate(missed > 0.5, together)
    if case.selected is not None:
        return off_rate(*_told(case, mask))
    rate = mean_rate(missed, together)
    if np.ptp(case.y[mask]) > 0 or not math.isfinite(rate.low):
        return rate
    rows = rate.rows if together is None else effective(np.ones(rate.rows), codes_of(together))
    reach = student(rows) * float((case.y - case.prediction).std()) / math.sqrt(rows)
    return replace(rate, low=min(rate.low, rate.value - reach), high=max(rate.high, rate.value + reach))


def _told(case: Audit, mask: Mask) -> tuple[Floats, Floats, NDArray[np.int64] | None]:
    """What was told of a group's rows, what came true, and which of them go together."""
    return case.prediction[mask], case.y[mask], None if case.together is None else case.together[mask]


def _missed(case: Audit, mask: Mask) -> Floats:
    """(m,) by how much each outcome of a group is above its prediction; of quantiles 1 where it is below it, else 0, for their
    mean is not that of the outcomes by design. Of outcomes that equal it, such as many zeros, as many count as it asks for."""
    y, prediction = case.y[mask], case.prediction[mask]
    if not case.by_share:
        return y - prediction
    below, equal = (y < prediction).astype(np.float64), np.flatnonzero(y == prediction)
    below[equal[: max(0, round(case.level * len(y) - float(below.sum())))]] = 1.0
    return below


def _errors(case: Audit, mask: Mask) -> Floats:
    """(m,) the absolute error of each row; of a quantile that is not the median its pinball loss."""
    y, prediction = case.y[mask], case.prediction[mask]
    if case.by_share and case.level != 0.5:
        return pinball_rows(y, prediction, Decision(quantile=case.level))
    return np.abs(y - prediction)


def _few(case: Audit, mask: Mask) -> bool:
    """Whether these rows are worth too few of the groups that go together: the rows of one customer say nothing of the next."""
    if case.together is None or not mask.any():
        return False
    return effective(np.full(int(mask.sum()), 1.0), codes_of(case.together[mask])) < LEAST_GROUPS


def _calibration(case: Audit, mask: Mask) -> tuple[CalibrationPoint, ...]:
    """Five bins of a group's rows, of equal size by prediction; fewer when there are few rows."""
    rows = np.flatnonzero(mask)
    bins = min(BINS, len(rows) // LEAST_EACH)
    if bins < 2 or case.by_share:  # the mean of what came is not a quantile
        return ()
    points = []
    for some in np.array_split(rows[np.argsort(case.prediction[rows], kind="stable")], bins):
        together = None if case.together is None else case.together[some]
        seen = mean_rate(case.y[some], together) if case.selected is None else share_rate(case.y[some] > 0.5, together)
        points.append(CalibrationPoint(float(case.prediction[some].mean()), seen))
    return tuple(points)


def _class_gaps(made: Fairness, case: Audit, codes: NDArray[np.int64], generator: np.random.Generator) -> Fairness:
    """The gaps of a classifier; the point values of parity and odds are fairlearn's."""
    from fairlearn import metrics

    selected = case.selected
    if selected is None or len(made.compared) < 2:
        return made
    real = case.y > 0.5
    large = [place for place, group in enumerate(made.groups) if not group.small]
    rich = [place for place in large if made.groups[place].rich]
    everyone, picked = np.ones(len(real), dtype=bool), selected.astype(np.float64)
    parity = share_spread(*_counts(selected, everyone, codes, large), generator)
    parity = _dependent(parity, case, [(picked, everyone)], (codes, large), generator)
    given, count = _tallied(real, selected, codes, large)
    shares = metrics.MetricFrame(metrics=metrics.selection_rate, sample_params=count, **given)
    made = replace(made, parity=replace(parity, difference=float(shares.difference()), ratio=_ratio(shares.ratio())))
    if len(rich) < 2:
        return made
    found = share_spread(*_counts(selected, real, codes, rich), generator)
    alarms = share_spread(*_counts(selected, ~real, codes, rich), generator)
    odds = odds_spread(_counts(selected, real, codes, rich), _counts(selected, ~real, codes, rich), generator)
    given, count = _tallied(real, selected, codes, rich)
    rates = metrics.MetricFrame(metrics={"found": metrics.true_positive_rate, "alarms": metrics.false_positive_rate},
                                sample_params={"found": count, "alarms": count}, **given)
    found = _dependent(found, case, [(picked, real)], (codes, rich), generator)
    alarms = _dependent(alarms, case, [(picked, ~real)], (codes, rich), generator)
    odds = _dependent(odds, case, [(picked, real), (picked, ~real)], (codes, rich), generator)
    odds = replace(odds, difference=float(rates.difference().max()), ratio=_ratio(rates.ratio().min()))
    return replace(made, found=found, false_alarms=alarms, odds=odds)


def _tallied(real: Mask, selected: Mask, codes: NDArray[np.int64], places: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What fairlearn is asked about: of the rows of these groups each kind once (real or not, selected or not), and how many
    there are of it. Asked about each row by itself it takes six seconds for a million rows."""
    kinds, count = np.unique((4 * codes + 2 * real + selected)[np.isin(codes, places)], return_counts=True)
    return {"y_true": kinds // 2 % 2, "y_pred": kinds % 2, "sensitive_features": kinds // 4}, {"sample_weight": count}


def _dependent(
    spread: Spread, case: Audit, figures: list[tuple[Floats, Mask]], groups: tuple[NDArray[np.int64], list[int]],
    generator: np.random.Generator, most: float = 1.0,
) -> Spread:
    """The spread of these figures (values (n,), and the rows that count) with an interval for whole customers that come and go,
    where rows go together: `groups` are each row's group and those that are compared. A gap is `most` at most."""
    codes, places = groups
    if case.together is None or not math.isfinite(spread.difference):
        return spread
    gaps, logs = [], []
    for values, among in figures:
        shares = [(among & (codes == place)) / max(1, int((among & (codes == place)).sum())) for place in places]
        means = np.array([float((share * values).sum()) for share in shares])
        errors = group_errors(shares, [values - mean for mean in means], case.together, DRAWS, generator)
        gaps.append(np.ptp(errors, axis=1))
        logs.append(np.ptp(errors / np.maximum(np.abs(means), 1e-12), axis=1))
    return widened(spread, np.max(gaps, axis=0), np.max(logs, axis=0), most)


def _ratio(value: float) -> float:
    return float(value) if math.isfinite(value) else math.nan


def _counts(
    selected: Mask, among: Mask, codes: NDArray[np.int64], places: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Selected rows and all rows of each group, among some rows."""
    hits = np.array([int((selected & among & (codes == place)).sum()) for place in places], dtype=np.int64)
    rows = np.array([int((among & (codes == place)).sum()) for place in places], dtype=np.int64)
    return hits, rows
