"""Columns that seem to know the answer, and rows that make a check look better than life."""
from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.columns import usable_columns
from automl_core.framing.drawing import draw
from automl_core.framing.metric_rows import Floats
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Leak, Problem
from automl_core.framing.twins import find_twins
from automl_core.framing.validation import encode_target, row_groups

RED_AUC, AMBER_AUC, AMBER_AHEAD = 0.95, 0.85, 0.10
RED_R2, AMBER_R2, AMBER_R2_AHEAD = 0.90, 0.75, 0.25
MISSING_AUC, ORDER_AUC = 0.75, 0.60
SURE, SURE_ERRORS = 1e-5, 5.2  # one of many tells much by chance: p of one class, standard errors of an area
FEWEST_GROUPS = 5  # on either side of what is told between groups
BINS, FOLDS, MOST_ROWS = 64, 5, 30_000
_LATER = re.compile(
    r"(?:^|[_\s-])(?:after|outcome|result|closed|cancel(?:l?ed|lation)?|resolution|final|post|exit|leaving)(?:$|[_\s-])", re.I
)


@dataclass(frozen=True, eq=False, slots=True)
class _Known:
    """Rows with a target: `y` as coded, `targets` (n, k) as averaged, `fold` (n,) of each row and what is kept together."""

    problem: Problem
    y: NDArray[np.generic]
    targets: Floats
    fold: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class LeakSearch:
    """What was found in `looked_at` of the usable `columns`."""

    leaks: tuple[Leak, ...]
    looked_at: int
    columns: int


def find_leaks(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, seed: int) -> tuple[Leak, ...]:
    """Suspicious columns, red first; `column` is empty when the rows themselves are the problem."""
    return search_leaks(frame, columns, problem, seed).leaks


def search_leaks(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, seed: int, over: Callable[[], bool] = lambda: False
) -> LeakSearch:
    """Suspicious columns, red first; only names are asked of columns whose turn had not come when it is `over`.

    Looked for: one column that predicts nearly perfectly on its own, out of fold; values missing exactly when the outcome
    is one thing; names that speak of later; a file sorted by outcome; the same row on both sides of a split.
    """
    y, keep = encode_target(frame[problem.target], problem)
    kept = frame[keep].reset_index(drop=True)
    used = usable_columns(columns, problem)
    if len(y) < 20:
        return LeakSearch((), len(used), len(used))
    # order and copies need all rows; the strength of a column does not
    leaks = [*_order(kept, columns, y, problem), *find_twins(kept, columns, problem)]
    random = np.random.default_rng(seed)
    if len(y) > MOST_ROWS:
        chosen, _ = draw(y, problem, MOST_ROWS, random)  # areas do not hang on how many rows a class has
        kept, y = kept.iloc[chosen].reset_index(drop=True), y[chosen]
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable").astype(float)
    targets = np.eye(len(problem.classes))[y.astype(np.int64)] if problem.task == "multiclass" else y.astype(float)[:, None]
    groups = row_groups(kept, columns, problem)
    known = _Known(problem, y, targets, _folds(groups, len(y), random), groups)
    strengths: dict[str, float] = {}
    gaps: dict[str, list[Leak]] = {}
    for column in used:
        if strengths and over():
            break
        strengths[column.name] = strength(kept[column.name], known)
        gaps[column.name] = _missing(kept[column.name], column, known, ranks)
    leaks += _strong(strengths, problem)
    named = {leak.column for leak in leaks}
    for column in used:
        if column.name not in named:
            leaks += gaps.get(column.name, []) or _name(column, problem)
    found = tuple(sorted(leaks, key=lambda leak: (leak.severity != "red", leak.column)))
    return LeakSearch(found, len(strengths), len(used))


def _folds(groups: NDArray[np.int64] | None, rows: int, random: np.random.Generator) -> NDArray[np.int64]:
    """(n,) the fold of each row; rows that are kept together share one, as what tells a group from others tells its outcome."""
    if groups is None:
        return random.integers(0, FOLDS, rows)
    return (random.permutation(int(groups.max()) + 1) % FOLDS)[groups]


def _parts(series: pd.Series) -> NDArray[np.int64]:
    """(n,) the part of each row: up to 64 bands of a number or date, or the levels of a text, missing its own part."""
    missing = series.isna().to_numpy()
    if series.dtype.kind in "iufM" and _many(series.to_numpy()[~missing]):
        dates = series.dtype.kind == "M"
        values = series.to_numpy().astype("datetime64[us]").astype(np.int64) if dates else series.to_numpy(dtype=float)
        edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, values)
    else:
        codes = pd.factorize(series)[0]
    codes = np.asarray(codes, dtype=np.int64)
    return np.where(missing, codes.max() + 1, codes)


