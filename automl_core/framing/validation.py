"""The same folds for everybody: stratified, grouped by entity or by copied rows, or forward in time."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.copied import connected, copied_rows
from automl_core.framing.problem import Problem
from automl_core.framing.suggestion import labels_of

Positions = NDArray[np.int64]
Folds = tuple[tuple[Positions, Positions], ...]
MOST_CHAINED = 0.5  # of the rows, in one group that copies make of several
GREEDY_GROUPS = 2_000
MOST_BLOCKS = 17  # of time, where few hold all classes
FEWEST_STRANGERS = 10  # rows to learn from, where groups that are validated leave few


def encode_target(series: pd.Series, problem: Problem) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """`(y, keep)`: `keep` (n,) marks the rows with a usable target, `y` (keep.sum(),) holds their values in order.

    Classes become int64 codes into `problem.classes`, binary 1 for the positive class and 0 for the other; numbers float64.
    Labels that are not among the classes are not kept.
    """
    if problem.task == "regression":
        values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float)
        keep = np.isfinite(values)
        return values[keep], keep
    codes = pd.Categorical(labels_of(series), categories=list(problem.classes)).codes.astype(np.int64)
    keep = codes >= 0
    y = codes[keep]
    if problem.task == "binary":
        return (y == problem.classes.index(problem.positive)).astype(np.int64), keep
    return y, keep


def default_folds(rows: int, budget: float, hurried: bool = False) -> int:
    """Folds for a search of this many rows in `budget` seconds: few rows need many, many rows leave no time for them.

    On many rows not all folds are fitted: there they say how small a part is held out. So they do where the search is `hurried`:
    what is not fitted again on all rows in time has then learned from most.
    """
    if rows > 100_000:
        return 10
    if rows > 10_000:
        return 5 if budget >= 480 or hurried else 3
    if rows > 3_000:
        return 5 if budget >= 30 else 3
    return 8 if budget >= 30 else 5


def make_folds(
    y: NDArray[np.generic], problem: Problem, frame: pd.DataFrame, columns: tuple[Column, ...], folds: int, seed: int
) -> Folds:
    """`folds` pairs of sorted row positions (train, valid), the same for the same arguments on every machine.

    `y` and `frame` are aligned: the rows that `encode_target` kept; `columns` describe the frame. With a time column: an
    expanding window, so the oldest block is never validated. With a group column, or with copies kept together: a group stays in
    one part, and in time no row of a group that is validated trains. Otherwise stratified by class, or by deciles of a number.
    A class with a single row is absent from one training part. Where blocks of time or groups lack a class there are fewer folds,
    so that each can be judged; BadInput where none can.
    """
    n = len(y)
    if n < 4:
        raise BadInput(f"Only {n} rows can be used, too few to check anything.", "Add rows.")
    folds = max(2, min(folds, n // 2))
    strata = _strata(y, problem)
    if problem.time:
        classes = None if problem.task == "regression" else strata
        return _forward(_time_order(frame, problem), folds, classes, _split_groups(frame, columns, problem))
    if problem.task == "binary":
        folds = max(2, min(folds, int(np.bincount(strata).min())))
    random = np.random.default_rng(seed)
    groups = _split_groups(frame, columns, problem)
    if groups is None:
        assigned = _deal(strata, folds, random)
    else:
        folds = min(folds, int(groups.max()) + 1)
        assigned = _deal_groups(groups, strata, folds, random)
        while problem.task == "binary" and folds > 2 and not _both_classes(strata, assigned):
            folds -= 1
            assigned = _deal_groups(groups, strata, folds, random)
        if problem.task == "binary" and not _both_classes(strata, assigned):
            assigned = _of_both_classes(groups, strata, assigned, problem)
    return tuple((np.flatnonzero(assigned != fold), np.flatnonzero(assigned == fold)) for fold in range(folds))


def check_split(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> None:
    """BadInput when rows cannot be split by the problem's time and group: known before anything is searched."""
    names = [name for name in (problem.time, problem.group) if name in frame.columns]
    if problem.time or problem.group:
        y, keep = encode_target(frame[problem.target], problem)
        alone = replace(problem, copies_together=False)  # finding copies takes all columns
        make_folds(y, alone, frame.loc[keep, names].reset_index(drop=True), columns, 5, 0)


def row_weights(frame: pd.DataFrame, problem: Problem) -> NDArray[np.float64] | None:
    """(n,) weights with mean 1; BadInput when the column does not hold numbers of which none is below 0."""
    values = given_weights(frame, problem)
    return None if values is None else np.asarray(values / values.mean(), dtype=np.float64)


