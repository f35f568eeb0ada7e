"""What the ensemble says of rows to who is judged by other ones: answers of fits that have seen none of the latter.

An answer out of fold comes from a fit that has seen the rows of all other folds. So the members are fitted anew without each pair
of parts of the folds: what they say of one part is for who is judged by the other.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.search.carried import common_folds
from automl_core.search.contest import Contest, find_candidate
from automl_core.search.ensemble import blend
from automl_core.search.family import Array
from automl_core.search.journal import FoldResult
from automl_core.search.refits import run_tasks
from automl_core.search.worker import Extras, ExtrasKind, ExtrasTask, FitTask

if TYPE_CHECKING:
    from automl_core.search.race import Race

MOST_PARTS = 5  # of the folds: ten pairs, each of three fifths of the rows


class Untaught(Exception):
    """There is no student, and why: a sentence."""


class Pair(NamedTuple):
    """Two parts of the folds that members are fitted without, and the rows (m,) that they then predict."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    rows: NDArray[np.int64]

    @property
    def left_out(self) -> tuple[int, tuple[int, ...]]:
        """A fold and the others, as tasks name them."""
        return self.first[0], (*self.first[1:], *self.second)


LeftOut = tuple[int, tuple[int, ...]]
Learned = dict[tuple[ExtrasKind, LeftOut], tuple[Extras, Any]]  # learned columns and their handle


def pairs_of(contest: Contest, folds: tuple[int, ...]) -> list[Pair]:
    """The pairs of parts to fit without: none where time orders the folds, for what learned earlier never saw what is later."""
    parts = [folds[number::MOST_PARTS] for number in range(min(MOST_PARTS, len(folds)))]
    known = {fold: _known_to(contest, fold, folds) for fold in folds}
    return [
        Pair(first, second, np.sort(np.concatenate([contest.prepared.folds[fold][1] for fold in (*first, *second)])))
        for first, second in combinations(parts, 2)
        if any(other not in known[fold] and fold not in known[other] for fold in first for other in second)]


def said_without(race: Race, teachers: Mapping[str, float], folds: tuple[int, ...], end: float) -> dict[int, Array]:
    """By fold what the `teachers` (weights by key) say of rows of other folds, learned without that fold's: (n,), or shares of
    classes (n, k), NaN where they say nothing. Untaught when they are not ready by `end`, a moment of the search."""
    contest = race.contest
    said = {fold: unsaid(contest) for fold in folds}
    for fold in folds:
        for other in _known_to(contest, fold, folds):
            rows = contest.prepared.folds[other][1]
            of_other = np.isin(contest.positions(folds), rows)
            said[fold][rows] = shares(contest, blend(teachers, {
                key: contest.out_of_fold(key, folds)[of_other] for key in teachers}))
    pairs = pairs_of(contest, folds)
    learned = _learn_columns(race, teachers, pairs, end)
    tasks = [_fit_without(race, key, pair, learned, end) for pair in pairs for key in teachers]
    fitted = {(task.key, (task.fold, task.also)): result.prediction for task, result in fits_of(race, tasks, end)}
    for pair in pairs:
        rest = tuple(fold for fold in folds if fold not in (*pair.first, *pair.second)) or folds
        blended = shares(contest, blend(teachers, {
            key: fitted[key, pair.left_out] * contest.scale(key, rest) for key in teachers}))
        for part, others in ((pair.first, pair.second), (pair.second, pair.first)):
            of_other = np.isin(pair.rows, np.concatenate([contest.prepared.folds[fold][1] for fold in others]))
            for fold in part:
                said[fold][pair.rows[of_other]] = blended[of_other]
    return said


def fits_of(race: Race, tasks: list[FitTask], end: float) -> list[tuple[FitTask, FoldResult]]:
    """All of the fits; Untaught where one fails, is lost or is not whole by `end`."""
    came = [(task, result) for task, result in run_tasks(race, tasks, end)
            if isinstance(task, FitTask) and isinstance(result, FoldResult)]
    failed = next((result.error for _, result in came if result.error), "")
    if failed:
        raise Untaught(f"There is no student: a fit that it takes failed. {failed}")
    if len(came) < len(tasks) or any(result.truncated for _, result in came):
        raise Untaught(_why_unready(race))
    return came