def _many(present: NDArray[Any]) -> bool:
    """Whether there are more values than bands; most often the first rows tell."""
    return len(pd.unique(present[:8 * BINS])) > BINS or len(pd.unique(present)) > BINS


def _out_of_fold(parts: NDArray[np.int64], known: _Known) -> Floats:
    """(n, k) averages of each row's part over the other folds, weakly drawn to the overall one."""
    size = int(parts.max()) + 1
    cells = known.fold * size + parts
    counts = np.bincount(cells, minlength=FOLDS * size).reshape(FOLDS, size)
    others = counts.sum(axis=0) - counts
    columns = []
    for k in range(known.targets.shape[1]):
        sums = np.bincount(cells, weights=known.targets[:, k], minlength=FOLDS * size).reshape(FOLDS, size)
        prior = known.targets[:, k].mean()
        columns.append(((sums.sum(axis=0) - sums + 2 * prior) / (others + 2))[known.fold, parts])
    return np.column_stack(columns)


def strength(series: pd.Series, known: _Known) -> float:
    """How well this column alone predicts, out of fold: area under the ROC curve, or R² for a number."""
    parts = _parts(series)
    if known.problem.task == "multiclass":
        return _mean_area(parts, known)
    metric = METRICS["r2" if known.problem.task == "regression" else "roc_auc"]
    return metric.score(known.y, _out_of_fold(parts, known)[:, 0])


def _mean_area(parts: NDArray[np.int64], known: _Known) -> float:
    """The mean area of one class against the rest by `_out_of_fold`, whose answers are the same for all rows of a part and fold:
    a few hundred of these are sorted for each class, and not all rows."""
    codes, classes, size = known.y.astype(np.int64), known.targets.shape[1], int(parts.max()) + 1
    cells, place = np.unique(known.fold * size + parts, return_inverse=True)
    inside = np.bincount(place * classes + codes, minlength=len(cells) * classes).reshape(-1, classes)
    others = np.bincount(parts * classes + codes, minlength=size * classes).reshape(-1, classes)[cells % size] - inside
    answers = (others + 2 * known.targets.mean(axis=0)) / (others.sum(axis=1, keepdims=True) + 2)
    rows, every, areas = inside.sum(axis=1), inside.sum(axis=0), []
    for k in np.flatnonzero((every > 0) & (every < len(codes))):
        level = np.unique(answers[:, k], return_inverse=True)[1]
        hits, rest = np.bincount(level, inside[:, k]), np.bincount(level, rows - inside[:, k])
        areas.append(float(hits @ (np.cumsum(rest) - rest / 2)) / float(hits.sum() * rest.sum()))
    return float(np.mean(areas)) if areas else math.nan


def _strong(found: dict[str, float], problem: Problem) -> list[Leak]:
    number = problem.task == "regression"
    red, amber, ahead = (RED_R2, AMBER_R2, AMBER_R2_AHEAD) if number else (RED_AUC, AMBER_AUC, AMBER_AHEAD)
    ordered = sorted((value for value in found.values() if np.isfinite(value)), reverse=True)
    second = ordered[1] if len(ordered) > 1 else (0.0 if number else 0.5)
    leaks = []
    for name, value in found.items():
        what = f"explains {100 * value:.0f} % of the differences" if number else f"ranks {100 * value:.0f} % of pairs right"
        if value >= red:
            leaks.append(Leak(name, "single_column", "red", f"Alone, it {what}: is it known before the outcome?"))
        elif value >= amber and value == ordered[0] and value - second >= ahead:
            leaks.append(Leak(name, "single_column", "amber", f"Alone, it {what}, far more than any other column."))
    return leaks


def _missing(series: pd.Series, column: Column, known: _Known, ranks: Floats) -> list[Leak]:
    missing = series.isna().to_numpy()
    if not 0 < missing.sum() < len(missing):
        return []
    area = _missing_area(missing, known, ranks)
    outcomes = ranks[:, None] if known.problem.task == "regression" else known.targets
    if area < MISSING_AUC or not _beyond_groups(missing.astype(float), outcomes, known.groups):
        return []
    said = f"Whether it has a value tells the outcome ({100 * area:.0f} % of pairs): is it filled in afterwards?"
    return [Leak(column.name, "missingness", "red" if area >= RED_AUC else "amber", said)]