def given_weights(frame: pd.DataFrame, problem: Problem) -> NDArray[np.float64] | None:
    """The weights as they were given, (n,): how many rows each stands for."""
    if not problem.weights:
        return None
    if problem.weights not in frame.columns:
        raise BadInput(f"There is no column “{problem.weights[:80]}” to weigh rows by.", "Choose another column for the weights.")
    values = usable_weights(frame, problem)
    if values is None:
        raise BadInput(f"“{problem.weights[:80]}” cannot weigh rows: a weight is missing, below 0 or no number, or all are 0.",
                       "Mend those rows, or choose another column for the weights.")
    return values


def usable_weights(frame: pd.DataFrame, problem: Problem) -> NDArray[np.float64] | None:
    """The same where all rows have one; None where they do not, or there is no such column."""
    if not problem.weights or problem.weights not in frame.columns:
        return None
    values = pd.to_numeric(frame[problem.weights], errors="coerce").to_numpy(dtype=np.float64)
    usable = np.isfinite(values).all() and values.min(initial=0.0) >= 0 and values.sum() > 0
    return values if usable else None


def _both_classes(strata: Positions, assigned: Positions) -> bool:
    """Whether each fold has rows of both classes."""
    counts = np.zeros((2, int(assigned.max()) + 1))
    np.add.at(counts, (strata, assigned), 1)
    return bool(counts.min() > 0)


def _of_both_classes(groups: Positions, strata: Positions, assigned: Positions, problem: Problem) -> Positions:
    """Two folds (n,) with a group moved to the other one, so that each has rows of both classes: the smallest that does it.

    BadInput where all rows of a class are of one group: none that learns from the others has seen it.
    """
    table, side = np.zeros((int(groups.max()) + 1, 2)), np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.add.at(table, (groups, strata), 1.0)
    side[groups] = assigned
    held = (table > 0).sum(axis=0)
    if held.min() == 1:
        only = problem.classes[(problem.classes.index(problem.positive) + int(np.argmin(held)) + 1) % 2][:80]
        same = f"share one value of “{problem.group[:80]}”" if problem.group else "are copies of each other"
        raise BadInput(f"All rows of “{only}” {same}, so no part can be judged by the others.",
                       f"Choose another group column or none, or add rows of “{only}” from other groups." if problem.group
                       else "Let copies be apart, or choose another target.")
    whole = np.array([table[side == fold].sum(axis=0) for fold in (0, 1)])
    parted = ((whole[side] - table > 0) & (whole[1 - side] + table > 0)).all(axis=1)
    if parted.any():
        moved = int(np.argmin(np.where(parted, table.sum(axis=1), np.inf)))
        assigned = np.where(groups == moved, 1 - assigned, assigned)
    return assigned


