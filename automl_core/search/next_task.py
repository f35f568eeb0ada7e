"""What a race does next: the anchors, the fits worth most, new candidates near the best, and what must be learned before."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from automl_core.search.crew import Task
from automl_core.search.families import families
from automl_core.search.few_columns import FEW
from automl_core.search.haste import hastened
from automl_core.search.schedule import ANCHORS, Moment, Place, fits, fold_count, next_place
from automl_core.search.tuning import propose
from automl_core.search.worker import ALL_ROWS, ExtrasKind, ExtrasTask, FitTask

if TYPE_CHECKING:
    from automl_core.search.contest import Contest
    from automl_core.search.race import Race

FIRST_FITS = 6.0  # seconds the very first fits may take, where a small budget has room for them
MOST_OVER, LEAST_OVER = 1.1, 0.5  # of the time, and seconds more, that a search may take; what follows takes the rest of two


def next_task(race: Race, now: float) -> Task | None:
    """The fit, or the learning of columns that it needs, which is to start now; None where it is better to wait."""
    contest = race.contest
    busy = {(task.key, task.fold) for task, _ in race.crew.running.values() if isinstance(task, FitTask)}
    moment = Moment(now, race.end(), frozenset(busy))
    place = _anchor(race, busy) if not contest.folds else next_place(contest, moment) or _tuned(race, moment)
    if place is None:
        return None
    missing = contest.missing_extras(place.candidate, place.fold)
    if missing and race.hurried():
        for kind in missing:
            race.go_without(kind, place.fold)
    elif missing:
        learning = {(task.kind, task.fold) for task, _ in race.crew.running.values() if isinstance(task, ExtrasTask)}
        if (missing[0], place.fold) not in learning:
            return race.extras_task(missing[0], place.fold, race.share_ends(now))
        return _early(race, missing[0], now)
    if not contest.folds:
        longest = min(now + FIRST_FITS, max(race.end(), MOST_OVER * race.room + LEAST_OVER))
        return race.fit_task(*place, max(min(race.end(), now + 0.3 * race.room), longest))
    return race.fit_task(*place, race.fit_ends(place.candidate, now))


def nothing_left(contest: Contest) -> bool:
    """Whether nothing would be tried, however much time there were: the list is through, and so is what is near the best."""
    whenever = Moment(0.0, math.inf, frozenset())
    return bool(contest.folds) and next_place(contest, whenever) is None and propose(contest) is None


def _early(race: Race, kind: ExtrasKind, now: float) -> ExtrasTask | None:
    """What refits will want to be learned, for a worker that would wait: once, and while there is time to do it well."""
    if kind in race.early or (kind, ALL_ROWS) in race.contest.extras or race.end() - now < 0.5 * race.room:
        return None
    race.early.add(kind)
    return race.extras_task(kind, ALL_ROWS, race.end())


def _anchor(race: Race, busy: set[tuple[str, int]]) -> Place | None:
    """First the first fold of the anchors; once their cost is known, the number of folds follows."""
    contest = race.contest
    anchors = contest.candidates[:ANCHORS]
    waiting = [candidate for candidate in anchors if (candidate.key, 0) not in contest.results]
    if not waiting:
        contest.folds = fold_count(contest, anchors, max(race.end() - race.clock.elapsed(), 0.0))
        _hasten(race)
        race.journal.note(race.prepared.fingerprint, "folds", contest.folds)
        return next_place(contest, Moment(race.clock.elapsed(), race.end(), frozenset(busy)))
    if contest.plan.little and waiting[0].options.get(FEW) and (waiting[0].key, 0) in busy:
        return None  # in little time the race ends with the first that is through: a worse one is not to be faster
    return next((Place(candidate, 0) for candidate in waiting if (candidate.key, 0) not in busy), None)


def _hasten(race: Race) -> None:
    """Once it is known how long fits take and how many there will be: faster learning rates where time would cut them off."""
    contest, now = race.contest, race.clock.elapsed()
    task = race.prepared.data.problem.task
    seconds = [contest.fold_seconds(one) / families().get(one.family).work(one.options, task)
               for one in contest.candidates[:ANCHORS] if one.family == "lightgbm"]
    if not contest.plan.timed or contest.hastened or not seconds:
        return
    pace = seconds[0] / max(race.share_ends(0.5 * (now + race.end())) - 0.5 * (now + race.end()), 1e-3)
    race.journal.note(race.prepared.fingerprint, "slowness", pace)
    contest.hastened = True
    contest.candidates = hastened(contest.candidates, pace, tuple(one.key for one in contest.candidates[:ANCHORS]), task)


def _tuned(race: Race, moment: Moment) -> Place | None:
    """The first fit of a new candidate near the best ones, when it can be fitted on all folds in time."""
    contest = race.contest
    if not contest.folds or (not contest.plan.timed and moment.busy):
        return None  # with a number of trials a proposal waits for all results before it: so it is always the same
    candidate = propose(contest)
    if candidate is None or (contest.plan.timed and not fits(contest, candidate, contest.folds, moment)):
        return None
    contest.candidates += (candidate,)
    race.journal.propose(race.prepared.fingerprint, candidate)
    return Place(candidate, 0)