def _missing_area(missing: NDArray[np.bool_], known: _Known, ranks: Floats) -> float:
    """Area under the ROC curve between being missing and the outcome, the best class for several, whichever way round; a half
    where chance would give as much: few rows without a value, or few of a class, tell nothing."""
    from scipy.special import bdtr, bdtrc

    area = METRICS["roc_auc"]
    if known.problem.task == "regression":
        value = area.score(missing.astype(np.int64), ranks)
        return max(value, 1 - value) if _certain(value, int(missing.sum()), len(missing)) else 0.5
    codes = known.y.astype(np.int64)
    every = np.bincount(codes)
    gaps = np.bincount(codes, missing, len(every))
    share = gaps.sum() / len(codes)
    chance = np.minimum(bdtrc(gaps - 1, every, share), bdtr(gaps, every, share))
    told = (every > 0) & (every < len(codes)) & (2 * len(every) * chance < SURE)
    inside, outside = gaps[told] / every[told], (gaps.sum() - gaps[told]) / (len(codes) - every[told])
    return 0.5 + float(np.abs(inside - outside).max(initial=0.0)) / 2  # a mark of two values ranks by its two shares alone


def _certain(area: float, rows: int, every: int) -> bool:
    """Whether so many rows among all would hardly get that area by chance (Mann and Whitney's standard error)."""
    return abs(area - 0.5) >= SURE_ERRORS * math.sqrt((every + 1) / (12 * rows * (every - rows)))


def _beyond_groups(values: Floats, outcomes: Floats, groups: NDArray[np.int64] | None) -> bool:
    """Whether values (n,) go with one of the outcomes (n, k) by more than chance where rows of `groups` (n,) have much in common:
    inside the groups, or between them where each counts once."""
    return groups is None or any(_inside(values, one, groups) or _between(values, one, groups) for one in outcomes.T)


def _inside(values: Floats, outcome: Floats, groups: NDArray[np.int64]) -> bool:
    sizes = np.bincount(groups)
    apart = [each - (np.bincount(groups, each) / np.maximum(sizes, 1))[groups] for each in (values, outcome)]
    spread = np.bincount(groups, apart[0] ** 2) * np.bincount(groups, apart[1] ** 2) / np.maximum(sizes - 1, 1)
    return abs(float(apart[0] @ apart[1])) > SURE_ERRORS * math.sqrt(float(spread.sum())) + 1e-9


def _between(values: Floats, outcome: Floats, groups: NDArray[np.int64]) -> bool:
    """By ranks of the groups' means; one group alone that differs in both is chance, so some must be on either side."""
    from scipy.stats import rankdata

    sizes = np.bincount(groups)
    means = np.column_stack([np.bincount(groups, each)[sizes > 0] / sizes[sizes > 0] for each in (values, outcome)])
    ranks = rankdata(means, axis=0)
    upper = (ranks > (ranks.min(axis=0) + ranks.max(axis=0)) / 2).sum(axis=0)
    if min(upper.min(), len(ranks) - upper.max()) < FEWEST_GROUPS:
        return False
    return abs(float(np.corrcoef(ranks[:, 0], ranks[:, 1])[0, 1])) * math.sqrt(len(ranks) - 1) > SURE_ERRORS


def _name(column: Column, problem: Problem) -> list[Leak]:
    name, target = column.name.casefold(), problem.target.casefold()
    inside = len(target) >= 4 and target in name
    if inside or _LATER.search(column.name):
        why = "Its name holds the target's" if inside else "Its name speaks of something later"
        return [Leak(column.name, "name", "amber", f"{why}: is it known before the outcome?")]
    return []


def _order(
    frame: pd.DataFrame, columns: tuple[Column, ...], y: NDArray[np.generic], problem: Problem
) -> list[Leak]:
    """The row number tells the outcome: the file is sorted by it, or time matters; a file in the order of groups is neither."""
    place = np.arange(len(y), dtype=float)
    if problem.time or len(y) < 50:
        return []
    if problem.task == "regression":
        outcomes = np.argsort(np.argsort(y, kind="stable"), kind="stable").astype(float)[:, None]
        area = 0.5 + abs(float(np.corrcoef(place, outcomes[:, 0])[0, 1])) / 2
    else:
        codes = y.astype(np.int64)
        large = [k for k in np.unique(codes) if (codes == k).sum() >= 20]
        found = [(METRICS["roc_auc"].score((codes == k).astype(np.int64), place), int((codes == k).sum())) for k in large]
        found = [(value, rows) for value, rows in found if rows < len(y) and _certain(value, rows, len(y))]
        area = max((max(value, 1 - value) for value, _ in found), default=0.5)
        outcomes = (codes[:, None] == np.array(large, dtype=np.int64)).astype(float)
    if area < ORDER_AUC or area - 0.5 < 3 / np.sqrt(len(y)):
        return []
    if problem.group and not _beyond_groups(place, outcomes, row_groups(frame, columns, problem)):
        return []
    said = f"The order of the rows tells the outcome ({100 * area:.0f} % of pairs): the file is sorted by it, or time matters."
    return [Leak("", "row_order", "amber", said)]