def _strata(y: NDArray[np.generic], problem: Problem) -> Positions:
    if problem.task != "regression":
        return y.astype(np.int64)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return (ranks * min(10, max(1, len(y) // 10)) // len(y)).astype(np.int64)


def _deal(strata: Positions, folds: int, random: np.random.Generator) -> Positions:
    """Deal the shuffled rows of each stratum in turn, going on where the last one stopped: folds differ by one row at most."""
    order = random.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    assigned = np.empty(len(strata), dtype=np.int64)
    assigned[order] = np.arange(len(strata)) % folds
    return assigned


def row_groups(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Positions | None:
    """(n,) the group of each row that folds keep together: that of the group column, of exact copies, or of both where both are
    asked for: groups that share a copy are one. None without, and where copies are not told from a table of few categories."""
    copies = copied_rows(frame, columns, problem) if problem.copies_together else None
    if not problem.group:
        return copies
    if problem.group not in frame.columns:
        raise BadInput(f"There is no column “{problem.group[:80]}” to group by.", "Choose another group column.")
    codes, _ = pd.factorize(frame[problem.group])
    missing = codes < 0  # rows without a group are each their own
    codes = codes.astype(np.int64)
    codes[missing] = codes.max() + 1 + np.arange(int(missing.sum()))
    if codes.max() < 1:
        raise BadInput(f"All rows share one value of “{problem.group[:80]}”, so they cannot be split by it.",
                       "Choose another group column.")
    return codes if copies is None else connected(codes, copies)


def _split_groups(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Positions | None:
    """The same for folds: BadInput where copies make of several groups one that holds most of the rows."""
    groups = row_groups(frame, columns, problem)
    if groups is None or not (problem.group and problem.copies_together):
        return groups
    alone = row_groups(frame, columns, replace(problem, copies_together=False))
    largest = int(np.bincount(groups).max())
    if alone is not None and largest > max(MOST_CHAINED * len(groups), int(np.bincount(alone).max())):
        raise BadInput(f"Copies of rows lie in so many groups of “{problem.group[:80]}” that most rows would stay together.",
                       "Keep rows together by the group column or by copies, not by both.")
    return groups


def _deal_groups(groups: Positions, strata: Positions, folds: int, random: np.random.Generator) -> Positions:
    """Largest groups one by one to the fold that stays most even over strata and size; the many small ones dealt like rows."""
    table = np.zeros((int(groups.max()) + 1, int(strata.max()) + 1))
    np.add.at(table, (groups, strata), 1.0)
    sizes = table.sum(axis=1)
    order = random.permutation(len(table))
    order = order[np.argsort(-sizes[order], kind="stable")]
    large = order[:GREEDY_GROUPS]
    scale = np.append(table.sum(axis=0), sizes.sum())
    wide = np.column_stack([table, sizes]) / np.where(scale > 0, scale, 1.0)
    filled = np.zeros((folds, wide.shape[1]))
    fold_of = np.empty(len(table), dtype=np.int64)
    for group in large:
        # the fold whose square sum grows least is the emptiest in what this group brings
        fold = int(np.argmin(((filled + wide[group]) ** 2 - filled**2).sum(axis=1)))
        fold_of[group] = fold
        filled[fold] += wide[group]
    small = order[GREEDY_GROUPS:]
    if len(small):
        fold_of[small] = _deal(np.argmax(table[small], axis=1).astype(np.int64), folds, random)
    return fold_of[groups]


def _time_order(frame: pd.DataFrame, problem: Problem) -> Positions:
    """(n,) rank of each row's time, equal times sharing one; rows without a time come first and only ever train."""
    if problem.time not in frame.columns:
        raise BadInput(f"There is no column “{problem.time[:80]}” to order by.", "Choose another time column.")
    series = frame[problem.time]
    if series.dtype.kind not in "iufM":
        raise BadInput(f"“{problem.time[:80]}” is neither a date nor a number, so rows cannot be ordered by it.",
                       "Change its type or choose another time column.")
    ranks = series.rank(method="dense").fillna(0).to_numpy()
    return ranks.astype(np.int64)


def _forward(ranks: Positions, folds: int, classes: Positions | None = None, groups: Positions | None = None) -> Folds:
    """Expanding window over `folds` + 1 blocks of about equal rows; rows of one moment stay in one block.

    Where blocks have rows of one class only, by the `classes` of the rows (n,), as many blocks as leave most that can be judged.
    Nothing is learned from earlier rows of `groups` (n,) that are validated.
    """
    last = np.cumsum(np.bincount(ranks))
    best: Folds = ()
    moments = strangers = False
    for several in (*range(folds, 0, -1), *range(folds + 1, MOST_BLOCKS)):
        block = np.minimum(((last[ranks] - 1) * (several + 1)) // len(ranks), several)
        pairs = [(np.flatnonzero(block < b), np.flatnonzero(block == b)) for b in range(1, several + 1)]
        useful = tuple(pair for pair in pairs if len(pair[0]) >= 2 and len(pair[1]) >= 1)
        apart = useful if groups is None else _strangers(useful, groups)
        moments, strangers = moments or bool(useful), strangers or bool(apart)
        told = tuple(pair for pair in apart if classes is None or all(len(np.unique(classes[rows])) > 1 for rows in pair))
        best = told[-folds:] if len(told) > len(best) else best
        if best and (several == 1 or several > folds or len(told) == len(useful)):
            break
    if best:
        return best
    if moments and not strangers:
        raise BadInput("Rows that are kept together (a group, or copies) occur all the time: nothing earlier is left to learn.",
                       "Choose a time column, or keep rows together, not both.")
    said = "In the order of time each class has a time of its own, so no part can be judged by those before."
    raise BadInput(said if moments else "The time column holds too few different moments to split by.",
                   "Choose another time column or none.")


def _strangers(pairs: Folds, groups: Positions) -> Folds:
    """The pairs without the training rows whose group is validated; those that leave enough to learn from."""
    apart: list[tuple[Positions, Positions]] = []
    for train, valid in pairs:
        held = np.zeros(int(groups.max()) + 1, dtype=np.bool_)
        held[groups[valid]] = True
        left = train[~held[groups[train]]]
        if len(left) >= min(FEWEST_STRANGERS, len(train)):
            apart.append((left, valid))
    return tuple(apart)