def learn_columns(race: Race, tasks: list[ExtrasTask], end: float) -> list[tuple[ExtrasTask, Extras, Any]]:
    """The tasks with the learned columns and their handles, passed on as they come; Untaught where one is not whole by `end`."""
    found = []
    jobs = max(1, race.contest.plan.jobs)
    for start in range(0, len(tasks), jobs):  # all at once they would lie in memory beside each other
        for task, extras in run_tasks(race, tasks[start:start + jobs], end):
            if not isinstance(task, ExtrasTask) or not isinstance(extras, Extras) or not extras.whole:
                raise Untaught(_why_unready(race))
            name = "-".join(map(str, (extras.kind, task.fold, *task.also)))
            handle = race.crew.pool.share({name: extras.values})
            found.append((task, replace(extras, values=extras.values[:0].copy()), handle))
    if len(found) < len(tasks):
        raise Untaught(_why_unready(race))
    return found


def rows_each(contest: Contest) -> int:
    """How often a row is there when its classes' shares are learned."""
    return {"regression": 1, "binary": 2}.get(contest.prepared.data.problem.task, contest.prepared.classes)


def unsaid(contest: Contest) -> Array:
    """(n,) or (n, k) NaN."""
    rows, classes = len(contest.prepared.y), rows_each(contest)
    return np.full(rows if classes == 1 else (rows, classes), np.nan)


def shares(contest: Contest, prediction: Array) -> Array:
    """Predictions as a student is taught them: of two classes both shares, (m, 2)."""
    if contest.prepared.data.problem.task != "binary":
        return prediction
    both: Array = np.column_stack([1 - prediction, prediction])
    return both


def _learn_columns(race: Race, teachers: Mapping[str, float], pairs: list[Pair], end: float) -> Learned:
    """The learned columns of each pair that teachers want."""
    contest = race.contest
    kinds = dict.fromkeys(kind for key in teachers for kind in contest.wanted_extras(find_candidate(contest.candidates, key)))
    tasks = [replace(race.extras_task(kind, pair.left_out[0], end), also=pair.left_out[1]) for pair in pairs for kind in kinds]
    return {(extras.kind, (task.fold, task.also)): (extras, handle) for task, extras, handle in learn_columns(race, tasks, end)}


def _fit_without(race: Race, key: str, pair: Pair, learned: Learned, end: float) -> FitTask:
    """The fit of one teacher without a pair of parts, by the rounds that are best on the other folds."""
    contest = race.contest
    candidate = find_candidate(contest.candidates, key)
    columns = [learned[kind, pair.left_out] for kind in contest.wanted_extras(candidate)]
    folds = common_folds(contest)
    rest = tuple(fold for fold in folds if fold not in (*pair.first, *pair.second)) or folds
    return replace(
        race.plain_task(candidate, pair.left_out[0], end, max(1, contest.best_rounds(key, rest))),
        also=pair.left_out[1], extras=tuple(handle for _, handle in columns),
        features=sum((extras.features for extras, _ in columns), contest.prepared.encoder.features))


def _known_to(contest: Contest, fold: int, folds: tuple[int, ...]) -> list[int]:
    """The other folds whose fits have seen no row that this fold's student is judged by: where time orders rows, the earlier."""
    train, valid = contest.prepared.folds[fold]
    return [other for other in folds if other != fold
            and not np.intersect1d(contest.prepared.folds[other][0], valid).size
            and np.isin(contest.prepared.folds[other][1], train).all()]


def _why_unready(race: Race) -> str:
    """What to say of tasks that did not all come back whole."""
    failed, lost = race.crew.failed, race.crew.again or race.crew.given_up
    if failed:
        return f"There is no student: what it takes failed. {failed[0][1]}"
    if lost:
        return "There is no student: a process that taught it ended, probably for lack of memory."
    return "There is no student: it was not ready in time."
